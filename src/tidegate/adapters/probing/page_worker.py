"""The process that reads other people's pages: one that makes it work without end costs this one only."""

import resource
import sys
from typing import BinaryIO

import msgspec

from tidegate.model.probes import Link
from tidegate.wire.pages import page_links, style_links

MEMORY_BYTES_MAX = 1 << 31
"""Address space of the process; a page that needs more ends it, and is told as not read."""

LENGTH_BYTES = 4
READY = b"r"


class ToRead(msgspec.Struct, array_like=True):
    """A page or a style sheet, as text, with its own address."""

    style: bool
    body: str
    url: str


class Read(msgspec.Struct, array_like=True):
    """What it loads, and whether all of that is told."""

    links: tuple[Link, ...]
    whole: bool


def work(source: BinaryIO, sink: BinaryIO) -> None:
    """Says that it is there; then one answer for each request, behind its length, until none comes."""
    sink.write(READY)
    sink.flush()
    decoder = msgspec.msgpack.Decoder(ToRead)
    while length := source.read(LENGTH_BYTES):
        wanted = decoder.decode(source.read(int.from_bytes(length, "big")))
        read = Read(*(style_links if wanted.style else page_links)(wanted.body, wanted.url))
        answer = msgspec.msgpack.encode(read)
        sink.write(len(answer).to_bytes(LENGTH_BYTES, "big") + answer)
        sink.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    work(sys.stdin.buffer, sys.stdout.buffer)
