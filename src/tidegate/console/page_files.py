"""The page as it lies in the wheel, read once: each file with its type, and packed where that helps."""

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "ftl": "text/plain; charset=utf-8",
}
INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class PageFile:
    """`kept` for a name that never names other bytes; `packed` by gzip, None where it is no smaller."""

    body: bytes
    media_type: str
    kept: bool
    packed: bytes | None


def page_file(name: str, body: bytes) -> PageFile:
    packed = gzip.compress(body, mtime=0)
    return PageFile(
        body=body,
        media_type=TYPES[name.rpartition(".")[2]],
        kept=name != INDEX,
        packed=packed if len(packed) < len(body) else None,
    )


def page_files(fonts: Mapping[str, bytes]) -> dict[str, PageFile]:
    """By path without its slash. NotADirectoryError, our own mistake, where the page was not built."""
    told = dict(walk(files("tidegate.console") / "page", ""))
    told |= {f"fonts/{name}": body for name, body in fonts.items()}
    return {name: page_file(name, body) for name, body in told.items() if name.rpartition(".")[2] in TYPES}


def walk(folder: Traversable, above: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from walk(entry, f"{above}{entry.name}/")
        else:
            yield f"{above}{entry.name}", entry.read_bytes()
