"""Two demo officers at their own desks: they read each plan at the node's control socket, and sign it.

Their keys are made for the demo and die with its folder. They agree to whatever the node proposes, one after
the other, each after a moment of reading; a plan that proposes nothing needs nobody.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from tidegate.adapters.control import SocketLine
from tidegate.adapters.keys import KeyFile, generate_key
from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import Level, Plan, Score, Signed
from tidegate.ports.clock import Clock
from tidegate.ports.control import (
    BorderSeen,
    GiveWord,
    ListPlans,
    ListScores,
    Plans,
    PlanView,
    Refused,
    Reply,
    Request,
    Scores,
    ShowBorder,
    Unable,
)
from tidegate.ports.outside import OutsideFailed

LOOK_EVERY_S: Final = 0.25
READING_MS: Final = 1_500
"""How long a demo officer reads a plan before signing it; a person takes longer."""

PASSPHRASE: Final = "only-for-the-demo"
OFFICERS: Final[tuple[tuple[str, Level], ...]] = (("maryam", "centre"), ("tomas", "senior"))

Told = TypeVar("Told", bound=Reply)

log = logging.getLogger("tidegate.lab")


@dataclass(frozen=True, slots=True)
class DemoOfficer:
    """Somebody with a key of their own."""

    name: str
    key: KeyFile
    public_key: str

    def approves(self, plan: Plan) -> Signed:
        """Their word over the plan's exact bytes."""
        signature = self.key.sign(self.public_key, words_to_sign(plan, "approve"))
        return Signed(plan=plan.number, intent="approve", officer=self.name, signature=signature)


def appoint(folder: Path, roster: Path) -> tuple[DemoOfficer, ...]:
    """Makes each officer a key under a passphrase, and writes the roster that names them."""
    folder.mkdir(parents=True, exist_ok=True)
    officers = []
    lines = []
    for name, level in OFFICERS:
        path = folder / f"{name}.key"
        path.unlink(missing_ok=True)
        public_key = generate_key(path, PASSPHRASE)
        officers.append(DemoOfficer(name, KeyFile(path, lambda: PASSPHRASE), public_key))
        lines += [
            f"[officers.{name}]",
            f'level = "{level}"',
            f'public_key = "{public_key}"',
            "added = 2026-01-01T00:00:00Z",
            "",
        ]
    roster.write_text("\n".join(lines))
    roster.chmod(0o600)
    return tuple(officers)


@dataclass(frozen=True, slots=True)
class Overview:
    """What the node last told at its control socket."""

    plans: tuple[PlanView, ...] = ()
    scores: tuple[Score, ...] = ()
    border: BorderSeen | None = None


@dataclass
class DutyRoom:
    """The officers in a thread of their own, as people are: `start`, then look at `seen`, then `stop`.

    `words` are what was given, `refusals` what the node said to it where it did not take a word. `may_sign`
    says which plans they may begin to read.
    """

    state_folder: Path
    clock: Clock
    seen: Overview = Overview()
    words: list[Signed] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    may_sign: Callable[[PlanView], bool] = lambda _: True

    def __post_init__(self) -> None:
        self._line = SocketLine(self.state_folder)
        self._officers: tuple[DemoOfficer, ...] = ()
        self._stopping = threading.Event()
        self._read_from_ms: dict[tuple[int, str], int] = {}
        self._given: dict[tuple[int, str], Signed] = {}

    def start(self, appointed: Callable[[], tuple[DemoOfficer, ...]]) -> None:
        """They look once they are `appointed`, which is waited for in their thread."""
        threading.Thread(target=self._watch, args=[appointed], name="officers", daemon=True).start()

    def stop(self) -> None:
        """The node must go on turning until the officers have had their last answer, or be gone."""
        self._stopping.set()

    def _watch(self, appointed: Callable[[], tuple[DemoOfficer, ...]]) -> None:
        self._officers = appointed()
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self._look()
            except OutsideFailed as failure:
                log.debug("%s", failure)  # the node starts, stops, or is busy: they look again

    def _look(self) -> None:
        plans = self._ask(ListPlans(), Plans)
        scores = self._ask(ListScores(), Scores)
        border = self._ask(ShowBorder(), BorderSeen)
        self.seen = Overview(plans.plans, scores.scores, border)
        self._take_note(plans.plans)
        for word in self._due(plans.plans):
            self._given[word.plan, word.officer] = word
            answer = self._line.ask(GiveWord(word))
            if isinstance(answer, Unable):
                raise OutsideFailed(answer.what, answer.where, answer.remedy)
            del self._given[word.plan, word.officer]
            if isinstance(answer, Refused):
                if not self._is_asked(word.plan):
                    continue  # another plan has taken its place meanwhile: the word came too late
                self.refusals.append(answer.why)
            self.words.append(word)

    def _is_asked(self, plan: int) -> bool:
        """Whether officers are asked for their word about it now."""
        plans = self._ask(ListPlans(), Plans).plans
        return any(view.plan.number == plan and view.stage == "proposed" for view in plans)

    def _take_note(self, plans: tuple[PlanView, ...]) -> None:
        """A word whose answer did not come was taken where the plan bears it; else it is given again."""
        for view in plans:
            for approval in view.approvals:
                word = self._given.pop((view.plan.number, approval.officer), None)
                if word is not None:
                    self.words.append(word)

    def _ask(self, request: Request, kind: type[Told]) -> Told:
        answer = self._line.ask(request)
        if not isinstance(answer, kind):
            raise OutsideFailed(
                "the node answers another question", str(self.state_folder), "Look at its log."
            )
        return answer

    def _due(self, plans: tuple[PlanView, ...]) -> Iterator[Signed]:
        """The first officer reads, then signs; only then does the next begin to read."""
        now_ms = self.clock.now_ms()
        for view in plans:
            if view.stage != "proposed" or not view.plan.rules or not self.may_sign(view):
                continue
            given = {word.officer for word in self.words if word.plan == view.plan.number}
            if len(given | {word.officer for word in view.approvals}) >= len(self._officers):
                continue  # somebody else agreed, too
            officer = next((one for one in self._officers if one.name not in given), None)
            if officer is None:
                continue
            began_ms = self._read_from_ms.setdefault((view.plan.number, officer.name), now_ms)
            if now_ms - began_ms >= READING_MS:
                yield officer.approves(view.plan)
