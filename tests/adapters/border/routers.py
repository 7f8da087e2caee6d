"""Real routers' software on loopback: each with a folder, address and ports of its own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from tests.conftest import require_peer
from tidegate.model.border import BorderRouter

SPEAKER_AS, ROUTER_AS = 64500, 64501
HOLD_S = 3
_numbers = count(os.getpid() % 1024 * 512 + 1)


def own_address() -> str:
    """A loopback address that no other test uses at the same time; each worker's process has 512."""
    number = next(_numbers)
    return f"127.{90 + (number >> 16 & 7)}.{number >> 8 & 255}.{number & 255}"


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


class Router:
    """One daemon. `start` it, ask it through `receiver`, `stop` it; `speaker` is who may announce to it."""

    kind = ""
    program = ""
    own_as = ROUTER_AS

    def __init__(self, folder: Path, speaker: str) -> None:
        self.path = require_peer(self.kind, self.program)
        self.folder = folder
        self.speaker = speaker
        self.address = own_address()
        self.port = free_port(self.address)
        self.process: subprocess.Popen[bytes] | None = None

    def as_border_router(self, name: str) -> BorderRouter:
        return BorderRouter(
            name=name, address=self.address, peer_as=ROUTER_AS, port=self.port, receiver=self.receiver
        )

    @property
    def receiver(self) -> str:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def stop(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None


FAMILIES = ("ipv4-unicast", "ipv6-unicast", "ipv4-flowspec", "ipv6-flowspec")


def gobgp_neighbour(address: str, peer_as: int, extra: str = "") -> str:
    families = "".join(
        f'[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = "{name}"\n'
        for name in FAMILIES
    )
    return (
        f'[[neighbors]]\n[neighbors.config]\nneighbor-address = "{address}"\npeer-as = {peer_as}\n'
        f"[neighbors.timers.config]\nhold-time = {HOLD_S}\nconnect-retry = 1\n"
        "idle-hold-time-after-reset = 1\n"
        f"{extra}{families}"
    )


def gobgp_configuration(address: str, port: int, own_as: int, neighbours: str) -> str:
    return (
        f'[global.config]\nas = {own_as}\nrouter-id = "{address}"\nport = {port}\n'
        f'local-address-list = ["{address}"]\n{neighbours}'
    )


class GobgpRouter(Router):
    kind, program = "gobgpd", "/usr/bin/gobgpd"

    def __init__(self, folder: Path, speaker: str) -> None:
        super().__init__(folder, speaker)
        self.api = f"{self.address}:{free_port(self.address)}"

    @property
    def receiver(self) -> str:
        return f"gobgp {self.api}"

    def command(self) -> list[str]:
        passive = f'[neighbors.transport.config]\npassive-mode = true\nlocal-address = "{self.address}"\n'
        text = gobgp_configuration(
            self.address, self.port, ROUTER_AS, gobgp_neighbour(self.speaker, SPEAKER_AS, passive)
        )
        (self.folder / "gobgpd.toml").write_text(text)
        return [str(self.path), "-f", "gobgpd.toml", "--api-hosts", self.api, "--pprof-disable"]


class BirdRouter(Router):
    kind, program = "bird2", "/usr/sbin/bird"

    @property
    def receiver(self) -> str:
        return f"birdc {self.folder}/bird.ctl"

    def command(self) -> list[str]:
        channels = "".join(
            f"  {channel} {{ import all; export none; {table} }};\n"
            for channel, table in (
                ("ipv4", "next hop keep;"),
                ("ipv6", "next hop keep;"),
                ("flow4", "table flowtab4;"),
                ("flow6", "table flowtab6;"),
            )
        )
        (self.folder / "bird.conf").write_text(
            f"router id {self.address};\nflow4 table flowtab4;\nflow6 table flowtab6;\n"
            f"protocol device {{ }}\nprotocol static {{ ipv4; route 192.0.2.0/24 blackhole; }}\n"
            f"protocol bgp speaker {{\n  local {self.address} port {self.port} as {ROUTER_AS};\n"
            f"  neighbor {self.speaker} as {SPEAKER_AS};\n  passive on;\n  multihop;\n"
            f"  hold time {HOLD_S};\n  strict bind on;\n  enforce first as off;\n{channels}}}\n"
        )
        return [str(self.path), "-f", "-c", "bird.conf", "-s", f"{self.folder}/bird.ctl", "-P", "bird.pid"]


class FrrRouter(Router):
    kind, program = "frr", "/usr/lib/frr/bgpd"

    @property
    def receiver(self) -> str:
        return f"vtysh {self.folder}"

    def command(self) -> list[str]:
        families = "".join(
            f" address-family {family}\n  neighbor {self.speaker} activate\n exit-address-family\n"
            for family in ("ipv4 unicast", "ipv6 unicast", "ipv4 flowspec", "ipv6 flowspec")
        )
        (self.folder / "bgpd.conf").write_text(
            f"router bgp {ROUTER_AS}\n bgp router-id {self.address}\n no bgp ebgp-requires-policy\n"
            f" no bgp default ipv4-unicast\n no bgp network import-check\n"
            f" neighbor {self.speaker} remote-as {SPEAKER_AS}\n neighbor {self.speaker} ebgp-multihop 8\n"
            f" neighbor {self.speaker} disable-connected-check\n"
            f" neighbor {self.speaker} timers 1 {HOLD_S}\n neighbor {self.speaker} passive\n{families}"
        )
        return [
            str(self.path), "-f", f"{self.folder}/bgpd.conf", "-i", f"{self.folder}/bgpd.pid", "-Z", "-S",
            "-p", str(self.port), "-l", self.address, "--vty_socket", str(self.folder), "-P", "0",
            "-z", f"{self.folder}/zebra.sock",
        ]  # fmt: skip


ROUTERS = {"gobgp": GobgpRouter, "bird": BirdRouter, "frr": FrrRouter}


@contextmanager
def running(kind: str, folder: Path, speaker: str) -> Iterator[Router]:
    router = ROUTERS[kind](folder, speaker)
    try:
        router.start()
        yield router
    finally:
        router.stop()


def eventually(true: Callable[[], object], within_s: float, what: str = "") -> float:
    """Waits until it is true and tells how long that took; fails after `within_s`."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what or true}"
        time.sleep(0.05)
    return time.monotonic() - began
