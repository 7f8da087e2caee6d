"""A fact's bytes: the same from two independent writers, exact on the way back, and refused when in doubt."""

import json
import re
from typing import get_args

import msgspec.inspect
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.naive import canonical as naive
from tests.stories import an_attack
from tidegate.ledger import leaf_hash
from tidegate.model.canonical import (
    FACT_BYTES_MAX,
    INTEGER_MAX,
    FactRecord,
    canonical_bytes,
    canonical_json,
    decode_effect,
    decode_record,
    effect_bytes,
    encode_fast,
    encode_slowly,
)
from tidegate.model.facts import (
    Alert,
    AttackDetected,
    AttackEnded,
    CollectorRestarted,
    ExporterAppeared,
    Fact,
    NodeStarted,
    NodeStopped,
)
from tidegate.model.refusals import Malformed, NotAllowed

WHOLE = st.integers(-INTEGER_MAX, INTEGER_MAX)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
LEAF = "85b97cc42a1434615777e0070ba2e23de26f40920b95303c6d2e76a62138f36f"
PLAIN_TEXT = st.text(st.characters(codec="ascii"), max_size=20)
FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(NodeStarted, PLAIN_TEXT),
    st.just(NodeStopped()),
    st.builds(ExporterAppeared, PLAIN_TEXT, PLAIN_TEXT),
    st.builds(CollectorRestarted, PLAIN_TEXT, WHOLE, WHOLE),
    st.builds(AttackDetected, st.builds(an_attack, number=WHOLE, object_name=st.none() | PLAIN_TEXT)),
    st.builds(AttackEnded, st.builds(an_attack, doubts=st.lists(PLAIN_TEXT).map(tuple))),
)
RECORDS = st.builds(FactRecord, st.integers(0, INTEGER_MAX), st.integers(0, INTEGER_MAX), FACTS)


@given(VALUES)
def test_two_independent_writers_agree_byte_for_byte(value: object) -> None:
    written = canonical_json(value)  # type: ignore[arg-type]
    assert written == naive.canonical(value).encode()
    assert json.loads(written) == value


FIRST_PLANE = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF))


@given(st.dictionaries(FIRST_PLANE, WHOLE))
def test_python_s_own_json_agrees_where_its_rules_are_the_same(value: dict[str, int]) -> None:
    """It sorts by code point, not by UTF-16 code unit, so keys beyond the first plane are left out."""
    theirs = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert canonical_json(value) == theirs.encode()


@given(st.dictionaries(PLAIN_TEXT, TEXT | WHOLE))
def test_the_fast_writer_that_checks_agrees(value: dict[str, str | int]) -> None:
    assert msgspec.json.encode(value, order="sorted") == canonical_json(value)


def test_the_standard_s_own_examples_come_out_right() -> None:
    """RFC 8785 sections 3.2.2 to 3.2.4, without the floats that facts never hold."""
    value = {"string": '€$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}
    assert canonical_json(value).hex(" ") == (
        "7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c "
        "22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c "
        "22 2f 22 7d"
    )
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert list(json.loads(canonical_json(names)).values()) == [2, 4, 6, 7, 1, 5, 3]


@given(RECORDS)
def test_a_fact_comes_back_as_it_was(record: FactRecord) -> None:
    body = canonical_bytes(record)
    assert decode_record(body) == record
    assert msgspec.json.encode(record, order="sorted") == body


@given(RECORDS)
def test_the_fast_way_writes_what_the_slow_way_writes_or_nothing(record: FactRecord) -> None:
    fast, slow = encode_fast(record), encode_slowly(record)
    assert fast in (None, slow)
    assert fast is not None or re.search(rb"[0-9]{16}", slow)


@given(RECORDS)
def test_another_program_reaches_the_same_leaf_from_the_plain_values(record: FactRecord) -> None:
    body = canonical_bytes(record)
    assert naive.leaf_hash(json.loads(body)) == leaf_hash(body)


def test_the_bytes_of_a_fact_are_these() -> None:
    """Golden: changing them changes every root there is. The hash is `sha256sum`'s."""
    record = FactRecord(7, 1_700_000_000_000, ExporterAppeared("192.0.2.1#0", "netflow9"))
    assert canonical_bytes(record) == (
        b'{"at_ms":1700000000000,"fact":{"exporter":"192.0.2.1#0","protocol":"netflow9",'
        b'"type":"ExporterAppeared"},"number":7}'
    )
    assert leaf_hash(canonical_bytes(record)).hex() == LEAF


@given(RECORDS, st.data())
def test_bytes_with_anything_changed_are_refused_or_tell_another_fact(
    record: FactRecord, data: st.DataObject
) -> None:
    body = canonical_bytes(record)
    at = data.draw(st.integers(0, len(body) - 1))
    forged = body[:at] + data.draw(st.binary(max_size=2)) + body[at + 1 :]
    assume(forged != body)
    try:
        other = decode_record(forged)
    except Malformed:
        return
    assert other != record
    assert canonical_bytes(other) == forged


@given(st.binary(max_size=200))
def test_any_bytes_are_a_fact_or_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode_record(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"at_ms":1,"fact":{"type":"NodeStopped"},"number":0} ',
        b'{"number":0,"at_ms":1,"fact":{"type":"NodeStopped"}}',
        b'{"at_ms":1,"at_ms":1,"fact":{"type":"NodeStopped"},"number":0}',
        b'{"at_ms":1,"fact":{"type":"NodeStopped","unknown":1},"number":0}',
        b'{"at_ms":1,"fact":{"type":"NodeStarted","version":"\\u0031"},"number":0}',
        b'{"at_ms":1.0,"fact":{"type":"NodeStopped"},"number":0}',
        b'{"at_ms":9007199254740992,"fact":{"type":"NodeStopped"},"number":0}',
        b'{"at_ms":1,"fact":{"type":"RouteCut"},"number":0}',
        b'{"at_ms":1,"fact":{"type":"NodeStarted","version":"\xff"},"number":0}',
        b"[" * 100_000,
        b'"' + b"a" * FACT_BYTES_MAX + b'"',
    ],
    ids=lambda body: body[:70].decode(errors="replace"),
)
def test_other_ways_to_write_a_fact_are_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode_record(body)


