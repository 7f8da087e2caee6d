"""Compiled kernels are kept by the text they were made from, so that none outlives a change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.kernels.cache_folder import SPARE, cache_folder
from tidegate.kernels.jit import fingerprint


def write(folder: Path, name: str, *built_on: str, body: str = "") -> Path:
    path = folder / f"{name}.py"
    imports = "".join(f"from tidegate.kernels.{other} import it\n" for other in built_on)
    path.write_text(imports + body)
    return path


def test_a_kernel_is_compiled_again_when_one_that_it_builds_on_has_changed(tmp_path: Path) -> None:
    top = write(tmp_path, "top", "middle")
    write(tmp_path, "middle", "bottom")
    write(tmp_path, "bottom")
    before = fingerprint(top, tmp_path)
    write(tmp_path, "bottom", body="CHANGED = 1\n")
    assert fingerprint(top, tmp_path) != before


def test_a_kernel_is_not_compiled_again_when_a_stranger_has_changed(tmp_path: Path) -> None:
    top = write(tmp_path, "top", "bottom")
    write(tmp_path, "bottom")
    write(tmp_path, "stranger", "top")
    before = fingerprint(top, tmp_path)
    write(tmp_path, "stranger", body="CHANGED = 1\n")
    assert fingerprint(top, tmp_path) == before


def test_kernel_files_that_import_each_other_end_the_search(tmp_path: Path) -> None:
    one = write(tmp_path, "one", "two")
    two = write(tmp_path, "two", "one")
    assert fingerprint(one, tmp_path) == fingerprint(two, tmp_path)


@pytest.fixture
def readonly(tmp_path: Path) -> Path:
    """A place where no folder can be made, for any user: it is a file."""
    (tmp_path / "readonly").touch()
    return tmp_path / "readonly"


def test_kernels_are_kept_where_the_user_says_or_in_his_cache(tmp_path: Path) -> None:
    told, home = str(tmp_path / "told"), str(tmp_path / "home")
    assert cache_folder({"NUMBA_CACHE_DIR": told, "HOME": home}) == tmp_path / "told"
    assert cache_folder({"HOME": home}) == tmp_path / "home/.cache/tidegate/kernels"
    assert cache_folder({"XDG_CACHE_HOME": told, "HOME": home}) == tmp_path / "told/tidegate/kernels"


def test_where_nothing_usual_can_be_written_kernels_are_kept_beside_the_state(
    tmp_path: Path, readonly: Path
) -> None:
    spare = tmp_path / "state" / "kernels"
    usual = {"NUMBA_CACHE_DIR": f"{readonly}/a", "HOME": f"{readonly}/b"}
    assert cache_folder({**usual, SPARE: str(spare)}) == spare
    assert cache_folder({SPARE: str(spare)}) == spare
    assert cache_folder(usual) is None
    assert cache_folder({}) is None


def test_without_any_place_kernels_are_compiled_and_not_kept(readonly: Path) -> None:
    script = (
        "from tidegate.kernels import slots; from tidegate.kernels.jit import kept\n"
        "from pathlib import Path; import numpy as np\n"
        "print(slots.hash_key(np.uint64(1), np.uint64(2), 3, 4, np.uint64(5)), kept(Path(slots.__file__)))"
    )
    environ = {name: value for name, value in os.environ.items() if "CACHE" not in name}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={**environ, "HOME": str(readonly), "TMPDIR": str(readonly)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "set NUMBA_CACHE_DIR" in ended.stderr
    number, was_kept = ended.stdout.split()
    assert (number.isdigit(), was_kept) == (True, "False")
