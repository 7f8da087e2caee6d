"""The whole delivery in one process and in no time: three nodes, a bad net, dying machines, wrong clocks.

`python -m tests.hotline.simulation SEED` plays one seed again and tells what happened. The stations, steps
and rules are the real ones; time, net, disk, keys and randomness are stand-ins, so that a seed always plays
alike.

For a while everything fails: envelopes are lost, doubled, cut, reordered and late, pairs of nodes are parted,
machines die before and after each durable step, disks fail, databases are brought back from older copies,
clocks step both ways. Then all is well again, and what was said must have arrived: see `Findings`.
"""

import heapq
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from tests.hotline.stand_ins import (
    Disk,
    DiskRecord,
    Identity,
    Killed,
    StandInPath,
    StandInSeals,
    founded,
    identity,
    needs_of,
    out_of_order,
)
from tidegate.app.hotline.composing import compose, give_signature
from tidegate.app.hotline.needs import Needs
from tidegate.app.hotline.station import Station
from tidegate.hotline.delivery import DELIVERED, ENDED, Stage
from tidegate.hotline.state import HotlineState
from tidegate.model.hotline_facts import MessageStored, ReceiptCame
from tidegate.model.messages import Package
from tidegate.model.organisations import Digest, Endpoint, OrganisationId
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.value_bytes import digest_of
from tidegate.ports.hotline import Arrival, Outcome
from tidegate.ports.hotline_control import Draft
from tidegate.ports.outside import OutsideFailed

BEGIN_MS = 1_700_000_000_000
BAD_MS = 30_000
"""So long everything fails."""
OCCASIONS = 5
"""So often somebody speaks at most; now and then it says three things at once, which are signed at once."""
TICK_MS = 4_000
PATIENCE_MS = 3_600_000
"""So long after that the last receipt must have come; the longest wait between two offers is ten minutes."""
STEP_MS = 7_200_000
"""Clocks step by up to two hours, either way."""

MakeStation = Callable[[Needs, Sequence[StandInPath]], Station]


def real_station(needs: Needs, paths: Sequence[StandInPath]) -> Station:
    return Station(needs, paths)


@dataclass
class Findings:
    """What must never happen: each a list of sentences, empty where all is well."""

    lost: list[str] = field(default_factory=list)
    shown_twice: list[str] = field(default_factory=list)
    falsely_delivered: list[str] = field(default_factory=list)
    serials_twice: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        return [*self.lost, *self.shown_twice, *self.falsely_delivered, *self.serials_twice]


class WrongClock:
    """True time and an error that steps."""

    def __init__(self, world: "Simulation") -> None:
        self._world = world
        self.error_ms = 0

    def now_ms(self) -> int:
        return self._world.now_ms + self.error_ms


class SimulatedNode:
    """One machine: its disk survives, everything else dies with it."""

    def __init__(self, world: "Simulation", own: Identity) -> None:
        self.world = world
        self.own = own
        self.clock = WrongClock(world)
        self.disk = Disk(before=lambda what: self._durable(what, "before"), after=self._after)
        self.backups: list[tuple[int, Disk]] = []
        self.alive = False
        self.turn_at: int | None = None
        self.restores = 0
        self.disk.facts = [(world.now_ms, fact) for fact in founded(own, world.identities)]
        self.start()

    def start(self) -> None:
        self.needs = needs_of(
            self.own, self.world.identities, self.disk, self.world.seals, self.clock, self.world.nonce
        )
        self.paths = {name: StandInPath(name, self._send) for name in self.world.path_names}
        self.station = self.world.make_station(self.needs, [*self.paths.values()])
        self.alive = True
        self.wake(0)

    @property
    def state(self) -> HotlineState:
        return self.needs.record.state

    def _durable(self, what: str, when: str) -> None:
        chance = self.world.chance
        if not self.world.bad:
            return
        drawn = chance.random()
        if drawn < self.world.kills:
            self.world.say(f"{self.own.name} dies {when} writing {what}")
            raise Killed
        if drawn < self.world.kills + self.world.disk_failures:
            self.world.say(f"the disk of {self.own.name} fails {when} writing {what}")
            raise out_of_order()

    def _after(self, what: str) -> None:
        self.world.stored_durably(self)
        self._durable(what, "after")

    def _send(
        self,
        path: str,
        peer: OrganisationId,
        endpoint: Endpoint,
        envelopes: tuple[bytes, ...],
        ticket: int,
    ) -> bool:
        return self.world.carry(self, path, peer, endpoint, envelopes, ticket)

    def wake(self, delay_ms: int) -> None:
        """A turn so long from now at the latest."""
        at = self.world.now_ms + delay_ms
        if self.turn_at is None or at < self.turn_at:
            self.turn_at = at
            self.world.at(delay_ms, lambda: self._turn(at))

    def _turn(self, at: int) -> None:
        if self.turn_at != at:
            return
        self.turn_at = None
        if not self.alive:
            return
        self.live(self._one_turn)
        if self.alive:
            self.wake(TICK_MS if self.world.bad else self.world.calm_tick_ms)

    def _one_turn(self) -> None:
        record = self.needs.record
        assert isinstance(record, DiskRecord)
        record.catch_up()
        self.station.turn()

    def live(self, act: Callable[[], None]) -> None:
        """Whatever the machine does may be its last act."""
        try:
            act()
        except Killed:
            self.die()

    def die(self) -> None:
        self.disk.forget_unsynced()
        self.alive = False
        self.turn_at = None
        self.world.at(self.world.chance.randrange(10, 5_000), self._again)

    def _again(self) -> None:
        if not self.alive:
            self.turn_at = None
            self.live(self.start)

    def back_up(self) -> None:
        self.backups.append((len(self.disk.facts), self.disk.copied()))

    def restore(self, kind: str) -> None:
        """An older copy of the database; "snapshot" brings its mark back with it."""
        if not self.backups:
            return
        size, copy = self.world.chance.choice(self.backups)
        self.world.say(f"{self.own.name} goes back to its first {size} facts ({kind})")
        mark = copy.mark if kind == "snapshot" else None if kind == "procedure" else self.disk.mark
        self.disk = replace(copy.copied(), mark=mark, before=self.disk.before, after=self.disk.after)
        self.restores += 1
        self.alive = False
        self.turn_at = None
        self.live(self.start)


