"""The small tables that users write or download as comma-separated text: places, people, links, cables.

The first line names the columns; a missing column, a wrong field and a number out of range are refused
with file and line. Columns that nobody asked for are passed over.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping

import numpy as np

from tidegate.model.topology import (
    NOWHERE,
    PEOPLE_MAX,
    Cable,
    Evidence,
    LinkOrigin,
    LinkTable,
    People,
    Place,
    Relation,
    WrongLine,
)
from tidegate.wire.countries import ALPHA_2

NUMBER_MAX = (1 << 32) - 1
"""The highest AS number (RFC 6793); a higher one is refused with its line."""

_CODE = re.compile(r"[A-Z]{2}")
_EVIDENCE = {
    "registration": Evidence.REGISTRATION,
    "presence": Evidence.PRESENCE,
    "operation": Evidence.OPERATION,
    "override": Evidence.OVERRIDE,
}
_RELATIONS = {"provider": Relation.PROVIDER, "peer": Relation.PEER, "sibling": Relation.SIBLING}

Row = tuple[int, Mapping[str, str]]


def rows(data: bytes, file: str, needed: tuple[tuple[str, ...], ...]) -> Iterator[Row]:
    """Line number and fields by lower-case column name; `needed` lists, for each, the names it may have,
    and every row has it under the first of them.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongLine("not UTF-8", file, data.count(b"\n", 0, error.start) + 1) from error
    reader = csv.reader(io.StringIO(text, newline=""))
    head = [name.strip().lower() for name in next(reader, [])]
    columns = {}
    for names in needed:
        at = next((head.index(name) for name in names if name in head), None)
        if at is None:
            raise WrongLine(f"no column {' or '.join(map(repr, names))} in the heading", file, 1)
        columns[names[0]] = at
    optional = {name: at for at, name in enumerate(head) if name not in columns}
    for fields in reader:
        if not fields or fields[0].startswith("#"):
            continue
        if len(fields) < len(head):
            raise WrongLine(f"{len(fields)} fields where the heading has {len(head)}", file, reader.line_num)
        named = {**optional, **columns}
        yield reader.line_num, {name: fields[at].strip() for name, at in named.items()}


def whole_number(text: str, file: str, line: int, highest: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > highest:
        raise WrongLine(f"{text!r} is not a whole number up to {highest:,}", file, line)
    return int(text)


def as_number(text: str, file: str, line: int) -> int:
    """Reads "64500" and "AS64500"."""
    number = whole_number(text.upper().removeprefix("AS"), file, line, NUMBER_MAX)
    if number == 0:
        raise WrongLine("0 is not an AS number", file, line)
    return number


def country_code(text: str, file: str, line: int) -> str:
    """Two letters; three-letter codes of ISO 3166 become two, and "??" says that nobody knows."""
    if text in ("", "??"):
        return NOWHERE
    code = ALPHA_2.get(text.upper(), text.upper())
    if not _CODE.fullmatch(code):
        raise WrongLine(f"{text!r} is not a country code", file, line)
    return code


def decode_places(data: bytes, file: str, evidence: Evidence = Evidence.REGISTRATION) -> tuple[Place, ...]:
    """`asn,country[,evidence][,organisation][,name]`; several lines for a network in several countries."""
    found = []
    for line, row in rows(data, file, (("asn", "as", "number"), ("country", "cc"))):
        told = row.get("evidence", "")
        if told and told not in _EVIDENCE:
            raise WrongLine(f"evidence {told!r} is none of {', '.join(_EVIDENCE)}", file, line)
        found.append(
            Place(
                as_number(row["asn"], file, line),
                country_code(row["country"], file, line),
                _EVIDENCE.get(told, evidence),
                row.get("organisation", ""),
                row.get("name", ""),
            )
        )
    return tuple(found)


def decode_country_people(data: bytes, file: str) -> tuple[People, ...]:
    """`country,users`, or the columns `iso3` and `internet_users_est`: users of whole countries."""
    found = []
    needed = (("country", "cc", "iso2", "iso3"), ("users", "people", "internet_users_est"))
    for line, row in rows(data, file, needed):
        users = whole_number(row["users"], file, line, PEOPLE_MAX)
        found.append(People(0, country_code(row["country"], file, line), users, users, users))
    return tuple(found)


def decode_private_links(data: bytes, file: str) -> LinkTable:
    """`first,second,relation`: "provider" says that the first carries the second; else "peer", "sibling"."""
    links = []
    for line, row in rows(data, file, (("first",), ("second",), ("relation",))):
        if row["relation"] not in _RELATIONS:
            known = ", ".join(_RELATIONS)
            raise WrongLine(f"relation {row['relation']!r} is none of {known}", file, line)
        ends = as_number(row["first"], file, line), as_number(row["second"], file, line)
        links.append((*ends, int(_RELATIONS[row["relation"]])))
    table = np.array(links, np.int64).reshape(-1, 3)
    return LinkTable(
        table[:, 0].astype(np.uint32),
        table[:, 1].astype(np.uint32),
        table[:, 2].astype(np.int8),
        LinkOrigin.PRIVATE,
        np.empty(0, np.uint32),
    )


def decode_cables(data: bytes, file: str) -> tuple[Cable, ...]:
    """`cable,first,second`: the links that fail with a cable, one a line; cables in order of their names."""
    found: dict[str, list[tuple[int, int]]] = {}
    for line, row in rows(data, file, (("cable", "group"), ("first",), ("second",))):
        ends = as_number(row["first"], file, line), as_number(row["second"], file, line)
        found.setdefault(row["cable"], []).append(ends)
    return tuple(Cable(name, tuple(links)) for name, links in sorted(found.items()))
