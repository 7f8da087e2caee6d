"""Observations of names: delegations, zones, servers, keys, addresses, aliases, and what was not seen."""

from collections.abc import Iterable, Iterator

from tidegate.audit.heard import Heard, Zone
from tidegate.audit.replies import Alias, Lame, Referral, Told
from tidegate.audit.signed_chain import SignedChain, key_tags, signatures_in
from tidegate.audit.walking_names import NameWalk
from tidegate.model.audits import (
    MEMBERS_MAX,
    AddressesSeen,
    AliasSeen,
    AuthoritiesAllowedSeen,
    DelegationSeen,
    Glue,
    KeysSeen,
    MailServer,
    MailServersSeen,
    NotSeen,
    Observation,
    Question,
    ServerAsked,
    ZoneSeen,
)
from tidegate.model.domain_names import ROOT, is_name, parent_of
from tidegate.model.probes import Dns, NotAnswered, Record

ABOUT: dict[str, Question] = {
    "A": "addresses",
    "AAAA": "addresses",
    "MX": "mail_servers",
    "CAA": "authorities_allowed",
    "NS": "zone",
    "SOA": "zone",
    "DS": "delegation",
    "DNSKEY": "keys",
}
"""Which question of an audit the records of a type answer."""


def seen_names(walk: NameWalk, anchors: Iterable[str], at_s: int) -> Iterator[Observation]:
    """What the walk has learned by now; `at_s` is the time of what was never asked."""
    by_zone: dict[str, list[Heard]] = {}
    for heard in walk.heard.values():
        if heard is not None and heard.asked is not None and heard.zone:
            by_zone.setdefault(heard.zone, []).append(heard)
    for zone in walk.zones.values():
        for heard in zone.soa.values():
            by_zone.setdefault(zone.name, []).append(heard)
    chain = SignedChain(walk, anchors, by_zone)
    for zone in walk.zones.values():
        yield from _delegation(walk, zone, at_s)
        yield from _zone(walk, zone)
        yield from _servers(zone, at_s)
        yield from _keys(walk, zone, by_zone.get(zone.name, []), chain)
    for (name, kind), known in walk.heard.items():
        if known is not None:
            yield from _record(name, kind, known, at_s)
    for heard, why in chain.unproved():
        question: Question = "delegation" if heard.type in {"NS", "DS"} else ABOUT[heard.type]
        yield _not_seen(heard, question, why, at_s)
    for heard in walk.left_out:
        assert isinstance(heard.reading, NotAnswered)
        question = "delegation" if heard.type == "NS" else ABOUT.get(heard.type, "addresses")
        yield _not_seen(heard, question, heard.reading, at_s)
    yield from _stranded(walk, at_s)


def source_of(heard: Heard) -> str:
    question = heard.asked.question if heard.asked is not None else None
    return f"dns {question.server}" if isinstance(question, Dns) else "dns"


def second_of(heard: Heard, at_s: int) -> int:
    return heard.asked.at_s if heard.asked is not None else at_s


def allowed_authorities(walk: NameWalk, name: str) -> AuthoritiesAllowedSeen | None:
    """The CAA set that holds for a name: its own, or that of the first name above that has one.

    None where a set on the way was not seen. An issuer "" (nobody may issue) is told as ";".
    """
    at = name
    while True:
        held = [walk.heard.get((one, "CAA")) for one in walk.chain(at, "CAA")]
        last = held[-1]
        if last is None or isinstance(last.reading, NotAnswered | Lame):
            return None
        told = last.reading.records if isinstance(last.reading, Told) else ()
        if told or parent_of(at) == ROOT:
            return AuthoritiesAllowedSeen(
                at_s=second_of(last, 0),
                source=source_of(last),
                name=name,
                authorities=_issuers(told),
                ttl_s=told[0].ttl_s if told else 0,
            )
        at = parent_of(at)


def _issuers(records: tuple[Record, ...]) -> tuple[str, ...]:
    """The domains in issue properties (RFC 8659, 4.2): flags, tag and a value in quotes."""
    found = []
    for one in records:
        _, tag, value = (*one.data.split(" ", 2), "", "")[:3]
        if tag == "issue":
            found.append(value.strip('"').partition(";")[0].strip() or ";")
    return tuple(sorted(set(found)))[:MEMBERS_MAX]


