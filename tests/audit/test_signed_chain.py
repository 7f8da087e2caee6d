"""Keys and signatures: a chain that holds is believed, and every way in which one breaks is told."""

import datetime
from collections.abc import Callable, Iterable

import dns.dnssec
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.DNSKEY
import dns.rrset
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.audit.name_worlds import MadeZone, NameWorld
from tidegate.audit.seen_names import seen_names
from tidegate.audit.walking_names import NameWalk
from tidegate.model.audits import DelegationSeen, KeysSeen, NotSeen
from tidegate.model.domain_names import ROOT, parent_of
from tidegate.model.probes import Answer, Asked, Dns, DnsReply, Record

NOW_S = 1_800_000_000
DAY_S = 86_400


class SignedWorld:
    """A root, xa and bank.xa, each with a key, and every answer signed; `expires_s` by zone."""

    def __init__(self) -> None:
        root = MadeZone(ROOT, ("a.root",), frozenset({"192.0.2.53"}))
        xa = MadeZone("xa", ("ns.xa",), frozenset({"192.0.2.1"}), frozenset({"ns.xa"}))
        xa.records["ns.xa", "A"] = ("192.0.2.1",)
        bank = MadeZone("bank.xa", ("ns.bank.xa",), frozenset({"192.0.2.2"}), frozenset({"ns.bank.xa"}))
        bank.records = {("ns.bank.xa", "A"): ("192.0.2.2",), ("bank.xa", "A"): ("198.51.100.80",)}
        glue = {"ns.xa": ("192.0.2.1",), "ns.bank.xa": ("192.0.2.2",)}
        self.world = NameWorld({zone.name: zone for zone in (root, xa, bank)}, glue=glue)
        self.keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in self.world.zones}
        self.expires_s = dict.fromkeys(self.world.zones, NOW_S + 30 * DAY_S)
        self.told_ds: dict[str, str] = {}
        self.spoilt: Callable[[DnsReply], DnsReply] = lambda reply: reply

    @property
    def anchor(self) -> str:
        return self.ds(ROOT)

    def public(self, zone: str) -> dns.rdtypes.ANY.DNSKEY.DNSKEY:
        return dns.dnssec.make_dnskey(
            self.keys[zone].public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257
        )

    def ds(self, zone: str) -> str:
        return (
            self.told_ds.get(zone) or dns.dnssec.make_ds(_name(zone), self.public(zone), "SHA256").to_text()
        )

    def answer(self, question: Dns) -> Answer:
        answer = self._unsigned(question)
        if not isinstance(answer, DnsReply):
            return answer
        holder = next(zone for zone in self.world.zones.values() if question.server in zone.served_by)
        if answer.answer:
            return self.spoilt(self._signed(holder.name, answer))
        return self.spoilt(
            self._denied(holder, answer) if answer.authoritative else self._referred(holder, answer)
        )

    def _referred(self, zone: MadeZone, reply: DnsReply) -> DnsReply:
        """With what the zone below has for keys, or with the proof that it has none."""
        below = reply.authority[0].owner
        if self.ds(below) == "none":
            return msgspec.structs.replace(self._denied(zone, reply), authoritative=False)
        keys = DnsReply("NOERROR", True, (Record(below, "DS", 300, self.ds(below)),))
        told = (*reply.authority, *self._signed(zone.name, keys).answer)
        return msgspec.structs.replace(reply, authority=told)

    def _denied(self, zone: MadeZone, reply: DnsReply) -> DnsReply:
        """All that the zone has to deny with: each name's NSEC, signed."""
        types: dict[str, set[str]] = {zone.name: {"NS", "SOA", "DNSKEY"}}
        for owner, kind in zone.records:
            types.setdefault(owner, set()).add(kind)
        for below in self.world.zones:
            if below != zone.name and parent_of(below) == zone.name:
                types[below] = {"NS"} | ({"DS"} if self.ds(below) != "none" else set())
        names = sorted(types, key=_name)
        told: list[Record] = []
        for at, owner in enumerate(names):
            following = _name(names[(at + 1) % len(names)]).to_text()
            data = f"{following} {' '.join(sorted(types[owner] | {'RRSIG', 'NSEC'}))}"
            told += self._signed(
                zone.name, DnsReply("NOERROR", True, (Record(owner, "NSEC", 300, data),))
            ).answer
        return DnsReply(reply.rcode, True, (), (*reply.authority, *told), reply.additional)

    def _unsigned(self, question: Dns) -> Answer:
        zone = self.world.zones.get(question.name)
        if question.type == "DNSKEY" and zone is not None and question.server in zone.served_by:
            return DnsReply(
                "NOERROR", True, (Record(zone.name, "DNSKEY", 300, self.public(zone.name).to_text()),)
            )
        if question.type == "DS" and zone is not None and question.server not in zone.served_by:
            told = self.ds(zone.name)
            return DnsReply("NOERROR", True, (Record(zone.name, "DS", 300, told),) if told != "none" else ())
        return self.world.answer(question)

    def _signed(self, zone: str, reply: DnsReply) -> DnsReply:
        first = reply.answer[0]
        data = [f"{one.data}." if one.type in {"NS", "CNAME"} else one.data for one in reply.answer]
        rrset = dns.rrset.from_text(_name(first.owner), first.ttl_s, "IN", first.type, *data)
        made = dns.dnssec.sign(
            rrset,
            self.keys[zone],
            _name(zone),
            self.public(zone),
            inception=datetime.datetime.fromtimestamp(NOW_S - 60 * DAY_S, datetime.UTC),
            expiration=datetime.datetime.fromtimestamp(self.expires_s[zone], datetime.UTC),
        )
        signature = Record(first.owner, "RRSIG", first.ttl_s, " ".join(made.to_text().split()))
        return DnsReply(reply.rcode, True, (*reply.answer, signature), reply.authority, reply.additional)


