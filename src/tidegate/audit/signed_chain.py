"""Whether what a zone says is signed by keys that the root's anchors lead to (DNSSEC, RFC 4035)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tidegate.audit.denials import Denial, TooManyRounds, denial_in
from tidegate.audit.heard import Heard, Zone
from tidegate.audit.replies import Absent, Alias, Empty, Referral, Told
from tidegate.audit.walking_names import NameWalk
from tidegate.model.audits import Signature
from tidegate.model.domain_names import ROOT
from tidegate.model.probes import DnsReply, NotAnswered, Record

WRONG = (dns.exception.DNSException, ValueError, KeyError)
"""What reading somebody else's keys and signatures may raise."""

NOT_REFERRED = NotAnswered("not_trusted", "of the referral: it proves neither keys nor that there are none")
NOT_PASSED = NotAnswered("not_trusted", "is not proved to be missing on the way to names below")
LEFT_OPEN = NotAnswered(
    "too_many", "is not there, of which the proof has too many records or rounds to check"
)
"""Why something does not count as proved, though no resolver fails for it."""


class SignedChain:
    """`judge` says of a zone: True, its chain holds; False, it does not; None, it is unsigned or not seen."""

    def __init__(self, walk: NameWalk, anchors: Iterable[str], heard: dict[str, list[Heard]]) -> None:
        self._walk = walk
        self._anchors = tuple(anchors)
        self._heard = heard
        self._verdicts: dict[str, bool | None] = {}
        self._open: list[Heard] = []

    def judge(self, zone: Zone) -> bool | None:
        """The zones above are judged first; there are at most as many as a name has labels."""
        if zone.name not in self._verdicts:
            above = self.judge(zone.parent) if zone.parent is not None else True
            self._verdicts[zone.name] = above if above is not True else self._judge(zone)
        return self._verdicts[zone.name]

    def unproved(self) -> Iterator[tuple[Heard, NotAnswered]]:
        """In zones whose chain holds: referrals and names on the way that prove nothing, which resolvers that
        ask for the DS by itself and for whole names live with, and proofs that our own bounds left open.
        """
        signed = {zone.name: self._keys_of(zone) for zone in self._walk.zones.values() if self.judge(zone)}
        yield from ((heard, LEFT_OPEN) for heard in self._open)
        for heard in filter(None, (zone.delegation for zone in self._walk.zones.values())):
            keys = signed.get(heard.zone)
            if keys and isinstance(heard.reading, Referral) and _referred(heard, keys) is not True:
                yield heard, NOT_REFERRED
        for heard in self._walk.passed:
            keys = signed.get(heard.zone)
            if keys and _denied(heard, keys) is not True:
                yield heard, NOT_PASSED

    def _keys_of(self, zone: Zone) -> tuple[Record, ...]:
        keys = self._walk.heard.get((zone.name, "DNSKEY"))
        return keys.reading.records if keys is not None and isinstance(keys.reading, Told) else ()

    def _judge(self, zone: Zone) -> bool | None:
        trusted = self._trusted(zone)
        keys = self._walk.heard.get((zone.name, "DNSKEY"))
        if trusted is None:
            return self._unsigned(zone)
        if keys is None or keys.asked is None:
            return None
        if not isinstance(keys.reading, Told):
            return False if trusted else None
        anchored = [key for key in keys.reading.records if _is_trusted(zone.name, key, trusted)]
        if not anchored or not _verifies(keys, anchored):
            return False
        for one in self._heard.get(zone.name, ()):
            holds = True if one is keys or _made_up(one) else _holds(one, keys.reading.records)
            if holds is False:
                return False
            if holds is None:
                self._open.append(one)
        return True

    def _unsigned(self, zone: Zone) -> bool | None:
        """That a zone has no DS must be proved by the signed zone above it, else resolvers refuse it."""
        ds = self._walk.heard.get((zone.name, "DS"))
        keys = self._walk.heard.get((zone.parent.name, "DNSKEY")) if zone.parent is not None else None
        if ds is None or not isinstance(ds.reading, Empty | Absent):
            return None
        if keys is None or not isinstance(keys.reading, Told):
            return None
        denied = _denied(ds, keys.reading.records)
        if denied is None:
            self._open.append(ds)
        return False if denied is False else None

    def _trusted(self, zone: Zone) -> tuple[str, ...] | None:
        """The DS records that the zone's keys must match; None where there are none, or none were seen."""
        if zone.name == ROOT:
            return self._anchors or None
        ds = self._walk.heard.get((zone.name, "DS"))
        if ds is None or not isinstance(ds.reading, Told):
            return None
        return tuple(one.data for one in ds.reading.records)


def key_tags(records: Iterable[Record], kind: str) -> tuple[int, ...]:
    """Of DNSKEY or DS records; one that cannot be read has none."""
    found = set()
    for one in records:
        try:
            rdata = _rdata(kind, one.data)
        except WRONG:
            continue
        found.add(rdata.key_tag if kind == "DS" else dns.dnssec.key_id(rdata))  # type: ignore[attr-defined,arg-type]
    return tuple(sorted(found))