class Simulation:
    """One seed. `run` plays it and gives what must not have happened."""

    def __init__(self, seed: int, make_station: MakeStation = real_station, *, verbose: bool = False) -> None:
        self.seed = seed
        self.make_station = make_station
        self.chance = chance = random.Random(seed)
        self.verbose = verbose
        self.now_ms = BEGIN_MS
        self.bad = True
        self.calm_tick_ms = TICK_MS
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self.seals = StandInSeals()
        numbers = count(seed << 40)
        self.nonce = lambda: digest_of(b"%d" % next(numbers))[:32]
        self.identities = [identity(name) for name in NAMES]
        self.loss = chance.choice((0.0, 0.1, 0.3, 0.6))
        self.doubled = chance.choice((0.0, 0.1, 0.3))
        self.cut = chance.choice((0.0, 0.05))
        self.delay_ms = chance.choice((5, 200, 3_000))
        self.kills = chance.choice((0.0, 0.01, 0.05))
        self.disk_failures = chance.choice((0.0, 0.0, 0.03))
        self.restoring = chance.choice(("none", "none", "procedure", "database", "snapshot"))
        self.steps = chance.random() < 0.3
        self.path_names = chance.choice((("https",), ("https",), ("https", "udp")))
        self.parted: set[frozenset[OrganisationId]] = set()
        self.stored_ever: set[tuple[OrganisationId, Digest]] = set()
        self.on_the_wire: dict[tuple[Digest, int, int], Digest] = {}
        self.accepted: dict[Digest, tuple[SimulatedNode, int]] = {}
        self.findings = Findings()
        self.nodes: dict[OrganisationId, SimulatedNode] = {}
        for one in self.identities:
            self.nodes[one.organisation] = SimulatedNode(self, one)

    def say(self, what: str) -> None:
        if self.verbose:
            print(f"{(self.now_ms - BEGIN_MS) / 1000:9.3f} s  {what}")

    def at(self, delay_ms: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now_ms + delay_ms, next(self._order), act))

    def run(self) -> Findings:
        self._plan_the_bad_time()
        self._play_until(BEGIN_MS + BAD_MS, lambda: False)
        self._make_all_well()
        self._play_until(BEGIN_MS + BAD_MS + PATIENCE_MS, self._is_done)
        self._judge()
        return self.findings

    def _play_until(self, end_ms: int, done: Callable[[], bool]) -> None:
        looked = 0
        while self._events and self._events[0][0] <= end_ms:
            self.now_ms, _, act = heapq.heappop(self._events)
            act()
            looked += 1
            if not self.bad and looked % 8 == 0 and done():
                return
        self.now_ms = max(self.now_ms, end_ms)

    def _plan_the_bad_time(self) -> None:
        chance = self.chance
        for _ in range(chance.randrange(2, OCCASIONS + 1)):
            self.at(chance.randrange(BAD_MS), self._somebody_speaks)
        for _ in range(chance.randrange(4)):
            self.at(chance.randrange(BAD_MS), self._part_two)
        if self.steps:
            for _ in range(3):
                self.at(chance.randrange(BAD_MS), self._step_a_clock)
        if self.restoring != "none":
            self.at(chance.randrange(BAD_MS // 2), lambda: self._somebody().back_up())
            self.at(BAD_MS // 2 + chance.randrange(BAD_MS // 2), self._restore_one)
        for _ in range(chance.randrange(3)):
            self.at(chance.randrange(BAD_MS), self._kill_one)

    def _somebody(self) -> SimulatedNode:
        return self.nodes[self.chance.choice(self.identities).organisation]

    def _kill_one(self) -> None:
        node = self._somebody()
        if node.alive:
            self.say(f"{node.own.name} dies")
            node.die()

    def _restore_one(self) -> None:
        backed_up = [node for node in self.nodes.values() if node.backups]
        if backed_up:
            backed_up[0].restore(self.restoring)

    def _step_a_clock(self) -> None:
        node = self._somebody()
        node.clock.error_ms = self.chance.randrange(-STEP_MS, STEP_MS)
        self.say(f"the clock of {node.own.name} is wrong by {node.clock.error_ms / 1000} s")

    def _part_two(self) -> None:
        one, other = self.chance.sample(self.identities, 2)
        pair = frozenset((one.organisation, other.organisation))
        self.parted.add(pair)
        self.say(f"{one.name} and {other.name} are parted")
        self.at(self.chance.randrange(BAD_MS // 2), lambda: self.parted.discard(pair))

    def _somebody_speaks(self) -> None:
        node = self._somebody()
        for _ in range(self.chance.choice((1, 1, 1, 3))):
            if node.alive:
                node.live(lambda: self._speak(node))

    def _speak(self, node: SimulatedNode) -> None:
        """The desk answers only once all is stored; whoever hears nothing has not sent anything."""
        chance = self.chance
        others = [one.organisation for one in self.identities if one is not node.own]
        recipients = tuple(chance.sample(others, chance.choice((1, 1, 2))))
        answers = next(iter(node.state.inbox), None) if chance.random() < 0.3 else None
        if answers is not None:
            recipients = (node.state.inbox[answers].about.sender,)
        draft = Draft(
            recipients=recipients,
            reference="",
            expires_at_s=None,
            precedence=chance.choice(("FLASH", "IMMEDIATE", "ROUTINE")),
            level="desk",
            mark="REAL",
            form="receipt" if answers else "free-text",
            accord="",
            answers=answers,
            tlp="TLP:AMBER",
            pap="PAP:AMBER",
            language="en",
            fields=(),
            remarks="",
            attachments=(),
        )
        try:
            message, body, _ = compose(node.needs, draft)
            give_signature(node.needs, message, node.own.signed("desk one", body))
        except (OutsideFailed, NotAllowed, Full):
            return
        if node.needs.record.working:
            self.accepted[message] = (node, node.restores)
            self.say(f"{node.own.name} says {message[:8]} ({draft.precedence}) to {len(recipients)}")
            node.wake(0)

    def carry(
        self,
        sender: SimulatedNode,
        path: str,
        peer: OrganisationId,
        endpoint: Endpoint,
        envelopes: tuple[bytes, ...],
        ticket: int,
    ) -> bool:
        """One exchange: out, and the answer back; each way it may be lost, doubled, cut or late."""
        self._look_at(envelopes)
        end = sender.paths[path]
        told = [False]

        def outcome(why: str) -> None:
            if not told[0]:
                told[0] = True
                end.told.append(Outcome(path, peer, endpoint, why, 50, ticket))
                sender.wake(0)

        def answered(back: Sequence[bytes]) -> None:
            self._look_at(back)
            for delay in self._journeys(sender.own.organisation, peer):
                arrival = Arrival(path, peer, self._cut(tuple(back)), None)
                self.at(delay, lambda arrival=arrival: (end.came.append(arrival), outcome("")))  # type: ignore[misc]

        other = self.nodes[peer]
        for delay in self._journeys(sender.own.organisation, peer):
            arrival = Arrival(path, sender.own.organisation, self._cut(envelopes), answered)
            self.at(delay, lambda arrival=arrival: self._arrive(other, path, arrival))  # type: ignore[misc]
        self.at(self.chance.randrange(1_000, 6_000), lambda: outcome("no answer"))
        return True

    def _arrive(self, node: SimulatedNode, path: str, arrival: Arrival) -> None:
        if node.alive:
            node.paths[path].came.append(arrival)
            node.wake(0)

    def _journeys(self, one: OrganisationId, other: OrganisationId) -> list[int]:
        """How late each copy of it arrives; none where it is lost."""
        if self.bad and (frozenset((one, other)) in self.parted or self.chance.random() < self.loss):
            return []
        copies = 1 + (self.bad and self.chance.random() < self.doubled)
        return [self.chance.randrange(1, self.delay_ms + 1) for _ in range(copies)]

    def _cut(self, envelopes: tuple[bytes, ...]) -> tuple[bytes, ...]:
        if self.bad and envelopes and self.chance.random() < self.cut:
            return (*envelopes[:-1], envelopes[-1][:1])
        return envelopes

    def _look_at(self, envelopes: Sequence[bytes]) -> None:
        """No serial stands on the wire with two frames."""
        for envelope in envelopes:
            value = self.seals.value(envelope)
            if not isinstance(value, Package):
                continue
            key, frame = self.seals.place(envelope, value)
            known = self.on_the_wire.setdefault(key, frame)
            if known != frame and self.restoring != "snapshot":
                self.findings.serials_twice.append(f"serial {key[2]} of epoch {key[1]} stands on two frames")

    def stored_durably(self, node: SimulatedNode) -> None:
        """After each durable step: what lies on this disk now."""
        for _, fact in node.disk.facts[-8:]:
            if isinstance(fact, MessageStored):
                self.stored_ever.add((node.own.organisation, fact.about.message))
            if isinstance(fact, ReceiptCame) and (fact.recipient, fact.message) not in self.stored_ever:
                self.findings.falsely_delivered.append(f"{fact.message[:8]} receipted and never stored")

    def _make_all_well(self) -> None:
        self.say("all is well again")
        self.bad = False
        self.parted.clear()
        for node in self.nodes.values():
            node.clock.error_ms = 0
            if not node.alive:
                node.live(node.start)
            node.wake(0)

    def _is_done(self) -> bool:
        self.calm_tick_ms = min(20_000, self.calm_tick_ms + 250)
        return not self._missing() and not any(
            copy.stage not in (*DELIVERED, *ENDED, Stage.COMPOSED)
            for node in self.nodes.values()
            for sent in node.state.sent.values()
            for copy in sent.copies
        )

    def _missing(self) -> list[str]:
        """Accepted messages that their sender still has on record, and a recipient has not stored."""
        missing = []
        for message, (node, restores) in self.accepted.items():
            sent = node.state.find_sent(message)
            if sent is None:
                if restores == node.restores:
                    missing.append(f"{message[:8]} vanished from its sender")
                continue  # the copy that it was brought back from is older than the message
            missing += [
                f"{message[:8]} of {node.own.name} never came to {self.nodes[copy.recipient].own.name}"
                for copy in sent.copies
                if self.nodes[copy.recipient].state.find_received(message) is None
            ]
        return missing

    def _judge(self) -> None:
        self.findings.lost += self._missing()
        for node in self.nodes.values():
            stored: set[Digest] = set()
            for _, fact in node.disk.facts:
                if isinstance(fact, MessageStored):
                    if not {fact.about.message, fact.package} <= node.disk.blobs.keys():
                        self.findings.lost.append(f"the text of {fact.about.message[:8]} at {node.own.name}")
                    if fact.about.message in stored:
                        self.findings.shown_twice.append(f"{fact.about.message[:8]} at {node.own.name}")
                    stored.add(fact.about.message)
            for sent in (*node.state.sent.values(), *node.state.settled):
                self._judge_sent(sent.about.message, node)

    def _judge_sent(self, message: Digest, node: SimulatedNode) -> None:
        sent = node.state.find_sent(message)
        assert sent is not None
        for copy in sent.copies:
            if copy.stage in DELIVERED and (copy.recipient, message) not in self.stored_ever:
                self.findings.falsely_delivered.append(f"{message[:8]} of {node.own.name}")
            if sent.place is not None and copy.stage not in (*DELIVERED, *ENDED):
                self.findings.lost.append(f"{message[:8]} of {node.own.name} is {copy.stage} for ever")


NAMES = ("anna", "bahar", "cemal")


def main(arguments: Sequence[str]) -> int:
    found = [line for seed in arguments for line in Simulation(int(seed), verbose=True).run().all()]
    for line in found:
        print(f"WRONG: {line}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
