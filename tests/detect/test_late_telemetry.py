"""Attacks told late: long flows that a router tells of once a minute, or less often, are one attack each."""

import numpy as np
import pytest

from tests.naive.flood import START, World, flood, rows, through_cache
from tidegate.detect.baseline import Baselines
from tidegate.detect.counting import SecondCounter
from tidegate.detect.detector import Detector
from tidegate.detect.settings import CountingSettings, DetectionSettings
from tidegate.lab.exporters import Offered
from tidegate.lab.flow_cache import Timeouts
from tidegate.lab.flow_exporters import FlowExporter, Netflow9
from tidegate.lab.ordinary import ordinary_traffic
from tidegate.lab.traffic import Traffic, towards, traffic_of
from tidegate.model.attacks import Attack
from tidegate.model.datagrams import DatagramBlock
from tidegate.model.facts import Fact
from tidegate.model.flows import FlowBatch
from tidegate.wire.telemetry import TelemetryDecoder

BEGIN = START + 5
HOST = "203.0.113.7"
BITS_PER_S = 6e9


def kinds(facts: list[tuple[int, Fact]]) -> list[str]:
    return [type(fact).__name__ for _, fact in facts]


def attack_of(facts: list[tuple[int, Fact]]) -> Attack:
    return facts[-1][1].attack  # type: ignore[union-attr]


@pytest.mark.parametrize("active_s", [60, 120, 300])
@pytest.mark.parametrize("flows", [4, 60])
def test_a_few_long_flows_are_one_attack_however_seldom_they_are_told(active_s: int, flows: int) -> None:
    timeouts = active_s * 1000, 15_000
    source = through_cache(6000, BEGIN * 1000, (BEGIN + 900) * 1000, timeouts, flows, seed=1)
    world = World([source], delay_ms=sum(timeouts)).run(START, BEGIN + 900 + 2 * active_s)
    assert kinds(world.facts) == ["AttackDetected", "AttackEnded"]
    told = attack_of(world.facts).bits_per_s
    assert told.low <= BITS_PER_S <= told.high


def test_seconds_that_no_record_can_reach_any_more_are_not_taken_for_silence() -> None:
    """With timeouts of 90 s a quarter of what a flow tells is older than any window."""
    source = through_cache(6000, BEGIN * 1000, (BEGIN + 900) * 1000, (90_000, 15_000), 60, seed=2)
    world = World([source], delay_ms=90_000).run(START, BEGIN + 1200)
    assert attack_of(world.facts).bits_per_s.estimate == pytest.approx(BITS_PER_S, rel=0.08)


def test_the_rate_at_detection_is_that_of_the_seconds_told_most_fully() -> None:
    source = through_cache(6000, BEGIN * 1000, (BEGIN + 300) * 1000, (60_000, 15_000), 4, seed=3)
    world = World([source], delay_ms=60_000).run(START, BEGIN + 61)
    told = attack_of(world.facts).bits_per_s
    assert told.low <= BITS_PER_S <= told.high
    world.run(BEGIN + 61, BEGIN + 64)  # and no more came
    (attack,) = world.detector.open_attacks()
    assert attack.bits_per_s.low <= BITS_PER_S <= attack.bits_per_s.high < 1.4 * BITS_PER_S


def test_a_restart_between_two_records_of_long_flows_ends_nothing() -> None:
    source = through_cache(6000, BEGIN * 1000, (BEGIN + 400) * 1000, (60_000, 15_000), 4, seed=4)
    before = World([source], delay_ms=75_000).run(START, BEGIN + 130)
    assert kinds(before.facts) == ["AttackDetected"]
    after = World([source], open_attacks=before.attacks()).run(BEGIN + 130, BEGIN + 150)
    after.exporters["age_max_ms"] = 75_000  # as soon as it is heard again
    after.run(BEGIN + 150, BEGIN + 520)
    assert kinds(after.facts) == ["AttackEnded"]
    assert attack_of(after.facts).last_seen_ms // 1000 == pytest.approx(BEGIN + 400, abs=2)