def test_a_refusal_says_where_the_bytes_stop_being_canonical() -> None:
    with pytest.raises(Malformed) as refusal:
        decode_record(b'{"at_ms": 1,"fact":{"type":"NodeStopped"},"number":0}')
    assert (refusal.value.reason, refusal.value.at) == ("not canonical", 9)


@pytest.mark.parametrize(
    "fact",
    [
        NodeStarted("e\u0301"),  # normal form D
        NodeStarted("\ud800"),
        NodeStarted("x" * FACT_BYTES_MAX),
        NodeStarted(1),  # type: ignore[arg-type]
        CollectorRestarted("silent", 1.0, 2),  # type: ignore[arg-type]
        CollectorRestarted("silent", True, 2),
        CollectorRestarted("silent", 0, INTEGER_MAX + 1),
        AttackDetected(an_attack(actionable=1)),
        AttackDetected(an_attack(targets=["198.51.100.0/24"])),
        AttackDetected(an_attack(threshold_bits_per_s=object())),
    ],
    ids=lambda fact: repr(fact)[:60],
)
def test_a_fact_that_would_not_come_back_is_not_recorded(fact: Fact) -> None:
    with pytest.raises(NotAllowed):
        canonical_bytes(FactRecord(0, 0, fact))


@pytest.mark.parametrize("number, at_ms", [(-1, 0), (0, -1), (INTEGER_MAX + 1, 0)])
def test_a_number_or_a_time_out_of_range_is_not_recorded(number: int, at_ms: int) -> None:
    with pytest.raises(NotAllowed):
        canonical_bytes(FactRecord(number, at_ms, NodeStopped()))


def test_text_in_every_language_of_the_product_is_recorded() -> None:
    for name in ("Портал", "درگاه", "بوابة", "Köprü", "Şəbəkə", "Gateway"):
        record = FactRecord(0, 0, AttackDetected(an_attack(object_name=name)))
        assert name.encode() in canonical_bytes(record)
        assert decode_record(canonical_bytes(record)) == record


def test_a_combining_mark_after_an_escape_is_in_normal_form() -> None:
    record = FactRecord(0, 0, NodeStarted("\n\u0303"))
    assert decode_record(canonical_bytes(record)) == record


def test_an_effect_comes_back_as_it_was() -> None:
    alert = Alert("detected", an_attack())
    assert decode_effect(effect_bytes(alert)) == alert
    with pytest.raises(Malformed):
        decode_effect(effect_bytes(alert) + b" ")


def test_every_fact_names_its_kind_in_its_bytes() -> None:
    for kind in get_args(Fact):
        info = msgspec.inspect.type_info(kind)
        assert isinstance(info, msgspec.inspect.StructType)
        assert (info.tag_field, info.tag) == ("type", kind.__name__)
