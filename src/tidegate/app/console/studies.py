"""The studies of one console: asked by many, worked on one at a time in a process of their own, and kept.

1. One process at a time, and so many wait; whoever asks beyond that is told to come back.
2. The same question to the same file is one study, whoever asks: its number is a link that can be passed on.
3. What is over is on the shelf before anybody is told so, and the oldest gives way to the newest.
4. A study that is under way when the console ends is `ended` afterwards, and never `done`.
"""

import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from tidegate.app.console.gathering import NoSuchThing
from tidegate.app.console.study import (
    Order,
    Part,
    Refusal,
    Standing,
    Step,
    StudyKept,
    StudyRow,
    StudyView,
    Told,
)
from tidegate.model.refusals import Full
from tidegate.ports.clock import Clock
from tidegate.ports.evidence import Shelf
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.studying import Study, StudyProcess

FOLDER = "studies"
INDEX = f"{FOLDER}/index.json"

STUDIES_MAX = 50
"""Studies that are kept; the oldest that is over gives way to a new one."""

WAITING_MAX = 8
"""Studies that wait while another is worked on; one more is refused until one is over."""

STUDY_KEPT_BYTES_MAX = 32 << 20
"""Bytes of one study's answer; the part that goes beyond is left out, and told as too large."""

SAME = ("waiting", "working", "done")


@dataclass(slots=True)
class _UnderWay:
    """`study` is None before its process was begun."""

    order: Order
    parts: list[Part] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    step: Step | None = None
    study: Study | None = None
    ended: bool = False


