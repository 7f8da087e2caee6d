"""Two real stations sign an accord over the hotline and live under it for a year."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from tidegate.__main__ import PARTS
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.accord.following import Following
from tidegate.app.accord.lab import AccordLabReport
from tidegate.app.accord.opening import open_books
from tidegate.app.accord.views import own_organisation
from tidegate.cli.accord import accord
from tidegate.cli.exits import Finished
from tidegate.lab.accord.script import ACCORD, CODES, END_S
from tidegate.lab.accord.year import Year
from tidegate.lab.hotline.party import DATABASE
from tidegate.model.labels import label
from tidegate.ports.facts import StoreHead


@dataclass(frozen=True)
class Lived:
    report: AccordLabReport
    folder: Path
    packs: Path

    def stores(self, code: str) -> SqlStores:
        return SqlStores(f"sqlite:///{self.folder / code / DATABASE}", "refuse")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    folder, packs = tmp_path_factory.mktemp("year"), tmp_path_factory.mktemp("packs")
    with ExitStack() as afterwards:
        year = Year(packs, WallClock(), time.monotonic, time.sleep, lambda _: None)
        report = year.run_in(folder, afterwards, time.monotonic())
    return Lived(report, folder, packs)


def test_both_nodes_show_the_same_with_article_and_evidence(lived: Lived) -> None:
    report = lived.report
    assert report.differing == ()
    first, second = report.nodes
    assert first.counts == second.counts
    assert first.counts["late"] == 4
    stories = {(one.obligation, one.duty): one.stage for one in first.notable}
    assert stories == {
        ("notice-of-exercise", "XA"): "met",
        ("notice-of-exercise", "XB"): "late",
        ("notify-incident", "XA"): "late",
        ("clarify", "XA"): "met",
        ("clarify", "XB"): "late",
        ("consult", "XB"): "met",
        ("check-channel", "XB"): "late",
        ("annual-review", "XA"): "met",
        ("annual-review", "XB"): "met",
    }
    for ours, theirs in zip(first.notable, second.notable, strict=True):
        assert (ours.article, ours.due_s, ours.kept_s) == (theirs.article, theirs.due_s, theirs.kept_s)
        assert ours.obligation == "check-channel" or (ours.facts and theirs.facts)


def test_what_is_never_answered_ends_in_a_step_between_people(lived: Lived) -> None:
    steps = [
        {one.duty: one.next_step for one in node.notable if one.obligation == "clarify"}["XB"]
        for node in lived.report.nodes
    ]
    assert steps == ["hold the consultation", "act now, late"]


def test_people_were_reminded_while_the_year_went_by(lived: Lived) -> None:
    told = {node.party: node.reminders for node in lived.report.nodes}
    assert any("article 10" in line and line.startswith("senior:") for line in told["XA"])
    assert any("article 6.1" in line and "act now, late" in line for line in told["XB"])
    assert all(len(lines) == len(set(lines)) for lines in told.values())


def test_the_packs_are_written_in_both_languages(lived: Lived) -> None:
    assert {Path(path).name for path in lived.report.packs} == {
        f"review-2028-{language}.{ending}" for language in ("fa", "ru") for ending in ("html", "pdf")
    }
    assert 'dir="rtl"' in (lived.packs / "review-2028-fa.html").read_text()
    assert (lived.packs / "review-2028-ru.pdf").read_bytes().startswith(b"%PDF")


def test_the_account_that_one_sends_the_other_tells_the_same(lived: Lived) -> None:
    assert lived.report.told_otherwise == 0
    assert lived.report.told_alike > 150


def run(*arguments: str) -> Result:
    return CliRunner().invoke(accord, list(arguments), obj=PARTS)


def test_the_commands_tell_of_the_year_from_the_record_alone(lived: Lived, tmp_path: Path) -> None:
    state = ("--state", str(lived.folder / "XA"))
    status = run("status", "--at", "2028-12-31", *state)
    assert isinstance(status.exception, Finished)
    assert "Hold the consultation" in status.output
    assert "Last meeting told" in run("dialogue", "show", "--at", "2028-12-31", *state).output
    assert "in force between XA and XB" in run("pledge", "list", "--at", "2028-12-31", *state).output
    persian = run("status", "--at", "2028-12-31", "--language", "fa", *state).output
    for group, code in (("accord-page", "article"), ("accord-page", "next"), ("accord-stage", "late")):
        assert label(group, code, "fa") in persian
    assert not {"article", "owed", "standing", "version", "force"} & set(persian.casefold().split())
    compared = run("reconcile", *state)
    assert compared.exit_code == 0
    assert "told otherwise: 0." in compared.output
    drafted = tmp_path / "next.toml"
    assert run("amend", str(drafted), "--draft", *state).exit_code == 0
    drafted.write_text(drafted.read_text().replace('at-least = "72h"', 'at-least = "96h"', 1))
    shown = run("amend", str(drafted), "--preview", "--json", *state)
    assert '"before":1,"version":2' in shown.output
    assert '["clock.at-least","72h","96h"]' in shown.output
    assert "is changed, and its text is not" in shown.output
    assert "    After: 96h" in run("amend", str(drafted), "--preview", *state).output
    turkish = run("amend", str(drafted), "--preview", "--language", "tr", *state).output
    assert "Madde 3.1: obligation notice-of-exercise: Değişti" in turkish
    assert "    Önce: 72h" in turkish
    assert "Şüphe: obligation notice-of-exercise: süresi değişti, metni değişmedi" in turkish
    russian = run("show", "--language", "ru", *state).output
    assert "XB: Выборы, XB-registry: 203.0.113.0/25" in russian
    assert "XB: Выборы, XB-vote-2028: с 2028-06-01 по 2028-06-21" in russian  # noqa: RUF001
    assert "nothing" in str(run("evidence", "--ask", "1", "--party", "XB", *state).exception)


class Growing:
    """A store as it was at an earlier size."""

    def __init__(self, stores: SqlStores) -> None:
        self._facts = stores.facts
        self.size = 0

    def head(self) -> StoreHead:
        return replace(self._facts.head(), size=self.size)

    def latest(self, *asked: object) -> object:
        return self._facts.latest(*asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", CODES)
def test_accords_that_are_followed_stand_as_those_that_are_read_whole(lived: Lived, code: str) -> None:
    stores = lived.stores(code)
    own, size = own_organisation(stores.facts), stores.facts.head().size
    store = Growing(stores)
    following = Following(store, stores.envelopes, own)  # type: ignore[arg-type]
    for share in range(1, 11):
        store.size = size * share // 10
        followed = following.look()
        whole = open_books(store, stores.envelopes, own)  # type: ignore[arg-type]
        assert followed == whole
        for book in whole.by_digest.values():
            if book.force is not None:
                expected = book.reckoning().standing(END_S)
                assert following.reckoning(followed.by_digest[book.digest]).standing(END_S) == expected
    assert following.look().current(ACCORD, END_S).force is not None
    stores.close()
