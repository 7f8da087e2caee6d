"""The prefix lengths at which destinations are counted, and how floors widen with them."""

LEVEL_LENGTHS = (128, 120, 116, 112, 128, 64, 56, 48, 32)
"""IPv4 /32 /24 /20 /16, then IPv6 /128 /64 /56 /48 /32, over the two words; rows of the kernels' tables."""

LEVEL_MULTIPLES = (1, 2, 4, 8, 1, 1, 2, 4, 8)
"""A wide prefix gathers many hosts' ordinary traffic, so that its floor is a multiple of one host's."""

LAN_MULTIPLES = (1, 2, 4, 8, 1, 2, 2, 4, 8)
"""The same for unclassified traffic: an IPv6 /64 is a network of many machines, as an IPv4 /24 is. Marked
traffic that is spread over a /64 may be meant for the one machine in it."""

SETTLED_MULTIPLES = (1, 1.25, 1.5, 2, 1, 1, 1.25, 1.5, 2)
"""The same for reflection, and for the fragments that are its larger part, once a day of history says what a
wide prefix ordinarily gathers."""

IPV4_LEVELS = (0, 1, 2, 3)
IPV6_LEVELS = (4, 5, 6, 7, 8)

_IPV4_LEVEL = {LEVEL_LENGTHS[level]: level for level in IPV4_LEVELS}
_IPV6_LEVEL = {LEVEL_LENGTHS[level]: level for level in IPV6_LEVELS}


def _wider(levels: tuple[int, ...]) -> tuple[int | None, ...]:
    lengths = [LEVEL_LENGTHS[level] for level in levels]
    return tuple(max((one for one in lengths if one < length), default=None) for length in range(129))


_IPV4_WIDER, _IPV6_WIDER = _wider(IPV4_LEVELS), _wider(IPV6_LEVELS)


def level_of(length: int, *, ipv4: bool) -> int:
    """The level of a counted prefix; KeyError for a length at which nothing is counted."""
    return (_IPV4_LEVEL if ipv4 else _IPV6_LEVEL)[length]


def wider_length(length: int, *, ipv4: bool) -> int | None:
    """The next wider counted length, or None above the widest."""
    return (_IPV4_WIDER if ipv4 else _IPV6_WIDER)[length]
