"""What attacks amount to by day, vector and border point: counted from facts, and only from facts."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from msgspec.structs import replace

from tidegate.model.canonical import decode_record
from tidegate.model.facts import AttackEnded, Fact
from tidegate.ports.facts import ANY, AttackCount, FactStore, StoredFact

DAY_MS = 86_400_000
BITS_PER_KILOBYTE = 8_000

COUNTED_AT_ONCE_MAX = 4_096
"""Facts that one transaction counts when a store is behind; the next ones follow in the next."""


def counts_of(fact: Fact) -> tuple[AttackCount, ...]:
    """An attack counts once it has ended, on the day (UTC) on which it was first seen.

    It counts under each of its vectors and at each of its border points, and under ANY for "all together",
    so that an attack with two vectors is still one attack.
    """
    if not isinstance(fact, AttackEnded):
        return ()
    attack = fact.attack
    lasted_ms = max(0, attack.last_seen_ms - attack.first_seen_ms)
    by_vector = {rate.vector: rate.bits_per_s.estimate for rate in attack.vectors}
    rates = {**by_vector, ANY: attack.bits_per_s.estimate}
    return tuple(
        AttackCount(
            day=attack.first_seen_ms // DAY_MS,
            vector=vector,
            border_point=point,
            attacks=1,
            kilobytes=rates[vector] * lasted_ms // 1000 // BITS_PER_KILOBYTE,
            peak_bits_per_s=attack.peak_bits_per_s.estimate,
            longest_s=lasted_ms // 1000,
        )
        for vector, point in product(rates, (*attack.border_points, ANY))
    )


def merged(counts: Iterable[AttackCount]) -> tuple[AttackCount, ...]:
    """One count for each day, vector and border point."""
    sums: dict[tuple[int, str, str], AttackCount] = {}
    for count in counts:
        key = count.day, count.vector, count.border_point
        known = sums.get(key)
        sums[key] = count if known is None else together(known, count)
    return tuple(sums.values())


def together(one: AttackCount, other: AttackCount) -> AttackCount:
    return AttackCount(
        one.day,
        one.vector,
        one.border_point,
        one.attacks + other.attacks,
        one.kilobytes + other.kilobytes,
        max(one.peak_bits_per_s, other.peak_bits_per_s),
        max(one.longest_s, other.longest_s),
    )


def count_what_is_not(store: FactStore) -> None:
    """Count the facts that the store's counts do not hold yet: all of them, after a change of schema."""
    size = store.head().size
    begin = store.counted()
    while begin < size:
        end = min(begin + COUNTED_AT_ONCE_MAX, size)
        store.add_counts(begin, end, counts_between(store, begin, end))
        begin = end


def counts_anew(
    store: FactStore, first_day: int, end_day: int, *, by_vector: bool, by_border_point: bool
) -> list[AttackCount]:
    """What `FactStore.attack_counts` answers, from the facts themselves: each is read, which takes long."""
    every = counts_between(store, 0, store.head().size)
    wanted = (
        replace(count, day=first_day)
        for count in every
        if first_day <= count.day < end_day
        and (count.vector != ANY) == by_vector
        and (count.border_point != ANY) == by_border_point
    )
    return sorted(merged(wanted), key=lambda count: (count.vector, count.border_point))


def counts_between(store: FactStore, begin: int, end: int) -> Sequence[AttackCount]:
    """What the facts with begin <= number < end amount to, counted anew. Malformed for one that is none."""
    ended = (stored for stored in store.facts(begin, end) if stored.kind == AttackEnded.__name__)
    return merged(count for stored in ended for count in _counts_of_stored(stored))


def _counts_of_stored(stored: StoredFact) -> Iterator[AttackCount]:
    yield from counts_of(decode_record(stored.body).fact)
