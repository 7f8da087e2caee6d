"""The page that ships is the one that its sources make, small enough, and complete in six languages."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import require_peer
from tidegate.app.filtering.attacks import ATTACK_FIELDS
from tidegate.app.filtering.tokens import PROBLEMS
from tidegate.app.health import TEXTS
from tidegate.console.page_files import page_files
from tidegate.mitigate.stages import PlanStage
from tidegate.model.doubts import DOUBTS

ROOT = Path(__file__).parent.parent.parent
SOURCES = ROOT / "web" / "console"
BUILT = ROOT / "src" / "tidegate" / "console" / "page"
LANGUAGES = ("en", "ru", "fa", "ar", "tr", "az")
FIRST_SCREEN_KIB_MAX = 130


def messages(language: str) -> dict[str, str]:
    folder = SOURCES / "src" / "words" / language
    lines = [line for path in folder.glob("*.ftl") for line in path.read_text("utf-8").splitlines()]
    pairs = [line.split(" = ", 1) for line in lines]
    assert len({key for key, _ in pairs}) == len(pairs), "a key stands twice"
    return dict(pairs)  # type: ignore[arg-type]


def test_the_bundle_that_ships_is_the_one_that_is_built(tmp_path: Path) -> None:
    npm = require_peer("npm", shutil.which("npm") or "/usr/bin/npm")
    copy = tmp_path / "web" / "console"
    shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("node_modules"))
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([npm, "ci", "--prefer-offline", *quiet], cwd=copy, check=True)
    subprocess.run([npm, "run", "build", "--silent"], cwd=copy, check=True, capture_output=True)
    subprocess.run([npm, "run", "check", "--silent"], cwd=copy, check=True, capture_output=True)
    built = tmp_path / "src" / "tidegate" / "console" / "page"
    names = {path.relative_to(built) for path in built.rglob("*") if path.is_file()}
    assert names == {path.relative_to(BUILT) for path in BUILT.rglob("*") if path.is_file()}
    for name in names:
        assert (built / name).read_bytes() == (BUILT / name).read_bytes(), f"{name}: run `npm run build`"


def loaded_with(name: str) -> set[str]:
    """A file of the page with all that it brings along before anything of it is shown: what the document
    links, and what a script imports at its head."""
    files, found, ahead = page_files({}), set[str](), [name]
    while ahead:
        if (one := ahead.pop()) in found:
            continue
        found.add(one)
        text = files[one].body.decode() if one.endswith((".html", ".js")) else ""
        linked = re.findall(r"""(?:src|href)="/([^"]+)""", text) if one.endswith(".html") else []
        imported = re.findall(r"""\b(?:import|from)\s*["']\./([^"']+)""", text)
        ahead += [*linked, *(f"assets/{other}" for other in imported)]
    return found


def test_the_first_screen_is_small() -> None:
    """Everything that comes before it is drawn, in the language that is heaviest."""
    files = page_files({})
    first = loaded_with("index.html")
    assert {name.partition("-")[0] for name in first} >= {"index.html", "gate.svg", "assets/index"}
    assert sum(name.endswith(".js") for name in first) > 1, "its shared pieces count too"
    languages = [loaded_with(name) - first for name in files if re.match(r"assets/[a-z]{2}-", name)]
    assert len(languages) == len(LANGUAGES) - 1  # English comes with the page

    def packed(names: set[str]) -> int:
        return sum(len(files[name].packed or files[name].body) for name in names)

    assert (packed(first) + max(map(packed, languages))) / 1024 < FIRST_SCREEN_KIB_MAX


def test_the_page_asks_no_other_host() -> None:
    """Names of standards stand in the code; the browser's tests look at what is truly asked."""
    known = {"http://www.w3.org", "https://svelte.dev"}
    for path in BUILT.rglob("*"):
        if path.suffix in {".js", ".css", ".html"}:
            found = set(re.findall(r"https?://[\w.-]+", path.read_text(encoding="utf-8")))
            assert found <= known, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_there_in_every_language_with_the_same_places(language: str) -> None:
    english, told = messages("en"), messages(language)
    assert told.keys() == english.keys()
    for key, text in told.items():
        assert set(re.findall(r"\{ \$(\w+) \}", text)) == set(re.findall(r"\{ \$(\w+) \}", english[key])), key
        assert text.strip(), key
        # Digits are those of print and commands, in every language.
        assert not re.search(r"[\u0660-\u0669\u06f0-\u06f9]", text), key


def test_every_sentence_is_said_and_every_code_has_one() -> None:
    keys = set(messages("en"))
    sources = "".join(
        path.read_text() for path in SOURCES.glob("src/**/*") if path.suffix in {".ts", ".svelte"}
    )
    asked = set(re.findall(r"""["']([a-z][a-z-]+)["']""", sources))
    open_ended = (
        "role-",
        "wrong-",
        "stage-",
        "doubt-",
        "finding-",
        "fact-",
        "word-",
        "clock-",
        "collector-",
        "session-",
        "reh-",
        "map-",
        "study-",
        "accord-part-",
        "accord-period-",
        "accord-agreement-",
        "accord-differs-",
        "accord-deed-",
        "field-",
        "filter-",
        "layer-",
        "where-",
        "fate-",
        "thing-",
        "loss-",
        "event-",
        "fix-",
        "because-",
    )
    unsaid = {
        key
        for key in keys
        if key not in asked and not key.startswith(open_ended) and not key.endswith("-short")
    }
    assert not unsaid
    assert {f"stage-{stage.value.replace(' ', '-')}" for stage in PlanStage} <= keys
    assert {f"doubt-{doubt}" for doubt in DOUBTS} <= keys
    assert {f"finding-{code}" for code in TEXTS} <= keys
    assert {f"field-{field.name}" for field in ATTACK_FIELDS} <= keys
    assert {f"filter-{code}" for code in PROBLEMS} <= keys


def test_the_lock_names_no_place_on_the_network() -> None:
    lock = json.loads((SOURCES / "package-lock.json").read_text())
    assert not any("resolved" in package for package in lock["packages"].values())
