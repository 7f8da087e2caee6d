"""Plans are made of matches that the guard allows: what is refused is never even weighed."""

import numpy as np
import pytest

from benchmarks.plans.attacks import packets
from benchmarks.plans.world import NOW_MS, Scene, observed
from tests.mitigate.small_plans import NTP
from tidegate.mitigate.guard import GuardSettings, allows, refuse_unless_safe
from tidegate.mitigate.planner import propose
from tidegate.mitigate.protected import Protected, ProtectedDestination
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.plans import Match, Plan
from tidegate.model.refusals import NotAllowed

NETWORK = "203.0.112.0/20"


def carpet(targets: tuple[str, ...], source_port: int | None, length: int) -> Scene:
    """A flood over a network, from one source port or from any."""
    rng = np.random.default_rng(5)
    ports = rng.integers(1024, 65_536, 500)
    attack = packets(
        rng,
        17,
        np.full(500, length),
        src_port=ports if source_port is None else source_port,
        dst_port=rng.integers(1024, 65_536, 500),
    )
    return Scene(targets, NETWORK, attack, 4e9, 10, 500, flows_per_s=1_000)


def planned(scene: Scene, settings: GuardSettings, *, asked: bool) -> Plan:
    def allowed(match: Match) -> bool:
        return allows(match, scene.targets, settings)

    return propose(
        observed(scene, np.random.default_rng(1)),
        PlanSettings(),
        node="ab" * 16,
        number=7,
        made_at_ms=NOW_MS,
        ledger_size=41,
        ledger_root="ab" * 32,
        level="senior",
        allowed=allowed if asked else None,
    )


@pytest.mark.parametrize("targets", [(NETWORK,), ("203.0.113.0/24",), ("203.0.113.7/32",)])
@pytest.mark.parametrize(
    ("source_port", "length"), [(None, 400), (53, 1400), (53, 120), (389, 1400), (443, 1200)]
)
def test_a_plan_made_of_allowed_matches_passes_the_guard(
    targets: tuple[str, ...], source_port: int | None, length: int
) -> None:
    scene = carpet(targets, source_port, length)
    settings = GuardSettings(border_points=scene.border(), speakers=("192.0.2.200",))
    plan = planned(scene, settings, asked=True)
    refuse_unless_safe(plan, settings, {})
    assert plan.rules or plan.reasons


def test_the_flood_of_a_wide_network_is_held_by_what_only_it_has() -> None:
    scene = carpet((NETWORK,), 53, 1400)
    settings = GuardSettings(border_points=scene.border(), speakers=("192.0.2.200",))
    assert planned(scene, settings, asked=True).rules


def test_a_protected_target_gets_a_plan_to_do_nothing() -> None:
    scene = carpet(("203.0.113.7/32",), 389, 1400)
    hospital = Protected((ProtectedDestination("a hospital", ("203.0.113.0/28",)),))
    settings = GuardSettings(border_points=scene.border(), speakers=(), protected=hospital)
    assert planned(scene, settings, asked=True).rules == ()
    with pytest.raises(NotAllowed, match="a hospital"):
        refuse_unless_safe(planned(scene, settings, asked=False), settings, {})


def test_only_the_match_is_asked_about() -> None:
    settings = GuardSettings(border_points=(), speakers=("198.51.100.9",))
    targets = ("198.51.100.0/24",)
    assert allows(NTP, targets, settings)
    assert not allows(NTP, ("203.0.113.0/24",), settings)
    assert not allows(Match(destination="198.51.0.0/16"), targets, settings)
    assert not allows(Match(destination="198.51.100.9/32"), targets, settings)
