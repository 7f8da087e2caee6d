"""Which open attack new picks belong to: their targets as places, joined by the rules of detect.targets."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tidegate.detect.joining import Place, join
from tidegate.detect.open_attack import OpenAttack
from tidegate.detect.picking import Pick
from tidegate.model.addresses import Prefix

RECENT_SECONDS = 5
"""What an open attack's targets receive is taken over so many seconds."""


def gather(picks: Sequence[Pick], attacks: Sequence[OpenAttack]) -> list[tuple[int | None, list[Pick]]]:
    """The picks by attack: an open one's number, or None for a new attack. Objects stand for themselves."""
    if not picks:
        return []
    by_prefix: dict[Prefix, list[Pick]] = defaultdict(list)
    by_object: dict[int, list[Pick]] = defaultdict(list)
    for pick in picks:
        if isinstance(pick.target, Prefix):
            by_prefix[pick.target].append(pick)
        else:
            by_object[pick.target].append(pick)
    places = [_place(prefix, own) for prefix, own in by_prefix.items()]
    joined = join(places, [place for attack in attacks for place in _places(attack)])
    found: list[tuple[int | None, list[Pick]]] = [
        (one.attack, [pick for place in one.places for pick in by_prefix[place.prefix]]) for one in joined
    ]
    for number, own in by_object.items():
        homes = [attack.number for attack in attacks if number in attack.targets()]
        found.append((min(homes, default=None), own))
    return found


def _place(prefix: Prefix, picks: Iterable[Pick]) -> Place:
    picks = list(picks)
    return Place(
        prefix,
        {pick.vector: (pick.bits, pick.packets) for pick in picks},
        min(pick.first_second for pick in picks),
    )


def _places(attack: OpenAttack) -> list[Place]:
    vectors: dict[Prefix, dict[int, tuple[float, float]]] = defaultdict(dict)
    first: dict[Prefix, int] = {}
    for (target, vector), part in attack.parts.items():
        if isinstance(target, Prefix):
            received = part.over(part.newest, RECENT_SECONDS)
            vectors[target][vector] = (
                float(received[0]) * 8 / RECENT_SECONDS,
                float(received[1]) / RECENT_SECONDS,
            )
            first[target] = min(first.get(target, part.first_second), part.first_second)
    return [Place(prefix, own, first[prefix], attack.number) for prefix, own in vectors.items()]
