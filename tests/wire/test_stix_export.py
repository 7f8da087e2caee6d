"""STIX 2.1 made from our records: another implementation reads it, and it says no more than the record."""

import json
from typing import Any

import pytest
import stix2

from tests.hotline.messages import content
from tidegate.model.attacks import Attack, Rate, VectorRate
from tidegate.model.messages import Tlp
from tidegate.wire.stix import read_stix
from tidegate.wire.stix_export import CAVEAT, stix_of_attack, stix_of_incident
from tidegate.wire.tlp import MARKINGS

RATE = Rate(12_400_000_000, 11_000_000_000, 13_900_000_000)
ATTACK = Attack(
    number=7,
    targets=("192.0.2.10/32", "2001:db8::/48"),
    object_name=None,
    vectors=(VectorRate("ntp", RATE, RATE),),
    bits_per_s=RATE,
    packets_per_s=RATE,
    peak_bits_per_s=RATE,
    threshold_bits_per_s=1,
    first_seen_ms=1_795_644_300_500,
    last_seen_ms=1_795_644_390_000,
    telemetry_age_ms=0,
    exporters=(),
    border_points=("north",),
    doubts=("few_samples",),
    actionable=True,
)


def read_by_another(body: bytes) -> dict[str, list[Any]]:
    """By the library of the standard's authors, which checks every property; objects by type."""
    bundle = stix2.parse(body.decode(), allow_custom=False)
    found: dict[str, list[Any]] = {}
    for one in bundle.objects:
        found.setdefault(one["type"], []).append(one)
    return found


def test_an_incident_is_exported_for_others_to_read() -> None:
    found = read_by_another(stix_of_incident(content(), "d" * 64, "XA-CERT (XA)"))
    (incident,) = found["incident"]
    assert incident.name == "XA-CERT/2026/17 flood outage"
    assert "severity: critical" in incident.description
    assert "Атака продолжается" in incident.description
    assert [one.value for one in found["ipv4-addr"]] == ["192.0.2.0/24"]
    assert [one.value for one in found["ipv6-addr"]] == ["2001:db8::/32"]
    assert [one.number for one in found["autonomous-system"]] == [64500, 64501]
    assert [one.value for one in found["domain-name"]] == ["hospital.example"]
    assert [one.labels for one in found["observed-data"]] == [["affected"], ["source"]]
    assert [one.content for one in found["note"]] == [CAVEAT]
    assert str(found["observed-data"][0].first_observed) == "2026-11-25 22:00:00+00:00"


@pytest.mark.parametrize("tlp", MARKINGS)
def test_everything_but_observables_is_marked_by_tlp(tlp: Tlp) -> None:
    body = stix_of_incident(content(tlp=tlp), "d" * 64, "XA-CERT")
    for one in json.loads(body)["objects"]:
        if "created" in one and one["type"] != "marking-definition":
            assert one["object_marking_refs"] == [MARKINGS[tlp]]
    assert read_stix(body).tlp == tlp


def test_an_attack_is_exported_with_its_intervals_and_doubts() -> None:
    body = stix_of_attack(ATTACK, "e" * 64, "XA-CERT", "TLP:GREEN")
    found = read_by_another(body)
    (incident,) = found["incident"]
    assert "90 % interval 11000000000 to 13900000000" in incident.description
    assert "Doubts: few_samples" in incident.description
    assert [one.value for one in found["ipv4-addr"]] == ["192.0.2.10"]
    assert "threat-actor" not in found
    assert read_stix(body).title == "Attack 7: ntp"


def test_a_drill_is_exported_as_a_drill() -> None:
    (incident,) = read_by_another(stix_of_incident(content(mark="DRILL"), "d" * 64, "XA"))["incident"]
    assert incident.name.startswith("DRILL: ")
    assert incident.labels == ["drill"]


def test_the_same_record_gives_the_same_bytes() -> None:
    assert stix_of_incident(content(), "d" * 64, "XA") == stix_of_incident(content(), "d" * 64, "XA")
    assert stix_of_incident(content(), "d" * 64, "XA") != stix_of_incident(content(), "e" * 64, "XA")


def test_an_observable_has_the_identifier_that_every_producer_gives_it() -> None:
    objects = json.loads(stix_of_incident(content(), "d" * 64, "XA"))["objects"]
    ours = {one["value"]: one["id"] for one in objects if one["type"] == "ipv4-addr"}
    assert ours["192.0.2.0/24"] == stix2.IPv4Address(value="192.0.2.0/24").id
