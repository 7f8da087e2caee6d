"""`tidegate demo`: a small world on this machine is attacked, and what Tidegate makes of it is shown live."""

import os
import signal
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidegate.cli.exits import Exit, Finished
from tidegate.cli.hotline.options import language_of
from tidegate.cli.options import json_option
from tidegate.cli.output import console, print_json

if TYPE_CHECKING:
    from tidegate.app.demonstration import DemoRun
    from tidegate.app.parts import Parts


READING_S = 4.0
"""How long each chapter's caption stays at least, where somebody reads it."""


@click.command()
@click.option("--once", is_flag=True, help="End by itself; exit code 0 only when all is as it should be.")
@click.option(
    "--auto/--ask",
    "auto",
    default=None,
    help="Decide by itself, or wait for you; else it waits on a terminal, unless --once or --json is given.",
)
@click.option(
    "--console/--no-console",
    "with_console",
    default=None,
    help="Serve the page beside the node, or do not; else it is served unless --once is given.",
)
@click.option("--open", "browse", is_flag=True, help="Open the page in a browser, too.")
@click.option(
    "--state",
    "state_folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the demo's state in this folder; else a temporary one that is removed.",
)
@json_option
@click.pass_obj
def demo(
    parts: "Parts",
    once: bool,
    auto: bool | None,
    with_console: bool | None,
    browse: bool,
    state_folder: Path | None,
    as_json: bool,
) -> None:
    """Captured attack packets become real datagrams of four border routers of a fictional country, on the
    loopback of this machine; a real collector and a real node find the attacks, and propose plans. Two demo
    officers sign them with keys of their own, and a real BGP speaker announces the rules to the routers,
    which enforce them on the packets: at one border point first, and wider after a verdict.

    Without --once, ordinary traffic goes on after the attacks until Ctrl-C.
    """
    from tidegate.app.demonstration import DemoOrder

    followed = console().is_terminal and not as_json
    order = DemoOrder(
        folder=state_folder,
        waits=followed and not once if auto is None else not auto,
        reading_s=READING_S if followed and not once else 0.0,
        console=not once if with_console is None else with_console,
    )
    if followed:
        console().print(
            "Starting the demo. A first start compiles kernels, for a minute or two.", style="dim"
        )
    run = parts.start_demo(order)
    try:
        _follow(run, once=once, as_json=as_json, browse=browse, asked=auto is False)
        report = run.report()
    finally:
        # A second Ctrl-C would leave behind what the first is about to end.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        run.close()
    if as_json:
        print_json({"event": "report", "all_is_well": report.all_is_well, "report": report})
    else:
        from tidegate.cli.demo_report import print_report

        print_report(console(), report)
    if not report.all_is_well:
        raise Finished(Exit.FINDING)


def _follow(run: "DemoRun", *, once: bool, as_json: bool, browse: bool, asked: bool) -> None:
    """Until it is over, or until Ctrl-C where it is to go on. Where it was `asked` to wait, lines that come
    through a pipe are heard as Enter is on a terminal."""
    from tidegate.cli.demo_changes import Overheard
    from tidegate.cli.demo_keys import Keys
    from tidegate.cli.demo_screen import JsonLines, LiveScreen, PlainLines

    screen, overheard = console(), Overheard()
    language = language_of(None, os.environ)
    shown = (
        JsonLines(overheard)
        if as_json
        else LiveScreen(screen, overheard, language)
        if screen.is_terminal
        else PlainLines(screen, overheard)
    )
    with overheard, shown, Keys(asked=asked) as keys:
        try:
            while not (once and run.over):
                view = run.advance()
                shown.show(view)
                if browse and view.console is not None:
                    browse = not webbrowser.open(view.console.link)
                if keys.enter_was_pressed():
                    run.decide()
        except KeyboardInterrupt:
            if not run.over:
                raise
