"""No process that the border started outlives the speaker's process, whoever the node runs as."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.adapters.border.routers import eventually
from tests.adapters.border.world import ntp, order, plan, speaking


def processes_of(folder: Path) -> set[int]:
    """Those that name the folder in their command line or their environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                named = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                if str(folder).encode() in named:
                    found.add(int(entry.name))
    return found


def test_nothing_outlives_the_speaker_killed_in_the_act(tmp_path: Path) -> None:
    with speaking("exabgp", tmp_path, {"north": ()}) as world:
        world.border.announce(order(plan(ntp())))
        assert len(processes_of(tmp_path / "state")) >= 4, "speaker, BGP program, hands, mirror"
        os.kill(world.process("speaker"), signal.SIGKILL)
        eventually(lambda: not processes_of(tmp_path / "state"), 10)
