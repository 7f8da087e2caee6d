"""Three ways to follow the demo: a live screen, plain lines for a pipe, JSON lines for programs."""

from collections import deque
from textwrap import wrap
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tidegate.app.units import si
from tidegate.cli import words
from tidegate.cli.demo_changes import Changes, Overheard
from tidegate.cli.demo_panels import BESIDE, beside_panel, chapter_panel
from tidegate.cli.demo_words import few_vectors, share, span
from tidegate.cli.output import print_json
from tidegate.cli.tables import WIDE, plain_table, sampling, state

if TYPE_CHECKING:
    from tidegate.app.demonstration import DemoView, PlanView, RouterView
    from tidegate.model.attacks import Attack
    from tidegate.model.labels import Language

BARS = "▁▂▃▄▅▆▇█"

WITH_PLACES, WITH_NAMES = 118, 136
"""Columns from which the screen also tells where a plan is in force, and who signed it."""

EVENTS_SHOWN_MAX = 40
"""Last events that a tall screen shows; the older ones scroll away, and stay in the record."""

TIME_COLUMNS = 8
"""What the time of an event takes in front of it."""

STAGE_STYLES = {
    "proposed": "yellow",
    "spot test": "cyan",
    "widening": "cyan",
    "relaxing": "cyan",
    "held": "bold green",
    "failed": "bold red",
}


class Follower(Protocol):
    """Shows the demo as it goes."""

    def __enter__(self) -> object: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, view: "DemoView") -> None: ...


class LiveScreen:
    """One screen, drawn anew a few times a second."""

    def __init__(self, screen: Console, overheard: Overheard, language: "Language") -> None:
        self._screen = screen
        self._language = language
        self._live = Live(console=screen, auto_refresh=False, transient=True)
        self._changes = Changes(overheard)
        self._events: deque[str] = deque(maxlen=EVENTS_SHOWN_MAX)

    def __enter__(self) -> "LiveScreen":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, view: "DemoView") -> None:
        for change in self._changes.of(view):
            if change.event != "step":
                self._events.append(f"{view.elapsed_s:4.0f} s  {change.words}")
        self._live.update(self._drawn(view), refresh=True)

    def _drawn(self, view: "DemoView") -> RenderableType:
        """The tables, and below them as many of the last events as there is room for."""
        tables = demo_screen(view, self._screen.width, self._language)
        used = len(self._screen.render_lines(tables, self._screen.options))
        room = self._screen.height - used - 2
        told = [row for event in self._events for row in rows(event, self._screen.width - 2)]
        events = told[-room:] if room > 0 else []
        lines = [Text(f" {event}", style="dim", no_wrap=True, overflow="ellipsis") for event in events]
        return Group(tables, Text(""), *lines) if lines else tables


def rows(event: str, width: int) -> list[str]:
    """A long event goes on below what it tells, not below its time; a link is never broken."""
    below = " " * TIME_COLUMNS
    return wrap(event, width, subsequent_indent=below, break_long_words=False, break_on_hyphens=False)


class PlainLines:
    """A line for each thing that happens."""

    def __init__(self, screen: Console, overheard: Overheard) -> None:
        self._screen = screen
        self._changes = Changes(overheard)

    def __enter__(self) -> "PlainLines":
        return self

    def __exit__(self, *_: object) -> None: ...

    def show(self, view: "DemoView") -> None:
        for change in self._changes.of(view):
            self._screen.print(f"{view.elapsed_s:5.1f} s  {change.words}")


class JsonLines:
    """The same as JSON objects, one a line: {"event": "step" | "detected" | "proposed" | ..., ...}."""

    def __init__(self, overheard: Overheard) -> None:
        self._changes = Changes(overheard)

    def __enter__(self) -> "JsonLines":
        return self

    def __exit__(self, *_: object) -> None: ...

    def show(self, view: "DemoView") -> None:
        for change in self._changes.of(view):
            named = JSON_NAMES[change.event]
            print_json({"event": change.event, "elapsed_s": round(view.elapsed_s, 1), named: change.told})


JSON_NAMES = {
    "step": "step",
    "warning": "warning",
    "detected": "attack",
    "ended": "attack",
    "proposed": "plan",
    "approval": "view",
    "verdict": "verdict",
    "stage": "view",
    "chapter": "told",
    "awaits": "decision",
    "console": "link",
    "ready": "ready_ms",
    "code": "code",
}
"""Under which name each event carries its value."""


