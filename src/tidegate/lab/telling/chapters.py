"""The chapters of the demo in their order: what begins each, what ends it, and what it tells.

A chapter begins when the one before has ended and what it is about is there; nothing is told that the nodes
and the lab's routers do not say. Captions stand by the chapters' names in tidegate.model.labels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tidegate.app import chapters as told
from tidegate.app.chapters import ChapterFacts, ChapterTold, Decision
from tidegate.app.demonstration import Truth
from tidegate.lab.story import Scene
from tidegate.lab.telling.talk import Heard
from tidegate.model.attacks import Attack
from tidegate.ports.control import PlanView

OFFICERS_NEEDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that the story knows at one moment. `plans` are those for the first flood that propose something,
    by number, and `stages` all stages that any of them was seen in; `ends` is how every plan stands. Whether
    that flood passes is `begun`."""

    elapsed_s: float
    scene: Scene
    begun: bool
    sessions_up: int
    exporters: int
    border_points: tuple[str, ...]
    inbound_bits_per_s: int
    attack: Attack | None
    attacks_ended: int
    all_ended: bool
    plans: tuple[PlanView, ...]
    stages: frozenset[str]
    ends: Mapping[int, str]
    under_way: bool
    still_held: int
    truth: Truth
    heard: Heard
    cut: told.Cut | None
    proved: told.Proved | None

    @property
    def is_let_go(self) -> bool:
        """Every attack is over, no plan is under way, and nobody holds a rule."""
        return self.all_ended and not self.under_way and not self.still_held

    @property
    def plan(self) -> PlanView:
        return self.plans[-1]

    @property
    def is_signed(self) -> bool:
        """By both; one who signs in the page may do so long before the other."""
        return bool(self.plans) and len(self.plan.approvals) >= OFFICERS_NEEDED


@dataclass(frozen=True, slots=True)
class Chapter:
    """`asks` is what a person decides in it; its end then awaits that."""

    name: str
    begins: Callable[[Seen], bool]
    ends: Callable[[Seen], bool]
    tells: Callable[[Seen], ChapterFacts]
    asks: Decision | None = None


IN_FORCE = frozenset(("spot test", "widening", "held", "relaxing", "lifted", "lapsed"))
TRIED = frozenset(("widening", "held", "relaxing", "lifted", "lapsed"))
HELD = frozenset(("held", "relaxing", "lifted", "lapsed"))


def always(_: Seen) -> bool:
    return True


def ordinary(seen: Seen) -> told.OrdinaryDay:
    return told.OrdinaryDay(
        border_points=seen.border_points,
        exporters=seen.exporters,
        sessions_up=seen.sessions_up,
        inbound_bits_per_s=seen.inbound_bits_per_s,
    )


def flooding(seen: Seen) -> told.Flooding:
    scene = seen.scene
    return told.Flooding(
        story=scene.story,
        target=scene.target,
        border_points=scene.border_points,
        bits_per_s=round(scene.bits_per_s),
    )


def detected(seen: Seen) -> told.Detected:
    attack = seen.attack
    assert attack is not None, "the chapter begins with it"
    peak = attack.peak_bits_per_s
    return told.Detected(
        attack=attack.number,
        targets=attack.targets,
        vectors=tuple(part.vector for part in attack.vectors),
        bits_per_s=(peak.estimate, peak.low, peak.high),
    )


def proposed(seen: Seen) -> told.Proposed:
    plan = seen.plan.plan
    removed, lost = plan.forecast.attack_removed, plan.forecast.lost_bytes
    return told.Proposed(
        plan=plan.number,
        rules=len({rule.match for rule in plan.rules}),
        attack_removed=(removed.low, removed.high),
        others_lost=(lost.low, lost.high),
    )


def signed(seen: Seen) -> told.Signed:
    officers = tuple(word.officer for word in seen.plan.approvals)
    return told.Signed(plan=seen.plan.plan.number, officers=officers)


def tested(seen: Seen) -> told.Tested:
    verdict = next((one for one in seen.plan.verdicts if one.passed), None)
    assert verdict is not None, "it widens after a verdict"
    kept = verdict.others_kept
    return told.Tested(
        plan=seen.plan.plan.number,
        border_point=verdict.border_point,
        attack_removed=None if verdict.removed is None else verdict.removed.estimate,
        others_kept=None if kept is None else kept.estimate,
    )


def widened(seen: Seen) -> told.Widened:
    points = tuple(dict.fromkeys(rule.border_point for rule in seen.plan.plan.rules))
    return told.Widened(plan=seen.plan.plan.number, border_points=points)


def falling(seen: Seen) -> told.Falling:
    return told.Falling(
        plan=seen.plan.plan.number,
        attack_removed=seen.truth.attack_removed,
        others_lost=seen.truth.others_lost,
    )


def clock(seen: Seen) -> told.Clock:
    assert seen.heard.clock is not None, "the chapter begins with it"
    return seen.heard.clock


