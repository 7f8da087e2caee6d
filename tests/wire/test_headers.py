"""Sampled and captured packet headers become the right columns, whatever was cut off or forged."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import frames as f
from tests.naive import headers as naive
from tidegate.kernels import headers
from tidegate.kernels.headers import EXTENSION_HEADERS_MAX, LINK_LAYERS_MAX, decode_ethernet, decode_ip
from tidegate.model import flows
from tidegate.model.addresses import MAPPED_IPV4, text, words
from tidegate.model.flows import FLOW

OWNED = tuple(naive.NOTHING)


def decoded(frame: bytes, kernel=decode_ethernet, *, around: bytes = b"") -> dict[str, int]:
    """The columns a kernel fills, in a row that was used before; `around` lies before and behind the frame.

    Without it the frame ends where the array ends, which NUMBA_BOUNDSCHECK=1 watches.
    """
    data = np.frombuffer(bytearray(64) + around + frame + around, np.uint8)
    used_before = bytearray(b"\xff" * FLOW.itemsize * 3)
    rows = np.frombuffer(used_before, FLOW)
    start = 64 + len(around)
    ip_bytes = kernel(data, start, start + len(frame), rows, 1)
    neighbours = used_before[: FLOW.itemsize] + used_before[2 * FLOW.itemsize :]
    assert neighbours == b"\xff" * FLOW.itemsize * 2
    return {name: int(rows[1][name]) for name in OWNED} | {"ip_bytes": int(ip_bytes)}


def expected(frame: bytes) -> dict[str, int]:
    packet = naive.in_ethernet(frame)
    row, ip_bytes = naive.ip(packet) if packet is not None else (naive.NOTHING, 0)
    return row | {"ip_bytes": ip_bytes}


def columns(frame: bytes, *names: str) -> tuple[int, ...]:
    row = decoded(frame)
    assert row == expected(frame)
    return tuple(row[name] for name in names)


def ends(frame: bytes, prefix: str = "") -> tuple[str, str]:
    row = decoded(frame)
    return (
        text(row[prefix + "src_high"], row[prefix + "src_low"]),
        text(row[prefix + "dst_high"], row[prefix + "dst_low"]),
    )


SYN = f.ipv4(f.TCP, f.tcp(40000, 443, f.SYN))
SYN_6 = f.ipv6(f.TCP, f.tcp(40000, 443, f.SYN))


def test_the_constants_are_those_of_the_model() -> None:
    assert (headers.FRAGMENT_NONE, headers.FRAGMENT_FIRST, headers.FRAGMENT_LATER) == (
        flows.FRAGMENT_NONE,
        flows.FRAGMENT_FIRST,
        flows.FRAGMENT_LATER,
    )
    assert (headers.TUNNEL_GRE, headers.TUNNEL_IP_IN_IP, headers.TUNNEL_VXLAN) == (
        flows.TUNNEL_GRE,
        flows.TUNNEL_IP_IN_IP,
        flows.TUNNEL_VXLAN,
    )
    assert headers.MAPPED_IPV4 == MAPPED_IPV4


@pytest.mark.parametrize(
    "frame",
    [
        f.ethernet(0x0800, SYN),
        f.ethernet(0x8100, f.vlan(7, 0x0800, SYN)),
        f.ethernet(0x88A8, f.vlan(7, 0x8100, f.vlan(8, 0x0800, SYN))),
        f.ethernet(0x9100, f.vlan(7, 0x8100, f.vlan(8, 0x0800, SYN))),
        f.ethernet(0x8847, f.mpls(1, SYN)),
        f.ethernet(0x8848, f.mpls(3, SYN)),
        f.ethernet(0x8100, f.vlan(7, 0x8847, f.mpls(2, SYN))),
        f.ethernet(0x8864, f.pppoe(0x0021, SYN)),
        f.ethernet(len(SYN) + 8, f.snap(0x0800, SYN)),
    ],
    ids=["plain", "802.1Q", "QinQ", "old QinQ", "MPLS", "MPLS stack", "MPLS in VLAN", "PPPoE", "SNAP"],
)
def test_a_syn_is_found_behind_every_kind_of_link_header(frame: bytes) -> None:
    found = columns(frame, "family", "protocol", "src_port", "dst_port", "has_ports", "tcp_flags", "ip_bytes")
    assert found == (4, 6, 40000, 443, 1, f.SYN, 40)
    assert ends(frame) == (f.SOURCE, f.DESTINATION)


@pytest.mark.parametrize(
    "frame",
    [
        f.ethernet(0x86DD, SYN_6),
        f.ethernet(0x8847, f.mpls(2, SYN_6)),
        f.ethernet(0x8864, f.pppoe(0x0057, SYN_6)),
    ],
    ids=["plain", "MPLS", "PPPoE"],
)
def test_a_syn_over_ipv6_is_found_too(frame: bytes) -> None:
    assert columns(frame, "family", "protocol", "dst_port", "tcp_flags", "ip_bytes") == (6, 6, 443, f.SYN, 60)
    assert ends(frame) == (f.SOURCE_6, f.DESTINATION_6)


@pytest.mark.parametrize(
    "frame",
    [
        f.ethernet(0x0806, bytes(28)),
        f.ethernet(0x0800, b""),
        f.ethernet(0x0800, SYN[:19]),
        f.ethernet(0x86DD, SYN_6[:39]),
        f.ethernet(0x0800, b"\x44" + SYN[1:]),
        f.ethernet(0x0800, b"\x55" + SYN[1:]),
        f.ethernet(0x8847, f.mpls(2, b"\0\0\0\0" + f.ethernet(0x0800, SYN))),
        f.ethernet(0x8864, f.pppoe(0xC021, bytes(40))),
        f.ethernet(100, b"\x42\x42\x03" + bytes(97)),
        b"\x02" * 13,
        b"",
    ],
    ids=[
        "ARP",
        "no header",
        "IPv4 cut",
        "IPv6 cut",
        "header length 4",
        "version 5",
        "pseudowire",
        "PPP control",
        "spanning tree",
        "Ethernet cut",
        "nothing",
    ],
)
def test_what_is_not_ip_has_no_family_and_no_bytes(frame: bytes) -> None:
    assert decoded(frame) == naive.NOTHING | {"ip_bytes": 0}


@pytest.mark.parametrize("protocol", [f.UDP, f.UDP_LITE, f.SCTP, f.DCCP])
def test_protocols_with_ports_tell_them(protocol: int) -> None:
    frame = f.ethernet(0x0800, f.ipv4(protocol, f.udp(123, 4444, bytes(20))))
    assert columns(frame, "protocol", "src_port", "dst_port", "has_ports") == (protocol, 123, 4444, 1)


def test_icmp_tells_type_and_code_and_has_no_ports() -> None:
    wanted = ("icmp_type", "icmp_code", "has_ports", "src_port")
    assert columns(f.ethernet(0x0800, f.ipv4(f.ICMP, f.icmp(3, 13))), *wanted) == (3, 13, 0, 0)
    assert columns(f.ethernet(0x86DD, f.ipv6(f.ICMPV6, f.icmp(128, 0))), *wanted) == (128, 0, 0, 0)


def test_ports_stand_behind_ipv4_options() -> None:
    frame = f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(53, 9), options=b"\x94\x04\0\0" + bytes(36)))
    assert columns(frame, "src_port", "dst_port", "ip_bytes") == (53, 9, 68)


def test_a_first_fragment_has_ports_and_a_later_one_has_none() -> None:
    first = f.ipv4(f.UDP, f.udp(53, 9, bytes(100)), more=True)
    later = f.ipv4(f.UDP, f.udp(53, 9, bytes(100)), fragment_offset=1480)
    wanted = ("fragment", "has_ports", "src_port", "protocol")
    assert columns(f.ethernet(0x0800, first), *wanted) == (1, 1, 53, f.UDP)
    assert columns(f.ethernet(0x0800, later), *wanted) == (2, 0, 0, f.UDP)


def test_ipv6_fragments_are_told_apart_and_an_atomic_one_is_none() -> None:
    def of(offset: int, *, more: bool) -> tuple[int, ...]:
        packet = f.ipv6(44, f.fragment6(f.UDP, f.udp(53, 9), offset=offset, more=more))
        return columns(f.ethernet(0x86DD, packet), "fragment", "has_ports", "protocol")

    assert of(0, more=True) == (1, 1, f.UDP)
    assert of(8, more=True) == (2, 0, f.UDP)
    assert of(1448, more=False) == (2, 0, f.UDP)
    assert of(0, more=False) == (0, 1, f.UDP)  # RFC 6946


def test_ports_stand_behind_ipv6_extension_headers() -> None:
    packet = f.ipv6(
        0, f.extension(43, f.extension(60, f.extension(51, f.authentication(17, f.udp(53, 9))), 1))
    )
    assert columns(f.ethernet(0x86DD, packet), "protocol", "src_port", "dst_port") == (f.UDP, 53, 9)


def chained(count: int) -> bytes:
    rest = f.udp(53, 9)
    for i in range(count):
        rest = f.extension(f.UDP if i == 0 else 60, rest)
    return f.ethernet(0x86DD, f.ipv6(60 if count else f.UDP, rest))


def test_extension_headers_are_walked_up_to_the_bound() -> None:
    assert columns(chained(EXTENSION_HEADERS_MAX), "protocol", "has_ports") == (f.UDP, 1)
    assert columns(chained(EXTENSION_HEADERS_MAX + 1), "family", "has_ports") == (6, 0)


def test_link_layers_are_walked_up_to_the_bound() -> None:
    labels = LINK_LAYERS_MAX - 1  # the Ethernet header is one layer too
    assert columns(f.ethernet(0x8847, f.mpls(labels, SYN)), "family") == (4,)
    assert columns(f.ethernet(0x8847, f.mpls(labels + 1, SYN)), "family") == (0,)


def test_padding_behind_a_short_packet_is_never_taken_for_ports() -> None:
    frame = f.ethernet(0x0800, f.ipv4(f.UDP, b"") + b"\x11" * 26)
    assert columns(frame, "has_ports", "ip_bytes") == (0, 20)


def test_a_header_cut_behind_the_addresses_still_gives_them() -> None:
    frame = f.ethernet(0x0800, SYN)[: 14 + 20 + 3]
    assert columns(frame, "family", "protocol", "has_ports", "tcp_flags", "ip_bytes") == (4, 6, 0, 0, 40)
    assert columns(frame + b"\x00", "has_ports", "tcp_flags", "flags_seen") == (1, 0, 0)


def test_no_flags_at_all_are_told_apart_from_flags_not_captured() -> None:
    null = f.ethernet(0x0800, f.ipv4(f.TCP, f.tcp(40_000, 443, 0)))
    assert columns(null, "tcp_flags", "flags_seen") == (0, 1)
    assert columns(null[: 14 + 20 + 13], "tcp_flags", "flags_seen") == (0, 0)


def test_a_length_field_of_zero_is_a_length_not_known() -> None:
    assert columns(f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(1, 2), total=0)), "ip_bytes", "has_ports") == (0, 1)
    assert columns(
        f.ethernet(0x86DD, f.ipv6(f.UDP, f.udp(1, 2), payload_bytes=0)), "ip_bytes", "has_ports"
    ) == (0, 1)


@pytest.mark.parametrize(
    ("outer", "tunnel", "inner_protocol"),
    [
        (f.ipv4(f.GRE, f.gre(0x0800, f.INNER)), 1, f.TCP),
        (f.ipv4(f.GRE, f.gre(0x0800, f.INNER, flags=0xB000)), 1, f.TCP),
        (f.ipv4(f.GRE, f.gre(0x6558, f.ethernet(0x8100, f.vlan(5, 0x0800, f.INNER)))), 1, f.TCP),
        (f.ipv4(f.GRE, f.gre(0x8847, f.mpls(1, f.INNER))), 1, f.TCP),
        (f.ipv4(4, f.INNER), 2, f.TCP),
        (f.ipv6(4, f.INNER), 2, f.TCP),
        (f.ipv4(f.UDP, f.udp(50000, 4789, f.vxlan(f.ethernet(0x0800, f.INNER)))), 3, f.TCP),
    ],
    ids=["GRE", "GRE with options", "GRE bridging", "GRE MPLS", "IP in IP", "IPv4 in IPv6", "VXLAN"],
)
def test_inner_addresses_stand_beside_the_outer_ones(outer: bytes, tunnel: int, inner_protocol: int) -> None:
    frame = f.ethernet(0x0800 if outer[0] >> 4 == 4 else 0x86DD, outer)
    assert columns(frame, "tunnel", "inner_protocol", "tcp_flags") == (tunnel, inner_protocol, 0)
    assert ends(frame, "inner_") == ("203.0.113.1", "203.0.113.2")
    assert ends(frame) == ((f.SOURCE, f.DESTINATION) if outer[0] >> 4 == 4 else (f.SOURCE_6, f.DESTINATION_6))


def test_ipv6_inside_ipv4_and_gre_is_told() -> None:
    for outer in (f.ipv4(41, f.INNER_6), f.ipv4(f.GRE, f.gre(0x86DD, f.INNER_6))):
        assert ends(f.ethernet(0x0800, outer), "inner_") == (f.SOURCE_6, f.DESTINATION_6)


def test_only_one_tunnel_is_opened() -> None:
    frame = f.ethernet(0x0800, f.ipv4(4, f.ipv4(4, f.INNER)))
    assert columns(frame, "tunnel", "inner_protocol") == (2, 4)
    assert ends(frame, "inner_") == (f.SOURCE, f.DESTINATION)


@pytest.mark.parametrize(
    "payload",
    [
        f.gre(0x88BE, bytes(40)),
        f.gre(0x0800, f.INNER, flags=0x0001),
        f.gre(0x0800, f.INNER, flags=0x4000),
        f.gre(0x880B, bytes(40), flags=0x2001),
        f.gre(0x0800, b""),
        b"\0",
    ],
    ids=["ERSPAN", "another version", "source routing", "PPTP", "empty", "cut"],
)
def test_gre_that_holds_nothing_readable_is_still_gre(payload: bytes) -> None:
    frame = f.ethernet(0x0800, f.ipv4(f.GRE, payload))
    assert columns(frame, "tunnel", "inner_protocol", "inner_dst_low") == (1, 0, 0)


def test_udp_to_the_vxlan_port_without_its_flag_is_no_tunnel() -> None:
    frame = f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(1, 4789, bytes(60))))
    assert columns(frame, "tunnel", "dst_port") == (0, 4789)


PLAIN_LINKS = st.sampled_from(
    [
        lambda packet: f.ethernet(0x0800, packet),
        lambda packet: f.ethernet(0x88A8, f.vlan(1, 0x8100, f.vlan(2, 0x86DD, packet))),
        lambda packet: f.ethernet(0x8847, f.mpls(3, packet)),
        lambda packet: f.ethernet(0x8864, f.pppoe(0x21, packet)),
        lambda packet: f.ethernet(200, f.snap(0x0800, packet)),
        lambda packet: f.ethernet(0x0800, f.ipv4(f.GRE, f.gre(0x0800, packet, flags=0xB000))),
        lambda packet: f.ethernet(0x0800, f.ipv4(f.UDP, f.udp(9, 4789, f.vxlan(f.ethernet(0x0800, packet))))),
        lambda packet: f.ethernet(
            0x86DD, f.ipv6(0, f.extension(44, f.fragment6(41, packet, offset=0, more=True)))
        ),
        lambda packet: f.ethernet(0x86DD, f.ipv6(51, f.authentication(4, packet))),
    ]
)
TRANSPORTS = st.sampled_from(
    [f.tcp(1, 2, 0xFF), f.udp(3, 4, b"xy"), f.icmp(8, 0), f.gre(0x0800, f.INNER), f.INNER, f.INNER_6, b""]
)
PROTOCOLS = st.sampled_from([0, 1, 4, 6, 17, 33, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132, 136, 200])
PACKETS = st.one_of(
    st.builds(
        lambda protocol, rest, offset, more, options: f.ipv4(
            protocol, rest, fragment_offset=offset, more=more, options=options
        ),
        PROTOCOLS,
        TRANSPORTS,
        st.sampled_from([0, 0, 8, 1480]),
        st.booleans(),
        st.sampled_from([b"", bytes(4), bytes(40)]),
    ),
    st.builds(f.ipv6, PROTOCOLS, st.one_of(TRANSPORTS, st.binary(max_size=120))),
)


@st.composite
def damaged_frames(draw: st.DrawFn) -> bytes:
    """A packet that means something, with some bytes changed and perhaps its end cut off."""
    frame = bytearray(draw(PLAIN_LINKS)(draw(PACKETS)))
    for at, value in draw(
        st.lists(st.tuples(st.integers(0, len(frame) - 1), st.integers(0, 255)), max_size=4)
    ):
        frame[at] = value
    return bytes(frame[: draw(st.integers(0, len(frame)))]) if draw(st.booleans()) else bytes(frame)


@settings(max_examples=600, deadline=None)
@given(st.one_of(damaged_frames(), st.binary(max_size=200)))
@example(b"")
def test_any_frame_decodes_as_the_naive_twin_does(frame: bytes) -> None:
    assert decoded(frame) == expected(frame)


LINKED = [f.ethernet(f.ethertype(packet), packet) for packet in f.EVERY_KIND] + [
    f.ethernet(0x88A8, f.vlan(7, 0x8100, f.vlan(8, 0x0800, SYN))),
    f.ethernet(0x8847, f.mpls(3, SYN)),
    f.ethernet(0x8864, f.pppoe(0x21, SYN)),
    f.ethernet(200, f.snap(0x0800, SYN)),
]


@pytest.mark.parametrize("frame", LINKED, ids=range(len(LINKED)))
@pytest.mark.parametrize("around", [b"", b"\x45" * 64, b"\xff" * 64], ids=["end", "45", "ff"])
def test_a_packet_cut_anywhere_decodes_as_far_as_it_goes(frame: bytes, around: bytes) -> None:
    for end in range(len(frame) + 1):
        assert decoded(frame[:end], around=around) == expected(frame[:end]), f"cut behind {end} bytes"


@settings(max_examples=300, deadline=None)
@given(st.one_of(damaged_frames(), st.binary(max_size=200)))
def test_bytes_around_a_frame_are_never_read(frame: bytes) -> None:
    assert decoded(frame, around=b"\x45" * 64) == decoded(frame, around=b"\xaa" * 64)


@settings(max_examples=300, deadline=None)
@given(st.one_of(PACKETS, st.binary(max_size=120)))
def test_any_packet_decodes_as_the_naive_twin_does(packet: bytes) -> None:
    row, ip_bytes = naive.ip(packet)
    assert decoded(packet, decode_ip) == row | {"ip_bytes": ip_bytes}


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"\xff\x03\x00\x21", b"\x21", b"\x00\x57", b"\xff\x03", b""]))
def test_any_ppp_frame_is_searched_as_the_naive_twin_does(rest: bytes, start: bytes) -> None:
    frame = start + rest
    found = headers.find_ip_in_ppp(np.frombuffer(bytearray(frame), np.uint8), 0, len(frame))
    behind = naive.in_ppp(frame)
    assert found == (-1 if behind is None else len(frame) - len(behind))


def test_addresses_are_the_model_s_two_words() -> None:
    row = decoded(f.ethernet(0x0800, SYN))
    assert (row["src_high"], row["src_low"]) == words(f.SOURCE)
    row = decoded(f.ethernet(0x86DD, SYN_6))
    assert (row["dst_high"], row["dst_low"]) == words(f.DESTINATION_6)
