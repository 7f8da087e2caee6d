"""A country's report: every question asked of one world, in the order in which a planner asks them."""

from collections.abc import Callable

from tidegate.app.outlines import read_outlines
from tidegate.app.rehearsal_page import Report
from tidegate.model.scenarios import Alliance, CutCountry, Scenario
from tidegate.ports.topology import TopologyFiles
from tidegate.rehearse.advice import advise
from tidegate.rehearse.answers import answer
from tidegate.rehearse.borders import borders
from tidegate.rehearse.chokepoints import chokepoints
from tidegate.rehearse.dependencies import dependencies
from tidegate.rehearse.measuring import Ground
from tidegate.rehearse.scenarios import Places

LINKS_ADVISED = 5


def report_of(
    files: TopologyFiles,
    ground: Ground,
    country: str,
    services: tuple[tuple[str, int], ...],
    progress: Callable[[str], None],
) -> Report:
    """NotAllowed for a country that the world does not have; `progress` is told what comes next."""
    outlines, outlines_source = files.outlines()
    Places(ground.world).code(country)
    progress("Cutting")
    told = answer(ground, Scenario(f"cut {country}", (CutCountry(country),)), services)
    progress("Looking for chokepoints")
    *_, (_, _, worst) = chokepoints(ground, country)
    assert worst is not None
    progress("Following routes")
    crossed = dependencies(ground, country)
    progress("Trying new links")
    alone = Scenario("alone", (Alliance((country,)),))
    return Report(
        borders=next(one for one in borders(ground.world) if one.country == country),
        answer=told,
        chokepoints=worst,
        dependencies=crossed,
        advice=advise(ground, alone, [country], LINKS_ADVISED),
        networks=len(ground.world),
        links=len(ground.world.links),
        outlines=read_outlines(outlines),
        sources=(*ground.world.sources, outlines_source),
        notes=ground.world.notes,
    )
