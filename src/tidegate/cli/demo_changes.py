"""What is new in the demo since the last look: steps, attacks, and each turn in a plan's life, in words."""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidegate.cli import words
from tidegate.cli.demo_chapters import chapter_words
from tidegate.cli.demo_words import few_vectors, listed, percent, span

if TYPE_CHECKING:
    from tidegate.app.chapters import ChapterTold
    from tidegate.app.demonstration import DemoView, PlanView
    from tidegate.model.attacks import Attack
    from tidegate.model.plans import Plan
    from tidegate.model.verdicts import Verdict

ENDS = ("lifted", "lapsed", "failed", "refused", "withdrawn", "superseded", "expired")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened: `event` names it for programs, `told` is the value that it is about."""

    event: str
    words: str
    told: "Attack | Plan | Verdict | PlanView | ChapterTold | str | int"


WARNINGS_MAX = 100
"""Warnings of the node that wait to be shown; the oldest beyond are dropped, as on any screen."""


class Overheard(logging.Handler):
    """What the node would write to its log, kept for whoever follows the demo."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.waiting: deque[str] = deque(maxlen=WARNINGS_MAX)

    def emit(self, record: logging.LogRecord) -> None:
        self.waiting.append(record.getMessage())

    def __enter__(self) -> "Overheard":
        """From now on the node's log is heard here, and written nowhere."""
        root = logging.getLogger("tidegate")
        self._before = (list(root.handlers), root.propagate)
        root.handlers[:], root.propagate = [self], False
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever ended the demo is told as it always is."""
        root = logging.getLogger("tidegate")
        root.handlers[:], root.propagate = self._before


class Changes:
    """Each change is told once."""

    def __init__(self, overheard: Overheard) -> None:
        self._overheard = overheard
        self._told: set[tuple[object, ...]] = set()
        self._step = ""

    def of(self, view: "DemoView") -> Iterator[Change]:
        kind = view.step.partition(",")[0]
        if kind != self._step:
            self._step = kind
            yield Change("step", view.step, view.step)
        while self._overheard.waiting:
            warning = self._overheard.waiting.popleft()
            yield Change("warning", f"warning: {warning}", warning)
        for attack in view.attacks:
            yield from self._attack(attack, ended=attack.number in view.ended)
        for plan in view.plans:
            yield from self._plan(plan)
        for chapter in view.told:
            if self._new("chapter", chapter.chapter):
                yield Change("chapter", chapter_words(chapter), chapter)
        if view.ready_ms is not None and self._new("ready"):
            yield Change("ready", f"ready {view.ready_ms / 1000:.1f} s after its start", view.ready_ms)
        if view.console is not None and self._new("console"):
            yield Change(
                "console", f"the page, by a link that lets in once: {view.console.link}", view.console.link
            )
        if view.console is not None and view.console.code and self._new("code", view.console.code):
            code = view.console.code
            yield Change("code", f"to sign in the page, make a passkey with the code {code}", code)
        if view.awaits is not None and self._new("awaits", view.awaits):
            yield Change("awaits", f"waiting for you: {view.awaits}", view.awaits)

    def _new(self, *what: object) -> bool:
        new = what not in self._told
        self._told.add(what)
        return new

    def _attack(self, attack: "Attack", *, ended: bool) -> Iterator[Change]:
        for change in ("detected", *(("ended",) if ended else ())):
            if self._new(attack.number, change):
                yield Change(change, attack_words(attack, change), attack)

    def _plan(self, view: "PlanView") -> Iterator[Change]:
        plan = view.plan
        if self._new("plan", plan.number):
            yield Change("proposed", proposal_words(plan), plan)
        for word in view.approvals:
            if self._new("word", plan.number, word.officer):
                yield Change("approval", f"plan {plan.number}: signed by {word.officer}", view)
        for verdict in view.verdicts:
            if self._new("verdict", plan.number, verdict.border_point, verdict.during.from_ms):
                yield Change("verdict", verdict_words(verdict), verdict)
        if self._is_told(view) and self._new("stage", plan.number, view.stage, view.in_force):
            yield Change("stage", stage_words(view), view)

    def _is_told(self, view: "PlanView") -> bool:
        """Approvals and verdicts tell of themselves; a plan that may widen is told when it does."""
        widened = view.stage != "widening" or len(view.in_force) > 1
        return view.stage not in ("proposed", "approved") and widened


def attack_words(attack: "Attack", change: str) -> str:
    rate = words.short_rate(attack.peak_bits_per_s, "bps", scaled=words.is_scaled(attack))
    return f"attack {attack.number} {change}: {words.target(attack)}, {few_vectors(attack, 2)}, {rate}"


def proposal_words(plan: "Plan") -> str:
    about = f"plan {plan.number} for attack {plan.attack}"
    if not plan.rules:
        return f"{about}: nothing. {' '.join(plan.reasons)}"
    matches = len({rule.match for rule in plan.rules})
    removes, lose = span(plan.forecast.attack_removed), span(plan.forecast.lost_bytes)
    rules = "1 rule" if matches == 1 else f"{matches} rules"
    return f"{about}: {rules}, to remove {removes} %; others lose {lose} %"


def verdict_words(verdict: "Verdict") -> str:
    where = f"plan {verdict.plan} {'passed' if verdict.passed else 'FAILED'} at {verdict.border_point}"
    if not verdict.passed or verdict.removed is None:
        return f"{where}: {' '.join(reason.words for reason in verdict.reasons)}"
    kept = verdict.others_kept
    others = "" if kept is None else f", others at {percent(kept.estimate)} % of before"
    return f"{where}: {percent(verdict.removed.estimate)} % held back{others}"


def stage_words(view: "PlanView") -> str:
    number, where = view.plan.number, listed(view.in_force)
    match view.stage:
        case "spot test":
            return f"plan {number} is in force at {where} only: spot test"
        case "widening":
            return f"plan {number} widens: in force at {where}"
        case "held":
            return f"plan {number} holds at {where}"
        case "relaxing":
            points = {rule.border_point for rule in view.plan.rules} - set(view.in_force)
            return f"plan {number} steps back at {listed(sorted(points))}, to see whether the attack goes on"
    return f"plan {number} {view.stage}: {view.why}"
