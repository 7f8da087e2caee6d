"""A speaker's process of each kind with its BGP program, plans to give it, and its processes by their ids."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from tests.adapters.border.routers import (
    SPEAKER_AS,
    Router,
    eventually,
    free_port,
    gobgp_configuration,
    gobgp_neighbour,
    own_address,
)
from tests.conftest import require_peer
from tests.mitigate.small_plans import NODE
from tidegate.adapters.border import SpeakerClient, start_border
from tidegate.adapters.border.places import LOCK_NAME
from tidegate.model.attacks import Rate
from tidegate.model.border import BorderPoint, BorderSettings
from tidegate.model.plans import (
    Blackhole,
    Drop,
    Forecast,
    Match,
    Plan,
    Range,
    RateLimit,
    Redirect,
    Residual,
    Rule,
    Share,
    Signed,
    TcpFlags,
    UsualInbound,
)
from tidegate.ports.border import Order
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.bgp_routes import rule_meaning

SPEAK_HERE = Path(__file__).with_name("speak_here.py")
ROOT = SPEAK_HERE.parents[3]
AGREED = tuple(Signed(plan=1, intent="approve", officer=name, signature="agreed") for name in ("ada", "ben"))
_NOTHING = Share(0, 0, 0)


def forecast() -> Forecast:
    return Forecast(
        attack_removed=_NOTHING,
        lost_bytes=_NOTHING,
        lost_packets=_NOTHING,
        lost_flows=_NOTHING,
        by_service=(),
        residuals=(Residual("north", Rate(0, 0, 0), None),),
        sampled_flows=0,
    )


def plan(*rules: Rule, number: int = 1, replaces: int | None = None, ends_in_s: float = 600) -> Plan:
    now_ms = int(time.time() * 1000)
    return Plan(
        number=number,
        attack=1,
        targets=("198.51.100.0/24",),
        made_at_ms=now_ms,
        ledger_size=1,
        ledger_root="00",
        approve_until_ms=now_ms + 60_000,
        ends_at_ms=now_ms + int(ends_in_s * 1000),
        lease_s=60,
        rules=rules,
        stages=None,
        forecast=forecast(),
        level="desk",
        proposer="tidegate",
        replaces=replaces,
        reasons=(),
        node=NODE,
        usual_inbound=tuple(UsualInbound(point, 10**10) for point in {one.border_point for one in rules}),
    )


def order(proposed: Plan, border_point: str = "north", lease_s: int = 60) -> Order:
    return Order(plan=proposed, approvals=AGREED, border_point=border_point, lease_s=lease_s)


def ntp(border_point: str = "north", bytes_per_s: int = 1_000_000) -> Rule:
    match = Match(destination="198.51.100.0/24", protocols=(17,), source_ports=(Range(123, 123),))
    return Rule(border_point=border_point, match=match, action=RateLimit(bytes_per_s))


def many_kinds(border_point: str) -> tuple[Rule, ...]:
    """A rule of every kind, in both families."""
    dns = Match(
        destination="198.51.100.0/24",
        protocols=(17,),
        source_ports=(Range(53, 53), Range(123, 123)),
        packet_lengths=(Range(400, 1500),),
        fragments=("later", "last"),
    )
    web = Match(
        destination="203.0.113.0/24",
        source="192.0.2.0/24",
        protocols=(1, 6),
        icmp_types=(8,),
        destination_ports=(Range(80, 90), Range(443, 443)),
        tcp_flags=TcpFlags(2, 2),
        fragments=("dont", "first"),
    )
    six = Match(
        destination="2001:db8:1::/48",
        source="2001:db8:2::/48",
        protocols=(17,),
        source_ports=(Range(53, 53),),
        packet_lengths=(Range(60, 60), Range(400, 1500)),
        fragments=("later",),
    )
    syn = Match(destination="2001:db8::/33", protocols=(6,), tcp_flags=TcpFlags(2, 0x12))
    made = (
        (dns, RateLimit(123_456_789), ()),
        (web, Redirect("64500:1"), ()),
        (six, RateLimit(5_000), ("64500:1",)),
        (syn, Drop(), ("64500:7",)),
        (Match(destination="198.51.100.7/32"), Blackhole("192.0.2.1"), ("64500:666",)),
        (Match(destination="2001:db8::7/128"), Blackhole("100::1"), ()),
    )
    return tuple(
        Rule(border_point=border_point, match=match, action=action, communities=communities)
        for match, action, communities in made
    )


class SpeakerWorld:
    """One speaker's process and what it needs; `routers` are already running."""

    kind = "exabgp"

    def __init__(self, folder: Path, points: dict[str, Sequence[Router]], address: str) -> None:
        self.folder = folder
        self.address = address
        self.settings = BorderSettings(
            node=NODE,
            border_points=tuple(
                BorderPoint(
                    name=name,
                    routers=tuple(router.as_border_router(f"{name}-{router.kind}") for router in routers),
                )
                for name, routers in points.items()
            ),
            state_folder=str(folder / "state"),
            officers="none",
            local_as=SPEAKER_AS,
            local_address=address,
            router_id=address,
            speaker="exabgp",
            hold_time_s=3,
        )
        self.routers = [router for routers in points.values() for router in routers]
        self.border: SpeakerClient

    def start(self) -> None:
        self.border = start_border(
            self.settings,
            ["env", f"PYTHONPATH={ROOT}", sys.executable, str(SPEAK_HERE), self.settings.state_folder],
        )

        eventually(self.answers, 60, "the BGP program takes a table")

    def restart_border(self) -> None:
        """As a node that starts again."""
        SpeakerWorld.start(self)

    def restart_program(self) -> None:
        """As an operator does, whose program it is."""

    def answers(self) -> bool:
        """On a busy machine five processes take their time to start."""
        with suppress(OutsideFailed):
            self.border.withdraw_all()
            return True
        return False

    def stop(self) -> None:
        self.border.close()
        for pid in (self.hands, self.program, self.speaker):
            with suppress(ProcessLookupError, TypeError):
                os.kill(pid, signal.SIGKILL)  # type: ignore[arg-type]

    def all_sessions_up(self) -> bool:
        return all(each.state == "up" for each in self.border.sessions())

    def received(self, border_point: str) -> list[set[Rule] | None]:
        """What each receiver of a border point holds."""
        return [
            None if each.rules is None else set(each.rules)
            for each in self.border.read_back()
            if each.border_point == border_point
        ]

    @property
    def speaker(self) -> int | None:
        return self._pid(LOCK_NAME)

    @property
    def hands(self) -> int | None:
        return self._pid("hands.lock")

    @property
    def program(self) -> int | None:
        """The BGP program: the hands' parent."""
        return parent_of(self.hands) if self.hands is not None else None

    def process(self, name: str) -> int:
        pid = {"speaker": self.speaker, "hands": self.hands, "program": self.program}[name]
        assert pid is not None
        return pid

    def _pid(self, name: str) -> int | None:
        try:
            return int((Path(self.settings.state_folder) / "speaker" / name).read_text())
        except (FileNotFoundError, ValueError):
            return None


