"""The kernels of dependencies against their slow twin, on every small graph that Hypothesis thinks of."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.audit.small_graphs import Packed, graphs
from tests.naive import dependencies as naive
from tidegate.kernels.dependencies import NEVER, UNFOUNDED, fail_times, gains, losses_apart

own_times = st.dictionaries(st.integers(0, 8), st.sampled_from([UNFOUNDED, 0, 5, 300, 90_000]), max_size=4)
MOMENTS = np.array([0, 300, 86_400, 7_776_000], np.int32)


def packed_own(things: naive.Things, own: dict[int, int]) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array([own.get(one, NEVER) for one in range(len(things))], np.int32)


@settings(max_examples=200, deadline=None)
@given(graphs(), own_times)
def test_times_are_those_of_the_slow_twin(things: naive.Things, own: dict[int, int]) -> None:
    packed = Packed(things)
    found = fail_times(packed.needs, packed.circles, packed_own(things, own))
    assert found.tolist() == naive.fail_times(things, own)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.sets(st.integers(0, 8), max_size=3))
def test_without_time_what_works_is_what_can_be_built_up_from_nothing(
    things: naive.Things, lost: set[int]
) -> None:
    bare = [[naive.Group(group.members) for group in needs] for needs in things]
    packed = Packed(bare)
    found = fail_times(packed.needs, packed.circles, packed_own(bare, dict.fromkeys(lost, 0)))
    assert {one for one, time in enumerate(found) if time == NEVER} == naive.works_without(bare, lost)


@settings(max_examples=200, deadline=None)
@given(graphs(), own_times, st.integers(0, 8))
def test_one_more_loss_makes_nothing_last_longer(
    things: naive.Things, own: dict[int, int], more: int
) -> None:
    packed = Packed(things)
    before = fail_times(packed.needs, packed.circles, packed_own(things, own))
    after = fail_times(packed.needs, packed.circles, packed_own(things, own | {more: UNFOUNDED}))
    assert (after <= before).all()


@settings(max_examples=120, deadline=None)
@given(graphs(), own_times)
def test_losses_apart_are_what_each_loss_alone_does(things: naive.Things, own: dict[int, int]) -> None:
    packed, n = Packed(things), len(things)
    weight = np.arange(1, n + 1, dtype=np.int64)
    own_s = packed_own(things, own)
    times = fail_times(packed.needs, packed.circles, own_s)
    lost, count, stops, _ = losses_apart(
        np.arange(n + 1), np.arange(n, dtype=np.int32), MOMENTS, weight, packed.needs, packed.circles,
        packed.parents, own_s, times,
    )  # fmt: skip
    before = naive.fail_times(things, own)
    assert times.tolist() == before
    stopped = [0] * n
    for one in range(n):
        after = naive.fail_times(things, own | {one: 0})
        for moment, at_s in enumerate(MOMENTS.tolist()):
            gone = [other for other in range(n) if after[other] <= at_s < before[other]]
            assert count[one, moment] == len(gone)
            assert lost[one, moment] == sum(other + 1 for other in gone)
        for other in range(n):
            stopped[other] += after[other] <= MOMENTS[-1] < before[other]
    assert stops.tolist() == stopped


@settings(max_examples=120, deadline=None)
@given(graphs(), st.sets(st.integers(0, 8), min_size=1, max_size=4), st.integers(0, 8))
def test_gains_are_what_each_fix_saves_under_each_loss(
    things: naive.Things, losses: set[int], fix: int
) -> None:
    """Row `fix` is broken until it is mended."""
    packed, n = Packed(things), len(things)
    told = sorted({loss % n for loss in losses} - {fix % n})
    own = {fix % n: UNFOUNDED}
    own_s = packed_own(things, own)
    weight = np.stack((np.arange(1, n + 1), np.ones(n)), axis=1).astype(np.int64)
    saved, left = gains(
        np.arange(len(told) + 1), np.array(told, np.int32), np.array([fix % n], np.int32), 300, weight,
        packed.needs, packed.circles, packed.parents, own_s,
        fail_times(packed.needs, packed.circles, own_s),
    )  # fmt: skip
    without = naive.fail_times(things, own)
    expected_saved, expected_left = 0, 0
    for loss in told:
        broken, mended = (naive.fail_times(things, {loss: 0, **more}) for more in (own, {}))
        expected_left += sum(one + 1 for one in range(n) if broken[one] <= 300 < without[one])
        expected_saved += sum(
            one + 1 for one in range(n) if broken[one] <= 300 < min(mended[one], without[one])
        )
    assert left[0] == expected_left
    assert saved[0, 0] == expected_saved


def test_a_circle_of_two_that_hang_on_each_other_alone_never_worked() -> None:
    things = [[naive.Group((1,), holds=300)], [naive.Group((0,), holds=300)]]
    packed = Packed(things)
    assert fail_times(packed.needs, packed.circles, packed_own(things, {})).tolist() == [UNFOUNDED] * 2


def test_caches_do_not_keep_a_circle_up_that_lost_its_support() -> None:
    things = [
        [naive.Group((1,), holds=300)],
        [naive.Group((0, 2), holds=300)],
        [],
        [naive.Group((0,), holds=60)],
    ]
    packed = Packed(things)
    found = fail_times(packed.needs, packed.circles, packed_own(things, {2: 0}))
    assert found.tolist() == [300, 300, 0, 360]
