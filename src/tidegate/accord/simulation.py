"""A made-up life under an accord, for people who write one: what would be asked of them, and how often.

Nothing here says what will happen. Whatever may start a clock does so a few times a year, and most of what is
owed comes in time; the same seed makes the same years.
"""

import random
from dataclasses import dataclass

from tidegate.accord.clocks import Clocks, Instance
from tidegate.accord.owing import owes, pairs
from tidegate.accord.spans import begin_of_day, midnight_after, parse_day, parse_span
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

YEARS_MAX = 50
"""Years of one simulation."""

YEAR_S = 365 * 86_400
RECEIVED_S = 600
SHARE = 1_000


@dataclass(frozen=True, slots=True)
class Habits:
    """How the parties live: so many triggers of each clock a year, for each pair of them; of a thousand
    obligations so many are kept in time, and of the others so many never."""

    triggers_a_year: int = 4
    in_time: int = 950
    never: int = 300


class Life:
    """One run; `told` grows in no order, and is sorted at the end."""

    def __init__(self, accord: Accord, begin_s: int, until_s: int, habits: Habits, seed: int) -> None:
        self._accord = accord
        self._begin_s = begin_s
        self._until_s = until_s
        self._habits = habits
        self._luck = random.Random(seed)
        self._clocks = Clocks(accord)
        self._codes = accord.codes
        self._recurring = {one.evidence for one in accord.obligation if isinstance(one.clock, Every)}
        self._told: list[Told] = []

    def told(self) -> list[Told]:
        for obligation in self._accord.obligation:
            for duty, toward in pairs(obligation, self._codes):
                self._live(obligation, duty, toward)
        return self._told

    def _live(self, obligation: Obligation, duty: PartyCode, toward: PartyCode) -> None:
        match obligation.clock:
            case Every(span=span):
                windows = Windows(parse_span(span), self._begin_s, None)
                for _, window in windows.until(self._until_s):
                    self._keep(obligation, duty, toward, window.begin_s, window.end_s)
            case By(date=date):
                self._keep(obligation, duty, toward, self._begin_s, midnight_after(parse_day(date)))
            case Before(act=act):
                for at_s in self._moments():
                    self._announce(obligation, duty, toward, act, at_s)
            case After(event=event) if event in self._recurring:
                pass  # it is answered whenever it comes
            case After(event=event, obliges="author"):
                for at_s in self._moments():
                    self._answer(obligation, duty, toward, self._say(event, duty, toward, at_s))
            case After(event=event) | Never(act=event):
                for at_s in self._moments():
                    self._answer(obligation, duty, toward, self._say(event, toward, duty, at_s))

    def _moments(self) -> list[int]:
        years = max(1, (self._until_s - self._begin_s) // YEAR_S)
        count = years * self._habits.triggers_a_year
        return sorted(self._luck.randrange(self._begin_s, self._until_s) for _ in range(count))

    def _keep(
        self, obligation: Obligation, duty: PartyCode, toward: PartyCode, begin_s: int, end_s: int
    ) -> None:
        """Once in its time, in each language; now and then not at all."""
        if self._luck.randrange(SHARE) >= self._habits.in_time:
            return
        at_s = self._luck.randrange(begin_s, max(begin_s + 1, end_s - RECEIVED_S))
        in_each = isinstance(obligation.clock, Every) and obligation.clock.in_each_language
        for language in self._accord.languages.authentic if in_each else ("",):
            said = self._say(
                obligation.evidence, duty, toward, at_s, language=language, track=obligation.track
            )
            self._react(said, toward)

    def _react(self, said: Occurrence, party: PartyCode) -> None:
        """What recurs may ask for an answer, as a communication check does."""
        for obligation in self._accord.obligation:
            match obligation.clock:
                case After(event=event, obliges="addressee") if event == said.kind:
                    if owes(obligation, self._codes, party, said.by):
                        self._answer(obligation, party, said.by, said)

    def _announce(
        self, obligation: Obligation, duty: PartyCode, toward: PartyCode, act: Happening, at_s: int
    ) -> None:
        notice = Occurrence(
            fact=0, kind="notice", by=duty, toward=(toward,), at_s=at_s, reference="", act=act
        )
        due_s = self._clocks.timed(Instance("", obligation, duty, toward, evidence={0: notice}), {}).due_s
        assert due_s is not None, "a notice says when its act begins"
        said_s = self._moment_for(due_s - YEAR_S // 52, due_s)
        if said_s is not None:
            self._say("notice", duty, toward, said_s, act=act, begins_s=at_s)

    def _answer(
        self, obligation: Obligation, duty: PartyCode, toward: PartyCode, trigger: Occurrence
    ) -> None:
        receipts = {(trigger.reference, duty): trigger.at_s + RECEIVED_S}
        due_s = self._clocks.timed(
            Instance("", obligation, duty, toward, triggers=(trigger,)), receipts
        ).due_s
        assert due_s is not None, "the trigger has been received"
        said_s = self._moment_for(trigger.at_s + RECEIVED_S, due_s)
        if said_s is not None:
            self._say(obligation.evidence, duty, toward, said_s, about=trigger.reference)

    def _moment_for(self, begin_s: int, due_s: int) -> int | None:
        """In time mostly, else late or never; None for never."""
        if self._luck.randrange(SHARE) < self._habits.in_time:
            return self._luck.randrange(begin_s, max(begin_s + 1, due_s - RECEIVED_S))
        never = self._luck.randrange(SHARE) < self._habits.never
        return None if never else due_s + self._luck.randrange(1, 86_400)

    def _say(
        self,
        kind: Happening,
        by: PartyCode,
        toward: PartyCode,
        at_s: int,
        *,
        about: str = "",
        act: Happening | None = None,
        begins_s: int | None = None,
        language: str = "",
        track: str = "",
    ) -> Occurrence:
        said = Occurrence(
            fact=len(self._told),
            kind=kind,
            by=by,
            toward=(toward,),
            at_s=at_s if begins_s is None else begins_s,
            reference=f"s{len(self._told)}",
            about=about,
            sent_at_s=at_s,
            act=act,
            language=language,
            track=track,
        )
        self._told.append(said)
        received_s = at_s + self._luck.randrange(1, RECEIVED_S)
        self._told.append(
            Receipted(fact=len(self._told), reference=said.reference, by=toward, at_s=received_s)
        )
        return said


def simulated(
    accord: Accord, begin: str, years: int, habits: Habits, seed: int
) -> tuple[int, int, list[Told]]:
    """When it enters into force, when the years are over, and all that was told in between."""
    day = parse_day(begin)
    begin_s = begin_of_day(day)
    until_s = begin_of_day(day.replace(year=day.year + years, day=min(day.day, 28)))
    return begin_s, until_s, Life(accord, begin_s, until_s, habits, seed).told()
