"""Plans: how fast, how much harm on captured attacks, and how often the forecast holds."""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from benchmarks.figure import Better, Description, Figure, Settings
from benchmarks.plans.attacks import captured_scene, made_scene
from benchmarks.plans.outcome import Outcome, outcome
from benchmarks.plans.world import NOW_MS, Scene, observed, truth
from tidegate.lab.captures import CAPTURED_ATTACKS
from tidegate.mitigate.evidence import Evidence
from tidegate.mitigate.planner import propose
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.plans import MILLION, Plan

FLOWS = 50_000
ATTACKS = 500
MEASURES: tuple[tuple[str, Callable[[Outcome], float]], ...] = (
    ("attack_removed", lambda done: done.attack_removed),
    ("lost_bytes", lambda done: done.lost_bytes),
    ("lost_packets", lambda done: done.lost_packets),
)


def planned(evidence: Evidence) -> Plan:
    return propose(
        evidence, PlanSettings(), node="", number=1, made_at_ms=NOW_MS, ledger_size=0, ledger_root="0" * 64
    )


def of_size(evidence: Evidence, count: int, rng: np.random.Generator) -> Evidence:
    """So many of the rows, each standing for more."""
    chosen = np.sort(rng.choice(len(evidence.rows), count, replace=False))
    return replace(
        evidence,
        rows=evidence.rows[chosen],
        weights=evidence.weights[chosen] * len(evidence.rows) / count,
        border_point_of=evidence.border_point_of[chosen],
    )


def measure_speed(settings: Settings) -> Figure:
    """CPU time of one thread, the best of several: the machine may be busy with other things."""
    took = {}
    for name in CAPTURED_ATTACKS:
        rng = np.random.default_rng(settings.seed)
        scene = replace(captured_scene(name, attack_s=30, sampling=500), flows_per_s=10_000)
        evidence = of_size(observed(scene, rng), FLOWS, rng)
        planned(evidence)
        runs = []
        for _ in range(3 if settings.quick else 10):
            before = time.process_time()
            planned(evidence)
            runs.append(time.process_time() - before)
        took[name] = min(runs) * 1000
    worst = max(took.values())
    notes = (", ".join(f"{name} {ms:.0f} ms" for name, ms in took.items()), "CPU time, best of the runs")
    return Figure(value=worst, shown=f"{worst:.0f} ms, the slowest of {len(took)} attacks", notes=notes)


@cache
def _over_captures(seed: int) -> tuple[tuple[str, Plan, Outcome], ...]:
    found = []
    for name in CAPTURED_ATTACKS:
        for attack_s in (3, 10, 60):
            scene = captured_scene(name, attack_s)
            found.append((f"{name} after {attack_s} s", *_tried(scene, seed)))
    return tuple(found)


def _tried(scene: Scene, seed: int) -> tuple[Plan, Outcome]:
    rng = np.random.default_rng(seed)
    plan = planned(observed(scene, rng))
    return plan, outcome(plan, scene.border(), *truth(scene, rng))


def _notes(settings: Settings) -> tuple[str, ...]:
    return tuple(
        f"{story}: {done.attack_removed:.2%} of the attack removed, {done.lost_bytes:.3%} of other bytes "
        f"lost, {len({rule.match for rule in plan.rules})} rules"
        for story, plan, done in _over_captures(settings.seed)
    )


def measure_removed(settings: Settings) -> Figure:
    worst = min(done.attack_removed for _, _, done in _over_captures(settings.seed))
    return Figure(value=100 * worst, shown=f"{100 * worst:.1f} %, the least", notes=_notes(settings))


def measure_harm(settings: Settings) -> Figure:
    worst = max(done.lost_bytes for _, _, done in _over_captures(settings.seed))
    return Figure(value=100 * worst, shown=f"{100 * worst:.2f} %, the most")


def measure_rules(settings: Settings) -> Figure:
    most = max(len({rule.match for rule in plan.rules}) for _, plan, _ in _over_captures(settings.seed))
    return Figure(value=float(most), shown=f"{most}, the most")


def measure_forecast(settings: Settings) -> Figure:
    """The forecast from a sample beside the whole traffic of the next minute."""
    count = 50 if settings.quick else ATTACKS
    held: dict[str, list[bool]] = {name: [] for name, _ in MEASURES}
    widths: dict[str, list[float]] = {name: [] for name, _ in MEASURES}
    idle = 0
    for seed in range(settings.seed, settings.seed + count):
        plan, done = _tried(made_scene(seed), seed)
        idle += not plan.rules
        for name, value in MEASURES:
            told = getattr(plan.forecast, name)
            held[name].append(told.low - 1 <= value(done) * MILLION <= told.high + 1)
            widths[name].append((told.high - told.low) / MILLION)
    shares = {name: 100 * sum(own) / len(own) for name, own in held.items()}
    notes = tuple(
        f"{name}: {shares[name]:.1f} % held, interval {statistics.median(widths[name]):.2%} wide (median)"
        for name, _ in MEASURES
    )
    worst = min(shares.values())
    shown = f"{worst:.1f} % of {count} attacks, the least of {len(MEASURES)} measures"
    return Figure(value=worst, shown=shown, notes=(*notes, f"{idle} plans proposed to do nothing"))


DESCRIPTIONS = (
    Description("plan-speed", "a plan from 50,000 sampled flows", "ms", 200.0, Better.LOWER, measure_speed),
    Description("plan-removed", "captured attacks' bytes removed", "%", 95.0, Better.HIGHER, measure_removed),
    Description("plan-harm", "other bytes lost to those plans", "%", 1.0, Better.LOWER, measure_harm),
    Description("plan-rules", "rules in those plans", "rules", 8.0, Better.LOWER, measure_rules),
    Description(
        "plan-forecast",
        "made attacks whose outcome the 90 % forecast holds",
        "%",
        90.0,
        Better.HIGHER,
        measure_forecast,
    ),
)
