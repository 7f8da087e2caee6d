"""What an accord's file would ask of its parties over years: a made-up life, reckoned as a real one."""

from collections import Counter

import msgspec

from tidegate.accord.changes import by_number
from tidegate.accord.lint import refuse_mistaken
from tidegate.accord.reckoning import Force, Reckoning, Standing
from tidegate.accord.simulation import YEARS_MAX, Habits, simulated
from tidegate.accord.stages import Stage
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import decode_accord

__all__ = ["Habits", "Simulation", "simulate"]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation over all years and pairs of parties; `a_year` is what one party does for it in a year,
    in hundredths."""

    article: str
    obligation: str
    owner: str
    came_due: int
    met: int
    late: int
    still_due: int
    a_year_hundredths: int


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """`by_level` is what one party's officers of a level do in a year, in hundredths."""

    accord: str
    years: int
    parties: int
    told: int
    loads: tuple[Load, ...]
    by_level: dict[str, int]


def simulate(written: bytes, begin: str, years: int, habits: Habits, seed: int) -> Simulation:
    """NotAllowed for a mistaken file, or more years than YEARS_MAX."""
    if not 1 <= years <= YEARS_MAX:
        raise NotAllowed(f"between 1 and {YEARS_MAX} years, not {years}")
    accord = decode_accord(written)
    refuse_mistaken(accord)
    begin_s, until_s, told = simulated(accord, begin, years, habits, seed)
    reckoning = Reckoning(accord, Force(begin_s))
    for one in told:
        reckoning.hear(one)
    acts = len(accord.party) * years
    found: dict[str, list[Standing]] = {one.id: [] for one in accord.obligation}
    for instance in reckoning.standing(until_s - 1):
        found[instance.obligation.id].append(instance)
    loads = [
        load(known.article, known.id, known.owner, found[known.id], acts)
        for known in sorted(accord.obligation, key=lambda known: by_number(known.article))
    ]
    by_level: Counter[str] = Counter()
    for known in loads:
        by_level[known.owner] += known.a_year_hundredths
    return Simulation(
        accord=accord.id,
        years=years,
        parties=len(accord.party),
        told=len(told),
        loads=tuple(loads),
        by_level=dict(by_level),
    )


def load(article: str, obligation: str, owner: str, found: list[Standing], acts: int) -> Load:
    stages = Counter(one.stage for one in found)
    return Load(
        article=article,
        obligation=obligation,
        owner=owner,
        came_due=len(found) - stages[Stage.NOT_DUE],
        met=stages[Stage.MET],
        late=stages[Stage.LATE],
        still_due=stages[Stage.DUE],
        a_year_hundredths=100 * (len(found) - stages[Stage.NOT_DUE]) // acts,
    )
