"""APNIC's estimates of users by network, as its page gives them: JSON or comma-separated.

Source: https://stats.labs.apnic.net/cgi-bin/aspop?f=j: an object of copyright, description, Date, Window and
Data; in Data one object for each network and economy with rank, AS, Description, CC, Users, Samples and two
percentages. The estimate is a network's share of the samples in a country
times the country's users; `samples` bounds its statistical error, and the method adds its own.
"""

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from tidegate.model.topology import PEOPLE_MAX, People, WrongLine
from tidegate.wire.comma_tables import Row, as_number, country_code, rows, whole_number

METHOD_ERROR = 0.1
"""Share by which the estimate may be wrong for reasons other than chance: who sees advertisements, tunnels,
and the country's own number of users."""

UNSAMPLED_ERROR = 0.5
"""Share by which an estimate may be wrong whose number of samples is not told."""

_USERS = ("users", "users (est.)", "estimated users", "users(est.)")
_NEEDED = (("as", "asn", "as number"), ("cc", "country", "economy"), _USERS)


def decode_populations(data: bytes, file: str) -> tuple[People, ...]:
    """One entry for each network and country, with an interval of about 90 %.

    AS 0 is nobody (RFC 7607): people told there are left out.
    """
    as_json = data.lstrip()[:1] in (b"{", b"[")
    told = _from_json(data, file) if as_json else rows(data, file, _NEEDED)
    return tuple(_entry(row, file, line) for line, row in told if row["as"] != "0")


def _from_json(data: bytes, file: str) -> Iterator[Row]:
    """Either {"Data": [...]} or the list alone; each entry an object with the columns' names as keys."""
    try:
        told: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongLine(f"not JSON: {error}", file, 1) from error
    if isinstance(told, dict):
        told = next((value for key, value in told.items() if key.lower() == "data"), None)
    if not isinstance(told, list) or not all(isinstance(entry, dict) for entry in told):
        raise WrongLine('no list of objects under "Data"', file, 1)
    for at, entry in enumerate(told, 1):
        row = {str(key).strip().lower(): str(value) for key, value in entry.items()}
        for names in _NEEDED:
            value = next((row[name] for name in names if name in row), None)
            if value is None:
                raise WrongLine(f"entry {at} has no {names[0]!r}", file, 1)
            row[names[0]] = value
        yield at, row


def _entry(row: Any, file: str, line: int) -> People:
    users = whole_number(row["users"].split(".")[0].replace(",", ""), file, line, PEOPLE_MAX)
    samples = row.get("samples", "").replace(",", "")
    error = UNSAMPLED_ERROR
    if samples:
        counted = whole_number(samples.split(".")[0], file, line, 1 << 53)
        error = min(1.0, METHOD_ERROR + 1.645 / math.sqrt(counted)) if counted else 1.0
    spread = math.ceil(users * error)
    number, country = as_number(row["as"], file, line), country_code(row["cc"], file, line)
    return People(number, country, users - spread, users, min(users + spread, PEOPLE_MAX))
