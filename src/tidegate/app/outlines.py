"""Outlines of countries as maps draw them: projected once, from Natural Earth (web/map)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlines:
    """The size of the picture, and the code and SVG path of each piece of land; "-" where it has no code."""

    width: int
    height: int
    land: Sequence[tuple[str, str]]


def read_outlines(data: bytes) -> Outlines:
    """Of the file that comes with the program and that web/map makes. ValueError for another."""
    head, *lines = data.decode("ascii").splitlines()
    width, height = map(int, head.split(" "))
    land = [line.partition(" ") for line in lines]
    return Outlines(width, height, [(code, path) for code, _, path in land])
