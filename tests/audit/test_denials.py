"""Proofs that something is not there: a real signer's are believed, and none of them denies what is there."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset
import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import require_peer
from tidegate.audit.denials import Denial, denial_in
from tidegate.audit.replies import Absent, Empty, Told, read_reply
from tidegate.model.probes import Dns, DnsReply, Record
from tidegate.wire.dns_messages import absolute, dns_query, dns_reply

ZONES = {"nsec.xa": "off", "hashed.xa": "on", "opted.xa": "on"}
CONTENT = """$TTL 300
@ SOA ns host 1 7200 3600 604800 300
@ NS ns
ns A 127.0.0.1
www A 192.0.2.1
www MX 10 mail
also CNAME www
deep.under.nothing A 192.0.2.2
*.wild A 192.0.2.3
here.wild TXT "x"
safe NS ns.safe
safe DS 4711 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns.safe A 192.0.2.4
free NS ns.free
ns.free A 192.0.2.5
"""
LABELS = ("www", "also", "deep", "under", "nothing", "wild", "here", "safe", "free", "ns", "none", "zz", "a")
TYPES = ("A", "AAAA", "MX", "CAA", "DS", "TXT")


@dataclass(frozen=True, repr=False)
class Signer:
    """Knot with the three zones: NSEC, NSEC3, and NSEC3 that leaves unsigned delegations out."""

    port: int
    keys: dict[str, dns.rrset.RRset]
    records: dict[str, list[Record]]
    held: dict[str, set[tuple[str, str]]]

    def ask(self, name: str, kind: str) -> DnsReply:
        question = Dns("127.0.0.1", name, kind)
        return dns_reply(dns.query.tcp(dns_query(question), "127.0.0.1", 5, self.port), question)

    def denial(self, zone: str, records: "list[Record] | tuple[Record, ...]") -> Denial:
        return denial_in(absolute(zone), records, self.keys[zone], int(time.time()))


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signer]:
    program = require_peer("knotd", shutil.which("knotd") or "/usr/sbin/knotd")
    folder = tmp_path_factory.mktemp("signer")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    (folder / "knot.conf").write_text(configuration(folder, port))
    for zone in ZONES:
        (folder / zone).write_text(f"$ORIGIN {zone}.\n{CONTENT}")
    running = subprocess.Popen([program, "-c", folder / "knot.conf"], stderr=subprocess.DEVNULL)
    try:
        transferred = {zone: transfer(zone, port) for zone in ZONES}
        yield Signer(
            port,
            {zone: known.get_rrset("@", "DNSKEY") for zone, known in transferred.items()},
            {zone: list(records_of(known)) for zone, known in transferred.items()},
            {zone: set(things_of(zone, known)) for zone, known in transferred.items()},
        )
    finally:
        running.kill()
        running.wait()


def configuration(folder: Path, port: int) -> str:
    text = f"""server:
    rundir: {folder}
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {folder}
    journal-db-max-size: 20M
    kasp-db-max-size: 20M
    timer-db-max-size: 2M
acl:
  - id: all
    action: transfer
    address: 127.0.0.1
