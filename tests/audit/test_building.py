"""Graphs made fast are the graphs that were meant: many needs told at once, and parts of a graph alone."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.told_country import fate_in
from tests.naive.page_needs import page_needs
from tidegate.audit.auditing import audit_of
from tidegate.audit.building import layer_name
from tidegate.audit.graph import EFFECTS, Growing, Kind, Nature
from tidegate.audit.layers import LAYERS, standings
from tidegate.audit.losses import event_of
from tidegate.audit.narrowing import narrowed
from tidegate.audit.synthetic import synthetic_audit
from tidegate.model.audits import PageSeen


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 1_000), st.integers(1, 12), st.integers(0, 40))
def test_pages_need_what_each_part_of_them_says(seed: int, services: int, parts: int) -> None:
    told = list(synthetic_audit(seed, services, parts))
    graph = audit_of(told).graph
    rows = {
        (Kind(kind), name): row for row, (kind, name) in enumerate(zip(graph.kind, graph.names, strict=True))
    }
    found = []
    for name in audit_of(told).observed.services:
        for layer in LAYERS:
            row = rows.get((Kind.LAYER, layer_name(layer, name)))
            for group in graph.groups(row) if row is not None else ():
                (member,) = graph.members(group).tolist()
                if graph.nature[group] == Nature.PART and graph.kind[member] == Kind.USE:
                    found.append((name, layer, graph.names[member], EFFECTS[graph.effect[group]]))
    assert len(set(found)) == len(found)
    assert set(found) == page_needs(told)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=12))
def test_needs_told_at_once_are_those_told_one_after_the_other(told: list[tuple[int, int]]) -> None:
    one, other = Growing(), Growing()
    for growing in (one, other):
        for name in "abcdef":
            growing.thing(Kind.HOST, name)
        growing.needs(3, [1, 2], Nature.ADDRESSED, holds_s=7)
    for member, effect in told:
        one.needs(2, [member], Nature.PART, effect=EFFECTS[effect])
    members, effects = (np.array([pair[at] for pair in told], np.int32) for at in (0, 1))
    other.needs_each(2, members, effects, Nature.PART)
    for growing in (one, other):
        growing.needs(0, [4], Nature.ALIAS, caches_s=5, until_s=9)
    first, second = one.grown(), other.grown()
    for column in (
        "group_start",
        "member_start",
        "member",
        "effect",
        "nature",
        "holds_s",
        "caches_s",
        "until_s",
    ):
        assert getattr(first, column).tolist() == getattr(second, column).tolist()


def test_the_part_of_an_audit_below_a_service_says_of_it_what_the_whole_does() -> None:
    audit = audit_of(synthetic_audit(1, 14, parts=4))
    whole = standings(audit, "XA")
    for name in audit.observed.services:
        row = audit.things.row(Kind.SERVICE, name)
        small = narrowed(audit, row)
        assert len(small.graph) == len(audit.below(row)) + 1 < len(audit.graph)
        assert standings(small, "XA") == tuple(one for one in whole if one.service == name)
        for kind in (Kind.PROVIDER, Kind.LAW, Kind.PLACE, Kind.AUTHORITY):
            for lost in small.graph.rows(kind).tolist():
                event = event_of(small.graph, lost, "XA")
                if event is not None:
                    assert fate_in(small, event, service=name) == fate_in(audit, event, service=name)


def test_what_pages_use_is_on_the_web_and_a_mail_server_is_not() -> None:
    told = list(synthetic_audit(1, 12))
    graph = audit_of(told).graph
    certified = {graph.names[row] for row in graph.rows(Kind.CERTIFICATE).tolist()}
    parts = {part.host for one in told if isinstance(one, PageSeen) for part in one.parts}
    assert parts <= certified
    assert not [name for name in certified if name.startswith("mx.")]
