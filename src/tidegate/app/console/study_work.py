"""What a study's own process does: questions of the commands, in the order in which a page shows answers.

Only that process imports this: it loads all that computes.
"""

from collections.abc import Iterator

import msgspec

from tidegate.app.console.study import AllianceAsked, Order, ScenarioAsked, Told, WorldAsked, refusal
from tidegate.app.parts import Parts
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.ports.outside import OutsideFailed


def study(parts: Parts) -> None:
    """The whole life of the process: one question, what comes of it, and the end."""
    end = parts.study_end()
    order = msgspec.json.decode(end.question(), type=Order)
    for told in told_of(parts, order):
        end.tell(msgspec.json.encode(told))


def told_of(parts: Parts, order: Order) -> Iterator[Told]:
    """Steps and parts; a Refusal at the end of one that cannot be answered."""
    try:
        match order.asked:
            case WorldAsked() | ScenarioAsked() | AllianceAsked():
                from tidegate.app.console.rehearsal_work import rehearsed

                yield from rehearsed(parts, order.asked, order.place)
            case asked:
                from tidegate.app.console.audit_work import audited

                yield from audited(parts, asked, order.place, order.beside)
    except (NotAllowed, Full, Malformed, OutsideFailed) as refused:
        yield refusal("", refused)
