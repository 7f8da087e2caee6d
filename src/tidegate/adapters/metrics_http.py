"""`/metrics` over HTTP: prometheus_client writes the text, the standard library answers."""

import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import ClassVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from tidegate.ports.metrics import Family
from tidegate.ports.outside import OutsideFailed

SCRAPE_SECONDS_MAX = 5
"""A client that is slower than this to ask is cut off; one is served at a time."""

TEXT = "text/plain; version=0.0.4; charset=utf-8"


class _Families(Collector):
    def __init__(self, read: Callable[[], Iterable[Family]]) -> None:
        self._read = read

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        for family in self._read():
            kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            metric = kind(f"tidegate_{family.name}", family.help, labels=family.labels)
            for labels, value in family.samples:
                metric.add_metric(labels, value)
            yield metric


class _Answer(BaseHTTPRequestHandler):
    timeout: ClassVar[int] = SCRAPE_SECONDS_MAX
    server_version = "tidegate"
    sys_version = ""
    server: "_Server"

    def do_GET(self) -> None:
        if self.path != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND, "only /metrics is here")
            return
        body = generate_latest(self.server.registry)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", TEXT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Scrapes are not worth a line."""


class _Server(socketserver.TCPServer):
    """Plain TCP: the standard HTTPServer asks the DNS for its own name before it listens."""

    allow_reuse_address = True
    registry: CollectorRegistry

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Answer)


class PrometheusServer:
    """Serves one address; one client at a time, which is what Prometheus is."""

    def __init__(self, host: str, port: int) -> None:
        self._endpoint = host, port
        self._server: _Server | None = None

    def start(self, read: Callable[[], Iterable[Family]]) -> None:
        try:
            self._server = _Server(*self._endpoint)
        except OSError as error:
            where = f"{self._endpoint[0]}:{self._endpoint[1]}"
            remedy = 'Set metrics.listen to a free address, or to "off".'
            raise OutsideFailed(f"metrics cannot be served ({error.strerror})", where, remedy) from error
        self._server.registry = CollectorRegistry(auto_describe=False)
        self._server.registry.register(_Families(read))
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        """Where it serves; port 0 asked for any free one."""
        assert self._server is not None, "not started"
        host, port = self._server.server_address[:2]
        return str(host), int(port)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
