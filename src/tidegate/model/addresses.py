"""Addresses as two 64-bit words, with IPv4 mapped as in RFC 4291 section 2.5.5.2, and prefixes over both."""

import ipaddress
from dataclasses import dataclass

MAPPED_IPV4 = 0xFFFF_0000_0000
"""Low word of ::ffff:0.0.0.0; an IPv4 address is this plus its 32 bits, with a high word of zero."""

IPV4_BITS_OFFSET = 96
"""An IPv4 prefix of length n is a prefix of length 96 + n over the two words."""

WORD = 0xFFFF_FFFF_FFFF_FFFF

Words = tuple[int, int]


def words(address: str) -> Words:
    """The (high, low) words of a textual IPv4 or IPv6 address; ValueError when it is neither."""
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return 0, MAPPED_IPV4 | int(parsed)
    return int(parsed) >> 64, int(parsed) & WORD


def is_ipv4(high: int, low: int) -> bool:
    return high == 0 and low >> 32 == 0xFFFF


def text(high: int, low: int) -> str:
    """The usual text of an address: dotted for IPv4, RFC 5952 for IPv6."""
    if is_ipv4(high, low):
        return str(ipaddress.IPv4Address(low & 0xFFFF_FFFF))
    return str(ipaddress.IPv6Address(high << 64 | low))


@dataclass(frozen=True, slots=True, order=True)
class Prefix:
    """A prefix over the two words; `length` counts from the high word, so 198.51.100.0/24 has length 120."""

    high: int
    low: int
    length: int

    @classmethod
    def parse(cls, prefix: str) -> "Prefix":
        """From text; ValueError when host bits are set or it is no prefix."""
        network = ipaddress.ip_network(prefix)
        high, low = words(str(network.network_address))
        return cls(high, low, network.prefixlen + (IPV4_BITS_OFFSET if network.version == 4 else 0))

    def __str__(self) -> str:
        offset = IPV4_BITS_OFFSET if is_ipv4(self.high, self.low) and self.length >= IPV4_BITS_OFFSET else 0
        return f"{text(self.high, self.low)}/{self.length - offset}"

    @property
    def mask(self) -> Words:
        bits = ((1 << self.length) - 1) << (128 - self.length)
        return bits >> 64, bits & WORD

    def contains(self, high: int, low: int) -> bool:
        mask_high, mask_low = self.mask
        return high & mask_high == self.high and low & mask_low == self.low

    def covers(self, other: "Prefix") -> bool:
        return self.length <= other.length and self.contains(other.high, other.low)

    def parent(self, length: int) -> "Prefix":
        """The prefix of the shorter `length` around this one."""
        shorter = Prefix(0, 0, length)
        mask_high, mask_low = shorter.mask
        return Prefix(self.high & mask_high, self.low & mask_low, length)
