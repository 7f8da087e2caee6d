"""A wide-area network for namespaces of this machine: whole packets pass user space, where faults await them.

Each namespace has one TUN device; a thread reads what it sends and writes it, or not, sooner or later, to
the one that the destination names. So TCP really loses packets, whatever the kernel can emulate. Needs root.
"""

import ctypes
import fcntl
import heapq
import os
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from itertools import count
from typing import Final, TypeVar

from tidegate.lab.hotline.faults import NO_FAULTS, Fate, Faults
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

IN_FLIGHT_MAX = 65_536
"""Packets on their way at once; a further one is lost, as in any router whose buffer is full."""

Made = TypeVar("Made")

MTU: Final = 1_400
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x1001
_CLONE_NEWNET: Final = 0x40000000
_IDLE_MS: Final = 100
_BURST: Final = 64


class Wan:
    """`names` are namespaces to be made, `addresses` theirs; `now_s` never steps back. A context."""

    def __init__(self, names: Sequence[str], now_s: Callable[[], float], seed: int = 1) -> None:
        self.names = tuple(names)
        self.addresses = {name: f"10.77.0.{number}" for number, name in enumerate(names, 1)}
        self._now_s = now_s
        self._fates = {
            (one, other): Fate(NO_FAULTS, seed * 1_000 + number)
            for number, (one, other) in enumerate((a, b) for a in names for b in names if a != b)
        }
        self._devices: dict[str, int] = {}
        self._made: list[str] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="wan", daemon=True)
        self.passed = 0
        self.lost = 0

    def set(self, faults: Faults, between: Sequence[str] | None = None) -> None:
        """From the next packet on; between any two of these, or everywhere."""
        ends = set(between or self.names)
        for (one, other), fate in self._fates.items():
            if one in ends and other in ends:
                fate.faults = faults

    def __enter__(self) -> "Wan":
        with ExitStack() as unless_whole:
            unless_whole.callback(self._close)
            for name in self.names:
                self._make(name)
            unless_whole.pop_all()
        self._thread.start()
        return self

    def _make(self, name: str) -> None:
        _ip("netns", "add", name)
        self._made.append(name)
        self._devices[name] = within(name, _open_tun)
        for command in (
            ("addr", "add", f"{self.addresses[name]}/24", "dev", "wan"),
            ("link", "set", "wan", "up", "mtu", str(MTU)),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", name, *command)

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        self._close()

    def _close(self) -> None:
        for device in self._devices.values():
            os.close(device)
        self._devices.clear()
        for name in self._made:
            with suppress(OutsideFailed):
                _ip("netns", "delete", name)
        self._made.clear()

    def _carry(self) -> None:
        poll = select.poll()
        by_device = {device: name for name, device in self._devices.items()}
        by_address = {socket.inet_aton(self.addresses[name]): name for name in self.names}
        for device in by_device:
            poll.register(device, select.POLLIN)
        waiting: list[tuple[float, int, int, bytes]] = []
        order = count()
        while not self._stopping.is_set():
            idle_ms = _IDLE_MS if not waiting else max(0.0, (waiting[0][0] - self._now_s()) * 1000)
            for device, _ in poll.poll(min(idle_ms, _IDLE_MS)):
                for packet in _packets(device):
                    target = by_address.get(packet[16:20])
                    fate = self._fates.get((by_device[device], target or ""))
                    if target is None or fate is None:
                        continue
                    passed = fate.of(packet) if len(waiting) < IN_FLIGHT_MAX else ()
                    self.lost += not passed
                    for one in passed:
                        due_s = self._now_s() + one.after_ms / 1000
                        heapq.heappush(waiting, (due_s, next(order), self._devices[target], one.packet))
            now_s = self._now_s()
            while waiting and waiting[0][0] <= now_s:
                _, _, device, packet = heapq.heappop(waiting)
                self.passed += 1
                with suppress(OSError):  # a packet that was cut short is none
                    os.write(device, packet)


def _packets(device: int) -> list[bytes]:
    packets: list[bytes] = []
    with suppress(OSError):
        for _ in range(_BURST):
            packets.append(os.read(device, MTU + 100))
    return [packet for packet in packets if packet and packet[0] >> 4 == 4]


def _open_tun() -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", b"wan", _IFF_TUN_NO_PI))
    return device


def within(namespace: str, make: Callable[[], Made]) -> Made:
    """Calls `make` in a thread that entered the namespace: sockets and threads begun there belong to it."""
    made: list[Made] = []
    failed: list[BaseException] = []

    def enter() -> None:
        try:
            with open(f"/run/netns/{namespace}", "rb") as door:
                if ctypes.CDLL(None, use_errno=True).setns(door.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(make())
        except (OSError, NotAllowed) as error:
            failed.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        remedy = "Network namespaces need root and iproute2; without them use the fault proxy alone."
        raise OutsideFailed(f"ip {' '.join(arguments)}: {done.stderr.strip()}", "this machine", remedy)
