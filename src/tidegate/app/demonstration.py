"""What the demo tells while it runs and when it ends, as values that any door can show."""

from pathlib import Path
from typing import Protocol

import msgspec

from tidegate.app.chapters import ChapterFacts, ChapterTold, Decision, Kept, Letter, Proved
from tidegate.model.attacks import Attack
from tidegate.model.plans import MILLION, Score
from tidegate.ports.control import PlanView

__all__ = [
    "ConsoleView",
    "DemoOrder",
    "DemoReport",
    "DemoRun",
    "DemoView",
    "Expectation",
    "ExporterView",
    "PlanOutcome",
    "PlanView",  # for doors, which know no ports
    "RouterView",
    "Truth",
    "removed",
]

ENDED_BY_ITSELF = ("lifted", "lapsed")


class ExporterView(msgspec.Struct, frozen=True, kw_only=True):
    """One exporter at one moment. `sampling_rate` is 0 where it is unknown."""

    name: str
    border_point: str
    protocol: str
    sampling_rate: int
    records_per_s: int
    age_ms: int


class RouterView(msgspec.Struct, frozen=True, kw_only=True):
    """One border router of the lab at one moment: its BGP session, and the rules that it enforces."""

    name: str
    border_point: str
    session_up: bool
    rules: int


class DemoOrder(msgspec.Struct, frozen=True, kw_only=True):
    """How the demo is to be told. `folder` keeps its state, None throws it away. `waits` for a person where
    one decides; `reading_s` is how long each chapter stays at least; `console` opens one beside the node."""

    folder: Path | None
    waits: bool
    reading_s: float
    console: bool


class ConsoleView(msgspec.Struct, frozen=True, kw_only=True):
    """`link` lets in once, to look. `code` is for the next person to make a passkey in the page, "" after the
    last; `officers` have made one, and `fingerprint` is that of the last of them."""

    link: str
    code: str
    officers: tuple[str, ...]
    fingerprint: str


class DemoView(msgspec.Struct, frozen=True, kw_only=True):
    """The demo at one moment. `inbound_bits_per_s` holds the last seconds, newest last.

    `plans` are what the node tells at its control socket, by number; `words` count the officers' signatures.
    `chapter` is being told, and says `present` already; `told` are those that are over; `awaits` is what a
    person is asked now. `letter` is the message that is on the table, None where none is. `ready_ms` is how
    long after the start of its process the first chapter was shown, and the page could be opened where there
    is one; None until then, or where the machine does not tell.
    """

    elapsed_s: float
    of_s: float
    step: str
    exporters: tuple[ExporterView, ...]
    routers: tuple[RouterView, ...]
    inbound_bits_per_s: tuple[int, ...]
    attacks: tuple[Attack, ...]
    ended: frozenset[int]
    plans: tuple[PlanView, ...]
    words: int
    facts: int
    chapter: str
    present: ChapterFacts | None
    told: tuple[ChapterTold, ...]
    awaits: Decision | None
    letter: Letter | None
    console: ConsoleView | None
    ready_ms: int | None


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """One attack that the lab sent, beside what was made of it.

    `sent_bits_per_s` is the true rate of IP bytes; `sent_vectors` are the kinds that the sent packets
    are of, the heaviest first. `number` is the attack's on record, None where it was missed;
    `after_ms` runs from its first packet to its record.
    """

    story: str
    target: str
    exporters: tuple[str, ...]
    border_points: tuple[str, ...]
    protocols: tuple[str, ...]
    sampling_told: bool
    sent_bits_per_s: int
    sent_packets_per_s: int
    sent_vectors: tuple[str, ...]
    number: int | None
    after_ms: int | None
    detected: Attack | None
    right_target: bool
    right_vectors: bool
    rate_within_interval: bool | None


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules for one target truly did, by the lab routers' own account while they held them.

    Bytes that came and bytes that went through, of the attack and of everything else towards the target.
    """

    attack_came: int
    attack_went: int
    others_came: int
    others_went: int

    @property
    def attack_removed(self) -> int | None:
        """In millionths; None where nothing came while rules were held."""
        return removed(self.attack_came, self.attack_went)

    @property
    def others_lost(self) -> int | None:
        return removed(self.others_came, self.others_went)


def removed(came: int, went: int) -> int | None:
    return MILLION - MILLION * went // came if came else None


class PlanOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One plan from its proposal to its end: `path` are the stages that it was seen in, oldest first.

    `score` is the forecast beside what telemetry measured, None where nothing was measured.
    """

    target: str
    view: PlanView
    path: tuple[str, ...]
    score: Score | None
    truth: Truth

    @property
    def held(self) -> bool:
        return "held" in self.path


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """How the demo ended. `false_alarms` are attacks on record that the lab did not send.

    `still_held` counts rules that the speaker or a router held at the end; `ready_ms` is as in `DemoView`.
    """

    expectations: tuple[Expectation, ...]
    false_alarms: tuple[Attack, ...]
    plans: tuple[PlanOutcome, ...]
    words: int
    refusals: tuple[str, ...]
    still_held: int
    facts: int
    ledger_verified: bool
    datagrams_sent: int
    datagrams_lost: int
    records: int
    seconds: float
    chapters: tuple[ChapterTold, ...]
    chapters_meant: int
    ready_ms: int | None

    def plans_for(self, sent: Expectation) -> tuple[PlanOutcome, ...]:
        return tuple(one for one in self.plans if one.view.plan.attack == sent.number)

    def is_well_met(self, sent: Expectation) -> bool:
        """Found as it was sent; and then held by a plan that ended by itself and whose forecast was judged,
        or left alone for a reason: nothing is proposed on what cannot be scaled."""
        if not (sent.right_target and sent.right_vectors and sent.detected):
            return False
        plans = self.plans_for(sent)
        if not sent.detected.actionable:
            return not plans
        nothing = bool(plans) and all(not one.view.plan.rules and one.view.plan.reasons for one in plans)
        return nothing or any(
            one.held and one.score is not None and one.view.stage in ENDED_BY_ITSELF for one in plans
        )

    @property
    def all_is_well(self) -> bool:
        """Every attack was met as it should be, nothing is left in force, every chapter came to its end, and
        both ledgers prove it."""
        met = all(self.is_well_met(sent) for sent in self.expectations)
        unharmed = not self.false_alarms and not self.still_held and not self.refusals
        return met and unharmed and self.ledger_verified and self.story_is_whole

    @property
    def story_is_whole(self) -> bool:
        """Told to the end; both sides' standings alike, and both sides' evidence whole."""
        said = [one.told for one in self.chapters]
        return (
            len(said) == self.chapters_meant
            and all(one.alike for one in said if isinstance(one, Kept))
            and all(one.is_whole for one in said if isinstance(one, Proved))
        )


class DemoRun(Protocol):
    """A demo that has been started; closing it ends every process and removes its state."""

    def advance(self) -> DemoView:
        """Goes on for a moment, at most half a second."""

    @property
    def over(self) -> bool:
        """The story has been told to its end, or its time is up."""

    def decide(self) -> None:
        """Whoever follows agrees to what is asked; nothing where nothing is."""

    def report(self) -> DemoReport: ...

    def close(self) -> None: ...
