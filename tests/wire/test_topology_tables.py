"""Files of topology become tables whole, or are refused with file and line."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worlds import link_table
from tidegate.model.topology import Evidence, WrongLine
from tidegate.wire.as_rel import decode_as_rel, encode_as_rel
from tidegate.wire.comma_tables import (
    decode_cables,
    decode_country_people,
    decode_places,
    decode_private_links,
)
from tidegate.wire.countries import ALPHA_2
from tidegate.wire.delegated import decode_delegated
from tidegate.wire.peeringdb import decode_peeringdb
from tidegate.wire.populations import decode_populations

SERIAL_2 = (
    b"# input clique: 64500 64501\n# IXP ASes: 64666 64667\n64500|64501|0|bgp\n64500|64502|-1|bgp,mlp\n"
)


def told(table: object) -> list[tuple[int, int, int]]:
    columns = (getattr(table, name).tolist() for name in ("first", "second", "relation"))
    return list(zip(*columns, strict=True))


def test_serial_2_gives_its_links_and_the_exchanges_of_its_comments() -> None:
    table = decode_as_rel(SERIAL_2, "as-rel2.txt")
    assert told(table) == [(64500, 64501, 0), (64500, 64502, -1)]
    assert table.exchanges.tolist() == [64666, 64667]


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\n\r\n"])
def test_a_file_without_links_is_an_empty_table(data: bytes) -> None:
    assert told(decode_as_rel(data, "f")) == []


links = st.lists(
    st.tuples(st.integers(1, 2**32 - 1), st.integers(1, 2**32 - 1), st.sampled_from([-1, 0, 2])),
    max_size=30,
)


@given(links, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from(["", "|bgp"]))
def test_lines_are_read_as_a_split_would_read_them(
    rows: list[tuple[int, int, int]], end: str, last_end: bool, more: str
) -> None:
    text = end.join(f"{a}|{b}|{kind}{more}" for a, b, kind in rows) + (end if last_end else "")
    assert told(decode_as_rel(text.encode(), "f")) == rows


@given(links)
def test_what_is_encoded_is_decoded_again(rows: list[tuple[int, int, int]]) -> None:
    table = link_table(rows, exchanges=[64666])
    again = decode_as_rel(encode_as_rel(table), "f")
    assert (told(again), again.exchanges.tolist()) == (rows, [64666])


@given(st.binary(max_size=80))
def test_any_bytes_are_links_or_refused_with_a_line(data: bytes) -> None:
    line = 1
    try:
        decode_as_rel(data, "f")
    except WrongLine as wrong:
        line = wrong.line
    assert 1 <= line <= data.count(b"\n") + 1


@pytest.mark.parametrize(
    "line, reason",
    [
        ("64500|64501", "fewer than 3 fields"),
        ("64500|64501|1", "a relationship other than"),
        ("64500|0|-1", "not an AS number"),
        ("64500|4294967296|-1", "not an AS number"),
        ("64500|645x1|-1", "not a whole number"),
        ("64500||-1", "not a whole number"),
        ("64500|64501|-", "not a whole number"),
        ("64500|99999999999|0", "not a whole number"),
    ],
)
def test_a_wrong_line_is_named_with_its_file(line: str, reason: str) -> None:
    data = b"# comment\n64500|64501|0\n" + line.encode() + b"\n64500|64502|0\n"
    with pytest.raises(WrongLine, match=re.escape(f"as-rel.txt, line 3: {reason}")):
        decode_as_rel(data, "as-rel.txt")


DELEGATED = b"""2|ripencc|20260101|4|19930901|20260101|+00
ripencc|*|asn|*|2|summary
ripencc|XA|asn|64500|2|20200101|allocated|holder-1
ripencc|XB|ipv4|192.0.2.0|256|20200101|assigned|holder-2
ripencc||asn|64510|1|20200101|available|
ripencc|XB|asn|64520|1|20200101|assigned|holder-2
"""


def test_delegated_numbers_have_the_country_of_their_registration_and_a_holder() -> None:
    places = decode_delegated(DELEGATED, "delegated")
    assert [(p.number, p.country, p.organisation) for p in places] == [
        (64500, "XA", "ripencc:holder-1"),
        (64501, "XA", "ripencc:holder-1"),
        (64520, "XB", "ripencc:holder-2"),
    ]
    assert {p.evidence for p in places} == {Evidence.REGISTRATION}


@pytest.mark.parametrize(
    "field, line", [("ripencc|XAX9|asn|1|1|x|assigned|a", 1), ("r|XA|asn|1|y|x|assigned", 1)]
)
def test_a_wrong_delegation_is_named(field: str, line: int) -> None:
    with pytest.raises(WrongLine) as caught:
        decode_delegated(field.encode(), "delegated")
    assert (caught.value.file, caught.value.line) == ("delegated", line)


def test_places_may_name_several_countries_and_their_evidence() -> None:
    data = (
        b"\xef\xbb\xbfASN,cc,evidence,name\nAS64500,XA,operation,North Net\n64500,XB,presence,\n64501,USA,,\n"
    )
    places = decode_places(data, "places.csv")
    assert [(p.number, p.country, p.evidence, p.name) for p in places] == [
        (64500, "XA", Evidence.OPERATION, "North Net"),
        (64500, "XB", Evidence.PRESENCE, ""),
        (64501, "US", Evidence.REGISTRATION, ""),
    ]


@pytest.mark.parametrize(
    "data, told",
    [
        (b"asn\n1\n", "line 1: no column 'country' or 'cc'"),
        (b"asn,country\n1,XA\nx,XA\n", "line 3: 'X' is not a whole number"),
        (b"asn,country\n1,X1\n", "line 2: 'X1' is not a country code"),
        (b"asn,country\n1\n", "line 2: 1 fields where the heading has 2"),
        (b"asn,country\n0,XA\n", "line 2: 0 is not an AS number"),
        (b"asn,country,evidence\n1,XA,hearsay\n", "line 2: evidence 'hearsay' is none of"),
        (b"asn,country\n1,\xff\n", "line 2: not UTF-8"),
    ],
)
def test_a_wrong_place_is_named_with_its_line(data: bytes, told: str) -> None:
    with pytest.raises(WrongLine, match=re.escape(f"places.csv, {told}")):
        decode_places(data, "places.csv")


def test_country_totals_are_read_with_three_letters_too() -> None:
    data = b"iso3,name,internet_users_est\nDEU,Germany,79000000\n"
    assert [(p.country, p.estimate) for p in decode_country_people(data, "u")] == [("DE", 79_000_000)]
    assert len(ALPHA_2) == len(set(ALPHA_2.values())) == 249


@pytest.mark.parametrize(
    "data",
    [
        b"Rank,ASN,AS Name,CC,Users (est.),Samples\n1,AS64500,North,XA,1000,28000\n",
        json.dumps({"Data": [{"AS": 64500, "CC": "XA", "Users": 1000, "Samples": 28000}]}).encode(),
        json.dumps([{"as": 64500, "cc": "XA", "users": "1000.0", "samples": 28000}]).encode(),
    ],
)
def test_populations_have_an_interval_of_method_and_chance(data: bytes) -> None:
    (one,) = decode_populations(data, "aspop")
    assert (one.number, one.country, one.low, one.estimate, one.high) == (64500, "XA", 890, 1000, 1110)


def test_populations_without_samples_are_wide_and_wrong_ones_are_named() -> None:
    (one,) = decode_populations(b"asn,cc,users\n64500,XA,1000\n", "aspop")
    assert (one.low, one.high) == (500, 1500)
    with pytest.raises(WrongLine, match="entry 1 has no 'cc'"):
        decode_populations(b'[{"as": 64500}]', "aspop")


def test_private_links_and_cables_are_read_by_name() -> None:
    table = decode_private_links(
        b"first,second,relation\n64500,AS64501,provider\n64500,64502,peer\n", "own.csv"
    )
    assert told(table) == [(64500, 64501, -1), (64500, 64502, 0)]
    cables = decode_cables(b"cable,first,second\nNorth,64500,64501\nEast,1,2\nNorth,64500,64502\n", "c")
    assert [(c.name, c.links) for c in cables] == [
        ("East", ((1, 2),)),
        ("North", ((64500, 64501), (64500, 64502))),
    ]
    with pytest.raises(WrongLine, match="relation 'friend' is none of provider, peer, sibling"):
        decode_private_links(b"first,second,relation\n1,2,friend\n", "own.csv")


def test_a_peeringdb_dump_tells_who_may_meet_where() -> None:
    dump = {
        "net": {"data": [{"id": 1, "asn": 64500, "name": "North"}, {"id": 2, "asn": 64501, "name": "South"}]},
        "ix": {"data": [{"id": 7, "name": "QM-IX"}, {"id": 8, "name": "QM-IX"}]},
        "netixlan": {"data": [{"ix_id": at, "asn": asn} for at in (7, 8) for asn in (64500, 64501)]},
        "fac": {"data": [{"id": 3, "name": "Harbour"}]},
        "netfac": {"data": [{"fac_id": 3, "net_id": 1}, {"fac_id": 3, "net_id": 2}]},
    }
    meetings = decode_peeringdb(json.dumps(dump).encode(), "dump.json")
    assert [(one.name, one.numbers) for one in meetings.exchanges] == [
        ("QM-IX", (64500, 64501)),
        ("QM-IX #8", (64500, 64501)),
    ]
    assert [one.name for one in meetings.buildings] == ["Harbour"]
    assert meetings.names == ((64500, "North"), (64501, "South"))
    with pytest.raises(WrongLine, match="not a PeeringDB dump"):
        decode_peeringdb(b'{"net": 1}', "dump.json")


def test_numbers_of_ten_digits_are_exact() -> None:
    table = decode_as_rel(b"4294967295|1000000000|-1", "f")
    assert table.first.dtype == np.uint32
    assert told(table) == [(4294967295, 1000000000, -1)]