def _name(text: str) -> dns.name.Name:
    return dns.name.root if text == ROOT else dns.name.from_text(f"{text}.")


def verdicts(world: SignedWorld, anchors: Iterable[str]) -> dict[str, bool | None]:
    walk = walked(world)
    return {one.zone: one.validates for one in seen_names(walk, anchors, NOW_S) if isinstance(one, KeysSeen)}


def walked(world: SignedWorld, name: str = "bank.xa") -> NameWalk:
    walk = NameWalk(world.world.roots, lambda address: True, signed=True)
    walk.want_addresses(name)
    left = walk.take()
    while left:
        question = left.pop(0)
        walk.answered(Asked(NOW_S, question, world.answer(question)))
        left += walk.take()
    return walk


def test_a_chain_from_the_anchor_down_holds() -> None:
    world = SignedWorld()
    assert verdicts(world, [world.anchor]) == {".": True, "xa": True, "bank.xa": True}


def test_signatures_are_told_with_their_end() -> None:
    world = SignedWorld()
    world.expires_s["bank.xa"] = NOW_S + DAY_S
    keys = [one for one in seen_names(walked(world), (), NOW_S) if isinstance(one, KeysSeen)]
    bank = next(one for one in keys if one.zone == "bank.xa")
    assert {one.covers for one in bank.signatures} == {"SOA", "NS", "DNSKEY", "A"}
    assert {one.expires_s for one in bank.signatures} == {NOW_S + DAY_S}
    told = [one for one in seen_names(walked(world), (), NOW_S) if isinstance(one, DelegationSeen)]
    assert next(one.ds for one in told if one.zone == "bank.xa") == bank.keys


def test_a_signature_that_is_over_breaks_its_zone_only() -> None:
    world = SignedWorld()
    world.expires_s["bank.xa"] = NOW_S - 1
    assert verdicts(world, [world.anchor]) == {".": True, "xa": True, "bank.xa": False}


def test_another_key_than_the_zone_above_told_breaks_the_zone() -> None:
    world = SignedWorld()
    world.told_ds["bank.xa"] = world.ds("xa")
    assert verdicts(world, [world.anchor])["bank.xa"] is False


def test_what_breaks_above_breaks_everything_below() -> None:
    world = SignedWorld()
    anchor = world.anchor
    world.expires_s["xa"] = NOW_S - 1
    assert verdicts(world, [anchor]) == {".": True, "xa": False, "bank.xa": False}
    assert verdicts(SignedWorld(), [anchor]) == {".": False, "xa": False, "bank.xa": False}


def test_a_zone_without_ds_is_neither_held_nor_broken() -> None:
    world = SignedWorld()
    world.told_ds["bank.xa"] = "none"
    assert "bank.xa" not in verdicts(world, [world.anchor])


def without_denials(reply: DnsReply) -> DnsReply:
    left = tuple(one for one in reply.authority if one.type != "NSEC")
    return msgspec.structs.replace(reply, authority=left)


def test_a_zone_whose_missing_ds_is_not_proved_is_refused_by_resolvers() -> None:
    world = SignedWorld()
    world.told_ds["bank.xa"] = "none"

    def silent_on_the_bank(reply: DnsReply) -> DnsReply:
        left = [one for one in reply.authority if (one.owner, one.type) != ("bank.xa", "NSEC")]
        return msgspec.structs.replace(reply, authority=tuple(left))

    world.spoilt = silent_on_the_bank
    found = list(seen_names(walked(world), [world.anchor], NOW_S))
    told = {one.zone: one for one in found if isinstance(one, KeysSeen)}
    assert told["bank.xa"].validates is False
    assert told["bank.xa"].keys == ()


