"""The search for rules comes within a twentieth of the least harm there is."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.plans.attacks import made_scene
from benchmarks.plans.world import observed
from tests.naive import selection as naive
from tidegate.mitigate.planner import CHOOSING, weighed
from tidegate.mitigate.sample import told_apart
from tidegate.mitigate.selection import Choice, choose, excess_of, harm
from tidegate.mitigate.settings import PlanSettings

NEAR = 1.05


def made_choice(seed: int, rules: int = 10, groups: int = 24, points: int = 2) -> Choice:
    """Rules that overlap at random, of which some let a part pass; limits, budgets and twins included."""
    rng = np.random.default_rng(seed)
    meets = rng.random((rules, groups)) < rng.uniform(0.1, 0.5)
    attack = rng.exponential(1.0, groups) * (rng.random(groups) < 0.6)
    load_share = rng.uniform(0.1, 0.9)
    point = rng.integers(-1, points, groups)
    return Choice(
        meets=meets & (point >= 0),
        through=np.repeat(rng.choice([0.0, 0.05, 0.3], rules)[:, None], groups, axis=1),
        rank=rng.permutation(rules),
        twin=np.arange(rules) // 2 if rng.random() < 0.3 else np.arange(rules),
        cost=rng.uniform(0.0, 0.05, rules),
        held=rng.random((rules, points)) < 0.8,
        attack=attack,
        other=rng.exponential(0.1, groups),
        point=point,
        to_target=rng.random(groups) < 0.8,
        hold=np.full(points, attack.sum() / points * load_share),
        link=np.array([np.inf, attack.sum() / 4])[:points],
        hold_harm=float(rng.choice([0.1, 0.5])),
        link_harm=10.0,
        budget=rng.integers(1, 9, points),
        rules_max=int(rng.integers(1, 9)),
    )


def allowed(choice: Choice, chosen: tuple[int, ...]) -> bool:
    twins = choice.twin[list(chosen)]
    return (
        len(chosen) <= choice.rules_max
        and len(set(twins.tolist())) == len(chosen)
        and bool((choice.held[list(chosen)].sum(axis=0) <= choice.budget).all())
    )


@pytest.mark.parametrize("seed", range(60))
def test_the_search_is_near_the_exact_optimum(seed: int) -> None:
    choice = made_choice(seed)
    chosen = choose(choice)
    assert allowed(choice, chosen)
    assert harm(choice, chosen) <= NEAR * naive.least_harm(choice) + 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_the_search_is_near_the_optimum_over_attacks_as_they_are_sampled(seed: int) -> None:
    scene = replace(made_scene(seed), flows_per_s=500, sampling=1000, bits_per_s=3e8)
    evidence = observed(scene, np.random.default_rng(seed))
    choice = first_rules(weighed(evidence, told_apart(evidence).half(CHOOSING), PlanSettings()).choice, 20)
    assert harm(choice, choose(choice)) <= NEAR * naive.least_harm(choice) + 1e-9


def first_rules(choice: Choice, count: int) -> Choice:
    """The same with the first so many rules only: an instance that the oracle solves in time."""
    first = {name: getattr(choice, name)[:count] for name in ("meets", "through", "twin", "cost", "held")}
    return replace(choice, **first, rank=np.argsort(np.argsort(choice.rank[:count])))


@pytest.mark.parametrize("seed", range(40))
def test_the_harm_is_that_of_the_first_rule_that_meets_each_group(seed: int) -> None:
    choice = made_choice(seed)
    rng = np.random.default_rng(seed)
    for _ in range(10):
        chosen = tuple(np.flatnonzero(rng.random(len(choice.rank)) < 0.4).tolist())
        assert harm(choice, chosen) == pytest.approx(naive.harm(choice, chosen))


def test_two_rules_that_help_only_together_are_found() -> None:
    """Either half alone leaves the harm; a rule that takes everything is what one-by-one search finds."""
    ones = np.ones(4, np.bool_)
    choice = Choice(
        meets=np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 1, 0, 0]], np.bool_),
        through=np.zeros((3, 4)),
        rank=np.array([2, 0, 1]),
        twin=np.arange(3),
        cost=np.full(3, 0.01),
        held=np.ones((3, 1), np.bool_),
        attack=np.array([10.0, 10.0, 0.0, 0.0]),
        other=np.array([0.0, 0.0, 0.5, 0.5]),
        point=np.zeros(4, np.int64),
        to_target=ones,
        hold=np.array([2.0]),
        link=np.array([np.inf]),
        hold_harm=0.1,
        link_harm=10.0,
        budget=np.array([8]),
        rules_max=8,
    )
    assert choose(choice) == (1, 2)
    assert [float(one[0]) for one in excess_of(choice, (1, 2))] == [0.0, 0.0]


def test_nothing_is_chosen_where_every_rule_harms_more_than_it_helps() -> None:
    choice = made_choice(1)
    assert choose(replace(choice, hold=choice.hold * 1e6, link=choice.hold * 1e6)) == ()
