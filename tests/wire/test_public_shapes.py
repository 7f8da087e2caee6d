"""The public files as their publishers write them: real names and shapes of fields, and made-up values.

Shapes: CAIDA's serial-1 and serial-2; the NRO's extended allocation report; APNIC Labs' aspop in JSON;
PeeringDB's API, version 2, in the dumps that CAIDA keeps.
"""

import json

import pytest

from tidegate.model.topology import WrongLine
from tidegate.wire.as_rel import decode_as_rel
from tidegate.wire.delegated import decode_delegated
from tidegate.wire.peeringdb import decode_peeringdb
from tidegate.wire.populations import decode_populations

SERIAL_1 = """\
# source:topology|BGP|20260901|routeviews|route-views2
# source:topology|BGP|20260901|ripe|rrc00
# input clique: 64500 64501
# IXP ASes: 64666
64500|64501|0
64500|64502|-1
"""
SERIAL_2 = SERIAL_1.replace("64501|0", "64501|0|bgp,mlp").replace("64502|-1", "64502|-1|bgp")

NRO = """\
2|nro|20260901|9|19821213|20260901|+0000
nro|*|asn|*|6|summary
nro|*|ipv4|*|2|summary
nro|*|ipv6|*|1|summary
iana|ZZ|asn|64000|496|20140821|reserved|ietf|iana
iana|ZZ|asn|404381|4199595619|20061129|available|iana|iana
afrinic|XA|asn|64500|2|20100101|allocated|F3657D5C|e-stats
apnic|XA|asn|64510|1|20100101|assigned|A91964B3|e-stats
ripencc||asn|64520|1||available||e-stats
ripencc|XB|asn|64530|1|20100101|assigned|7836cb32-6cd3-4d4b-9d1a-1ae6f4b5b0a1|e-stats
apnic|XA|ipv4|192.0.2.0|256|20110811|assigned|A91964B3|e-stats
lacnic|XB|ipv6|2001:db8::|32|20110811|allocated|64530|e-stats
"""

RIPE = """\
2|ripencc|1788300799|4|19830705|20260901|+0200
ripencc|*|ipv4|*|1|summary
ripencc|*|asn|*|2|summary
ripencc|XB|asn|64530|1|20100101|allocated|7836cb32-6cd3-4d4b-9d1a-1ae6f4b5b0a1
ripencc||asn|64540|1||reserved|
"""

ASPOP = {
    "copyright": "(C) APNIC Pty/Ltd. Re-use with attribution permitted",
    "description": "Estimated users by AS",
    "Date": "01/09/2026",
    "Window": "60 days",
    "Data": [
        {
            "rank": at,
            "AS": number,
            "Description": "NORTH-NET North",
            "CC": country,
            "Users": users,
            "Percent of CC Pop": 41.2,
            "Percent of Internet": 0.01,
            "Samples": 28000,
        }
        for at, (number, country, users) in enumerate(
            [(64500, "XA", 1000), (64500, "XB", 20), (0, "XB", 7), (64501, "XA", 0)], 1
        )
    ],
}


def netixlan(at: int, exchange: int, number: int, **other: object) -> dict[str, object]:
    return {
        "id": at,
        "net_id": number - 64499,
        "ix_id": exchange,
        "name": "QM-IX",
        "ixlan_id": exchange,
        "notes": "",
        "speed": 10000,
        "asn": number,
        "ipaddr4": "192.0.2.1",
        "ipaddr6": None,
        "is_rs_peer": False,
        "bfd_support": False,
        "operational": True,
        "created": "2020-04-24T18:32:54Z",
        "updated": "2020-04-24T18:32:54Z",
        "status": "ok",
        **other,
    }


def netfac(at: int, building: int, number: int) -> dict[str, object]:
    return {
        "id": at,
        "name": "Harbour",
        "city": "Port",
        "country": "XA",
        "net_id": number - 64499,
        "fac_id": building,
        "local_asn": number,
        "created": "2020-04-24T18:32:54Z",
        "updated": "2020-04-24T18:32:54Z",
        "status": "ok",
    }


