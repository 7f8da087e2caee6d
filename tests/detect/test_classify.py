"""Vectors by header fields alone: the compiled rule and the spelled-out one agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive.classify import PORTS, vector_name
from tidegate.kernels.classify import classify_rows
from tidegate.model.flows import FLOW
from tidegate.model.vector_tables import least_bytes, port_vectors
from tidegate.model.vectors import CODE_OF, NO_VECTOR, VECTORS, VectorClass

FIELDS = (
    "bytes",
    "packets",
    "protocol",
    "family",
    "fragment",
    "tcp_flags",
    "src_port",
    "dst_port",
    "has_ports",
    "direction",
    "flags_seen",
)

header = st.fixed_dictionaries(
    {
        "bytes": st.one_of(st.integers(0, 2000), st.integers(0, 2**64 - 1)),
        "packets": st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1)),
        "protocol": st.one_of(
            st.sampled_from([1, 4, 6, 6, 6, 17, 17, 17, 41, 47, 50, 58]), st.integers(0, 255)
        ),
        "family": st.sampled_from([4, 4, 6, 0]),
        "fragment": st.integers(0, 2),
        "tcp_flags": st.integers(0, 255),
        "src_port": st.one_of(st.sampled_from([0, 443, *PORTS]), st.integers(0, 65535)),
        "dst_port": st.one_of(st.sampled_from([0, 53, 443]), st.integers(0, 65535)),
        "has_ports": st.integers(0, 1),
        "direction": st.integers(0, 3),
        "flags_seen": st.integers(0, 1),
    }
)


def codes(records: list[dict[str, int]]) -> list[int]:
    rows = np.zeros(len(records), FLOW)
    for row, record in zip(rows, records, strict=True):
        for name, value in record.items():
            row[name] = value
    out = np.zeros(len(records), np.uint8)
    classify_rows(rows, port_vectors(), least_bytes(), out)
    return out.tolist()


def code(**fields: int) -> str:
    usual = dict.fromkeys(FIELDS, 0) | {
        "family": 4,
        "packets": 1,
        "bytes": 500,
        "has_ports": 1,
        "protocol": 17,
    }
    return VECTORS[codes([usual | fields])[0]].name


@settings(max_examples=300, deadline=None)
@given(st.lists(header, min_size=1, max_size=30))
def test_the_kernel_names_the_same_vector_as_the_spelled_out_rule(records: list[dict[str, int]]) -> None:
    names = [vector_name(record) for record in records]
    assert codes(records) == [NO_VECTOR if name is None else CODE_OF[name] for name in names]


@pytest.mark.parametrize(
    ("flags", "size", "name"),
    [
        (0x02, 40, "tcp_syn"),
        (0xC2, 40, "tcp_syn"),
        (0x12, 44, "tcp_syn_ack"),
        (0x04, 40, "tcp_rst"),
        (0x14, 40, "tcp_rst"),
        (0x10, 40, "tcp_ack"),
        (0x10, 1500, "tcp"),
        (0x18, 1500, "tcp"),
        (0x11, 40, "tcp_fin"),
        (0x29, 40, "tcp_odd_flags"),
        (0x03, 40, "tcp_odd_flags"),
        (0x00, 40, "tcp"),
    ],
)
def test_tcp_flags_tell_the_flood(flags: int, size: int, name: str) -> None:
    assert code(protocol=6, tcp_flags=flags, bytes=size) == name


def test_no_flags_at_all_are_odd_where_the_header_was_seen_and_else_unknown() -> None:
    assert code(protocol=6, tcp_flags=0x00, bytes=40, flags_seen=1) == "tcp_odd_flags"
    assert code(protocol=6, tcp_flags=0xC0, bytes=40, flags_seen=1) == "tcp_odd_flags"
    assert code(protocol=6, tcp_flags=0x00, bytes=40, flags_seen=0) == "tcp"


def test_a_whole_connection_told_in_one_record_is_no_flood() -> None:
    assert code(protocol=6, tcp_flags=0x1B, packets=20, bytes=9000) == "tcp"
    assert code(protocol=6, tcp_flags=0x1F, packets=20, bytes=9000) == "tcp"


def test_ordinary_time_answers_are_not_taken_for_reflection() -> None:
    assert code(src_port=123, bytes=76) == "udp"
    assert code(src_port=123, bytes=468) == "ntp"


def test_a_client_uploading_from_a_high_port_is_no_reflector() -> None:
    assert code(src_port=47808, dst_port=443) == "udp"
    assert code(src_port=47808, dst_port=30120) == "bacnet"


def test_later_fragments_carry_no_ports_however_the_exporter_writes_that() -> None:
    assert code(fragment=2, has_ports=0) == "fragments"
    assert code(fragment=0, src_port=0, dst_port=0) == "fragments"
    assert code(fragment=1, src_port=53) == "dns"


def test_at_least_45_reflectors_are_known_and_each_port_stands_for_one() -> None:
    reflectors = [vector for vector in VECTORS if vector.vector_class is VectorClass.REFLECTION]
    ports = [port for vector in reflectors for port in vector.source_ports]
    assert len(reflectors) >= 45
    assert len(ports) == len(set(ports))


def test_every_vector_has_floors_and_a_name_of_its_own() -> None:
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
    assert all(vector.floor_bits_per_s > 0 and vector.floor_packets_per_s > 0 for vector in VECTORS)