def test_what_a_zone_does_not_prove_to_be_missing_breaks_it() -> None:
    """The bank's name has no IPv6 address, and its zone forgets to prove that."""
    world = SignedWorld()

    def forgetful(reply: DnsReply) -> DnsReply:
        return without_denials(reply) if any(one.owner == "bank.xa" for one in reply.authority[:1]) else reply

    world.spoilt = forgetful
    assert verdicts(world, [world.anchor]) == {".": True, "xa": True, "bank.xa": False}


def test_a_proof_that_is_not_whole_because_of_our_own_bounds_breaks_nothing() -> None:
    world = SignedWorld()
    world.spoilt = lambda reply: msgspec.structs.replace(without_denials(reply), left_out=1)
    assert verdicts(world, [world.anchor]) == {".": True, "xa": True, "bank.xa": True}


def unseen(world: SignedWorld, name: str = "bank.xa") -> list[tuple[str, str, str]]:
    found = seen_names(walked(world, name), [world.anchor], NOW_S)
    return [(one.about, one.question, one.reason) for one in found if isinstance(one, NotSeen)]


@pytest.mark.parametrize("ds", ["", "none"], ids=["signed", "unsigned"])
def test_a_referral_that_proves_nothing_is_listed_as_not_seen_and_breaks_nothing(ds: str) -> None:
    world = SignedWorld()
    world.told_ds = {"bank.xa": ds} if ds else {}
    assert unseen(world) == []

    def bare(reply: DnsReply) -> DnsReply:
        left = tuple(one for one in reply.authority if one.type == "NS")
        return reply if reply.authoritative else msgspec.structs.replace(reply, authority=left)

    world.spoilt = bare
    assert unseen(world) == [("xa", "delegation", "not_trusted"), ("bank.xa", "delegation", "not_trusted")]
    assert False not in verdicts(world, [world.anchor]).values()


def test_a_name_on_the_way_that_is_not_proved_to_be_no_zone_is_listed() -> None:
    world = SignedWorld()
    name = "www.deep.bank.xa"
    bank = world.world.zones["bank.xa"]
    bank.served_by |= {"2001:db8::2"}
    for host in (name, "ns.bank.xa"):  # So that nothing else of the bank's is to be denied.
        bank.records |= {(host, "A"): ("192.0.2.2",), (host, "AAAA"): ("2001:db8::2",)}
    assert unseen(world, name) == []

    def forgetful(reply: DnsReply) -> DnsReply:
        of_the_bank = any(one.owner == "ns.bank.xa" for one in reply.authority)
        return without_denials(reply) if of_the_bank and reply.authoritative else reply

    world.spoilt = forgetful
    listed = [(one, "delegation", "not_trusted") for one in ("deep.bank.xa", name, "ns.bank.xa")]
    assert sorted(unseen(world, name)) == sorted(listed)
    assert verdicts(world, [world.anchor])["xa"] is True


def test_a_proof_that_our_own_bounds_left_open_is_listed() -> None:
    world = SignedWorld()
    world.spoilt = lambda reply: msgspec.structs.replace(without_denials(reply), left_out=1)
    assert ("bank.xa", "addresses", "too_many") in unseen(world)


def test_records_that_were_changed_on_the_way_break_the_zone() -> None:
    world = SignedWorld()

    def forged(reply: DnsReply) -> DnsReply:
        answer = tuple(
            Record(one.owner, one.type, one.ttl_s, "203.0.113.66") if one.data == "198.51.100.80" else one
            for one in reply.answer
        )
        return DnsReply(reply.rcode, True, answer, reply.authority, reply.additional)

    world.spoilt = forged
    assert verdicts(world, [world.anchor]) == {".": True, "xa": True, "bank.xa": False}


def test_nonsense_in_keys_and_signatures_breaks_the_zone_and_nothing_else() -> None:
    world = SignedWorld()

    def nonsense(reply: DnsReply) -> DnsReply:
        answer = tuple(
            msgspec.structs.replace(one, data="256 3 13 !!!") if one.type == "DNSKEY" else one
            for one in reply.answer
        )
        if not reply.answer or reply.answer[0].owner != "xa":
            return reply
        return DnsReply(reply.rcode, True, answer, reply.authority, reply.additional)

    world.spoilt = nonsense
    assert verdicts(world, [world.anchor]) == {".": True, "xa": False, "bank.xa": False}
    assert verdicts(SignedWorld(), ["not a key at all"])["."] is False
