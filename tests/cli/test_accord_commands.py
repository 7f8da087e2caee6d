"""`tidegate accord` as its user meets it, in a process of its own folder and no other."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tidegate.__main__ import PARTS
from tidegate.cli.accord import accord
from tidegate.cli.exits import Exit, Finished
from tidegate.model.refusals import NotAllowed

NEW = [
    "new", "--template", "bilateral-incidents", "--id", "XA-XB-2028", "--party", "XA=State XA", "--party",
    "XB=State XB", "--language", "fa", "--language", "ru",
]  # fmt: skip


def run(*arguments: str) -> Result:
    return CliRunner().invoke(accord, list(arguments), obj=PARTS)


def test_a_new_accord_is_written_once_and_can_be_signed(tmp_path: Path) -> None:
    file = tmp_path / "accord.toml"
    assert run(*NEW, "--output", str(file)).exit_code == 0
    checked = run("check", str(file))
    assert checked.exit_code == 0
    assert "can be signed" in checked.output
    again = run(*NEW, "--output", str(file))
    assert isinstance(again.exception, NotAllowed)


def test_a_mistake_is_told_and_ends_with_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "accord.toml"
    file.write_text(run(*NEW).output.replace('at-least = "72h"', 'at-least = "200h"', 1))
    checked = run("check", "--json", str(file))
    assert isinstance(checked.exception, Finished)
    assert checked.exception.code is Exit.FINDING
    assert '"kind":"mistake"' in checked.output


def test_templates_are_listed_without_naming_one() -> None:
    listed = run("new")
    assert listed.exit_code == 0
    assert "no-first-strike" in listed.output


@pytest.mark.parametrize("command", ["list", "status", "calendar", "show"])
def test_a_folder_without_a_node_is_told_as_such(command: str, tmp_path: Path) -> None:
    result = run(command, "--state", str(tmp_path))
    assert isinstance(result.exception, (NotAllowed, OSError))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", "Ошибка: obligation notice-of-exercise: желательный срок 120h короче минимального 200h"),
        ("tr", "Hata: obligation notice-of-exercise: hedeflenen 120h, en az süre olan 200h değerinden kısa"),  # noqa: RUF001
    ],
)
def test_what_is_mistaken_is_said_in_the_language_that_was_asked_for(
    language: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "accord.toml"
    file.write_text(run(*NEW).output.replace('at-least = "72h"', 'at-least = "200h"', 1))
    checked = run("check", str(file), "--language", language)
    assert said in checked.output
    assert "cannot" not in checked.output


def test_persian_findings_set_what_stands_in_the_file_apart(tmp_path: Path) -> None:
    file = tmp_path / "accord.toml"
    file.write_text(run(*NEW).output.replace('at-least = "72h"', 'at-least = "200h"', 1))
    checked = run("check", str(file), "--language", "fa")
    assert "\u2068obligation notice-of-exercise\u2069" in checked.output
    assert "\u2068200h\u2069" in checked.output
