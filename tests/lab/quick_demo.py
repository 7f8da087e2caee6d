"""`tidegate demo` whose story passes sooner, for tests: floods come and go earlier, and nothing else differs.

`python -m tests.lab.quick_demo demo --once --json`
"""

import sys
from dataclasses import replace
from signal import SIGTERM, default_int_handler, signal

from tidegate import cli
from tidegate.__main__ import PARTS
from tidegate.app.demonstration import DemoOrder
from tidegate.lab.demo import Demo
from tidegate.lab.story import STORY

TIMES_S = {"dns": (5, 30), "snmp": (7, 30), "syn": (9, 28), "bacnet": (11, 9)}
"""By capture: when each flood comes, and for how long."""

QUICK = replace(
    STORY,
    scenes=tuple(
        replace(scene, from_s=TIMES_S[scene.capture][0], for_s=TIMES_S[scene.capture][1])
        for scene in STORY.scenes
    ),
    held_s=4.0,
)
"""Spot tests and looks last as long as anywhere: measured over less, ordinary traffic is too uncertain."""


def start(order: DemoOrder) -> Demo:
    signal(SIGTERM, default_int_handler)
    return Demo(PARTS, order, QUICK)


if __name__ == "__main__":
    try:
        cli.open_door(replace(PARTS, start_demo=start), sys.argv[1:])
    except BaseException as error:  # noqa: BLE001
        sys.exit(cli.tell(error, debug=True))
