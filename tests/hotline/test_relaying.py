"""Anna and Bahar never meet on the net; Chloe, whom both met, carries sealed envelopes between them."""

from collections.abc import Callable
from itertools import count

import pytest

from tests.hotline.stand_ins import Disk, Identity, StandInPath, StandInSeals, founded, identity, needs_of
from tests.hotline.test_two_stations import draft
from tests.stand_ins import HandClock
from tidegate.app.hotline.composing import compose, give_signature
from tidegate.app.hotline.needs import Extras
from tidegate.app.hotline.relaying import Relaying
from tidegate.app.hotline.station import Station
from tidegate.hotline.delivery import Stage
from tidegate.model.messages import EnvelopeHeader, Wrap
from tidegate.model.organisations import Digest, Endpoint, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.hotline import Arrival, Outcome


class Party:
    def __init__(self, own: Identity, world: "ThreeParties") -> None:
        self.own, self.world, self.disk = own, world, Disk()
        self.disk.facts += [(world.clock.now_ms(), fact) for fact in founded(own, world.identities)]
        self.start()

    def start(self) -> None:
        self.needs = needs_of(
            self.own, self.world.identities, self.disk, self.world.seals, self.world.clock, self.world.nonce
        )
        self.path = StandInPath("https", self.send)
        self.relay = Relaying(self.needs, self.world.header)
        self.station = Station(self.needs, [self.path], Extras(relay=self.relay))
        self.station.start()

    def send(
        self,
        path: str,
        peer: OrganisationId,
        endpoint: Endpoint,
        envelopes: tuple[bytes, ...],
        ticket: int,
    ) -> bool:
        return self.world.carry(self, peer, endpoint, envelopes, ticket)

    def says(self, to: "Party", **changes: object) -> Digest:
        message, body, _ = compose(self.needs, draft(to.own.organisation, **changes))
        give_signature(self.needs, message, self.own.signed("desk one", body))
        return message

    def stage(self, message: Digest) -> Stage:
        sent = self.needs.state.find_sent(message)
        assert sent is not None
        return sent.copies[0].stage


class ThreeParties:
    """A net in which only some pairs reach each other."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.seals = StandInSeals()
        numbers = count()
        self.nonce: Callable[[], str] = lambda: f"{next(numbers):032x}"
        chloe = identity("chloe")
        by_chloe = [chloe.organisation]
        self.identities = [identity("anna", relays=by_chloe), identity("bahar", relays=by_chloe), chloe]
        self.reach = {("anna", "chloe"), ("bahar", "chloe")}
        self.anna, self.bahar, self.chloe = self.parties = [Party(one, self) for one in self.identities]

    def header(self, envelope: bytes) -> EnvelopeHeader:
        wraps = tuple(Wrap(to, "", b"") for to in self.seals.recipients(envelope))
        expires_at_s = self.clock.now_ms() // 1000 + 3600
        return EnvelopeHeader(suite="TG1", commitment=b"", wraps=wraps, expires_at_s=expires_at_s)

    def carry(
        self,
        sender: Party,
        peer: OrganisationId,
        endpoint: Endpoint,
        envelopes: tuple[bytes, ...],
        ticket: int,
    ) -> bool:
        other = next(party for party in self.parties if party.own.organisation == peer)
        pair = tuple(sorted((sender.own.name, other.own.name)))
        if pair not in self.reach:
            sender.path.told.append(Outcome("https", peer, endpoint, "no answer", 0, ticket))
            return True

        def answer(back: object) -> None:
            assert isinstance(back, list | tuple)
            sender.path.came.append(Arrival("https", peer, tuple(back), None))
            sender.path.told.append(Outcome("https", peer, endpoint, "", 20, ticket))

        other.path.came.append(Arrival("https", sender.own.organisation, envelopes, answer))
        return True

    def turns(self, rounds: int) -> None:
        for _ in range(rounds):
            for party in self.parties:
                party.station.turn()
            self.clock.at_ms += 500


@pytest.fixture
def world() -> ThreeParties:
    return ThreeParties()


@pytest.mark.parametrize("precedence", ["FLASH", "ROUTINE"])
def test_a_message_and_its_receipt_go_by_a_relay_where_nothing_else_is_left(
    world: ThreeParties, precedence: str
) -> None:
    message = world.anna.says(world.bahar, precedence=precedence)
    world.turns(80)
    assert world.bahar.needs.state.find_received(message) is not None
    assert world.anna.stage(message) is Stage.STORED
    assert world.chloe.needs.state.find_received(message) is None


def test_custody_is_shown_as_custody_and_never_as_delivery(world: ThreeParties) -> None:
    world.reach.discard(("bahar", "chloe"))
    message = world.anna.says(world.bahar)
    world.turns(20)
    assert world.anna.stage(message) is Stage.RELAYED
    assert [kept.recipient for kept in world.chloe.needs.state.kept.values()] == [
        world.bahar.own.organisation
    ]
    world.reach.add(("bahar", "chloe"))
    world.turns(80)
    assert world.anna.stage(message) is Stage.STORED
    assert world.bahar.needs.state.find_received(message) is not None


def test_custody_survives_the_relays_restart(world: ThreeParties) -> None:
    world.reach.discard(("bahar", "chloe"))
    message = world.anna.says(world.bahar)
    world.turns(20)
    world.reach.discard(("anna", "chloe"))
    world.chloe.start()
    world.reach.add(("bahar", "chloe"))
    world.turns(80)
    assert world.bahar.needs.state.find_received(message) is not None
    waiting = {kept.recipient for kept in world.chloe.needs.state.kept.values()}
    assert waiting == {world.anna.own.organisation}  # Bahar's receipt, for which Anna is out of reach


def test_what_is_over_is_let_go_with_its_bytes(world: ThreeParties) -> None:
    world.reach.discard(("bahar", "chloe"))
    world.anna.says(world.bahar)
    world.turns(20)
    (kept,) = world.chloe.needs.state.kept.values()
    assert world.chloe.needs.blobs.get(kept.envelope) is not None
    world.reach.discard(("anna", "chloe"))
    world.clock.at_ms = (kept.until_s + 1) * 1000
    world.turns(2)
    assert not world.chloe.needs.state.kept
    assert world.chloe.needs.blobs.get(kept.envelope) is None


def test_nothing_is_carried_for_strangers_or_to_them_or_out_of_our_own(world: ThreeParties) -> None:
    anna, bahar, chloe = (party.own for party in world.parties)
    stranger = identity("dana")
    seal = world.seals.seal
    for giver, envelope in [
        (stranger.organisation, seal(None, [bahar.card], 0, 0)),  # type: ignore[arg-type]
        (None, seal(None, [bahar.card], 0, 0)),  # type: ignore[arg-type]
        (anna.organisation, seal(None, [stranger.card], 0, 0)),  # type: ignore[arg-type]
        (anna.organisation, seal(None, [anna.card, chloe.card], 0, 0)),  # type: ignore[arg-type]
    ]:
        with pytest.raises(NotAllowed):
            world.chloe.relay.take(envelope, giver)
    message = world.chloe.says(world.bahar)
    world.chloe.station.turn()
    sent = world.chloe.needs.state.find_sent(message)
    assert sent is not None
    envelope = world.chloe.needs.blobs.get(sent.envelope)
    assert envelope is not None
    with pytest.raises(NotAllowed, match="one of our own"):
        world.chloe.relay.take(envelope, anna.organisation)
