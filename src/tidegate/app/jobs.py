"""Work beside the node's thread that waits for the collector or computes: few at a time, each by its name."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

JOBS_MAX = 4
"""Jobs under way at once; a further one is not taken, and its owner asks again in the next turn."""

Name = TypeVar("Name")


class Jobs(Generic[Name]):
    """`begin` and `done` belong to the node's thread; what a job raises comes up where its result is read."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(JOBS_MAX, "tidegate-job")
        self._running: dict[Name, Future[object]] = {}

    def __contains__(self, name: Name) -> bool:
        return name in self._running

    def begin(self, name: Name, work: Callable[[], object]) -> bool:
        """False where it is under way already, or too many are."""
        if name in self._running or len(self._running) >= JOBS_MAX:
            return False
        self._running[name] = self._threads.submit(work)
        return True

    def done(self) -> Iterator[tuple[Name, "Future[object]"]]:
        """Those that ended since the last call."""
        for name in [name for name, job in self._running.items() if job.done()]:
            yield name, self._running.pop(name)

    def stop(self) -> None:
        """Waits for none: a job asks for nothing that lasts."""
        self._threads.shutdown(wait=False, cancel_futures=True)
