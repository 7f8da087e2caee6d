"""A made-up world has the shape of the real one, and is the same for the same seed."""

import numpy as np
import pytest

from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import Relation
from tidegate.rehearse.joining import in_circles
from tidegate.rehearse.synthetic import CODES, synthetic_world
from tidegate.wire.world_file import encode_world


@pytest.mark.parametrize("networks", [50, 333, 3_000])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(networks: int) -> None:
    one = encode_world(synthetic_world(7, networks))
    assert encode_world(synthetic_world(7, networks)) == one
    assert encode_world(synthetic_world(8, networks)) != one


@pytest.mark.parametrize("seed, networks", [(1, 50), (2, 120), (3, 1_000), (4, 5_000)])
def test_a_made_up_world_has_a_top_customers_of_few_and_no_circle(seed: int, networks: int) -> None:
    world = synthetic_world(seed, networks)
    transit = world.links.relation == Relation.PROVIDER
    customers = np.bincount(world.links.first[transit], minlength=networks)
    providers = np.bincount(world.links.second[transit], minlength=networks)
    assert len(world) == networks
    assert not in_circles(world.links, networks).any()
    top = np.flatnonzero(providers == 0)
    ends = {
        frozenset(pair) for pair in zip(world.links.first.tolist(), world.links.second.tolist(), strict=True)
    }
    assert 3 <= len(top) <= 20
    assert all(frozenset((a, b)) in ends for a in top.tolist() for b in top.tolist() if a < b)
    assert customers.max() > 4 * customers[customers > 0].mean() or networks < 1_000
    assert (providers <= 4).all()
    assert set(world.countries) <= set(CODES)
    assert world.places.people.sum() > 1_000_000


def test_a_large_made_up_world_has_as_many_links_as_the_real_one() -> None:
    world = synthetic_world(1, 10_000)
    assert 6.0 < len(world.links) / len(world) < 8.5
    assert len(world.exchanges.names) >= len(world.countries)
    assert len(world.cables.names) > 20


@pytest.mark.parametrize("networks, countries", [(49, None), (200_001, None), (100, 41), (100, 1), (60, 20)])
def test_sizes_that_cannot_be_shaped_are_refused(networks: int, countries: int | None) -> None:
    with pytest.raises(NotAllowed):
        synthetic_world(1, networks, countries)
