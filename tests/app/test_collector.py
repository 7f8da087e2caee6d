"""The collector's loop, without sockets, disk or node."""

from collections.abc import Sequence

import pytest

from tests.stand_ins import HandClock, LetterReader, ListJournal, ListOutlet, ListSource, PlainCounting
from tidegate.app.collector import Collector
from tidegate.app.recent import RecentFlows
from tidegate.model.addresses import Prefix
from tidegate.model.datagrams import DatagramBlock
from tidegate.ports.collector import Ready, SampleReply, SampleRequest, Stopping

START_MS = 1_700_000_000_000
START = START_MS // 1000


def block(*datagrams: bytes, at_ms: int = START_MS) -> DatagramBlock:
    return DatagramBlock.of(datagrams, "192.0.2.1", at_ms)


class World:
    """A collector whose surroundings are lists."""

    def __init__(
        self, rounds: Sequence[Sequence[DatagramBlock]] = (), known: Sequence[bytes] = (), step_ms: int = 100
    ) -> None:
        self.clock = HandClock(START_MS)
        self.source = ListSource(self.clock, rounds, step_ms)
        self.outlet = ListOutlet()
        self.journal = ListJournal(known)
        self.reader = LetterReader()
        self.counting = PlainCounting()
        self.listening_when_loaded: bool | None = None
        self.collector = Collector(
            source=self.source,
            outlet=self.outlet,
            journal=self.journal,
            clock=self.clock,
            reader=self.reader,
            counting=self.counting,
            recent=RecentFlows(seed=1),
            load=self._load,
            version="1",
        )

    def _load(self) -> None:
        self.listening_when_loaded = self.source.started

    def run_turns(self, count: int) -> None:
        """Runs from start to end with so many turns between."""
        turn = self.collector.turn
        left = iter(range(count))

        def counted_turn() -> None:
            turn()
            if next(left) == count - 1:
                self.outlet.asked.append(Stopping())
                self.collector._answer()

        self.collector.turn = counted_turn  # type: ignore[method-assign]
        self.collector.run()


def test_a_second_is_reported_once_it_has_passed_and_the_last_one_at_the_end() -> None:
    world = World([[block(b"T1", b"F3")], [block(b"F4")]])
    world.run_turns(25)
    reports = world.outlet.reports
    assert [report.summary.second for report in reports] == [START, START + 1]
    assert [report.summary.records for report in reports] == [7, 0]
    assert isinstance(world.outlet.sent[0], Ready)
    assert isinstance(world.outlet.sent[-1], Stopping)
    assert world.source.closed


def test_waiting_ends_at_the_end_of_the_second() -> None:
    world = World(step_ms=999)
    world.clock.at_ms += 985
    world.collector._second = START
    world.collector.turn()
    assert world.clock.at_ms == START_MS + 1000
    assert [report.summary.second for report in world.outlet.reports] == [START]


def test_what_a_block_teaches_is_in_the_journal_before_its_flows_are_counted() -> None:
    world = World([[block(b"T1", b"F3", b"T2", b"F1", b"T3")]])
    kept_when_counted: list[list[bytes]] = []
    world.counting.count = lambda batch, received_ms: kept_when_counted.append(  # type: ignore[method-assign]
        list(world.journal.kept)
    )
    world.collector.turn()
    assert kept_when_counted == [[b"1"], [b"1", b"2"]]
    assert world.journal.kept == [b"1", b"2", b"3"]


def test_what_an_earlier_run_learned_is_known_before_the_first_datagram_and_the_journal_compacted() -> None:
    world = World([[block(b"F5")]], known=[b"1", b"1", b"2"])
    world.run_turns(1)
    assert world.outlet.reports[0].summary.records == 5
    assert world.journal.kept == [b"1", b"2"]


def test_an_empty_journal_is_not_rewritten() -> None:
    world = World()
    world.run_turns(1)
    assert world.journal.rewritten == 0


def test_a_journal_that_wants_a_snapshot_gets_one_at_the_end_of_a_second() -> None:
    world = World([[block(b"T1", b"T1")]])
    world.journal.wants_rewrite = True
    world.run_turns(25)
    assert world.journal.kept == [b"1"]
    assert world.journal.rewritten == 1


def test_a_pause_of_many_seconds_gives_one_summary_and_no_storm() -> None:
    world = World()
    world.collector._second = START
    world.clock.at_ms += 3_600_000
    world.collector.turn()
    assert [report.summary.second for report in world.outlet.reports] == [START + 3599]


def test_no_second_is_closed_twice_and_none_before_an_earlier_one() -> None:
    world = World()
    world.collector._second = START + 5
    world.collector.turn()
    assert world.outlet.reports == []


def test_a_report_says_how_far_the_wall_clock_is_behind() -> None:
    world = World()
    world.clock.behind_ms = 3_600_000
    world.run_turns(1)
    assert world.outlet.reports[-1].clock_behind_ms == 3_600_000


def test_drops_are_told_for_the_second_and_since_the_start() -> None:
    world = World()
    world.collector._second = START
    for lost, at_ms in ((5, START_MS + 1000), (12, START_MS + 2000)):
        world.source.lost, world.clock.at_ms = lost, at_ms
        world.collector.turn()
    told = [(report.summary.datagrams_dropped, report.datagrams_dropped) for report in world.outlet.reports]
    assert told == [(5, 5), (7, 12)]


def test_refusals_of_the_socket_and_of_the_decoder_stand_side_by_side() -> None:
    world = World([[block(b"?", b"??")]])
    world.source.too_long = 3
    world.run_turns(1)
    assert world.outlet.reports[0].summary.refused == {(0, "not a letter"): 2, (-1, "datagram too long"): 3}


def test_a_report_carries_names_buffers_and_trouble() -> None:
    world = World()
    world.journal.trouble = "no space left"
    world.outlet.summaries_dropped = 2
    world.run_turns(1)
    report = world.outlet.reports[0]
    assert report.exporter_names == ("192.0.2.0#0",)
    assert (report.receive_buffer_bytes, report.receive_buffer_wanted) == (1 << 20, 1 << 20)
    assert (report.journal_trouble, report.summaries_dropped) == ("no space left", 2)


def test_a_sample_is_answered_with_recent_flows_to_the_prefix_and_no_others() -> None:
    world = World([[block(b"T1", b"F3")]])
    world.outlet.asked = [
        SampleRequest(1, Prefix.parse("198.51.100.0/24"), 2),
        SampleRequest(2, Prefix.parse("203.0.113.0/24"), 10),
    ]
    world.collector.turn()
    replies = [message for message in world.outlet.sent if isinstance(message, SampleReply)]
    assert [(reply.number, len(reply.sample.rows)) for reply in replies] == [(1, 2), (2, 0)]
    assert replies[0].sample.weights.sum() == 3


def test_what_came_just_before_stopping_is_still_counted() -> None:
    world = World([[], [block(b"T1", b"F3")]])
    world.run_turns(1)
    assert world.outlet.reports[-1].summary.records == 3


def test_a_source_that_cannot_listen_ends_the_run_and_is_closed() -> None:
    world = World()

    def refuse() -> None:
        raise OSError("taken")

    world.source.start = refuse  # type: ignore[method-assign]
    with pytest.raises(OSError, match="taken"):
        world.collector.run()
    assert world.outlet.sent == []


def test_kernels_are_loaded_before_listening() -> None:
    world = World()
    world.run_turns(1)
    assert world.listening_when_loaded is False
    assert world.source.started
