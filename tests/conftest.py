"""What all tests share: real peers, and the rule that in CI they are never skipped."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.postgresql import PROGRAMS, PostgresqlServer
from tests.side_by_side import ByFile, turn_of

if TYPE_CHECKING:
    from xdist.remote import Producer

# Nothing here is timed: a busy machine makes no property false.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Where tests run in a shell's background, every process inherits that Ctrl-C is ignored; a user's does not.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests start hundreds of processes, and each would compile all it loads where the shell forbids keeping that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # where workers are not asked for, nobody makes schedules
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> ByFile | None:
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


def require_peer(name: str, path: str | Path) -> Path:
    """The path of a real peer's program; where it is not installed, skip, but fail in CI (CI=true)."""
    if Path(path).exists():
        return Path(path)
    missing = f"{name} is not installed: there is no {path}"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """A private PostgreSQL 15 for as long as the tests run."""
    require_peer("PostgreSQL 15", PROGRAMS / "postgres")
    server = PostgresqlServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()
