"""The node's end of the border: asks the speaker's process, and starts it where none runs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from tidegate.adapters.border.frames import (
    Announce,
    AskLive,
    AskMirrors,
    AskSessions,
    Done,
    End,
    Failed,
    Frames,
    Live,
    Mirrors,
    Refused,
    Reply,
    Request,
    Sessions,
    Withdraw,
    packed,
)
from tidegate.adapters.border.places import (
    SOCKET_NAME,
    connect_to,
    private_folder,
    process_behind,
    read_settings,
    write_settings,
)
from tidegate.adapters.border.receivers import ON_THE_WAY_S, ask_receivers
from tidegate.model.border import BorderSettings
from tidegate.model.plans import Rule
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.border import LiveRule, Order, ReadBack, SessionView
from tidegate.ports.outside import OutsideFailed

ANSWER_S: Final = 10.0
"""The speaker's process answers well within this; one that does not is taken for stopped, and is ended."""

STARTING_S: Final = 30.0
"""How long the speaker's process may take until it listens; on a busy machine its imports take seconds."""

_LOOK_S: Final = 0.05
_R = TypeVar("_R", bound=Reply)


def start_border(settings: BorderSettings, command: Sequence[str] | None = None) -> "SpeakerClient":
    """The border of a node (tidegate.ports.border.Border), with its speaker's process running.

    A process that outlived an earlier node is taken up again with what it holds, unless its settings
    differ: then it withdraws everything and another takes its place. OutsideFailed where none can be
    started. `command` starts the process; by default `tidegate speak --state FOLDER`.
    """
    client = SpeakerClient(settings, command or speak_command(settings))
    client.start()
    return client


def speak_command(settings: BorderSettings) -> list[str]:
    return [sys.executable, "-m", "tidegate", "speak", "--state", settings.state_folder]


class SpeakerClient:
    """Guardian of nothing: it only asks. Every rule of the Border contract is kept behind the socket.

    Any thread may call it; one question is asked at a time. Inert until `start`; `close` leaves the
    speaker's process alone, which withdraws each rule when its lease ends and then ends itself.
    """

    def __init__(self, settings: BorderSettings, command: Sequence[str]) -> None:
        self.settings = settings
        self._command = list(command)
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._listened = False
        self._live_since_s: dict[Rule, float] = {}

    def start(self) -> None:
        folder = private_folder(self.settings.state_folder)
        if self._other_settings_run(folder):
            self.end()
        write_settings(folder, self.settings)
        self._ask(AskLive(), Live)

    def close(self) -> None:
        """Lets the connection go, and the speaker's process run on."""
        with self._turn:
            self._drop()

    def end(self) -> None:
        """Everything withdrawn, and the speaker's process ended."""
        self._ask(End(), Done)
        self._wait_until_nobody_listens(private_folder(self.settings.state_folder))

    def announce(self, order: Order) -> None:
        self._ask(Announce(order), Done)

    def withdraw(self, plan: int, border_point: str | None) -> None:
        self._ask(Withdraw(plan, border_point), Done)

    def withdraw_all(self) -> None:
        self._ask(Withdraw(None, None), Done)

    def live(self) -> Sequence[LiveRule]:
        return self._ask(AskLive(), Live).rules

    def sessions(self) -> Sequence[SessionView]:
        return self._ask(AskSessions(), Sessions).sessions

    def read_back(self) -> Sequence[ReadBack]:
        """The mirror, or what gobgpd sent; and every router that can be asked, by this process itself."""
        seen = self._ask(AskMirrors(), Mirrors).seen
        rules = [each.rule for each in self.live()]
        return (*seen, *ask_receivers(self.settings, rules, self._just_sent(rules)))

    def _just_sent(self, rules: Sequence[Rule]) -> Sequence[Rule]:
        """Those that have been live for so short a time that they may still be on their way."""
        now_s = time.monotonic()
        self._live_since_s = {rule: self._live_since_s.get(rule, now_s) for rule in rules}
        return [rule for rule in rules if now_s - self._live_since_s[rule] < ON_THE_WAY_S]

    def _other_settings_run(self, folder: Path) -> bool:
        try:
            connect_to(folder, SOCKET_NAME).close()
            return read_settings(folder) != self.settings
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    def _wait_until_nobody_listens(self, folder: Path) -> None:
        self.close()
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until:
            try:
                connect_to(folder, SOCKET_NAME).close()
            except OSError:
                return
            time.sleep(_LOOK_S)
        raise self._failure("the speaker's process of an earlier node does not end")

    def _ask(self, request: Request, kind: type[_R]) -> _R:
        """One question and its answer. NotAllowed and OutsideFailed as the speaker's process says them.

        A process that broke off has ended or is about to: the next one is asked again, once.
        """
        with self._turn:
            try:
                reply = self._answer(request)
            except (ConnectionError, Malformed):
                self._drop()
                reply = self._answer_of_the_next(request)
        match reply:
            case Refused(why):
                raise NotAllowed(why)
            case Failed(what, where, remedy):
                raise OutsideFailed(what, where, remedy)
            case _ if isinstance(reply, kind):
                return reply
        raise self._failure("the speaker's process answered another question")

    def _answer(self, request: Request) -> Reply:
        connection = self._connection or self._connect()
        try:
            connection.sendall(packed(request))
            return Frames[Reply](Reply).next_from(connection)
        except TimeoutError as error:
            self._end_silent(connection)
            raise self._failure("the speaker's process did not answer, and was ended") from error

    def _answer_of_the_next(self, request: Request) -> Reply:
        try:
            return self._answer(request)
        except (ConnectionError, Malformed) as error:
            self._drop()
            raise self._failure(f"the speaker's process broke off ({error})") from error

    def _connect(self) -> socket.socket:
        folder = private_folder(self.settings.state_folder)
        until = time.monotonic() + STARTING_S
        while time.monotonic() < until:
            try:
                connection = connect_to(folder, SOCKET_NAME)
            except OSError:
                self._start_process()
                time.sleep(_LOOK_S)
                continue
            connection.settimeout(ANSWER_S)
            self._connection, self._listened = connection, True
            return connection
        raise self._failure("the speaker's process does not listen")

    def _start_process(self) -> None:
        """Starts it, once at a time, in a session of its own: what ends the node's does not end it."""
        if self._process is not None and (code := self._process.poll()) is not None:
            self._process = None
            if code != 0 and not self._listened:  # 0: it found another there, which will listen soon
                raise self._failure(f"the speaker's process ended at once with exit code {code}")
        if self._process is None:
            self._listened = False
            try:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
                )
            except OSError as error:
                raise self._failure(f"the speaker's process cannot be started ({error.strerror})") from error

    def _end_silent(self, connection: socket.socket) -> None:
        """A stopped process holds the lock on the folder; once it is gone, the next question starts another.

        Its BGP program and its hands end with it, and with them every rule.
        """
        with suppress(ProcessLookupError):
            os.kill(process_behind(connection), signal.SIGKILL)
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _failure(self, what: str) -> OutsideFailed:
        where = str(private_folder(self.settings.state_folder) / SOCKET_NAME)
        raise OutsideFailed(
            what, where, "Its last words are in this node's log; it is started again when needed."
        )
