"""Traffic that was kept is the traffic that was made; whatever is damaged or out of date is made anew."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tidegate.lab import kept_traffic
from tidegate.lab.captures import captured_attack
from tidegate.lab.kept_traffic import COLUMNS, folder_of, kept_or_made, made_from
from tidegate.lab.ordinary import ordinary_traffic
from tidegate.lab.traffic import Traffic


class Maker:
    """Makes little traffic, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, Traffic]:
        self.times += 1
        return {"ordinary": ordinary_traffic(7, flows=40), "snmp": captured_attack("snmp")}


def same(kept: Mapping[str, Traffic], made: Mapping[str, Traffic]) -> bool:
    return list(kept) == list(made) and all(
        one.name == other.name
        and one.frames == other.frames
        and all(np.array_equal(getattr(one, column), getattr(other, column)) for column in COLUMNS)
        and one.rows.dtype == other.rows.dtype
        for one, other in zip(kept.values(), made.values(), strict=True)
    )


def test_what_was_made_once_is_read_the_next_time_and_is_the_same(tmp_path: Path) -> None:
    make = Maker()
    first = kept_or_made(tmp_path / "story", make)
    again = kept_or_made(tmp_path / "story", make)
    assert make.times == 1
    assert same(again, first)
    assert [path.name for path in (tmp_path / "story").iterdir()] == ["traffic.npz"]


@pytest.mark.parametrize("left", [0, 1, 1000, -1])
def test_a_file_that_was_cut_short_is_made_anew(tmp_path: Path, left: int) -> None:
    make = Maker()
    first = kept_or_made(tmp_path, make)
    whole = (tmp_path / "traffic.npz").read_bytes()
    (tmp_path / "traffic.npz").write_bytes(whole[:left])
    assert same(kept_or_made(tmp_path, make), first)
    assert make.times == 2
    assert (tmp_path / "traffic.npz").read_bytes()[:4] == whole[:4]


def test_where_nothing_can_be_kept_it_is_made_each_time(tmp_path: Path) -> None:
    make = Maker()
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / "below"):
        kept_or_made(folder, make)
        kept_or_made(folder, make)
    assert make.times == 4


def test_a_change_in_what_makes_it_has_another_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    before = folder_of("story")
    assert before == tmp_path / f"story-{made_from()}"
    monkeypatch.setattr(kept_traffic, "MADE_BY", ("lab", "kernels", "wire"))
    assert folder_of("story") not in {before, None}
