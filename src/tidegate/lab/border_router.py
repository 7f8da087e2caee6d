"""A lab border router: it holds a real BGP session, and enforces the rules it accepts on what passes it.

BGP is spoken by an ExaBGP of its own, which tells of every message and of the session's state; the bytes
of each UPDATE are decoded here. A router whose session falls forgets its rules at once, as RFC 4271 asks.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tidegate.adapters.border.children import start_bound_child
from tidegate.adapters.border.exabgp import environment as exabgp_settings
from tidegate.adapters.border.programs import free_port
from tidegate.lab.enforcement import Counters, Enforcement, HeldRule
from tidegate.lab.exporters import Offered
from tidegate.lab.packet_facts import Marks
from tidegate.model import border
from tidegate.model.plans import Blackhole, Rule
from tidegate.model.refusals import Malformed
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.bgp_routes import RouteKey, decode_update, rule_from
from tidegate.wire.flowspec import encode_nlri, split_nlris

LINE_BYTES_MAX = 1 << 20
"""Longest line that the BGP program may tell; one that is longer ends the lab, which cannot follow it."""

STOP_WAIT_S: Final = 3.0

CONFIGURATION: Final = """process ear {{
    run /bin/sh {folder}/ear.sh;
    encoder json;
}}
neighbor {speaker} {{
    router-id {address};
    local-address {address};
    local-as {own_as};
    peer-as {speaker_as};
    hold-time {hold_time_s};
    passive true;
    family {{
        ipv4 unicast;
        ipv6 unicast;
        ipv4 flow;
        ipv6 flow;
    }}
    capability {{
        graceful-restart disable;
    }}
    api {{
        processes [ ear ];
        neighbor-changes;
        receive {{
            packets;
            update;
        }}
    }}
}}
"""

EAR: Final = "exec cat 3>&1 > {folder}/told\n"
"""ExaBGP ends a helper that closes its output, so `cat` keeps it open and unused."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who announces to the router, and the numbers of both."""

    address: str
    speaker_as: int
    own_as: int
    hold_time_s: int = 9


class LabRouter:
    """One border router; `start` it, then `listen` again and again, then `stop` it.

    `folder` is its own, for its BGP program's configuration. `port` is known from the start. `inside` is a
    command that begins its BGP program's, as "ip netns exec NAME" does for another network namespace.
    """

    def __init__(
        self,
        name: str,
        border_point: str,
        address: str,
        speaker: Speaker,
        folder: Path,
        inside: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.border_point = border_point
        self.address = address
        self.port = free_port(address)
        self.session_up = False
        self.refused: list[str] = []
        self._speaker = speaker
        self._folder = folder.absolute()
        self._inside = inside
        self._enforcement = Enforcement()
        self._routes: dict[RouteKey, HeldRule] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._told: int | None = None
        self._line = b""

    def as_border_router(self) -> border.BorderRouter:
        """How an operator's configuration calls it."""
        return border.BorderRouter(
            name=self.name, address=self.address, peer_as=self._speaker.own_as, port=self.port
        )

    @property
    def pid(self) -> int | None:
        """Of its BGP program."""
        return None if self._process is None else self._process.pid

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those it enforces, in the order in which it asks them."""
        return self._enforcement.rules

    def counters(self) -> dict[Rule, Counters]:
        return self._enforcement.counters()

    def let_through(self, offered: Sequence[Offered]) -> list[Marks]:
        """As `Enforcement.let_through`, by the rules that it was told of until now."""
        self.listen()
        return self._enforcement.let_through(offered)

    def start(self) -> None:
        """OutsideFailed where its BGP program cannot be started."""
        self._folder.mkdir(parents=True, exist_ok=True)
        speaker = self._speaker
        (self._folder / "router.conf").write_text(
            CONFIGURATION.format(
                folder=self._folder,
                speaker=speaker.address,
                address=self.address,
                own_as=speaker.own_as,
                speaker_as=speaker.speaker_as,
                hold_time_s=speaker.hold_time_s,
            )
        )
        (self._folder / "ear.sh").write_text(EAR.format(folder=self._folder))
        with suppress(FileExistsError):
            os.mkfifo(self._folder / "told")
        self._told = os.open(self._folder / "told", os.O_RDONLY | os.O_NONBLOCK)
        environment = os.environ | exabgp_settings(listen=[self.address], port=self.port)
        program = [*self._inside, sys.executable, "-m", "exabgp", "server", str(self._folder / "router.conf")]
        with (self._folder / "router.log").open("ab") as log:
            try:
                self._process = start_bound_child(program, environment, log)
            except OSError as error:
                raise OutsideFailed("a lab router cannot start", str(error), "Install ExaBGP.") from error

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        if self._told is not None:
            os.close(self._told)
            self._told = None
        self._forget()

    def listen(self) -> None:
        """Takes in what its BGP program told since the last call; OutsideFailed where that has ended."""
        if self._told is None or self._process is None:
            return
        with suppress(BlockingIOError):
            while part := os.read(self._told, 1 << 16):
                *lines, self._line = (self._line + part).split(b"\n")
                assert len(self._line) <= LINE_BYTES_MAX, "the BGP program tells a line without end"
                for line in lines:
                    self._take(json.loads(line))
        if self._process.poll() is not None:
            self._forget()

    def _take(self, told: Mapping[str, Any]) -> None:
        neighbour = told.get("neighbor", {})
        if told["type"] == "state":
            self.session_up = neighbour["state"] == "up"
            if neighbour["state"] == "down":
                self._forget()
        elif told["type"] == "update" and "body" in neighbour["message"]:
            self.take_update(bytes.fromhex(neighbour["message"]["body"].removeprefix("0x")))

    def take_update(self, message: bytes) -> None:
        """One UPDATE without its header; what it says that is no rule is told in `refused`, not enforced."""
        update = decode_update(message)
        self.refused += update.strange
        for key in update.withdrawn:
            self._routes.pop(key, None)
        for key, attributes in update.announced:
            try:
                rule = rule_from(self.border_point, key, attributes)
            except Malformed as refusal:
                self.refused.append(refusal.reason)
                self._routes.pop(key, None)  # RFC 7606: whatever it held before is gone
            else:
                self._routes[key] = HeldRule(_nlri(rule), rule)
        self._enforcement.hold(self._routes.values())

    def _forget(self) -> None:
        self.session_up = False
        if self._routes:
            self._routes.clear()
            self._enforcement.hold(())


def _nlri(rule: Rule) -> bytes:
    return b"" if isinstance(rule.action, Blackhole) else split_nlris(encode_nlri(rule.match))[0]
