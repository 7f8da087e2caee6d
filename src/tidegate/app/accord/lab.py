"""What `tidegate lab accord` is asked and what it reports; the lab itself is made by the hinge."""

from pathlib import Path
from typing import Protocol

import msgspec

from tidegate.app.hotline.lab import Progress


class Notable(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation that was late, or has a story, as one party's node shows it; facts are its own."""

    article: str
    obligation: str
    duty: str
    toward: str
    stage: str
    due_s: int | None
    kept_s: int | None
    facts: tuple[int, ...]
    next_step: str


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """What one party's node shows when the year is over."""

    party: str
    counts: dict[str, int]
    notable: tuple[Notable, ...]
    reminders: tuple[str, ...]


class AccordLabReport(msgspec.Struct, frozen=True, kw_only=True):
    """`differing` names the obligations that do not stand the same on both nodes: none, if all is well.
    `told_alike` are things that the account which one party sent the other tells as the other's own record
    does, `told_otherwise` those that it does not. `packs` are the review packs that were written."""

    messages: int
    instances: int
    differing: tuple[str, ...]
    told_alike: int
    told_otherwise: int
    digest: str
    nodes: tuple[Node, ...]
    packs: tuple[str, ...]
    seconds: int


class RunAccordLab(Protocol):
    def __call__(self, output: Path, keep: Path | None, tell: Progress) -> AccordLabReport: ...
