"""Workers share whole files: the longest first, and those that starve each other never at the same time."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.side_by_side import LONGEST, ONE_AT_A_TIME, ByFile, turn_of

ROOT = Path(__file__).parent.parent
SHORT = "tests/test_bounds.py"


class Worker:
    """Takes what it is given, and ends when told."""

    def __init__(self) -> None:
        self.took: list[int] = []
        self.shutting_down = False
        self.gateway = SimpleNamespace(id="one")

    def send_runtest_some(self, indices: list[int]) -> None:
        self.took += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_every_file_named_is_there() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []


def test_long_files_come_first_and_short_ones_keep_their_order() -> None:
    files = [SHORT, "tests/test_facts_page.py", *LONGEST[::-1]]
    nodes = [f"{file}::test_{number}" for number in (1, 2) for file in files]
    in_turn = sorted(nodes, key=turn_of)
    assert [node.partition("::")[0] for node in in_turn[: 2 * len(LONGEST)][::2]] == list(LONGEST)
    assert in_turn[2 * len(LONGEST) :] == [node for node in nodes if turn_of(node) == len(LONGEST)]


def test_one_worker_gets_all_that_run_one_at_a_time() -> None:
    asked: Any = SimpleNamespace(
        getvalue={"tx": ["popen", "popen"]}.get, option=SimpleNamespace(loadscopereorder=False)
    )
    files = (*ONE_AT_A_TIME, SHORT, "tests/test_facts_page.py")
    nodes = [f"{file}::test_{number}" for file in files for number in range(4)]
    schedule = ByFile(asked)
    workers: list[Any] = [Worker(), Worker()]
    for worker in workers:
        schedule.add_node(worker)
    for worker in workers:
        schedule.add_node_collection(worker, nodes)
    schedule.schedule()
    busy = 4 * len(ONE_AT_A_TIME)
    assert workers[0].took == list(range(busy))
    assert workers[1].took == list(range(busy, busy + 4))
