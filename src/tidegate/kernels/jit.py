"""Numba is loaded here, and compiled kernels are kept where one can write, also if the install is not."""

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from tidegate.kernels.cache_folder import cache_folder

log = logging.getLogger("tidegate.kernels")

FOLDERS_KEPT_MAX = 128
"""Folders of compiled kernels, one for each kernel file and version; the oldest beyond are removed."""

_BUILT_ON = re.compile(r"^from tidegate\.kernels\.(\w+) import", re.MULTILINE)


def _cache_folder() -> Path | None:
    """Where kernels are kept; without a place they are compiled and not kept, and that is told."""
    folder = cache_folder(os.environ)
    if folder is None:
        log.warning(
            "no folder for compiled kernels can be written: they are compiled at every start, which takes "
            "about a minute; set NUMBA_CACHE_DIR"
        )
    return folder


def fingerprint(source: Path, kernels: Path = Path(__file__).parent) -> str:
    """A digest of a file and of every file in `kernels` that it builds on, through any number of imports."""
    found, waiting = set(), [source]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [kernels / f"{name}.py" for name in _BUILT_ON.findall(path.read_text())]
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _remove_old_folders(root: Path) -> None:
    folders = sorted((f for f in root.iterdir() if f.is_dir()), key=lambda f: f.stat().st_mtime)
    for folder in folders[:-FOLDERS_KEPT_MAX]:
        shutil.rmtree(folder, ignore_errors=True)


_CACHE = _cache_folder()
if _CACHE is not None:
    os.environ["NUMBA_CACHE_DIR"] = str(_CACHE)

import numba  # noqa: E402

_numba: Any = numba

if _CACHE is not None:
    _remove_old_folders(_CACHE)


@lru_cache
def _folder_of(source: Path) -> Path | None:
    return None if _CACHE is None else _CACHE / f"{source.stem}-{fingerprint(source)}"


def kept(source: Path) -> bool:
    """Whether kernels of this file, as it is now, were compiled before and need only be loaded."""
    folder = _folder_of(source)
    return folder is not None and next(folder.rglob("*.nbi"), None) is not None


def _compiled(**options: bool) -> Callable[[Callable[..., Any]], Any]:
    """A decorator that compiles with these options and keeps the result by the text it was made from.

    Numba itself notices changes only in a kernel's own file, but the machine code of the kernels it
    calls is linked into it, and would go stale after an upgrade.
    """

    def compiled(function: Callable[..., Any]) -> Any:
        folder = _folder_of(Path(function.__code__.co_filename))
        compiles = partial(_numba.njit, nogil=True, error_model="numpy", boundscheck=False, **options)
        if folder is None:
            return compiles()(function)
        _numba.config.CACHE_DIR = str(folder)
        try:
            return compiles(cache=True)(function)
        finally:
            _numba.config.CACHE_DIR = str(_CACHE)

    return compiled


kernel = _compiled()
"""Decorator of every kernel: compiled on first use, kept between runs, run without the interpreter's lock."""

bare_kernel = _compiled(_nrt=False)
"""As `kernel`, for those that allocate nothing: no array is counted on its way into another kernel.

Where kernels call kernels for every record, those counts (atomic additions) cost more than the decoding:
sFlow samples go from 3.6 to 12 million a second without them. Creating an array inside is a compile error.
"""

inlined_kernel = _compiled(_nrt=False, forceinline=True)
"""As `bare_kernel`, and always compiled into its caller, for small ones on the path of every record.

A call would copy the description of each array: with five calls a record, counting is a third slower.
"""
