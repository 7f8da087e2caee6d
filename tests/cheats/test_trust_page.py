"""docs/trust.md names tests that there are, at least fifteen, and every store and process of the plan."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "trust.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)


def test_at_least_fifteen_ways_to_cheat_are_written_down() -> None:
    assert len(set(NAMED)) >= 15


@pytest.mark.parametrize("file, test", NAMED)
def test_each_named_test_is_there(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    "owned",
    [
        *("ledger database", "roster file", "key file", "SSH agent", "configuration file", "baselines"),
        *("collector", "node", "speaker", "watcher", "ExaBGP, gobgpd", "control socket", "receivers"),
        *("counts of attacks", "officer's command", "console", "counters command", "alert command"),
        *(
            "relay",
            "peer",
            "stolen disk",
            "stolen key of an officer",
            "stolen key of a station",
            "stolen root",
        ),
    ],
)
def test_each_store_and_process_has_its_line(owned: str) -> None:
    assert re.search(rf"^\| [^|]*{re.escape(owned)}", PAGE, re.MULTILINE)
