"""Whether a reply proves that a name or a record is not there: signed NSEC and NSEC3 (RFC 4035, 5155)."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.NSEC
import dns.rdtypes.ANY.NSEC3
import dns.rrset

from tidegate.model.probes import Record

DENIALS_MAX = 64
"""NSEC and NSEC3 records of one reply that are checked (a proof needs three); with more it proves nothing."""

ITERATIONS_MAX = 150
"""Rounds of NSEC3's hash; resolvers take a zone with more for unsigned (RFC 9276), and so does the audit."""

NSEC = dns.rdtypes.ANY.NSEC.NSEC
NSEC3 = dns.rdtypes.ANY.NSEC3.NSEC3


class TooManyRounds(Exception):
    """The zone is to be taken for unsigned."""


@dataclass(frozen=True, slots=True)
class Denial:
    """The records of one reply that are rightly signed. `spans` are of NSEC, by the name each is at; `hashes`
    of NSEC3, by the hash each is at.
    """

    zone: dns.name.Name
    spans: dict[dns.name.Name, NSEC] = field(default_factory=dict)
    hashes: dict[bytes, NSEC3] = field(default_factory=dict)

    def no_name(self, name: dns.name.Name) -> bool:
        """Neither the name nor a wildcard that would answer for it is there (RFC 4035, 5.4; 5155, 8.4)."""
        above = self._covered_under(name)
        return above is not None and self._covers(dns.name.Name((b"*", *above.labels)))

    def no_record(self, name: dns.name.Name, kind: str) -> bool:
        """The name has no such record (RFC 4035, 5.4; RFC 5155, 8.5 to 8.7). A delegation has no DS also
        where its hash lies in a span of names that are left out because they are not signed.
        """
        held = self._at(name)
        if held is not None:
            return _lacks(held, kind)
        above = self._covered_under(name)
        if above is None:
            return any(
                self._spans(owner, span, name) and span.next.is_subdomain(name)
                for owner, span in self.spans.items()
            )  # Between two names that have records, one that only has names below it.
        wildcard = self._at(dns.name.Name((b"*", *above.labels)))
        if wildcard is not None:
            return _lacks(wildcard, kind)
        return kind == "DS" and self._opts_out(_one_below(above, name))

    def no_closer(self, name: dns.name.Name, labels: int) -> bool:
        """Nothing is there nearer to the name than the wildcard that answered, of so many labels."""
        above = dns.name.Name(name.labels[-(labels + 1) :])
        return self._covers(_one_below(above, name)) or any(
            self._spans(owner, span, name) for owner, span in self.spans.items()
        )

    def _covered_under(self, name: dns.name.Name) -> dns.name.Name | None:
        """The nearest name above that is there, where nothing is proved to be on the way from it down."""
        for owner, span in self.spans.items():
            if self._spans(owner, span, name):
                shared = (_shared(name, owner), _shared(name, span.next))
                nearest = max(shared, key=lambda one: len(one.labels))
                return None if nearest == name else nearest
        above = name
        while self.hashes and above != self.zone:
            below, above = above, above.parent()
            held = self._at(above)
            if held is not None:
                return above if self._covers(below) and not _ends_at(held) else None
        return None

    def _at(self, name: dns.name.Name) -> "NSEC | NSEC3 | None":
        return self.spans.get(name) or self.hashes.get(self._hash(name))

    def _hash(self, name: dns.name.Name) -> bytes:
        """As all NSEC3 records of a reply hash; b"" where there are none."""
        one = next(iter(self.hashes.values()), None)
        if one is None:
            return b""
        return dns.dnssec.nsec3_hash(name, one.salt, one.iterations, one.algorithm).lower().encode()

    def _covers(self, name: dns.name.Name) -> bool:
        """The name is in a span in which there is nothing."""
        return self._hashed_span(name) is not None or any(
            self._spans(owner, span, name) for owner, span in self.spans.items()
        )

    def _opts_out(self, name: dns.name.Name) -> bool:
        span = self._hashed_span(name)
        return span is not None and bool(span.flags & 1)

    def _hashed_span(self, name: dns.name.Name) -> "NSEC3 | None":
        wanted = self._hash(name)
        for at, one in self.hashes.items():
            end = base64.b32hexencode(one.next).lower()
            if at < wanted < end if at < end else (wanted > at or wanted < end):
                return one
        return None

    def _spans(self, owner: dns.name.Name, span: NSEC, name: dns.name.Name) -> bool:
        """A delegation, or a name that stands for a whole tree (DNAME), says nothing of what is below it."""
        types = _types(span)
        cut = "DNAME" in types or ("NS" in types and "SOA" not in types)
        if (cut and name.is_subdomain(owner)) or not name.is_subdomain(self.zone):
            return False
        return bool(owner < name and (name < span.next or span.next == self.zone))


