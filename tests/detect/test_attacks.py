"""Attacks from their first second to their last, through counter and detector together."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive.flood import START, Rows, Source, World, flood, rows, through_cache
from tidegate.detect.settings import CountingSettings, DetectionSettings, WatchedObject
from tidegate.detect.targets import joined
from tidegate.model.addresses import Prefix
from tidegate.model.exporters import EXPORTER
from tidegate.model.facts import AttackDetected, AttackEnded
from tidegate.model.flows import FlowBatch
from tidegate.model.vectors import VECTORS, VectorClass

HOST = "198.51.100.7"
BEGIN, UNTIL, OVER = START + 5, START + 30, START + 80


def kinds(world: World) -> list[str]:
    return [name for _, name in world.told()]


def test_a_host_flood_is_detected_in_its_third_second_and_ends_once() -> None:
    world = World([flood(200, begin=BEGIN, until=UNTIL, to=HOST, src_port=123)]).run(START, OVER)
    assert world.told() == [(7, "AttackDetected"), (45, "AttackEnded")]
    (attack,) = world.attacks()
    assert attack.targets == ("198.51.100.7/32",)
    assert [vector.vector for vector in attack.vectors] == ["ntp"]
    assert attack.bits_per_s.estimate == pytest.approx(200e6, rel=0.01)
    assert (attack.first_seen_ms, attack.last_seen_ms) == (BEGIN * 1000, UNTIL * 1000 - 1)
    assert attack.exporters == ("192.0.2.1#0",)
    assert attack.border_points == ("XA north",)
    assert attack.actionable


REFLECTORS = [vector for vector in VECTORS if vector.vector_class is VectorClass.REFLECTION]


def test_every_reflector_at_twice_its_floor_is_detected_by_name() -> None:
    sources = [
        flood(
            2 * vector.floor_bits_per_s / 1e6, begin=BEGIN, until=BEGIN + 4, to=f"198.51.{n}.7", src_port=port
        )
        for n, vector in enumerate(REFLECTORS)
        for port in vector.source_ports[:1]
    ]
    world = World(sources).run(START, START + 9)
    found = {attack.targets: [vector.vector for vector in attack.vectors] for attack in world.attacks()}
    assert found == {(f"198.51.{n}.7/32",): [vector.name] for n, vector in enumerate(REFLECTORS)}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("tcp_syn", {"protocol": 6, "flags": 2, "size": 40}),
        ("tcp_syn_ack", {"protocol": 6, "flags": 18, "size": 44}),
        ("tcp_rst", {"protocol": 6, "flags": 4, "size": 40}),
        ("tcp_odd_flags", {"protocol": 6, "flags": 41, "size": 40}),
        ("icmp", {"protocol": 1, "size": 1000}),
        ("gre", {"protocol": 47, "size": 1400}),
        ("fragments", {"fragment": 2, "size": 1400}),
        ("other_protocol", {"protocol": 99, "size": 1000}),
    ],
)
def test_floods_are_named_by_their_headers(name: str, how: dict[str, int]) -> None:
    world = World([flood(1000 if name == "gre" else 200, begin=BEGIN, until=UNTIL, to=HOST, **how)])
    world.run(START, START + 9)
    assert [[v.vector for v in attack.vectors] for attack in world.attacks()] == [[name]]


@pytest.mark.parametrize(
    ("base", "spread", "target"),
    [
        ("198.51.100.0", 256, "198.51.100.0/24"),
        ("198.51.96.0", 4096, "198.51.96.0/20"),
        ("198.51.96.0", 1024, "198.51.96.0/22"),
        ("2001:db8:0:100::", 200, "2001:db8:0:100::/64"),
    ],
)
def test_carpet_bombing_is_one_attack_on_the_right_network(base: str, spread: int, target: str) -> None:
    world = World([flood(800, begin=BEGIN, until=UNTIL, to=base, spread=spread, src_port=123)])
    world.run(START, OVER)
    assert kinds(world) == ["AttackDetected", "AttackEnded"]
    assert world.attacks()[0].targets == (target,)


@pytest.mark.parametrize(("hosts", "told"), [(3, []), (40, [("198.51.100.0/24",)])])
def test_as_many_packets_to_few_ordinary_hosts_are_no_attack_on_their_network(
    hosts: int, told: list[tuple[str, ...]]
) -> None:
    how = {"protocol": 6, "flags": 2, "size": 40}
    syn = flood(4.2, begin=BEGIN, until=UNTIL, to="198.51.100.0", spread=hosts, **how)  # 13,000 a second
    world = World([syn]).run(START, OVER)
    assert [attack.targets for attack in world.attacks()] == told
    line = WatchedObject("ministry", (Prefix.parse("198.51.100.0/24"),), capacity_bits_per_s=400_000_000)
    watched = World([syn], DetectionSettings(objects=(line,))).run(START, OVER)
    assert watched.attacks()


def test_reflected_names_below_their_floor_are_told_with_the_fragments_that_are_their_larger_part() -> None:
    until = START + 120
    first = flood(190, begin=BEGIN, until=until, to=HOST, src_port=53, size=1400)
    rest = flood(235, begin=BEGIN, until=until, to=HOST, fragment=2, size=1400)
    world = World([first, rest]).run(START, until + 50)
    assert kinds(world) == ["AttackDetected", "AttackEnded"]
    assert {rate.vector for rate in world.attacks()[0].vectors} == {"dns", "fragments"}
    assert kinds(World([first]).run(START, START + 20)) == []


def test_an_ipv6_carpet_over_many_lans_is_the_network_around_them() -> None:
    def carpet(second: int) -> Rows:
        if not BEGIN <= second < UNTIL:
            return rows(second, 0, to="2001:db8::")
        made = rows(second, 30_000, to="2001:db8:0:100::", spread=1000, src_port=123)
        made["dst_high"] += np.random.default_rng(second).integers(0, 256, len(made)).astype(np.uint64)
        return made

    world = World([carpet]).run(START, OVER)
    assert kinds(world) == ["AttackDetected", "AttackEnded"]
    assert world.attacks()[0].targets == ("2001:db8:0:100::/56",)


def test_long_flows_to_a_carpet_count_in_their_own_seconds() -> None:
    source = flood(
        400, begin=START + 30, until=START + 90, to="198.51.100.0", spread=256, src_port=123, lasts_ms=20_000
    )
    world = World([source], delay_ms=21_000).run(START, START + 200)
    assert kinds(world)[0] == "AttackDetected"
    assert kinds(world)[-1] == "AttackEnded"
    assert kinds(world).count("AttackEnded") == 1
    (attack,) = world.attacks()
    assert attack.targets == ("198.51.100.0/24",)
    assert attack.peak_bits_per_s.estimate == pytest.approx(400e6, rel=0.05)
    assert "late_telemetry" in attack.doubts


def test_several_vectors_on_one_target_are_one_attack_and_fragments_belong_to_it() -> None:
    sources = [
        flood(400, begin=BEGIN, until=UNTIL, to=HOST, src_port=53),
        flood(60, begin=BEGIN, until=UNTIL, to=HOST, fragment=2),
        flood(20, begin=BEGIN + 10, until=UNTIL, to=HOST, protocol=6, flags=2, size=40),
    ]
    world = World(sources).run(START, OVER)
    assert kinds(world).count("AttackDetected") == 1
    assert "AttackVectorsChanged" in kinds(world)
    (attack,) = world.attacks()
    assert [vector.vector for vector in attack.vectors] == ["dns", "fragments", "tcp_syn"]
    assert attack.peak_bits_per_s.estimate == pytest.approx(480e6, rel=0.01)


def test_growth_is_told_when_the_rate_doubles() -> None:
    sources = [
        flood(100, begin=BEGIN, until=UNTIL, to=HOST, src_port=123),
        flood(700, begin=BEGIN + 12, until=UNTIL, to=HOST, src_port=123, seed=1),
    ]
    world = World(sources).run(START, OVER)
    grown = [fact.attack for _, fact in world.facts if type(fact).__name__ == "AttackGrew"]  # type: ignore[union-attr]
    assert 1 <= len(grown) <= 3
    assert world.attacks()[0].peak_bits_per_s.estimate == pytest.approx(800e6, rel=0.01)


def test_nothing_is_actionable_on_telemetry_that_cannot_be_scaled() -> None:
    world = World([flood(200, begin=BEGIN, until=UNTIL, to=HOST, src_port=123, rate=0)]).run(START, OVER)
    (attack,) = world.attacks()
    assert not attack.actionable
    assert "unscaled_sampling" in attack.doubts


def test_a_small_unscaled_share_leaves_an_attack_actionable_but_doubtful() -> None:
    sources = [
        flood(400, begin=BEGIN, until=UNTIL, to=HOST, src_port=123),
        flood(8, begin=BEGIN, until=UNTIL, to=HOST, src_port=123, rate=0, seed=1),
    ]
    (attack,) = World(sources).run(START, START + 10).attacks()
    assert attack.actionable
    assert "unscaled_sampling" in attack.doubts


def test_coarse_sampling_gives_the_truth_within_the_interval() -> None:
    held = []
    for n in range(20):
        source = flood(400, begin=BEGIN + n % 3, until=UNTIL, to=f"198.51.100.{n}", src_port=123, rate=1000)
        world = World([source]).run(START, START + 18)
        (attack,) = world.attacks()
        (rate,) = {attack.bits_per_s for _, fact in world.facts if isinstance(fact, AttackDetected)}
        held.append(rate.low <= 400e6 <= rate.high)
    assert sum(held) >= 16


def test_few_samples_do_not_alarm_by_luck() -> None:
    """Half the threshold, sampled 1 in 4,096: two or three samples in five seconds, each of 45 Mb."""

    def thirty_hosts(second: int) -> Rows:
        counts = np.random.default_rng((7, second)).poisson(25e6 / 8 / 1400 / 4096, 30)
        return np.concatenate(
            [
                rows(second, int(c), to=f"100.{64 + n}.0.7", src_port=123, rate=4096)
                for n, c in enumerate(counts)
            ]
        )

    assert World([thirty_hosts]).run(START, START + 400).facts == []


def test_a_weak_attack_under_coarse_sampling_is_found_by_longer_evidence() -> None:
    source = flood(90, begin=BEGIN, until=BEGIN + 60, to=HOST, src_port=123, rate=4096)
    world = World([source]).run(START, START + 70)
    assert kinds(world) == ["AttackDetected"]
    assert "few_samples" in world.attacks()[0].doubts


def test_a_download_on_the_first_day_does_not_alarm() -> None:
    sources = [
        flood(900, begin=START + 10, until=OVER, to=HOST, protocol=6, flags=24),
        flood(900, begin=START + 10, until=OVER, to="198.51.100.8", src_port=443),
    ]
    assert World(sources).run(START, OVER).facts == []


def test_traffic_below_the_floor_never_alarms() -> None:
    assert World([flood(45, begin=BEGIN, until=UNTIL, to=HOST, src_port=123)]).run(START, OVER).facts == []


def test_a_burst_shorter_than_the_persistence_is_no_attack() -> None:
    assert (
        World([flood(500, begin=BEGIN, until=BEGIN + 2, to=HOST, src_port=123)]).run(START, OVER).facts == []
    )


LINE = WatchedObject("XA ministry", (Prefix.parse("198.51.100.0/28"),), capacity_bits_per_s=100_000_000)


def test_an_operators_object_alarms_at_its_own_line_and_is_named() -> None:
    world = World(
        [flood(95, begin=BEGIN, until=UNTIL, to="198.51.100.0", spread=16, protocol=6, flags=24)],
        DetectionSettings(objects=(LINE,)),
    ).run(START, OVER)
    assert kinds(world) == ["AttackDetected", "AttackEnded"]
    (attack,) = world.attacks()
    assert attack.object_name == "XA ministry"
    assert attack.targets == ("198.51.100.0/28",)


def test_a_host_inside_an_object_is_the_target_when_it_alone_is_hit() -> None:
    world = World(
        [flood(95, begin=BEGIN, until=UNTIL, to="198.51.100.3", protocol=6, flags=24)],
        DetectionSettings(objects=(LINE,)),
    ).run(START, OVER)
    (attack,) = world.attacks()
    assert attack.targets == ("198.51.100.3/32",)
    assert attack.object_name == "XA ministry"


def test_a_restart_goes_on_with_the_attack_and_tells_nothing_twice() -> None:
    source = flood(200, begin=BEGIN, until=UNTIL, to=HOST, src_port=123)
    first = World([source]).run(START, START + 15)
    second = World([source], open_attacks=first.detector.open_attacks()).run(START + 18, OVER)
    assert kinds(first) == ["AttackDetected"]
    assert kinds(second) == ["AttackEnded"]
    assert second.attacks()[0].number == first.attacks()[0].number
    assert second.attacks()[0].peak_bits_per_s.estimate == pytest.approx(200e6, rel=0.01)


def test_an_attack_that_went_on_before_a_restart_and_is_gone_ends() -> None:
    first = World([flood(200, begin=BEGIN, until=UNTIL, to=HOST, src_port=123)]).run(START, START + 15)
    second = World([], open_attacks=first.detector.open_attacks()).run(START + 300, START + 400)
    assert kinds(second) == ["AttackEnded"]


def test_a_restarted_carpet_keeps_its_joined_prefix() -> None:
    source = flood(1000, begin=BEGIN, until=UNTIL, to="198.51.96.0", spread=1024, src_port=123)
    first = World([source]).run(START, START + 15)
    second = World([source], open_attacks=first.detector.open_attacks()).run(START + 16, OVER)
    assert kinds(second) == ["AttackEnded"]
    assert second.attacks()[0].targets == ("198.51.96.0/22",)


def test_attacks_in_a_degraded_second_say_so() -> None:
    def crowd(second: int) -> Rows:
        return rows(second, 40_000, to="203.0.0.0", spread=60_000, size=1200, src_port=50_000)

    source = flood(400, begin=START, until=START + 9, to=HOST, src_port=123)

    def mixed(second: int) -> Rows:
        both = np.concatenate((crowd(second), source(second)))
        np.random.default_rng(second).shuffle(both)
        return both

    world = World([mixed], counting=CountingSettings(seed=2, cells_max=4096)).run(START, START + 8)
    assert world.last is not None
    assert world.last.degraded is not None
    assert [attack.targets for attack in world.attacks()] == [("198.51.100.7/32",)]
    assert world.attacks()[0].bits_per_s.high >= 400e6 * 0.98


def test_lost_datagrams_and_a_skewed_clock_are_doubts() -> None:
    exporters = np.zeros(1, EXPORTER)
    world = World([flood(200, begin=BEGIN, until=UNTIL, to=HOST, src_port=123)], exporters=exporters)
    world.run(START, START + 6)
    exporters["lost"], exporters["skew_ms"] = 9, -90_000
    world.run(START + 6, START + 20)
    assert {"datagrams_lost", "clock_skew"} <= set(world.attacks()[0].doubts)


def test_one_attack_on_hosts_that_widens_to_their_network_stays_one() -> None:
    sources = [
        flood(200, begin=BEGIN, until=OVER, to=HOST, src_port=123),
        flood(2000, begin=BEGIN + 20, until=OVER, to="198.51.100.0", spread=256, src_port=123, seed=1),
    ]
    world = World(sources).run(START, START + 60)
    assert kinds(world).count("AttackDetected") == 1
    assert "AttackGrew" in kinds(world)
    assert world.attacks()[0].targets == ("198.51.100.0/24",)


def test_pulses_become_one_attack_after_a_few() -> None:
    def pulses(second: int) -> Rows:
        on = second >= BEGIN and (second - BEGIN) % 40 < 12
        return flood(300, begin=second, until=second + on, to=HOST, src_port=123)(second)

    world = World([pulses]).run(START, START + 600)
    assert 2 <= kinds(world).count("AttackDetected") <= 3


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from([0, 20, 40, 55, 60, 100, 300]), min_size=10, max_size=60),
    st.sampled_from([1, 500]),
)
def test_however_traffic_wavers_attacks_do_not_flap(levels: list[int], rate: int) -> None:
    """Each level lasts two seconds. An attack lasts at least its quiet time, and facts tell one life."""

    def wavering(second: int) -> Rows:
        at = (second - START) // 2
        level = levels[at] if 0 <= at < len(levels) else 0
        source: Source = flood(level, begin=second, until=second + 1, to=HOST, src_port=123, rate=rate)
        return source(second)

    world = World([wavering]).run(START, START + 2 * len(levels) + 130)
    begun: dict[int, int] = {}
    ended: dict[int, int] = {}
    for second, fact in world.facts:
        number = fact.attack.number  # type: ignore[union-attr]
        match type(fact).__name__:
            case "AttackDetected":
                assert number not in begun
                assert all(other in ended for other in begun)
                begun[number] = second
            case "AttackEnded":
                assert second - begun[number] >= 15
                ended[number] = second
            case _:
                assert number in begun
                assert number not in ended
    assert begun.keys() == ended.keys()
    assert len(world.facts) <= 2 + len(levels) // 3


def test_where_no_more_attacks_may_be_open_the_strongest_are() -> None:
    sources = [
        flood(60 * (n + 1), begin=BEGIN, until=UNTIL, to=f"198.51.{100 + n}.7", src_port=123)
        for n in range(4)
    ]
    world = World(sources, DetectionSettings(open_attacks_max=2)).run(START, START + 12)
    assert [attack.targets for attack in world.attacks()] == [("198.51.103.7/32",), ("198.51.102.7/32",)]


def test_a_carpet_that_concentrates_on_a_host_goes_on_and_narrows() -> None:
    sources = [
        flood(800, begin=BEGIN, until=BEGIN + 20, to="198.51.100.0", spread=256, src_port=123),
        flood(300, begin=BEGIN + 20, until=BEGIN + 120, to=HOST, src_port=123, seed=1),
    ]
    world = World(sources).run(START, START + 150)
    assert kinds(world).count("AttackDetected") == kinds(world).count("AttackEnded") == 1
    assert world.facts[0][1].attack.targets == ("198.51.100.0/24",)  # type: ignore[union-attr]
    assert world.attacks()[0].targets == ("198.51.100.7/32",)


def test_an_ended_attack_tells_its_mean_and_its_heaviest_seconds() -> None:
    sources = [
        flood(100, begin=BEGIN, until=BEGIN + 31, to=HOST, src_port=123),
        flood(200, begin=BEGIN + 11, until=BEGIN + 21, to=HOST, src_port=123, seed=1),
    ]
    (attack,) = World(sources).run(START, OVER).attacks()
    assert attack.bits_per_s.estimate == pytest.approx((19 * 100e6 + 10 * 300e6) / 29, rel=0.01)
    assert attack.peak_bits_per_s.estimate == pytest.approx(300e6, rel=0.01)


def test_the_peak_of_a_steady_flood_is_not_raised_by_luck_in_sampling() -> None:
    held, means = [], []
    for n in range(12):
        source = flood(400, begin=BEGIN, until=BEGIN + 40, to=f"198.51.100.{n}", src_port=123, rate=2000)
        (attack,) = World([source]).run(START, START + 70).attacks()
        peak = attack.peak_bits_per_s
        held.append(peak.low <= 400e6 <= peak.high)
        means.append(peak.estimate)
    assert sum(held) >= 11
    assert np.mean(means) == pytest.approx(400e6, rel=0.06)


LAB_CACHE, USUAL_CACHE = (1000, 400), (60_000, 15_000)


@pytest.mark.parametrize(
    ("timeouts", "flows", "lasts_s", "sure"),
    [(LAB_CACHE, 0, 8, 3), (LAB_CACHE, 40, 8, 3), (USUAL_CACHE, 0, 60, 3), (USUAL_CACHE, 200, 150, 3)],
)
def test_rates_told_late_hold_the_truth_or_say_that_more_may_come(
    timeouts: tuple[int, int], flows: int, lasts_s: int, sure: int
) -> None:
    """Four floods of 800 Mb/s through a flow cache; `flows` 0: each packet is a flow.

    A sampled flow's record reaches from its first sampled packet to its last, a little less than the
    flow: that leaves a peak too high by some percent.
    """
    told: dict[str, list[bool]] = {"grown": [], "ended": [], "peak": []}
    for seed in range(4):
        begin_ms = BEGIN * 1000 + 137 * seed
        source = through_cache(800, begin_ms, begin_ms + lasts_s * 1000, timeouts, flows, seed)
        world = World([source], delay_ms=sum(timeouts)).run(
            START, BEGIN + lasts_s + 20 + 2 * sum(timeouts) // 1000
        )
        for _, fact in world.facts:
            attack = fact.attack  # type: ignore[union-attr]
            within = attack.bits_per_s.low <= 800e6 <= attack.bits_per_s.high
            if isinstance(fact, AttackEnded):
                told["ended"].append(within or attack.bits_per_s.estimate == pytest.approx(800e6, rel=0.04))
                peak = attack.peak_bits_per_s
                told["peak"].append(0.95 * peak.low <= 800e6 <= peak.high)
            elif not isinstance(fact, AttackDetected):
                told["grown"].append(within)
    assert len(told["ended"]) == 4
    assert sum(told["ended"]) >= sure
    assert sum(told["peak"]) >= sure
    assert sum(told["grown"]) >= 0.8 * len(told["grown"])


def test_hosts_are_told_where_a_summary_has_no_room_for_their_network() -> None:
    """The lightest in units of their floors are left out of a full summary: it may be a network."""
    sources = [flood(400, begin=BEGIN, until=OVER, to=f"198.51.100.{n}", src_port=123) for n in range(20)]
    world = World(sources).run(START, BEGIN)
    for second in range(BEGIN, BEGIN + 6):
        for source in sources:
            world.counter.count(FlowBatch(source(second)), second * 1000 + 999)
        summary = world.counter.close_second(second, world.exporters, {}, 0)
        hosts = summary.cells[summary.cells["length"] == 128]
        full = replace(summary, cells=hosts, cells_left_out=len(summary.cells) - len(hosts))
        world.facts += [(second, fact) for fact in world.detector.observe(full)]
    told = {str(prefix) for attack in world.attacks() for prefix in attack.targets}
    assert joined(map(Prefix.parse, told)) == ("198.51.100.0/28", "198.51.100.16/30")
