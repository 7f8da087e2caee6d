"""The hotline's steps among those of the node."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from tidegate.app.state import State, Stepped
from tidegate.hotline.stepping import Step
from tidegate.hotline.steps import HOTLINE_STEPS


def within(step: Step) -> Callable[[State, int, Any], Stepped]:
    def stepped(state: State, at_ms: int, fact: Any) -> Stepped:
        # The fact is counted already.
        hotline, effects = step(state.hotline, state.facts - 1, at_ms, fact)
        return replace(state, hotline=hotline), effects

    return stepped


STEPS_OF_HOTLINE: Mapping[type, Callable[[State, int, Any], Stepped]] = {
    kind: within(step) for kind, step in HOTLINE_STEPS.items()
}
