"""When one obligation of one party toward one other is due, and what became of it: the marks of an instance.

An instance is one obligation, owed by one party to one other, for one trigger, one window of time, or one
date. Its marks follow from what is known of it; where they lead is for tidegate.accord.stages. The rules:

1. A message counts from the receipt that its recipient's station signed, on the recipient's clock, unless the
   obligation counts to sending. Without the receipt nothing has started, and nothing has stopped.
2. An act that was announced begins when it was first announced to begin, or when it is known to have begun.
3. Of several spans that apply (protected times, assets, civilians), the strictest holds.
4. A span in working days counts those of the party that must act.
5. What belongs to a suspended track rests: a clock that ran then goes on for as long as the track rested; a
   window that ends while it rests is never owed. Nothing else rests (tidegate.accord.resting).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from tidegate.accord.spans import (
    Rest,
    begin_of,
    begin_of_day,
    end_of,
    midnight_after,
    parse_day,
    parse_span,
    rest_of,
)
from tidegate.accord.stages import CLOCK, Event, Mark, mark
from tidegate.model.accords import (
    CIVILIAN,
    Accord,
    After,
    Asset,
    Before,
    By,
    Every,
    Happening,
    Never,
    Obligation,
    Occurrence,
    PartyCode,
    PeriodKind,
    Tighter,
)

Receipts = Mapping[tuple[str, PartyCode], int]
"""Since when (seconds) a party's station has a message, by the message's reference and the party."""

PROCEDURE: Mapping[Happening, Event] = {
    "clarification-request": Event.ASKED,
    "consultation-call": Event.CALLED,
    "consultation-held": Event.HELD,
    "found-not-kept": Event.FOUND,
    "disputed": Event.DISPUTED,
    "settled": Event.SETTLED,
    "waived": Event.WAIVED,
}


@dataclass(frozen=True, slots=True)
class Rested:
    """A track was suspended from a moment on, until another or until further notice."""

    from_s: int
    until_s: int | None


@dataclass(frozen=True, slots=True)
class Window:
    """begin_s <= moment < end_s."""

    begin_s: int
    end_s: int


# gc=False: nothing that it names ever names it, and a large ledger makes tens of thousands of them.
class Instance(msgspec.Struct, eq=False, gc=False):
    """What is known of one instance. `triggers` are the occurrences that start it, or the acts themselves;
    `evidence` whatever may satisfy it, by fact; `procedure` what was said about it afterwards."""

    name: str
    obligation: Obligation
    duty: PartyCode
    toward: PartyCode
    window: Window | None = None
    triggers: tuple[Occurrence, ...] = ()
    evidence: dict[int, Occurrence] = {}
    procedure: Sequence[Occurrence] = ()


class Timed(NamedTuple):
    """When the clock of an instance starts and ends; None where that is not known yet."""

    started_s: int | None
    due_s: int | None


class Clocks:
    """The accord's clocks; built once, since calendars and protected times are read from texts."""

    def __init__(self, accord: Accord) -> None:
        self._rest = {party.code: rest_of(party.weekend, party.holidays) for party in accord.party}
        self._periods = [
            (
                period.party,
                period.kind,
                begin_of_day(parse_day(period.first)),
                midnight_after(parse_day(period.last)),
            )
            for period in accord.period
        ]
        self._assets = {asset.id: asset for asset in accord.asset}
        self._languages = accord.languages.authentic

    def marks(self, one: Instance, receipts: Receipts, rests: Sequence[Rested]) -> list[Mark]:
        """All marks of an instance, the clock's own among them, in no order."""
        started_s, due_s = self.timed(one, receipts)
        found: list[Mark] = []
        begin_s = started_s
        for stop_s, fact in self.stops(one, receipts):
            found.append(mark(stop_s, Event.KEPT, fact))
            if begin_s is None or stop_s < begin_s:
                begin_s = stop_s
        if begin_s is not None:
            found.append(mark(begin_s, Event.STARTED, one.triggers[0].fact if one.triggers else CLOCK))
        if one.procedure:
            found.extend(self._procedure(one))
        if started_s is not None and due_s is not None:
            found.append(rest_or_due(one, started_s, due_s, rests))
        return found

    def timed(self, one: Instance, receipts: Receipts) -> Timed:
        """When its clock starts and when it is due, before any rest."""
        match one.obligation.clock:
            case Before() as clock:
                return self._before(one, clock)
            case After(obliges=obliges, within=span, tighter=tighter):
                return self._after(one, span, tighter, receipts, by_receipt=obliges == "addressee")
            case Never(within=span, tighter=tighter):
                return self._after(one, span, tighter, receipts, by_receipt=True)
            case Every() | By():
                assert one.window is not None, "windows are made with their instances"
                return Timed(one.window.begin_s, one.window.end_s)

    def _before(self, one: Instance, clock: Before) -> Timed:
        acts = [act.at_s for act in one.triggers]
        begin_s = min(acts or [notice.at_s for notice in one.evidence.values()])  # 2
        spans = self._spans(clock.at_least, clock.tighter, begin_s, one)
        due_s = min(begin_of(parse_span(span), begin_s, self._rest_of(one.duty)) for span in spans)  # 3
        told = [moment(notice) for notice in one.evidence.values()]
        return Timed(min([*told, *acts, due_s]), due_s)

    def _after(
        self, one: Instance, span: str, tighter: Sequence[Tighter], receipts: Receipts, *, by_receipt: bool
    ) -> Timed:
        trigger = one.triggers[0]
        started_s = counted_at(trigger, one.duty, receipts) if by_receipt else moment(trigger)  # 1
        if started_s is None:
            return Timed(None, None)
        rest = self._rest_of(one.duty)
        if not tighter:
            return Timed(started_s, end_of(parse_span(span), started_s, rest))
        spans = self._spans(span, tighter, trigger.at_s, one)
        return Timed(started_s, min(end_of(parse_span(one_span), started_s, rest) for one_span in spans))

    def stops(self, one: Instance, receipts: Receipts) -> Sequence[tuple[int, int]]:
        """(moment, fact) of each piece of evidence that has come; of a set in all languages, of the last.
        What recurs is kept by what counts within its window: a receipt dated earlier may move it there."""
        if not one.evidence:
            return ()
        clock = one.obligation.clock
        to_receipt = not isinstance(clock, Never) and clock.counts_to == "receipt"
        within = one.window if isinstance(clock, Every) else None
        came: list[tuple[int, int]] = []
        languages: list[str] = []
        for piece in one.evidence.values():
            stop_s = counted_at(piece, one.toward, receipts) if to_receipt else moment(piece)
            if stop_s is not None and (within is None or within.begin_s <= stop_s < within.end_s):
                came.append((stop_s, piece.fact))
                languages.append(piece.language)
        if not (isinstance(clock, Every) and clock.in_each_language):
            return came
        told = list(zip(languages, came, strict=True))
        firsts = [
            min((stop for spoken, stop in told if spoken == language), default=None)
            for language in self._languages
        ]
        whole = [first for first in firsts if first is not None]
        return [max(whole)] if whole and len(whole) == len(firsts) else ()

    def _procedure(self, one: Instance) -> Iterator[Mark]:
        """What was said about it by whoever may say it: a waiver, a settlement and a finding are for the
        party to whom it is owed, a dispute is for the one that owes it."""
        for said in one.procedure:
            event = PROCEDURE[said.kind]
            if event in (Event.WAIVED, Event.SETTLED, Event.FOUND) and said.by != one.toward:
                continue
            if event is Event.DISPUTED and said.by != one.duty:
                continue
            if event is Event.FOUND and said.level != "senior":
                continue
            yield mark(moment(said), event, said.fact)

    def _spans(self, span: str, tighter: Sequence[Tighter], when_s: int, one: Instance) -> list[str]:
        if not tighter:
            return [span]
        touched = {asset for known in (*one.triggers, *one.evidence.values()) for asset in known.assets}
        assets = [self._assets[asset] for asset in touched if asset in self._assets]
        kinds = {
            kind
            for party, kind, begin_s, end_s in self._periods
            if party in (one.duty, one.toward) and begin_s <= when_s < end_s
        }
        return [span, *(rule.span for rule in tighter if applies(rule, kinds, assets))]

    def _rest_of(self, party: PartyCode) -> Rest:
        return self._rest[party]  # 4