policy:
"""
    for zone, hashed in ZONES.items():
        text += f"  - id: {zone}\n    single-type-signing: on\n    nsec3: {hashed}\n"
        text += "    nsec3-opt-out: on\n" if zone == "opted.xa" else ""
    text += "zone:\n"
    for zone in ZONES:
        text += f"  - domain: {zone}\n    file: {folder / zone}\n    acl: all\n    zonefile-sync: -1\n"
        text += (
            f"    dnssec-signing: on\n    dnssec-policy: {zone}\n    zonefile-load: difference-no-serial\n"
        )
        text += "    journal-content: all\n"
    return text


def transfer(zone: str, port: int) -> dns.zone.Zone:
    for _ in range(100):
        with suppress(OSError, dns.exception.DNSException):
            found = dns.zone.Zone(absolute(zone), relativize=False)
            dns.query.inbound_xfr("127.0.0.1", found, port=port, timeout=5)
            if found.get_rrset(absolute(zone), "DNSKEY") is not None:
                return found
        time.sleep(0.1)
    pytest.fail(f"{zone} was not signed")


def records_of(known: dns.zone.Zone) -> Iterator[Record]:
    """All that the zone could ever deny with, in one reply."""
    for name, ttl, rdata in known.iterate_rdatas():
        kind = dns.rdatatype.to_text(rdata.rdtype)
        if kind in ("NSEC", "NSEC3", "RRSIG"):
            yield Record(name.to_text(omit_final_dot=True).lower(), kind, ttl, rdata.to_text())


def things_of(zone: str, known: dns.zone.Zone) -> Iterator[tuple[str, str]]:
    """What is there and is the zone's own to tell: not what lies at or below a delegation, but its DS."""
    cuts = {absolute(f"{label}.{zone}") for label in ("safe", "free")}
    for name, _, rdata in known.iterate_rdatas():
        kind = dns.rdatatype.to_text(rdata.rdtype)
        below = any(name.is_subdomain(cut) for cut in cuts)
        if kind not in ("NSEC", "NSEC3", "RRSIG") and not name.is_wild() and (not below or kind == "DS"):
            yield name.to_text(omit_final_dot=True), kind


names = st.lists(st.sampled_from(LABELS), max_size=3).map(tuple)


@pytest.mark.peer
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(ZONES)), names, st.sampled_from(TYPES))
def test_what_a_real_signer_denies_is_proved(
    signer: Signer, zone: str, labels: tuple[str, ...], kind: str
) -> None:
    if not labels and kind == "DS":
        return  # The zone above has the word on that.
    name = ".".join((*labels, zone))
    reply = signer.ask(name, kind)
    denial = signer.denial(zone, reply.authority)
    match read_reply(zone, Dns("", name, kind), reply):
        case Absent():
            assert denial.no_name(absolute(name))
        case Empty():
            assert denial.no_record(absolute(name), kind)
        case Told(_, signatures) if int(signatures[0].data.split()[2]) < name.count(".") + 1:
            assert denial.no_closer(absolute(name), int(signatures[0].data.split()[2]))


@pytest.mark.peer
@pytest.mark.parametrize("zone", ZONES)
def test_not_even_everything_that_a_zone_denies_denies_what_is_there(signer: Signer, zone: str) -> None:
    denial = signer.denial(zone, signer.records[zone])
    assert len(signer.held[zone]) >= 12
    for name, kind in signer.held[zone]:
        assert not denial.no_record(absolute(name), kind), (name, kind)
        assert not denial.no_name(absolute(name)), name
    for name in (f"any.wild.{zone}", f"under.nothing.{zone}"):
        assert not denial.no_name(absolute(name)), name
    assert not denial.no_record(absolute(f"any.wild.{zone}"), "A")
    assert denial.no_record(absolute(f"any.wild.{zone}"), "AAAA")
    assert denial.no_record(absolute(f"under.nothing.{zone}"), "A")


@pytest.mark.peer
@pytest.mark.parametrize("zone", ZONES)
def test_a_delegation_without_ds_is_proved_and_one_with_it_is_not(signer: Signer, zone: str) -> None:
    denial = signer.denial(zone, signer.records[zone])
    assert denial.no_record(absolute(f"free.{zone}"), "DS")
    assert not denial.no_record(absolute(f"safe.{zone}"), "DS")
    assert not denial.no_record(absolute(f"free.{zone}"), "A")  # The zone below has the word on that.
    if zone != "opted.xa":  # In which unsigned delegations are where nothing is said to be.
        assert not denial.no_name(absolute(f"x.free.{zone}"))
    left_out = signer.denial(zone, [one for one in signer.records[zone] if one.type != "RRSIG"])
    assert not left_out.no_record(absolute(f"free.{zone}"), "DS")


@pytest.mark.peer
def test_another_zones_denials_count_for_nothing(signer: Signer) -> None:
    stolen = signer.denial("nsec.xa", signer.records["hashed.xa"])
    assert not stolen.no_name(absolute("none.nsec.xa"))
    assert not stolen.no_record(absolute("www.nsec.xa"), "AAAA")
