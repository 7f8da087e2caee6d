"""Points in time as people write them: "2h" ago, or a date."""

import re
from datetime import UTC, datetime
from typing import Any

import click

_UNITS_MS = {"s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_AGO = re.compile(r"(\d{1,6})\s*(s|min|h|d)")


class Moment(click.ParamType[Any]):
    """Text as milliseconds: an age in s, min, h or d counted back from now, or an ISO 8601 date (UTC)."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if found := _AGO.fullmatch(value.strip()):
            assert ctx is not None
            now_ms: int = ctx.obj.clock().now_ms()
            return now_ms - int(found[1]) * _UNITS_MS[found[2]]
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f'"{value}": write an age like 30min, 2h or 7d, or a date like 2026-11-21', param, ctx)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