def rest_or_due(one: Instance, started_s: int, due_s: int, rests: Sequence[Rested]) -> Mark:
    """The mark of time that passed, or of resting (5)."""
    if not rests:
        return mark(due_s, Event.OVERDUE, CLOCK)
    if one.window is not None:
        resting = [rest for rest in rests if covers(rest, due_s)]
        return (
            mark(max(resting[0].from_s, started_s), Event.RESTED, CLOCK)
            if resting
            else mark(due_s, Event.OVERDUE, CLOCK)
        )
    for rest in rests:
        began_s = max(rest.from_s, started_s)
        if began_s >= due_s or (rest.until_s is not None and rest.until_s <= started_s):
            continue
        if rest.until_s is None:
            return mark(began_s, Event.RESTED, CLOCK)
        due_s += rest.until_s - began_s
    return mark(due_s, Event.OVERDUE, CLOCK)


def covers(rest: Rested, moment_s: int) -> bool:
    return rest.from_s <= moment_s and (rest.until_s is None or moment_s < rest.until_s)


def applies(rule: Tighter, kinds: set[PeriodKind], assets: Sequence[Asset]) -> bool:
    """Whether any of a rule's conditions holds."""
    return (
        rule.period in kinds
        or any(asset.asset_class == rule.asset_class for asset in assets)
        or (rule.civilian and any(asset.asset_class in CIVILIAN for asset in assets))
    )


def moment(told: Occurrence) -> int:
    """When it was sent, or when it happened if it is no message."""
    return told.at_s if told.sent_at_s is None else told.sent_at_s


def counted_at(told: Occurrence, by: PartyCode, receipts: Receipts) -> int | None:
    """When `by` has it: of a message, its signed receipt's time (1)."""
    if told.sent_at_s is None:
        return told.at_s
    return receipts.get((told.reference, by))
