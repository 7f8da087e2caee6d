"""The speaker's process as its node sees it: stopped and replaced, left alone and ended, told nonsense."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.adapters.border.routers import eventually
from tests.adapters.border.world import meanings, ntp, order, plan, speaking
from tidegate.adapters.border.frames import FRAME_BYTES_MAX, Frames, Request
from tidegate.adapters.border.places import SOCKET_NAME, connect_to
from tidegate.model.refusals import Malformed
from tidegate.ports.outside import OutsideFailed


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_stopped_process_is_told_ended_and_replaced(tmp_path: Path) -> None:
    with speaking("exabgp", tmp_path, {"north": ()}) as world:
        world.border.announce(order(plan(ntp())))
        stopped = world.process("speaker")
        os.kill(stopped, signal.SIGSTOP)
        with pytest.raises(OutsideFailed, match="did not answer"):
            world.border.live()
        eventually(lambda: not alive(stopped), 5)
        assert world.border.live() == ()
        assert world.process("speaker") != stopped
        eventually(world.answers, 30)
        world.border.announce(order(plan(ntp())))
        assert {each.rule for each in world.border.live()} == meanings([ntp()])


def test_a_process_that_no_node_needs_holds_what_it_holds_and_then_ends(tmp_path: Path) -> None:
    with speaking("exabgp", tmp_path, {"north": ()}) as world:
        world.border.announce(order(plan(ntp()), lease_s=20))
        pids = [world.process(name) for name in ("speaker", "hands", "program")]
        world.border.close()
        time.sleep(15)
        assert all(map(alive, pids)), "a rule is held, and its lease is not over"
        eventually(lambda: not any(map(alive, pids)), 40)
        folder = Path(world.settings.state_folder) / "speaker"
        assert not (folder / SOCKET_NAME).exists()


def test_whoever_says_nonsense_is_hung_up_on_and_nobody_else(tmp_path: Path) -> None:
    with speaking("exabgp", tmp_path, {"north": ()}) as world:
        world.border.announce(order(plan(ntp())))
        folder = Path(world.settings.state_folder) / "speaker"
        for nonsense in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x03abc", b"\x00\x00\x00\x01\xc1"):
            with connect_to(folder, SOCKET_NAME) as stranger:
                stranger.settimeout(5)
                stranger.sendall(nonsense)
                assert stranger.recv(1) == b""
        assert len(world.border.live()) == 1


def test_a_message_beyond_its_bound_is_refused_before_it_is_read() -> None:
    with pytest.raises(Malformed, match="bound"):
        Frames[Request](Request).feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
