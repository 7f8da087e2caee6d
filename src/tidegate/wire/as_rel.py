"""CAIDA's AS relationships, serial-1 and serial-2: lines such as `174|64500|-1|bgp` to a table of links.

Format: https://publicdata.caida.org/datasets/as-relationships/README.txt. `-1` says that the first network
is the provider of the second, `0` that they are peers; `2`, in old files, that they are siblings.
"""

import re

import numpy as np

from tidegate.model.topology import LinkOrigin, LinkTable, Relation, WrongLine
from tidegate.wire.columns import Lines, Octets, fields, split_lines, whole_numbers, without_comments

NUMBER_MAX = (1 << 32) - 1
"""The highest AS number (RFC 6793); a higher one is refused with its line, and so is 0 (RFC 7607)."""

_EXCHANGES = re.compile(rb"#\s*IXP ASes:([ 0-9]*)", re.IGNORECASE)


def decode_as_rel(data: bytes, file: str) -> LinkTable:
    """The whole file, or WrongLine with the first line that is not one of links."""
    octets = np.frombuffer(data, np.uint8)
    lines, comments = without_comments(octets, split_lines(octets))
    begin, end = fields(octets, lines, 3, file)
    columns = [whole_numbers(octets, begin[:, at], end[:, at], lines.number, file) for at in range(3)]
    for numbers in columns[:2]:
        _check(lines, (numbers < 1) | (numbers > NUMBER_MAX), "not an AS number", file)
    known = [int(relation) for relation in Relation]
    _check(lines, ~np.isin(columns[2], known), "a relationship other than -1, 0 and 2", file)
    return LinkTable(
        columns[0].astype(np.uint32),
        columns[1].astype(np.uint32),
        columns[2].astype(np.int8),
        LinkOrigin.OBSERVED,
        _exchanges(octets, comments),
    )


def encode_as_rel(table: LinkTable) -> bytes:
    """Serial-1: the lines that `decode_as_rel` reads again."""
    head = f"# IXP ASes: {' '.join(map(str, table.exchanges.tolist()))}\n" if len(table.exchanges) else ""
    rows = zip(table.first.tolist(), table.second.tolist(), table.relation.tolist(), strict=True)
    return (head + "".join(f"{first}|{second}|{relation}\n" for first, second, relation in rows)).encode()


def _check(lines: Lines, wrong: "np.ndarray[tuple[int], np.dtype[np.bool_]]", reason: str, file: str) -> None:
    if len(bad := np.flatnonzero(wrong)):
        raise WrongLine(reason, file, int(lines.number[bad[0]]))


def _exchanges(octets: Octets, comments: Lines) -> "np.ndarray[tuple[int], np.dtype[np.uint32]]":
    """AS numbers of exchanges' route servers, as the comment lines name them."""
    found: list[int] = []
    for begin, end in zip(comments.begin.tolist(), comments.end.tolist(), strict=True):
        if told := _EXCHANGES.match(octets[begin:end].tobytes()):
            found += [int(number) for number in told[1].split() if len(number) <= 10]
    return np.array([number for number in found if 0 < number <= NUMBER_MAX], np.uint32)
