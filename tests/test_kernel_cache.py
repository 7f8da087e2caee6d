"""Compiled kernels are kept by the text they were made from, so that none outlives a change."""

from pathlib import Path

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
