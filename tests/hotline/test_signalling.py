"""Each side's keys for datagrams reach the other in time, outlive a restart, and are replaced in time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.hotline.stand_ins import Disk, Identity, StandInSeals, founded, identity, needs_of
from tests.stand_ins import HandClock
from tidegate.adapters.hotline.signal_keys import FILE_NAME, SignalKeysInFile
from tidegate.app.hotline.signalling import AGAIN_S, KEY_S, Signalling
from tidegate.model.messages import SignedSignalKey
from tidegate.model.organisations import Card, Endpoint, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.ports.hotline import Arrival, Outcome


class KeysTold:
    """A path of which only the keys that it was told are seen."""

    name = "udp"

    def __init__(self) -> None:
        self.receive: Mapping[OrganisationId, Sequence[bytes]] = {}
        self.send: Mapping[OrganisationId, bytes] = {}

    def use_keys(
        self, receive: Mapping[OrganisationId, Sequence[bytes]], send: Mapping[OrganisationId, bytes]
    ) -> None:
        self.receive, self.send = receive, send

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def know(self, own: Card, peers: Sequence[Card]) -> None: ...
    def takes(self, envelopes: Sequence[bytes]) -> int:
        return 0

    def offer(self, peer: OrganisationId, endpoint: Endpoint, envelopes: Sequence[bytes]) -> bool:
        return False

    def say(self, peer: OrganisationId, endpoint: Endpoint, word: bytes) -> bool:
        return False

    def words(self) -> Sequence[tuple[OrganisationId, bytes]]:
        return ()

    def outcomes(self) -> Sequence[Outcome]:
        return ()

    def arrivals(self) -> Sequence[Arrival]:
        return ()


class Side:
    def __init__(self, own: Identity, world: "World", folder: Path) -> None:
        self.own, self.world, self.folder = own, world, folder
        folder.mkdir()
        disk = Disk()
        disk.facts += [(0, fact) for fact in founded(own, world.identities)]
        self.needs = needs_of(own, world.identities, disk, world.seals, world.clock, str)
        self.start()

    def start(self) -> None:
        self.path = KeysTold()
        self.signalling = Signalling(self.needs, self.path, SignalKeysInFile(self.folder))

    def give(self) -> list[SignedSignalKey]:
        """What it gives the other side now."""
        given = []
        for peer, envelope in self.signalling.turn(self.world.now_s):
            value = self.world.seals.open(envelope, peer)
            assert isinstance(value, SignedSignalKey)
            given.append(value)
        return given


class World:
    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.seals = StandInSeals()
        self.identities = [identity("anna"), identity("bahar")]
        self.anna, self.bahar = (Side(one, self, folder / one.name) for one in self.identities)

    @property
    def now_s(self) -> int:
        return self.clock.now_ms() // 1000

    def pass_s(self, seconds: int) -> None:
        self.clock.at_ms += seconds * 1000

    def exchange(self) -> None:
        for giver, taker in ((self.anna, self.bahar), (self.bahar, self.anna)):
            for signed in giver.give():
                taker.signalling.heard(signed, self.now_s)

    def agree(self) -> bool:
        """Whether each side sends under a key that the other opens."""
        anna, bahar = self.anna.own.organisation, self.bahar.own.organisation
        sent = self.anna.path.send.get(bahar), self.bahar.path.send.get(anna)
        opened = self.bahar.path.receive.get(anna, ()), self.anna.path.receive.get(bahar, ())
        return all(key in keys for key, keys in zip(sent, opened, strict=True))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_both_sides_have_keys_after_one_exchange_and_each_its_own(world: World) -> None:
    world.exchange()
    assert world.agree()
    assert set(world.anna.path.send.values()) != set(world.bahar.path.send.values())


def test_keys_outlive_a_restart_and_are_for_their_owner_alone(world: World) -> None:
    world.exchange()
    before = world.anna.path.send
    world.anna.start()
    list(world.anna.signalling.turn(world.now_s))
    assert world.anna.path.send == before
    assert world.agree()
    assert (world.anna.folder / FILE_NAME).stat().st_mode & 0o077 == 0


def test_a_lost_key_is_given_again_and_new_ones_come_before_old_ones_end(world: World) -> None:
    assert len(world.anna.give()) == 1
    assert world.anna.give() == []
    world.pass_s(AGAIN_S)
    world.exchange()
    lost: list[bytes] = []
    for _ in range(60):
        world.pass_s(KEY_S // 20)
        world.exchange()
        assert world.agree()
        lost += world.anna.path.send.values()
    assert len(set(lost)) >= 5


def test_a_side_that_heard_nothing_for_a_while_is_still_understood(world: World) -> None:
    world.exchange()
    for _ in range(9):
        world.pass_s(KEY_S // 10)
        world.anna.give()
        assert world.bahar.path.send[world.anna.own.organisation] in set(
            world.anna.path.receive[world.bahar.own.organisation]
        )


def test_a_key_that_is_played_again_or_forged_or_for_another_changes_nothing(world: World) -> None:
    (first,) = world.anna.give()
    world.bahar.signalling.heard(first, world.now_s)
    world.pass_s(KEY_S // 2 + 1)
    (second,) = world.anna.give()
    world.bahar.signalling.heard(second, world.now_s)
    newest = dict(world.bahar.path.send)
    world.bahar.signalling.heard(first, world.now_s)
    assert world.bahar.path.send == newest
    for wrong in (
        SignedSignalKey(signal_key=second.signal_key, signature=first.signature),
        world.bahar.give()[0],
    ):
        with pytest.raises(NotAllowed):
            world.bahar.signalling.heard(wrong, world.now_s)
    assert world.bahar.path.send == newest
