"""The standing of an accord: what each party owes to each other one now, from what the ledger tells.

The same accord, the same told things and the same time give the same answer everywhere. `standing` says it
in one call; `Reckoning` hears one thing after the other and answers again at the cost of what changed.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegate.accord.clocks import PROCEDURE, Clocks, Instance, Window, counted_at, moment
from tidegate.accord.owing import pairs
from tidegate.accord.resting import Resting
from tidegate.accord.spans import midnight_after, parse_day, parse_span
from tidegate.accord.stages import CLOCK, OPEN, Event, Mark, Stage, stage_until
from tidegate.accord.windows import Windows
from tidegate.model.accords import (
    Accord,
    After,
    Before,
    By,
    Every,
    Happening,
    Never,
    Obligation,
    Occurrence,
    PartyCode,
    Receipted,
    Told,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One instance at one time. `due_s` is None while nothing has started it, and while it rests. `began_s`
    is when its clock did, `kept_s` when the evidence counted; `evidence` and `procedure` are numbers of
    facts."""

    name: str
    obligation: Obligation
    duty: PartyCode
    toward: PartyCode
    stage: Stage
    began_s: int | None
    due_s: int | None
    kept_s: int | None
    trigger: int | None
    evidence: tuple[int, ...]
    procedure: tuple[tuple[Event, int], ...]

    @property
    def is_open(self) -> bool:
        """Something may still be done about it."""
        return self.stage in OPEN and not (self.stage is Stage.LATE and self.kept_s is not None)


class Kept(Instance, eq=False, gc=False):
    """An instance and where it stood when it was last settled; `standing` as long as nobody asked, None."""

    stage: Stage | None = None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Force:
    """The accord is in force while entered_s <= moment < ended_s."""

    entered_s: int
    ended_s: int | None = None

    def covers(self, moment_s: int) -> bool:
        return self.entered_s <= moment_s and (self.ended_s is None or moment_s < self.ended_s)


def standing(accord: Accord, force: Force, told: Iterable[Told], now_s: int) -> list[Standing]:
    """Every instance there is by `now_s`, in the order of their names."""
    reckoning = Reckoning(accord, force)
    for one in told:
        reckoning.hear(one)
    return reckoning.standing(now_s)


