"""Files of topology as they lie on disk: read whole, unpacked where they are packed, with their digest."""

import bz2
import hashlib
import lzma
import os
import zlib
from pathlib import Path

from tidegate.adapters.topology_download import fetch
from tidegate.adapters.topology_listing import newest
from tidegate.model.topology import Source, WrongLine
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.topology import Progress

USERS = Path(__file__).parent / "data" / "country_internet_users.csv"
USERS_TERMS = "World Bank population (PDDL), Gapminder internet users (CC BY 4.0)"
OUTLINES = USERS.with_name("country_outlines.txt")
OUTLINES_TERMS = "Natural Earth, public domain"

UNPACKED_BYTES_MAX = 1 << 31
"""Bytes of one file after unpacking; a file that unpacks to more is refused, not read on."""

_CHUNK_BYTES = 1 << 22


def read_topology_file(path: Path, role: str, terms: str = "") -> tuple[bytes, Source]:
    """The unpacked bytes, and where they are from: the digest is that of the file as it lies there.

    OutsideFailed where it cannot be read; WrongLine where it does not unpack.
    """
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise OutsideFailed(
            f"cannot read ({error.strerror})", str(path), "Name a file that is there."
        ) from error
    return unpacked(packed, path.name), Source(role, path.name, hashlib.sha256(packed).hexdigest(), terms)


def unpacked(packed: bytes, name: str) -> bytes:
    """Of .bz2, .gz and .xz what is inside, told by the first bytes; other bytes as they are."""
    try:
        if packed.startswith(b"BZh"):
            return _bounded(bz2.BZ2Decompressor, packed, name)
        if packed.startswith(b"\x1f\x8b"):
            return _gunzip(packed, name)
        if packed.startswith(b"\xfd7zXZ\x00"):
            return _bounded(lzma.LZMADecompressor, packed, name)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise WrongLine(f"does not unpack: {error}", name, 1) from error
    return packed


def _bounded(
    maker: "type[bz2.BZ2Decompressor] | type[lzma.LZMADecompressor]", packed: bytes, name: str
) -> bytes:
    """All streams of a file, one behind the other."""
    parts, size, rest = [], 0, packed
    while rest:
        stream = maker()
        given = rest
        while not stream.eof:
            part = stream.decompress(given, _CHUNK_BYTES)
            given = b""
            size += len(part)
            parts.append(part)
            if size > UNPACKED_BYTES_MAX:
                raise WrongLine(f"unpacks to more than {UNPACKED_BYTES_MAX:,} bytes", name, 1)
            if stream.needs_input and not stream.eof:
                raise EOFError("cut short")
        rest = stream.unused_data
    return b"".join(parts)


def _gunzip(packed: bytes, name: str) -> bytes:
    parts, size, rest = [], 0, packed
    while rest.startswith(b"\x1f\x8b"):
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        while not stream.eof:
            part = stream.decompress(rest, _CHUNK_BYTES)
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail
            size += len(part)
            parts.append(part)
            if size > UNPACKED_BYTES_MAX:
                raise WrongLine(f"unpacks to more than {UNPACKED_BYTES_MAX:,} bytes", name, 1)
            if not part and not rest and not stream.eof:
                raise EOFError("cut short")
    return b"".join(parts)


def write_whole(path: Path, data: bytes) -> None:
    """Puts the bytes in place of the file at once: a reader sees the old or the new, never a part."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise OutsideFailed(
            f"cannot write ({error.strerror})", str(path), "Choose a folder that you can write in."
        ) from error


class LocalTopologyFiles:
    """Files of topology on this machine's disk, and downloads (ports.topology.TopologyFiles)."""

    def read(self, path: Path, role: str, terms: str = "") -> tuple[bytes, Source]:
        return read_topology_file(path, role, terms)

    def users(self) -> tuple[bytes, Source]:
        return read_topology_file(USERS, "users by country", USERS_TERMS)

    def outlines(self) -> tuple[bytes, Source]:
        return read_topology_file(OUTLINES, "map", OUTLINES_TERMS)

    def write(self, path: Path, data: bytes) -> None:
        write_whole(path, data)

    def append(self, path: Path, line: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            remedy = "Choose a folder that you can write in."
            raise OutsideFailed(f"cannot write ({error.strerror})", str(path), remedy) from error

    def newest(self, address: str) -> str:
        return newest(address)

    def fetch(self, address: str, path: Path, progress: Progress) -> str:
        return fetch(address, path, progress)
