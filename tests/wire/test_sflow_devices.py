"""sFlow datagrams of real devices: the values that their origin states, and readable goldens of every row."""

import re
from pathlib import Path
from typing import Any

import pytest

from tidegate.model.addresses import text
from tidegate.model.flows import DIRECTION_EGRESS, DIRECTION_INGRESS
from tidegate.wire.sflow import Sflow5Datagram, decode_sflow5

CASES = Path(__file__).parents[1] / "data" / "flow" / "telegraf" / "testcases"
GOLDEN = Path(__file__).parents[1] / "golden" / "sflow"
NAMES = ["sflow_issue_15375", "sflow_issue_15918", "sflow_issue_18876", "sflow_v5_example"]
# The origin names what follows the IPv6 header (hop-by-hop options); the row what follows those (ICMPv6).
PROTOCOLS = {"udp": 17, "tcp": 6, "hopopt": 58}


def decoded(name: str) -> Sflow5Datagram:
    (path,) = (CASES / name).glob("*.bin")
    return decode_sflow5(path.read_bytes())


def stated(name: str) -> list[dict[str, str]]:
    """The lines of expected.out (InfluxDB line protocol), as fields without their type marks."""
    lines = (CASES / name / "expected.out").read_text().splitlines()
    return [
        {
            key: value.strip('"').removesuffix("u")
            for key, value in re.findall(r'(\w+)=("[^"]*"|[^,\s]+)', line)
        }
        for line in lines
        if line.strip()
    ]


def address(row: Any, end: str) -> str:
    return text(int(row[f"{end}_high"]), int(row[f"{end}_low"]))


def rendered_row(row: Any) -> str:
    ends = (f"{address(row, end)} port {row[f'{end}_port']}" for end in ("src", "dst"))
    icmp = f"icmp {row['icmp_type']}/{row['icmp_code']}"
    kind = f"protocol {row['protocol']}, {icmp}, flags {row['tcp_flags']:#04x}"
    size = f"{row['bytes']} bytes, 1 in {row['sampling_rate']}"
    where = f"interface {row['input_if']} -> {row['output_if']}"
    way = ("sampled nowhere told", "sampled going in", "sampled going out")[row["direction"]]
    return f"{' -> '.join(ends)}, {kind}, {size}, {where}, {way}"


def rendered(datagram: Sflow5Datagram) -> str:
    sender = f"agent {datagram.agent}, sub-agent {datagram.sub_agent}"
    samples = f"{datagram.counter_samples} counter samples, {datagram.discard_samples} discard samples"
    return "\n".join(
        [
            f"{sender}, sequence {datagram.sequence}, up {datagram.uptime_ms} ms",
            f"{samples}, {datagram.not_ip} without IP",
            *map(rendered_row, datagram.batch.rows),
            "",
        ]
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_real_datagram_decodes_to_its_golden(name: str) -> None:
    assert rendered(decoded(name)) == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_real_datagram_holds_as_many_samples_as_its_origin_states(name: str) -> None:
    datagram, lines = decoded(name), stated(name)
    assert len(datagram.batch) == sum("src" in line for line in lines)
    assert datagram.counter_samples == sum("in_bytes" in line for line in lines)
    assert datagram.discard_samples == sum("reason" in line for line in lines)
    assert datagram.not_ip == 0
    for line in lines:
        assert (line["agent_ip"], line["agent_subid"]) == (datagram.agent, str(datagram.sub_agent))
        assert line["sys_uptime"] == str(datagram.uptime_ms)


def test_every_sampled_packet_has_the_values_that_its_origin_states() -> None:
    rows = decoded("sflow_issue_15918").batch.rows
    lines = [line for line in stated("sflow_issue_15918") if "src" in line]
    for row, line in zip(rows, lines, strict=True):
        assert address(row, "src") == line["src"]
        assert address(row, "dst") == line["dst"]
        assert (row["src_port"], row["dst_port"]) == (
            int(line.get("src_port", 0)),
            int(line.get("dst_port", 0)),
        )
        assert row["sampling_rate"] == int(line["sampling_interval"])
        # An IPv6 header's length leaves out its own 40 bytes.
        ip_bytes = int(line["ipv4_total_len"]) if row["family"] == 4 else int(line["ipv6_total_len"]) + 40
        assert row["bytes"] == ip_bytes
        assert row["protocol"] == PROTOCOLS[line["protocol"]]
        assert row["output_if"] == int(line.get("out_snmp", 0))
        told = {"ingress": DIRECTION_INGRESS, "egress": DIRECTION_EGRESS}
        assert row["direction"] == told[line["direction"]]
        # For samples taken on the way out, the origin's in_snmp is the sampling interface.
        if line["direction"] == "ingress":
            assert row["input_if"] == int(line["in_snmp"])
