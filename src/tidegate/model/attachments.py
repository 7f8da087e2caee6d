"""What an attached file turned out to be: read, bounded, shown as text, never carried out."""

from dataclasses import dataclass
from typing import Literal

Recognised = Literal["STIX 2.1", "MISP", "CSAF 2.0", "XARF", "text"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line about a file: `name` is its own word for what follows (the standard's, in English)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A file as far as it is understood. `tlp` is what the file says of itself, empty where it says nothing.

    `findings` come in the order in which they are worth reading; `left_out` counts those that did not fit.
    Texts come from the file and are shown, not obeyed.
    """

    recognised: Recognised
    title: str
    identifier: str
    made_at: str
    tlp: str
    findings: tuple[Finding, ...]
    left_out: int
