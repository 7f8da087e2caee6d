"""An audit joined with a rehearsed cut: which providers' networks are still reached decides what stops."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.audit.told_country import TOLD, certificate, country, host, page, place, without, zone
from tests.worlds import world_of
from tidegate.__main__ import PARTS
from tidegate.app.audit.reading import write_audit
from tidegate.cli.door import front
from tidegate.model.audits import Observation, ServiceListed
from tidegate.wire.world_file import encode_world

ROOT, REGISTRY, NAMES, HOSTER = 64500, 64501, 64502, 64503
BEACON, FAR, PEERED, STRAY = 64504, 64505, 64506, 64507
CARRIER, ABROAD, PEOPLE = 65001, 65002, 65003

LINKS = [
    (ABROAD, CARRIER, -1),
    (ABROAD, NAMES, -1),
    (ABROAD, FAR, -1),
    (ABROAD, PEERED, -1),
    *((CARRIER, one, -1) for one in (PEOPLE, ROOT, REGISTRY, HOSTER, BEACON)),
]
"""One carrier at home and one abroad. FAR and PEERED are of XA and hang on the foreign carrier; PEERED is at
the same exchange as the carrier at home, and nobody has seen whether they peer.
"""
PLACES = dict.fromkeys((CARRIER, PEOPLE, ROOT, REGISTRY, HOSTER, BEACON, FAR, PEERED), "XA")
PLACES |= {ABROAD: "XB", NAMES: "XB"}


def site(name: str, number: int, network: int) -> Iterator[Observation]:
    """A service of XA, named at home by Beacon and hosted in a network of XA."""
    domain = f"{name.lower()}.example"
    yield ServiceListed(name=name, country="XA", people=10, domains=(f"www.{domain}",), **TOLD)
    yield from zone(domain, "example", "ns.beacon.example")
    yield host(f"www.{domain}", domain, f"198.51.100.{number}")
    yield place(f"198.51.100.{number}", f"Host {number}", "XA", network=network)
    yield certificate(f"www.{domain}", days=400)
    yield page(f"www.{domain}")


def audit() -> list[Observation]:
    told = [*without(country(), ServiceListed), *(one for one in country() if isinstance(one, ServiceListed))]
    told += zone("beacon.example", "example", "ns.beacon.example", glue={"ns.beacon.example": "192.0.2.9"})
    told += [
        host("ns.beacon.example", "beacon.example", "192.0.2.9"),
        place("192.0.2.9", "Beacon", "XA", network=BEACON),
    ]
    told += [*site("Tax", 11, HOSTER), *site("News", 12, FAR), *site("Rail", 13, PEERED)]
    return [*told, *site("Port", 14, STRAY)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("rehearsed")
    world = world_of(LINKS, PLACES, {PEOPLE: 100}, exchanges={"XA-IX": (CARRIER, PEERED)})
    (made / "world").write_bytes(encode_world(world))
    write_audit(PARTS.files(), made / "audit.jsonl", audit())
    return made


def states(folder: Path, change: str) -> dict[str, list[str]]:
    scenario = folder / "scenario.toml"
    scenario.write_text(f'name = "a day"\n[[change]]\n{change}\n')
    told = CliRunner().invoke(
        front,
        [
            "audit", "what-if", "--audit", str(folder / "audit.jsonl"), "--scenario", str(scenario),
            "--world", str(folder / "world"), "--json",
        ],
        obj=PARTS,
    )  # fmt: skip
    found = json.loads(told.output)
    assert found["what_if"]["name"] == "after a day"
    return {one["service"]: sorted(set(one["states"])) for one in found["services"]}


def test_after_a_cut_each_service_fares_as_its_networks_are_reached(folder: Path) -> None:
    """Bank is named abroad; News is of this country and hangs on a foreign carrier; of Rail it depends on
    peering that nobody saw; Port's network is not in the world.
    """
    assert states(folder, 'kind = "cut_country"\ncountry = "XA"') == {
        "Bank": ["fails"],
        "News": ["fails"],
        "Rail": ["not_known"],
        "Port": ["not_known"],
        "Tax": ["works"],
    }


def test_where_the_carrier_abroad_is_lost_so_is_all_that_hangs_on_it_alone(folder: Path) -> None:
    told = states(folder, f'kind = "remove_networks"\nnetworks = [{ABROAD}]')
    assert (told["Bank"], told["News"], told["Tax"]) == (["fails"], ["fails"], ["works"])


def test_where_nothing_is_cut_only_what_is_not_in_the_world_is_not_known(folder: Path) -> None:
    told = states(folder, 'kind = "cut_country"\ncountry = "XB"')
    assert told["Tax"] == ["works"]
    assert told["Port"] == ["not_known"]
