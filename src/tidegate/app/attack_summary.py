"""What hit us in some days, by vector and border point: answered from counts, not from facts."""

from datetime import UTC, datetime
from functools import partial

import msgspec

from tidegate.app.attack_counts import DAY_MS, counts_anew
from tidegate.model.refusals import NotAllowed
from tidegate.ports.facts import ANY, AttackCount, FactStore
from tidegate.ports.outside import OutsideFailed


class AttackSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Attacks that ended, by the day (UTC) on which they were first seen.

    `vector` and `border_point` are None for all together. An attack with two vectors, or at two border
    points, counts under each of them. `bytes` is attack traffic, from estimated mean rates.
    """

    vector: str | None
    border_point: str | None
    attacks: int
    bytes: int
    peak_bits_per_s: int
    longest_s: int


def attack_summary(
    store: FactStore, from_ms: int, until_ms: int, *, by_vector: bool, by_border_point: bool, anew: bool
) -> list[AttackSummary]:
    """The most traffic first; `anew` counts the facts themselves, and not what was kept of them.

    NotAllowed unless both moments begin a day (UTC), one before the other. OutsideFailed when the store
    fails, or has facts that are not counted.
    """
    for moment_ms in (from_ms, until_ms):
        if moment_ms % DAY_MS:
            told = f"{datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d %H:%M}"
            raise NotAllowed(f"{told} is within a day; attacks are counted by whole days (UTC)")
    if from_ms >= until_ms:
        raise NotAllowed("the first day lies behind the last; --until names the day after the last")
    if not anew and store.counted() < store.head().size:
        raise OutsideFailed(
            "attacks on record are not counted yet", store.where, "Start the node once; it counts them."
        )
    count = partial(counts_anew, store) if anew else store.attack_counts
    counts = count(
        from_ms // DAY_MS, until_ms // DAY_MS, by_vector=by_vector, by_border_point=by_border_point
    )
    return [summary_of(count) for count in sorted(counts, key=lambda count: -count.kilobytes)]


def summary_of(count: AttackCount) -> AttackSummary:
    return AttackSummary(
        vector=None if count.vector == ANY else count.vector,
        border_point=None if count.border_point == ANY else count.border_point,
        attacks=count.attacks,
        bytes=count.kilobytes * 1000,
        peak_bits_per_s=count.peak_bits_per_s,
        longest_s=count.longest_s,
    )