def demo_screen(view: "DemoView", width: int, language: "Language" = "en") -> RenderableType:
    """All of the demo at one moment; fits 80 columns by 24 lines."""
    chapter = Padding(chapter_panel(view, width, language), (0, 0, 0, 1))
    if view.chapter in BESIDE:
        return Group(
            _heading(view, width),
            chapter,
            Text(""),
            *beside_panel(view, width, language),
            _inbound(view, width),
        )
    return Group(
        _heading(view, width),
        chapter,
        _inbound(view, width),
        Text(""),
        Padding(_exporters(view), (0, 0, 0, 1)),
        Text(""),
        Padding(_attacks(view, width), (0, 0, 0, 1)),
    )


def _heading(view: "DemoView", width: int) -> Text:
    title = " Tidegate demo: the fictional country XA, on this machine"
    clock = f"{view.chapter}, {view.elapsed_s:.0f} s "
    return Text(title.ljust(width - len(clock)) + clock, style="bold reverse", no_wrap=True)


def _inbound(view: "DemoView", width: int) -> Text:
    volumes = view.inbound_bits_per_s[-(width - 34) :]
    newest = si(volumes[-1], "bps") if volumes else "-"
    line = Text(" Inbound volume ", style="dim")
    line.append(f"~{newest:<10} ", style="bold")
    line.append(sparkline(volumes), style="blue")
    return line


def sparkline(values: tuple[int, ...]) -> str:
    """A bar for each value, the highest full."""
    top = max(values, default=0)
    return "".join(BARS[value * (len(BARS) - 1) // top] if top else BARS[0] for value in values)


def _exporters(view: "DemoView") -> Table:
    table = plain_table()
    for heading in ("border point", "exporter", "protocol"):
        table.add_column(heading, no_wrap=True)
    for heading in ("sampling", "records/s", "age"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("BGP", no_wrap=True)
    table.add_column("rules", justify="right", no_wrap=True)
    routers = {router.name: router for router in view.routers}
    for exporter in view.exporters:
        table.add_row(
            exporter.border_point,
            exporter.name,
            exporter.protocol,
            sampling(exporter.sampling_rate),
            words.count(exporter.records_per_s),
            words.duration(max(exporter.age_ms, 0)),
            *_session(routers.get(exporter.name)),
        )
    return table


def _session(router: "RouterView | None") -> tuple[Text, Text]:
    if router is None:
        return Text("-"), Text("-")
    session = Text("up", style="green") if router.session_up else Text("down", style="yellow")
    return session, Text(str(router.rules), style="bold cyan" if router.rules else "dim")


def _attacks(view: "DemoView", width: int) -> RenderableType:
    """One line an attack: what is hit, what its plan is forecast to do (90 %), and where both stand."""
    if not view.attacks:
        return Text("No attack so far.", style="dim")
    wide = width >= WIDE
    table = plain_table()
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    table.add_column("vectors", no_wrap=True)
    table.add_column("peak rate", justify="right", no_wrap=True)
    table.add_column("plan removes" if wide else "removes %", no_wrap=True)
    table.add_column("others lose" if wide else "harms %", no_wrap=True)
    if width >= WITH_PLACES:
        table.add_column("in force at", no_wrap=True)
    if width >= WITH_NAMES:
        table.add_column("signed by", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for attack in view.attacks:
        plans = [plan for plan in view.plans if plan.plan.attack == attack.number]
        ended = attack.number in view.ended
        table.add_row(
            str(attack.number),
            words.target(attack),
            few_vectors(attack, 1),
            words.short_rate(attack.peak_bits_per_s, "bps", scaled=words.is_scaled(attack)),
            *_plan_cells(attack, plans[-1] if plans else None, width),
            _where_it_stands(attack, plans[-1] if plans else None, ended=ended),
        )
    return table


def _plan_cells(attack: "Attack", view: "PlanView | None", width: int) -> list[Text | str]:
    if view is None or not view.plan.rules:
        nothing = view is not None or not attack.actionable
        cells: list[Text | str] = [Text("nothing" if nothing else "-", style="dim"), "-"]
        places, names = "-", "-"
    else:
        foreseen, written = view.plan.forecast, share if width >= WIDE else span
        cells = [written(foreseen.attack_removed), written(foreseen.lost_bytes)]
        places = ", ".join(view.in_force) or "-"
        names = ", ".join(word.officer for word in view.approvals) or "-"
    return [*cells, *([places] if width >= WITH_PLACES else []), *([names] if width >= WITH_NAMES else [])]


def _where_it_stands(attack: "Attack", plan: "PlanView | None", *, ended: bool) -> Text:
    """The plan's stage where there is one; an attack that cannot be scaled never gets one."""
    if plan is not None and (plan.plan.rules or not ended):
        return Text(plan.stage, style=STAGE_STYLES.get(plan.stage, "dim"))
    return state(attack, ended=ended)