class Reckoning:
    """Hears what is told in the ledger's order; answers for any time, cheapest where time goes forwards."""

    def __init__(self, accord: Accord, force: Force) -> None:
        self._accord = accord
        self._force = force
        self._clocks = Clocks(accord)
        self._codes = accord.codes
        self._obligations = {obligation.id: obligation for obligation in accord.obligation}
        self._pairs = {obligation.id: pairs(obligation, self._codes) for obligation in accord.obligation}
        self._by_trigger: dict[Happening, list[Obligation]] = defaultdict(list)
        self._by_evidence: dict[Happening, list[Obligation]] = defaultdict(list)
        self._instances: dict[str, Kept] = {}
        self._receipts: dict[tuple[str, PartyCode], int] = {}
        self._linked: dict[str, tuple[Kept, ...]] = {}
        self._evidence_about: dict[str, list[Occurrence]] = defaultdict(list)
        self._notices: dict[tuple[str, str], list[Occurrence]] = defaultdict(list)
        self._procedure_about: dict[str, list[Occurrence]] = defaultdict(list)
        self._recurring: dict[str, list[Occurrence]] = defaultdict(list)
        self._resting = Resting(accord)
        self._series: dict[tuple[str, PartyCode, PartyCode], Windows] = {}
        self._counts: Counter[tuple[str, Stage]] = Counter()
        self._open: set[Kept] = set()
        self._due: list[tuple[int, str]] = []
        self._dirty: set[Kept] = set()
        self._now_s = force.entered_s
        for obligation in accord.obligation:
            self._learn(obligation)

    def _learn(self, obligation: Obligation) -> None:
        self._by_evidence[obligation.evidence].append(obligation)
        match obligation.clock:
            case After(event=event):
                self._by_trigger[event].append(obligation)
            case Before(act=act) | Never(act=act):
                self._by_trigger[act].append(obligation)
            case Every(span=span):
                force = self._force
                for pair in self._pairs[obligation.id]:
                    windows = Windows(parse_span(span), force.entered_s, force.ended_s)
                    self._series[obligation.id, *pair] = windows
            case By(date=date):
                end_s = midnight_after(parse_day(date))
                for pair in self._pairs[obligation.id]:
                    self._made(obligation, *pair, "once").window = Window(self._force.entered_s, end_s)

    def hear(self, told: Told) -> None:
        """One more thing. Each fact is to be heard once. What happens before or after the accord is in force
        starts nothing; what it started may still be answered after its end."""
        if isinstance(told, Receipted):
            self._hear_receipt(told)
            return
        if told.track:
            self._hear_rest(told)
        moment_s = moment(told)
        if moment_s < self._force.entered_s:
            return
        if self._force.covers(moment_s):
            for obligation in self._by_trigger.get(told.kind, ()):
                self._start(obligation, told)
        for obligation in self._shown_by(told):
            self._bring(obligation, told)
        if told.kind in PROCEDURE:
            self._hear_procedure(told)

    def _shown_by(self, told: Occurrence) -> list[Obligation]:
        """Obligations that it may be evidence for: what one track did is none for another."""
        return [
            obligation
            for obligation in self._by_evidence.get(told.kind, ())
            if not obligation.track or told.track in ("", obligation.track)
        ]

    def _hear_receipt(self, told: Receipted) -> None:
        received = told.reference, told.by
        known_s = self._receipts.get(received)
        if known_s is None or told.at_s < known_s:
            self._receipts[received] = told.at_s
        linked = self._linked.get(told.reference)
        if linked is not None:
            self._dirty.update(linked)
        for late in self._recurring.get(told.reference, ()):
            for obligation in self._shown_by(late):
                if isinstance(obligation.clock, Every):
                    self._bring_to_window(obligation, late, told.by)

    def _hear_rest(self, told: Occurrence) -> None:
        if self._resting.hear(told):
            self._dirty |= {one for one in self._instances.values() if one.obligation.track == told.track}

    def _start(self, obligation: Obligation, told: Occurrence) -> None:
        clock = obligation.clock
        by_author = isinstance(clock, Before) or (isinstance(clock, After) and clock.obliges == "author")
        known = self._evidence_about.get(told.reference, ())
        for other in told.toward or self._codes:
            duty, toward = (told.by, other) if by_author else (other, told.by)
            if not self._owes(obligation, duty, toward):
                continue
            one = self._made(obligation, duty, toward, told.reference)
            if isinstance(clock, Before) or not one.triggers:
                one.triggers += (told,)
                self._link(one, told)
            for piece in known:
                self._attach(one, piece)

    def _bring(self, obligation: Obligation, told: Occurrence) -> None:
        match obligation.clock:
            case Before(act=act):
                if told.act == act:
                    self._announce(obligation, told)
            case After() | Never():
                if told.about:
                    self._answer(obligation, told)
            case Every():
                if told not in self._recurring[told.reference]:
                    self._recurring[told.reference].append(told)
                for toward in told.toward or self._codes:
                    self._bring_to_window(obligation, told, toward)
            case By():
                for toward in told.toward or self._codes:
                    if self._owes(obligation, told.by, toward) and told.about in ("", obligation.id):
                        self._attach(self._made(obligation, told.by, toward, "once"), told)

    def _announce(self, obligation: Obligation, told: Occurrence) -> None:
        """A notice makes its act known; one that comes after the accord's end makes nothing new known."""
        act = told.about or told.reference
        self._notices[obligation.id, act].append(told)
        for toward in told.toward or self._codes:
            if self._owes(obligation, told.by, toward):
                known = self._instances.get(self._name(obligation, told.by, toward, act))
                if known is not None:
                    self._attach(known, told)
                elif self._force.covers(moment(told)):
                    self._made(obligation, told.by, toward, act)

    def _answer(self, obligation: Obligation, told: Occurrence) -> None:
        pieces = self._evidence_about[told.about]
        if not pieces or pieces[-1] is not told:  # another obligation brought it just now
            pieces.append(told)
        for toward in told.toward or self._codes:
            known = self._instances.get(self._name(obligation, told.by, toward, told.about))
            if known is not None:
                self._attach(known, told)

    def _bring_to_window(self, obligation: Obligation, told: Occurrence, toward: PartyCode) -> None:
        """Recurring evidence belongs to the window in which it counts, once it does."""
        clock = obligation.clock
        if not self._owes(obligation, told.by, toward) or not isinstance(clock, Every):
            return
        to_receipt = clock.counts_to == "receipt"
        stop_s = counted_at(told, toward, self._receipts) if to_receipt else moment(told)
        if stop_s is None or not self._force.covers(stop_s):
            return
        self._make_windows(obligation.id, told.by, toward, stop_s)
        number = self._series[obligation.id, told.by, toward].number_at(stop_s)
        known = self._instances.get(self._name(obligation, told.by, toward, str(number)))
        if known is not None:
            self._attach(known, told)

    def _attach(self, one: Kept, piece: Occurrence) -> None:
        if piece.by == one.duty and (not piece.toward or one.toward in piece.toward):
            one.evidence[piece.fact] = piece
            self._link(one, piece)

    def _hear_procedure(self, told: Occurrence) -> None:
        if told.obligation:
            self._procedure_about[told.obligation].append(told)
            known = self._instances.get(told.obligation)
            if known is not None:
                known.procedure = self._procedure_about[told.obligation]
                self._dirty.add(known)

    def _link(self, one: Kept, told: Occurrence) -> None:
        known = self._linked.get(told.reference)
        self._linked[told.reference] = (one,) if known is None else (*known, one)
        self._dirty.add(one)

    def _owes(self, obligation: Obligation, duty: PartyCode, toward: PartyCode) -> bool:
        return (duty, toward) in self._pairs[obligation.id]

    def _name(self, obligation: Obligation, duty: PartyCode, toward: PartyCode, key: str) -> str:
        return f"{obligation.id}/{duty}/{toward}/{key}"

    def _made(self, obligation: Obligation, duty: PartyCode, toward: PartyCode, key: str) -> Kept:
        name = self._name(obligation, duty, toward, key)
        one = self._instances.get(name)
        if one is None:
            one = self._instances[name] = Kept(name, obligation, duty, toward)
            one.procedure = self._procedure_about.get(name, ())
            self._dirty.add(one)
            for notice in self._notices.get((obligation.id, key), ()):
                self._attach(one, notice)
        return one

    def _make_windows(self, obligation_id: str, duty: PartyCode, toward: PartyCode, moment_s: int) -> None:
        for number, window in self._series[obligation_id, duty, toward].until(moment_s):
            obligation = self._obligations[obligation_id]
            self._made(obligation, duty, toward, str(number)).window = window

    def _settle(self, now_s: int) -> None:
        for series in self._series:
            self._make_windows(*series, now_s)
        if now_s < self._now_s:
            self._dirty.update(self._instances.values())
        while self._due and self._due[0][0] <= now_s:
            self._dirty.add(self._instances[heapq.heappop(self._due)[1]])
        self._now_s = now_s
        for one in self._dirty:
            self._settle_one(one, now_s)
        self._dirty.clear()

    def _settle_one(self, one: Kept, now_s: int) -> None:
        """Only the stage is kept: most instances are closed, and nobody asks for them again."""
        marks = self._marks(one)
        stage, next_s = stage_until(marks, now_s)
        if stage is not one.stage:
            if one.stage is not None:
                self._counts[one.obligation.id, one.stage] -= 1
            self._counts[one.obligation.id, stage] += 1
            one.stage = stage
        one.standing = None
        (self._open.add if is_open(stage, marks, now_s) else self._open.discard)(one)
        if next_s is not None:
            heapq.heappush(self._due, (next_s, one.name))

    def _marks(self, one: Kept) -> list[Mark]:
        return self._clocks.marks(one, self._receipts, self._resting.of(one.obligation))

    def _standing(self, one: Kept) -> Standing:
        if one.standing is None:
            assert one.stage is not None, "it was settled"
            one.standing = seen(one, self._marks(one), one.stage, self._now_s)
        return one.standing

    def standing(self, now_s: int) -> list[Standing]:
        """Every instance, in the order of names."""
        self._settle(now_s)
        return [self._standing(self._instances[name]) for name in sorted(self._instances)]

    def open(self, now_s: int) -> list[Standing]:
        """Those about which something may still be done, the soonest due first."""
        self._settle(now_s)
        return sorted(map(self._standing, self._open), key=soonest)

    def counts(self, now_s: int) -> Mapping[tuple[str, Stage], int]:
        """How many instances of each obligation, by its id, stand at each stage."""
        self._settle(now_s)
        return {key: count for key, count in sorted(self._counts.items()) if count}


