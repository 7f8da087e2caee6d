"""The demo's story as values: its chapters, what each told, and what a person is asked to decide."""

from typing import Literal

import msgspec

from tidegate.app.hotline.reading import Letter

__all__ = [
    "DECISIONS",
    "Answered",
    "ChapterFacts",
    "ChapterTold",
    "Clock",
    "Cut",
    "Decision",
    "Detected",
    "Falling",
    "Flooding",
    "Kept",
    "KeptBy",
    "Lapsed",
    "Letter",
    "Notified",
    "OrdinaryDay",
    "Proposed",
    "Proved",
    "ProvedBy",
    "Quiet",
    "Signed",
    "Tested",
    "Widened",
]

Decision = Literal["approve", "notify", "reply", "go-on"]
"""What the story waits for a person to do: sign the plan, sign the notification, sign the answer, read on."""

DECISIONS: tuple[Decision, ...] = ("approve", "notify", "reply", "go-on")


class OrdinaryDay(msgspec.Struct, frozen=True, kw_only=True, tag="ordinary"):
    border_points: tuple[str, ...]
    exporters: int
    sessions_up: int
    inbound_bits_per_s: int


class Flooding(msgspec.Struct, frozen=True, kw_only=True, tag="flood"):
    """What the lab sends, by its own account."""

    story: str
    target: str
    border_points: tuple[str, ...]
    bits_per_s: int


class Detected(msgspec.Struct, frozen=True, kw_only=True, tag="detected"):
    """As the attack was first told; rates with their 90 % interval."""

    attack: int
    targets: tuple[str, ...]
    vectors: tuple[str, ...]
    bits_per_s: tuple[int, int, int]


class Proposed(msgspec.Struct, frozen=True, kw_only=True, tag="plan"):
    """Shares in millionths: at least and at most, with nine chances in ten."""

    plan: int
    rules: int
    attack_removed: tuple[int, int]
    others_lost: tuple[int, int]


class Signed(msgspec.Struct, frozen=True, kw_only=True, tag="approved"):
    plan: int
    officers: tuple[str, ...]


class Tested(msgspec.Struct, frozen=True, kw_only=True, tag="spot-test"):
    """What telemetry measured at the first border point; None where it could not say."""

    plan: int
    border_point: str
    attack_removed: int | None
    others_kept: int | None


class Widened(msgspec.Struct, frozen=True, kw_only=True, tag="widening"):
    plan: int
    border_points: tuple[str, ...]


class Falling(msgspec.Struct, frozen=True, kw_only=True, tag="falling"):
    """What truly came to the routers while rules were held, and what went through; millionths, None where
    nothing came."""

    plan: int
    attack_removed: int | None
    others_lost: int | None


class Clock(msgspec.Struct, frozen=True, kw_only=True, tag="clock"):
    """What the accord asks about this attack from the moment it is known."""

    accord: str
    digest: str
    article: str
    obligation: str
    text: dict[str, str]
    duty: str
    toward: str
    known_s: int
    due_s: int


class Notified(msgspec.Struct, frozen=True, kw_only=True, tag="notified"):
    """`pages` are the first lines of the message in each side's own language. `r1_s` is when their station
    had it, `r2_s` when an officer of theirs had opened it, by the receipts that were signed."""

    message: str
    reference: str
    officers: tuple[str, ...]
    languages: tuple[str, str]
    pages: dict[str, tuple[str, ...]]
    r1_s: int
    r2_s: int


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """XB's question and XA's answer to it, each by its message and what it says in codes."""

    question: str
    asked: tuple[str, ...]
    reply: str
    finding: str
    measures: tuple[str, ...]
    r1_s: int


class KeptBy(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation that is met, as one side's own ledger shows it; `facts` are numbers in that ledger."""

    node: str
    article: str
    obligation: str
    duty: str
    toward: str
    stage: str
    due_s: int
    kept_s: int
    facts: tuple[int, ...]


class Kept(msgspec.Struct, frozen=True, kw_only=True, tag="kept"):
    """Both sides' standings; `alike` where they say the same of each obligation."""

    rows: tuple[KeptBy, ...]
    alike: bool


class Cut(msgspec.Struct, frozen=True, kw_only=True, tag="cut"):
    """A cut of the country's foreign links, in thought, over a made-up topology. Shares of pairs of people,
    from 0 to 1, along the links that are seen; `link` are the two networks that would bring most of them
    together again, and `advised` is what there would be with it."""

    world: str
    country: str
    people: int
    networks: int
    abroad_before: float
    abroad_after: float
    inside_before: float
    inside_after: float
    link: tuple[int, int] | None
    advised: float


class Lapsed(msgspec.Struct, frozen=True, kw_only=True, tag="lapsed"):
    """How each plan ended, by its number."""

    ends: dict[int, str]
    still_held: int


class Quiet(msgspec.Struct, frozen=True, kw_only=True, tag="quiet"):
    attacks_ended: int
    inbound_bits_per_s: int


class ProvedBy(msgspec.Struct, frozen=True, kw_only=True):
    """One side's ledger, and its bundle of evidence about the notification as `tidegate verify` reads it."""

    node: str
    facts: int
    intact: bool
    cosigned_facts: int
    bundle: str
    holds: bool
    lines: tuple[str, ...]


class Proved(msgspec.Struct, frozen=True, kw_only=True, tag="proved"):
    message: str
    sides: tuple[ProvedBy, ...]

    @property
    def is_whole(self) -> bool:
        """Both ledgers intact, both bundles hold, and each ledger was cosigned by the other side."""
        return bool(self.sides) and all(
            one.intact and one.holds and one.cosigned_facts > 0 for one in self.sides
        )


ChapterFacts = (
    OrdinaryDay
    | Flooding
    | Detected
    | Proposed
    | Signed
    | Tested
    | Widened
    | Falling
    | Clock
    | Notified
    | Answered
    | Kept
    | Cut
    | Lapsed
    | Quiet
    | Proved
)


class ChapterTold(msgspec.Struct, frozen=True, kw_only=True):
    """One chapter that is over: when it began and ended, in seconds of the story, and what it told."""

    chapter: str
    began_s: float
    ended_s: float
    told: ChapterFacts
