"""The lab's internet: each organisation is a network of its own behind one router, which can lose a way.

Networks are namespaces joined to the router's by veth pairs. Sockets and programs of an organisation have
its addresses, servers their usual ports, and a way that is gone is told by ICMP, as by a router. Needs root.
"""

import os
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from itertools import count
from typing import Final

from tidegate.lab.audit.country import Organisation
from tidegate.ports.outside import OutsideFailed

LINKS: Final = "100.64"
"""Between the router and the networks; nobody speaks from these addresses."""

_MADE = count()

Ends = tuple[str, str]


class Networks:
    """A context: made when entered, gone when left."""

    def __init__(self, organisations: Sequence[Organisation]) -> None:
        stem = f"tidegate-audit-{os.getpid()}-{next(_MADE)}"
        self._organisations = organisations
        self._router = f"{stem}-router"
        self._names = {one.key: f"{stem}-{one.key}" for one in organisations}
        self._lost: set[Ends] = set()

    def __enter__(self) -> "Networks":
        with ExitStack() as unless_whole:
            unless_whole.callback(self._remove)
            self._make()
            unless_whole.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def namespace(self, organisation: str) -> str:
        return self._names[organisation]

    def prefix(self, organisation: str) -> list[str]:
        """What begins a command that is to run in this organisation's network."""
        return ["nsenter", f"--net=/run/netns/{self._names[organisation]}"]

    def lose(self, ways: Sequence[Ends]) -> None:
        """No packet passes between these prefixes any more, in either direction."""
        self._lost |= {*ways, *((other, one) for one, other in ways)}
        pairs = ", ".join(f"{one} . {other}" for one, other in sorted(self._lost))
        script = (
            "add table ip lab; delete table ip lab; table ip lab {\n"
            f" set lost {{\n  type ipv4_addr . ipv4_addr; flags interval;\n  elements = {{ {pairs} }}\n }}\n"
            " chain way {\n  type filter hook forward priority 0;\n"
            "  ip saddr . ip daddr @lost reject with icmp type host-unreachable\n }\n}\n"
        )
        _run(["ip", "netns", "exec", self._router, "nft", "-f", "-"], script)

    def _make(self) -> None:
        names = [self._router, *self._names.values()]
        _batch([], [f"netns add {name}" for name in names])
        _batch(
            [],
            [
                f"link add name to{at} netns {self._router} type veth"
                f" peer name line netns {self._names[one.key]}"
                for at, one in enumerate(self._organisations)
            ],
        )
        self._make_router()
        for at, one in enumerate(self._organisations):
            lines = ["link set lo up", "link set line up", f"addr add {LINKS}.{at}.2/24 dev line"]
            lines += [f"addr add {address}/32 dev lo" for address in one.addresses()]
            lines.append(f"route add default via {LINKS}.{at}.1 src {one.address(1)}")
            _batch(["-n", self._names[one.key]], lines)

    def _make_router(self) -> None:
        lines = ["link set lo up"]
        for at, one in enumerate(self._organisations):
            lines += [f"link set to{at} up", f"addr add {LINKS}.{at}.1/24 dev to{at}"]
            lines.append(f"route add {one.prefix} via {LINKS}.{at}.2")
        _batch(["-n", self._router], lines)
        # Linux tells a sender once a second that its way is gone; then every other answer would be slow.
        for setting in ("ip_forward=1", "icmp_ratelimit=0"):
            _run(["ip", "netns", "exec", self._router, "sysctl", "-qw", f"net.ipv4.{setting}"])

    def _remove(self) -> None:
        for name in (self._router, *self._names.values()):
            with suppress(OutsideFailed):
                _run(["ip", "netns", "delete", name])


def _batch(options: Sequence[str], lines: Sequence[str]) -> None:
    _run(["ip", *options, "-batch", "-"], "\n".join(lines) + "\n")


def _run(command: Sequence[str], told: str = "") -> None:
    remedy = "Network namespaces need root, iproute2 and nftables."
    try:
        done = subprocess.run(command, input=told, check=False, capture_output=True, text=True)
    except OSError as error:
        raise OutsideFailed(f"{command[0]} cannot be run", str(error), remedy) from error
    if done.returncode:
        raise OutsideFailed(f"{' '.join(command)}: {done.stderr.strip()}", "this machine", remedy)
