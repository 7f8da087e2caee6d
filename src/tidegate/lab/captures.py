"""The four captured attacks that travel with the package, as traffic."""

import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from tidegate.lab.traffic import Traffic, traffic_of
from tidegate.model.refusals import NotAllowed
from tidegate.wire.captures import capture_reader

CAPTURE_BYTES_MAX = 1 << 26
"""Longest capture after unpacking; a longer one is refused."""


@dataclass(frozen=True, slots=True)
class CapturedAttack:
    """One file of the captures folder and what its origin says of it."""

    file: str
    story: str


CAPTURED_ATTACKS = {
    "snmp": CapturedAttack("amp.UDP.snmp.src161", "SNMP reflection"),
    "dns": CapturedAttack("amp.dns.RRSIG.fragmented", "DNS reflection in fragments, among other TCP traffic"),
    "syn": CapturedAttack("pkt.TCP.synflood.spoofed", "SYN flood with forged sources"),
    "bacnet": CapturedAttack("amp.UDP.bacnet.IOT.37810", "BACnet, Dahua and FiveM reflection"),
}


def captured_attack(name: str) -> Traffic:
    """The packets of one of CAPTURED_ATTACKS, towards the address in the capture."""
    folder = files("tidegate.lab") / "captures"
    wanted = CAPTURED_ATTACKS[name].file
    packed = next(entry for entry in folder.iterdir() if entry.name.startswith(wanted))
    times, frames = zip(*_ethernet_frames(unpacked(packed.read_bytes(), wanted)), strict=True)
    return traffic_of(name, frames, times)


def unpacked(packed: bytes, name: str) -> bytes:
    """The capture in an xz file; NotAllowed where it is longer than CAPTURE_BYTES_MAX, or cut short."""
    unpacking = lzma.LZMADecompressor()
    capture = unpacking.decompress(packed, CAPTURE_BYTES_MAX)
    if not unpacking.eof:
        raise NotAllowed(
            f"the capture {name} is cut short, or longer than {CAPTURE_BYTES_MAX} bytes unpacked"
        )
    return capture


def _ethernet_frames(data: bytes) -> Iterator[tuple[float, bytes]]:
    reader = capture_reader(data)
    reader.feed(data)
    while block := reader.read():
        for start, length, at_ms in zip(block.starts, block.lengths, block.timestamps_ms, strict=True):
            yield float(at_ms) / 1000, block.data[start : start + length].tobytes()
    reader.finish()
