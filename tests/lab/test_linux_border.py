"""Linux as the border: packets are forwarded, told by softflowd, held back by nftables, and let go again.

Everything that is real in an operator's network is real here: a forwarding kernel, an exporter from Debian,
the node as its own program, two officers' signatures, the speaker, BGP, and packets that stop.
"""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests import frames
from tests.conftest import require_peer
from tests.lab import counters_command
from tests.lab.namespaces import Road, require_namespaces, road
from tests.lab.test_nftables import sent_frame
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.places import DATABASE_NAME
from tidegate.lab.border_router import LabRouter, Speaker
from tidegate.lab.duty import DutyRoom, appoint
from tidegate.lab.nftables import LinuxGate
from tidegate.model.canonical import decode_record
from tidegate.model.facts import VerdictReached
from tidegate.model.plans import Rule
from tidegate.model.verdicts import Verdict

pytestmark = pytest.mark.peer

TARGET = "198.51.100.7"
ROUTER = "127.0.0.9"
SPEAKER = Speaker("127.0.0.1", speaker_as=64500, own_as=64500)
ATTACK_PACKETS_PER_S, OTHER_PACKETS_PER_S = 1_000, 100
SENT_EVERY_S = 0.02
LEASE_S = 12
PATIENCE_S = 90.0
SNMP, HTTPS = 161, 443

CONFIGURATION = """
[collector]
listen = ["127.0.0.1:2055"]

[sampling]
"127.0.0.1/32" = 1

[border_points.north]
exporters = ["127.0.0.1/32"]

[border_points.north.routers.edge]
address = "{address}"
peer_as = 64500
port = {port}
counters = ["{python}", "{command}", "nft", "{held}"]

[detection]
floor_scale = 0.1
quiet_seconds = 5

[border]
speaker = "exabgp"
local_as = 64500
local_address = "127.0.0.1"

[planning]
spot_test_seconds = 6
widen_every_seconds = 6
lease_seconds = {lease_s}
evidence_seconds = 30

[metrics]
listen = "off"
"""


@dataclass
class Sender:
    """Sends attack packets and others, evenly, from many sources, until it is stopped."""

    way: Road
    attacking: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self._thread.join()

    def _send(self) -> None:
        attack = [self._packet(SNMP, source, 1_400, 17) for source in range(200)]
        other = [self._packet(HTTPS, source, 600, 6) for source in range(50)]
        sent = [0, 0]
        begun = time.monotonic()
        with self.way.sender() as line:
            while not self.stopping.wait(SENT_EVERY_S):
                gone_s = time.monotonic() - begun
                for which, packets, rate in (
                    (0, attack, ATTACK_PACKETS_PER_S),
                    (1, other, OTHER_PACKETS_PER_S),
                ):
                    due = int(gone_s * rate)
                    if which or self.attacking.is_set():
                        for number in range(sent[which], due):
                            line.send(packets[number % len(packets)])
                    sent[which] = due

    def _packet(self, port: int, source: int, payload: int, protocol: int) -> bytes:
        header = frames.udp(port, 40_000 + source, bytes(payload))
        if protocol == 6:
            header = frames.tcp(port, 40_000 + source, frames.ACK) + bytes(payload)
        body = frames.ipv4(protocol, header, source=f"203.0.113.{source}", destination=TARGET)
        return sent_frame(self.way, body, 0)


