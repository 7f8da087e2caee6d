"""GoBGP, BIRD 2 and FRR on loopback accept our rules, show them and lose them, whoever speaks or dies."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import product
from pathlib import Path

import pytest

from tests.adapters.border.routers import ROUTERS, Router, eventually, own_address, running
from tests.adapters.border.world import SpeakerWorld, many_kinds, meanings, order, plan, speaking
from tidegate.model.plans import Rule
from tidegate.ports.border import LET_GO_EARLY_S, Order

pytestmark = pytest.mark.peer

KINDS = ("exabgp", "gobgp")
Case = tuple[str, str, signal.Signals]
CASES: list[Case] = list(product(KINDS, ("speaker", "hands", "program"), (signal.SIGKILL, signal.SIGSTOP)))

LEASE_S = 20
"""Long enough for three routers to be asked before anything is done to a process, on a busy machine too."""

SIDE_BY_SIDE = 4
"""Worlds at once, each with programs and addresses of its own: they mostly wait for the end of a lease."""

QUIET_S = 4.0
"""How long nothing may come back after a lease is over and stopped processes go on."""


@contextmanager
def connected(kind: str, folder: Path) -> Iterator[SpeakerWorld]:
    """A speaker with three border points, each with one real router of its own kind."""
    speaker = own_address()
    with ExitStack() as stack:
        routers = {name: stack.enter_context(running(name, folder / name, speaker)) for name in ROUTERS}
        points: dict[str, Sequence[Router]] = {name: (router,) for name, router in routers.items()}
        made = stack.enter_context(speaking(kind, folder, points, speaker))
        eventually(made.all_sessions_up, 40, "every session is up")
        yield made


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SpeakerWorld]:
    with connected(request.param, tmp_path) as made:
        yield made


def orders(lease_s: int = 60) -> list[Order]:
    proposed = plan(*(rule for kind in ROUTERS for rule in rules_at(kind)))
    return [order(proposed, kind, lease_s) for kind in ROUTERS]


def rules_at(kind: str) -> tuple[Rule, ...]:
    """In GoBGP's RIB each match is there once, so each border point has matches of its own."""
    third = list(ROUTERS).index(kind)
    return tuple(rule for at, rule in enumerate(many_kinds(kind)) if at % 3 == third)


def all_hold(world: SpeakerWorld, wanted: dict[str, set[Rule]]) -> bool:
    return all(held == wanted[kind] for kind in ROUTERS for held in world.received(kind))


def all_accepted(world: SpeakerWorld) -> bool:
    return all_hold(world, {kind: meanings(rules_at(kind)) for kind in ROUTERS})


def routers_hold_nothing(world: SpeakerWorld) -> bool:
    """Asked of the routers themselves: no process of ours has a say in this."""
    from tidegate.adapters.border.receivers import ask_receivers

    told = list(ask_receivers(world.settings, ()))
    assert len(told) == len(ROUTERS)
    assert all(each.rules is not None for each in told), told
    return not any(each.rules for each in told)


def test_routers_accept_rules_of_both_families_show_them_and_lose_them(world: SpeakerWorld) -> None:
    for given in orders():
        world.border.announce(given)
    eventually(lambda: all_accepted(world), 20, f"{world.border.read_back()}")
    for session in world.border.sessions():
        assert set(session.families) == {"ipv4 unicast", "ipv6 unicast", "ipv4 flowspec", "ipv6 flowspec"}
    world.border.withdraw(1, "bird")
    nothing_at_bird = {kind: set() if kind == "bird" else meanings(rules_at(kind)) for kind in ROUTERS}
    eventually(lambda: all_hold(world, nothing_at_bird), 5)
    world.border.withdraw_all()
    eventually(lambda: routers_hold_nothing(world), 5)


def renewed(world: SpeakerWorld) -> float | None:
    """When the lease is over; None where the routers do not show the rules while it is in full force."""
    began = time.monotonic()
    for given in orders(LEASE_S):
        world.border.announce(given)
    over = time.monotonic() + LEASE_S
    shown = all_accepted(world)
    return over if shown and time.monotonic() < began + LEASE_S - LET_GO_EARLY_S - 1 else None


def lives_out(kind: str, name: str, number: signal.Signals, folder: Path) -> None:
    """The node goes, then a process is killed or stopped: no rule is there after the lease, nor later."""
    with connected(kind, folder) as world:
        until = time.monotonic() + 120
        while (over := renewed(world)) is None:
            assert time.monotonic() < until, "the routers never showed them"
            time.sleep(0.5)
        world.border.close()  # the controller is gone, and renews nothing
        pid = world.process(name)
        os.kill(pid, number)
        time.sleep(max(0.0, over - time.monotonic()))
        assert routers_hold_nothing(world)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        until = time.monotonic() + QUIET_S
        while time.monotonic() < until:
            assert routers_hold_nothing(world), "what lapsed came back"
            time.sleep(0.3)


@pytest.fixture(scope="module")
def outlived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Case, Future[None]]]:
    """How each case ended, or will end."""
    pool = ThreadPoolExecutor(SIDE_BY_SIDE)
    yield {case: pool.submit(lives_out, *case, tmp_path_factory.mktemp("world")) for case in CASES}
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_whichever_process_is_killed_or_stopped_no_rule_outlives_its_lease(
    case: Case, outlived: dict[Case, Future[None]]
) -> None:
    outlived[case].result()


def test_rules_are_back_within_their_lease_after_the_bgp_program_died(world: SpeakerWorld) -> None:
    for given in orders():
        world.border.announce(given)
    eventually(lambda: all_accepted(world), 20)
    os.kill(world.process("program"), signal.SIGKILL)
    if world.kind == "gobgp":
        world.restart_program()
    eventually(lambda: all_accepted(world), 60, "announced anew")
    world.border.withdraw_all()
    eventually(lambda: routers_hold_nothing(world), 5)


def test_a_router_that_comes_back_learns_only_what_is_still_held(world: SpeakerWorld) -> None:
    for given in orders():
        world.border.announce(given)
    eventually(lambda: all_accepted(world), 20)
    router = next(each for each in world.routers if each.kind == "bird2")
    router.stop()
    world.border.withdraw(1, "bird")
    router.start()
    eventually(world.all_sessions_up, 60)
    time.sleep(1)
    nothing_at_bird = {kind: set() if kind == "bird" else meanings(rules_at(kind)) for kind in ROUTERS}
    eventually(lambda: all_hold(world, nothing_at_bird), 10)


def test_after_a_restart_of_everything_nothing_comes_back(world: SpeakerWorld) -> None:
    for given in orders():
        world.border.announce(given)
    eventually(lambda: all_accepted(world), 20)
    os.kill(world.process("speaker"), signal.SIGKILL)
    world.border.close()
    eventually(lambda: routers_hold_nothing(world), 10, "the rules go with the process that held them")
    world.restart_border()
    eventually(world.all_sessions_up, 60)
    time.sleep(1)
    assert not world.border.live()
    assert routers_hold_nothing(world)
