"""The command line as a user meets it: exit codes, messages, JSON shapes, documentation."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tests.stories import an_attack
from tidegate.__main__ import PARTS
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.node import Node
from tidegate.app.places import DATABASE_NAME
from tidegate.app.settings import Config
from tidegate.cli.door import COMMANDS, Front, front
from tidegate.cli.exits import MEANINGS, Exit, Finished, tell
from tidegate.model.facts import AttackDetected, AttackEnded, NodeStarted
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.ports.outside import OutsideFailed

DOCS = Path(__file__).parents[2] / "docs"


def tidegate(
    *arguments: str, environ: Mapping[str, str] | None = None, timeout_s: float = 600
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tidegate", *arguments],
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def keep(folder: Path) -> None:
    """A record of two attacks, of which the first has ended."""
    folder.mkdir(exist_ok=True)
    stores = SqlStores(f"sqlite:///{folder / 'ledger.sqlite'}", "create")
    node = Node.open(stores.facts, [], WallClock())
    first, second = an_attack(number=1), an_attack(number=2, doubts=("few_samples",), actionable=False)
    node.record(NodeStarted("1"), AttackDetected(first), AttackEnded(first), AttackDetected(second))
    stores.close()


@pytest.mark.parametrize(
    "error, code, told",
    [
        (NotAllowed("no second node"), Exit.USAGE, "no second node"),
        (Full("attacks", 3), Exit.OUTSIDE, "attacks is full (3)"),
        (Malformed("header cut short", 12), Exit.OUTSIDE, "header cut short (at byte 12)"),
        (OutsideFailed("disk full", "/x", "Make room."), Exit.OUTSIDE, "disk full: /x. Make room."),
        (FileNotFoundError(2, "No such file", "/x"), Exit.OUTSIDE, "/x: No such file"),
        (KeyboardInterrupt(), Exit.INTERRUPTED, "interrupted"),
        (Finished(Exit.FINDING), Exit.FINDING, ""),
        (BrokenPipeError(), Exit.FINE, ""),
        (AssertionError("ours"), Exit.BUG, "a bug in Tidegate: AssertionError: ours"),
    ],
)
def test_every_wrong_has_its_exit_code_and_no_traceback(
    error: BaseException, code: Exit, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(error, debug=False) is code
    said = capsys.readouterr().err
    assert told in said
    assert "Traceback" not in said


def test_debug_shows_where_it_happened(capsys: pytest.CaptureFixture[str]) -> None:
    tell(AssertionError("ours"), debug=True)
    assert "AssertionError: ours" in capsys.readouterr().err


def test_help_names_every_command_and_every_exit_code() -> None:
    said = CliRunner().invoke(front, ["--help"], obj=PARTS).output
    assert all(name in said for name in COMMANDS)
    assert all(str(int(code)) in said for code in Exit)
    assert "collect " not in said


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from tidegate.__main__ import main; sys.argv = ['tidegate', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'numba', 'sqlalchemy', 'rich', 'msgspec') if m in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_what_hit_us_is_answered_without_arrays_and_without_a_node(tmp_path: Path) -> None:
    PARTS.stores(f"sqlite:///{tmp_path / DATABASE_NAME}", "create").close()
    march = ["--from", "2026-03-01", "--until", "2026-04-01", "--state", str(tmp_path)]
    script = (
        "import sys; from tidegate.__main__ import main\n"
        f"sys.argv = ['tidegate', 'attacks', 'summary', *{march}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = ('numpy', 'alembic', 'sqlalchemy.dialects.postgresql', 'tidegate.app.node')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    told, loaded = ended.stdout.splitlines()
    assert (told, loaded) == ("No attack that began on these days has ended.", "[]")


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("replay",), ("attacks", "--since", "yesterday"), ("--x",)]
)
def test_a_wrong_command_line_ends_with_2_and_a_way_to_help(arguments: tuple[str, ...]) -> None:
    ended = tidegate(*arguments)
    assert ended.returncode == Exit.USAGE
    assert "--help" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_configuration_ends_with_3(tmp_path: Path) -> None:
    file = tmp_path / "tidegate.toml"
    file.write_text("[metrics]\nlisten_on = 1")
    ended = tidegate("config", "validate", str(file))
    assert ended.returncode == Exit.CONFIGURATION
    assert "the nearest known key is metrics.listen" in ended.stderr


def test_mistakes_are_told_to_machines_too(tmp_path: Path) -> None:
    file = tmp_path / "tidegate.toml"
    file.write_text("[metrics]\nlisten_on = 1")
    ended = tidegate("config", "validate", str(file), "--json")
    assert ended.returncode == Exit.CONFIGURATION
    told = json.loads(ended.stdout)
    assert (told["valid"], told["problems"][0]["key"]) == (False, "metrics.listen_on")


def test_config_show_prints_a_file_that_can_be_read_again(tmp_path: Path) -> None:
    file = tmp_path / "tidegate.toml"
    file.write_text('[border_points."a.b"]\nexporters = ["192.0.2.1"]\n[sampling]\n"192.0.2.1" = 512\n')
    shown = tidegate("config", "show", "--config", str(file))
    assert f"512  # {file}" in shown.stdout
    again = tmp_path / "again.toml"
    again.write_text(shown.stdout)
    assert tidegate("config", "validate", str(again)).returncode == Exit.FINE
    as_json = [json.loads(line) for line in tidegate("config", "show", "--json").stdout.splitlines()]
    assert {"path": ["logging", "level"], "value": "info", "origin": "default"} in as_json


def test_attacks_lists_what_is_on_record_open_ones_first(tmp_path: Path) -> None:
    keep(tmp_path)
    ended = tidegate("attacks", "--state", str(tmp_path), "--json")
    listed = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one["number"] for one in listed] == [2, 1]
    assert set(listed[0]) == {"number", "detected_at_ms", "ended_at_ms", "attack"}
    assert ended.returncode == Exit.FINDING
    only_open = tidegate("attacks", "--open", "--state", str(tmp_path), "--json")
    assert [json.loads(line)["number"] for line in only_open.stdout.splitlines()] == [2]
    late = tidegate("attacks", "--since", "2990-01-01", "--state", str(tmp_path), "--json")
    assert [json.loads(line)["number"] for line in late.stdout.splitlines()] == [2], "it has not ended"


def test_attacks_summary_sums_up_the_attacks_of_some_days(tmp_path: Path) -> None:
    keep(tmp_path)
    days = ("--from", "2023-11-01", "--until", "2023-12-01", "--state", str(tmp_path))
    rows = [json.loads(line) for line in tidegate("attacks", "summary", *days, "--json").stdout.splitlines()]
    ntp = {"vector": "ntp", "border_point": "north", "attacks": 1, "bytes": 4_500_000_000}
    assert rows[0] == {**ntp, "peak_bits_per_s": 12_000_000_000, "longest_s": 3}
    assert rows[1] == {**rows[0], "vector": None, "border_point": None}
    assert tidegate("attacks", "summary", *days, "--json", "--anew").stdout.splitlines() == [
        json.dumps(row, separators=(",", ":")) for row in rows
    ]
    table = tidegate("attacks", "summary", *days, "--by", "vector")
    assert table.returncode == 0
    assert re.search(r"ntp +1 +4.5 GB +12 Gbps +3 s", table.stdout)
    assert "counts under each of them" in table.stdout
    empty = tidegate("attacks", "summary", "--from", "2022-01-01", "--until", "2022-02-01", *days[4:])
    assert "No attack that began on these days has ended." in empty.stdout
    for wrong in (("--by", "colour"), ("--from", "2023-11-01T05:00")):
        assert tidegate("attacks", "summary", *days, *wrong).returncode == Exit.USAGE


def test_attacks_show_tells_an_attacks_life_and_its_doubts(tmp_path: Path) -> None:
    keep(tmp_path)
    shown = tidegate("attacks", "show", "2", "--state", str(tmp_path))
    assert shown.returncode == Exit.FINE
    assert "few sampled packets" in shown.stdout
    assert "never a culprit" in shown.stdout
    life = tidegate("attacks", "show", "1", "--state", str(tmp_path), "--json").stdout.splitlines()
    assert [json.loads(line)["change"] for line in life] == ["detected", "ended"]
    bundle = tmp_path / "attack.json"
    tidegate("attacks", "show", "1", "--state", str(tmp_path), "--stix", str(bundle), "--tlp", "TLP:GREEN")
    assert '"name": "TLP:GREEN"' in bundle.read_text()
    assert tidegate("attacks", "show", "9", "--state", str(tmp_path)).returncode == Exit.USAGE


def test_replay_tells_what_it_finds_line_by_line_and_ends_with_a_finding(tmp_path: Path) -> None:
    flood = str(DOCS.parent / "src/tidegate/lab/captures/pkt.TCP.synflood.spoofed.pcap.xz")
    config = tmp_path / "tidegate.toml"
    config.write_text("[detection]\nfloor_scale = 0.01\n")
    ended = tidegate("replay", flood, "--json", "--config", str(config))
    assert ended.returncode == Exit.FINDING
    *changes, report = map(json.loads, ended.stdout.splitlines())
    assert {told["event"] for told in changes} == {"attack"}
    assert changes[0]["change"] == "detected"
    assert (report["event"], report["kind"], report["records"]) == ("report", "packets", 37_841)
    assert [part["vector"] for part in report["attacks"][0]["vectors"]] == ["tcp_syn"]
    quiet = tidegate("replay", flood, "--as", "datagrams")
    assert quiet.returncode == Exit.FINE
    assert "No attack found." in quiet.stdout


def test_ledger_head_verify_and_proof_agree(tmp_path: Path) -> None:
    keep(tmp_path)
    state = ("--state", str(tmp_path))
    head = json.loads(tidegate("ledger", "head", "--json", *state).stdout)
    assert head["size"] == 4
    verdict = json.loads(tidegate("ledger", "verify", "--json", *state).stdout)
    assert verdict == {"intact": True, "size": 4, "root": head["root"], "fault": None}
    proof = json.loads(tidegate("ledger", "proof", "2", *state).stdout)
    assert (proof["size"], proof["root"]) == (4, head["root"])
    remembered = tidegate("ledger", "verify", "--size", "2", "--root", "00" * 32, *state)
    assert remembered.returncode == Exit.FINDING


def test_doctor_works_without_a_node(tmp_path: Path) -> None:
    ended = tidegate("doctor", "--json", "--state", str(tmp_path))
    examination = json.loads(ended.stdout)
    assert examination["note"] is None
    assert "node_not_running" in {check["code"] for check in examination["checks"]}
    assert "tidegate run" in tidegate("doctor", "--state", str(tmp_path)).stdout


def test_doctor_names_who_holds_a_port(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        config = tmp_path / "tidegate.toml"
        config.write_text(f'[collector]\nlisten = ["127.0.0.1:{held.getsockname()[1]}"]')
        ended = tidegate("doctor", "--state", str(tmp_path), "--config", str(config), "--json")
    (check,) = [one for one in json.loads(ended.stdout)["checks"] if one["code"] == "port_not_free"]
    assert f"process {os.getpid()}" in check["text"]
    assert ended.returncode == Exit.FINDING


def config_for(folder: Path) -> Path:
    file = folder / "tidegate.toml"
    file.write_text('[collector]\nlisten = ["127.0.0.1:0"]\n[metrics]\nlisten = "off"\n')
    return file


@contextmanager
def a_running_node(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A node whose collector is ready; it is ended whatever happens."""
    options = ("--state", str(folder / "state"), "--config", str(config_for(folder)), "--json")
    with (folder / "log").open("w") as log:
        node = subprocess.Popen([sys.executable, "-m", "tidegate", "run", *options], stderr=log, text=True)
    try:
        patience = 2_400
        while "collector ready" not in (folder / "log").read_text():
            assert node.poll() is None, (folder / "log").read_text()
            assert patience, "the collector never became ready"
            patience -= 1
            time.sleep(0.25)
        yield node
    finally:
        node.kill()
        node.wait()


