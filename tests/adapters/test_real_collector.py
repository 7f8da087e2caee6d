"""The real collector process from end to end: exporters' datagrams in, a second's summary in the node."""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tidegate.adapters.process import ChildCollector
from tidegate.app.orders import write_orders
from tidegate.app.settings import CollectorSection, Config
from tidegate.model.addresses import Prefix, words
from tidegate.model.flows import FlowRows, empty_rows
from tidegate.ports.collector import CollectorReport, Ready, SampleReply, SampleRequest, Stopping, ToNode
from tidegate.wire.netflow9 import encode_netflow9, encode_netflow9_sampling, encode_netflow9_templates

TARGET = "198.51.100.7"
PATIENCE_S = 300.0
"""The first run on a machine compiles every kernel."""


def flows(count: int) -> FlowRows:
    """UDP flows from port 123 towards the target, each of 10 packets and 4,680 bytes."""
    now_ms = time.time_ns() // 1_000_000
    rows = empty_rows(count)
    rows["family"], rows["protocol"], rows["has_ports"] = 4, 17, 1
    rows["src_low"] = words("203.0.113.1")[1] + np.arange(count, dtype=np.uint64)
    rows["dst_low"] = words(TARGET)[1]
    rows["src_port"], rows["dst_port"] = 123, 40_000
    rows["bytes"], rows["packets"] = 4680, 10
    rows["start_ms"] = rows["end_ms"] = now_ms
    return rows


class Router:
    """A NetFlow v9 exporter on the loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.2", 0))
        self._sequence = 0

    def tell_templates(self) -> None:
        self._send(encode_netflow9_templates(**self._header()))
        self._send(encode_netflow9_sampling(100, **self._header()))

    def tell_flows(self, datagrams: int, records: int) -> None:
        for _ in range(datagrams):
            self._send(encode_netflow9(flows(records), **self._header()))

    def close(self) -> None:
        self._socket.close()

    def _header(self) -> dict[str, int]:
        now_ms = time.time_ns() // 1_000_000
        return {"export_ms": now_ms, "uptime_ms": 3_600_000, "sequence": self._sequence}

    def _send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, ("127.0.0.1", self._port))
        self._sequence += 1


class Node:
    """The node's side: a collector, and what it said since it was last started."""

    def __init__(self, folder: Path) -> None:
        write_orders(folder, Config(collector=CollectorSection(listen=("127.0.0.1:0",))))
        command = [sys.executable, "-m", "tidegate", "collect", "--state", str(folder)]
        self.collector = ChildCollector(command)
        self.heard: list[ToNode] = []

    def start(self) -> int:
        self.heard = []
        self.collector.start()
        self.until(lambda: any(isinstance(message, Ready) for message in self.heard))
        return next(message.ports[0] for message in self.heard if isinstance(message, Ready))

    def until(self, reached: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < end, "waited in vain"
            assert self.collector.ended() is None, self.collector.ended()
            self.heard += self.collector.receive(0.1)

    @property
    def reports(self) -> list[CollectorReport]:
        return [message for message in self.heard if isinstance(message, CollectorReport)]

    @property
    def records(self) -> int:
        return sum(report.summary.records for report in self.reports)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.collector.kill()


def test_what_a_router_sends_is_in_the_summary_with_its_sampling_and_its_name(node: Node) -> None:
    router = Router(node.start())
    router.tell_templates()
    router.tell_flows(datagrams=50, records=20)
    node.until(lambda: node.records >= 1000)
    router.close()
    node.collector.send(SampleRequest(1, Prefix.parse(f"{TARGET}/32"), 5000))
    node.until(lambda: any(isinstance(message, SampleReply) for message in node.heard))

    assert node.records == 1000
    last = node.reports[-1]
    exporter = last.summary.exporters[0]
    assert last.exporter_names == ("127.0.0.2#0",)
    assert (exporter["records"], exporter["datagrams"], exporter["lost"]) == (1000, 52, 0)
    assert (exporter["sampling_rate"], exporter["unknown_sampling"]) == (100, 0)
    assert last.datagrams_dropped == last.summaries_dropped == 0
    assert sum(report.summary.bytes for report in node.reports) == pytest.approx(1000 * 4680 * 100)
    high, low = words(TARGET)
    towards = [
        report.summary.cells[(report.summary.cells["high"] == high) & (report.summary.cells["low"] == low)]
        for report in node.reports
    ]
    assert sum(len(cells) for cells in towards) > 0, "the target is a heavy destination"
    sample = next(message.sample for message in node.heard if isinstance(message, SampleReply))
    assert len(sample.rows) == sample.weights.sum() == 1000
    assert set(sample.rows["sampling_rate"].tolist()) == {100}


def test_templates_and_sampling_are_known_after_kill_9_without_being_told_again(node: Node) -> None:
    router = Router(node.start())
    router.tell_templates()
    router.tell_flows(datagrams=1, records=20)
    node.until(lambda: node.records == 20)
    router.close()
    assert node.collector.pid is not None
    os.kill(node.collector.pid, signal.SIGKILL)
    while node.collector.ended() is None:
        node.collector.receive(0.1)

    router = Router(node.start())
    router.tell_flows(datagrams=5, records=20)
    node.until(lambda: node.records == 100)
    router.close()
    exporter = node.reports[-1].summary.exporters[0]
    assert (exporter["without_template"], exporter["unknown_sampling"]) == (0, 0)
    assert exporter["sampling_rate"] == 100


def test_the_last_second_comes_with_a_clean_stop(node: Node) -> None:
    router = Router(node.start())
    router.tell_templates()
    router.tell_flows(datagrams=3, records=20)
    node.heard += node.collector.stop(timeout_s=30)
    router.close()
    assert isinstance(node.heard[-1], Stopping)
    assert node.records == 60
    assert node.collector.ended() == "exit code 0"
