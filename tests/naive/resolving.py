"""What can be resolved, found again from the start until nothing new is found: slow and without order."""

from tests.audit.name_worlds import NameWorld
from tidegate.model.domain_names import ROOT, is_within
from tidegate.model.probes import Dns, DnsReply


class SlowResolver:
    """Everything that follows from the root's addresses, as sets that grow until they do not."""

    def __init__(self, world: NameWorld) -> None:
        self.world = world
        self.servers: dict[str, set[str]] = {ROOT: set(world.zones[ROOT].served_by)}
        self.hosts: dict[str, set[str]] = {ROOT: set(world.roots) | set(world.zones[ROOT].servers)}
        self.found: dict[tuple[str, str], tuple[str, ...]] = {}

    def addresses(self, names: list[str]) -> dict[str, tuple[str, ...]]:
        wanted = set(names)
        while True:
            before = repr((self.servers, self.hosts, self.found, wanted))
            for name in sorted(wanted | {host for hosts in self.hosts.values() for host in hosts}):
                for kind in ("A", "AAAA"):
                    self._resolve(name, kind)
            wanted |= {
                value for (_, kind), values in self.found.items() if kind == "CNAME" for value in values
            }
            if repr((self.servers, self.hosts, self.found, wanted)) == before:
                return {name: self._final(name, set()) for name in names}

    def _final(self, name: str, passed: set[str]) -> tuple[str, ...]:
        if name in passed:
            return ()
        alias = self.found.get((name, "CNAME"))
        if alias:
            return self._final(alias[0], passed | {name})
        return tuple(sorted(self.found.get((name, "A"), ()))) + tuple(
            sorted(self.found.get((name, "AAAA"), ()))
        )

    def _resolve(self, name: str, kind: str) -> None:
        zone = ROOT
        labels = name.split(".") if name != ROOT else []
        for count in range(1, len(labels) + 1):
            at = ".".join(labels[-count:])
            reply = self._ask(zone, at, "NS")
            if reply is None:
                return
            below = [one for one in reply.answer + reply.authority if one.type == "NS" and one.owner == at]
            if below:
                self._learn(zone, at, [one.data for one in below], reply)
                zone = at
        reply = self._ask(zone, name, kind)
        if reply is None:
            return
        for one in reply.answer:
            if one.owner == name and one.type in {kind, "CNAME"}:
                before = self.found.get((name, one.type), ())
                self.found[name, one.type] = tuple(sorted({*before, one.data}))
        for other, hosts in self.hosts.items():
            if name in hosts:
                self.servers[other] |= set(self.found.get((name, kind), ()))

    def _learn(self, zone: str, below: str, hosts: list[str], reply: DnsReply) -> None:
        self.hosts.setdefault(below, set()).update(hosts)
        servers = self.servers.setdefault(below, set())
        for one in reply.additional:
            if one.owner in hosts and is_within(one.owner, zone):
                servers.add(one.data)
        for host in hosts:
            for kind in ("A", "AAAA"):
                servers.update(self.found.get((host, kind), ()))

    def _ask(self, zone: str, name: str, kind: str) -> DnsReply | None:
        """From the first server of the zone that has it."""
        for address in sorted(self.servers.get(zone, ())):
            reply = self.world.answer(Dns(address, name, kind))
            if isinstance(reply, DnsReply) and reply.rcode in {"NOERROR", "NXDOMAIN"}:
                return reply
        return None
