"""ExaBGP as our child, with a real router: who may connect, with which key, and who dies with whom."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.adapters.border.routers import GobgpRouter, eventually, free_port, own_address
from tests.adapters.border.world import SpeakerWorld, meanings, ntp, order, plan
from tidegate.model.border import BorderPoint, BorderRouter

pytestmark = pytest.mark.peer


class CallingRouter(GobgpRouter):
    """A gobgpd that connects to the speaker instead of waiting for it."""

    speaker_port = 0
    password = ""

    def command(self) -> list[str]:
        command = super().command()
        path = self.folder / "gobgpd.toml"
        text = path.read_text().replace(
            "passive-mode = true", f"passive-mode = false\nremote-port = {self.speaker_port}"
        )
        if self.password:
            text = text.replace("peer-as", f'auth-password = "{self.password}"\npeer-as')
        path.write_text(text)
        return command


@contextmanager
def connected(folder: Path, *, ours: str | None, theirs: str) -> Iterator[SpeakerWorld]:
    """A speaker that listens and a router that calls; each with its idea of the session's key."""
    speaker = own_address()
    router = CallingRouter(folder / "router", speaker)
    router.speaker_port, router.password = free_port(speaker), theirs
    world = SpeakerWorld(folder, {"north": (router,)}, speaker)
    known = BorderRouter(
        name="north-gobgpd",
        address=router.address,
        peer_as=64501,
        port=free_port(router.address),  # nobody listens there
        password=ours,
        receiver=router.receiver,
    )
    world.settings = msgspec.structs.replace(
        world.settings,
        border_points=(BorderPoint(name="north", routers=(known,)),),
        listen_port=router.speaker_port,
    )
    try:
        world.start()
        router.start()
        yield world
    finally:
        world.stop()
        router.stop()


def test_a_router_may_connect_to_the_speaker_with_the_key_that_both_know(tmp_path: Path) -> None:
    with connected(tmp_path, ours="secret7", theirs="secret7") as world:
        eventually(world.all_sessions_up, 60)
        world.border.announce(order(plan(ntp())))
        eventually(lambda: all(held == meanings([ntp()]) for held in world.received("north")), 15)


def test_every_process_of_the_speaker_ends_when_it_is_killed(tmp_path: Path) -> None:
    with connected(tmp_path, ours=None, theirs="") as world:
        eventually(world.all_sessions_up, 60)
        speaker, program, hands = (world.process(name) for name in ("speaker", "program", "hands"))
        os.kill(speaker, signal.SIGKILL)
        eventually(lambda: not any(Path(f"/proc/{pid}/fd/0").is_symlink() for pid in (program, hands)), 10)
