"""`tidegate audit what-if`: what stops when something is lost, at once, within a day, by the next renewal."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.audit.options import audit_option, home_option, opened
from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json
from tidegate.cli.rehearse_options import world_option

if TYPE_CHECKING:
    from tidegate.app.audit.asking import Audit
    from tidegate.app.parts import Parts
    from tidegate.model.audit_events import Event, WhatIf


@click.command()
@click.option("--withdraw", "providers", multiple=True, metavar="PROVIDER", help="It serves no longer.")
@click.option(
    "--from", "from_", metavar="COUNTRY", help="Whom providers serve no longer; the services' own country."
)
@click.option("--withdraw-country", "laws", multiple=True, metavar="COUNTRY", help="All its providers do so.")
@click.option("--lose", "places", multiple=True, metavar="COUNTRY", help="What stands there is out of reach.")
@click.option("--cut-off", is_flag=True, help="The services' country loses all its foreign links.")
@click.option("--stop-authority", "authorities", multiple=True, metavar="NAME", help="It issues no more.")
@click.option("--expire", "zones", multiple=True, metavar="ZONE", help="It is no longer delegated.")
@click.option("--stop", "things", multiple=True, metavar="NAME", help="A host, address or thing stops.")
@click.option(
    "--scenario", type=click.Path(path_type=Path), metavar="FILE", help="Of `rehearse`, or a list of events."
)
@click.option("--limit", default=20, show_default=True, help="Services shown, those hit worst first.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="All services as a table, too.")
@world_option
@home_option
@audit_option
@json_option
@click.pass_obj
def what_if(
    parts: "Parts",
    /,
    providers: tuple[str, ...],
    from_: str | None,
    laws: tuple[str, ...],
    places: tuple[str, ...],
    authorities: tuple[str, ...],
    zones: tuple[str, ...],
    things: tuple[str, ...],
    scenario: Path | None,
    limit: int,
    csv_file: Path | None,
    world_name: str | None,
    home: str | None,
    audit_name: str,
    *,
    cut_off: bool,
    as_json: bool,
) -> None:
    """Say what becomes of every service at minute 5, hour 1, hour 12 and days 1, 7, 30 and 90, and why.

    The exit code is 1 when a service surely fails.
    """
    from tidegate.app.audit.asking import answer
    from tidegate.model import audit_events as told
    from tidegate.model.audit_events import State

    audit = opened(parts, audit_name)
    country = from_ or home
    if country is not None and country not in {one.country for _, one in audit.services()}:
        raise click.UsageError(f"No service of this audit is of {country}.")
    events: list[Event] = [told.WithdrawProvider(provider=name) for name in providers]
    events += [told.WithdrawCountry(country=name) for name in laws]
    events += [told.LoseCountry(country=name) for name in places]
    events += [told.CutOff(country=country or audit.home())] if cut_off else []
    events += [told.StopAuthority(authority=name) for name in authorities]
    events += [told.ExpireName(zone=name) for name in zones]
    events += [told.Stop(thing=name) for name in things]
    asked = _asked(parts, audit, events, scenario, world_name, country)
    found = answer(audit, asked, country)
    if csv_file is not None:
        from tidegate.cli.audit.tables import fates_csv

        parts.files().write(csv_file, fates_csv(found).encode())
    if as_json:
        print_json(found)
    else:
        from tidegate.cli.audit.tables import print_answer

        print_answer(console(), found, limit)
    if found.totals[-1].services[State.FAILS]:
        raise Finished(Exit.FINDING)


def _asked(
    parts: "Parts",
    audit: "Audit",
    events: "list[Event]",
    scenario: Path | None,
    world_name: str | None,
    country: str | None,
) -> "WhatIf":
    """The events of the command line, and those of a file behind them."""
    import msgspec

    from tidegate.app.audit.asking import is_scenario, read_what_if, rehearsed
    from tidegate.app.rehearsal import read_scenario
    from tidegate.model.audit_events import WhatIf

    if scenario is None:
        if not events:
            raise click.UsageError("Say what is lost, for example --cut-off or --withdraw PROVIDER.")
        return WhatIf(" and ".join(_words(event) for event in events), tuple(events))
    if is_scenario(parts.files().read(scenario, 1 << 24)):
        home = country or audit.home()
        cut = read_scenario(parts.topology(), scenario)
        found = rehearsed(parts.topology(), audit, home, cut, world_name, parts.environ)
    else:
        found = read_what_if(parts.files(), scenario)
    return msgspec.structs.replace(found, event=(*events, *found.event))


def _words(event: "Event") -> str:
    from tidegate.model import audit_events as told

    match event:
        case told.WithdrawProvider(provider=name):
            return f"{name} withdraws"
        case told.WithdrawCountry(country=name):
            return f"all providers of {name} withdraw"
        case told.LoseCountry(country=name):
            return f"{name} cannot be reached"
        case told.CutOff(country=name):
            return f"{name} is cut off"
        case told.StopAuthority(authority=name):
            return f"{name} issues no more"
        case told.ExpireName(zone=name):
            return f"{name} is no longer delegated"
        case told.Stop(thing=name):
            return f"{name} stops"
        case told.LoseNetworks(networks=numbers):
            return f"{len(numbers)} networks are lost"
