"""`tidegate hotline serve`: the hotline alone, until it is told to stop."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from tidegate.cli.hotline.keys import station_passphrase
from tidegate.cli.options import config_option, json_option, state_option

if TYPE_CHECKING:
    from tidegate.app.parts import Parts

TURN_S = 0.02
"""Rest between two turns: what came waits so long at most."""


@click.command()
@config_option
@state_option
@json_option
@click.pass_obj
def serve(parts: "Parts", config_file: Path | None, state_folder: Path | None, as_json: bool) -> None:
    """Reach the organisations that we met, without collecting telemetry, until SIGTERM or Ctrl-C.

    The log goes to standard error, a line for each thing that happens; with --json each line is an object.
    """
    from tidegate.app.config import find_state, load_config
    from tidegate.app.hotline.serving import open_serving
    from tidegate.cli.log import begin_log
    from tidegate.cli.run import Stopping

    config = load_config(config_file, parts.environ).config
    if as_json:
        config = replace(config, logging=replace(config.logging, format="json"))
    begin_log(config.logging)
    stopping = Stopping()
    folder = find_state(state_folder, parts.environ)
    with open_serving(parts, config, folder, lambda: station_passphrase(parts)) as serving:
        stopping.listen()
        while not stopping.asked:
            serving.turn()
            time.sleep(TURN_S)
