"""What every path to peers must do, whatever carries it: the contract of `ports.hotline.Path`."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path as Folder

import pytest

from tests.hotline_cards import a_card, credentials, organisation
from tidegate.adapters.hotline.datagrams import SignalDatagrams
from tidegate.adapters.hotline.https import HttpsPath
from tidegate.model.organisations import Card, Endpoint
from tidegate.model.refusals import NotAllowed
from tidegate.ports.hotline import Arrival, Outcome, Path

PATIENCE_S = 30
"""How long a test waits for what must come; it never waits where things work."""


@dataclass
class Station:
    """One end: its path, its card, what it fetched so far, and what it answers to whatever comes."""

    path: Path
    card: Card
    arrivals: list[Arrival] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    replies: Sequence[bytes] = ()

    @property
    def endpoint(self) -> Endpoint:
        return self.card.endpoints[0]

    def fetch(self) -> None:
        for arrival in self.path.arrivals():
            self.arrivals.append(arrival)
            if arrival.answer is not None:
                arrival.answer(self.replies)
        self.outcomes += self.path.outcomes()

    def envelopes(self) -> list[bytes]:
        return [envelope for arrival in self.arrivals for envelope in arrival.envelopes]


def until(stations: Sequence[Station], true: Callable[[], bool]) -> None:
    """Lets the stations fetch until it is true."""
    for _ in range(PATIENCE_S * 200):
        for station in stations:
            station.fetch()
        if true():
            return
        time.sleep(0.005)
    pytest.fail("it never came true")


Found = Callable[[str], Station]


@pytest.fixture(params=["https", "udp"])
def found(request: pytest.FixtureRequest, tmp_path: Folder) -> Iterator[Found]:
    """Founds a started station by name, which as yet knows nobody."""
    made = {"https": https_station, "udp": udp_station}[request.param]
    with ExitStack() as afterwards:

        def station(name: str) -> Station:
            new = made(name, tmp_path / name)
            afterwards.callback(new.path.stop)
            return new

        yield station


def https_station(name: str, folder: Folder, host: str = "127.0.0.1") -> Station:
    own, der = credentials(folder)
    path = HttpsPath(own, [(host, 0)])
    path.start()
    endpoint = Endpoint("https", host, path.ports[0])
    return Station(path, a_card(name, [der], [endpoint]))


def udp_station(name: str, folder: Folder, host: str = "127.0.0.1") -> Station:
    path = SignalDatagrams([(host, 0)], time.monotonic, give_up_s=20.0 if host != "127.0.0.1" else 2.0)
    path.start()
    return Station(path, a_card(name, [], [Endpoint("udp", host, path.ports[0])]))


def introduce(*stations: Station) -> None:
    for station in stations:
        know(station, [other for other in stations if other is not station], "agreed")


def know(station: Station, others: Sequence[Station], secret: str) -> None:
    """What `station` believes of the others; without the secret that they agreed on, it only guesses keys."""
    station.path.know(station.card, [other.card for other in others])
    if isinstance(station.path, SignalDatagrams):
        station.path.use_keys(
            {other.card.organisation: [key(other, station, secret)] for other in others},
            {other.card.organisation: key(station, other, secret) for other in others},
        )


def key(sender: Station, recipient: Station, secret: str) -> bytes:
    return hashlib.sha256(f"{secret} {sender.card.name} {recipient.card.name}".encode()).digest()


def test_envelopes_come_as_they_were_offered(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    envelopes = [b"first" * 100, b"second" * 3000]
    assert anna.path.offer(boris.card.organisation, boris.endpoint, envelopes)
    until([anna, boris], lambda: len(boris.envelopes()) == 2 and bool(anna.outcomes))
    assert boris.envelopes() == envelopes
    assert {arrival.peer for arrival in boris.arrivals} == {anna.card.organisation}
    (outcome,) = anna.outcomes
    assert (outcome.path, outcome.peer, outcome.endpoint) == (
        anna.path.name,
        boris.card.organisation,
        boris.endpoint,
    )
    assert outcome.why == ""
    assert outcome.round_trip_ms >= 0


def test_an_answer_goes_back_the_same_way(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    boris.replies = [b"answer" * 50]
    assert anna.path.offer(boris.card.organisation, boris.endpoint, [b"question" * 50])
    until([anna, boris], lambda: bool(anna.arrivals))
    assert anna.envelopes() == [b"answer" * 50]
    assert anna.arrivals[0].peer == boris.card.organisation


def test_nobody_listens_and_the_outcome_says_so(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    boris.path.stop()
    assert anna.path.offer(boris.card.organisation, boris.endpoint, [b"into the void"])
    until([anna], lambda: bool(anna.outcomes))
    assert anna.outcomes[0].why != ""


def test_a_stranger_is_neither_heard_nor_called(found: Found) -> None:
    anna, boris, mallory = found("XA"), found("XB"), found("QM")
    introduce(anna, boris)
    know(mallory, [boris], "guessed")
    assert mallory.path.offer(boris.card.organisation, boris.endpoint, [b"let me in"])
    until([mallory, boris], lambda: bool(mallory.outcomes))
    assert mallory.outcomes[0].why != ""
    assert boris.envelopes() == []
    assert not boris.path.offer(mallory.card.organisation, mallory.endpoint, [b"a call"])


def test_who_left_the_list_is_heard_no_more(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    assert anna.path.offer(boris.card.organisation, boris.endpoint, [b"one"])
    until([anna, boris], lambda: bool(anna.outcomes) and bool(boris.arrivals))
    know(boris, [], "agreed")
    assert anna.path.offer(boris.card.organisation, boris.endpoint, [b"two"])
    until([anna, boris], lambda: len(anna.outcomes) == 2)
    assert anna.outcomes[1].why != ""
    assert boris.envelopes() == [b"one"]


def test_an_offer_of_nothing_asks_whether_anybody_is_there_and_for_what_waits(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    boris.replies = [b"this waited" * 9]
    assert anna.path.offer(boris.card.organisation, boris.endpoint, ())
    until([anna, boris], lambda: bool(anna.outcomes) and bool(anna.arrivals))
    assert anna.outcomes[0].why == ""
    assert anna.envelopes() == list(boris.replies)
    assert boris.arrivals[0].envelopes == ()


def test_what_one_offer_takes_is_told_and_more_is_the_callers_mistake(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    many = [bytes(9_000 + at) for at in range(600)]
    count = anna.path.takes(many)
    assert 0 < count < len(many)
    with pytest.raises(NotAllowed, match="offer fewer at once"):
        anna.path.offer(boris.card.organisation, boris.endpoint, many[: count + 1])
    assert anna.path.offer(boris.card.organisation, boris.endpoint, many[:count])
    until([anna, boris], lambda: boris.envelopes() == many[:count])
    assert anna.path.takes([bytes(3 << 20)]) == 0


def test_an_endpoint_of_another_kind_is_not_this_paths(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    other = "udp" if boris.endpoint.kind == "https" else "https"
    assert not anna.path.offer(boris.card.organisation, Endpoint(other, "127.0.0.1", 9), [b"wrong way"])


def test_offers_stop_at_a_bound_and_go_on_when_earlier_ones_ended(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    begun = 0
    while begun < 10_000 and anna.path.offer(boris.card.organisation, boris.endpoint, [b"%d" % begun]):
        begun += 1
    assert 0 < begun < 10_000
    until([anna, boris], lambda: len(anna.outcomes) == begun)
    assert sorted(boris.envelopes()) == sorted(b"%d" % number for number in range(begun))
    assert anna.path.offer(boris.card.organisation, boris.endpoint, [b"again"])
    until([anna, boris], lambda: b"again" in boris.envelopes())


def test_two_who_call_each_other_at_once_both_hear(found: Found) -> None:
    anna, boris = found("XA"), found("XB")
    introduce(anna, boris)
    assert anna.path.offer(boris.card.organisation, boris.endpoint, [b"from XA"])
    assert boris.path.offer(anna.card.organisation, anna.endpoint, [b"from XB"])
    until([anna, boris], lambda: boris.envelopes() == [b"from XA"] and anna.envelopes() == [b"from XB"])


def test_nothing_offered_before_the_start_or_after_the_stop(tmp_path: Folder) -> None:
    own, der = credentials(tmp_path)
    path = HttpsPath(own, [])
    peer = a_card("XB", [der], [Endpoint("https", "127.0.0.1", 9)])
    path.know(a_card("XA", [der]), [peer])
    assert not path.offer(organisation("XB"), peer.endpoints[0], [b"early"])
    path.start()
    path.stop()
    assert not path.offer(organisation("XB"), peer.endpoints[0], [b"late"])
