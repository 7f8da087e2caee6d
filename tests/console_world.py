"""The small world with a console over it: a real control socket, a real server, a clock that a test moves."""

import os
import socket
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import uvicorn

from tests.console_accord import AccordLedger, Blobs, Story
from tests.hotline_world import Letters
from tests.officers import ANNA, BO, CARA, Person
from tests.plan_world import EXPORTERS, POINTS, World
from tests.stand_ins import report_of, summary_of
from tidegate.adapters.control import SocketDoor, SocketLine
from tidegate.adapters.fonts import font_files
from tidegate.adapters.hotline.shelf import FolderShelf
from tidegate.adapters.local_files import DiskFiles
from tidegate.adapters.printing import TypstPrinter
from tidegate.adapters.state_folder import LockedFolder
from tidegate.adapters.studying import ChildStudies
from tidegate.adapters.topology_files import LocalTopologyFiles
from tidegate.app.console.accord_reader import Accords, Record, Where
from tidegate.app.console.demo_note import DemoNote, tell
from tidegate.app.console.gathering import Sources
from tidegate.app.console.serving import Serving, Shelf, address_of
from tidegate.app.console.studies import INDEX, Studies
from tidegate.app.console.study import StudyRow, WorldAsked
from tidegate.app.console.study_sources import Folders
from tidegate.app.followed_state import FollowedState
from tidegate.app.live import Live
from tidegate.app.settings import BorderPointSection, Config
from tidegate.console.answering import Desk, desk
from tidegate.console.page_files import page_files
from tidegate.console.server import application
from tidegate.mitigate.roster import Member, Roster, roster_text
from tidegate.model.exporters import EXPORTER
from tidegate.model.plans import Officer
from tidegate.model.summaries import INBOUND
from tidegate.model.vectors import CODE_OF
from tidegate.ports.collector import CollectorReport
from tidegate.ports.control import Reply, Request
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline import EnvelopeStore

NTP, TCP = CODE_OF["ntp"], CODE_OF["tcp"]
SAMPLING = 1000
"""Times the amount, which stands for the variance of sampling."""

STUDY_PROCESS = ChildStudies([sys.executable, "-m", "tidegate", "study"], os.environ)
CONFIG = Config(
    border_points={
        name: BorderPointSection(exporters=(f"192.0.2.{at + 1}/32",), capacity=10_000_000_000)
        for at, name in enumerate(POINTS)
    }
)


def lay_down_study(shelf: Shelf) -> None:
    """Study 1, asked and answered before."""
    asked = WorldAsked(world="synthetic")
    row = StudyRow(number=1, key="", asked=asked, by="pari", asked_ms=0, standing="done")
    shelf.put({INDEX: msgspec.json.encode((row,))})


def lay_down_demo(shelf: Shelf) -> None:
    """As if the node were a demo's, which has just proposed its plan."""
    tell(shelf, DemoNote(chapter="plan", number=4, chapters=16, attack=1, awaits="approve", over=False))


def inbound(second: int, flood_bits: float) -> CollectorReport:
    """A second with ordinary traffic at both border points, and a flood at the first."""
    rows = [(0, NTP, flood_bits / 8, flood_bits / 8 / 468), (0, TCP, 1e7, 9e3), (1, TCP, 2e7, 18e3)]
    told = np.array([(*row, SAMPLING * row[2], SAMPLING * row[3], 0) for row in rows], INBOUND)
    summary = replace(
        summary_of(second, 1200, exporters=np.zeros(2, EXPORTER)),
        inbound=told,
        bytes=float(told["bytes"].sum()),
        packets=float(told["packets"].sum()),
        bytes_variance=float(told["bytes_variance"].sum()),
        packets_variance=float(told["packets_variance"].sum()),
    )
    return report_of(summary, names=EXPORTERS)


@dataclass(frozen=True)
class Plain:
    """A ledger without messages."""

    facts: FactStore
    envelopes: EnvelopeStore


class Watched(World):
    """`folder` holds the control socket and the console's shelf. The world's own turns happen in the test's
    thread; between them another thread answers at the socket."""

    def __init__(self, folder: Path, *people: Person) -> None:
        self.folder = folder
        self._over = threading.Event()
        self._turns = threading.RLock()
        self.accords: AccordLedger | None = None
        self.shown: FactStore | None = None
        super().__init__(*(people or (ANNA, BO, CARA)))
        self.letters = Letters(self.clock.now_ms())

    def start(self) -> None:
        super().start()
        self.live = Live(dict(zip(EXPORTERS, POINTS, strict=True)).get, POINTS)
        self.live.follow(lambda: tuple(self.state.open_attacks.values()))
        self.desk._live = self.live
        self.desk._door = self.socket = SocketDoor(self.folder)
        self.socket.start()
        self._over.clear()
        self._answering = threading.Thread(target=self._answer)
        self._answering.start()

    def _answer(self) -> None:
        while not self._over.wait(0.002):
            with self._turns:
                self.desk.turn()

    def ask(self, request: Request) -> Reply:
        with self._turns:
            reply = self.desk._answer(request, "uid 0")
            self.settle()
        return reply

    def turn(self) -> None:
        with self._turns:
            super().turn()
            self.live(inbound(self.clock.at_ms // 1000, 4.49e8 if self.flood else 1e6))

    def stop(self) -> None:
        self._over.set()
        self._answering.join()
        self.socket.stop()
        super().stop()

    @property
    def kept(self) -> Record:
        """What the console reads accords from: the node's own ledger, or that of a life under one."""
        return self.accords or Plain(self.store, Blobs())

    def agree(self) -> Story:
        """From now on there is half a year under an accord, in a ledger of its own; `shown` is the one whose
        facts are shown."""
        story = Story(self.clock.now_ms() // 1_000)
        self.accords = story.ledger()
        return story

    def appoint(self, officer: Officer) -> None:
        """Beside those with key files."""
        member = Member(officer=officer, added_ms=0)
        kept = [one for one in self.officers.roster.members if one.officer.name != officer.name]
        self.put(Roster((*kept, member)))

    def put(self, roster: Roster) -> None:
        with self._turns:
            self.roster.text = roster_text(roster)
            self.officers.read(0)

    def serving(self, listen: str = "127.0.0.1:8080", origin: str | None = None) -> Serving:
        return Serving(
            sources=Sources(
                line=SocketLine(self.folder),
                facts=lambda: self.store if self.shown is None else self.shown,
                state=FollowedState(lambda: self.store if self.shown is None else self.shown).now,
                accords=Accords(lambda: self.kept, self.clock, Where()),
                folder=LockedFolder(self.folder),
                config=CONFIG,
                clock=self.clock,
                hotline=self.letters.source,
            ),
            address=address_of(listen, origin, None, None),
            shelf=FolderShelf(self.folder / "console"),
            folders=Folders(
                rehearsals=self.folder / "rehearsals",
                audits=self.folder / "audits",
                imported=self.folder / "topology" / "world",
                files=DiskFiles(),
                topology=LocalTopologyFiles(),
            ),
            studies=Studies(FolderShelf(self.folder / "console"), STUDY_PROCESS, self.clock),
            roster=lambda: self.officers.roster,
            fonts=font_files(),
            printer=TypstPrinter,
            version="0.0.0",
            told=lambda _: None,
        )


class Served:
    """A console on a free port of loopback, in a thread, until `close`."""

    def __init__(self, world: Watched) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.world = world
        self.at: Desk = desk(world.serving(f"127.0.0.1:{port}"))
        self.origin = self.at.serving.address.origin
        app = application(self.at, page_files(self.at.serving.fonts))
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the console did not start"
            time.sleep(0.01)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