def test_a_node_runs_is_examined_and_stops_cleanly(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    with a_running_node(tmp_path) as node:
        second = tidegate("run", *state, "--config", str(config_for(tmp_path)))
        assert second.returncode == Exit.USAGE
        assert f"process {node.pid}" in second.stderr
        for _ in range(300):
            examination = json.loads(tidegate("doctor", "--json", *state).stdout)
            if examination["note"] is not None:
                break
        assert examination["note"]["process"] == node.pid
        assert (tmp_path / "state" / "health.json").stat().st_mode & 0o777 == 0o600
        node.send_signal(signal.SIGTERM)
        assert node.wait(600) == Exit.FINE
    log = [json.loads(line)["message"] for line in (tmp_path / "log").read_text().splitlines()]
    assert log[0].startswith("node started")
    assert log[-1] == "node stopped"
    assert json.loads(tidegate("ledger", "verify", "--json", *state).stdout)["intact"]


def test_a_port_in_use_is_told_with_its_holder(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind(("127.0.0.1", 0))
        config = tmp_path / "tidegate.toml"
        config.write_text(f'[collector]\nlisten = ["127.0.0.1:{held.getsockname()[1]}"]')
        ended = tidegate("run", "--state", str(tmp_path / "state"), "--config", str(config))
    assert ended.returncode == Exit.OUTSIDE
    assert "collector.listen" in ended.stderr
    assert f"process {os.getpid()}" in ended.stderr


def test_a_state_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = tidegate("run", "--state", str(tmp_path / "file" / "state"))
    assert ended.returncode == Exit.OUTSIDE
    assert "--state DIR" in ended.stderr


def test_a_home_that_cannot_be_written_hinders_no_reading() -> None:
    environ = {"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "", "PYTHONDONTWRITEBYTECODE": "1"}
    assert tidegate("config", "show", environ=environ).returncode == Exit.FINE
    assert tidegate("doctor", "--json", environ=environ).returncode == Exit.FINDING


def commands(group: Front) -> Iterator[str]:
    import click

    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield name
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                if found is not None and not found.hidden:  # hidden ones are called by programs alone
                    yield f"{name} {inner}"


@pytest.mark.parametrize("command", list(commands(front)))
def test_every_command_has_its_paragraph(command: str) -> None:
    assert re.search(rf"^#+ `tidegate {command}", (DOCS / "commands.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize("code", Exit)
def test_every_exit_code_is_documented(code: Exit) -> None:
    assert f"| {int(code)} | {MEANINGS[code]} |" in (DOCS / "commands.md").read_text()


def settings(section: type[msgspec.Struct] = Config, at: str = "") -> Iterator[str]:
    for field in msgspec.structs.fields(section):
        hint, name = field.type, f"{at}{field.name}"
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            yield from settings(hint, f"{name}.")
            continue
        mapping = getattr(hint, "__origin__", None)
        inner = mapping.__args__[1] if getattr(mapping, "__origin__", None) is dict else None
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from [name] if at else []
            yield from settings(inner, f"{name}.NAME.")
        else:
            yield name if at else f"[{name}]"


@pytest.mark.parametrize("setting", list(settings()))
def test_every_setting_has_its_paragraph(setting: str) -> None:
    assert f"`{setting}`" in (DOCS / "configuration.md").read_text()


def test_a_collector_that_cannot_start_ends_the_node_with_its_reason_in_the_logs_form(tmp_path: Path) -> None:
    """Another collector holds the templates of this state folder."""
    state = tmp_path / "state"
    state.mkdir()
    with (state / "templates.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = tidegate("run", "--json", "--state", str(state), "--config", str(config_for(tmp_path)))
    assert ended.returncode == Exit.OUTSIDE
    log = [json.loads(line) for line in ended.stderr.splitlines()]
    assert log[-1]["level"] == "error"
    assert "failed 3 times before it was ready: another collector keeps its templates" in log[-1]["message"]
    parts = {line["part"] for line in log}
    assert parts == {"tidegate", "tidegate.node"}
