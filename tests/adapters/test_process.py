"""Real collector processes, killed at any moment: nothing learned is lost and nobody is left behind."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tidegate.adapters.process import LINK_VARIABLE, ChildCollector, link_from_parent
from tidegate.model.addresses import Prefix
from tidegate.model.refusals import NotAllowed
from tidegate.ports.collector import CollectorReport, Ready, SampleReply, SampleRequest, Stopping, ToNode

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
PATIENCE_S = 60.0


def command(folder: Path, port: int = 0) -> list[str]:
    return [sys.executable, str(ROOT / "tests" / "stand_in_collector.py"), str(folder), str(port)]


class Node:
    """What a test needs of a node: a collector, and everything it said."""

    def __init__(self, folder: Path) -> None:
        self.collector = ChildCollector(command(folder), ENVIRONMENT)
        self.heard: list[ToNode] = []

    def start(self) -> int:
        self.heard = []
        self.collector.start()
        self.until(lambda: any(isinstance(message, Ready) for message in self.heard))
        ready = next(message for message in self.heard if isinstance(message, Ready))
        return ready.ports[0]

    def until(self, reached: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < end, f"waited in vain; heard {self.heard}"
            assert self.collector.ended() is None or reached(), self.collector.ended()
            self.heard += self.collector.receive(0.1)

    @property
    def records(self) -> int:
        return sum(message.summary.records for message in self.heard if isinstance(message, CollectorReport))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.collector.kill()


def send(port: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, ("127.0.0.1", port))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until_gone(pid: int, within_s: float = 20) -> None:
    end = time.monotonic() + within_s
    while alive(pid):
        assert time.monotonic() < end, f"process {pid} is still there"
        time.sleep(0.02)


def test_datagrams_become_reports_and_a_sample_is_answered(node: Node) -> None:
    port = node.start()
    send(port, b"Tone", b"F7", b"F5")
    node.until(lambda: node.records == 12)
    node.collector.send(SampleRequest(3, Prefix.parse("198.51.100.0/24"), 100))
    node.until(lambda: any(isinstance(message, SampleReply) for message in node.heard))
    reply = next(message for message in node.heard if isinstance(message, SampleReply))
    assert (reply.number, len(reply.sample.rows), reply.sample.weights.sum()) == (3, 12, 12)


def test_templates_are_back_after_the_collector_was_killed(node: Node) -> None:
    port = node.start()
    send(port, b"Tone", b"F7")
    node.until(lambda: node.records == 7)
    assert node.collector.pid is not None
    os.kill(node.collector.pid, signal.SIGKILL)
    while node.collector.ended() is None:
        node.heard += node.collector.receive(0.1)
    assert node.collector.ended() == "killed by signal 9"
    port = node.start()
    send(port, b"F5")
    node.until(lambda: node.records == 5)


def test_templates_are_back_though_it_was_killed_as_soon_as_they_came(node: Node) -> None:
    port = node.start()
    send(port, b"Tone")
    journal = next(Path(node.collector._command[2]).glob("*.journal"))
    size = journal.stat().st_size
    end = time.monotonic() + 20
    while journal.stat().st_size == size and time.monotonic() < end:
        pass
    node.collector.kill()
    port = node.start()
    send(port, b"F5")
    node.until(lambda: node.records == 5)


def test_the_last_second_is_reported_when_it_is_asked_to_stop(node: Node) -> None:
    port = node.start()
    send(port, b"Tone", b"F7")
    pid = node.collector.pid
    assert pid is not None
    node.collector.send(SampleRequest(1, Prefix.parse("198.51.100.0/24"), 100))
    node.until(lambda: any(isinstance(message, SampleReply) for message in node.heard))
    node.heard += node.collector.stop(timeout_s=20)
    assert isinstance(node.heard[-1], Stopping)
    assert node.records == 7
    assert node.collector.ended() == "exit code 0"
    assert not alive(pid)


def test_it_stops_by_sigterm_too(node: Node) -> None:
    node.start()
    assert node.collector.pid is not None
    os.kill(node.collector.pid, signal.SIGTERM)
    while node.collector.ended() is None:
        node.heard += node.collector.receive(0.1)
    assert isinstance(node.heard[-1], Stopping)
    assert node.collector.ended() == "exit code 0"


def test_a_stopped_collector_that_does_not_answer_is_killed(node: Node) -> None:
    node.start()
    pid = node.collector.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    node.collector.stop(timeout_s=0.2)
    assert not alive(pid)
    assert node.collector.ended() == "killed by signal 9"


def test_it_is_not_started_twice(node: Node) -> None:
    node.start()
    with pytest.raises(NotAllowed, match="runs already"):
        node.collector.start()


def test_a_program_that_is_missing_is_an_error_of_starting() -> None:
    with pytest.raises(OSError, match="no-such-program"):
        ChildCollector(["/no-such-program"]).start()


def test_a_collector_started_by_hand_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LINK_VARIABLE, raising=False)
    with pytest.raises(NotAllowed, match="by hand"):
        link_from_parent()


NODE_PROGRAM = """
    import sys, time
    from tidegate.adapters.process import ChildCollector
    from tidegate.ports.collector import Ready
    collector = ChildCollector({command!r})
    collector.start()
    while not any(isinstance(message, Ready) for message in collector.receive(1)):
        pass
    print(collector.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("without_parent_signal", [False, True])
def test_no_collector_outlives_a_node_that_was_killed(tmp_path: Path, without_parent_signal: bool) -> None:
    program = textwrap.dedent(NODE_PROGRAM.format(command=command(tmp_path)))
    environment = ENVIRONMENT | ({"WITHOUT_PARENT_SIGNAL": "1"} if without_parent_signal else {})
    node = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment, text=True
    )
    assert node.stdout is not None
    pid = int(node.stdout.readline())
    assert alive(pid)
    node.kill()
    node.wait()
    wait_until_gone(pid)
    node.stdout.close()
