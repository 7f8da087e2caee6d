"""Domain names as the audit writes them: lower case, without the last dot, the root as "."."""

import re
from collections.abc import Iterator

ROOT = "."

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.)*{_LABEL}")

NAME_CHARACTERS_MAX = 253
"""Characters of one name (RFC 1035 allows 255 octets on the wire); a longer one is no name."""


def is_name(text: str) -> bool:
    """Whether the text is a name that hosts and zones have, written as this program writes it."""
    return text == ROOT or (len(text) <= NAME_CHARACTERS_MAX and _NAME.fullmatch(text) is not None)


def parent_of(name: str) -> str:
    """The name one label up; the root's parent is the root."""
    return name.partition(".")[2] or ROOT


def is_within(name: str, zone: str) -> bool:
    """The name is the zone's own or one below it."""
    return zone in {ROOT, name} or name.endswith(f".{zone}")


def is_below(name: str, zone: str) -> bool:
    return name != zone and is_within(name, zone)


def lineage(name: str) -> Iterator[str]:
    """The name's ancestors from the one below the root down to the name itself; none for the root."""
    if name == ROOT:
        return
    labels = name.split(".")
    for count in range(1, len(labels) + 1):
        yield ".".join(labels[-count:])
