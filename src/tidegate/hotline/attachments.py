"""Which files may travel with a message: a closed list, each with the name under which it is recognised."""

from types import MappingProxyType

MEDIA_TYPES = MappingProxyType(
    {
        "application/stix+json;version=2.1": "STIX 2.1",
        "application/vnd.misp+json": "MISP",
        "application/csaf+json;version=2.0": "CSAF 2.0",
        "application/xarf+json": "XARF",
        "text/plain;charset=utf-8": "text",
    }
)
"""Everything else is refused: archives, which can unpack to more than they seem, and whatever is carried out
or drawn by another program."""
