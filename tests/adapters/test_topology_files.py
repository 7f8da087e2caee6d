"""Files of topology on disk: packed in any common way, read whole or refused."""

import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from tidegate.adapters import topology_files
from tidegate.adapters.topology_files import read_topology_file, write_whole
from tidegate.model.topology import WrongLine
from tidegate.ports.outside import OutsideFailed

TEXT = b"64500|64501|-1|bgp\n" * 1000


@pytest.mark.parametrize("pack", [bytes, bz2.compress, gzip.compress, lzma.compress])
def test_a_file_is_unpacked_by_its_first_bytes(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "as-rel.anything"
    path.write_bytes(pack(TEXT))
    data, source = read_topology_file(path, "links")
    assert data == TEXT
    assert source.digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("pack", [bz2.compress, gzip.compress, lzma.compress])
def test_two_packed_parts_are_one_file_and_half_a_part_is_refused(
    pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    path.write_bytes(pack(TEXT) + pack(b"more"))
    assert read_topology_file(path, "links")[0] == TEXT + b"more"
    path.write_bytes(pack(TEXT)[:-9])
    with pytest.raises(WrongLine, match="does not unpack"):
        read_topology_file(path, "links")
    path.write_bytes(pack(TEXT))
    monkeypatch.setattr(topology_files, "UNPACKED_BYTES_MAX", 100)
    with pytest.raises(WrongLine, match="unpacks to more than 100 bytes"):
        read_topology_file(path, "links")


def test_a_missing_file_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailed, match="cannot read"):
        read_topology_file(tmp_path / "none", "links")


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "world"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert [one.name for one in path.parent.iterdir()] == ["world"]
    with pytest.raises(OutsideFailed, match="cannot write"):
        write_whole(path / "below a file", b"x")
