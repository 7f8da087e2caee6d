"""Which attack a plan is for, and whether another one goes to the same targets."""

from collections.abc import Sequence
from functools import lru_cache

from tidegate.app.state import State
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack

PARSED_MAX = 16_384
"""Prefixes of targets that are remembered as read; beyond it the one used least lately is read again."""


def attack_of(state: State, number: int) -> Attack | None:
    """As last recorded, open or ended."""
    ended = (attack for attack in reversed(state.ended_attacks) if attack.number == number)
    return state.open_attacks.get(number) or next(ended, None)


def is_hit(targets: Sequence[str], attack: Attack) -> bool:
    """Whether the attack goes to one of the targets, to a part of it or to a network around it."""
    hits = [parsed(target) for target in attack.targets]
    return any(one.covers(hit) or hit.covers(one) for one in map(parsed, targets) for hit in hits)


@lru_cache(PARSED_MAX)
def parsed(prefix: str) -> Prefix:
    return Prefix.parse(prefix)
