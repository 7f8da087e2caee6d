"""A program of ours that runs beside the node: its contract."""

from typing import Protocol


class ChildProgram(Protocol):
    """At most one process at a time; it ends with the process that started it, however that ends."""

    def start(self) -> None:
        """Begin it; OSError where that cannot be done. Never waits until it is ready."""

    def ended(self) -> str | None:
        """Why it runs no more, None while it does."""

    def stop(self, timeout_s: float) -> None:
        """Ask it to end, and kill it where it does not within this time. Nothing where none runs."""