@dataclass
class Ear:
    """Counts what arrives, by source port, second by second."""

    way: Road
    arrived: list[Counter[int]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self._thread.join()

    def _listen(self) -> None:
        with self.way.receiver() as line:
            line.settimeout(0.2)
            while not self.stopping.is_set():
                counted: Counter[int] = Counter()
                until = time.monotonic() + 1
                while time.monotonic() < until and not self.stopping.is_set():
                    try:
                        frame = line.recv(64)
                    except TimeoutError:
                        continue
                    if frame[12:14] == b"\x08\x00":
                        counted[int.from_bytes(frame[34:36], "big")] += 1
                self.arrived.append(counted)

    def lately(self, port: int, seconds: int = 3) -> float:
        """Packets a second, the median of the last whole seconds."""
        return float(np.median([counted[port] for counted in self.arrived[-seconds:]] or [0]))


@dataclass
class Scene:
    way: Road
    node: subprocess.Popen[bytes]
    router: LabRouter
    gate: LinuxGate
    duty: DutyRoom
    sender: Sender
    ear: Ear
    log: Path
    held: Path
    installed: tuple[Rule, ...] = ()

    def comes_true(self, wanted: Callable[[], bool], what: str) -> None:
        """Meanwhile the kernel gets whatever rules the router accepts."""
        until = time.monotonic() + PATIENCE_S
        while not wanted():
            self.router.listen()
            if self.router.rules != self.installed:
                self.gate.hold(self.router.rules)
                self.held.write_bytes(msgspec.json.encode(self.router.rules))
                self.installed = self.router.rules
            assert time.monotonic() < until, f"it never came true that {what}\n{self.log.read_text()}"
            time.sleep(0.05)

    def verdicts(self) -> list[Verdict]:
        """As they stand in the ledger."""
        stores = SqlStores(f"sqlite:///{self.duty.state_folder / DATABASE_NAME}", "refuse")
        stored = stores.facts.facts(0, stores.facts.head().size)
        facts = [decode_record(one.body).fact for one in stored]
        stores.close()
        return [one for fact in facts if isinstance(fact, VerdictReached) for one in fact.verdicts]

    def stages(self) -> list[str]:
        return [view.stage for view in self.duty.seen.plans]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    require_namespaces("nft")
    softflowd = require_peer("softflowd", "/usr/sbin/softflowd")
    with road(["198.51.100.0/24"]) as way:
        inside = ("ip", "netns", "exec", way.router)
        router = LabRouter("edge", "north", ROUTER, SPEAKER, tmp_path / "edge", inside)
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        officers = appoint(tmp_path / "officers", state / "officers.toml")
        configuration = tmp_path / "tidegate.toml"
        held = tmp_path / "held.json"
        configuration.write_text(
            CONFIGURATION.format(
                address=ROUTER,
                port=router.port,
                lease_s=LEASE_S,
                python=sys.executable,
                command=counters_command.__file__,
                held=held,
            )
        )
        log = tmp_path / "node.log"
        told = ("-t", "maxlife=1", "-t", "expint=1", "-t", "udp=1", "-t", "general=1", "-t", "tcp=1")
        exporter = [*inside, softflowd, "-d", "-i", "inside", "-v", "9", "-n", "127.0.0.1:2055", *told]
        exporter += ["-p", tmp_path / "softflowd.pid", "-c", tmp_path / "softflowd.ctl"]
        program = [
            *inside,
            sys.executable,
            "-m",
            "tidegate",
            "run",
            "--state",
            state,
            "--config",
            configuration,
        ]
        router.start()
        with log.open("wb") as written:
            node = subprocess.Popen(program, stderr=written, stdout=written)
            telling = subprocess.Popen(exporter, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        duty = DutyRoom(state, WallClock())
        duty.start(lambda: officers)
        sender, ear = Sender(way), Ear(way)
        made = Scene(way, node, router, LinuxGate(way.router), duty, sender, ear, log, held)
        try:
            yield made
        finally:
            duty.stop()
            sender.stop()
            ear.stop()
            for process in (node, telling):
                process.terminate()
                process.wait(20)
            router.stop()


def test_packets_of_an_attack_really_stop_and_others_pass_and_the_rule_ends_with_its_lease(
    scene: Scene,
) -> None:
    scene.comes_true(lambda: "collector ready" in scene.log.read_text(), "the collector is ready")
    scene.comes_true(lambda: scene.router.session_up, "the session is up")
    scene.comes_true(lambda: scene.ear.lately(HTTPS) > 0.5 * OTHER_PACKETS_PER_S, "others pass")
    scene.sender.attacking.set()
    scene.comes_true(lambda: scene.ear.lately(SNMP) > 0.5 * ATTACK_PACKETS_PER_S, "the attack passes")
    scene.comes_true(lambda: "proposed" in scene.stages(), "a plan is proposed")
    scene.comes_true(lambda: bool(scene.installed), "the kernel holds its rules")
    assert len({word.officer for word in scene.duty.words}) == 2
    scene.comes_true(lambda: scene.ear.lately(SNMP) < 0.1 * ATTACK_PACKETS_PER_S, "the attack stops")
    scene.comes_true(lambda: "held" in scene.stages(), "the plan holds")
    assert scene.ear.lately(HTTPS) > 0.5 * OTHER_PACKETS_PER_S
    counted = scene.gate.counters(scene.installed)
    assert sum(one.dropped_packets for one in counted.values()) > ATTACK_PACKETS_PER_S

    scene.node.kill()
    scene.comes_true(lambda: not scene.installed, "the lease ends though the node is dead")
    scene.comes_true(lambda: scene.ear.lately(SNMP) > 0.5 * ATTACK_PACKETS_PER_S, "packets pass again")

    verdict = scene.verdicts()[0]
    assert verdict.passed, verdict
    assert verdict.counters is not None, scene.log.read_text()
    assert verdict.counters.matched_bytes > 1_400 * ATTACK_PACKETS_PER_S
    assert verdict.counters.dropped_bytes > 0.9 * verdict.counters.matched_bytes
