"""`tidegate run`: the node, until it is told to stop."""

import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from tidegate.cli.options import config_option, json_option, state_option

if TYPE_CHECKING:
    from tidegate.app.parts import Parts

TURN_S = 0.25
"""Longest wait of one turn; a signal to stop is noticed this soon."""


@click.command()
@config_option
@state_option
@json_option
@click.pass_obj
def run(parts: "Parts", config_file: Path | None, state_folder: Path | None, as_json: bool) -> None:
    """Collect telemetry, detect attacks and keep facts, until SIGTERM or Ctrl-C.

    The log goes to standard error, a line for each thing that happens; with --json each line is an object.
    The first start on a machine compiles the kernels, which takes about half a minute.
    """
    from tidegate.app.assembly import open_node
    from tidegate.app.config import find_state, load_config
    from tidegate.cli.hotline.keys import station_passphrase
    from tidegate.cli.log import begin_log

    config = load_config(config_file, parts.environ).config
    if as_json:
        config = replace(config, logging=replace(config.logging, format="json"))
    begin_log(config.logging)
    stopping = Stopping()
    folder = find_state(state_folder, parts.environ)
    opened = open_node(
        parts,
        config,
        folder,
        station_passphrase=lambda: station_passphrase(parts),
        config_file=config_file,
    )
    with opened as node:
        stopping.listen()
        while not stopping.asked:
            node.turn(TURN_S)


IMPATIENT_S = 2.0
"""One Ctrl-C often arrives twice (terminal and launcher); a signal so long after the first means it."""


class Stopping:
    """Whether a signal asked to stop; a later one ends at once, the ordinary way of Python."""

    def __init__(self) -> None:
        self.asked = False
        self._asked_at_s = 0.0

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _: FrameType | None) -> None:
        if self.asked and time.monotonic() - self._asked_at_s > IMPATIENT_S:
            raise KeyboardInterrupt
        if not self.asked:
            self.asked, self._asked_at_s = True, time.monotonic()
