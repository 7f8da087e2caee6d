"""NetFlow and IPFIX datagrams of real devices: what their origins state, and readable goldens."""

import csv
import re
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.flow_datagrams import decode
from tidegate.wire.telemetry import TelemetryDecoder

DATA = Path(__file__).parents[1] / "data" / "flow"
GOLDEN = Path(__file__).parents[1] / "golden" / "flow"
CASES = DATA / "telegraf" / "testcases"

TELEGRAF = [
    "ipfix_example",
    "ipfix_options",
    "ipfix_pen_35632",
    "issue_13305",
    "issue_14370",
    "netflow_v5_example",
    "netflow_v9_example",
    "netflow_v9_options",
]
PYTHON_NETFLOW = {
    "softflowd_v5": ["PACKET_V5.bin"],
    "softflowd_v9": ["PACKET_V9_TEMPLATE.bin", *(f"PACKETS_V9_{i}.bin" for i in range(3))],
    "softflowd_v9_template_after_data": ["PACKET_V9_TEMPLATE_MIXED.bin"],
    "softflowd_ipfix": ["PACKET_IPFIX_TEMPLATE.bin", "PACKET_IPFIX.bin"],
    "softflowd_ipfix_ethernet": ["PACKET_IPFIX_TEMPLATE_ETHER.bin", "PACKET_IPFIX_ETHER.bin"],
    "softflowd_ipfix_padding": ["PACKET_IPFIX_PADDING.bin"],
}

with (DATA / "logstash" / "EXPECTED.tsv").open() as told:
    EXPECTED = [(row[0].split(), int(row[1])) for row in list(csv.reader(told, delimiter="\t"))[1:]]


def story_of(files: list[str]) -> str:
    """The name of a group of files: that of its first, without what is the same in all."""
    name = files[0].removesuffix(".dat").replace("_test", "")
    return re.sub(r"_(opt)?tpl.*|_data.*", "", name)


GROUPS = {story_of(files): [DATA / "logstash" / file for file in files] for files, _ in EXPECTED}
GROUPS |= {name: sorted((CASES / name).glob("*.bin")) for name in TELEGRAF}
GROUPS |= {name: [DATA / "python-netflow" / file for file in files] for name, files in PYTHON_NETFLOW.items()}


def decoded(story: str) -> tuple[TelemetryDecoder, list[dict]]:
    """Each file as one datagram, in order."""
    decoder = TelemetryDecoder()
    rows = decode(decoder, *(path.read_bytes() for path in GROUPS[story]))
    return decoder, rows


def rendered_row(row: dict) -> str:
    ends = f"{row['source']} port {row['src_port']} -> {row['destination']} port {row['dst_port']}"
    icmp = f" icmp {row['icmp_type']}/{row['icmp_code']}" if row["protocol"] in (1, 58) else ""
    kind = f"protocol {row['protocol']}{icmp}, flags {row['tcp_flags']:#04x}"
    size = f"{row['bytes']} bytes in {row['packets']} packets, 1 in {row['sampling_rate'] or 'unknown'}"
    where = f"interface {row['input_if']} -> {row['output_if']}, AS {row['src_as']} -> {row['dst_as']}"
    way = ("", ", going in", ", going out", ", going out and told before")[row["direction"]]
    return f"{ends}, {kind}, {size}, {where}, {row['end_ms'] - row['start_ms']} ms long{way}"


def rendered(story: str) -> str:
    decoder, rows = decoded(story)
    (exporter,) = decoder.exporters
    counted = ("records", "option_records", "not_ip", "without_template", "malformed")
    heads = [", ".join(f"{exporter[name]} {name}" for name in counted)]
    heads += [f"{count} times: {reason}" for (_, reason), count in decoder.refused().items()]
    rates = decoder.announced_rates()
    heads += [f"announced: kind {r.kind}, id {r.identity}, 1 in {r.rate}" for _, r in rates]
    return "\n".join([*heads, *map(rendered_row, rows), ""])


@pytest.mark.parametrize("story", GROUPS)
def test_real_datagrams_decode_to_their_golden(story: str) -> None:
    assert rendered(story) == (GOLDEN / f"{story}.txt").read_text()


