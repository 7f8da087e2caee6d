"""What the endpoints of rehearsals and audits answer."""

from typing import get_args

from tidegate.app.console.endpoint import Done
from tidegate.app.console.study import (
    CutAsked,
    DiffAsked,
    Order,
    RehearsalAsked,
    ServicesAsked,
    StudyBegun,
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
            studies=at.serving.studies.rows(get_args(RehearsalAsked)),
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
            policies=folders.policies(),
            costs=folders.costs(),
            worlds=folders.worlds(),
            scenarios=folders.scenarios(),
            studies=at.serving.studies.rows(get_args(ServicesAsked)),
        )
    )


def rehearse(at: Desk, asked: Question) -> Answer:
    told: RehearsalAsked = asked.body
    place, stamp = at.serving.folders.world(told.world)
    return begun(at, asked, Order(asked=told, place=place), stamp)


def audit(at: Desk, asked: Question) -> Answer:
    told: ServicesAsked = asked.body
    folders = at.serving.folders
    place, stamp = folders.audit(told.audit)
    beside, other = "", ""
    match told:
        case CutAsked(world=world):
            beside, other = folders.world(world)
        case DiffAsked(before=before):
            beside, other = folders.audit(before)
    return begun(at, asked, Order(asked=told, place=place, beside=beside), f"{stamp} {other}".rstrip())


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
