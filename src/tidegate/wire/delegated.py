"""The registries' delegated-extended files: which AS numbers are registered in which country, to whom.

Format: registry|cc|asn|first|count|date|status|opaque-id (NRO, "RIR statistics exchange format" version 2).
"""

from collections.abc import Iterator

from tidegate.model.topology import NETWORKS_MAX, Evidence, Place, WrongLine
from tidegate.wire.as_rel import NUMBER_MAX
from tidegate.wire.comma_tables import country_code, whole_number

HELD = {"allocated", "assigned"}
"""Statuses of numbers that somebody holds; "available" and "reserved" ones are passed over."""


def decode_delegated(data: bytes, file: str) -> tuple[Place, ...]:
    """One place for each AS number that somebody holds; `organisation` is the registry's opaque id."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise WrongLine("not UTF-8", file, data.count(b"\n", 0, error.start) + 1) from error
    return tuple(_places(text, file))


def _places(text: str, file: str) -> Iterator[Place]:
    told = 0
    for at, line in enumerate(text.splitlines(), 1):
        parts = line.split("|")
        if not line or line[0] == "#" or len(parts) < 3 or parts[2] != "asn" or parts[-1] == "summary":
            continue
        if len(parts) < 7:
            raise WrongLine("fewer than 7 fields between bars", file, at)
        if parts[6] not in HELD:
            continue
        first = whole_number(parts[3], file, at, NUMBER_MAX)
        count = whole_number(parts[4], file, at, NUMBER_MAX)
        told += count
        if told > NETWORKS_MAX:
            raise WrongLine(f"more than {NETWORKS_MAX:,} AS numbers", file, at)
        country = country_code(parts[1], file, at)
        holder = f"{parts[0]}:{parts[7]}" if len(parts) > 7 and parts[7] else ""
        for number in range(first, min(first + count, NUMBER_MAX + 1)):
            yield Place(number, country, Evidence.REGISTRATION, holder)
