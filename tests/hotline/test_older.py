"""What is no longer at hand is read from the store, and is what it was: the state and the store are twins."""

from dataclasses import replace
from typing import Any

import pytest

from tests.hotline.stand_ins import Disk, DiskBlobs, founded
from tests.hotline.test_two_stations import Party, TwoParties
from tests.stores import MemoryStore
from tidegate.app.hotline.desk import HotlineDesk
from tidegate.app.hotline.older import Older
from tidegate.app.hotline.recording import NodeRecord
from tidegate.app.hotline.station import Station
from tidegate.app.node import Node
from tidegate.hotline import stepping
from tidegate.hotline.delivery import Stage
from tidegate.model.organisations import Digest
from tidegate.model.value_bytes import digest_of
from tidegate.ports.control import Refused
from tidegate.ports.hotline_control import (
    Exported,
    ExportEnvelopes,
    Inbox,
    ListInbox,
    ListOutbox,
    MessageShown,
    Outbox,
    ShowMessage,
)


class StoreBlobs(DiskBlobs):
    """What a store keeps beside its facts, and the disk."""

    def __init__(self, disk: Disk, store: MemoryStore) -> None:
        super().__init__(disk)
        self._store = store

    def get(self, digest: Digest) -> bytes | None:
        kept = (body for body in self._store.blobs if digest_of(body) == digest)
        return super().get(digest) or next(kept, None)


class Kept(TwoParties):
    """Two stations whose records are those of nodes, on stores."""

    def __init__(self) -> None:
        super().__init__()
        self.stores: dict[str, MemoryStore] = {}
        for party in (self.anna, self.bahar):
            store = self.stores[party.own.name] = MemoryStore()
            blobs = StoreBlobs(party.disk, store)
            node = Node.open(store, (), self.clock)
            node.store(*founded(party.own, self.identities))
            party.needs = replace(party.needs, record=NodeRecord(node), archive=store, blobs=blobs)
            party.station = Station(party.needs, list(party.paths.values()))

    def older(self, party: Party) -> Older:
        return Older(party.needs, self.stores[party.own.name])

    def desk(self, party: Party) -> HotlineDesk:
        return HotlineDesk(party.needs, party.station, 0)

    def asked(self, party: Party, request: object) -> Any:
        return self.desk(party).answer(request, "somebody")


def a_busy_day(world: Kept) -> list[str]:
    """Delivered, opened, answered, late, recalled, expired, refused for want of signatures, and checks."""
    said = [world.anna.says(reference=f"XA-{number}") for number in range(5)]
    world.turns()
    world.bahar.says(form="receipt", answers=said[0])
    world.bahar.says(form="clarification-reply", answers=said[1])
    said.append(world.anna.says(form="clarification-request", reference="XA-asks"))
    world.turns()
    world.whole = False
    now_s = world.anna.needs.now_s()
    said.append(world.anna.says(reference="XA-short", expires_at_s=now_s + 60))
    said.append(world.anna.says(reference="XA-late"))
    world.turns()
    for _ in range(40):
        world.clock.at_ms += 600_000
        world.turns(1)
    world.whole = True
    world.clock.at_ms += 60_000
    world.turns(8)
    return said


def test_the_store_tells_of_each_message_what_the_state_does() -> None:
    world = Kept()
    said = a_busy_day(world)
    state, older = world.anna.needs.state, world.older(world.anna)
    stages = set()
    for message in said:
        assert older.sent(message) == state.find_sent(message)
        stages |= {copy.stage for copy in older.sent(message).copies}  # type: ignore[union-attr]
        assert older.received(message) is None
    assert stages >= {Stage.STORED, Stage.OPENED, Stage.ANSWERED, Stage.EXPIRED}
    there, theirs = world.bahar.needs.state, world.older(world.bahar)
    came = [message for message in said if there.find_received(message) is not None]
    assert len(came) >= 7
    for message in came:
        assert theirs.received(message) == there.find_received(message)
        assert theirs.sent(message) is None


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that has two messages of each kind at hand."""
    for name in ("SETTLED_MAX", "READ_MAX"):
        monkeypatch.setattr(stepping, name, 2)


@pytest.mark.usefixtures("forgetful")
def test_every_message_is_listed_page_by_page_newest_first_though_few_are_at_hand() -> None:
    world = Kept()
    said = [world.anna.says(form="receipt", reference=f"XA-{number}") for number in range(9)]
    world.turns(8)
    assert len(world.anna.needs.state.settled) == 2
    assert len(world.bahar.needs.state.read) == 2
    for party, request, kind in ((world.anna, ListOutbox, Outbox), (world.bahar, ListInbox, Inbox)):
        listed: list[str] = []
        before: int | None = None
        for _ in range(4):
            page = world.asked(party, request(False, 4, before))
            assert isinstance(page, kind)
            listed += [one.about.message for one in page.messages]
            before = page.older
            if before is None:
                break
        assert listed == said[::-1]


@pytest.mark.usefixtures("forgetful")
def test_an_old_message_is_read_and_handed_on_by_its_digits() -> None:
    world = Kept()
    said = [world.anna.says(form="receipt", reference=f"XA-{number}") for number in range(9)]
    world.turns(8)
    oldest = said[0]
    assert world.anna.needs.state.find_sent(oldest) is None
    for named in (oldest, oldest[:12]):
        shown = world.asked(world.anna, ShowMessage(named))
        assert isinstance(shown, MessageShown)
        assert shown.sent is not None
        assert (shown.sent.about.reference, shown.sent.stage) == ("XA-0", "stored")
    shown = world.asked(world.bahar, ShowMessage(oldest[:12]))
    assert shown.received.about.message == oldest
    handed = world.asked(world.anna, ExportEnvelopes(world.bahar.own.organisation, (oldest,)))
    assert isinstance(handed, Exported)
    assert handed.messages == 1
    for nobody in ("XA-0", "f" * 64, "not digits"):
        assert isinstance(world.asked(world.anna, ShowMessage(nobody)), Refused)
