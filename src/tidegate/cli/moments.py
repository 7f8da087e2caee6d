"""Points in time as people write them: "2h" ago, or a date."""

from typing import Any

import click


class Moment(click.ParamType[Any]):
    """Text as milliseconds: an age in s, min, h or d counted back from now, or an ISO 8601 date (UTC)."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from tidegate.app.moments import moment_ms

        if isinstance(value, int):
            return value
        assert ctx is not None
        try:
            return moment_ms(value, ctx.obj.clock().now_ms())
        except ValueError as wrong:
            self.fail(str(wrong), param, ctx)
