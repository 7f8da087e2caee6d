"""A speaker's process for tests: `python speak_here.py STATE`; it believes two words that say "agreed"."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tidegate.adapters.border.speak import speak
from tidegate.adapters.clock import WallClock
from tidegate.model.plans import Plan
from tidegate.model.refusals import NotAllowed
from tidegate.ports.border import Order


def believe(order: Order, held: Sequence[Plan] = ()) -> None:
    officers = {each.officer for each in order.approvals if each.signature == "agreed"}
    if len(officers) < 2:
        raise NotAllowed(f"plan {order.plan.number} is approved by {len(officers)} officers; two are needed")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="speaker: %(asctime)s %(message)s")
    speak(Path(sys.argv[1]), believe, WallClock())
