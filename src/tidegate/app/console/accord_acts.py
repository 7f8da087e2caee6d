"""What an officer does next about one obligation: the command at the terminal, and the form that it fills."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from tidegate.accord.next_steps import Step
from tidegate.accord.reckoning import Standing
from tidegate.app.accord.books import Book
from tidegate.model.accords import Happening, PartyCode
from tidegate.model.messages import FormName

DIGITS_TOLD = 16
"""Of a message's digest or an organisation's identity: enough for commands to find it."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """`command` is typed at the terminal, with the officer's own `--key`; words in capital letters stand for
    what the officer puts there. `form` is the message's, None where it is no message; `answers` the message
    that it answers, `to` the organisation that gets it, each "" where there is none."""

    command: str
    form: FormName | None = None
    fields: tuple[tuple[str, str], ...] = ()
    answers: str = ""
    to: str = ""


MINUTES: frozenset[Happening] = frozenset(
    ("consultation-held", "review-held", "statistics-sent", "operators-instructed")
)
"""What people did elsewhere, and minutes tell of."""

ANSWERED_BY: Mapping[Happening, FormName] = MappingProxyType(
    {"clarification-reply": "clarification-reply", "assistance-reply": "free-text"}
)

ASKED_BY: Mapping[Step, tuple[str, FormName]] = MappingProxyType(
    {
        Step.ASK: ("clarify", "clarification-request"),
        Step.CALL: ("consult", "consultation-call"),
    }
)
"""Commands that ask the other party something about one obligation."""


def act_of(book: Book, one: Standing, step: Step, us: PartyCode) -> Act | None:
    """None where there is nothing to do but to wait."""
    accord = f"--accord {book.accord.id}"
    other = one.toward if us == one.duty else one.duty
    to = organisation_of(book, other)
    recipient = f"--to {to[:DIGITS_TOLD] or 'NAME'}"
    match step:
        case Step.ACT | Step.ACT_LATE:
            return evidence_of(book, one, to, recipient)
        case Step.ASK | Step.CALL:
            name, form = ASKED_BY[step]
            command = f"tidegate accord {name} {accord} --obligation {one.name} {recipient}"
            return Act(command=command, form=form, fields=(("obligation", one.name),), to=to)
        case Step.HOLD:
            return minutes(book, "consultation-held", to, recipient, (("obligation", one.name),))
        case Step.REVIEW:
            return Act(command=f"tidegate accord review YEAR {book.accord.id} --output FILE.html")
        case Step.SETTLE:
            fields = (("declaration", "obligation"), ("act", "settled"), ("obligation", one.name))
            return message("declaration", book, to, recipient, fields)
    return None


def evidence_of(book: Book, one: Standing, to: str, recipient: str) -> Act | None:
    """What keeps the obligation: each kind of evidence has its own way to be said."""
    kind, accord = one.obligation.evidence, f"--accord {book.accord.id}"
    message_asked = asked_in(one)
    if kind in ANSWERED_BY:
        form = ANSWERED_BY[kind]
        return answer(message_asked, form, to, ())
    match kind:
        case "notice":
            return Act(command=f"tidegate accord notify notice {accord} {recipient}", form="notice", to=to)
        case "incident-notification":
            fields = incident_fields(one)
            told = "".join(f" --field {name}={value}" for name, value in fields)
            command = f"tidegate accord notify incident {accord}{told} {recipient}"
            return Act(command=command, form="incident", fields=fields, to=to)
        case "acknowledgement" | "check-answer":
            return Act(command=f"tidegate hotline read {message_asked[:DIGITS_TOLD] or 'MESSAGE'}")
        case "check":
            return message("check", book, to, recipient, (("check", "scheduled"),))
        case "contacts-told":
            return message("declaration", book, to, recipient, (("declaration", "nomination"),))
        case "track-met" | "committee-met":
            return Act(command=f"tidegate accord dialogue minutes FILE {accord} {recipient}")
        case "milestone-reached":
            command = f"tidegate accord reached {one.obligation.id} {accord} {recipient}"
            fields = (("purpose", "minutes"), ("happening", kind), ("milestone", one.obligation.id))
            return Act(command=command, form="free-text", fields=fields, to=to)
    if kind in MINUTES:
        if kind == "consultation-held" and message_asked:
            return answer(message_asked, "free-text", to, (("purpose", "minutes"), ("happening", kind)))
        return minutes(book, kind, to, recipient, ())
    return None


def asked_in(one: Standing) -> str:
    """The message that asks for it, "" where none does."""
    last = one.name.rpartition("/")[2]
    return last if len(last) == 64 else ""


def incident_fields(one: Standing) -> tuple[tuple[str, str], ...]:
    """The number that its author gave the incident: `obligation/duty/toward/author/number`."""
    parts = one.name.split("/", 4)
    return (("incident", parts[4]),) if len(parts) == 5 else ()


def answer(asked: str, form: FormName, to: str, fields: tuple[tuple[str, str], ...]) -> Act:
    told = "".join(f" --field {name}={value}" for name, value in fields)
    command = f"tidegate hotline reply {asked[:DIGITS_TOLD] or 'MESSAGE'} {form}{told}"
    return Act(command=command, form=form, fields=fields, answers=asked, to=to)


def minutes(book: Book, kind: Happening, to: str, recipient: str, more: tuple[tuple[str, str], ...]) -> Act:
    fields = (("purpose", "minutes"), ("happening", kind), *more)
    return message("free-text", book, to, recipient, fields)


def message(form: FormName, book: Book, to: str, recipient: str, fields: tuple[tuple[str, str], ...]) -> Act:
    told = "".join(f" --field {name}={value}" for name, value in fields)
    command = f"tidegate hotline send {form} --accord {book.accord.id}{told} {recipient}"
    return Act(command=command, form=form, fields=fields, to=to)


def organisation_of(book: Book, code: PartyCode) -> str:
    """The party's identity on the hotline, "" while it is not known."""
    return next((party.organisation for party in book.accord.party if party.code == code), "")
