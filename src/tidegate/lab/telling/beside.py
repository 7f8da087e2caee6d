"""What runs beside the demo's node: XB's node, officers of both sides, the console, and slow questions."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from tidegate.adapters.border.programs import free_port
from tidegate.app.chapters import Cut, Proved
from tidegate.app.console import entering
from tidegate.app.console.demo_note import DemoNote, tell
from tidegate.app.console.open import fresh_code
from tidegate.app.console.serving import SHELF_NAME
from tidegate.app.demonstration import ConsoleView
from tidegate.app.parts import Parts
from tidegate.app.plan_mapping import roster_path
from tidegate.app.roster_changes import add_officer
from tidegate.app.settings import Config, HotlineSection
from tidegate.lab.telling import accounts
from tidegate.lab.telling.cut import offer_world, rehearsed
from tidegate.lab.telling.organisations import PASSPHRASE, SIDES, XA, XB, Side
from tidegate.lab.telling.programs import (
    STATION_PASSPHRASE,
    Program,
    write_config,
    write_passphrase,
)
from tidegate.lab.telling.talk import Talk
from tidegate.ports.hotline_identity import StationFolder

LOOPBACK: Final = "127.0.0.1"
PROOF_AGAIN_S: Final = 2.0
LINK_MARK: Final = "#link="
INVITED: Final = ("you", "colleague")
"""Officers who may make a passkey in the page, one after the other, beside those with key files."""

Done = TypeVar("Done")


class Beside:
    """Founds XA when it is made; `turn` belongs to the main thread, which starts programs."""

    def __init__(self, parts: Parts, folder: Path, clinics: str) -> None:
        self._parts = parts
        self._folder = folder
        self._xb = folder / "xb"
        self._xb.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._ports = {side: free_port(LOOPBACK) for side in SIDES}
        places = {side: (self._state(side), port) for side, port in self._ports.items()}
        self.talk = Talk(parts, places, clinics)
        self.clerk = ThreadPoolExecutor(1, "clerk")
        self._cut: Future[Cut] | None = None
        self._proof: Future[Proved] | None = None
        self._stopped = False
        self._programs: list[Program] = []
        self._neighbour: Program | None = None
        self._console: Program | None = None
        self._code = ""
        self._code_until_ms = 0
        self._fingerprint = ""
        self.officers: list[str] = []
        self._noted: DemoNote | None = None

    def _state(self, side: Side) -> Path:
        return self._folder if side is XA else self._xb

    def parts(self) -> Parts:
        """Those for XA's node: its organisation is founded while its collector begins."""

        def folder(state: Path) -> StationFolder:
            self.talk.founded.result()
            return self._parts.hotline_folder(state)

        return replace(self._parts, hotline_folder=folder)

    def section(self, side: Side) -> HotlineSection:
        listen = (f"{LOOPBACK}:{self._ports[side]}",)
        return HotlineSection(enabled=True, listen=listen, listen_signal=(), drill_every_hours=0)

    def open_console(self, config: Config) -> None:
        """`tidegate console`, with an invitation for whoever looks."""
        port = free_port(LOOPBACK)
        file = write_config(self._folder, config)
        arguments = ["--listen", f"{LOOPBACK}:{port}", "--state", str(self._folder), "--config", str(file)]
        self._console = self._program("console", ["console", *arguments])
        self._roster = self._parts.roster(roster_path(config, self._folder))
        self._shelf = self._parts.shelf(self._folder / SHELF_NAME)
        self._invite()

    def _invite(self) -> None:
        self._code, now_ms = fresh_code(), self._parts.clock().now_ms()
        self._code_until_ms = now_ms + entering.INVITATION_MS_MAX
        name = INVITED[len(self.officers)]
        invitation = entering.Invitation(name=name, level="senior", until_ms=self._code_until_ms)
        entering.invite(self._shelf, self._code, invitation, now_ms)

    def turn(self, *, taken_in: bool) -> None:
        """Whoever made a passkey in the page becomes an officer once people may be `taken_in`."""
        self.talk.check()
        for program in self._programs:
            program.check()
        if self._neighbour is None and self.talk.met.is_set():
            config = write_config(self._xb, Config(hotline=self.section(XB)))
            arguments = ["hotline", "serve", "--state", str(self._xb), "--config", str(config)]
            passphrase = write_passphrase(self._xb, PASSPHRASE)
            self._neighbour = self._program("neighbour", arguments, {STATION_PASSPHRASE: str(passphrase)})
        if taken_in and self._code and (made := entering.answered(self._shelf, self._code)) is not None:
            self._fingerprint = entering.fingerprint(made)
            now_ms = self._parts.clock().now_ms()
            add_officer(self._roster, made.name, made.level, made.public_key, now_ms, made.passkey)
            entering.forget(self._shelf, self._code)
            self.officers.append(made.name)
            self._code = ""
            if len(self.officers) < len(INVITED):
                self._invite()
        elif self._code and self._parts.clock().now_ms() >= self._code_until_ms:
            entering.forget(self._shelf, self._code)
            self._invite()  # whoever takes their time is shown another code

    def _program(self, name: str, arguments: list[str], more: dict[str, str] | None = None) -> Program:
        program = Program(name, arguments, self._folder, more or {})
        self._programs.append(program)
        return program

    def console(self) -> ConsoleView | None:
        """None where there is none, or it does not listen yet."""
        if self._console is None:
            return None
        links = [line.split()[-1] for line in self._console.told() if LINK_MARK in line]
        if not links:
            return None
        return ConsoleView(
            link=links[-1],
            code=self._code,
            officers=tuple(self.officers),
            fingerprint=self._fingerprint,
        )

    def tell_page(self, note: DemoNote) -> None:
        """Where there is one."""
        if self._console is not None and note != self._noted:
            tell(self._shelf, note)
            self._noted = note

    def cut(self) -> Cut | None:
        """Asked for when first called; None until the answer is there."""
        self._cut = self._cut or self.clerk.submit(self._rehearse)
        return result_of(self._cut)

    def _rehearse(self) -> Cut:
        return rehearsed(XA.code, offer_world(self._parts, self._folder))

    def proved(self) -> Proved | None:
        """The same of the evidence, once each side's ledger was cosigned by the other."""
        self._proof = self._proof or self.clerk.submit(self._prove)
        return result_of(self._proof)

    def _prove(self) -> Proved:
        notified = self.talk.heard.notified
        assert notified is not None, "it is proved after it was told"
        sides = self.talk.sides
        while not self._stopped and not all(
            accounts.is_provable(self._parts, side, notified.message) for side in sides
        ):
            time.sleep(PROOF_AGAIN_S)
        return accounts.proved(self._parts, sides, notified.message, self._folder)

    def stop(self) -> None:
        """Officers and clerk are told to leave; programs end."""
        self._stopped = True
        self.talk.stop()
        self.clerk.shutdown(wait=False, cancel_futures=True)
        for program in reversed(self._programs):
            program.end()

    def join(self) -> None:
        """Until nobody uses the folder any more."""
        self.talk.join()
        self.clerk.shutdown()


def result_of(future: Future[Done]) -> Done | None:
    return future.result() if future.done() else None
