"""A peer that brings too much is held back alone, and gets in again when time has passed."""

import pytest

from tests.hotline.test_two_stations import Party, TwoParties
from tidegate.app.hotline.admitting import Admission
from tidegate.app.hotline.desk import HotlineDesk
from tidegate.hotline.admission import MESSAGES_BURST_MAX, MESSAGES_PER_S_MAX
from tidegate.hotline.backoff import FLASH_MS_MAX
from tidegate.hotline.delivery import Stage
from tidegate.model.refusals import Full
from tidegate.ports.hotline_control import HotlineShown, ShowHotline


def test_one_peer_that_brings_too_much_holds_back_nobody_else() -> None:
    admission = Admission()
    for _ in range(MESSAGES_BURST_MAX):
        admission.admit("a", 1_000, 0)
    with pytest.raises(Full, match="brings more"):
        admission.admit("a", 1_000, 0)
    admission.admit("b", 1_000, 0)
    for _ in range(MESSAGES_PER_S_MAX):
        admission.admit("a", 1_000, 1_000)
    with pytest.raises(Full):
        admission.admit("a", 1_000, 1_000)


def test_a_peer_whose_messages_fill_its_room_is_stored_no_more_and_that_survives_a_restart() -> None:
    world = TwoParties()
    first = world.bahar.says()
    world.turns()
    taken = world.anna.needs.state.brought[world.bahar.own.organisation]
    assert taken > 0
    world.anna.start(peer_stored_bytes=taken)
    second = world.bahar.says(reference="XA-2")
    world.turns()
    assert world.bahar.stage(first) is Stage.STORED
    assert world.bahar.stage(second) is Stage.QUEUED, "its sender keeps it"
    assert world.anna.station.intake.refused[f"a peer's room on disk is full ({taken})"] > 0
    assert any("has filled" in finding for finding in board(world.anna).findings)


def test_receipts_of_a_peer_without_room_still_come_through() -> None:
    world = TwoParties()
    world.bahar.says()
    world.turns()
    world.anna.start(peer_stored_bytes=1)
    message = world.anna.says()
    world.turns()
    assert world.anna.stage(message) is Stage.STORED


def test_more_room_lets_in_what_its_sender_kept() -> None:
    world = TwoParties()
    world.anna.start(peer_stored_bytes=1)
    message = world.bahar.says()
    world.turns()
    assert world.bahar.stage(message) is Stage.QUEUED
    world.anna.start()
    world.clock.at_ms += FLASH_MS_MAX
    world.turns()
    assert world.bahar.stage(message) is Stage.STORED


def board(party: Party) -> HotlineShown:
    desk = HotlineDesk(party.needs, party.station, party.needs.now_s())
    shown = desk.answer(ShowHotline(), "somebody")
    assert isinstance(shown, HotlineShown)
    return shown
