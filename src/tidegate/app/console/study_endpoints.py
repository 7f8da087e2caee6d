"""The endpoints of rehearsals and audits: what there is to ask about, asking, and what comes of it.

What is asked is computed by a process of its own; nothing here can carry a cut out.
"""

from tidegate.app.console.access import Right
from tidegate.app.console.endpoint import Done, Endpoint
from tidegate.app.console.study import RehearsalAsked, ServicesAsked, StudyBegun, StudyView
from tidegate.app.console.study_sources import AuditSources, OutlinesView, RehearsalSources

STUDIES: tuple[Endpoint, ...] = (
    Endpoint(
        "rehearsals",
        "GET",
        "/api/rehearsals",
        Right.STUDY,
        RehearsalSources,
        "Worlds and scenarios to rehearse with, and what was rehearsed.",
    ),
    Endpoint(
        "rehearse",
        "POST",
        "/api/rehearsals",
        Right.STUDY,
        StudyBegun,
        "Rehearse: begins a study, or names the one that was asked before.",
        RehearsalAsked,
    ),
    Endpoint(
        "audits",
        "GET",
        "/api/audits",
        Right.STUDY,
        AuditSources,
        "Audits and what-ifs that there are, and what was asked of them.",
    ),
    Endpoint(
        "audit",
        "POST",
        "/api/audits",
        Right.STUDY,
        StudyBegun,
        "Ask an audit: begins a study, or names the one that was asked before.",
        ServicesAsked,
    ),
    Endpoint(
        "study",
        "GET",
        "/api/studies/{number}",
        Right.STUDY,
        StudyView,
        "A study as it stands, without its first `after` parts; parts are as --json of the commands.",
        asks=("after",),
    ),
    Endpoint(
        "end_study", "POST", "/api/studies/{number}/end", Right.STUDY, Done, "End a study that is not over."
    ),
    Endpoint(
        "outlines", "GET", "/api/outlines", Right.STUDY, OutlinesView, "The outlines of countries, for maps."
    ),
)
