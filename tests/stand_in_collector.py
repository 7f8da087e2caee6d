"""A collector process for tests: real sockets, link, journal and loop around a stand-in decoder.

Arguments: the state folder, the port. With WITHOUT_PARENT_SIGNAL in the environment only the link can
tell it that its node died.
"""

import os
import sys
from pathlib import Path

from tests.stand_ins import LetterReader, PlainCounting
from tidegate.adapters import process
from tidegate.adapters.clock import SteadyClock, WallClock
from tidegate.adapters.journal import FileJournal
from tidegate.adapters.udp import UdpSource
from tidegate.app.collector import Collector
from tidegate.app.recent import RecentFlows


def main(folder: str, port: str) -> None:
    if "WITHOUT_PARENT_SIGNAL" in os.environ:
        process._PR_SET_PDEATHSIG = 0  # type: ignore[misc]
    link = process.link_from_parent()
    link.start()
    journal = FileJournal(Path(folder))
    journal.open()
    clock = SteadyClock(WallClock())
    collector = Collector(
        source=UdpSource([("127.0.0.1", int(port))], clock),
        outlet=link,
        journal=journal,
        clock=clock,
        reader=LetterReader(),
        counting=PlainCounting(),
        recent=RecentFlows(),
        load=lambda: None,
        version="test",
    )
    process.on_sigterm(collector.stop)
    collector.run()
    journal.close()
    link.close(timeout_s=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
