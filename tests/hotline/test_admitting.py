"""A peer that brings too much is held back alone, and gets in again when time has passed."""

import pytest

from tidegate.app.hotline.admitting import Admission
from tidegate.hotline.admission import MESSAGES_BURST_MAX, MESSAGES_PER_S_MAX, PEER_STORED_BYTES_MAX
from tidegate.model.refusals import Full


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


def test_a_peer_that_has_filled_its_room_is_told_so() -> None:
    admission = Admission()
    size, now_ms = 8 << 20, 0
    for _ in range(PEER_STORED_BYTES_MAX // size):
        admission.admit("a", size, now_ms)
        now_ms += 2_000
    with pytest.raises(Full, match="room"):
        admission.admit("a", size, now_ms)
