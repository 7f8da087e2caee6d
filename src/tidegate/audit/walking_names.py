"""The walk over names: from the replies so far to the next questions, down from the root, zone by zone.

Nothing waits for anything: what is learned (an address of a server, a zone) sets free what lacked it. So
delegations that need each other in a circle end by themselves: nothing is left to ask, and what never got
a server is told as not seen. What can be resolved does not depend on the order in which replies come.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from zlib import crc32

from tidegate.audit.heard import Ask, Heard, Zone
from tidegate.audit.replies import Absent, Alias, Empty, Lame, Reading, Referral, Told, primary_of, read_reply
from tidegate.model.audits import Reason
from tidegate.model.domain_names import ROOT, lineage
from tidegate.model.probes import Answer, Asked, Dns, DnsReply, NotAnswered, Record

DEPTH_MAX = 16
"""Steps from a service's name, over aliases and name servers, to another name; one deeper is not seen."""

ZONES_MAX = 1 << 18
"""Zones of one walk; a further one is told as not seen, and nothing in it is asked."""

SERVERS_MAX = 32
"""Name servers of one zone that are looked at, first in the order of their names; the rest is told."""

ADDRESSES_MAX = 64
"""Addresses of one zone's servers that are asked; further ones are left out."""

TRIES_MAX = 8
"""Servers that are asked one after the other for the same record; then it is told as not seen."""

SILENCE_MAX = 3
"""Questions in a row that a server leaves without any answer; then it is asked nothing more in this walk."""


@dataclass(slots=True)
class _Cut:
    """Whether a name is a zone: `zone` is the one that holds the name, once known."""

    zone: Zone | None = None
    waiting: list[Callable[[Zone], None]] = field(default_factory=list)


