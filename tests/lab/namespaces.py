"""Network namespaces that a test makes for itself: a sender, a forwarding router, and a receiver.

Nothing in them reaches this machine's network: they are joined by veth pairs alone.
"""

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pytest

CLONE_NEWNET = 0x40000000
ETH_P_ALL = 3
Made = TypeVar("Made")


TUN = "/dev/net/tun"


def require_namespaces(*programs: str, tun: bool = False) -> None:
    """Whoever is root runs these tests: in CI (CI=true) nothing that root lacks is passed over, neither a
    program nor, with `tun`, the device that joins namespaces in user space. Who is not root can make no
    namespace, and no package helps there: that alone skips in CI as well, and the run's summary says so."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces are made by root only")
    missing = [name for name in ("ip", *programs) if shutil.which(name) is None]
    if tun and not os.access(TUN, os.R_OK | os.W_OK):
        missing.append(TUN)
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"root has no {', no '.join(missing)}")
    if missing:
        pytest.skip(f"there is no {', no '.join(missing)}")


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inside(namespace: str, make: Callable[[], Made]) -> Made:
    """Calls `make` in a thread that has entered the namespace; sockets made there stay there."""
    result: list[Made] = []

    def enter() -> None:
        with open(f"/run/netns/{namespace}", "rb") as door:
            if ctypes.CDLL(None, use_errno=True).setns(door.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        result.append(make())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return result[0]


def packet_socket(namespace: str, interface: str) -> socket.socket:
    """Sends and receives whole Ethernet frames on one interface of a namespace."""

    def make() -> socket.socket:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        opened.bind((interface, 0))
        return opened

    return inside(namespace, make)


@dataclass(frozen=True)
class Road:
    """`abroad` -> `router` -> `home`: the router forwards from its `outside` to its `inside` interface."""

    abroad: str
    router: str
    home: str
    router_mac: bytes

    def sender(self) -> socket.socket:
        return packet_socket(self.abroad, "line")

    def receiver(self) -> socket.socket:
        return packet_socket(self.home, "line")


@contextmanager
def road(targets: Sequence[str]) -> Iterator[Road]:
    """Three namespaces in a row; the router knows the way to `targets` (prefixes of both families)."""
    names = [f"tidegate-{os.getpid()}-{part}" for part in ("abroad", "router", "home")]
    abroad, router, home = names
    made: list[str] = []
    try:
        for name in names:
            run("ip", "netns", "add", name)
            made.append(name)
            for setting in ("ipv6.conf.all.accept_dad=0", "ipv6.conf.default.accept_dad=0"):
                inner(name, "sysctl", "-qw", f"net.{setting}")
        join(router, "outside", abroad, "line")
        join(router, "inside", home, "line")
        for setting in (
            "net.ipv4.ip_forward=1",
            "net.ipv6.conf.all.forwarding=1",
            "net.ipv4.conf.all.rp_filter=0",
            "net.ipv4.conf.outside.rp_filter=0",
        ):
            inner(router, "sysctl", "-qw", setting)
        inner(router, "ip", "addr", "add", "198.19.255.1/30", "dev", "inside")
        inner(router, "ip", "addr", "add", "2001:db8:f::1/64", "dev", "inside", "nodad")
        home_mac = mac(home, "line")
        for gateway in ("198.19.255.2", "2001:db8:f::2"):
            inner(
                router, "ip", "neigh", "add", gateway, "lladdr", home_mac, "dev", "inside", "nud", "permanent"
            )
        for target in targets:
            gateway = "2001:db8:f::2" if ":" in target else "198.19.255.2"
            inner(router, "ip", "route", "add", target, "via", gateway, "dev", "inside")
        yield Road(abroad, router, home, bytes.fromhex(mac(router, "outside").replace(":", "")))
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "delete", name], check=False)


def join(one: str, its: str, other: str, theirs: str) -> None:
    """A veth pair between two namespaces, up, and told to leave checksums alone."""
    run("ip", "link", "add", its, "netns", one, "type", "veth", "peer", "name", theirs, "netns", other)
    for name, interface in ((one, its), (other, theirs)):
        inner(name, "ip", "link", "set", "lo", "up")
        inner(name, "ip", "link", "set", interface, "up")


def inner(namespace: str, *command: str) -> str:
    return run("ip", "netns", "exec", namespace, *command)


def mac(namespace: str, interface: str) -> str:
    return inner(namespace, "cat", f"/sys/class/net/{interface}/address").strip()