def notified(seen: Seen) -> told.Notified:
    assert seen.heard.notified is not None, "the chapter ends with it"
    return seen.heard.notified


def answered(seen: Seen) -> told.Answered:
    assert seen.heard.answered is not None, "the chapter ends with it"
    return seen.heard.answered


def kept(seen: Seen) -> told.Kept:
    assert seen.heard.kept is not None, "the chapter ends with it"
    return seen.heard.kept


def cut(seen: Seen) -> told.Cut:
    assert seen.cut is not None, "the chapter ends with it"
    return seen.cut


def lapsed(seen: Seen) -> told.Lapsed:
    return told.Lapsed(ends=dict(seen.ends), still_held=seen.still_held)


def quiet(seen: Seen) -> told.Quiet:
    return told.Quiet(attacks_ended=seen.attacks_ended, inbound_bits_per_s=seen.inbound_bits_per_s)


def proved(seen: Seen) -> told.Proved:
    assert seen.proved is not None, "the chapter ends with it"
    return seen.proved


CHAPTERS = (
    Chapter("ordinary", always, lambda seen: seen.begun, ordinary),
    Chapter("flood", always, lambda seen: seen.attack is not None, flooding),
    Chapter("detected", always, lambda seen: bool(seen.plans), detected),
    Chapter("plan", always, lambda seen: seen.is_signed, proposed, "approve"),
    Chapter("approved", always, lambda seen: bool(seen.stages & IN_FORCE), signed),
    Chapter("spot-test", always, lambda seen: bool(seen.stages & TRIED), tested),
    Chapter("widening", always, lambda seen: bool(seen.stages & HELD), widened),
    Chapter("falling", always, lambda seen: seen.truth.attack_removed is not None, falling),
    Chapter("clock", lambda seen: seen.heard.clock is not None, always, clock),
    Chapter("notified", always, lambda seen: seen.heard.notified is not None, notified, "notify"),
    Chapter("answered", always, lambda seen: seen.heard.answered is not None, answered, "reply"),
    Chapter("kept", always, lambda seen: seen.heard.kept is not None and seen.heard.kept.alike, kept),
    Chapter("cut", lambda seen: seen.cut is not None, always, cut, "go-on"),
    Chapter("lapsed", always, lambda seen: seen.is_let_go, lapsed),
    Chapter("quiet", always, lambda seen: seen.all_ended, quiet),
    Chapter("proved", always, lambda seen: seen.proved is not None, proved),
)
"""The story. Tests and people are shown the same."""

NAMES = tuple(chapter.name for chapter in CHAPTERS)


@dataclass
class Narrator:
    """Moves from chapter to chapter as what is seen allows. `reading_s` is how long each stays at least, and
    `waits` whether a chapter that asks something awaits `decide`. `present` is what the chapter that is being
    told says already."""

    reading_s: float
    waits: bool
    told: list[ChapterTold] = field(default_factory=list)
    decided: set[Decision] = field(default_factory=set)
    present: ChapterFacts | None = None
    _at: int = -1
    _began_s: float = 0.0

    @property
    def current(self) -> str:
        """The chapter that is being told; the first before the story began, the last after its end."""
        return NAMES[min(max(self._at, 0), len(NAMES) - 1)]

    @property
    def number(self) -> int:
        """Of the current chapter, from 1."""
        return NAMES.index(self.current) + 1

    @property
    def over(self) -> bool:
        return len(self.told) == len(CHAPTERS)

    @property
    def awaits(self) -> Decision | None:
        """What a person is asked now."""
        chapter = CHAPTERS[min(max(self._at, 0), len(CHAPTERS) - 1)]
        asks = chapter.asks
        return asks if self.waits and not self.over and asks not in self.decided else None

    def decide(self) -> Decision | None:
        """The person agrees to what is asked, if anything is."""
        asked = self.awaits
        if asked is not None:
            self.decided.add(asked)
        return asked

    def turn(self, seen: Seen) -> None:
        """Several short chapters may pass in one turn where nobody reads."""
        while not self.over and self._pass(seen):
            pass
        chapter = CHAPTERS[max(self._at, 0)]
        self.present = chapter.tells(seen) if self._at >= 0 and chapter.ends(seen) else None

    def _pass(self, seen: Seen) -> bool:
        """To the end of this chapter, or of the next where this one has ended; False where that awaits
        something."""
        following = self._at + 1
        if len(self.told) == following:
            if not CHAPTERS[following].begins(seen):
                return False
            self._at, self._began_s = following, seen.elapsed_s
        chapter = CHAPTERS[self._at]
        read = seen.elapsed_s - self._began_s >= self.reading_s
        if not (read and self.awaits is None and chapter.ends(seen)):
            return False
        self.told.append(
            ChapterTold(
                chapter=chapter.name,
                began_s=self._began_s,
                ended_s=seen.elapsed_s,
                told=chapter.tells(seen),
            )
        )
        return True
