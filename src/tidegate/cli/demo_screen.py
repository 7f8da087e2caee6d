"""Three ways to follow the demo: a live screen, plain lines for a pipe, JSON lines for programs."""

from collections import deque
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tidegate.app.units import si
from tidegate.cli import words
from tidegate.cli.demo_changes import Changes, Overheard
from tidegate.cli.output import print_json
from tidegate.cli.tables import WIDE, attack_table, plain_table, sampling

if TYPE_CHECKING:
    from tidegate.app.demonstration import DemoView, PlanView, RouterView
    from tidegate.model.plans import Plan, Share

BARS = "▁▂▃▄▅▆▇█"

EVENTS_SHOWN_MAX = 40
"""Last events that a tall screen shows; the older ones scroll away, and stay in the record."""

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

    def __init__(self, screen: Console, overheard: Overheard) -> None:
        self._screen = screen
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
        tables = demo_screen(view, self._screen.width)
        used = len(self._screen.render_lines(tables, self._screen.options))
        room = self._screen.height - used - 2
        events = list(self._events)[-room:] if room > 0 else []
        lines = [Text(f" {event}", style="dim", no_wrap=True, overflow="ellipsis") for event in events]
        return Group(tables, Text(""), *lines) if lines else tables


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
}
"""Under which name each event carries its value."""


def demo_screen(view: "DemoView", width: int) -> RenderableType:
    """All of the demo at one moment; fits 80 columns by 24 lines."""
    return Group(
        _heading(view, width),
        Text(f" {view.step}", style="cyan", no_wrap=True, overflow="ellipsis"),
        _inbound(view, width),
        Text(""),
        Padding(_exporters(view), (0, 1)),
        Text(""),
        Padding(_attacks(view, width), (0, 1)),
        Text(""),
        Padding(_plans(view, width), (0, 1)),
    )


def _heading(view: "DemoView", width: int) -> Text:
    title = " Tidegate demo: the fictional country XA, on this machine"
    clock = f"{view.elapsed_s:.0f} s of {view.of_s:.0f} s " if view.elapsed_s < view.of_s else "quiet "
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
    if not view.attacks:
        return Text("No attack so far.", style="dim")
    return attack_table(view.attacks, view.ended, width)


def _plans(view: "DemoView", width: int) -> RenderableType:
    if not view.plans:
        return Text("No plan so far.", style="dim")
    wide = width >= WIDE
    table = plain_table()
    table.add_column("plan", justify="right")
    table.add_column("for", justify="right")
    table.add_column("rules", justify="right")
    table.add_column("forecast: attack removed", no_wrap=True)
    table.add_column("others lost", no_wrap=True)
    if wide:
        table.add_column("agreed")
    table.add_column("stage", no_wrap=True)
    table.add_column("in force at", overflow="fold")
    for plan in view.plans:
        table.add_row(*_plan_cells(plan, wide=wide))
    return table


def _plan_cells(view: "PlanView", *, wide: bool) -> list[Text | str]:
    plan = view.plan
    agreed = ", ".join(word.officer for word in view.approvals) or "-"
    return [
        str(plan.number),
        str(plan.attack),
        str(rules_of(plan)) if plan.rules else "none",
        share(plan.forecast.attack_removed) if plan.rules else "-",
        share(plan.forecast.lost_bytes) if plan.rules else "-",
        *([agreed] if wide else []),
        Text(view.stage, style=STAGE_STYLES.get(view.stage, "")),
        ", ".join(view.in_force) or "-",
    ]


def rules_of(plan: "Plan") -> int:
    """Distinct rules, however many border points hold them."""
    return len({rule.match for rule in plan.rules})


def share(value: "Share") -> str:
    """As "97 % (95 to 99)"."""
    return f"{percent(value.estimate)} % ({percent(value.low)} to {percent(value.high)})"


def percent(millionths: int) -> str:
    """Two significant figures below ten, whole ones above."""
    value = millionths / 10_000
    return f"{value:.0f}" if value >= 10 or not millionths else f"{value:.2g}"
