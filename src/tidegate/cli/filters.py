"""The option --filter, and what is wrong with one as a mistake in how a command was given."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

HELP = {
    "attacks": "Only those that are meant, as 'dst = 198.51.100.0/24 and vector = ntp'.",
    "counts": "Only those rows, as 'vector = ntp and peak > 10 Gbps'; the last row counts all.",
}


def filter_option(of: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--filter", "asked", default="", metavar="FILTER", help=HELP[of])


@contextmanager
def told_as_usage(context: click.Context) -> Iterator[None]:
    from tidegate.app.filtering.tokens import FilterWrong

    try:
        yield
    except FilterWrong as wrong:
        raise click.BadParameter(str(wrong), context, param_hint="--filter") from None
