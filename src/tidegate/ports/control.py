"""What people ask of a running node about plans, the border and the hotline, and what it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from tidegate.model.attacks import Attack, Rate
from tidegate.model.plans import Officer, Plan, Score, Signed
from tidegate.model.refusals import NotAllowed
from tidegate.model.verdicts import Verdict
from tidegate.ports.border import LiveRule, ReadBack, SessionView
from tidegate.ports.hotline_control import HotlineReply, HotlineRequest


class NotApproved(NotAllowed):
    """The act needs an approval that it does not have, or a word that does not hold."""


class ListPlans(msgspec.Struct, frozen=True, tag=True):
    """Every plan that has not ended, and the last that have."""


class ShowPlan(msgspec.Struct, frozen=True, tag=True):
    plan: int


class ListScores(msgspec.Struct, frozen=True, tag=True):
    """How the last forecasts came out."""


class GiveWord(msgspec.Struct, frozen=True, tag=True):
    """An officer approves, refuses or withdraws; nothing but the signature says who it is."""

    word: Signed


class ShowBorder(msgspec.Struct, frozen=True, tag=True):
    """Sessions, live rules and what receivers hold, as last seen."""


class ClearBorder(msgspec.Struct, frozen=True, tag=True):
    """Take everything back at once. Whoever may open the socket may ask for it, and is put on record."""


class ShowNow(msgspec.Struct, frozen=True, tag=True):
    """What comes in now, and the attacks under way; with so many seconds before this one."""

    seconds: int


Request = ListPlans | ShowPlan | ListScores | GiveWord | ShowBorder | ClearBorder | ShowNow | HotlineRequest


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """One plan and where it stands. `may_act` is false where no speaker is configured: then nothing of it
    can come into force."""

    plan: Plan
    stage: str
    since_ms: int
    approvals: tuple[Signed, ...]
    in_force: tuple[str, ...]
    lease_until_ms: int | None
    verdicts: tuple[Verdict, ...]
    why: str
    may_act: bool


class Plans(msgspec.Struct, frozen=True, tag=True):
    """Newest first. `officers` are those whose word counts now."""

    plans: tuple[PlanView, ...]
    officers: tuple[Officer, ...]


class Scores(msgspec.Struct, frozen=True, tag=True):
    """Newest last."""

    scores: tuple[Score, ...]


class WordTaken(msgspec.Struct, frozen=True, tag=True):
    """On record now. `lacking` says what the plan still waits for; empty where nothing."""

    stage: str
    lacking: str


class BorderSeen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`at_ms` is None before anything was seen; `trouble` says why the border does not answer."""

    speaker: str
    at_ms: int | None
    live: tuple[LiveRule, ...]
    sessions: tuple[SessionView, ...]
    read_back: tuple[ReadBack, ...]
    trouble: str
    findings: tuple[str, ...]


class Cleared(msgspec.Struct, frozen=True, tag=True):
    plans: int


class InboundNow(msgspec.Struct, frozen=True, kw_only=True):
    """Of one second: `border_point` "" is that of exporters that belong to none, `vector` "" is not IP."""

    border_point: str
    vector: str
    bits_per_s: int
    packets_per_s: int


class PointSecond(msgspec.Struct, frozen=True):
    """Bits a second in the order of `Now.points`."""

    second: int
    bits_per_s: tuple[int, ...]


class Now(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The last closed second, `second` None before the first. `inbound` adds up to the totals; `unscaled` is
    the share of the bits, in millionths, whose sampling is unknown; `point_bits_per_s` is in the order of
    `points`; `past` is oldest first and ends with this second; `attacks` are as last observed, the strongest
    first.

    A receive second holds what exporters told in it, also where that flowed over a minute.
    """

    node: str
    second: int | None
    bits_per_s: Rate
    packets_per_s: Rate
    unscaled: int
    records_per_s: int
    points: tuple[str, ...]
    point_bits_per_s: tuple[Rate, ...]
    inbound: tuple[InboundNow, ...]
    past: tuple[PointSecond, ...]
    attacks: tuple[Attack, ...]
    attacks_left_out: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """`kind` "approval" where an approval or a word is wanting, "rule" where nobody may do it."""

    kind: Literal["approval", "rule"]
    why: str


class Unable(msgspec.Struct, frozen=True, tag=True):
    """Something outside the node failed (tidegate.ports.outside)."""

    what: str
    where: str
    remedy: str


Reply = Plans | Scores | WordTaken | BorderSeen | Cleared | Now | Refused | Unable | HotlineReply


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that waits for its answer. `who` is the user behind the other end, as the kernel says."""

    request: Request
    who: str
    answer: Callable[[Reply], None]


class ControlDoor(Protocol):
    """The node's side: questions come in beside its work, and are answered between two of its turns."""

    def start(self) -> None:
        """OutsideFailed where it cannot listen."""

    def waiting(self) -> Sequence[Asked]:
        """What came since the last call; it never waits. Each is to be answered once."""

    def stop(self) -> None: ...


class ControlLine(Protocol):
    """The side of whoever asks."""

    def ask(self, request: Request) -> Reply:
        """One question. OutsideFailed where no node runs, or it does not answer."""
