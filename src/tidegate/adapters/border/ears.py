"""The ears inside a receiving ExaBGP: every message that it hears goes on, framed, to a socket."""

import os
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.border.children import end_with_parent
from tidegate.adapters.border.frames import packed
from tidegate.adapters.border.mirror import Heard
from tidegate.adapters.border.places import connect_to

EARS_VARIABLE: Final = "TIDEGATE_EARS"
"""Environment variable of the ears: folder and name of the socket that hears with them, `FOLDER/NAME`."""


class _Address(msgspec.Struct):
    local: str


class _Message(msgspec.Struct):
    body: str = ""


class _Neighbor(msgspec.Struct):
    address: _Address
    state: str = ""
    message: _Message | None = None


class _Line(msgspec.Struct):
    type: str
    neighbor: _Neighbor | None = None


def heard_in(line: bytes) -> Heard | None:
    """What a line of ExaBGP's JSON tells, None where it tells nothing that a mirror remembers."""
    try:
        said = msgspec.json.decode(line, type=_Line)
    except msgspec.MsgspecError:
        return None
    if said.neighbor is None:
        return None
    local = said.neighbor.address.local
    if said.type == "state" and said.neighbor.state in ("up", "down"):
        return Heard(local, said.neighbor.state)
    if said.type == "update" and said.neighbor.message is not None:
        return Heard(local, "update", bytes.fromhex(said.neighbor.message.body.removeprefix("0x")))
    return None


def main() -> None:
    end_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place = Path(os.environ[EARS_VARIABLE])
    with connect_to(place.parent, place.name) as link:
        for line in sys.stdin.buffer:
            if (heard := heard_in(line)) is not None:
                link.sendall(packed(heard))


if __name__ == "__main__":
    main()
