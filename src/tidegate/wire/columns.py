"""Lines of whole numbers between bars, read as columns without a step of Python a line."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate.model.topology import WrongLine

Octets = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

NEWLINE, RETURN, BAR, HASH, MINUS, ZERO, NINE = b"\n\r|#-09"

DIGITS_MAX = 10
"""Digits of one number; 2^32 has ten. A longer one is refused with its line."""


class Lines(NamedTuple):
    """Where each line begins, ends (before its end mark), and which it is in the file, from 1."""

    begin: Places
    end: Places
    number: Places


def split_lines(octets: Octets) -> Lines:
    """Every line that is not empty; a last one without an end mark counts too."""
    ends = np.flatnonzero(octets == NEWLINE)
    if len(octets) and octets[-1] != NEWLINE:
        ends = np.append(ends, len(octets))
    begins = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    if len(ends):
        ends = ends - ((ends > begins) & (octets[np.maximum(ends - 1, 0)] == RETURN))
    used = np.flatnonzero(ends > begins)
    return Lines(begins[used], ends[used], used + 1)


def without_comments(octets: Octets, lines: Lines) -> tuple[Lines, Lines]:
    """(lines of data, lines that begin with #)."""
    comment = octets[lines.begin] == HASH
    return Lines(*(part[~comment] for part in lines)), Lines(*(part[comment] for part in lines))


def fields(octets: Octets, lines: Lines, needed: int, file: str) -> tuple[Places, Places]:
    """Begins and ends of the first `needed` fields of every line, each of shape (lines, needed).

    WrongLine names the first line with fewer fields.
    """
    bars = np.flatnonzero(octets == BAR)
    first = np.searchsorted(bars, lines.begin)
    count = np.searchsorted(bars, lines.end) - first
    if len(short := np.flatnonzero(count < needed - 1)):
        raise WrongLine(f"fewer than {needed} fields between bars", file, int(lines.number[short[0]]))
    padded = np.append(bars, np.full(needed, len(octets)))
    begin, end = np.empty((2, len(lines.begin), needed), np.int64)
    for at in range(needed):
        begin[:, at] = lines.begin if at == 0 else padded[first + at - 1] + 1
        end[:, at] = np.where(count > at, padded[first + at], lines.end)
    return begin, end


def whole_numbers(octets: Octets, begin: Places, end: Places, numbers: Places, file: str) -> Places:
    """The field of every line as a whole number, with a minus sign or without.

    `numbers` are the lines' own; WrongLine names the first whose field is something else.
    """
    padded = np.append(octets, np.zeros(1, np.uint8))
    negative = padded[begin] == MINUS
    start = begin + negative
    length = end - start
    wrong = (length < 1) | (length > DIGITS_MAX)
    value = np.zeros(len(begin), np.int64)
    for at in range(DIGITS_MAX):
        within = length > at
        if not within.any():
            break
        digit = padded[np.where(within, start + at, 0)]
        wrong |= within & ((digit < ZERO) | (digit > NINE))
        value = np.where(within, value * 10 + (digit.astype(np.int64) - ZERO), value)
    if len(bad := np.flatnonzero(wrong)):
        raise WrongLine("not a whole number of at most ten digits", file, int(numbers[bad[0]]))
    return np.where(negative, -value, value)