def test_what_is_told_at_once_ends_without_waiting_for_late_exporters_elsewhere() -> None:
    late = rows(START, 1, to="198.51.100.200", exporter=1, lasts_ms=60_000)
    prompt = flood(200, begin=BEGIN, until=BEGIN + 25, to=HOST, src_port=123)
    world = World([prompt, lambda second: late if second == START else late[:0]])
    world.exporters["age_max_ms"][1] = 60_000
    world.run(START, START + 80)
    assert world.told() == [(7, "AttackDetected"), (45, "AttackEnded")]


# The same from the packets on: a lab router samples, caches and sends NetFlow v9, the decoder measures.


def single_flows(count: int) -> list[Traffic]:
    """Flows of one packet kind each, all to one host."""
    everyday = ordinary_traffic(seed=5, flows=400, ipv6_share=0.0)
    udp = np.flatnonzero((everyday.rows["src_port"] == 3478) & (everyday.rows["bytes"] > 500))
    return [
        towards(traffic_of(f"flow {at}", [everyday.frames[at]], [0.0]), HOST)
        for at in udp[:: len(udp) // count][:count].tolist()
    ]


def told_by_a_router(
    timeouts: Timeouts, apart_s: float, lasts_s: int, until_s: int
) -> list[tuple[int, Fact]]:
    router = FlowExporter("192.0.2.1", Netflow9(7), sampling_rate=500, seed=1, timeouts=timeouts)
    decoder = TelemetryDecoder()
    counter = SecondCounter(CountingSettings(seed=1, cells_max=65_536))
    detector = Detector(DetectionSettings(), lambda _: None, (), 1, Baselines())
    facts: list[tuple[int, Fact]] = []
    flows = single_flows(4)
    for tick in range(4 * until_s):
        begin_ms, end_ms = START * 1000 + tick * 250, START * 1000 + tick * 250 + 249
        for number, flow in enumerate(flows):
            packets_per_s = BITS_PER_S / 8 / len(flows) / flow.mean_packet_bytes
            begun, over = 5 + apart_s * number, 5 + lasts_s
            first, last = (
                int((min(max(at, begun), over) - begun) * packets_per_s) for at in (tick / 4, tick / 4 + 0.25)
            )
            if last > first:
                router.observe(Offered(flow, first, last, begin_ms, end_ms))
        sent = router.datagrams(end_ms)
        if sent:
            for batch in decoder.decode(DatagramBlock.of(sent, "192.0.2.1", end_ms)):
                counter.count(FlowBatch(batch.rows), end_ms)
        if tick % 4 == 3:
            second = START + tick // 4
            summary = counter.close_second(second, decoder.exporters, {}, 0)
            facts += [(second - START, fact) for fact in detector.observe(summary)]
    return facts


@pytest.mark.parametrize(("active_s", "apart_s"), [(60, 0.0), (60, 15.0), (66, 13.0), (120, 15.0)])
def test_a_routers_long_flows_are_one_attack_at_their_true_rate(active_s: int, apart_s: float) -> None:
    lasts_s = 330
    facts = told_by_a_router(Timeouts(active_s * 1000, 15_000), apart_s, lasts_s, 5 + lasts_s + 3 * active_s)
    assert kinds(facts)[0] == "AttackDetected"
    assert kinds(facts)[1:] == ["AttackGrew"] * (len(facts) - 2) + ["AttackEnded"]
    assert len(facts) <= 2 + 2  # one flow after the other
    ended, attack = facts[-1][0], attack_of(facts)
    assert attack.targets == (f"{HOST}/32",)
    begins_s = attack.first_seen_ms // 1000 - START
    assert begins_s <= 5 + 4 * apart_s + active_s / 2
    assert attack.last_seen_ms // 1000 - START == pytest.approx(5 + lasts_s, abs=2)
    assert ended >= 5 + lasts_s + 15
    begun = [max(0.0, 5 + apart_s * number - begins_s) for number in range(4)]
    lasted = 5 + lasts_s - begins_s
    true = BITS_PER_S / 4 * sum(lasted - late for late in begun) / lasted
    assert 0.99 * attack.bits_per_s.low <= true <= 1.01 * attack.bits_per_s.high
    if active_s <= 66:
        assert attack.bits_per_s.estimate == pytest.approx(true, rel=0.04)
    assert "late_telemetry" in attack.doubts
