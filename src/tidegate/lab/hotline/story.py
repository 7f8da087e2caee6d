"""The lab's story: parties say things to each other while networks fail, processes die and clocks jump."""

import queue
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tidegate.app.hotline.lab import PARTIES_MAX, LabOrder, LabReport, Latency, Progress
from tidegate.lab.hotline.faults import Faults, faults_from
from tidegate.lab.hotline.identities import Founded, found, with_endpoints, write_party
from tidegate.lab.hotline.networks import LabNetwork, Namespaces, Proxies
from tidegate.lab.hotline.parties import Event, Running, truth
from tidegate.lab.hotline.party import Say, Step
from tidegate.model.messages import PRECEDENCES
from tidegate.model.organisations import Digest
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed

READY_S: Final = 180.0
SETTLE_S: Final = 3.0
"""For the parties' first words, which give each other their keys for datagrams."""

PARTED_S: Final = 4.0
DOWN_S: Final = 0.3
CLOCK_STEPS_MS: Final = (-90_000, -5_000, 5_000, 90_000)
REMARKS: Final = "Traffic seen from your networks towards ours; sources can be forged. "
TELL_EVERY_S: Final = 5.0
LOOK_EVERY_S: Final = 5.0
"""While the last receipts are awaited, the databases are compared so often."""

OUTSTANDING_MAX: Final = 200
"""Messages ordered and not receipted yet; further ones wait, so that a slow machine takes longer, and says no
less."""


