"""Which addresses may be asked: where a name points is its owner's choice, and may be a machine of ours."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import ip_address, ip_network


def may_ask(networks: Sequence[str]) -> Callable[[str], bool]:
    """Only addresses in these networks; without any, those that are public. ValueError for no network."""
    allowed = [ip_network(one) for one in networks]

    @lru_cache(maxsize=1 << 16)
    def may(address: str) -> bool:
        try:
            asked = ip_address(address)
        except ValueError:
            return False
        if allowed:
            return any(asked in one for one in allowed)
        return asked.is_global and not asked.is_multicast

    return may