@pytest.mark.parametrize(("files", "events"), EXPECTED, ids=[story_of(files) for files, _ in EXPECTED])
def test_real_datagrams_hold_as_many_records_as_their_origin_states(files: list[str], events: int) -> None:
    decoder, rows = decoded(story_of(files))
    (exporter,) = decoder.exporters
    assert len(rows) + int(exporter["option_records"]) == events
    assert int(exporter["malformed"]) == 0
    assert int(exporter["not_ip"]) == 0


def stated(case: str) -> list[dict[str, str]]:
    """The lines of expected.out (InfluxDB line protocol), as fields without their type marks."""
    return [
        {
            key: value.strip('"').removesuffix("u")
            for key, value in re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,\s]+)', line)
        }
        for line in (CASES / case / "expected.out").read_text().splitlines()
        if line.strip()
    ]


PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "igmp": 2}

SAME = {
    "src_port": ("src_port",),
    "dst_port": ("dst_port",),
    "bytes": ("in_bytes", "in_total_bytes"),
    "packets": ("in_packets", "in_total_packets"),
    "input_if": ("in_snmp",),
    "output_if": ("out_snmp",),
    "src_as": ("bgp_src_as",),
    "dst_as": ("bgp_dst_as",),
}
"""Our column, and the names that the origin gives it."""


def flags_of(drawn: str) -> int:
    """ "...AP..." as bits, the highest first."""
    return int("".join("0" if letter == "." else "1" for letter in drawn), 2)


@pytest.mark.parametrize("case", [case for case in TELEGRAF if "options" not in case])
def test_every_flow_has_the_values_that_its_origin_states(case: str) -> None:
    _, rows = decoded(case)
    lines = [line for line in stated(case) if "src" in line]
    assert len(rows) == len(lines)
    compared = 0
    for row, line in zip(rows, lines, strict=True):
        ends = [str(ip_address(line[end].removeprefix("[").removesuffix("]"))) for end in ("src", "dst")]
        assert [row["source"], row["destination"]] == ends
        assert row["protocol"] == PROTOCOLS[line["protocol"]]
        for column, names in SAME.items():
            for name in names:
                if name in line:
                    assert row[column] == int(line[name]), (column, line)
                    compared += 1
        if "tcp_flags" in line:
            assert row["tcp_flags"] == flags_of(line["tcp_flags"])
        for first, last in (("flow_start_ms", "flow_end_ms"), ("first_switched", "last_switched")):
            if first in line and last in line:
                assert row["end_ms"] - row["start_ms"] == int(line[last]) - int(line[first])
                break
    assert compared >= 4 * len(lines)


@pytest.mark.parametrize("case", ["ipfix_options", "netflow_v9_options"])
def test_options_are_counted_as_often_as_their_origin_states(case: str) -> None:
    decoder, rows = decoded(case)
    assert rows == []
    assert int(decoder.exporters[0]["option_records"]) == len(stated(case))


def test_a_file_of_several_netflow5_payloads_holds_all_their_records() -> None:
    """netflow5.dat is a recording of one payload after another; a datagram ends where its count says."""
    recording = (DATA / "logstash" / "netflow5.dat").read_bytes()
    payloads = []
    while recording:
        length = 24 + 48 * int.from_bytes(recording[2:4])
        payloads.append(recording[:length])
        recording = recording[length:]
    decoder = TelemetryDecoder()
    rows = decode(decoder, *payloads)
    assert len(payloads) == 12
    assert len(rows) == 30
    assert {row["source"] for row in rows} == {"10.0.2.2", "10.0.2.15"}
    assert int(decoder.exporters[0]["lost"]) == 0


def test_softflowds_other_payloads_are_refused_for_what_is_wrong_with_them() -> None:
    decoder = TelemetryDecoder()
    folder = DATA / "python-netflow"
    assert decode(decoder, (folder / "PACKET_INVALID.bin").read_bytes()) == []
    assert decode(decoder, (folder / "PACKET_V1.bin").read_bytes()) == []
    assert decoder.refused() == {(-1, "unknown version"): 2}
    # Its template is in none of the files; behind its five sets come 620 zeros.
    assert decode(decoder, (folder / "PACKET_V9_WITH_ZEROS.bin").read_bytes()) == []
    assert int(decoder.exporters[0]["without_template"]) == 5
    assert int(decoder.exporters[0]["malformed"]) == 0
