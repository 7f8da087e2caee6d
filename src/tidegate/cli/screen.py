"""The screen that people decide by: it obeys nothing that stands in a text."""

from typing import Any

from rich.console import Console
from rich.text import Text

from tidegate.model.texts import plainly


class Screen(Console):
    """A console whose texts move no cursor and set no colour; styles come from the program alone.

    What an officer is shown before signing may come from a node or a database that is not to be trusted.
    """

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(plainly(text), **how)
