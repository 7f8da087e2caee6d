"""Addresses and prefixes over two 64-bit words."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.model.addresses import Prefix, is_ipv4, text, words
from tidegate.model.datagrams import DatagramBlock

ipv4 = st.ip_addresses(v=4)
ipv6 = st.ip_addresses(v=6).filter(lambda a: a.ipv4_mapped is None)


@given(ipv4 | ipv6)
def test_an_address_survives_the_way_to_words_and_back(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    high, low = words(str(address))
    assert text(high, low) == str(address)
    assert is_ipv4(high, low) == (address.version == 4)


@given(ipv4 | ipv6, st.data())
def test_a_prefix_contains_what_the_standard_library_says(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0 if address.version == 6 else 1, address.max_prefixlen))
    network = ipaddress.ip_network((address, length), strict=False)
    other = data.draw(ipv4 if address.version == 4 else ipv6)
    prefix = Prefix.parse(str(network))
    assert str(prefix) == str(network)
    assert prefix.contains(*words(str(address)))
    assert prefix.contains(*words(str(other))) == (other in network)


@given(ipv4 | ipv6, st.data())
def test_a_parent_covers_its_child(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    host = Prefix(*words(str(address)), 128)
    length = data.draw(st.integers(0, 128))
    assert host.parent(length).covers(host)
    assert host.parent(length).length == length


def test_a_prefix_with_host_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="host bits"):
        Prefix.parse("198.51.100.1/24")


def test_a_block_of_no_datagrams_is_empty() -> None:
    assert len(DatagramBlock.of([], "192.0.2.1", 0)) == 0


def test_a_block_lays_datagrams_end_to_end() -> None:
    block = DatagramBlock.of([b"abc", b"", b"de"], "192.0.2.1", 7)
    parts = [bytes(block.data[s : s + n]) for s, n in zip(block.starts, block.lengths, strict=True)]
    assert parts == [b"abc", b"", b"de"]
    assert set(block.received_ms.tolist()) == {7}
