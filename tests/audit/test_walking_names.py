"""The walk over names finds what a slow resolver finds, in whatever order replies come, and always ends."""

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.name_worlds import MadeZone, NameWorld, holder
from tests.naive.resolving import SlowResolver
from tidegate.audit.replies import Lame, Told
from tidegate.audit.seen_names import seen_names
from tidegate.audit.walking_names import DEPTH_MAX, SILENCE_MAX, NameWalk
from tidegate.model.audits import NotSeen, ServerAsked
from tidegate.model.domain_names import ROOT, parent_of
from tidegate.model.probes import Asked, Dns, DnsReply, NotAnswered, Record

QUESTIONS_MAX = 20_000
NAMES = ["xa", "xb", "a.xa", "b.xa", "c.b.xa", "a.xb", "d.c.b.xa"]
OPERATORS = [("192.0.2.1", "192.0.2.2"), ("198.51.100.1",), ("203.0.113.1", "203.0.113.2"), ("203.0.113.9",)]
LAME, SILENT = "192.0.2.200", "192.0.2.201"


@st.composite
def worlds(draw: st.DrawFn) -> NameWorld:
    """Any delegations: circles without glue, servers that refuse, say nothing, or have no address."""
    zones = {ROOT: MadeZone(ROOT, ("a.root",), frozenset({"192.0.2.53"}))}
    glue: dict[str, tuple[str, ...]] = {}
    used = ["xa", *draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))]
    for name in sorted(set(used), key=len):
        operator = draw(st.sampled_from(OPERATORS))
        place = st.sampled_from([name, name, *used])
        hosts = draw(st.lists(st.tuples(place, st.integers(1, 2)), min_size=1, max_size=3))
        servers = tuple(dict.fromkeys(f"ns{number}-{name.replace('.', '-')}.{at}" for at, number in hosts))
        glued = frozenset(host for host in servers if draw(st.sampled_from([True, True, False])))
        zones[name] = MadeZone(name, servers, frozenset(operator), glued)
        for host in servers:
            bad = draw(st.sampled_from([(), (), (), (LAME,), (SILENT,), ("",)]))
            glue[host] = () if bad == ("",) else bad or (draw(st.sampled_from(operator)),)
    for host, addresses in glue.items():
        if addresses:
            holder(zones, host).records[host, "A"] = addresses
    for name in used:
        target = draw(st.sampled_from(["", *used]))
        own = holder(zones, f"www.{name}").records
        if target:
            own[f"www.{name}", "CNAME"] = (f"www.{target}",)
        else:
            own[f"www.{name}", "A"] = ("198.51.100.80",)
            own[f"www.{name}", "AAAA"] = ("2001:db8::80",)
    return NameWorld(zones, frozenset({SILENT}), glue)


def walked(
    world: NameWorld, names: list[str], pick: Callable[[int], int] = lambda count: 0, *, signed: bool = False
) -> NameWalk:
    """The walk over names, with its questions answered in any order, until nothing is left to ask."""
    walk = NameWalk(world.roots, lambda address: True, signed=signed)
    for name in names:
        walk.want_addresses(name)
    left = walk.take()
    asked = 0
    while left:
        question = left.pop(pick(len(left)))
        walk.answered(Asked(1_800_000_000, question, world.answer(question)))
        left += walk.take()
        asked += 1
        assert asked < QUESTIONS_MAX
    return walk


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_it_finds_what_a_slow_resolver_finds(world: NameWorld, order: random.Random) -> None:
    names = [f"www.{name}" for name in world.zones if name != ROOT] + ["nothing.a.xa"]
    walk = walked(world, names, order.randrange)
    slow = SlowResolver(world)
    expected = slow.addresses(names)
    assert {name: walk.addresses(name) for name in names} == expected
    assert {name: set(zone.addresses) for name, zone in walk.zones.items()} == slow.servers


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_of_replies_changes_no_observation(world: NameWorld, order: random.Random) -> None:
    names = [f"www.{name}" for name in world.zones if name != ROOT]
    usable = {SILENT}  # Whom a silent server was asked about does depend on the order: it is given up early.

    def told(walk: NameWalk) -> set[object]:
        return {
            (type(one), getattr(one, "name", ""), getattr(one, "zone", ""), getattr(one, "addresses", ()))
            for one in seen_names(walk, (), 0)
            if not isinstance(one, NotSeen) and getattr(one, "address", "") not in usable
        }

    assert told(walked(world, names)) == told(walked(world, names, order.randrange))


def circle() -> NameWorld:
    """a.xa is served under b.xa, and b.xa under a.xa; neither has glue."""
    root = MadeZone(ROOT, ("a.root",), frozenset({"192.0.2.53"}))
    xa = MadeZone("xa", ("ns.xa",), frozenset({"192.0.2.1"}), frozenset({"ns.xa"}))
    xa.records["ns.xa", "A"] = ("192.0.2.1",)
    a = MadeZone("a.xa", ("ns.b.xa",), frozenset({"192.0.2.2"}), records={("ns.a.xa", "A"): ("192.0.2.2",)})
    b = MadeZone("b.xa", ("ns.a.xa",), frozenset({"192.0.2.2"}), records={("ns.b.xa", "A"): ("192.0.2.2",)})
    return NameWorld({zone.name: zone for zone in (root, xa, a, b)}, glue={"ns.xa": ("192.0.2.1",)})


