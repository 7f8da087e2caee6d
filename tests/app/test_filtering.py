"""Filters mean what their slow twin means, say where they are wrong, and offer what fits."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.naive import filtering as naive
from tidegate.app.attack_summary import AttackSummary
from tidegate.app.filtering.attacks import ATTACK_FIELDS, AttackFilter, count_filter
from tidegate.app.filtering.kinds import Kind
from tidegate.app.filtering.offers import filter_help
from tidegate.app.filtering.parsing import DEPTH_MAX, TERMS_MAX
from tidegate.app.filtering.tokens import FILTER_CHARACTERS_MAX, FilterWrong, written
from tidegate.model.attacks import Attack, Rate, VectorRate

NOW_MS = 1_795_000_000_000
FIELDS = {field.name: field for field in ATTACK_FIELDS}
VECTORS = ("ntp", "dns", "tcp_syn")
DOUBTS = ("few_samples", "clock_skew")
POINTS = ("north", "South-1")
EXPORTERS = ("192.0.2.1#0", "192.0.2.1#7", "2001:db8::1#0")
OBJECTS = ("bank", "a name (with spaces)", "and")
PREFIXES = (
    "198.51.100.0/24",
    "198.51.100.7/32",
    "198.51.0.0/16",
    "0.0.0.0/0",
    "2001:db8::/32",
    "2001:db8::7/128",
    "::/0",
)
VALUES: dict[Kind, tuple[str, ...]] = {
    Kind.PREFIX: PREFIXES,
    Kind.NUMBER: ("0", "3", "12"),
    Kind.AMOUNT: ("0", "5", "2k", "3M", "1G", "1T"),
    Kind.MOMENT: ("0min", "5min", "2h", "40d"),
    Kind.LENGTH: ("0min", "1min", "2h"),
}
OF_FIELD: dict[str, tuple[str, ...]] = {
    "vector": VECTORS,
    "doubt": DOUBTS,
    "state": ("open", "ended"),
    "point": POINTS,
    "exporter": (*EXPORTERS, "192.0.2.1"),
    "object": OBJECTS,
}

amounts = st.sampled_from((0, 4, 5, 2_000, 3_000_000, 10**9, 3 * 10**12))
ages = st.sampled_from((0, 60_000, 5 * 60_000, 7_200_000, 90 * 86_400_000))
rates = st.builds(lambda value: Rate(value, value, value), amounts)


@st.composite
def attacks(draw: st.DrawFn) -> tuple[Attack, int | None]:
    first = NOW_MS - draw(ages)
    last = first + draw(ages)
    few = {"unique": True, "max_size": 3}
    attack = Attack(
        number=draw(st.sampled_from((1, 3, 12, 40))),
        targets=tuple(draw(st.lists(st.sampled_from(PREFIXES), min_size=1, **few))),  # type: ignore[arg-type]
        object_name=draw(st.sampled_from((None, *OBJECTS))),
        vectors=tuple(
            VectorRate(one, Rate(1, 1, 1), Rate(1, 1, 1))
            for one in draw(st.lists(st.sampled_from(VECTORS), **few))  # type: ignore[arg-type]
        ),
        bits_per_s=draw(rates),
        packets_per_s=draw(rates),
        peak_bits_per_s=draw(rates),
        threshold_bits_per_s=1,
        first_seen_ms=first,
        last_seen_ms=last,
        telemetry_age_ms=0,
        exporters=tuple(draw(st.lists(st.sampled_from(EXPORTERS), **few))),  # type: ignore[arg-type]
        border_points=tuple(draw(st.lists(st.sampled_from(POINTS), **few))),  # type: ignore[arg-type]
        doubts=tuple(draw(st.lists(st.sampled_from(DOUBTS), **few))),  # type: ignore[arg-type]
        actionable=True,
    )
    return attack, draw(st.one_of(st.none(), ages.map(lambda age: NOW_MS - age)))


@st.composite
def terms(draw: st.DrawFn) -> tuple[str, str, str, str]:
    field = FIELDS[draw(st.sampled_from(sorted(FIELDS)))]
    value = draw(st.sampled_from(OF_FIELD.get(field.name) or VALUES[field.kind]))
    return "term", field.name, draw(st.sampled_from(field.takes)), value


trees: st.SearchStrategy[Any] = st.recursive(
    terms(),
    lambda part: st.one_of(
        st.tuples(st.just("not"), part), st.tuples(st.sampled_from(("and", "or")), part, part)
    ),
    max_leaves=6,
)


def text_of(tree: Any) -> str:
    if tree[0] == "term":
        return f"{tree[1]} {tree[2]} {written(tree[3])}"
    if tree[0] == "not":
        return f"NOT ({text_of(tree[1])})"
    # `and` binds closer than `or`, so that only an `or` inside an `and` needs parentheses.
    parts = [
        f"({text_of(part)})" if tree[0] == "and" and part[0] == "or" else text_of(part) for part in tree[1:]
    ]
    return f" {tree[0]} ".join(parts)


def wrong_or_none(text: str) -> FilterWrong | None:
    try:
        AttackFilter(text, NOW_MS)
    except FilterWrong as found:
        return found
    return None


def wrong(text: str) -> FilterWrong:
    found = wrong_or_none(text)
    assert found is not None, text
    return found


@given(trees, attacks())
def test_a_filter_means_what_its_slow_twin_means(tree: Any, seen: tuple[Attack, int | None]) -> None:
    """And an empty one means everything."""
    text = text_of(tree)
    assert AttackFilter("  ", NOW_MS)(*seen)
    if len(text) <= FILTER_CHARACTERS_MAX:
        assert AttackFilter(text, NOW_MS)(*seen) == naive.means(tree, *seen, NOW_MS)
        tight = text.replace(" = ", "=").replace(" >= ", ">=").replace(" and ", "\n AND\t")
        assert AttackFilter(tight, NOW_MS)(*seen) == naive.means(tree, *seen, NOW_MS)


@given(st.text(st.sampled_from('dst=!<>()"and or 1G 198.51.100.7/24 ntp'), max_size=60))
def test_any_text_is_a_filter_or_says_where_it_is_not(text: str) -> None:
    found = wrong_or_none(text)
    assert found is None or 0 <= found.at <= found.until <= len(text)


@pytest.mark.parametrize(
    "text, code, at, near",
    [
        ("dts = 198.51.100.7", "no_field", 0, "dst"),
        ("dst = 198.51.100.7/24", "no_prefix", 6, ""),
        ("dst < 198.51.100.7", "other_comparison", 4, ""),
        ("dst 198.51.100.7", "no_comparison", 4, ""),
        ("vector = npt", "no_code", 9, "ntp"),
        ("rate > fast", "no_amount", 7, ""),
        ("began > yesterday", "no_moment", 8, ""),
        ("lasted > 2026-11-21", "no_length", 9, ""),
        ("attack = 1k", "no_number", 9, ""),
        ("vector = ntp dst = 198.51.100.7", "not_joined", 13, ""),
        ("(vector = ntp", "not_closed", 0, ""),
        ("vector = ntp)", "not_joined", 12, ""),
        ("vector = ntp and", "ends_before_field", 16, ""),
        ("vector", "ends_before_comparison", 6, ""),
        ("vector =", "ends_before_value", 8, ""),
        ("vector = and", "no_value", 9, ""),
        ('point = "north', "open_quote", 8, ""),
        ("vector ! ntp", "strange_sign", 7, ""),
        ("x" * (FILTER_CHARACTERS_MAX + 1), "too_long", FILTER_CHARACTERS_MAX, ""),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, code: str, at: int, near: str) -> None:
    found = wrong(text)
    assert (found.code, found.at, found.near) == (code, at, near)


def test_a_filter_is_bounded() -> None:
    assert wrong(" or ".join(["rate>1"] * (TERMS_MAX + 1))).code == "too_many"
    AttackFilter(" or ".join(["rate>1"] * TERMS_MAX), NOW_MS)
    assert wrong("(" * DEPTH_MAX + "rate>1" + ")" * DEPTH_MAX).code == "too_deep"
    assert wrong("not " * 100 + "rate>1").code == "too_deep"


@given(trees, st.data())
def test_what_is_offered_can_stand_there(tree: Any, data: st.DataObject) -> None:
    """Cut a good filter anywhere and take any offer: what stands up to there is no longer wrong for it."""
    text = text_of(tree)[:300]
    at = data.draw(st.integers(0, len(text)))
    known = {"point": POINTS, "exporter": EXPORTERS, "object": OBJECTS}
    told = filter_help(text, at, ATTACK_FIELDS, known, NOW_MS)
    if not told.offers:
        return
    offer = data.draw(st.sampled_from(told.offers))
    found = wrong_or_none(text[: told.begin] + offer.text)
    assert found is None or found.code.startswith("ends_before") or found.code == "not_closed", str(found)


def test_offers_follow_what_was_typed() -> None:
    known = {"dst": ("198.51.100.7/32",), "point": ("north", "two words")}

    def offered(text: str) -> list[str]:
        return [one.text for one in filter_help(text, len(text), ATTACK_FIELDS, known, NOW_MS).offers]

    assert offered("")[:2] == ["dst", "vector"]
    assert offered("ve") == ["vector"]
    assert offered("vector ") == ["=", "!="]
    assert offered("vector = nt")[0] == "ntp"
    assert offered("dst = ") == ["198.51.100.7/32"]
    assert offered("point = ") == ["north", '"two words"']
    assert offered("(vector = ntp ") == ["and", "or", ")"]
    assert offered("rate > 10 ") == ["Gbps", "Mbps", "and", "or"]
    assert offered("state = open and st")[0] == "state"


def test_counts_are_asked_by_vector_and_border_point() -> None:
    row = AttackSummary(
        vector="ntp", border_point="north", attacks=3, bytes=10, peak_bits_per_s=10**9, longest_s=5
    )
    assert count_filter("vector = ntp and not point = south and peak >= 1 Gbps", NOW_MS)(row)
    assert not count_filter("attacks > 3", NOW_MS)(row)
    with pytest.raises(FilterWrong, match="no field"):
        count_filter("dst = 198.51.100.7", NOW_MS)
