"""The pace: no server, site or provider is asked faster than promised, or more at once."""

from collections import Counter, defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.app.audit.pacing import Pacing, provider_of
from tidegate.model.probe_settings import Pace
from tidegate.model.probes import Dns, Page, Question, Rendered, Tls

PACE = Pace(dns_gap_ms=50, site_gap_ms=1000, provider_gap_ms=20, provider_at_once=3, at_once=5)

addresses = st.sampled_from(["192.0.2.1", "192.0.2.2", "198.51.100.1", "2001:db8::1", "2001:db8:0:1::1"])
hosts = st.sampled_from(["bank.xa", "tax.xa"])
questions = st.one_of(
    st.builds(Dns, addresses, st.integers(0, 50).map(lambda number: f"n{number}.xa"), st.just("A")),
    st.builds(Tls, addresses, hosts, st.just(443)),
    st.builds(lambda address, host: Page(address, f"https://{host}/"), addresses, hosts),
    st.builds(lambda host: Rendered(f"https://{host}/", ()), hosts),
)
Begun = list[tuple[int, Question]]


def played(
    wanted: list[tuple[int, Question]], lasts_ms: list[int]
) -> tuple[Begun, list[tuple[int, int, Question]]]:
    """Every question is put at its moment and lasts its time; when each began, and the spans of all."""
    pacing = Pacing(PACE)
    coming = sorted(wanted, key=lambda one: one[0])
    ends: list[tuple[int, Question]] = []
    begun: Begun = []
    spans = []
    now_ms = 0
    while coming or pacing.waiting or pacing.under_way:
        while coming and coming[0][0] <= now_ms:
            pacing.add(coming.pop(0)[1])
        for end in [one for one in ends if one[0] <= now_ms]:
            ends.remove(end)
            pacing.done(end[1])
        for question in pacing.ready(now_ms):
            end_ms = now_ms + lasts_ms[len(begun) % len(lasts_ms)]
            begun.append((now_ms, question))
            spans.append((now_ms, end_ms, question))
            ends.append((end_ms, question))
        now_ms += 5
        assert now_ms < 1_000_000, "something waits for ever"
    return begun, spans


def line_of(question: Question) -> tuple[object, ...]:
    match question:
        case Dns(server):
            return ("dns", server)
        case Tls(address, host):
            return ("site", host, address)
        case Page(address, url):
            return ("site", url.split("/")[2], address)
    return ("browser",)


def network_of(question: Question) -> str:
    address = getattr(question, "server", "") or getattr(question, "address", "")
    return provider_of(address) if address else "browser"


@given(
    st.lists(st.tuples(st.integers(0, 500), questions), max_size=40),
    st.lists(st.integers(5, 800), min_size=1, max_size=5),
)
@settings(max_examples=100)
def test_nobody_is_asked_faster_than_promised(
    wanted: list[tuple[int, Question]], lasts_ms: list[int]
) -> None:
    begun, spans = played(wanted, lasts_ms)
    assert Counter(question for _, question in begun) == Counter(question for _, question in wanted)
    lines: dict[tuple[object, ...], list[int]] = defaultdict(list)
    networks: dict[str, list[int]] = defaultdict(list)
    for at_ms, question in begun:
        lines[line_of(question)].append(at_ms)
        networks[network_of(question)].append(at_ms)
    for line, moments in lines.items():
        gap_ms = {"dns": 50, "site": 1000, "browser": 0}[str(line[0])]
        assert all(later - at >= gap_ms for at, later in pairwise(moments))
    for network, moments in networks.items():
        assert all(later - at >= 20 for at, later in pairwise(moments))
        at_once_max = 1 if network == "browser" else 3
        for at_ms in moments:
            at_once = [
                one for start, end, one in spans if start <= at_ms < end and network_of(one) == network
            ]
            assert len(at_once) <= at_once_max
    for at_ms, _ in begun:
        assert sum(start <= at_ms < end for start, end, _ in spans) <= 5


def test_a_slow_server_holds_up_nobody_else() -> None:
    slow = [(0, Dns("192.0.2.1", f"n{number}.xa", "A")) for number in range(50)]
    begun, _ = played([*slow, (0, Dns("198.51.100.1", "xa", "NS"))], [800])
    assert (0, Dns("198.51.100.1", "xa", "NS")) in begun


def test_addresses_of_one_provider_are_told_by_their_network() -> None:
    assert provider_of("192.0.2.1") == provider_of("192.0.2.200") != provider_of("192.0.3.1")
    assert provider_of("2001:db8:7::1") == provider_of("2001:db8:7:ffff::1") != provider_of("2001:db8:8::1")


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9)), min_size=1, max_size=12),
    st.integers(0, 300),
    st.integers(0, 4_000),
)
@settings(max_examples=40, deadline=None)
def test_a_gap_that_was_widened_holds_from_the_last_beginning_on(
    wanted: list[tuple[int, int]], widened_ms: int, gap_ms: int
) -> None:
    pacing = Pacing(PACE)
    coming = [(at_ms, Page("192.0.2.1", f"https://bank.xa/{number}")) for at_ms, number in sorted(wanted)]
    begun: list[int] = []
    for now_ms in range(0, 60_000, 20):
        while coming and coming[0][0] <= now_ms:
            pacing.add(coming.pop(0)[1])
        if now_ms == widened_ms - widened_ms % 20:
            pacing.widen(Page("192.0.2.1", "https://bank.xa/"), gap_ms)
        for question in pacing.ready(now_ms):
            begun.append(now_ms)
            pacing.done(question)
    assert len(begun) == len(wanted)
    for one, other in pairwise(begun):
        assert other - one >= (max(1000, gap_ms) if other > widened_ms else 1000)