def signatures_in(heard: Iterable[Heard]) -> Iterator[Signature]:
    for one in heard:
        if isinstance(one.reading, Told | Alias):
            for record in one.reading.signatures:
                try:
                    told = _rdata("RRSIG", record.data)
                except WRONG:
                    continue
                yield Signature(one.type, told.key_tag, told.inception, told.expiration)  # type: ignore[attr-defined]


def _made_up(heard: Heard) -> bool:
    """An alias that the server made from a DNAME has no signature of its own (RFC 6672, 5.3.1)."""
    reply = heard.asked.answer if heard.asked is not None else None
    return (
        isinstance(heard.reading, Alias)
        and isinstance(reply, DnsReply)
        and any(one.type == "DNAME" for one in reply.answer)
    )


def _rdata(kind: str, data: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), data)


def _name(text: str) -> dns.name.Name:
    return dns.name.root if text == ROOT else dns.name.from_text(f"{text}.")


def _is_trusted(zone: str, key: Record, trusted: tuple[str, ...]) -> bool:
    """A key whose digest one of the DS records has (RFC 4034, 5.1.4); unknown digests match nothing."""
    for data in trusted:
        try:
            ds = _rdata("DS", data)
            made = dns.dnssec.make_ds(
                _name(zone),
                _rdata("DNSKEY", key.data),
                dns.dnssec.DSDigest(ds.digest_type),  # type: ignore[attr-defined]
                validating=True,
            )
        except WRONG:
            continue
        if made == ds:
            return True
    return False


def _verifies(heard: Heard, keys: Iterable[Record]) -> bool:
    """One good signature over the records, by one of the keys, at the second when they came."""
    assert heard.asked is not None
    reading = heard.reading
    assert isinstance(reading, Told | Alias)
    records = reading.records if isinstance(reading, Told) else (reading.record,)
    if not reading.signatures:
        return False
    zone, owner, kind = _name(heard.zone), _name(heard.name), records[0].type
    try:
        rrset = _rrset(owner, kind, records)
        signatures = _rrset(owner, "RRSIG", reading.signatures)
        key_set = _rrset(zone, "DNSKEY", keys)
        dns.dnssec.validate(rrset, signatures, {zone: key_set}, now=heard.asked.at_s)
    except WRONG:
        return False
    return True


def _holds(heard: Heard, keys: Iterable[Record]) -> bool | None:
    """Whether what was heard is signed or, where it is that there is nothing, proved; None where that cannot
    be told. Of DS records only those that are there: that there are none is the zone's own matter.
    """
    match heard.reading:
        case Told() | Alias():
            return _verifies(heard, keys) and _nothing_nearer(heard, keys)
        case Empty() | Absent() if heard.type != "DS":
            return _denied(heard, keys)
        case _:
            return True


def _denied(heard: Heard, keys: Iterable[Record]) -> bool | None:
    """Whether the reply proves that there is no such record, or no such name."""
    name = _name(heard.name)

    def proves(denial: Denial) -> bool:
        return (
            denial.no_name(name) if isinstance(heard.reading, Absent) else denial.no_record(name, heard.type)
        )

    return _proved(heard, keys, proves)


def _referred(heard: Heard, keys: Iterable[Record]) -> bool | None:
    """Whether a referral proves which keys the zone below has, or that it has none (RFC 4035, 3.1.4)."""
    reply = heard.asked.answer if heard.asked is not None else None
    told = [one for one in reply.authority if one.owner == heard.name] if isinstance(reply, DnsReply) else []
    signed = tuple(one for one in told if one.type == "DS")
    if not signed:
        return _proved(heard, keys, lambda denial: denial.no_record(_name(heard.name), "DS"))
    made = tuple(one for one in told if one.type == "RRSIG" and one.data.split(" ", 1)[0] == "DS")
    return _verifies(replace(heard, type="DS", reading=Told(signed, made, ())), keys)


def _nothing_nearer(heard: Heard, keys: Iterable[Record]) -> bool | None:
    """A wildcard's answer must prove that the name itself is not there (RFC 4035, 5.3.4)."""
    reading = heard.reading
    assert isinstance(reading, Told | Alias)
    name = _name(heard.name)
    labels = min(int(one.data.split(" ")[2]) for one in reading.signatures)
    if labels >= len(name.labels) - 1 - name.is_wild():
        return True
    return _proved(heard, keys, lambda denial: denial.no_closer(name, labels))


def _proved(heard: Heard, keys: Iterable[Record], proves: Callable[[Denial], bool]) -> bool | None:
    """None where the zone's hash takes too long, or records of the reply were left out."""
    reply = heard.asked.answer if heard.asked is not None else None
    if heard.asked is None or not isinstance(reply, DnsReply):
        return None
    zone = _name(heard.zone)
    try:
        denial = denial_in(zone, reply.authority, _rrset(zone, "DNSKEY", keys), heard.asked.at_s)
    except TooManyRounds:
        return None
    except WRONG:
        return False
    return True if proves(denial) else None if reply.left_out else False


def _rrset(owner: dns.name.Name, kind: str, records: Iterable[Record]) -> dns.rrset.RRset:
    found = list(records)
    named = [f"{one.data}." if kind in {"NS", "CNAME"} else one.data for one in found]
    named = [f"{one}." if kind == "MX" and not one.endswith(".") else one for one in named]
    return dns.rrset.from_text(owner, found[0].ttl_s, "IN", kind, *named)
