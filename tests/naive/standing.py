"""The slow twin of tidegate.accord.reckoning: each question is answered by looking through everything again.

It shares the calendar with the product (tidegate.accord.spans has a twin of its own) and nothing else: stages
come from plain conditions, not from the table, and nothing is kept between two questions.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from tidegate.accord.spans import (
    Span,
    begin_of,
    begin_of_day,
    end_of,
    midnight_after,
    parse_day,
    parse_span,
    rest_of,
)
from tidegate.model.accords import (
    CIVILIAN,
    Accord,
    After,
    Before,
    By,
    Every,
    Never,
    Obligation,
    Occurrence,
    Receipted,
    Told,
)

Answer = tuple[str, int | None, int | None]
"""Stage, due, and when the evidence counted."""


def standing(
    accord: Accord, entered_s: int, ended_s: int | None, told: Sequence[Told], now_s: int
) -> dict[str, Answer]:
    world = World(accord, entered_s, ended_s, told, now_s)
    return {name: answer for obligation in accord.obligation for name, answer in world.instances(obligation)}


class World:
    def __init__(
        self, accord: Accord, entered_s: int, ended_s: int | None, told: Sequence[Told], now_s: int
    ) -> None:
        self.accord, self.entered_s, self.ended_s, self.now_s = accord, entered_s, ended_s, now_s
        self.receipts = [one for one in told if isinstance(one, Receipted)]
        self.said_of_tracks = [one for one in told if isinstance(one, Occurrence) and one.track]
        self.happened = [one for one in told if isinstance(one, Occurrence) and said_at(one) >= entered_s]

    def in_force(self, moment_s: int) -> bool:
        return moment_s >= self.entered_s and (self.ended_s is None or moment_s < self.ended_s)

    def instances(self, obligation: Obligation) -> Iterator[tuple[str, Answer]]:
        codes = [party.code for party in self.accord.party]
        for duty, toward in product(codes, repeat=2):
            if duty == toward or (obligation.duty != "each" and duty not in obligation.duty):
                continue
            if obligation.toward != "others" and toward not in obligation.toward:
                continue
            for key, started, due, stops, window in self.clocks(obligation, duty, toward):
                name = f"{obligation.id}/{duty}/{toward}/{key}"
                yield name, self.answer(obligation, name, duty, toward, started, due, stops, window)

    def clocks(self, obligation: Obligation, duty: str, toward: str) -> Iterator[tuple]:  # type: ignore[type-arg]
        clock = obligation.clock
        evidence = [
            one
            for one in self.happened
            if one.kind == obligation.evidence and one.by == duty and (not one.toward or toward in one.toward)
            if not obligation.track or one.track in ("", obligation.track)
        ]
        match clock:
            case After(event=event) | Never(act=event):
                author = isinstance(clock, After) and clock.obliges == "author"
                by, to = (duty, toward) if author else (toward, duty)
                triggers = [
                    one
                    for one in self.happened
                    if one.kind == event
                    and one.by == by
                    and (not one.toward or to in one.toward)
                    and self.in_force(said_at(one))
                ]
                for key in dict.fromkeys(one.reference for one in triggers):
                    first = next(one for one in triggers if one.reference == key)
                    pieces = [one for one in evidence if one.about == key]
                    started = said_at(first) if author else self.counted(first, duty)
                    due = None
                    if started is not None:
                        spans = self.spans(
                            clock.within, clock.tighter, first.at_s, [first, *pieces], duty, toward
                        )
                        due = min(end_of(parse_span(span), started, self.rest(duty)) for span in spans)
                    yield key, started, due, self.stops(clock, pieces, toward), None
            case Before(act=act):
                notices = [one for one in evidence if one.act == act]
                acts = [
                    one
                    for one in self.happened
                    if one.kind == act
                    and one.by == duty
                    and (not one.toward or toward in one.toward)
                    and self.in_force(said_at(one))
                ]
                keys = [one.about or one.reference for one in notices if self.in_force(said_at(one))]
                keys += [one.reference for one in acts]
                for key in dict.fromkeys(keys):
                    pieces = [one for one in notices if (one.about or one.reference) == key]
                    begun = [one for one in acts if one.reference == key]
                    begin = min(one.at_s for one in begun or pieces)
                    spans = self.spans(clock.at_least, clock.tighter, begin, [*begun, *pieces], duty, toward)
                    due = min(begin_of(parse_span(span), begin, self.rest(duty)) for span in spans)
                    started = min([due, *(one.at_s for one in begun), *(said_at(one) for one in pieces)])
                    yield key, started, due, self.stops(clock, pieces, toward), None
            case Every(span=text):
                span, number = parse_span(text), 0
                while (begin := self.boundary(span, number)) <= self.latest(clock, evidence, toward):
                    end = self.boundary(span, number + 1)
                    if self.ended_s is None or end <= self.ended_s:
                        stops = self.stops(clock, evidence, toward, begin, end)
                        yield str(number), begin, end, stops, (begin, end)
                    number += 1
            case By(date=date):
                pieces = [one for one in evidence if one.about in ("", obligation.id)]
                end = midnight_after(parse_day(date))
                yield "once", self.entered_s, end, self.stops(clock, pieces, toward), (self.entered_s, end)

    def latest(self, clock: Every, evidence: Sequence[Occurrence], toward: str) -> int:
        """Windows begun by now, and those that evidence already told of falls into."""
        stops = [
            stop
            for one in evidence
            if (stop := self.stop(clock, one, toward)) is not None and self.in_force(stop)
        ]
        return max([self.now_s, *stops])

    def boundary(self, span: Span, number: int) -> int:
        return end_of(Span(span.count * number, span.unit), self.entered_s) if number else self.entered_s

    def stop(self, clock: object, one: Occurrence, toward: str) -> int | None:
        receipt = not isinstance(clock, Never) and clock.counts_to == "receipt"  # type: ignore[attr-defined]
        return self.counted(one, toward) if receipt else said_at(one)

    def stops(
        self,
        clock: object,
        pieces: Sequence[Occurrence],
        toward: str,
        begin: int | None = None,
        end: int | None = None,
    ) -> list[int]:
        came = [(self.stop(clock, one, toward), one) for one in pieces]
        counted = [
            (stop, one)
            for stop, one in came
            if stop is not None
            and (begin is None or begin <= stop < (end or 0))
            and (begin is None or self.in_force(stop))
        ]
        if isinstance(clock, Every) and clock.in_each_language:
            firsts = [
                min((stop for stop, one in counted if one.language == language), default=None)
                for language in self.accord.languages.authentic
            ]
            return (
                [] if None in firsts or not firsts else [max(first for first in firsts if first is not None)]
            )
        return [stop for stop, _ in counted]

    def answer(
        self,
        obligation: Obligation,
        name: str,
        duty: str,
        toward: str,
        started: int | None,
        due: int | None,
        stops: Sequence[int],
        window: tuple[int, int] | None,
    ) -> Answer:
        rested_at, due = self.rested(obligation, started, due, window)
        kept = min((stop for stop in stops if stop <= self.now_s), default=None)
        moments = {self.now_s, *stops}
        said = sorted(
            (
                (said_at(one), ORDER.index(one.kind), one)
                for one in self.happened
                if self.says(one, name, duty, toward)
            ),
            key=lambda row: row[:2],
        )
        moments |= {at for at, _, __ in said}
        moments |= {at for at in (started, due, rested_at) if at is not None}
        stage = "not due"
        begin = min([at for at in (started, *stops) if at is not None], default=None)
        for moment in sorted(at for at in moments if at <= self.now_s):
            if stage == "not due" and begin == moment:
                stage = "due"
            if stage == "due" and moment in stops:
                stage = "met"
            if stage == "due" and due == moment:
                stage = "late"
            for at, _, one in said:
                if at == moment:
                    stage = after_saying(stage, one.kind)
            if stage in ("due", "not due") and rested_at == moment:
                stage = "suspended"
        return stage, due, kept

    def says(self, one: Occurrence, name: str, duty: str, toward: str) -> bool:
        if one.obligation != name or one.kind not in ORDER:
            return False
        if one.kind == "disputed":
            return one.by == duty
        return one.by == toward and (one.kind != "found-not-kept" or one.level == "senior")

    def rested(
        self, obligation: Obligation, started: int | None, due: int | None, window: tuple[int, int] | None
    ) -> tuple[int | None, int | None]:
        if started is None or due is None or not self.may_rest(obligation):
            return None, due
        if window:
            resting = [
                begin
                for begin, end in self.rests(obligation.track)
                if begin <= due and (end is None or due < end)
            ]
            return (max(resting[0], started), None) if resting else (None, due)
        for begin, end in self.rests(obligation.track):
            if max(begin, started) < due and (end is None or end > started):
                if end is None:
                    return max(begin, started), None
                due += end - max(begin, started)
        return None, due

    def may_rest(self, obligation: Obligation) -> bool:
        """Experts and channels go on, whoever says otherwise."""
        running = [track.id for track in self.accord.track if track.id == obligation.track]
        experts = [track.id for track in self.accord.track if track.experts]
        channels = ["check", "check-answer", "contacts-told", "acknowledgement", "incident-notification"]
        return bool(running) and obligation.track not in experts and obligation.evidence not in channels

    def rests(self, track: str) -> list[tuple[int, int | None]]:
        """Moment by moment: whether any party's suspension of the track holds then."""
        spans = [span for party in self.accord.party for span in self.suspensions(track, party.code)]
        moments = sorted({moment for span in spans for moment in span if moment is not None})
        found: list[tuple[int, int | None]] = []
        for moment in moments:
            held = any(begin <= moment and (end is None or moment < end) for begin, end in spans)
            open_now = bool(found) and found[-1][1] is None
            if held and not open_now:
                found.append((moment, None))
            elif not held and open_now:
                found[-1] = (found[-1][0], moment)
        return found

    def suspensions(self, track: str, party: str) -> list[tuple[int, int | None]]:
        found: list[tuple[int, int | None]] = []
        for one in self.said_of_tracks:
            if (one.track, one.by) != (track, party):
                continue
            if one.kind == "suspended" and (not found or found[-1][1] is not None):
                found.append((said_at(one), None))
            elif one.kind == "resumed" and found and found[-1][1] is None:
                found[-1] = (found[-1][0], max(found[-1][0], said_at(one)))
        return found

    def spans(self, span, tighter, when, known, duty, toward):  # type: ignore[no-untyped-def]
        classes = {
            asset.asset_class for asset in self.accord.asset for one in known if asset.id in one.assets
        }
        kinds = {
            period.kind
            for period in self.accord.period
            if period.party in (duty, toward)
            and begin_of_day(parse_day(period.first)) <= when < midnight_after(parse_day(period.last))
        }
        stricter = [
            rule.span
            for rule in tighter
            if rule.period in kinds or rule.asset_class in classes or (rule.civilian and classes & CIVILIAN)
        ]
        return [span, *stricter]

    def rest(self, code: str):  # type: ignore[no-untyped-def]
        party = next(party for party in self.accord.party if party.code == code)
        return rest_of(party.weekend, party.holidays)

    def counted(self, one: Occurrence, by: str) -> int | None:
        if one.sent_at_s is None:
            return one.at_s
        return min(
            (r.at_s for r in self.receipts if r.reference == one.reference and r.by == by), default=None
        )


ORDER = ["found-not-kept", "disputed", "settled", "waived"]


def after_saying(stage: str, kind: str) -> str:
    if kind == "waived" and stage in ("not due", "due", "late", "disputed"):
        return "waived"
    if kind == "found-not-kept" and stage == "late":
        return "breached"
    if kind == "disputed" and stage in ("late", "breached"):
        return "disputed"
    if kind == "settled" and stage in ("late", "breached", "disputed"):
        return "waived"
    return stage


def said_at(one: Occurrence) -> int:
    return one.at_s if one.sent_at_s is None else one.sent_at_s
