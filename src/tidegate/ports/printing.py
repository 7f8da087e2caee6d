"""Putting a paper on pages."""

from typing import Protocol

from tidegate.model.papers import Paper


class Printer(Protocol):
    """The same paper makes the same bytes."""

    def pdf(self, paper: Paper) -> bytes:
        """OutsideFailed where it cannot be printed."""
