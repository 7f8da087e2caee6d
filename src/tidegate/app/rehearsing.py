"""What the doors ask of rehearsals, under one name: worlds measured, scenarios answered, sweeps, advice.

Importing it loads the kernels of rehearsals; only commands that rehearse do.
"""

from pathlib import Path
from types import ModuleType

from tidegate.app.answers_kept import Compared, Kept, compare_answers
from tidegate.app.rehearsal import open_world, read_scenario, read_services
from tidegate.app.rehearsal_page import page
from tidegate.app.reporting import report_of
from tidegate.kernels import adjacency, quotient, reach, routes
from tidegate.kernels.jit import kept
from tidegate.rehearse.advice import Advice, Candidates, advise
from tidegate.rehearse.advice_table import Kind
from tidegate.rehearse.alliances import PEOPLE_WANTED, Allied, Coalitions, allied, coalitions
from tidegate.rehearse.answers import Answer, Bounds, Change, Counted, Country, answer
from tidegate.rehearse.borders import Borders, borders
from tidegate.rehearse.chokepoints import Chokepoint, Chokepoints, chokepoints
from tidegate.rehearse.dependencies import Crossed, Dependencies, dependencies
from tidegate.rehearse.measuring import Ground, ground_of
from tidegate.rehearse.sweeps import Loss, Losses, countries, networks, pairs, random_sets
from tidegate.rehearse.throttling import Throttled, throttled

__all__ = [
    "PEOPLE_WANTED",
    "Advice",
    "Allied",
    "Answer",
    "Borders",
    "Bounds",
    "Candidates",
    "Change",
    "Chokepoint",
    "Chokepoints",
    "Coalitions",
    "Compared",
    "Counted",
    "Country",
    "Crossed",
    "Dependencies",
    "Ground",
    "Kept",
    "Kind",
    "Loss",
    "Losses",
    "Throttled",
    "advise",
    "allied",
    "answer",
    "borders",
    "chokepoints",
    "coalitions",
    "compare_answers",
    "compiles_first",
    "countries",
    "dependencies",
    "ground_of",
    "networks",
    "open_world",
    "page",
    "pairs",
    "random_sets",
    "read_scenario",
    "read_services",
    "report_of",
    "throttled",
]

_REACH: tuple[ModuleType, ...] = adjacency, quotient, reach


def compiles_first(*, with_routes: bool = False) -> bool:
    """Whether reach, or routes too, must be compiled before they are computed: on a first start they must."""
    modules = (*_REACH, routes) if with_routes else _REACH
    return not all(kept(Path(str(module.__file__))) for module in modules)
