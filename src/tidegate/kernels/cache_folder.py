"""Where compiled kernels are kept between runs: the first of a few folders that can be written."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

SPARE = "TIDEGATE_KERNELS"
"""Environment variable for a last resort: a node names a folder beside its state to its collector."""


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """$NUMBA_CACHE_DIR, the user's cache folder, or the spare one; None where none can be written."""
    return next((folder for folder in _candidates(environ) if _can_be_written(folder)), None)


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if told := environ.get("NUMBA_CACHE_DIR"):
        yield Path(told)
    home = environ.get("HOME")
    if users := environ.get("XDG_CACHE_HOME") or (home and f"{home}/.cache"):
        yield Path(users) / "tidegate" / "kernels"
    if spare := environ.get(SPARE):
        yield Path(spare)


def _can_be_written(folder: Path) -> bool:
    probe = folder / f".probe-{os.getpid()}"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
        return True
    return False