def denial_in(zone: dns.name.Name, records: Iterable[Record], keys: dns.rrset.RRset, now_s: int) -> Denial:
    """Only what a key of the zone has signed counts. TooManyRounds for a hash that takes too long."""
    found = Denial(zone)
    sets: dict[tuple[str, str], list[str]] = {}
    signatures: dict[tuple[str, str], list[str]] = {}
    for one in records:
        if one.type in ("NSEC", "NSEC3"):
            sets.setdefault((one.owner, one.type), []).append(one.data)
        elif one.type == "RRSIG":
            signatures.setdefault((one.owner, one.data.partition(" ")[0]), []).append(one.data)
    for (owner, kind), data in list(sets.items())[:DENIALS_MAX]:
        for rdata, at in _signed(owner, kind, data, signatures.get((owner, kind), []), keys, now_s, zone):
            if isinstance(rdata, NSEC):
                found.spans[at] = rdata
            elif isinstance(rdata, NSEC3) and at.parent() == zone and rdata.algorithm == 1:
                if rdata.iterations > ITERATIONS_MAX:
                    raise TooManyRounds
                _add_hashed(found, at, rdata)
    return found


def _add_hashed(found: Denial, at: dns.name.Name, one: NSEC3) -> None:
    """All of a reply hash alike (RFC 5155, 8.2); what does not, and flags that nobody knows, do not count."""
    first = next(iter(found.hashes.values()), one)
    if (one.salt, one.iterations) == (first.salt, first.iterations) and one.flags in (0, 1):
        found.hashes[at.labels[0].lower()] = one


def _signed(
    owner: str,
    kind: str,
    data: list[str],
    signatures: list[str],
    keys: dns.rrset.RRset,
    now_s: int,
    zone: dns.name.Name,
) -> Iterator[tuple[dns.rdata.Rdata, dns.name.Name]]:
    """The records with the name that they are at, where they can be read and a signature holds."""
    try:
        at = dns.name.from_text(f"{owner}." if owner != "." else owner)
        told = dns.rrset.from_text(at, 0, "IN", kind, *data)
        made = dns.rrset.from_text(at, 0, "IN", "RRSIG", *signatures)
        dns.dnssec.validate(told, made, {zone: keys}, now=now_s)
    except (dns.exception.DNSException, ValueError, KeyError, IndexError):
        return
    if all(len(at.labels) - 1 - at.is_wild() == one.labels for one in made):
        yield from ((one, at) for one in told)


def _lacks(held: NSEC | NSEC3, kind: str) -> bool:
    """A DS belongs to the zone above a delegation, all else to the zone below it."""
    types = _types(held)
    if kind in types or "CNAME" in types:
        return False
    return "SOA" not in types if kind == "DS" else "NS" not in types or "SOA" in types


def _ends_at(held: NSEC | NSEC3) -> bool:
    """A delegation, or a name that stands for a whole tree (DNAME), says nothing of what is below it."""
    types = _types(held)
    return "DNAME" in types or ("NS" in types and "SOA" not in types)


def _types(held: NSEC | NSEC3) -> set[str]:
    """Which records are there."""
    return {
        dns.rdatatype.to_text(dns.rdatatype.RdataType.make(window * 256 + at * 8 + bit))
        for window, bitmap in held.windows
        for at, byte in enumerate(bitmap)
        for bit in range(8)
        if byte & (0x80 >> bit)
    }


def _shared(one: dns.name.Name, other: dns.name.Name) -> dns.name.Name:
    """The nearest name above both, or one of them."""
    _, _, count = one.fullcompare(other)
    return dns.name.Name(one.labels[len(one.labels) - count :])


def _one_below(above: dns.name.Name, name: dns.name.Name) -> dns.name.Name:
    """The name on the way from `above` down to `name` that comes first."""
    return dns.name.Name(name.labels[-len(above.labels) - 1 :])
