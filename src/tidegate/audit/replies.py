"""What one DNS reply means when it comes from a server of a zone that was asked about a name in it."""

from dataclasses import dataclass

from tidegate.model.domain_names import ROOT, is_below, is_within
from tidegate.model.probes import Dns, DnsReply, Record


@dataclass(frozen=True, slots=True)
class Referral:
    """The name is a zone of its own, or in one: its name servers, and their addresses where told (glue)."""

    zone: str
    servers: tuple[Record, ...]
    glue: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """The records that were asked for, with the signatures over them; `glue` as a referral's."""

    records: tuple[Record, ...]
    signatures: tuple[Record, ...]
    glue: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """The name stands for another (CNAME)."""

    record: Record
    signatures: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """The name has no such record."""


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such name."""


@dataclass(frozen=True, slots=True)
class Lame:
    """The server does not do what it was named for."""

    why: str


Reading = Referral | Told | Alias | Empty | Absent | Lame


def read_reply(zone: str, question: Dns, reply: DnsReply) -> Reading:
    """Rules, in this order (RFC 1034, 4.3.2; RFC 2308; RFC 8499 for "lame"):

    1. Any code but NOERROR and NXDOMAIN is lame.
    2. Records asked for, or an alias of the name, count only with authority; without it, lame.
    3. Without an answer, name servers of a zone between the server's and the name are a referral.
    4. Without either, authority makes it "no such record" or "no such name"; without authority, lame.
    5. Of what came along, only addresses of the told name servers that lie in the asked zone are believed.
    """
    if reply.rcode not in {"NOERROR", "NXDOMAIN"}:
        return Lame(reply.rcode)  # Rule 1.
    told = _of(reply.answer, question.name, question.type)
    aliases = _of(reply.answer, question.name, "CNAME")
    if told or aliases:
        if not reply.authoritative:
            return Lame("answers without authority")  # Rule 2.
        signatures = _of(reply.answer, question.name, "RRSIG")
        if told:
            return Told(told, _over(signatures, question.type), _glue(told, zone, reply))
        return Alias(aliases[0], _over(signatures, "CNAME"))
    referral = _referral(zone, question, reply)
    if referral is not None:
        return referral  # Rule 3.
    if not reply.authoritative:
        upward = any(one.type == "NS" and is_within(zone, one.owner) for one in reply.authority)
        return Lame("refers upwards" if upward else "neither answers nor refers")  # Rule 4.
    return Absent() if reply.rcode == "NXDOMAIN" else Empty()


def primary_of(soa: Record) -> str:
    """The name server at which a zone is made (MNAME)."""
    return soa.data.split(" ", 1)[0].rstrip(".").lower() or ROOT


def _referral(zone: str, question: Dns, reply: DnsReply) -> Referral | None:
    for cut in dict.fromkeys(one.owner for one in reply.authority if one.type == "NS"):
        if is_below(cut, zone) and is_within(question.name, cut):
            servers = _of(reply.authority, cut, "NS")
            return Referral(cut, servers, _glue(servers, zone, reply))
    return None


def _of(records: tuple[Record, ...], owner: str, kind: str) -> tuple[Record, ...]:
    return tuple(one for one in records if one.owner == owner and one.type == kind)


def _over(signatures: tuple[Record, ...], kind: str) -> tuple[Record, ...]:
    """Those over records of this type: the first word of a signature's data (RFC 4034, 3.2)."""
    return tuple(one for one in signatures if one.data.split(" ", 1)[0] == kind)


def _glue(servers: tuple[Record, ...], zone: str, reply: DnsReply) -> tuple[Record, ...]:
    named = {one.data for one in servers if one.type == "NS"}
    return tuple(
        one
        for one in reply.additional
        if one.type in {"A", "AAAA"} and one.owner in named and is_within(one.owner, zone)  # Rule 5.
    )
