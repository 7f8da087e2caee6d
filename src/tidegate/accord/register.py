"""Guarantees and pledges: who declared what, and between whom it is in force at a time.

A guarantee binds and protects those who declared it, each toward each other one, from the later of the two
declarations on. A register grows: an open guarantee may be joined by any state, a party of the accord or not.
Leaving takes effect only after the guarantee's notice, counted as the accord counts spans; until then it
binds. A suspension binds by the same notice, and ends when it is resumed. The rules in `Entry` are numbered.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

import msgspec

from tidegate.accord.clocks import moment
from tidegate.accord.spans import end_of, parse_span
from tidegate.model.accords import Accord, Guarantee, Occurrence, PartyCode
from tidegate.model.refusals import NotAllowed

MEMBERS_MAX = 256
"""States in one register: all there are, with room."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One state's place in the register of one guarantee: it is bound while from_s <= moment < until_s.

    1. It begins with a declaration of the senior level, and a second one changes nothing.
    2. It ends, or rests, only when the notice after the word of the senior level has run out.
    3. Who left may declare again, and is then bound from that day on.
    """

    guarantee: str
    state: PartyCode
    from_s: int
    until_s: int | None
    rests_from_s: int | None
    facts: tuple[int, ...]

    def binds_at(self, moment_s: int) -> bool:
        resting = self.rests_from_s is not None and moment_s >= self.rests_from_s
        return self.from_s <= moment_s and (self.until_s is None or moment_s < self.until_s) and not resting


def register(accord: Accord, guarantee: Guarantee, told: Iterable[Occurrence]) -> list[Entry]:
    """The latest entry of every state that ever declared it, in the order of their codes."""
    entries: dict[PartyCode, Entry] = {}
    for one in told:
        if one.guarantee == guarantee.id and one.level == "senior":
            changed = after(accord, guarantee, entries.get(one.by), one)
            if changed is not None and (one.by in entries or len(entries) < MEMBERS_MAX):
                entries[one.by] = changed
    return [entries[state] for state in sorted(entries)]


def after(accord: Accord, guarantee: Guarantee, known: Entry | None, said: Occurrence) -> Entry | None:
    """The entry after one more word of its state; as it was where the word changes nothing."""
    at_s = moment(said)
    leaves_s = end_of(parse_span(guarantee.notice), at_s)
    match said.kind:
        case "declared" if known is None or (known.until_s is not None and at_s >= known.until_s):  # 1, 3
            may_join(accord, guarantee, said.by)
            return Entry(
                guarantee=guarantee.id,
                state=said.by,
                from_s=at_s,
                until_s=None,
                rests_from_s=None,
                facts=(said.fact,),
            )
        case "withdrawn" if known is not None and known.until_s is None:  # 2
            return replaced(known, said, until_s=leaves_s)
        case "suspended" if known is not None and known.rests_from_s is None:
            return replaced(known, said, rests_from_s=leaves_s)
        case "resumed" if known is not None and known.rests_from_s is not None:
            return replaced(known, said, rests_from_s=None)
        case _:
            return known


def may_join(accord: Accord, guarantee: Guarantee, state: PartyCode) -> None:
    """NotAllowed for a state that is no party of the accord, unless the guarantee is open."""
    if not guarantee.open and state not in accord.codes:
        raise NotAllowed(f"{guarantee.id} is not open; {state} is no party of {accord.id}")


def replaced(entry: Entry, said: Occurrence, **changes: int | None) -> Entry:
    return msgspec.structs.replace(entry, facts=(*entry.facts, said.fact), **changes)


def in_force_between(entries: Sequence[Entry], moment_s: int) -> list[tuple[PartyCode, PartyCode]]:
    """Pairs of states that have it from each other at the moment, in order."""
    bound = [entry.state for entry in entries if entry.binds_at(moment_s)]
    return list(combinations(sorted(bound), 2))
