"""A BIRD 2 that validates FlowSpec itself (RFC 9117): what it lets in, and how what it refuses is told."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from tests.adapters.border.routers import (
    HOLD_S,
    ROUTER_AS,
    SPEAKER_AS,
    BirdRouter,
    eventually,
    own_address,
)
from tests.adapters.border.world import SpeakerWorld, meanings, ntp, order, plan, speaking
from tidegate.model.border import BorderRouter
from tidegate.ports.border import ReadBack

pytestmark = pytest.mark.peer

UPSTREAM_AS = 64510
INSIDE, OUTSIDE = "inside", "outside"


class Upstream(BirdRouter):
    """A neighbour network, by which 198.51.100.0/24 is reached."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "")
        self.customers: list[Validating] = []

    def command(self) -> list[str]:
        sessions = "".join(
            f"protocol bgp to{at} {{\n  local {self.address} port {self.port} as {UPSTREAM_AS};\n"
            f"  neighbor {one.address} as {one.own_as};\n  passive on;\n  multihop;\n  strict bind on;\n"
            "  ipv4 { import none; export all; next hop self; };\n}\n"
            for at, one in enumerate(self.customers)
        )
        (self.folder / "bird.conf").write_text(
            f"router id {self.address};\nprotocol device {{ }}\n"
            f"protocol static {{ ipv4; route 198.51.100.0/24 blackhole; }}\n{sessions}"
        )
        return daemon(self)


class Validating(BirdRouter):
    """Lets FlowSpec in as RFC 9117 says, by the unicast routes that it has from its upstream."""

    def __init__(self, folder: Path, speaker: str, upstream: Upstream, own_as: int) -> None:
        super().__init__(folder, speaker)
        self.upstream, self.own_as = upstream, own_as
        upstream.customers.append(self)

    def as_border_router(self, name: str) -> BorderRouter:
        return msgspec.structs.replace(super().as_border_router(name), peer_as=self.own_as)

    def command(self) -> list[str]:
        local = f"local {self.address} port {self.port} as {self.own_as};"
        unicast = "ipv4 { table known; import all; export none; next hop keep; };"
        (self.folder / "bird.conf").write_text(
            f"router id {self.address};\nipv4 table known {{ trie yes; }};\nflow4 table rules;\n"
            "protocol device { }\n"
            f"protocol bgp speaker {{\n  {local}\n  neighbor {self.speaker} as {SPEAKER_AS};\n  passive on;\n"
            f"  multihop;\n  hold time {HOLD_S};\n  strict bind on;\n  enforce first as off;\n  {unicast}\n"
            "  flow4 { table rules; base table known; validate on; import all; export none; };\n}\n"
            f"protocol bgp upstream {{\n  {local}\n  multihop;\n  strict bind on;\n  connect retry time 1;\n"
            f"  neighbor {self.upstream.address} port {self.upstream.port} as {UPSTREAM_AS};\n"
            f"  {unicast}\n}}\n"
        )
        return daemon(self)


def daemon(router: BirdRouter) -> list[str]:
    return [str(router.path), "-f", "-c", "bird.conf", "-s", f"{router.folder}/bird.ctl", "-P", "bird.pid"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SpeakerWorld]:
    """One router has the speaker's AS number, the other one of its own."""
    speaker = own_address()
    upstream = Upstream(tmp_path / "upstream")
    routers = {
        INSIDE: Validating(tmp_path / INSIDE, speaker, upstream, SPEAKER_AS),
        OUTSIDE: Validating(tmp_path / OUTSIDE, speaker, upstream, ROUTER_AS),
    }
    with ExitStack() as stack:
        for router in (upstream, *routers.values()):
            stack.callback(router.stop)
            router.start()
        points = {name: (router,) for name, router in routers.items()}
        made = stack.enter_context(speaking("exabgp", tmp_path, points, speaker))
        eventually(made.all_sessions_up, 40, "every session is up")
        yield made


def router_at(world: SpeakerWorld, border_point: str) -> ReadBack:
    (one,) = [
        each
        for each in world.border.read_back()
        if each.border_point == border_point and "(birdc)" in each.receiver
    ]
    return one


def test_it_follows_its_own_network_s_speaker_and_what_it_refuses_of_another_is_told(
    world: SpeakerWorld,
) -> None:
    rules = {name: ntp(name) for name in (INSIDE, OUTSIDE)}
    agreed = plan(*rules.values())
    for name in rules:
        world.border.announce(order(agreed, name))
    eventually(lambda: router_at(world, INSIDE).rules and router_at(world, OUTSIDE).why, 30, "both know it")
    following, refusing = router_at(world, INSIDE), router_at(world, OUTSIDE)
    assert (meanings(following.rules or ()), following.why) == (meanings([rules[INSIDE]]), "")
    assert refusing.rules == ()
    assert "validation (RFC 9117) refuses 1 of our rules" in refusing.why
    assert "border.local_as" in refusing.why
    world.border.withdraw_all()
    eventually(lambda: not router_at(world, INSIDE).rules and not router_at(world, OUTSIDE).why, 10)
