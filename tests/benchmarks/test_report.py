"""The table says what was measured, what was aimed at, and never calls a missing figure a pass."""

import json

from benchmarks.figure import Better, Description, Figure, PeerFigure, Settings
from benchmarks.report import Result, as_json, number, row


def described(better: Better, aim: float = 10.0) -> Description:
    def measure(_: Settings) -> Figure:
        return Figure(value=1.0, shown="1")

    return Description("name", "what", "things/s", aim, better, measure)


def test_a_figure_passes_on_the_side_its_aim_asks_for() -> None:
    more, less = described(Better.HIGHER), described(Better.LOWER)
    assert [more.reached(10.0), more.reached(9.9)] == [True, False]
    assert [less.reached(10.0), less.reached(10.1)] == [True, False]


def test_a_figure_that_could_not_be_taken_is_no_pass() -> None:
    description = described(Better.LOWER)
    assert Result(description, None, "no such program").passed is None
    assert Result(description, Figure(value=None, shown="")).passed is None


def test_a_ratio_above_one_always_means_that_ours_is_better() -> None:
    assert described(Better.HIGHER).ratio(40.0, 10.0) == 4.0
    assert described(Better.LOWER).ratio(10.0, 40.0) == 4.0
    assert described(Better.LOWER).ratio(10.0, None) is None


def test_the_json_carries_peers_with_their_ratio_and_what_failed() -> None:
    peers = (PeerFigure("nfcapd", 5.0, "1.7.1"), PeerFigure("fastnetmon", None, "not installed"))
    results = [
        Result(described(Better.HIGHER), Figure(value=20.0, shown="20", peers=peers, notes=("how",))),
        Result(described(Better.HIGHER), None, "OSError: no"),
    ]
    first, second = json.loads(as_json(results, quick=True))["figures"]
    assert first["passed"] is True
    assert first["peers"] == [["nfcapd", 5.0, 4.0, "1.7.1"], ["fastnetmon", None, None, "not installed"]]
    assert second["passed"] is None
    assert second["failure"] == "OSError: no"
    assert row(results[1]).value is None


def test_large_rates_are_written_in_millions_of_their_unit() -> None:
    assert number(4_812_345.0, "records/s") == "4.81 million records/s"
    assert number(120_000.0, "records/s") == "120 thousand records/s"
    assert number(0.25, "s") == "0.25 s"