@dataclass(slots=True)
class Heard:
    """What the parties told so far. `ordered`, by mark, is what a party was to say and did not tell yet that
    it did: one that was killed is told again."""

    said: dict[Digest, tuple[float, str]] = field(default_factory=dict)
    receipted: dict[Digest, float] = field(default_factory=dict)
    ready: set[int] = field(default_factory=set)
    ordered: dict[str, tuple[int, Say]] = field(default_factory=dict)
    opened_s: float | None = None
    outstanding_said: int = 0

    def hear(self, event: Event) -> None:
        match event.told.what:
            case "said":
                if event.told.message not in self.said:
                    self.outstanding_said += event.told.message not in self.receipted
                self.said[event.told.message] = event.at_s, event.told.mark
                self.ordered.pop(event.told.mark, None)
            case "receipted":
                if event.told.message not in self.receipted:
                    self.outstanding_said -= event.told.message in self.said
                    self.receipted[event.told.message] = event.at_s
            case "ready":
                self.ready.add(event.party)
            case "stored":
                pass

    @property
    def outstanding(self) -> int:
        return len(self.ordered) + self.outstanding_said

    @property
    def per_s(self) -> float:
        if not self.receipted or not self.said:
            return 0.0
        first_s = self.opened_s or min(at_s for at_s, _ in self.said.values())
        return round(len(self.receipted) / max(0.001, max(self.receipted.values()) - first_s), 1)

    def latency(self, flash: bool) -> Latency | None:
        waited = sorted(
            round((self.receipted[message] - at_s) * 1000)
            for message, (at_s, mark) in self.said.items()
            if message in self.receipted and mark.startswith("FLASH") == flash
        )
        if not waited:
            return None
        count = len(waited)
        return Latency(count, waited[count // 2], waited[(count - 1) * 95 // 100], waited[-1])


class Lab:
    """One run. `monotonic_s` never steps back; `wait` waits so many seconds."""

    def __init__(
        self,
        order: LabOrder,
        clock: Clock,
        monotonic_s: Callable[[], float],
        command: Sequence[str],
        tell: Progress,
    ) -> None:
        if not 2 <= order.parties <= PARTIES_MAX:
            raise NotAllowed(f"between 2 and {PARTIES_MAX} parties, not {order.parties}")
        self._order = order
        self._faults = faults_from(order.faults)
        self._clock = clock
        self._now_s = monotonic_s
        self._command = command
        self._tell = tell
        self._parties: list[Running] = []
        self._luck = random.Random(order.seed)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._heard = Heard()
        self._kills = 0
        self._memory_kb = 0

    def run(self) -> LabReport:
        began_s = self._now_s()
        with ExitStack() as afterwards:
            folder = Path(afterwards.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-lab-")))
            network = self._network(afterwards)
            founded = self._found(folder, network)
            parties = self._parties = [
                Running(number, one, [*network.prefix(number), *self._command], self._events, self._now_s)
                for number, one in enumerate(founded)
            ]
            for party in parties:
                party.start()
                afterwards.callback(party.end)
            self._until(lambda: len(self._heard.ready) == len(parties), READY_S, "the parties to begin")
            self._listen(SETTLE_S)
            network.set(self._faults)
            self._pour_junk(network, afterwards)
            if self._order.backlog:
                network.set(Faults(partition=True))
            interrupted = False
            try:
                self._play(parties, network, founded)
            except KeyboardInterrupt:
                interrupted = True
                self._tell("interrupted; the parties are ended, and what they have on record is compared")
            self._look_at_memory(parties)
            for party in parties:
                party.end()
            return self._report(founded, began_s, interrupted=interrupted)

    def _play(self, parties: Sequence[Running], network: LabNetwork, founded: Sequence[Founded]) -> None:
        self._talk(parties, network)
        if self._order.backlog:
            self._until(lambda: not self._heard.ordered, READY_S, "all to be said")
            self._heard.opened_s = self._now_s()
        network.part((), self._faults)
        self._await_receipts(founded)
        _must_live(parties)

    def _network(self, afterwards: ExitStack) -> LabNetwork:
        if self._order.network == "namespaces":
            return Namespaces(self._order.parties, self._now_s, self._order.seed, afterwards)
        return Proxies([_free_port() for _ in range(self._order.parties)], self._order.seed, afterwards)

    def _found(self, folder: Path, network: LabNetwork) -> list[Founded]:
        now_s = self._clock.now_ms() // 1000
        parties = [found(number, folder / f"party-{number}", now_s) for number in range(self._order.parties)]
        names = [party.card.organisation for party in parties]
        parties = [
            with_endpoints(party, endpoints, [name for name in names if name != party.card.organisation])
            for party, endpoints in zip(parties, network.endpoints(), strict=True)
        ]
        for party, place in zip(parties, network.places(), strict=True):
            write_party(party, parties, place, place)
        return parties

    def _talk(self, parties: Sequence[Running], network: LabNetwork) -> None:
        """Messages at their rate; misfortunes at moments that the seed draws."""
        order = self._order
        moments = self._misfortunes()
        parted_until_s = 0.0
        next_s = told_s = self._now_s()
        for number in range(order.messages):
            for misfortune in moments.get(number, ()):
                match misfortune:
                    case "kill":
                        self._kill(parties[self._luck.randrange(len(parties))])
                    case "part":
                        ends = self._luck.sample(range(len(parties)), 2)
                        network.part(ends, self._faults)
                        parted_until_s = self._now_s() + PARTED_S
                    case "step":
                        party = parties[self._luck.randrange(len(parties))]
                        party.tell(Step(self._luck.choice(CLOCK_STEPS_MS)))
            self._say(number, parties)
            while self._heard.outstanding > OUTSTANDING_MAX and not order.backlog:
                self._listen(0.1)
            next_s = max(next_s + 1 / order.per_s, self._now_s() - 1)
            self._listen(next_s - self._now_s())
            if parted_until_s and self._now_s() > parted_until_s:
                network.part((), self._faults)
                parted_until_s = 0.0
            if self._now_s() - told_s > TELL_EVERY_S:
                told_s = self._now_s()
                self._tell_progress(number + 1)

    def _tell_progress(self, said: int) -> None:
        heard = self._heard
        self._tell(
            f"{said} of {self._order.messages} said, {heard.outstanding} not receipted yet, "
            f"{self._kills} kill -9, {heard.per_s} messages/s"
        )

    def _misfortunes(self) -> dict[int, list[str]]:
        moments: dict[int, list[str]] = {}
        order = self._order
        for what, count in (("kill", order.kills), ("part", order.partitions), ("step", order.clock_steps)):
            for _ in range(count):
                moments.setdefault(self._luck.randrange(max(1, order.messages)), []).append(what)
        return moments

    def _await_receipts(self, founded: Sequence[Founded]) -> None:
        """Until the databases agree: a party that was killed did not tell all that it had on record."""
        until_s = self._now_s() + self._order.wait_s
        while self._now_s() < until_s:
            self._listen(LOOK_EVERY_S)
            self._tell_progress(self._order.messages)
            told = truth(founded) if not self._heard.ordered else None
            if told is not None and told.delivered == told.sent:
                return

    def _say(self, number: int, parties: Sequence[Running]) -> None:
        sender = self._luck.randrange(len(parties))
        others = [party for party in parties if party.number != sender]
        some = self._luck.sample(others, 1 if self._luck.random() < 0.8 else len(others))
        precedence = PRECEDENCES[number % len(PRECEDENCES)]
        recipients = tuple(sorted(party.founded.card.organisation for party in some))
        remarks = REMARKS * self._luck.randrange(1, 12)
        say = Say(f"{precedence} {number}", recipients, precedence, remarks)
        self._heard.ordered[say.mark] = sender, say
        if sender in self._heard.ready:
            parties[sender].tell(say)

    def _kill(self, party: Running) -> None:
        """One that is at work: whoever still begins has nothing to lose."""
        self._until(lambda: party.number in self._heard.ready, READY_S, "a party to begin again")
        party.kill()
        self._listen(0)  # the last that it told
        self._heard.ready.discard(party.number)
        self._kills += 1
        self._listen(DOWN_S)
        party.start()

    def _pour_junk(self, network: LabNetwork, afterwards: ExitStack) -> None:
        """By a process of its own, where the first party is, at its UDP port."""
        if not self._order.junk_per_s:
            return
        host, port = network.places()[0]
        command = [*network.prefix(0), sys.executable, "-m", "tidegate.lab.hotline.junk"]
        pouring = subprocess.Popen([*command, host, str(port), str(self._order.junk_per_s)])
        afterwards.callback(pouring.wait)
        afterwards.callback(pouring.kill)

    def _listen(self, for_s: float) -> None:
        until_s = self._now_s() + for_s
        while True:
            left_s = until_s - self._now_s()
            try:
                event = self._events.get(timeout=left_s) if left_s > 0 else self._events.get_nowait()
            except queue.Empty:
                return
            self._heard.hear(event)
            if event.told.what == "ready":
                for party, say in [*self._heard.ordered.values()]:
                    if party == event.party:
                        self._parties[party].tell(say)

    def _until(self, true: Callable[[], bool], for_s: float, what: str) -> None:
        until_s = self._now_s() + for_s
        while not true():
            if self._now_s() > until_s:
                raise OutsideFailed(f"waited {for_s:.0f} s for {what}", "the lab", "Give it more time.")
            self._listen(0.1)

    def _look_at_memory(self, parties: Sequence[Running]) -> None:
        for party in parties:
            if party.process is not None:
                with suppress(OSError):
                    status = Path(f"/proc/{party.process.pid}/status").read_text()
                    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
                    self._memory_kb = max(self._memory_kb, *map(int, peaks), 0)

    def _report(self, founded: Sequence[Founded], began_s: float, *, interrupted: bool) -> LabReport:
        """Of what was on its way when it was interrupted nobody knows whether it would have come."""
        told = truth(founded)
        missing = told.sent - told.delivered
        return LabReport(
            interrupted=interrupted,
            under_way=missing if interrupted else 0,
            sent=told.sent,
            delivered=told.delivered,
            lost=0 if interrupted else told.lost,
            unreceipted=0 if interrupted else missing - told.lost,
            twice=told.twice,
            false=told.false,
            kills=self._kills,
            seconds=round(self._now_s() - began_s),
            per_s=self._heard.per_s,
            flash=self._heard.latency(flash=True),
            others=self._heard.latency(flash=False),
            largest_memory_mb=self._memory_kb // 1024,
        )


def _must_live(parties: Sequence[Running]) -> None:
    """A party that ended by itself is a fault of ours, and told as one."""
    for party in parties:
        if party.process is None or party.process.poll() is not None:
            log = (Path(party.founded.folder) / "log.txt").read_text(errors="replace")
            why = f"party {party.number} ended by itself: {log.strip().splitlines()[-1:]}"
            raise OutsideFailed(why, "the lab", "This is a bug; run it again with the same --seed.")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