class NameWalk:
    """`roots`: name servers of the root with their addresses; `allowed`: addresses that may be asked.

    `take` gives the questions to put; `answered` takes each reply, and must be called for each. `heard` is
    what was learned of each record that was wanted, and `zones` of each zone.
    """

    def __init__(
        self, roots: Mapping[str, tuple[str, ...]], allowed: Callable[[str], bool], *, signed: bool
    ) -> None:
        self.zones: dict[str, Zone] = {}
        self.heard: dict[tuple[str, str], Heard | None] = {}
        self.left_out: list[Heard] = []
        self.passed: list[Heard] = []
        self._allowed = allowed
        self._questions: list[Dns] = []
        self._waiting: dict[Dns, list[Ask]] = {}
        self._cuts: dict[str, _Cut] = {}
        self._heirs: dict[str, list[Zone]] = {}
        self._silent: dict[str, int] = {}
        self._watching: dict[tuple[str, str], list[Callable[[], None]]] = {}
        root = self.zones[ROOT] = Zone(ROOT, None, 0)
        for host, addresses in sorted(roots.items()):
            self._add_server(root, host)
            for address in addresses:
                self._add_address(root, address, host)
        self._ask_apex(root)
        if signed:
            self._want_in(root, ROOT, "DNSKEY")

    def take(self) -> list[Dns]:
        taken, self._questions = self._questions, []
        return taken

    def answered(self, asked: Asked) -> None:
        question, answer = asked.question, asked.answer
        assert isinstance(question, Dns)
        self._count_silence(question.server, answer)
        for ask in self._waiting.pop(question, ()):
            reading = _read(ask.zone.name, question, answer)
            if ask.at or not isinstance(reading, Lame | NotAnswered):
                ask.then(Heard(ask.zone.name, ask.name, ask.type, reading, asked))
                continue
            ask.zone.unusable.add(question.server)
            ask.last = NotAnswered("lame", reading.why) if isinstance(reading, Lame) else reading
            self._put(ask)

    def want(self, name: str, kind: str, depth: int = 0) -> None:
        """Ask for a record, and follow where it leads: aliases to their targets."""
        if (name, kind) in self.heard:
            return
        self.heard[name, kind] = None
        if depth > DEPTH_MAX:
            self._keep(_not_heard(name, kind, "too_deep", f"more than {DEPTH_MAX} names away"))
            return

        def then(zone: Zone) -> None:
            self._ask_in(zone, name, kind, depth)

        self._descend(self.zones[ROOT], list(lineage(name)), depth, then)

    def want_addresses(self, name: str, depth: int = 0) -> None:
        self.want(name, "A", depth)
        self.want(name, "AAAA", depth)

    def records(self, name: str, kind: str) -> tuple[Record, ...]:
        """What is known by now under exactly this name: records of the kind, or the alias that it is."""
        heard = self.heard.get((name, kind))
        match heard.reading if heard else None:
            case Told(records):
                return records
            case Alias(record):
                return (record,)
        return ()

    def chain(self, name: str, kind: str) -> Iterator[str]:
        """The name and, over aliases, those that it stands for, as far as known; a circle is walked once."""
        passed: set[str] = set()
        while name not in passed:
            passed.add(name)
            yield name
            for one in self.records(name, kind):
                if one.type == "CNAME":
                    name = one.data

    def addresses(self, name: str) -> tuple[str, ...]:
        """Those known by now, over aliases, IPv4 first."""
        return tuple(
            one.data
            for kind in ("A", "AAAA")
            for at in self.chain(name, kind)
            for one in sorted(self.records(at, kind), key=lambda record: record.data)
            if one.type == kind
        )

    def when_heard(self, name: str, kind: str, then: Callable[[], None]) -> None:
        """`then` is called once, when it is known what the record is, or that it is not there."""
        if self.heard.get((name, kind)) is None:
            self._watching.setdefault((name, kind), []).append(then)
        else:
            then()

    def when_known(self, name: str, then: Callable[[], None]) -> None:
        """`then` is called once, when the name's addresses are known, or known not to be there."""
        for kind in ("A", "AAAA"):
            for at in self.chain(name, kind):
                if self.heard.get((at, kind)) is None:
                    self.when_heard(at, kind, partial(self.when_known, name, then))
                    return
        then()

    def unseen(self) -> Iterator[Ask]:
        """What lacks a server; when nothing is left to ask, it never gets one."""
        for zone in self.zones.values():
            yield from zone.parked

    def in_circle(self, zone: Zone) -> bool:
        """Whether the zone's servers can only be found through the zone itself."""
        passed: set[str] = set()
        left = [zone]
        while left:
            at = left.pop()
            for host in at.servers:
                near = self._lacking(host)
                if near is zone:
                    return True
                if near is not None and near.name not in passed:
                    passed.add(near.name)
                    left.append(near)
        return False

    def _lacking(self, host: str) -> Zone | None:
        """The zone at which the way to a name has come to a stop, for want of a server."""
        zone = self.zones[ROOT]
        for name in lineage(host):
            cut = self._cuts.get(name)
            if cut is None or cut.zone is None:
                break
            zone = cut.zone
        return None if zone.addresses else zone

    def _descend(self, zone: Zone, names: list[str], depth: int, then: Callable[[Zone], None]) -> None:
        """`then` with the zone that holds the last name, once every label on the way has been asked about."""
        for at, name in enumerate(names):
            cut = self._cuts.get(name)
            if cut is None:
                cut = self._cuts[name] = _Cut()
                self._put(Ask(zone, name, "NS", self._cut_found(cut, zone, depth)))
            if cut.zone is None:
                cut.waiting.append(partial(self._descend, names=names[at + 1 :], depth=depth, then=then))
                return
            zone = cut.zone
        then(zone)

    def _cut_found(self, cut: _Cut, above: Zone, depth: int) -> Callable[[Heard], None]:
        def then(heard: Heard) -> None:
            zone: Zone | None = above  # Also for a name that is not there: below it there may still be names.
            match heard.reading:
                case Referral(name) if name != heard.name:
                    zone = None
                    self._leave_out(heard.name, "NS", "malformed", f"a referral to {name}")
                case Referral() | Told():  # Told, where one server has both: the zone above and this one.
                    zone = self._found(heard, above, depth)
                case NotAnswered():
                    zone = None
                    self.left_out.append(heard)
                case Empty() | Absent():
                    self.passed.append(heard)
                case _:
                    pass
            cut.zone = zone
            if zone is not None:
                waiting, cut.waiting = cut.waiting, []
                for one in waiting:
                    one(zone)

        return then

    def _found(self, heard: Heard, above: Zone, depth: int) -> Zone | None:
        if len(self.zones) >= ZONES_MAX:
            self._leave_out(heard.name, "NS", "too_many", f"more than {ZONES_MAX} zones")
            return None
        zone = self.zones[heard.name] = Zone(heard.name, above, depth, heard)
        assert isinstance(heard.reading, Referral | Told)
        for one in heard.reading.glue:
            self._add_address(zone, one.data, one.owner)
        self._add_servers(zone, heard)
        self._ask_apex(zone)
        self.heard[zone.name, "DS"] = None
        self._put(Ask(above, zone.name, "DS", self._keep_keys(zone)))
        return zone

    def _keep_keys(self, zone: Zone) -> Callable[[Heard], None]:
        def then(heard: Heard) -> None:
            self._keep(heard)
            if isinstance(heard.reading, Told):
                self._want_in(zone, zone.name, "DNSKEY")

        return then

    def _ask_apex(self, zone: Zone) -> None:
        def then(heard: Heard) -> None:
            self._keep(heard)
            if isinstance(heard.reading, Told):
                self._add_servers(zone, heard)

        self.heard[zone.name, "NS"] = None
        self._put(Ask(zone, zone.name, "NS", then))

    def _want_in(self, zone: Zone, name: str, kind: str) -> None:
        self.heard[name, kind] = None
        self._put(Ask(zone, name, kind, self._keep))

    def _ask_in(self, zone: Zone, name: str, kind: str, depth: int) -> None:
        def then(heard: Heard) -> None:
            self._keep(heard)
            match heard.reading:
                case Told(records) if kind in {"A", "AAAA"}:
                    for heir in self._heirs.get(name, ()):
                        for one in records:
                            self._add_address(heir, one.data, name)
                case Alias(record):
                    self.want(record.data, kind, depth + 1)

        self._put(Ask(zone, name, kind, then))

    def _add_servers(self, zone: Zone, heard: Heard) -> None:
        assert isinstance(heard.reading, Referral | Told)
        told = heard.reading.servers if isinstance(heard.reading, Referral) else heard.reading.records
        for host in sorted(one.data for one in told):
            self._add_server(zone, host)

    def _add_server(self, zone: Zone, host: str) -> None:
        if host in zone.servers:
            return
        if len(zone.servers) >= SERVERS_MAX:
            self._leave_out(host, "A", "too_many", f"{zone.name} has more than {SERVERS_MAX} name servers")
            return
        zone.servers[host] = None
        self._heirs.setdefault(host, []).append(zone)
        for kind in ("A", "AAAA"):
            for one in self.records(host, kind):
                if one.type == kind:  # A name server that is an alias is none (RFC 2181, 10.3).
                    self._add_address(zone, one.data, host)
        self.want_addresses(host, zone.depth + 1)

    def _add_address(self, zone: Zone, address: str, host: str) -> None:
        """A server is asked for its zone's SOA as soon as it is known; what was parked goes on with it."""
        if address in zone.addresses or len(zone.addresses) >= ADDRESSES_MAX:
            return
        zone.addresses[address] = host

        def then(heard: Heard) -> None:
            zone.soa[address] = heard
            if isinstance(heard.reading, Told):
                self.want_addresses(primary_of(heard.reading.records[0]), zone.depth + 1)

        self._put(Ask(zone, zone.name, "SOA", then, at=address))
        parked, zone.parked = zone.parked, []
        for ask in parked:
            self._put(ask)

    def _keep(self, heard: Heard) -> None:
        self.heard[heard.name, heard.type] = heard
        for then in self._watching.pop((heard.name, heard.type), ()):
            then()

    def _leave_out(self, name: str, kind: str, reason: Reason, detail: str) -> None:
        self.left_out.append(_not_heard(name, kind, reason, detail))

    def _put(self, ask: Ask) -> None:
        """Ask the next server that has not been asked; without any, wait for one."""
        while len(ask.tried) < TRIES_MAX:
            address = self._next(ask)
            if address is None:
                break
            ask.tried.append(address)
            refused = self._may_not_ask(address)
            if refused is None:
                self._send(ask, address)
                return
            ask.last = refused
        if ask.at or len(ask.tried) >= TRIES_MAX:
            ask.then(Heard(ask.zone.name, ask.name, ask.type, ask.last, None))
        else:
            ask.zone.parked.append(ask)

    def _may_not_ask(self, address: str) -> NotAnswered | None:
        if not self._allowed(address):
            return NotAnswered("not_asked", f"{address} is off limits")
        if self._silent.get(address, 0) >= SILENCE_MAX:
            return NotAnswered("not_asked", f"{address} has been silent {SILENCE_MAX} times in a row")
        return None

    def _next(self, ask: Ask) -> str | None:
        """Servers that work come first; among them the name decides, so that questions spread evenly."""
        if ask.at:
            return None if ask.tried else ask.at
        left = [one for one in ask.zone.addresses if one not in ask.tried]
        if not left:
            return None
        good = [one for one in left if one not in ask.zone.unusable and self._may_not_ask(one) is None]
        order = sorted(good or left)
        return order[crc32(ask.name.encode()) % len(order)]

    def _send(self, ask: Ask, address: str) -> None:
        question = Dns(address, ask.name, ask.type)
        waiting = self._waiting.setdefault(question, [])
        if not waiting:
            self._questions.append(question)
        waiting.append(ask)

    def _count_silence(self, server: str, answer: Answer) -> None:
        silent = isinstance(answer, NotAnswered) and answer.reason in {"time_out", "unreachable"}
        self._silent[server] = self._silent.get(server, 0) + 1 if silent else 0


def _not_heard(name: str, kind: str, reason: Reason, detail: str) -> Heard:
    return Heard("", name, kind, NotAnswered(reason, detail), None)


def _read(zone: str, question: Dns, answer: Answer) -> Reading | NotAnswered:
    if isinstance(answer, NotAnswered):
        return answer
    assert isinstance(answer, DnsReply)
    return read_reply(zone, question, answer)
