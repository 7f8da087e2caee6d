"""What-if for negotiators: what was told in a time, under the accord as it is and under a draft."""

from collections.abc import Sequence

import msgspec

from tidegate.accord.reckoning import Force, Standing, standing
from tidegate.accord.stages import Stage
from tidegate.model.accords import Accord, Told


class Change(msgspec.Struct, frozen=True):
    """One instance that stands otherwise under the draft; None where only one of the two knows it."""

    name: str
    now: Stage | None
    draft: Stage | None
    now_due_s: int | None
    draft_due_s: int | None


def compare(accord: Accord, draft: Accord, force: Force, told: Sequence[Told], now_s: int) -> list[Change]:
    """Every instance that ends up at another stage, in the order of names."""
    present, proposed = by_name(accord, force, told, now_s), by_name(draft, force, told, now_s)
    changes = [
        change(name, present.get(name), proposed.get(name)) for name in present.keys() | proposed.keys()
    ]
    return sorted((one for one in changes if one.now != one.draft), key=lambda one: one.name)


def by_name(accord: Accord, force: Force, told: Sequence[Told], now_s: int) -> dict[str, Standing]:
    return {one.name: one for one in standing(accord, force, told, now_s)}


def change(name: str, present: Standing | None, proposed: Standing | None) -> Change:
    return Change(
        name,
        present.stage if present else None,
        proposed.stage if proposed else None,
        present.due_s if present else None,
        proposed.due_s if proposed else None,
    )