def is_open(stage: Stage, marks: Iterable[Mark], now_s: int) -> bool:
    """What is late and has its evidence is closed, and stays late."""
    if stage is not Stage.LATE:
        return stage in OPEN
    return not any(event is Event.KEPT and at_s <= now_s for at_s, _, event, _ in marks)


def soonest(one: Standing) -> tuple[bool, int, str]:
    return one.due_s is None, one.due_s or 0, one.name


def seen(one: Instance, marks: list[Mark], stage: Stage, now_s: int) -> Standing:
    """The instance as of now: what comes later is not known yet."""
    began_s = due_s = kept_s = None
    evidence: list[int] = []
    procedure: list[tuple[Event, int]] = []
    for at_s, _, event, fact in sorted(marks):
        if event is Event.OVERDUE:
            due_s = at_s
        elif at_s > now_s:
            continue
        elif event is Event.STARTED:
            began_s = at_s
        elif event is Event.KEPT:
            kept_s = at_s if kept_s is None else kept_s
            evidence.append(fact)
        elif fact != CLOCK:
            procedure.append((event, fact))
    return Standing(
        name=one.name,
        obligation=one.obligation,
        duty=one.duty,
        toward=one.toward,
        stage=stage,
        began_s=began_s,
        due_s=due_s,
        kept_s=kept_s,
        trigger=one.triggers[0].fact if one.triggers else None,
        evidence=tuple(evidence),
        procedure=tuple(procedure),
    )
