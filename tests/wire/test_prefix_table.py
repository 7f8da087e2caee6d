"""Tables of prefixes: one's own and CAIDA's; a wrong line is told with its number."""

from ipaddress import ip_network

import pytest

from tidegate.model.topology import WrongLine
from tidegate.wire.prefix_table import HeldPrefix, decode_prefixes

OWN = b"""prefix,network,organisation,countries,anycast
192.0.2.0/24,AS64500,Home,XA,
2001:db8::/32,64501,Abroad,XC XB XB,yes
"""


def test_a_table_of_ones_own_is_read() -> None:
    assert list(decode_prefixes(OWN, "own.csv")) == [
        HeldPrefix(ip_network("192.0.2.0/24"), 64500, "Home", ("XA",)),
        HeldPrefix(ip_network("2001:db8::/32"), 64501, "Abroad", ("XB", "XC"), anycast=True),
    ]


def test_of_several_networks_the_first_one_counts() -> None:
    told = b"192.0.2.0\t24\t64500_64501\n198.51.100.0\t24\t64502,64503\n"
    assert [one.network for one in decode_prefixes(told, "pfx2as")] == [64500, 64502]


@pytest.mark.parametrize(
    "wrong",
    [
        b"prefix,network\n192.0.2.0/33,1\n",
        b"prefix,network\n192.0.2.0/24,many\n",
        b"192.0.2.0\t24\n",
        b"192.0.2.0\t24\tAS\n",
    ],
)
def test_a_wrong_line_is_told(wrong: bytes) -> None:
    with pytest.raises(WrongLine):
        list(decode_prefixes(wrong, "wrong"))
