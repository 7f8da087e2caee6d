"""What is printed on a screen that is narrow, knows only ASCII, or is gone; and where a driver is missing."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from tests.stories import an_attack
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.node import Node
from tidegate.cli.exits import Exit
from tidegate.cli.output import console
from tidegate.cli.tables import NARROW, attack_table
from tidegate.model.doubts import UNSCALED_SAMPLING
from tidegate.model.facts import AttackDetected


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A record of one attack that cannot be scaled."""
    stores = SqlStores(f"sqlite:///{tmp_path / 'ledger.sqlite'}", "create")
    attack = an_attack(number=1, doubts=(UNSCALED_SAMPLING,), actionable=False)
    Node.open(stores.facts, [], WallClock()).record(AttackDetected(attack))
    stores.close()
    return tmp_path


@pytest.mark.parametrize("environ", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_a_terminal_that_knows_only_ascii_gets_ascii(state: Path, environ: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tidegate", "attacks", "--state", str(state)],
        env={**os.environ, "PYTHONCOERCECLOCALE": "0", **environ},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == Exit.FINDING
    assert b">= 3.2 Mpps" in ended.stdout
    assert ended.stdout.isascii()


@pytest.mark.parametrize("arguments", [("config", "show"), ("--help",), ("attacks",), ("attacks", "--json")])
def test_a_reader_that_leaves_is_no_bug(state: Path, arguments: tuple[str, ...]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    ended = subprocess.run(
        [sys.executable, "-m", "tidegate", *arguments],
        env={**os.environ, "TIDEGATE_STATE": str(state)},
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(theirs)
    assert (ended.returncode, ended.stderr) == (Exit.FINE, "")


@pytest.mark.parametrize("width", [20, 40, NARROW - 1, NARROW, 80, 200])
def test_a_table_of_attacks_names_the_target_on_any_screen(width: int) -> None:
    screen = Console(file=io.StringIO(), width=width)
    attack = an_attack(number=7, targets=("198.51.100.7/32",))
    screen.print(attack_table([attack], frozenset(), width, dated=True))
    assert isinstance(screen.file, io.StringIO)
    text = "".join(screen.file.getvalue().split())
    for shown in ("198.51.100.7", "ntp", "12Gbps", "open"):
        assert shown in text


def test_postgresql_without_its_driver_says_what_to_install(tmp_path: Path) -> None:
    config = tmp_path / "tidegate.toml"
    config.write_text('[storage]\nurl = "postgresql://tidegate@192.0.2.1/tidegate"\n')
    script = (
        "import sys; sys.modules['psycopg'] = None\n"
        f"sys.argv = ['tidegate', 'attacks', '--config', {str(config)!r}]\n"
        "from tidegate.__main__ import main; main()"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == Exit.USAGE
    assert "pip install 'tidegate[postgresql]'" in ended.stderr


def test_text_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    attack = an_attack(targets=("2001:db8:a::/48", "2001:db8:ab::/48"))
    screen = console()
    screen.print(attack_table([attack], frozenset(), 200))
    screen.print("set its rate under [sampling]")
    said = capsys.readouterr().out
    for text in ("2001:db8:a::/48", "2001:db8:ab::/48", "[sampling]"):
        assert text in said
