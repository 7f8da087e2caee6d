"""What becomes of a service, rule by rule, in a small country that is told as observations."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.told_country import (
    DAY_S,
    NOW_S,
    TOLD,
    certificate,
    country,
    fate,
    host,
    page,
    place,
    with_a_second_server,
    without,
    zone,
)
from tidegate.audit.auditing import audit_of
from tidegate.audit.fates import answer
from tidegate.audit.synthetic import synthetic_audit
from tidegate.model.audit_events import (
    CutOff,
    ExpireName,
    LoseCountry,
    LoseNetworks,
    State,
    Stop,
    StopAuthority,
    WhatIf,
    WithdrawCountry,
    WithdrawProvider,
)
from tidegate.model.audits import (
    AddressPlaced,
    CertificateSeen,
    DelegationSeen,
    KeysSeen,
    NeedDeclared,
    PagePart,
    PageSeen,
    ProviderDeclared,
    ServiceListed,
    Signature,
    ThingDeclared,
)
from tidegate.wire.observations import decode_observations, encode_observations

W, D, F, N = State.WORKS, State.DEGRADED, State.FAILS, State.NOT_KNOWN


def test_nothing_falls_where_nothing_happens() -> None:
    assert fate(country()).states == (W,) * 7


def test_names_abroad_fail_at_once_for_new_clients_and_for_others_when_their_cache_ends() -> None:
    found = fate(country(), LoseCountry(country="XB"))
    assert (found.fails_for_new_s, found.fails_s) == (0, 300)
    assert found.states == (F,) * 7


def test_a_long_cache_degrades_before_it_fails() -> None:
    told = [one for one in country() if getattr(one, "name", "") != "www.bank.example"]
    told += [host("www.bank.example", "bank.example", "198.51.100.1", ttl_s=43_200)]
    assert fate(told, WithdrawProvider(provider="Names")).states == (D, D, F, F, F, F, F)


def test_two_servers_of_one_owner_are_no_redundancy() -> None:
    told = [
        *with_a_second_server("Other Names"),
        ProviderDeclared(name="Names", owner="Holding", country="XB", **TOLD),
        ProviderDeclared(name="Other Names", owner="Holding", country="XA", **TOLD),
    ]
    assert fate(told, WithdrawProvider(provider="Names")).states == (W, W, W, W, D, F, F)
    assert fate(told, WithdrawProvider(provider="Holding")).states == (F,) * 7


def test_copies_of_a_zone_end_when_its_primary_has_been_gone_too_long() -> None:
    told = with_a_second_server("Second")
    found = fate(told, Stop(thing="ns1.dns.example"))
    assert found.fails_for_new_s == 7 * DAY_S - 3_600
    assert found.fails_s == 7 * DAY_S + 300


def test_signatures_end_where_nobody_signs_anew() -> None:
    told = with_a_second_server("Second")
    told = [one for one in told if not (isinstance(one, DelegationSeen) and one.zone == "bank.example")]
    told += [
        DelegationSeen(
            zone="bank.example",
            parent="example",
            servers=("ns1.dns.example", "ns2.dns.example"),
            ttl_s=DAY_S,
            ds=(1,),
            **TOLD,
        ),
        KeysSeen(
            zone="bank.example",
            keys=(1,),
            ttl_s=3600,
            signatures=(Signature("SOA", 1, NOW_S, NOW_S + 3 * DAY_S),),
            validates=True,
            **TOLD,
        ),
    ]
    assert fate(told, Stop(thing="ns1.dns.example")).fails_for_new_s == 3 * DAY_S


def test_a_certificate_lasts_until_its_date_when_its_authority_stops() -> None:
    found = fate(country(), StopAuthority(authority="Seal"))
    assert found.fails_s == 40 * DAY_S
    assert found.states == (W, W, W, W, W, W, F)


def test_must_staple_ends_with_the_staple() -> None:
    told = without(country(), CertificateSeen)
    told += [certificate("www.bank.example", must_staple=True, staple_until_s=NOW_S + 2 * DAY_S)]
    assert fate(told, StopAuthority(authority="Seal")).fails_s == 2 * DAY_S


def test_a_name_that_is_not_delegated_any_more_fails_when_caches_end() -> None:
    found = fate(country(), ExpireName(zone="bank.example"))
    assert (found.fails_for_new_s, found.fails_s) == (0, DAY_S + 300)
    assert found.states == (D, D, D, D, F, F, F)


def test_the_authority_abroad_is_lost_with_the_foreign_links() -> None:
    told = [
        one if not isinstance(one, AddressPlaced) else place(one.address, one.organisation, "XA")
        for one in country()
    ]
    assert fate(told, CutOff(country="XA")).fails_s == 40 * DAY_S


def test_only_what_is_not_reached_any_more_is_lost_after_a_rehearsed_scenario() -> None:
    assert fate(country(), LoseNetworks(networks=(64503, 65000))).states == (F,) * 7
    assert fate(country(), LoseNetworks(networks=(), perhaps=(64503,))).states == (N,) * 7


def test_a_blocking_script_is_critical_and_an_image_is_not() -> None:
    parts = (PagePart("cdn.test", "script", blocking=True), PagePart("pics.test", "image", blocking=False))
    told = [
        *without(country(), PageSeen),
        page("www.bank.example", *parts),
        *zone("test", ".", "ns.test", glue={"ns.test": "192.0.2.2"}),
        *(
            host(name, "test", address)
            for name, address in (("cdn.test", "203.0.113.1"), ("pics.test", "203.0.113.2"))
        ),
        place("203.0.113.1", "Scripts", "XD"),
        place("203.0.113.2", "Pictures", "XD"),
        certificate("cdn.test"),
        certificate("pics.test"),
    ]
    assert fate(told, WithdrawProvider(provider="Scripts")).states == (F,) * 7
    assert fate(told, WithdrawProvider(provider="Pictures")).states == (W,) * 7


def test_a_part_that_only_degrades_never_makes_the_service_fail() -> None:
    told = [
        *country(),
        ThingDeclared(name="push", provider="Pusher", countries=("XD",), **TOLD),
        NeedDeclared(of="Bank", layer="push", any_of=("push",), effect="degrading", lasts_s=3_600, **TOLD),
    ]
    assert fate(told, WithdrawProvider(provider="Pusher")).states == (W, D, D, D, D, D, D)


def test_what_was_not_seen_is_never_safe_when_something_happens() -> None:
    told = without(country(), PageSeen)
    assert fate(told).states == (W,) * 7
    assert fate(told, StopAuthority(authority="Seal")).states == (N, N, N, N, N, N, F)


def test_a_holder_that_is_not_known_may_be_the_one_that_withdraws() -> None:
    told = [one for one in country() if getattr(one, "address", "") != "198.51.100.1"]
    told += [place("198.51.100.1", "", "XA")]
    assert fate(told, WithdrawProvider(provider="Registry")).states[0] == N
    assert fate(told, LoseCountry(country="XC")).states == (W, W, W, W, W, W, F)


def test_two_zones_that_are_served_by_each_other_without_glue_never_worked() -> None:
    told = [one for one in country() if getattr(one, "zone", "") not in ("bank.example", "dns.example")]
    told += [
        *zone("bank.example", "example", "ns.dns.example"),
        *zone("dns.example", "example", "ns.bank.example"),
        host("www.bank.example", "bank.example", "198.51.100.1"),
        host("ns.dns.example", "dns.example", "192.0.2.3"),
        host("ns.bank.example", "bank.example", "192.0.2.4"),
    ]
    found = fate(told)
    assert found.fails_s == -1
    assert found.chain[-1].thing.startswith("circle: ")


def test_the_chain_leads_from_the_service_to_what_was_stopped() -> None:
    found = fate(country(), LoseCountry(country="XB"))
    assert [step.thing for step in found.chain] == [
        "service Bank",
        "layer names of Bank",
        "name www.bank.example",
        "zone bank.example",
        "name server ns1.dns.example for bank.example",
        "address 192.0.2.3",
        "country XB",
    ]


def test_a_service_may_need_another_service() -> None:
    told = [
        *country(),
        ServiceListed(name="Shop", country="XA", **TOLD),
        NeedDeclared(of="Shop", layer="payment", any_of=("Bank",), lasts_s=60, **TOLD),
    ]
    assert fate(told, LoseCountry(country="XB"), service="Shop").fails_s == 360


def test_time_and_updates_that_end_are_felt_when_clocks_have_drifted_and_stocks_are_out() -> None:
    """A bank whose clocks are good for three days, and whose mirror of updates for thirty."""
    told = [
        *country(),
        ThingDeclared(name="clock", provider="Clock Union", countries=("XA",), **TOLD),
        ThingDeclared(name="mirror", provider="Distribution", countries=("XA",), **TOLD),
        ThingDeclared(name="own mirror", provider="Bank Works", countries=("XA",), **TOLD),
        NeedDeclared(of="Bank", layer="time", any_of=("clock",), lasts_s=3 * DAY_S, **TOLD),
        NeedDeclared(
            of="Bank", layer="updates", any_of=("mirror",), effect="degrading", lasts_s=30 * DAY_S, **TOLD
        ),
    ]
    assert fate(told, Stop(thing="clock")).states == (*[W] * 4, *[F] * 3)
    assert fate(told, WithdrawProvider(provider="Clock Union")).fails_s == 3 * DAY_S
    assert fate(told, Stop(thing="mirror")).states == (*[W] * 5, D, D)
    second = NeedDeclared(of="Bank", layer="updates", any_of=("mirror", "own mirror"), **TOLD)
    with_two = [one for one in told if getattr(one, "layer", "") != "updates"]
    assert fate([*with_two, second], Stop(thing="mirror")).states == (W,) * 7


def test_what_happens_later_is_felt_later() -> None:
    assert fate(country(), WithdrawCountry(country="XB", after_s=DAY_S)).fails_for_new_s == DAY_S


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_order_of_observations_does_not_matter_and_bytes_come_back(random: object, seed: int) -> None:
    told = list(synthetic_audit(seed, 3))
    body = encode_observations(told)
    mixed = list(decode_observations(body, "audit.jsonl"))
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert encode_observations(mixed) == body
    what_if = WhatIf("test", (CutOff(country="XA"),))
    assert answer(audit_of(mixed), what_if) == answer(audit_of(told), what_if)