class GobgpSpeakerWorld(SpeakerWorld):
    """With the operator's gobgpd, which the routers know."""

    kind = "gobgp"
    neighbour_extra = ""

    def __init__(self, folder: Path, points: dict[str, Sequence[Router]], address: str) -> None:
        super().__init__(folder, points, address)
        self.path = require_peer("gobgpd", "/usr/bin/gobgpd")
        self.api = f"{address}:{free_port(address)}"
        self.port = free_port(address)
        self.settings = msgspec.structs.replace(self.settings, speaker="gobgp", gobgp=self.api)
        self.gobgpd: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.start_gobgpd()
        super().start()

    def start_gobgpd(self) -> None:
        neighbours = "".join(
            gobgp_neighbour(
                router.address,
                router.own_as,
                f"{self.neighbour_extra}[neighbors.ebgp-multihop.config]\nenabled = true\nmultihop-ttl = 8\n"
                f'[neighbors.transport.config]\nlocal-address = "{self.address}"\n'
                f"remote-port = {router.port}\n",
            )
            for router in self.routers
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "speaker.toml"
        path.write_text(gobgp_configuration(self.address, self.port, SPEAKER_AS, neighbours))
        with (self.folder / "gobgpd.log").open("ab") as log:
            self.gobgpd = subprocess.Popen(
                [str(self.path), "-f", str(path), "--api-hosts", self.api, "--pprof-disable"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(lambda: listens(self.api), 10, "gobgpd listens")

    def restart_program(self) -> None:
        assert self.gobgpd is not None
        self.gobgpd.wait()
        self.start_gobgpd()

    def stop(self) -> None:
        super().stop()
        if self.gobgpd is not None:
            with suppress(ProcessLookupError):
                os.kill(self.gobgpd.pid, signal.SIGCONT)
            self.gobgpd.kill()
            self.gobgpd.wait()

    @property
    def program(self) -> int | None:
        return None if self.gobgpd is None else self.gobgpd.pid


WORLDS = {"exabgp": SpeakerWorld, "gobgp": GobgpSpeakerWorld}


@contextmanager
def speaking(
    kind: str, folder: Path, points: dict[str, Sequence[Router]], address: str | None = None
) -> Iterator[SpeakerWorld]:
    world = WORLDS[kind](folder, points, address or own_address())
    try:
        world.start()
        yield world
    finally:
        world.stop()


def listens(endpoint: str) -> bool:
    import socket

    host, _, port = endpoint.rpartition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), 1):
        return True
    return False


def parent_of(pid: int) -> int | None:
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def meanings(rules: Sequence[Rule]) -> set[Rule]:
    return {rule_meaning(rule) for rule in rules}
