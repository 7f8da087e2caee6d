"""Traffic that was made once is kept where compiled kernels are: making the story's takes seconds."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from importlib.resources import files
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final, TypeAlias
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from tidegate.kernels.cache_folder import cache_folder
from tidegate.lab.traffic import Traffic

Columns: TypeAlias = dict[str, npt.NDArray[Any]]

MADE_BY: Final = ("lab", "kernels", "wire", "model")
"""Rooms whose text and data decide what traffic is made: after any change in them it is made anew."""

COLUMNS: Final = ("frame_bytes", "rows", "flow", "place", "bytes_before")


def kept_or_made(folder: Path | None, make: Callable[[], Mapping[str, Traffic]]) -> Mapping[str, Traffic]:
    """What was kept in this folder; where nothing whole is there it is made, and kept if that is possible."""
    if folder is None:
        return make()
    path = folder / "traffic.npz"
    with suppress(OSError, ValueError, KeyError, EOFError, BadZipFile):
        return read(path)
    made = make()
    with suppress(OSError):
        keep(path, made)
    return made


def folder_of(what: str) -> Path | None:
    """Where this traffic is kept; it goes as compiled kernels go, when it is among the oldest there."""
    root = cache_folder(os.environ)
    return None if root is None else root / f"{what}-{made_from()}"


def made_from() -> str:
    """A digest of all that decides what traffic is made."""
    digest = sha256(np.__version__.encode())
    for room in MADE_BY:
        here = Path(str(files("tidegate") / room))
        for path in sorted(path for path in here.rglob("*") if path.suffix in {".py", ".xz"}):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def keep(path: Path, traffic: Mapping[str, Traffic]) -> None:
    """Whole or not at all, also beside others who keep the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns: Columns = {
        f"{name}/{column}": values
        for name, one in traffic.items()
        for column, values in _columns(one).items()
    }
    begun = path.with_name(f"{os.getpid()}.npz")
    try:
        np.savez(begun, allow_pickle=False, **columns)
        begun.replace(path)
    finally:
        begun.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Traffic]:
    """As it was kept. OSError, ValueError, KeyError, EOFError or BadZipFile: not there, or damaged."""
    with np.load(path, allow_pickle=False) as columns:
        names = dict.fromkeys(column.partition("/")[0] for column in columns.files)
        return {name: _traffic(name, columns) for name in names}


def _columns(traffic: Traffic) -> Columns:
    return {
        "frames": np.frombuffer(b"".join(traffic.frames), np.uint8),
        "frame_lengths": np.array([len(frame) for frame in traffic.frames], np.int64),
        **{column: getattr(traffic, column) for column in COLUMNS},
    }


def _traffic(name: str, columns: Mapping[str, npt.NDArray[Any]]) -> Traffic:
    frames = columns[f"{name}/frames"].tobytes()
    lengths = columns[f"{name}/frame_lengths"].tolist()
    ends = accumulate(lengths, initial=0)
    return Traffic(
        name=name,
        frames=tuple(frames[start:end] for start, end in pairwise(ends)),
        **{column: columns[f"{name}/{column}"] for column in COLUMNS},
    )
