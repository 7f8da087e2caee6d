"""The year's benchmark records what it says it records, and its attacks are such as a ledger may hold."""

import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.year import (
    BEGIN_MS,
    BETWEEN_CHECKPOINTS,
    BURST,
    BURSTS_A_YEAR,
    YEAR_MS,
    Year,
    bytes_on_disk,
    far_from_a_checkpoint,
    live_through,
    main,
)
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.attack_counts import counts_anew
from tidegate.app.ledger_check import verify_ledger
from tidegate.app.places import DATABASE_NAME
from tidegate.model.facts import AttackDetected, AttackEnded


def test_a_burst_is_a_thousand_attacks_that_begin_within_a_second_and_end() -> None:
    began, ended = Year(random.Random(1)).burst(BEGIN_MS)
    detected = [fact.attack for fact in began if isinstance(fact, AttackDetected)]
    over = [fact.attack for fact in ended if isinstance(fact, AttackEnded)]
    assert (
        [attack.number for attack in detected] == [attack.number for attack in over] == [*range(1, BURST + 1)]
    )
    assert all(BEGIN_MS <= attack.first_seen_ms < BEGIN_MS + 1000 for attack in detected)
    for attack in (*detected, *over):
        assert attack.first_seen_ms <= attack.last_seen_ms
        for rate in (attack.bits_per_s, attack.packets_per_s, *(one.bits_per_s for one in attack.vectors)):
            assert 0 < rate.low <= rate.estimate <= rate.high


def test_two_bursts_are_recorded_whole_over_the_year(tmp_path: Path) -> None:
    recording, since_checkpoint = live_through(tmp_path, 2, seed=1)
    assert recording.facts == 4 * BURST
    assert since_checkpoint == recording.facts % BETWEEN_CHECKPOINTS
    on_disk, of_counts = bytes_on_disk(tmp_path)
    assert 0 < recording.half[1] <= on_disk - of_counts
    stores = SqlStores(f"sqlite:///{tmp_path / DATABASE_NAME}", "refuse")
    try:
        assert stores.facts.head().size == recording.facts
        assert stores.facts.pending_effects(-1, 10) == []
        assert verify_ledger(stores.facts).intact
        first, end = BEGIN_MS // 86_400_000, (BEGIN_MS + YEAR_MS) // 86_400_000
        days = {"by_vector": True, "by_border_point": True}
        assert stores.facts.attack_counts(first, end, **days) == counts_anew(stores.facts, first, end, **days)
        (whole,) = stores.facts.attack_counts(first, end, by_vector=False, by_border_point=False)
        assert whole.attacks == 2 * BURST
    finally:
        stores.close()


@pytest.mark.parametrize("bursts", [1, 2, 20, 330, BURSTS_A_YEAR])
def test_opening_again_is_measured_far_from_a_checkpoint(bursts: int) -> None:
    chosen = far_from_a_checkpoint(bursts)
    assert bursts <= chosen < bursts + 9
    assert chosen * 2 * BURST % BETWEEN_CHECKPOINTS > BETWEEN_CHECKPOINTS // 2


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["--bursts", "1", "--folder", str(tmp_path)])
    assert isinstance(ended.exception, FileExistsError)