def _delegation(walk: NameWalk, zone: Zone, at_s: int) -> Iterator[Observation]:
    ds = walk.heard.get((zone.name, "DS"))
    if ds is not None and isinstance(ds.reading, NotAnswered | Lame):
        yield _not_seen(ds, "delegation", ds.reading, at_s)
    signed = ds.reading.records if ds is not None and isinstance(ds.reading, Told) else ()
    heard = zone.delegation
    if heard is None:
        glue = _by_server((host, address) for address, host in zone.addresses.items())
        yield DelegationSeen(
            at_s=at_s,
            source="settings",
            zone=zone.name,
            parent="",
            servers=tuple(zone.servers),
            ttl_s=0,
            glue=glue,
        )
        return
    assert isinstance(heard.reading, Referral | Told)
    records = heard.reading.records if isinstance(heard.reading, Told) else heard.reading.servers
    assert zone.parent is not None
    yield DelegationSeen(
        at_s=second_of(heard, at_s),
        source=source_of(heard),
        zone=zone.name,
        parent=zone.parent.name,
        servers=tuple(sorted({one.data for one in records}))[:MEMBERS_MAX],
        ttl_s=records[0].ttl_s,
        glue=_by_server((one.owner, one.data) for one in heard.reading.glue),
        ds=key_tags(signed, "DS")[:MEMBERS_MAX],
        ds_ttl_s=signed[0].ttl_s if signed else 0,
    )


def _by_server(pairs: Iterable[tuple[str, str]]) -> tuple[Glue, ...]:
    found: dict[str, list[str]] = {}
    for host, address in pairs:
        found.setdefault(host, []).append(address)
    return tuple(Glue(host, tuple(sorted(found[host]))) for host in sorted(found))


def _zone(walk: NameWalk, zone: Zone) -> Iterator[Observation]:
    """The SOA of the server that is furthest on, by its serial."""
    told = walk.heard.get((zone.name, "NS"))
    soas = [(heard, _soa(heard.reading)) for heard in zone.soa.values() if isinstance(heard.reading, Told)]
    known = [(heard, soa) for heard, soa in soas if soa is not None]
    if told is None or not isinstance(told.reading, Told) or not known:
        return
    heard, (primary, numbers) = max(known, key=lambda one: (one[1][1][0], source_of(one[0])))
    yield ZoneSeen(
        at_s=second_of(heard, 0),
        source=source_of(heard),
        zone=zone.name,
        servers=tuple(sorted({one.data for one in told.reading.records}))[:MEMBERS_MAX],
        ttl_s=told.reading.records[0].ttl_s,
        primary=primary,
        serial=numbers[0],
        refresh_s=numbers[1],
        retry_s=numbers[2],
        expire_s=numbers[3],
        minimum_s=numbers[4],
    )


def _soa(reading: Told) -> tuple[str, tuple[int, ...]] | None:
    fields = reading.records[0].data.split(" ")
    if len(fields) != 7 or not all(one.isascii() and one.isdigit() for one in fields[2:]):
        return None
    primary = fields[0].rstrip(".").lower() or ROOT
    return (primary if is_name(primary) else ROOT), tuple(int(one) for one in fields[2:])


def _servers(zone: Zone, at_s: int) -> Iterator[Observation]:
    for address, heard in zone.soa.items():
        host = zone.addresses[address]
        if isinstance(heard.reading, NotAnswered):
            yield _not_seen(heard, "zone", heard.reading, at_s, f"{host} {address}")
            continue
        yield ServerAsked(
            at_s=second_of(heard, at_s),
            source=source_of(heard),
            zone=zone.name,
            server=host,
            address=address,
            authoritative=isinstance(heard.reading, Told),
        )


