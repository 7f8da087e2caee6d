"""Ordinary traffic of the fictional country XA, made from a seed: web, video, names, time, mail."""

import ipaddress
import struct
from dataclasses import dataclass

import numpy as np

from tidegate.lab.traffic import Traffic, ipv4_checksum, traffic_of

TCP, UDP = 6, 17
SYN_ACK, ACK, PUSH_ACK = 0x12, 0x10, 0x18

XA_IPV4 = "203.0.113.0"
XA_IPV6 = "2001:db8:a::"
ABROAD_IPV4 = "198.18.0.0"
ABROAD_IPV6 = "2001:db8:ffff::"
"""Documentation (RFC 5737, 3849) and benchmarking (RFC 2544) addresses for XA's people and others."""

IPV6_BYTES = 16

_ETHERNET = bytes.fromhex("02000000000a02000000000b")


@dataclass(frozen=True, slots=True)
class Habit:
    """A kind of traffic: how common its flows are, how many packets a flow has, and what they look like."""

    share: float
    packets: int
    protocol: int
    port: int
    payload_bytes: tuple[int, int]
    flags: int = ACK


HABITS = (
    Habit(0.30, 40, TCP, 443, (1100, 1400)),
    Habit(0.15, 60, UDP, 443, (1000, 1252)),
    Habit(0.15, 4, TCP, 443, (0, 500), PUSH_ACK),
    Habit(0.10, 1, TCP, 443, (0, 0), SYN_ACK),
    Habit(0.15, 1, UDP, 53, (60, 320)),
    Habit(0.05, 1, UDP, 123, (48, 48)),
    Habit(0.05, 12, TCP, 25, (200, 1200)),
    Habit(0.05, 30, UDP, 3478, (120, 900)),
)


def ordinary_traffic(seed: int, flows: int = 1200, ipv6_share: float = 0.3) -> Traffic:
    """Packets from abroad to XA's people, evenly mixed; the same seed gives the same packets."""
    random = np.random.default_rng(seed)
    shares = np.array([habit.share for habit in HABITS])
    frames: list[bytes] = []
    for choice in random.choice(len(HABITS), flows, p=shares / shares.sum()):
        habit = HABITS[choice]
        people, abroad = random.integers(1, 250), random.integers(1, 100_000)
        port = int(random.integers(20_000, 65_000))
        ipv6 = random.random() < ipv6_share
        bases = (ABROAD_IPV6, XA_IPV6) if ipv6 else (ABROAD_IPV4, XA_IPV4)
        ends = _nth(bases[0], int(abroad)), _nth(bases[1], int(people))
        for _ in range(habit.packets):
            payload = int(random.integers(habit.payload_bytes[0], habit.payload_bytes[1] + 1))
            frames.append(_frame(habit, ends, int(abroad), port, payload))
    order = random.permutation(len(frames))
    mixed = [frames[i] for i in order]
    return traffic_of("ordinary", mixed, np.arange(len(mixed), dtype=np.float64).tolist())


def _frame(habit: Habit, ends: tuple[bytes, bytes], number: int, port: int, payload: int) -> bytes:
    """`ends` are the packed addresses that it comes from and goes to."""
    transport = _transport(habit, port, payload)
    source, target = ends
    if len(source) == IPV6_BYTES:
        header = struct.pack("!IHBB", 6 << 28, len(transport), habit.protocol, 57) + source + target
        return _ETHERNET + b"\x86\xdd" + header + transport
    start = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(transport), number & 0xFFFF, 0x4000, 57, habit.protocol)
    checksum = ipv4_checksum(start + b"\0\0" + source + target)
    return _ETHERNET + b"\x08\x00" + start + struct.pack("!H", checksum) + source + target + transport


def _transport(habit: Habit, port: int, payload: int) -> bytes:
    """A TCP or UDP header from the service's port; its checksum is left open, nobody here reads it."""
    if habit.protocol == TCP:
        return struct.pack("!HHIIBBHHH", habit.port, port, 1, 1, 0x50, habit.flags, 64_240, 0, 0) + bytes(
            payload
        )
    return struct.pack("!HHHH", habit.port, port, 8 + payload, 0) + bytes(payload)


def _nth(base: str, n: int) -> bytes:
    return (ipaddress.ip_address(base) + n).packed
