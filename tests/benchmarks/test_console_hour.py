"""An hour's questions are as many as it says, mixed, and what is called growth is growth."""

from collections import Counter

import pytest

from benchmarks.console_hour import (
    LOOKS,
    SCREENS,
    SCREENS_AN_HOUR,
    SITUATIONS_AN_HOUR,
    STREAMS_AN_HOUR,
    Grew,
    a_part_of_an_hour,
    looked,
)

MEGABYTE = 1_000_000


def test_an_hour_holds_every_question_so_often_and_a_part_of_it_is_like_the_whole() -> None:
    whole = Counter(a_part_of_an_hour(1))
    assert whole["/api/situation"] == SITUATIONS_AN_HOUR
    assert whole[""] == STREAMS_AN_HOUR
    assert sum(whole[path] for path in SCREENS) == SCREENS_AN_HOUR
    first, last = (Counter(part) for part in (a_part_of_an_hour(1)[:720], a_part_of_an_hour(1)[-720:]))
    for path in ("/api/situation", "", *SCREENS):
        assert first[path] == pytest.approx(whole[path] / 8, abs=2)
        assert last[path] == pytest.approx(whole[path] / 8, abs=2)


@pytest.mark.parametrize("mb_an_hour", [0, 6, -3])
def test_growth_is_an_hour_s_whatever_the_beginning_took(mb_an_hour: int) -> None:
    at = tuple(step / 12 for step in range(13))
    warm = tuple(5 * MEGABYTE if share < 1 / 4 else 20 * MEGABYTE for share in at)
    grew = Grew(
        at=at, bytes=tuple(size + mb_an_hour * MEGABYTE * share for share, size in zip(at, warm, strict=True))
    )
    assert grew.slope / MEGABYTE == pytest.approx(mb_an_hour, abs=1e-6)
    assert grew.thirds[0] == grew.bytes[0]
    assert grew.thirds[2] == grew.bytes[-1]


def test_memory_is_read_at_the_start_and_so_often_until_the_hour_is_over() -> None:
    gone = [0]

    def come() -> float:
        gone[0] += 1
        return gone[0] / 240

    (grew,) = looked({"what": lambda: gone[0]}, come, 1.0).values()
    assert len(grew.at) == LOOKS + 1
    assert (grew.bytes[0], grew.bytes[-1]) == (0, 240)
    assert grew.at == tuple(sorted(grew.at))
