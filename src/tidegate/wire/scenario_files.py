"""Scenarios as TOML, and lists of services' networks as comma-separated text."""

import re
import tomllib

import msgspec

from tidegate.model.scenarios import CHANGES_MAX, Scenario
from tidegate.model.topology import WrongLine
from tidegate.wire.comma_tables import as_number, rows

_AT_LINE = re.compile(r"\(at line (\d+)")


def decode_scenario(data: bytes, file: str) -> Scenario:
    """The whole scenario, or WrongLine that says what is wrong and, for TOML itself, in which line."""
    try:
        told = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        at = _AT_LINE.search(str(error))
        raise WrongLine(str(error), file, int(at[1]) if at else 1) from error
    try:
        scenario = msgspec.convert(told, Scenario)
    except msgspec.ValidationError as error:
        raise WrongLine(str(error), file, _line_of(data, str(error))) from error
    if len(scenario.change) > CHANGES_MAX:
        raise WrongLine(f"more than {CHANGES_MAX:,} changes", file, 1)
    return scenario


def _line_of(data: bytes, error: str) -> int:
    """The line of the change, border point or demand that a message such as `$.change[2].country` names."""
    at = re.search(r"\$\.(\w+)\[(\d+)\]", error)
    if at is None:
        return 1
    heads = [m.start() for m in re.finditer(rb"^\[\[" + at[1].encode() + rb"\]\]", data, re.MULTILINE)]
    return data.count(b"\n", 0, heads[int(at[2])]) + 1 if int(at[2]) < len(heads) else 1


def decode_services(data: bytes, file: str) -> tuple[tuple[str, int], ...]:
    """`service,asn`: names of services and the networks that offer them, one a line."""
    needed = (("service", "name"), ("asn", "as", "network"))
    return tuple(
        (row["service"], as_number(row["asn"], file, line)) for line, row in rows(data, file, needed)
    )
