"""Which open attack a new pick belongs to, without asking each one."""

from collections.abc import Iterable

from tidegate.detect.open_attack import OpenAttack, Target
from tidegate.detect.targets import around, wider


class Whereabouts:
    """The open attacks by the places that their targets touch; of several, the oldest counts.

    A pick belongs to an attack that has the same object, an overlapping prefix, or a sibling of the same
    length and parent under the same vector.
    """

    def __init__(self, attacks: Iterable[OpenAttack]) -> None:
        self._exact: dict[Target, OpenAttack] = {}
        self._around: dict[Target, OpenAttack] = {}
        self._siblings: dict[tuple[object, ...], OpenAttack] = {}
        for attack in attacks:
            self.add(attack)

    def add(self, attack: OpenAttack) -> None:
        """Note an attack's targets, also new ones of an attack that is known."""
        for target, vector in attack.parts:
            self._keep(self._exact, target, attack)
            if isinstance(target, int):
                continue
            for outer in around(target):
                self._keep(self._around, outer, attack)
            parent = wider(target)
            if parent is not None:
                mark = (parent, target.length, vector)
                if mark not in self._siblings or attack.number < self._siblings[mark].number:
                    self._siblings[mark] = attack

    def _keep(self, places: dict[Target, OpenAttack], place: Target, attack: OpenAttack) -> None:
        if place not in places or attack.number < places[place].number:
            places[place] = attack

    def of(self, wanted: Iterable[tuple[Target, int]]) -> OpenAttack | None:
        """The oldest attack that any of these (target, vector) belongs to."""
        found: list[OpenAttack | None] = []
        for target, vector in wanted:
            found.append(self._exact.get(target))
            if isinstance(target, int):
                continue
            found.append(self._around.get(target))
            found += [self._exact.get(outer) for outer in around(target)]
            found.append(self._siblings.get((wider(target), target.length, vector)))
        return min((attack for attack in found if attack is not None), key=lambda a: a.number, default=None)
