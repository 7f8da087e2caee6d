"""Three ways to follow the demo (a live screen, plain lines for a pipe, JSON lines), and its end."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tidegate.app.units import si
from tidegate.cli import words
from tidegate.cli.output import print_json
from tidegate.cli.tables import WIDE, attack_table, plain_table, sampling

if TYPE_CHECKING:
    from tidegate.app.demonstration import DemoReport, DemoView, Expectation

BARS = "▁▂▃▄▅▆▇█"


class Follower(Protocol):
    """Shows the demo as it goes."""

    def __enter__(self) -> object: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, view: "DemoView") -> None: ...


class LiveScreen:
    """One screen, drawn anew a few times a second."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._live = Live(console=screen, auto_refresh=False, transient=True)

    def __enter__(self) -> "LiveScreen":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, view: "DemoView") -> None:
        self._live.update(demo_screen(view, self._screen.width), refresh=True)


class _Changes:
    """What is new since the last view: attacks that began, and attacks that ended."""

    def __init__(self) -> None:
        self._told: set[tuple[int, str]] = set()
        self._step = ""

    def step(self, view: "DemoView") -> str:
        kind = view.step.partition(",")[0]
        new = view.step if kind != self._step else ""
        self._step = kind
        return new

    def attacks(self, view: "DemoView") -> Iterator[tuple[str, int]]:
        for at, attack in enumerate(view.attacks):
            for change in ("detected", *(("ended",) if attack.number in view.ended else ())):
                if (attack.number, change) not in self._told:
                    self._told.add((attack.number, change))
                    yield change, at


class PlainLines:
    """A line for each thing that happens."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._changes = _Changes()

    def __enter__(self) -> "PlainLines":
        return self

    def __exit__(self, *_: object) -> None: ...

    def show(self, view: "DemoView") -> None:
        if step := self._changes.step(view):
            self._screen.print(f"{view.elapsed_s:5.1f} s  {step}")
        for change, at in self._changes.attacks(view):
            attack = view.attacks[at]
            rate = words.rate(attack.peak_bits_per_s, "bps", scaled=words.is_scaled(attack))
            self._screen.print(
                f"{view.elapsed_s:5.1f} s  attack {attack.number} {change}: {words.target(attack)}, "
                f"{words.vectors(attack)}, {rate}"
            )


class JsonLines:
    """The same as JSON objects, one a line: {"event": "step" | "detected" | "ended", ...}."""

    def __init__(self) -> None:
        self._changes = _Changes()

    def __enter__(self) -> "JsonLines":
        return self

    def __exit__(self, *_: object) -> None: ...

    def show(self, view: "DemoView") -> None:
        if step := self._changes.step(view):
            print_json({"event": "step", "elapsed_s": round(view.elapsed_s, 1), "step": step})
        for change, at in self._changes.attacks(view):
            attack = view.attacks[at]
            print_json({"event": change, "elapsed_s": round(view.elapsed_s, 1), "attack": attack})


def demo_screen(view: "DemoView", width: int) -> RenderableType:
    """All of the demo at one moment; fits 80 columns by 24 lines."""
    return Group(
        _heading(view, width),
        Text(f" {view.step}", style="cyan", no_wrap=True, overflow="ellipsis"),
        Text(""),
        _inbound(view, width),
        Text(""),
        Padding(_exporters(view), (0, 1)),
        Text(""),
        Padding(_attacks(view, width), (0, 1)),
        Text(""),
        Text(f" {words.FORGED}", style="dim", no_wrap=True, overflow="ellipsis"),
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
    for exporter in view.exporters:
        table.add_row(
            exporter.border_point,
            exporter.name,
            exporter.protocol,
            sampling(exporter.sampling_rate),
            words.count(exporter.records_per_s),
            words.duration(max(exporter.age_ms, 0)),
        )
    return table


def _attacks(view: "DemoView", width: int) -> RenderableType:
    if not view.attacks:
        return Text("No attack so far.", style="dim")
    return attack_table(view.attacks, view.ended, width)


def print_report(screen: Console, report: "DemoReport") -> None:
    """What was detected and how fast, what could not be known and why, and what the ledger proves."""
    screen.print()
    screen.print(_expectations(report, screen.width))
    screen.print()
    for line in _could_not_know(report):
        screen.print(f"  {line}")
    for attack in report.false_alarms:
        screen.print(
            f"  Not sent by the lab, yet on record: attack {attack.number} on {words.target(attack)}."
        )
    screen.print(
        f"  {words.count(report.records)} records in {words.count(report.datagrams_sent)} datagrams, "
        f"{words.count(report.datagrams_lost)} lost; {report.facts} facts, "
        f"ledger {'verified' if report.ledger_verified else 'NOT verified'}."
    )
    verdict = "All is as it should be." if report.all_is_well else "Not all is as it should be."
    screen.print(Text(f"  {verdict}", style="bold green" if report.all_is_well else "bold red"))


def _expectations(report: "DemoReport", width: int) -> Table:
    wide = width >= WIDE
    table = plain_table("What was sent, and what was made of it")
    table.add_column("sent", max_width=None if wide else 24)
    table.add_column("seen by", no_wrap=True)
    table.add_column("true rate", justify="right", no_wrap=True)
    table.add_column("peak rate (90 % interval)" if wide else "peak rate", justify="right", no_wrap=True)
    table.add_column("vectors", no_wrap=not wide)
    table.add_column("after", justify="right", no_wrap=True)
    for sent in report.expectations:
        table.add_row(
            f"{sent.story}\n{sent.target}",
            f"{sent.border_point}\n{sent.protocol}",
            si(sent.sent_bits_per_s, "bps"),
            *_made_of(sent, wide=wide),
        )
    return table


def _made_of(sent: "Expectation", *, wide: bool) -> list[Text | str]:
    attack = sent.detected
    if attack is None or sent.after_ms is None:
        return ["-", Text("missed", style="bold red"), "-"]
    named = words.vectors(attack) if wide else words.vectors(attack).replace(", ", ",\n")
    rate = words.rate(attack.peak_bits_per_s, "bps", scaled=words.is_scaled(attack))
    return [
        rate if wide else rate.replace(" (", "\n("),
        Text(named, style="" if sent.right_vectors else "bold red"),
        words.duration(sent.after_ms),
    ]


def _could_not_know(report: "DemoReport") -> Iterator[str]:
    for sent in report.expectations:
        if not sent.sampling_told and sent.detected is not None:
            yield (
                f"Attack {sent.number} on {sent.target}: its exporter never told its sampling rate, so the "
                "rate is a lower bound and nothing would be proposed on it."
            )
        if sent.rate_within_interval is False:
            yield (
                f"Attack {sent.number} on {sent.target}: the true rate of its vectors is outside the stated "
                "interval; telemetry of the last seconds had not all come."
            )
    yield words.FORGED
