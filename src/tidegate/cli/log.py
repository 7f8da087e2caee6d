"""The node's log on standard error: plain lines for people, or one JSON object a line for machines."""

import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from tidegate.app.settings import LoggingSection

PLAIN_KEYS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
"""What every log record has; anything else was said by the caller."""


def begin_log(settings: "LoggingSection") -> None:
    """From now on everything under "tidegate" is written, from the level in the settings upwards."""
    writer = logging.StreamHandler(sys.stderr)
    writer.setFormatter(JsonLine() if settings.format == "json" else PlainLine())
    root = logging.getLogger("tidegate")
    root.handlers[:] = [writer]
    root.setLevel(settings.level.upper())
    root.propagate = False


class JsonLine(logging.Formatter):
    """{"at": ..., "level": ..., "part": ..., "message": ..., and what else the caller said}."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "part": record.name,
            "message": record.getMessage(),
        }
        return msgspec.json.encode(line | _said(record)).decode()


class PlainLine(logging.Formatter):
    """Time, level where it is not ordinary, and the sentence."""

    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        return f"{_moment(record)} {level}{record.getMessage()}"


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _said(record: logging.LogRecord) -> dict[str, Any]:
    return {key: value for key, value in record.__dict__.items() if key not in PLAIN_KEYS}
