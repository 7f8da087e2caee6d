"""A node that is lost and brought back elsewhere, on real sockets: a new epoch, and all arrives once."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hotline.test_identity_commands import Side, meet
from tests.hotline.test_two_nodes import RunningNode, alive, board, free_port, listed, until
from tidegate.__main__ import PARTS
from tidegate.adapters.hotline import locked
from tidegate.app.settings import HotlineSection


@pytest.fixture
def afterwards() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def listening(port: int) -> HotlineSection:
    return HotlineSection(listen=(f"127.0.0.1:{port}",), listen_signal=(), drill_every_hours=0)


def says(side: Side, to: str, reference: str) -> None:
    side.types(
        f"send free-text --to {to} --mark DRILL --precedence FLASH --field purpose=information "
        f"--remarks A_word. --reference {reference} --key @anna.key --yes"
    )


def receipted(side: Side, reference: str) -> bool:
    copies = [one["copies"] for one in listed(side, "outbox") if one["about"]["reference"] == reference]
    return bool(copies) and all(copy["r1_s"] is not None for copy in copies[0])


def came(side: Side) -> list[str]:
    return sorted(one["about"]["reference"] for one in listed(side, "inbox"))


def test_a_node_restored_at_another_place_begins_a_new_epoch_and_delivers(
    tmp_path: Path, afterwards: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked, "MEMORY_KIB", 64)
    clock = PARTS.clock()
    xa, xb = (Side(tmp_path / name, clock) for name in ("xa", "xb"))  # type: ignore[arg-type]
    ports = [free_port() for _ in range(3)]
    for side, port in zip((xa, xb), ports, strict=False):
        name = side.path.name.upper()
        side.found(f"{name}-CERT", name)
        side.types(f"card set --endpoint https://127.0.0.1:{port}")
        side.types("card sign --root @root.key")
    meet(xa, xb)
    meet(xb, xa)
    RunningNode(xb, listening(ports[1]), afterwards)
    with ExitStack() as while_it_lives:
        RunningNode(xa, listening(ports[0]), while_it_lives)
        until(lambda: alive(xa) and alive(xb), "the two hear each other")
        says(xa, "XB-CERT", "XA-1")
        until(lambda: receipted(xa, "XA-1"), "the first is receipted")
        xa.types("backup @xa.tgb")
        says(xa, "XB-CERT", "XA-2")
        says(xb, "XA-CERT", "XB-1")
        until(lambda: receipted(xa, "XA-2") and receipted(xb, "XB-1"), "what the back-up lacks is receipted")
        epoch = board(xa)["epoch"]

    second = Side(tmp_path / "second", clock)  # type: ignore[arg-type]
    for name in ("root.pass", "station.pass", "officer.pass", "back-up.pass", "root.key", "anna.key"):
        shutil.copy(xa.path / name, second.path / name)
    second.types(f"restore {xa.path}/xa.tgb")
    second.types(f"card set --endpoint https://127.0.0.1:{ports[2]}")
    second.types("card sign --root @root.key")
    RunningNode(second, listening(ports[2]), afterwards)
    until(lambda: alive(second), "the second place is heard")
    says(second, "XB-CERT", "XA-3")
    says(xb, "XA-CERT", "XB-2")
    until(lambda: receipted(second, "XA-3") and receipted(xb, "XB-2"), "both ways are open again")
    assert board(second)["epoch"] > epoch
    assert came(xb) == ["XA-1", "XA-2", "XA-3"]
    assert "XB-2" in came(second)
