"""A small world of names in memory: zones, who serves them, and what each server would say."""

from dataclasses import dataclass, field

from tidegate.model.domain_names import ROOT, is_below, is_within, lineage, parent_of
from tidegate.model.probes import Answer, Dns, DnsReply, NotAnswered, Record

TTL_S = 300


@dataclass
class MadeZone:
    """`served_by` are addresses of the servers that have it; `glued` the name servers whose addresses the
    zone above tells, where they lie in it.
    """

    name: str
    servers: tuple[str, ...]
    served_by: frozenset[str]
    glued: frozenset[str] = frozenset()
    records: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


@dataclass
class NameWorld:
    """Servers that are in no zone's `served_by` refuse; `silent` ones say nothing."""

    zones: dict[str, MadeZone]
    silent: frozenset[str] = frozenset()
    glue: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def roots(self) -> dict[str, tuple[str, ...]]:
        return {"a.root": tuple(sorted(self.zones[ROOT].served_by))}

    def answer(self, question: Dns) -> Answer:
        if question.server in self.silent:
            return NotAnswered("time_out")
        served = [zone for zone in self.zones.values() if question.server in zone.served_by]
        holding = [zone for zone in served if is_within(question.name, zone.name)]
        if question.type == "DS":
            holding = [zone for zone in holding if zone.name != question.name]
        if not holding:
            return DnsReply("REFUSED", False)
        zone = max(holding, key=lambda one: 0 if one.name == ROOT else len(one.name))
        return self._from_zone(zone, question)

    def _from_zone(self, zone: MadeZone, question: Dns) -> DnsReply:
        for cut in lineage(question.name):
            below = self.zones.get(cut)
            if below is not None and is_below(cut, zone.name) and question.type != "DS":
                return DnsReply("NOERROR", False, (), _ns(below), self._glue(zone, below))
        name, kind = question.name, question.type
        if name == zone.name and kind == "NS":
            return DnsReply("NOERROR", True, _ns(zone), (), self._glue(zone, zone))
        if name == zone.name and kind == "SOA":
            soa = f"{zone.servers[0]}. hostmaster.{zone.servers[0]}. 1 7200 3600 604800 300"
            return DnsReply("NOERROR", True, (Record(name, "SOA", TTL_S, soa),))
        if alias := zone.records.get((name, "CNAME")):
            return DnsReply("NOERROR", True, (Record(name, "CNAME", TTL_S, alias[0]),))
        found = tuple(Record(name, kind, TTL_S, one) for one in zone.records.get((name, kind), ()))
        known = {at for owner, _ in zone.records for at in lineage(owner)} | {zone.name}
        return DnsReply("NOERROR" if name in known else "NXDOMAIN", True, found)

    def _glue(self, above: MadeZone, zone: MadeZone) -> tuple[Record, ...]:
        return tuple(
            Record(host, "A", TTL_S, address)
            for host in sorted(zone.glued)
            if is_within(host, above.name)
            for address in self.glue.get(host, ())
        )


def _ns(zone: MadeZone) -> tuple[Record, ...]:
    return tuple(Record(zone.name, "NS", TTL_S, host) for host in sorted(zone.servers))


def holder(zones: dict[str, MadeZone], name: str) -> MadeZone:
    """The zone in which a name's records lie."""
    while name not in zones:
        name = parent_of(name)
    return zones[name]
