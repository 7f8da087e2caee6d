"""The lab's year: two stations say what the script has them say, and what both then show is compared."""

import socket
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from tidegate.adapters.local_files import DiskFiles
from tidegate.adapters.printing import TypstPrinter
from tidegate.app.accord.books import Book
from tidegate.app.accord.lab import AccordLabReport, Notable
from tidegate.app.accord.lab import Node as Shown
from tidegate.app.accord.reconciling import (
    SideBySide,
    account_bytes,
    account_of,
    accounts_told,
    side_by_side,
)
from tidegate.app.accord.review import html, review_paper
from tidegate.app.accord.views import Row, row, year_view
from tidegate.app.hotline.lab import Progress
from tidegate.lab.accord.script import (
    ACCORD,
    BEGIN_S,
    CODES,
    END_S,
    LANGUAGES,
    YEAR,
    Line,
    account,
    days,
    written,
    year,
)
from tidegate.lab.accord.station import LabStation, Party
from tidegate.lab.hotline.party import SteppedClock
from tidegate.model.organisations import Digest
from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed

DELIVERY_S: Final = 60.0
TELL_EVERY: Final = 40
TURN_S: Final = 0.002
STORIES: Final = frozenset(("notice-of-exercise", "notify-incident", "clarify", "consult", "annual-review"))
"""Obligations whose every instance the report shows; of the others, those that were late."""


