"""What the endpoints of rehearsals and audits answer."""

from tidegate.app.console.endpoint import Done
from tidegate.app.console.study import (
    AllianceAsked,
    AuditAsked,
    Order,
    RehearsalAsked,
    ScenarioAsked,
    ServiceAsked,
    ServicesAsked,
    StudyBegun,
    WhatIfAsked,
    WorldAsked,
)
from tidegate.app.console.study_sources import AuditSources, RehearsalSources
from tidegate.console.answering import Answer, Answers, Desk, Question, known


def rehearsals(at: Desk, _: Question) -> Answer:
    folders = at.serving.folders
    return Answer(
        RehearsalSources(
            at_ms=at.now_ms,
            folder=str(folders.rehearsals),
            worlds=folders.worlds(),
            scenarios=folders.scenarios(),
            studies=at.serving.studies.rows((WorldAsked, ScenarioAsked, AllianceAsked)),
        )
    )


def audits(at: Desk, _: Question) -> Answer:
    folders = at.serving.folders
    return Answer(
        AuditSources(
            at_ms=at.now_ms,
            folder=str(folders.audits),
            audits=folders.audit_names(),
            what_ifs=folders.what_ifs(),
            studies=at.serving.studies.rows((AuditAsked, WhatIfAsked, ServiceAsked)),
        )
    )


def rehearse(at: Desk, asked: Question) -> Answer:
    told: RehearsalAsked = asked.body
    place, stamp = at.serving.folders.world(told.world)
    return begun(at, asked, Order(asked=told, place=place), stamp)


def audit(at: Desk, asked: Question) -> Answer:
    told: ServicesAsked = asked.body
    place, stamp = at.serving.folders.audit(told.audit)
    return begun(at, asked, Order(asked=told, place=place), stamp)


def begun(at: Desk, asked: Question, order: Order, stamp: str) -> Answer:
    return Answer(StudyBegun(at.serving.studies.ask(order, stamp, known(asked).name)))


def study(at: Desk, asked: Question) -> Answer:
    return Answer(at.serving.studies.view(asked.numbers["number"], asked.numbers.get("after", 0)))


def end_study(at: Desk, asked: Question) -> Answer:
    at.serving.studies.end(asked.numbers["number"])
    return Answer(Done())


def outlines(at: Desk, _: Question) -> Answer:
    return Answer(at.serving.folders.outlines())


STUDY_ANSWERS: Answers = {
    "rehearsals": rehearsals,
    "rehearse": rehearse,
    "audits": audits,
    "audit": audit,
    "study": study,
    "end_study": end_study,
    "outlines": outlines,
}
