"""What was learned goes on to the next stage, and the judge knows attacks that are told as going on."""

import numpy as np
import pytest

from benchmarks.accuracy.attacks import Capture, Spread, Truth, truth_of
from benchmarks.accuracy.country import Exporter, Kind, found_networks
from benchmarks.accuracy.course import Outcome
from benchmarks.accuracy.judged import Detection
from benchmarks.accuracy.score import detected, right_vectors, score
from benchmarks.accuracy.simulate import EXPORTERS, MONDAY, PARTS, Told
from tests.stories import an_attack
from tidegate.model.attacks import Rate, VectorRate
from tidegate.model.facts import AttackDetected, AttackVectorsChanged
from tidegate.model.flows import FlowRows, empty_rows

HERE = (Exporter(Kind.SFLOW, 64, 20),)
NETWORKS = found_networks(HERE, np.random.default_rng(1))
NETWORK = int(np.flatnonzero(NETWORKS.family == 4)[0])


def names_to_one_host() -> FlowRows:
    rows = empty_rows(1000)
    rows["bytes"], rows["packets"], rows["sampling_rate"] = 1000, 1, 256
    rows["protocol"], rows["src_port"], rows["has_ports"], rows["family"] = 17, 53, 1, 4
    rows["dst_low"] = 0xFFFF_0000_0000 + (198 << 24) + (51 << 16) + (100 << 8) + 7
    return rows


def test_what_one_stage_has_learned_the_next_one_knows() -> None:
    learner, next_one = Detection(1), Detection(2)
    learner.learn_minute([names_to_one_host()], 4, MONDAY)
    for minute in range(1, 61):
        learner.learn_again(MONDAY + 60 * minute)
    attack = an_attack(targets=("198.51.100.7/32",), vectors=(rate("dns"),))
    assert "usual 0 Mb/s" in next_one.grounds(attack, MONDAY)
    next_one.recall(learner.known(), MONDAY + 3700)
    # 256 MB in four seconds, which are told as one minute's level: 512 Mb/s and 64,000 packets a second.
    assert "usual 512 Mb/s 64.0 kpps" in next_one.grounds(attack, MONDAY + 3700)


def rate(vector: str) -> VectorRate:
    some = Rate(1, 1, 1)
    return VectorRate(vector=vector, bits_per_s=some, packets_per_s=some)


def truth(vector: str, start_s: int) -> Truth:
    rows = empty_rows(1)
    rows["packets"], rows["bytes"], rows["protocol"], rows["family"] = 1, 300, 17, 4
    return truth_of(
        capture=Capture(vector, rows, np.array([vector])),
        networks=NETWORKS,
        exporters=HERE,
        network=NETWORK,
        spread=Spread.HOST,
        step=2,
        start_s=start_s,
        duration_s=40,
    )


@pytest.mark.parametrize(("later", "found"), [("dns", 2), ("snmp", 1)])
def test_an_attack_that_is_told_as_going_on_counts_as_found_where_its_vectors_are_told(
    later: str, found: int
) -> None:
    first, second = truth("snmp", MONDAY), truth("dns", MONDAY + 120)
    began = an_attack(number=1, targets=(first.target,), vectors=(rate("snmp"),))
    goes_on = an_attack(number=1, targets=(first.target,), vectors=(rate("snmp"), rate(later)))
    told = [
        Told(MONDAY + 3, AttackDetected(began)),
        Told(MONDAY + 124, AttackVectorsChanged(goes_on)),
    ]
    judged = score(Outcome([], told, [first, second], [], [], NETWORKS, 1.0, 200))
    assert judged.alarms == []
    assert len(detected(judged.found)) == found
    if found == 2:
        assert [one.delay_s for one in judged.found] == [4, 5]
        assert all(map(right_vectors, judged.found))


def test_the_exporters_of_the_country_are_each_in_one_part() -> None:
    assert sorted(number for part in PARTS for number in part) == list(range(len(EXPORTERS)))
