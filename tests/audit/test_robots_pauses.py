"""A site that asks robots for pauses gets them; one that asks for longer ones than are made is left alone."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.audit.loopback import Given
from tests.audit.small_country import country
from tests.audit.test_probing import BANK, Scripted
from tidegate.adapters.probing.asked_file import AskedFile
from tidegate.adapters.probing.prober import NetworkProber
from tidegate.app.audit.probing import Probing
from tidegate.audit.walking_sites import CRAWL_DELAY_S_MAX, asked_gap_ms
from tidegate.model.audits import NotSeen, Observation, PageSeen
from tidegate.model.probes import Answer, Asked, Page, Question, Robots, RobotsRead

SITE = ("www.bank.xa", "/robots.txt")


class Ticking:
    """A clock that goes on only while somebody waits, and then at once."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def now_ms(self) -> int:
        return self.now


class Noted(Scripted):
    """When each question began, by the ticking clock."""

    def __init__(self, prober: NetworkProber, clock: Ticking) -> None:
        super().__init__(prober, lambda question: None)
        self.clock = clock
        self.begun: list[tuple[int, Question]] = []
        self.under_way = 0

    def begin(self, question: Question) -> None:
        self.begun.append((self.clock.now, question))
        self.under_way += 1
        super().begin(question)

    def finished(self, wait_ms: int) -> list[tuple[Question, Answer]]:
        if not self.under_way:
            self.clock.now += max(1, wait_ms)
            return []
        found = super().finished(1_000)
        self.under_way -= len(found)
        return found


def visited(folder: Path, robots: str) -> tuple[list[Observation], list[int]]:
    """What is seen of the bank, and when its second host was asked for rules or pages."""
    rules = {SITE: Given(robots.encode(), headers=(("Content-Type", "text/plain"),))}
    with country(folder, pages=rules) as here:
        clock = Ticking()
        probing = Probing((BANK,), here.settings, AskedFile(folder / "asked"), clock, 3600)
        prober = Noted(NetworkProber(here.settings), clock)
        try:
            probing.run(prober, lambda so_far: None)
        finally:
            prober.close()
    moments = [
        at_ms
        for at_ms, one in prober.begun
        if isinstance(one, Page | Robots) and one.url.startswith("https://www.bank.xa/")
    ]
    return probing.observations(), moments


def test_between_two_requests_lies_the_pause_that_a_site_asks_for(tmp_path: Path) -> None:
    seen, moments = visited(tmp_path, "User-agent: tidegate-audit\nCrawl-delay: 30")
    assert any(isinstance(one, PageSeen) for one in seen)
    assert len(moments) == 3  # The rules, the page, its style sheet.
    assert all(later - at >= 30_000 for at, later in pairwise(moments))


def test_the_pause_that_another_robot_is_asked_for_is_not_ours(tmp_path: Path) -> None:
    _, moments = visited(tmp_path, "User-agent: other\nCrawl-delay: 30")
    assert moments[-1] - moments[0] < 30_000


def test_a_site_that_asks_for_longer_pauses_than_are_made_is_not_read(tmp_path: Path) -> None:
    seen, moments = visited(tmp_path, f"User-agent: *\nCrawl-delay: {CRAWL_DELAY_S_MAX + 1}")
    (page,) = [one for one in seen if isinstance(one, NotSeen) and one.question == "page"]
    assert page.reason == "not_permitted"
    assert "more than 60 s" in page.detail
    assert len(moments) == 1


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("2.5", 2.5), ("0", 0), ("-5", 0), ("nan", 0), ("inf", 0), ("soon", 0), ("", 0), ("9" * 400, 0)],
)
def test_what_is_no_pause_is_none(told: str, seconds: float) -> None:
    asked = Asked(
        0, Robots("192.0.2.1", "https://bank.xa/"), RobotsRead(f"User-agent: *\nCrawl-delay: {told}")
    )
    assert asked_gap_ms(asked, "tidegate-audit (+noc@example.net)") == seconds * 1000
