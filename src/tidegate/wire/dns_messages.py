"""DNS messages: questions to bytes, replies to records whose names are those of hosts and zones."""

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

from tidegate.model.domain_names import ROOT, is_name
from tidegate.model.probes import RECORDS_MAX, TEXT_CHARACTERS_MAX, Dns, DnsReply, Record
from tidegate.model.refusals import Malformed

EDNS_PAYLOAD_BYTES = 1232
"""Of a reply over UDP, so that none is fragmented; a longer one comes over TCP."""


_DENIALS = {"NSEC", "NSEC3", "RRSIG"}
"""Records that prove what is not there: they may be at names that no host has."""


def dns_query(question: Dns) -> dns.message.Message:
    """As a resolver asks an authoritative server: no recursion, signatures welcome (RFC 4035, 3.2.1)."""
    query = dns.message.make_query(
        absolute(question.name), question.type, want_dnssec=True, payload=EDNS_PAYLOAD_BYTES
    )
    query.flags &= ~dns.flags.RD
    return query


def dns_reply(message: dns.message.Message, question: Dns) -> DnsReply:
    """What it says; Malformed where it answers another question."""
    asked = message.question[0] if message.question else None
    if asked is not None and (_name(asked.name), dns.rdatatype.to_text(asked.rdtype)) != (
        question.name,
        question.type,
    ):
        raise Malformed("answers another question", 0)
    (answer, more), (authority, further), (additional, rest) = (
        _records(part) for part in (message.answer, message.authority, message.additional)
    )
    code, with_authority = dns.rcode.to_text(message.rcode()), bool(message.flags & dns.flags.AA)
    return DnsReply(code, with_authority, answer, authority, additional, more + further + rest)


def absolute(name: str) -> dns.name.Name:
    return dns.name.root if name == ROOT else dns.name.from_text(f"{name}.")


def _name(name: dns.name.Name) -> str:
    """As this program writes it; "" where it is no name of a host or a zone."""
    text = name.to_text(omit_final_dot=True).lower() or ROOT
    text = ROOT if text in {"@", ""} else text
    return text if is_name(text) else ""


def _records(section: list[dns.rrset.RRset]) -> tuple[tuple[Record, ...], int]:
    found: list[Record] = []
    left_out = 0
    for rrset in section:
        kind = dns.rdatatype.to_text(rrset.rdtype)
        owner = _name(rrset.name) or (
            rrset.name.to_text(omit_final_dot=True).lower() if kind in _DENIALS else ""
        )
        for rdata in rrset:
            data = _data(kind, rdata)
            if owner and data and len(data) <= TEXT_CHARACTERS_MAX and len(found) < RECORDS_MAX:
                found.append(Record(owner, kind, int(rrset.ttl), data))
            else:
                left_out += 1
    return tuple(sorted(found, key=lambda one: (one.owner, one.type, one.data))), left_out


def _data(kind: str, rdata: dns.rdata.Rdata) -> str:
    """In the form of master files; "" where a name that the audit follows is no host's."""
    if kind in {"NS", "CNAME"}:
        return _name(rdata.target)  # type: ignore[attr-defined]
    if kind == "MX":
        exchange = _name(rdata.exchange)  # type: ignore[attr-defined]
        return f"{rdata.preference} {exchange}" if exchange else ""  # type: ignore[attr-defined]
    if kind == "OPT":
        return ""
    try:
        return " ".join(rdata.to_text().split())
    except (dns.exception.DNSException, ValueError):
        return ""
