"""Sites that send on and on: real servers, in a circle and without end, and a probe that gives up in time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.loopback import Given
from tests.audit.small_country import country
from tests.audit.test_probing import probed
from tidegate.audit.walking_sites import REDIRECTS_MAX
from tidegate.model.audits import NotSeen, Observation, PageSeen


class Sending(dict[tuple[str, str], Given]):
    """Every address sends on to the next one, by a rule."""

    def __init__(self, onward: Callable[[str, str], str], status: int = 302) -> None:
        super().__init__()
        self._onward = onward
        self._status = status

    def get(self, at: tuple[str, str], other: Given) -> Given:  # type: ignore[override]
        host, path = at
        if path == "/robots.txt":
            return other
        return Given(b"", self._status, (("Location", self._onward(host, path)),))


def told(folder: Path, pages: Sending) -> tuple[list[Observation], list[tuple[str, str]]]:
    """What is seen of the bank, and every page that was asked for."""
    with country(folder) as here:
        here.site.pages = pages
        found = probed(here, folder)
        asked = [(host, path) for host, path, _ in here.site.asked if path != "/robots.txt"]
    return [one for one in found if isinstance(one, PageSeen | NotSeen) and one.source[:4] == "http"], asked


def two_hosts(host: str, path: str) -> str:
    return f"https://{'bank.xa' if host == 'www.bank.xa' else 'www.bank.xa'}/"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_circle_of_redirects_ends_where_it_closes(tmp_path: Path, status: int) -> None:
    seen, asked = told(tmp_path, Sending(two_hosts, status))
    (page,) = seen
    assert isinstance(page, NotSeen)
    assert (page.about, page.question, page.reason) == ("bank.xa", "page", "loop")
    assert page.detail == "again https://bank.xa/ at https://www.bank.xa/"
    assert asked == [("bank.xa", "/"), ("www.bank.xa", "/")]


def test_a_page_that_sends_to_itself_is_asked_once(tmp_path: Path) -> None:
    (page,), asked = told(tmp_path, Sending(lambda host, path: f"https://{host}{path}"))
    assert isinstance(page, NotSeen)
    assert page.reason == "loop"
    assert asked == [("bank.xa", "/")]


@pytest.mark.parametrize(
    "onward",
    [
        lambda host, path: f"{path}1",
        lambda host, path: f"https://{'www.bank.xa' if host == 'bank.xa' else 'bank.xa'}{path}1",
    ],
    ids=["on one host", "to and fro"],
)
def test_redirects_without_end_are_followed_ten_times(
    tmp_path: Path, onward: Callable[[str, str], str]
) -> None:
    (page,), asked = told(tmp_path, Sending(onward))
    assert isinstance(page, NotSeen)
    assert (page.about, page.question, page.reason) == ("bank.xa", "page", "too_many")
    assert page.detail.startswith(f"more than {REDIRECTS_MAX} redirects")
    assert len(asked) == len(set(asked)) == REDIRECTS_MAX + 1


def test_a_redirect_to_where_nobody_has_a_name_is_told(tmp_path: Path) -> None:
    (page,), _ = told(tmp_path, Sending(lambda host, path: "https://127.0.0.1/"))
    assert isinstance(page, NotSeen)
    assert page.reason == "malformed"
