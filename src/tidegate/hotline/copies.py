"""Moves of a message's copies, and when nothing is awaited of them any more."""

import msgspec

from tidegate.hotline.delivery import DELIVERED, ENDED, Event, Stage, after, may
from tidegate.hotline.state import Copy, Sent, is_offered
from tidegate.model.hotline_facts import Awaited, Deadlines


def moved(copy: Copy, event: Event, now_s: int, why: str = "") -> Copy:
    """After the event; unchanged where the table has no such move."""
    if not may(copy.stage, event):
        return copy
    return msgspec.structs.replace(copy, stage=after(copy.stage, event), since_s=now_s, told=None, why=why)


def with_copy(sent: Sent, changed: Copy) -> Sent:
    copies = tuple(changed if copy.recipient == changed.recipient else copy for copy in sent.copies)
    return msgspec.structs.replace(sent, copies=copies)


def awaited_of(copy: Copy, deadlines: Deadlines) -> Awaited | None:
    """The receipt that is awaited next of this copy; None where none is."""
    if copy.stage in ENDED:
        return None
    if copy.stage not in DELIVERED:
        return "R1"
    if deadlines.r2_s is not None and copy.stage is Stage.STORED:
        return "R2"
    return "R3" if deadlines.r3_s is not None and copy.stage is not Stage.ANSWERED else None


def awaits_nothing(sent: Sent) -> bool:
    """Nobody is to be offered it, and whatever is still awaited was told to seniors as late."""
    return not any(is_open(sent, copy) for copy in sent.copies)


def is_open(sent: Sent, copy: Copy) -> bool:
    if copy.stage in ENDED:
        return False
    if sent.place is None or sent.spoilt or is_offered(sent, copy):
        return True
    awaited = awaited_of(copy, sent.deadlines)
    told = copy.told
    given_up = told is not None and told.awaited == awaited and told.level == "senior"
    return awaited is not None and not given_up
