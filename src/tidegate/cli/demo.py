"""`tidegate demo`: a small world on this machine is attacked, and what Tidegate makes of it is shown live."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.demonstration import DemoRun
    from tidegate.app.parts import Parts


@click.command()
@click.option("--once", is_flag=True, help="End by itself; exit code 0 only when all is as it should be.")
@click.option(
    "--state",
    "state_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the demo's state in this folder; else a temporary one that is removed.",
)
@json_option
@click.pass_obj
def demo(parts: "Parts", once: bool, state_folder: Path | None, as_json: bool) -> None:
    """Captured attack packets become real datagrams of four border routers of a fictional country, on the
    loopback of this machine; a real collector and a real node find the attacks, and propose plans. Two demo
    officers sign them with keys of their own, and a real BGP speaker announces the rules to the routers,
    which enforce them on the packets: at one border point first, and wider after a verdict.

    Without --once, ordinary traffic goes on after the attacks until Ctrl-C.
    """
    run = parts.start_demo(state_folder)
    try:
        _follow(run, once=once, as_json=as_json)
        report = run.report()
    finally:
        run.close()
    if as_json:
        print_json({"event": "report", "all_is_well": report.all_is_well, "report": report})
    else:
        from tidegate.cli.demo_report import print_report

        print_report(console(), report)
    if not report.all_is_well:
        raise Finished(Exit.FINDING)


def _follow(run: "DemoRun", *, once: bool, as_json: bool) -> None:
    """Until it is over, or until Ctrl-C where it is to go on."""
    from tidegate.cli.demo_changes import Overheard
    from tidegate.cli.demo_screen import JsonLines, LiveScreen, PlainLines

    screen, overheard = console(), Overheard()
    overheard.begin()
    shown = (
        JsonLines(overheard)
        if as_json
        else LiveScreen(screen, overheard)
        if screen.is_terminal
        else PlainLines(screen, overheard)
    )
    with shown:
        try:
            while not (once and run.over):
                shown.show(run.advance())
        except KeyboardInterrupt:
            if not run.over:
                raise
