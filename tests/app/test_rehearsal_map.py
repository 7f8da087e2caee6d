"""The map of a report shows who is lost where: countries with an outline on it, others as tiles."""

import re

import pytest

from tests.worlds import FICTIONAL_MAP, world_of
from tidegate.adapters.topology_files import LocalTopologyFiles
from tidegate.app.outlines import read_outlines
from tidegate.app.rehearsal_map import people_kept, people_lost
from tidegate.app.rehearsal_page import page
from tidegate.app.reporting import report_of
from tidegate.model.topology import Source
from tidegate.rehearse.answers import Between, Bounds, Change
from tidegate.rehearse.measuring import ground_of

# 1 carries all: 2 is in XB, 3 in XC; 4 and 5 are in countries without an outline on the map of the tests.
LINKS = [(1, 2, -1), (1, 3, -1), (1, 4, -1), (1, 5, -1)]
PLACES = {1: "XC", 2: "XB", 3: "XC", 4: "QM", 5: "XA"}
PEOPLE = {2: 7_000_000, 3: 55_000_000, 4: 5_000_000, 5: 200_000_000}


class Fictional(LocalTopologyFiles):
    """As on a machine, with a map of countries that do not exist."""

    def outlines(self) -> tuple[bytes, Source]:
        return self.read(FICTIONAL_MAP, "map", "made up for tests")


def made(country: str = "XB", places: dict[int, str] = PLACES) -> str:
    ground = ground_of(world_of(LINKS, places, PEOPLE))
    return page(report_of(Fictional(), ground, country, (), lambda _: None))


def test_the_map_has_the_countries_of_the_answer_and_tiles_those_without_a_place_on_it() -> None:
    html = made()
    on_map = {code: shade for shade, code in re.findall(r'<path class=(\w+) id="map-(\w+)"', html)}
    tiles = dict(re.findall(r'<g id="map-(\w+)">.*?<rect class=(\w+)', html))
    assert on_map == {"XB": "home", "XC": "l3"}
    assert tiles == {"QM": "l2", "XA": "l4"}
    assert "XA: 200,000,000 of 200,000,000 people no longer within reach" in html
    assert html.count("<path class=land") == 3
    assert "made up for tests" in html


def test_without_an_outlined_country_there_are_tiles_alone() -> None:
    html = made("QM", {1: "XA", 2: "QM", 3: "XA", 4: "QN", 5: "XA"})
    assert "<path" not in html
    assert set(re.findall(r'id="map-(\w+)"', html)) == {"XA", "QM", "QN"}


def test_the_page_is_the_same_again_and_names_nothing_that_could_be_fetched() -> None:
    html = made()
    assert html == made()
    assert not re.search(r"=\w+/>", html)  # The slash would belong to the word.
    assert not re.search(r"https?:|src=|href=|url\(|@import|<script|<link|<iframe|<img", html)


@pytest.mark.parametrize("before, after, lost, kept", [(1, 0, 80, 0), (1, 0.25, 60, 20), (0.5, 0.5, 0, 40)])
def test_lost_and_kept_are_shares_of_the_people_there(
    before: float, after: float, lost: int, kept: int
) -> None:
    reach = Change(Bounds(before, 1), Bounds(after, 1), Bounds(1, 1))
    other = Between("XA", 80, reach)
    assert (people_lost(other), people_kept(other)) == (lost, kept)


def test_outlines_are_closed_paths_inside_the_picture() -> None:
    outlines = read_outlines(LocalTopologyFiles().outlines()[0])
    codes = [code for code, _ in outlines.land if code != "-"]
    assert len(codes) == len(set(codes)) > 220
    assert {"MT", "NR", "SG", "VA"} <= set(codes), "small states are there"
    assert "Natural Earth, public domain" in LocalTopologyFiles().outlines()[1].terms
    assert all(re.fullmatch(r"[A-Z]{2}", code) for code in codes)
    for _, path in outlines.land:
        for ring in path.split("z")[:-1]:
            x = y = 0
            for step, first, second in re.findall(r"([Ml ]?)(-?\d+)[ ]?(-?\d+)", ring):
                x, y = (int(first), int(second)) if step == "M" else (x + int(first), y + int(second))
                assert 0 <= x <= outlines.width
                assert 0 <= y <= outlines.height
        assert re.fullmatch(r"(M\d+ \d+l[-\d ]+z)+", path)