class Year:
    """One run. `monotonic_s` never steps back; `wait` waits so many seconds."""

    def __init__(
        self,
        output: Path,
        clock: Clock,
        monotonic_s: Callable[[], float],
        wait: Callable[[float], object],
        tell: Progress,
    ) -> None:
        self._output = output
        self._wall = clock
        self._clock = SteppedClock(clock)
        self._monotonic_s = monotonic_s
        self._wait = wait
        self._tell = tell
        self._said: dict[str, Digest] = {}

    def run(self, keep: Path | None) -> AccordLabReport:
        """`keep` is a folder for both nodes' own folders; without it they are thrown away."""
        began_s = self._monotonic_s()
        with ExitStack() as afterwards:
            folder = keep
            if folder is None:
                folder = Path(afterwards.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-lab-")))
            return self.run_in(folder, afterwards, began_s)

    def run_in(self, folder: Path, afterwards: ExitStack, began_s: float) -> AccordLabReport:
        """Leaves both databases in the folder."""
        parties = [
            Party(number, folder / code, BEGIN_S, ("127.0.0.1", free_port()))
            for number, code in enumerate(CODES)
        ]
        self._set(BEGIN_S)
        stations: dict[str, LabStation] = {}
        for code, party in zip(CODES, parties, strict=True):
            stations[code] = LabStation(party, [one.card for one in parties if one is not party], self._clock)
            stations[code].start()
            afterwards.callback(stations[code].stop)
        file = written({code: station.organisation for code, station in stations.items()})
        lines = year(sha256(file).hexdigest())
        self._live(lines, stations, file)
        compared = self._compare(stations)
        self._set(END_S)
        return self._report(stations, len(lines) + 1, compared, began_s)

    def _live(self, lines: Sequence[Line], stations: dict[str, LabStation], file: bytes) -> None:
        """Each line when its time has come, and every morning a look at the calendar."""
        mornings = days()
        morning = next(mornings)
        for number, line in enumerate(lines):
            while morning < line.at_s:
                self._set(morning)
                for station in stations.values():
                    station.look()
                morning = next(mornings)
            self._set(line.at_s)
            self._say(line, stations, file)
            if number % TELL_EVERY == 0:
                self._tell(f"{number} of {len(lines)} messages")

    def _compare(self, stations: dict[str, LabStation]) -> SideBySide:
        """XB sends its account of the year, and XA puts it beside its own record."""
        line, (ours, theirs) = account(), CODES
        self._set(line.at_s)
        told = account_of(self._book(stations[theirs]), theirs, BEGIN_S, line.at_s)
        self._say(line, stations, account_bytes(told))
        book = self._book(stations[ours])
        (message, came), *_ = accounts_told(
            stations[ours].stores.facts, stations[ours].stores.envelopes, stations[ours].organisation, book
        )
        return side_by_side(book, ours, message, came)

    def _book(self, station: LabStation) -> Book:
        return station.following.look().current(ACCORD, END_S)

    def _say(self, line: Line, stations: dict[str, LabStation], file: bytes) -> None:
        sender = stations[line.by]
        filled = self._filled(line)
        message = sender.say(filled, self._said[line.answers] if line.answers else None, file)
        if line.label:
            self._said[line.label] = message
        until_s = self._monotonic_s() + DELIVERY_S
        while not sender.knows_delivered(message):
            for station in stations.values():
                station.turn()
            if self._monotonic_s() > until_s:
                what = f"waited {DELIVERY_S:.0f} s for the receipt of {line.form} by {line.by}"
                raise OutsideFailed(what, "the lab", "This is a bug, or a machine that is very busy.")
            self._wait(TURN_S)

    def _filled(self, line: Line) -> Line:
        """Labels of earlier lines become the digests of what was said."""
        fields = {
            name: value.format_map(self._said) if isinstance(value, str) else value
            for name, value in line.fields.items()
        }
        return replace(line, fields=fields)

    def _set(self, at_s: int) -> None:
        """The stations' clock, which never goes back."""
        self._clock.by_ms = max(self._clock.by_ms, at_s * 1_000 - self._wall.now_ms())

    def _report(
        self, stations: dict[str, LabStation], messages: int, compared: SideBySide, began_s: float
    ) -> AccordLabReport:
        books = {code: self._book(station) for code, station in stations.items()}
        standings = {
            code: {
                one.name: (str(one.stage), one.due_s, one.kept_s)
                for one in station.following.reckoning(books[code]).standing(END_S)
            }
            for code, station in stations.items()
        }
        ours, theirs = (standings[code] for code in CODES)
        return AccordLabReport(
            messages=messages,
            instances=len(ours),
            differing=tuple(
                sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
            ),
            told_alike=compared.same,
            told_otherwise=len(compared.differing) + len(compared.skewed),
            digest=books[CODES[0]].digest,
            nodes=tuple(shown(code, stations[code], books[code]) for code in CODES),
            packs=tuple(self._packs(books[CODES[0]])),
            seconds=round(self._monotonic_s() - began_s),
        )

    def _packs(self, book: Book) -> list[str]:
        """The review pack of the year in both languages, for the eye and for paper."""
        files, printer, written_to = DiskFiles(), TypstPrinter(), []
        view = year_view(book, CODES[0], YEAR, END_S)
        for language in LANGUAGES:
            paper = review_paper(book, view, language)
            for ending, body in (("html", html(paper).encode()), ("pdf", printer.pdf(paper))):
                path = self._output / f"review-{YEAR}-{language}.{ending}"
                files.write(path, body)
                written_to.append(str(path))
        return written_to


def shown(code: str, station: LabStation, book: Book) -> Shown:
    found = station.following.reckoning(book).standing(END_S)
    counts = Counter(str(one.stage) for one in found)
    notable = [
        row(one, code)
        for one in found
        if one.stage in ("late", "breached", "disputed") or one.obligation.id in STORIES
    ]
    return Shown(
        party=code,
        counts=dict(sorted(counts.items())),
        notable=tuple(map(told, sorted(notable, key=by_article))),
        reminders=tuple(station.listener.reminders),
    )


def by_article(one: Row) -> tuple[list[int], str, str]:
    return [int(part) for part in one.article.split(".")], one.obligation, one.duty


def told(one: Row) -> Notable:
    trigger = () if one.trigger is None or one.trigger < 0 else (one.trigger,)
    return Notable(
        article=one.article,
        obligation=one.obligation,
        duty=one.duty,
        toward=one.toward,
        stage=one.stage,
        due_s=one.due_s,
        kept_s=one.kept_s,
        facts=tuple(dict.fromkeys((*trigger, *one.evidence, *(fact for _, fact in one.procedure)))),
        next_step=one.next_step,
    )


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