def _keys(walk: NameWalk, zone: Zone, heard: list[Heard], chain: SignedChain) -> Iterator[Observation]:
    keys = walk.heard.get((zone.name, "DNSKEY"))
    if keys is None:
        yield from _unsigned(walk, zone, chain)
        return
    if isinstance(keys.reading, NotAnswered | Lame):
        return
    told = keys.reading.records if isinstance(keys.reading, Told) else ()
    signatures = {(one.covers, one.key_tag, one.expires_s): one for one in signatures_in(heard)}
    yield KeysSeen(
        at_s=second_of(keys, 0),
        source=source_of(keys),
        zone=zone.name,
        keys=key_tags(told, "DNSKEY")[:MEMBERS_MAX],
        ttl_s=told[0].ttl_s if told else 0,
        signatures=tuple(signatures[at] for at in sorted(signatures))[:MEMBERS_MAX],
        validates=chain.judge(zone),
    )


def _unsigned(walk: NameWalk, zone: Zone, chain: SignedChain) -> Iterator[Observation]:
    """A zone without a DS under a signed one is told where that it has none is not proved."""
    ds = walk.heard.get((zone.name, "DS"))
    if ds is None or zone.parent is None or chain.judge(zone.parent) is not True:
        return
    if chain.judge(zone) is False:
        at_s, source = second_of(ds, 0), source_of(ds)
        yield KeysSeen(at_s=at_s, source=source, zone=zone.name, keys=(), ttl_s=0, validates=False)


def _record(name: str, kind: str, heard: Heard, at_s: int) -> Iterator[Observation]:
    match heard.reading:
        case NotAnswered() | Lame():
            if kind != "DS":
                yield _not_seen(heard, ABOUT[kind], heard.reading, at_s)
        case Alias(record):
            yield AliasSeen(
                at_s=second_of(heard, at_s),
                source=source_of(heard),
                name=name,
                zone=heard.zone,
                target=record.data,
                ttl_s=record.ttl_s,
            )
        case Told(records):
            yield from _told(name, kind, heard, records)
        case _:
            yield from _told(name, kind, heard, ())


def _told(name: str, kind: str, heard: Heard, records: tuple[Record, ...]) -> Iterator[Observation]:
    at_s, source, ttl_s = second_of(heard, 0), source_of(heard), records[0].ttl_s if records else 0
    if kind in {"A", "AAAA"}:
        yield AddressesSeen(
            at_s=at_s,
            source=source,
            name=name,
            zone=heard.zone,
            family="A" if kind == "A" else "AAAA",
            addresses=tuple(sorted({one.data for one in records}))[:MEMBERS_MAX],
            ttl_s=ttl_s,
        )
    elif kind == "MX":
        servers = [one.data.partition(" ") for one in records]
        yield MailServersSeen(
            at_s=at_s,
            source=source,
            name=name,
            zone=heard.zone,
            servers=tuple(MailServer(int(number), host) for number, _, host in servers)[:MEMBERS_MAX],
            ttl_s=ttl_s,
        )


def _stranded(walk: NameWalk, at_s: int) -> Iterator[Observation]:
    """What never got a server: told of the zone, and of everything that was wanted in it."""
    for zone in walk.zones.values():
        if not zone.parked:
            continue
        last = zone.parked[0].last
        circle = not zone.addresses and walk.in_circle(zone)
        wrong = NotAnswered("loop", "its name servers are found only through itself") if circle else last
        yield NotSeen(
            at_s=at_s,
            source="dns",
            about=zone.name,
            question="zone",
            reason=wrong.reason,
            detail=wrong.detail,
        )
        for ask in zone.parked:
            if (ask.name, ask.type) != (zone.name, "NS"):
                question: Question = "delegation" if ask.type in {"NS", "DS"} else ABOUT[ask.type]
                yield NotSeen(
                    at_s=at_s,
                    source="dns",
                    about=ask.name,
                    question=question,
                    reason=wrong.reason,
                    detail=f"in {zone.name}: {wrong.detail}".rstrip(": "),
                )


def _not_seen(
    heard: Heard, question: Question, wrong: NotAnswered | Lame, at_s: int, detail: str = ""
) -> NotSeen:
    if isinstance(wrong, Lame):
        wrong = NotAnswered("lame", wrong.why)
    return NotSeen(
        at_s=second_of(heard, at_s),
        source=source_of(heard),
        about=heard.name,
        question=question,
        reason=wrong.reason,
        detail=detail or f"{heard.type} {wrong.detail}".strip(),
    )