def test_a_circle_without_glue_is_told_as_one() -> None:
    walk = walked(circle(), ["www.a.xa"])
    missed = {
        (one.about, one.question): one.reason for one in seen_names(walk, (), 0) if isinstance(one, NotSeen)
    }
    assert missed["a.xa", "zone"] == "loop"
    assert missed["b.xa", "zone"] == "loop"
    assert missed["www.a.xa", "delegation"] == "loop"


def test_glue_breaks_the_circle() -> None:
    world = circle()
    world.zones["a.xa"].glued = frozenset({"ns.b.xa"})
    world.glue["ns.b.xa"] = ("192.0.2.2",)
    assert walked(world, ["ns.a.xa"]).addresses("ns.a.xa") == ("192.0.2.2",)


def test_glue_from_outside_the_asked_zone_is_not_believed() -> None:
    world = circle()
    reply = DnsReply(
        "NOERROR",
        False,
        authority=(Record("a.xa", "NS", 300, "ns.other.xb"),),
        additional=(Record("ns.other.xb", "A", 300, "203.0.113.66"),),
    )
    forged = {("192.0.2.1", "a.xa", "NS"): reply}
    walk = NameWalk(world.roots, lambda address: True, signed=False)
    walk.want_addresses("www.a.xa")
    left = walk.take()
    while left:
        question = left.pop()
        assert question.server != "203.0.113.66"
        answer = forged.get((question.server, question.name, question.type)) or world.answer(question)
        walk.answered(Asked(0, question, answer))
        left += walk.take()


def test_a_lame_server_is_told_and_another_one_asked() -> None:
    world = circle()
    world.zones["a.xa"].glued = frozenset({"ns.b.xa"})
    world.glue["ns.b.xa"] = (LAME, "192.0.2.2")
    walk = walked(world, ["ns.a.xa"])
    servers = {
        one.address: one.authoritative for one in seen_names(walk, (), 0) if isinstance(one, ServerAsked)
    }
    assert not servers[LAME]
    assert servers["192.0.2.2"]
    assert walk.addresses("ns.a.xa") == ("192.0.2.2",)


def test_a_silent_server_is_soon_asked_nothing_more() -> None:
    world = circle()
    world.zones["a.xa"].glued = frozenset({"ns.b.xa"})
    world.glue["ns.b.xa"] = (SILENT,)
    world.silent = frozenset({SILENT})
    asked: list[Dns] = []
    walk = NameWalk(world.roots, lambda address: True, signed=False)
    for number in range(50):
        walk.want_addresses(f"host{number}.a.xa")
    left = walk.take()
    while left:
        question = left.pop(0)
        asked.append(question)
        walk.answered(Asked(0, question, world.answer(question)))
        left += walk.take()
    # Those that were under way already when it had been silent often enough were on their way all at once.
    assert len([one for one in asked if one.server == SILENT]) <= SILENCE_MAX + 52


def test_aliases_without_end_end() -> None:
    """A server that makes a new alias of every name keeps the walk busy for so many names and no more."""
    world = circle()
    walk = NameWalk(world.roots, lambda address: True, signed=False)
    walk.want("n0.xa", "A")
    left = walk.take()
    asked = 0
    while left:
        question = left.pop()
        answer = world.answer(question)
        if question.name.startswith("n") and question.type == "A" and question.name != "ns.xa":
            further = f"n{int(question.name[1:-3]) + 1}.xa"
            answer = DnsReply("NOERROR", True, (Record(question.name, "CNAME", 300, further),))
        walk.answered(Asked(0, question, answer))
        left += walk.take()
        asked += 1
    assert asked < 100
    last = walk.heard[f"n{DEPTH_MAX + 1}.xa", "A"]
    assert last is not None
    assert last.reading == NotAnswered("too_deep", f"more than {DEPTH_MAX} names away")


def test_an_address_that_is_off_limits_is_never_asked() -> None:
    world = circle()
    world.zones["a.xa"].glued = frozenset({"ns.b.xa"})
    world.glue["ns.b.xa"] = ("192.0.2.2",)
    walk = NameWalk(world.roots, lambda address: address != "192.0.2.2", signed=False)
    walk.want_addresses("www.a.xa")
    left = walk.take()
    while left:
        question = left.pop()
        assert question.server != "192.0.2.2"
        walk.answered(Asked(0, question, world.answer(question)))
        left += walk.take()
    missed = [one for one in seen_names(walk, (), 0) if isinstance(one, NotSeen)]
    assert any(one.about == "a.xa" and one.reason == "not_asked" for one in missed)


def test_a_server_that_has_both_zones_tells_the_cut_all_the_same() -> None:
    world = circle()
    world.zones["a.xa"] = MadeZone("a.xa", ("ns.xa",), frozenset({"192.0.2.1"}))
    walk = walked(world, ["www.a.xa"])
    assert parent_of("a.xa") == "xa"
    heard = walk.zones["a.xa"].delegation
    assert heard is not None
    assert isinstance(heard.reading, Told)
    soa = walk.zones["a.xa"].soa["192.0.2.1"].reading
    assert not isinstance(soa, Lame | NotAnswered)
