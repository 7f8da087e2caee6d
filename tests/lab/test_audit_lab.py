"""The audit is held to a country that really runs: what it foretells is what people see, at every moment.

Name servers, resolver, certificates, web servers and mail are real programs, time is moved for all of them
alike, and the country is probed by the adapter that probes any.
"""

import time

import pytest

from tests.lab.namespaces import require_namespaces
from tidegate.adapters.clock import WallClock
from tidegate.app.audit.lab import LAB_CASES, AuditLabOrder, CaseReport
from tidegate.lab.audit.cases import CASES
from tidegate.lab.audit.country import HELD, HOSTS, SERVERS, SERVICES, ZONES
from tidegate.lab.audit.story import AuditLab, state_of
from tidegate.lab.audit.visitor import Parts, Seen
from tidegate.lab.audit.zone_files import zone_file
from tidegate.model.audit_events import MOMENTS, State
from tidegate.model.refusals import NotAllowed

PROGRAMS = ("nft", "knotd", "knotc", "nsd", "unbound", "unbound-control", "nginx", "gnutls-cli", "openssl")


def lab(*cases: str) -> AuditLab:
    return AuditLab(AuditLabOrder(cases=cases), WallClock(), time.sleep, lambda _: None)


@pytest.mark.peer
def test_what_the_audit_foretells_of_lost_providers_and_of_a_cut_is_what_people_see() -> None:
    require_namespaces(*PROGRAMS)
    report = lab("together", "cut").run()
    if any(words(case) for case in report.cases):
        # A resolver on a busy machine gives up too soon; what is foretold wrongly differs every time.
        report = lab("together", "cut").run()
    assert [words(case) for case in report.cases] == [[], []]
    seen = {case.name: {one.service: one.seen for one in case.services} for case in report.cases}
    assert set(seen["cut"]["water"]) == {State.WORKS}
    assert seen["together"]["depot"] == (*[State.DEGRADED] * 2, *[State.FAILS] * 5)
    assert seen["together"]["court"] == seen["cut"]["port"] == (*[State.WORKS] * 4, *[State.FAILS] * 3)
    assert seen["together"]["rail"] == (*[State.WORKS] * 5, *[State.FAILS] * 2)
    assert seen["cut"]["radio"] == (*[State.DEGRADED] * 3, *[State.FAILS] * 4)


def words(case: CaseReport) -> list[str]:
    """Where the two differ, for whoever reads the failure."""
    return [
        f"{case.name}, {one.service}, {moment}: foretold {foretold.value}, seen {seen.value} ({one.why})"
        for one in case.services
        for (moment, _), foretold, seen in zip(MOMENTS, one.predicted, one.seen, strict=True)
        if foretold is not seen
    ]


def test_a_case_that_there_is_not_is_refused_before_anything_is_made() -> None:
    with pytest.raises(NotAllowed, match="no case 'flood'"):
        lab("cut", "flood").run()
    assert CASES.keys() == LAB_CASES.keys()


def test_where_some_people_see_it_fail_and_others_do_not_it_is_degraded() -> None:
    works, fails = Seen(State.WORKS), Seen(State.FAILS, "why")
    assert state_of((works, works)) is State.WORKS
    assert state_of((fails, fails)) is State.FAILS
    assert state_of((fails, works)) is state_of((works, fails)) is State.DEGRADED


def test_the_lab_country_hangs_together() -> None:
    zones = {zone.origin: zone for zone in ZONES}
    for zone in ZONES:
        assert zone.parent in zones
        assert {zone.primary, *zone.copies} <= SERVERS.keys()
    for host in HOSTS:
        assert {host.organisation, host.authority} <= HELD.keys()
    hosts = {host.name for host in HOSTS}
    assert {domain for service in SERVICES for domain in service.domains} <= hosts
    addresses = [address for one in HELD.values() for address in one.addresses()]
    assert len(set(addresses)) == len(addresses)


def test_a_parent_delegates_with_keys_and_glue_and_a_name_that_expired_not_at_all() -> None:
    zone = next(zone for zone in ZONES if zone.origin == "xa")
    told = zone_file(zone, {"dam.xa": ["1 13 2 AB"]}, gone=["depot.xa"]).splitlines()
    assert "dam.xa. 40000 NS ns1.dam.xa." in told
    assert "dam.xa. 40000 NS ns2.weir.xa." in told
    assert "dam.xa. 40000 DS 1 13 2 AB" in told
    assert [line for line in told if line.startswith("ns1.dam.xa. ")] == ["ns1.dam.xa. 40000 A 198.51.100.35"]
    assert not [line for line in told if line.startswith(("ns2.weir.xa. ", "depot.xa. "))]


def test_a_page_waits_for_scripts_and_forms_and_only_wants_the_rest() -> None:
    parts = Parts()
    parts.feed(
        "<link rel=stylesheet href=/s.css><script src=//a.xb/1.js></script><script async src=/2.js></script>"
        "<script>inline()</script><form action=https://login.xb/in></form><form></form>"
    )
    assert parts.needed == ["//a.xb/1.js", "https://login.xb/in"]
    assert parts.wanted == ["/s.css", "/2.js"]