class Studies:
    """Any thread may ask."""

    def __init__(self, shelf: Shelf, process: StudyProcess, clock: Clock) -> None:
        self._shelf = shelf
        self._process = process
        self._clock = clock
        self._lock = threading.RLock()
        self._rows: dict[int, StudyRow] | None = None
        self._under_way: dict[int, _UnderWay] = {}
        self._waiting: deque[int] = deque()
        self._unkept: dict[int, Refusal] = {}
        self._worker: threading.Thread | None = None

    def ask(self, order: Order, stamp: str, by: str) -> int:
        """Its number. `stamp` tells this file from what it was before. Full where too many wait."""
        key = sha256(msgspec.json.encode((order, stamp))).hexdigest()
        with self._lock:
            rows = self._known()
            for row in rows.values():
                if row.key == key and row.standing in SAME:  # 2
                    return row.number
            if len(self._waiting) >= WAITING_MAX:  # 1
                raise Full("studies that wait", WAITING_MAX)
            number = max(rows, default=0) + 1
            row = StudyRow(
                number=number,
                key=key,
                asked=order.asked,
                by=by,
                asked_ms=self._clock.now_ms(),
                standing="waiting",
            )
            self._keep({**rows, number: row})
            self._under_way[number] = _UnderWay(order)
            self._waiting.append(number)
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, daemon=True)
                self._worker.start()
            return number

    def view(self, number: int, after: int) -> StudyView:
        """NoSuchThing for one that is not kept, or no more."""
        with self._lock:
            row = self._row(number)
            running = self._under_way.get(number)
            before = self._waiting.index(number) + 1 if number in self._waiting else 0
            if running is not None:
                parts, refusals, step = tuple(running.parts), tuple(running.refusals), running.step
            else:
                kept = self._read(number)
                parts, refusals, step = kept.parts, kept.refusals, None
        return StudyView(
            at_ms=self._clock.now_ms(),
            row=row,
            before=before,
            step=step,
            parts=parts[after:],
            refusals=refusals,
        )

    def rows(self, kinds: tuple[type, ...]) -> tuple[StudyRow, ...]:
        """Those about such questions, newest first."""
        with self._lock:
            rows = sorted(self._known().values(), key=lambda row: -row.number)
        return tuple(row for row in rows if isinstance(row.asked, kinds))

    def end(self, number: int) -> None:
        """One that waits or is under way; of one that is over nothing changes."""
        with self._lock:
            self._row(number)
            running = self._under_way.get(number)
            if running is None:
                return
            running.ended = True
            if running.study is not None:
                running.study.end()
            elif number in self._waiting:
                self._waiting.remove(number)
                self._over(number, running)

    def close(self) -> None:
        """4. Ends what is under way, with the console."""
        with self._lock:
            for number in [*self._waiting, *self._under_way]:
                if number in self._under_way:
                    self.end(number)
            worker = self._worker
        if worker is not None:
            worker.join()

    def _work(self) -> None:
        """One after the other, until none waits."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._worker = None
                    return
                number = self._waiting.popleft()
                running = self._under_way[number]
                self._put(number, "working")
            try:
                self._follow(running)
            except OutsideFailed as failure:
                running.refusals.append(Refusal("", "outside", failure.what, failure.remedy))
            with self._lock:
                self._over(number, running)

    def _follow(self, running: _UnderWay) -> None:
        with self._lock:
            if running.ended:
                return
            running.study = study = self._process.begin(msgspec.json.encode(running.order))
        size = 0
        for line in study.lines():
            told = msgspec.json.decode(line, type=Told)
            size += len(line)
            match told:
                case Step():
                    running.step = told
                case Part() if size > STUDY_KEPT_BYTES_MAX:
                    running.refusals.append(Refusal(told.name, "full", "this part is too large to be kept"))
                case Part():
                    # A copy: what was decoded would hold on to the whole line.
                    running.parts.append(Part(told.name, msgspec.Raw(bytes(told.told))))
                case Refusal():
                    running.refusals.append(told)

    def _over(self, number: int, running: _UnderWay) -> None:
        standing: Standing = "done"
        if running.ended:
            standing = "ended"
        elif any(not one.part for one in running.refusals):
            standing = "failed"
        kept = StudyKept(parts=tuple(running.parts), refusals=tuple(running.refusals))
        try:
            self._shelf.put({_name(number): msgspec.json.encode(kept)})  # 3
        except OutsideFailed as failure:
            standing = "failed"
            self._unkept[number] = Refusal("", "outside", failure.what, failure.remedy)
        self._put(number, standing)
        del self._under_way[number]

    def _row(self, number: int) -> StudyRow:
        row = self._known().get(number)
        if row is None:
            raise NoSuchThing(f"there is no study {number} here, or no more")
        return row

    def _known(self) -> dict[int, StudyRow]:
        if self._rows is None:
            self._rows = {row.number: _as_found(row) for row in _index(self._shelf)}
        return self._rows

    def _put(self, number: int, standing: Standing) -> None:
        """A shelf that fails is told of where an answer is lost by it, and when the next one asks."""
        rows = self._known()
        self._rows = {**rows, number: replace(rows[number], standing=standing)}
        with suppress(OutsideFailed):
            self._keep(self._rows)

    def _keep(self, rows: dict[int, StudyRow]) -> None:
        """3. On the shelf first; the oldest that are over give way."""
        over = [number for number in sorted(rows) if number not in self._under_way]
        dropped = over[: max(0, len(rows) - STUDIES_MAX)]
        left = {number: row for number, row in rows.items() if number not in dropped}
        self._shelf.put({INDEX: msgspec.json.encode(tuple(left.values()))})
        self._shelf.drop([_name(number) for number in dropped])
        self._rows = left

    def _read(self, number: int) -> StudyKept:
        if number in self._unkept:
            return StudyKept(parts=(), refusals=(self._unkept[number],))
        body = self._shelf.get(_name(number))
        return msgspec.json.decode(body, type=StudyKept) if body else StudyKept(parts=(), refusals=())


def _name(number: int) -> str:
    return f"{FOLDER}/{number:08d}.json"


def _as_found(row: StudyRow) -> StudyRow:
    """4. Nobody works on it any more."""
    return replace(row, standing="ended") if row.standing in ("waiting", "working") else row


def _index(shelf: Shelf) -> tuple[StudyRow, ...]:
    """None where it was written by another version: studies can be asked again."""
    body = shelf.get(INDEX)
    if body is None:
        return ()
    try:
        return msgspec.json.decode(body, type=tuple[StudyRow, ...])
    except msgspec.MsgspecError:
        return ()