DUMP = {
    "net": {
        "meta": {"generated": 1788300799.1},
        "data": [
            {
                "id": number - 64499,
                "org_id": 1,
                "name": f"Net {number}",
                "aka": "",
                "asn": number,
                "irr_as_set": "AS-NET",
                "info_type": "NSP",
                "info_types": ["NSP"],
                "info_prefixes4": None,
                "policy_general": "Open",
                "status": "ok",
            }
            for number in (64500, 64501, 64502)
        ],
    },
    "ix": {"meta": {}, "data": [{"id": 7, "org_id": 1, "name": "QM-IX", "city": "Port", "country": "XA"}]},
    "ixlan": {"meta": {}, "data": [{"id": 7, "ix_id": 7, "name": "", "status": "ok"}]},
    "netixlan": {
        "meta": {},
        "data": [
            netixlan(1, 7, 64500),
            netixlan(2, 7, 64501, speed=None),
            netixlan(3, 7, 64502, status="deleted"),
        ],
    },
    "fac": {"meta": {}, "data": [{"id": 3, "org_id": 1, "org_name": "Port", "name": "Harbour"}]},
    "netfac": {"meta": {}, "data": [netfac(1, 3, 64500), netfac(2, 3, 64502)]},
    "org": {"meta": {}, "data": []},
    "poc": {"meta": {}, "data": []},
    "as_set": {"meta": {}, "data": [{"64500": "AS-NET"}]},
}


@pytest.mark.parametrize("text", [SERIAL_1, SERIAL_2])
def test_both_serials_of_relationships_are_read(text: str) -> None:
    table = decode_as_rel(text.encode(), "20260901.as-rel2.txt")
    links = zip(table.first.tolist(), table.second.tolist(), table.relation.tolist(), strict=True)
    assert list(links) == [(64500, 64501, 0), (64500, 64502, -1)]
    assert table.exchanges.tolist() == [64666]


def test_the_report_of_all_registries_gives_who_holds_a_number_and_passes_over_who_does_not() -> None:
    told = [
        (p.number, p.country, p.organisation) for p in decode_delegated(NRO.encode(), "nro-delegated-stats")
    ]
    assert told == [
        (64500, "XA", "afrinic:F3657D5C"),
        (64501, "XA", "afrinic:F3657D5C"),
        (64510, "XA", "apnic:A91964B3"),
        (64530, "XB", "ripencc:7836cb32-6cd3-4d4b-9d1a-1ae6f4b5b0a1"),
    ]
    (one,) = decode_delegated(RIPE.encode(), "delegated-ripencc-extended-latest")
    assert (one.number, one.country) == (64530, "XB")


def test_users_are_told_for_each_network_and_economy() -> None:
    told = decode_populations(json.dumps(ASPOP).encode(), "aspop")
    assert [(one.number, one.country, one.low, one.estimate, one.high) for one in told] == [
        (64500, "XA", 890, 1000, 1110),
        (64500, "XB", 17, 20, 23),
        (64501, "XA", 0, 0, 0),
    ]


def test_a_dump_of_all_objects_tells_who_is_where_now() -> None:
    meetings = decode_peeringdb(json.dumps(DUMP).encode(), "peeringdb_2_dump_2026_09_01.json")
    assert [(one.name, one.numbers) for one in meetings.exchanges] == [("QM-IX", (64500, 64501))]
    assert [(one.name, one.numbers) for one in meetings.buildings] == [("Harbour", (64500, 64502))]
    assert meetings.names[0] == (64500, "Net 64500")


def test_a_dump_that_is_not_json_says_what_to_do() -> None:
    with pytest.raises(WrongLine, match="written as Python instead of JSON"):
        decode_peeringdb(repr(DUMP).encode(), "peeringdb_2_dump_2024_01_01.json")
