"""Receiving and nothing else: recvmmsg into memory laid out once, datagrams counted and forgotten.

What this loses at a rate, no collector on this machine can keep: it is the ceiling of the live figure.
Run as `python -m benchmarks.plain_receiver PORT FILE`; on SIGTERM it writes into FILE how many came.
"""

import signal
import sys
import time
from pathlib import Path

from tidegate.adapters.clock import WallClock
from tidegate.adapters.datagram_ring import DatagramRing, recvmmsg
from tidegate.adapters.udp import GATHER_S, RECEIVE_BUFFER_WANTED, granted_bytes, lull_datagrams, open_socket


def receive(port: int, told: Path) -> None:
    """Until SIGTERM."""
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    ring, call, now_ms, total = DatagramRing(), recvmmsg(), WallClock().now_ms(), 0
    if call is None:
        raise SystemExit("this system has no recvmmsg")
    with open_socket("127.0.0.1", port, RECEIVE_BUFFER_WANTED) as sock:
        lull = lull_datagrams(granted_bytes(sock))
        while not stopped:
            slots = ring.take()
            assert slots is not None
            count = ring.receive_many(call, sock, slots, now_ms)
            ring.give_back(slots)
            total += count
            if count < lull:
                time.sleep(GATHER_S)
    told.write_text(str(total))


if __name__ == "__main__":
    receive(int(sys.argv[1]), Path(sys.argv[2]))
