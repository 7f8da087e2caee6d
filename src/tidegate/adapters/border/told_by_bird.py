"""What BIRD 2 shows of its tables (`show route table all all`), read as rules."""

import re
from collections.abc import Iterator
from typing import Final

from tidegate.model.plans import Match, Range
from tidegate.model.refusals import Malformed
from tidegate.wire.bgp_routes import Attributes, RouteKey
from tidegate.wire.flowspec import FRAGMENT_BITS, HIGHEST, PROTOCOL, flags_meant, fragments_meant, meaning

ROUTE: Final = re.compile(r"(?P<net>flow[46] \{ .*? \}|[0-9a-f.:]+/\d+)\s+.*\[(?P<protocol>\S+) .*\]")
ATTRIBUTE: Final = re.compile(r"\t(?P<name>BGP\.[a-z_]+): (?P<value>.*)")
PAIR: Final = re.compile(r"\((\d+),\s*(\d+)\)")
TRIPLE: Final = re.compile(r"\((\d+),\s*(\d+),\s*(\d+)\)")
GENERIC: Final = re.compile(r"\(generic, 0x([0-9a-f]+), 0x([0-9a-f]+)\)")

COMPONENTS: Final = (
    "dst", "src", "proto", "next header", "dport", "sport", "length", "tcp flags", "fragment", "icmp type"
)  # fmt: skip

_NOT, _ALL, _AND = 0x02, 0x01, 0x40
_FRAGMENTS: Final = {"dont_fragment": 1, "is_fragment": 2, "first_fragment": 4, "last_fragment": 8}


def routes_told(text: str) -> Iterator[tuple[RouteKey, Attributes]]:
    """Each route that came by BGP. Malformed for a FlowSpec rule that is none of ours."""
    net, attributes = "", dict[str, str]()
    for line in [*text.splitlines(), ""]:
        found = ATTRIBUTE.match(line)
        if found is not None:
            attributes[found["name"]] = found["value"]
        elif not line.startswith("\t"):
            if net and attributes:
                yield _key(net), _attributes(attributes)
            route = ROUTE.match(line)
            net, attributes = (route["net"] if route is not None else ""), {}


def _key(net: str) -> RouteKey:
    if not net.startswith("flow"):
        return RouteKey("unicast", meaning(Match(destination=net)))
    inside = net[net.index("{") + 1 : -1].split(";")
    return RouteKey("flowspec", _match(dict(_component(each.strip()) for each in inside if each.strip())))


def _component(text: str) -> tuple[str, str]:
    for name in COMPONENTS:
        if text.startswith(name + " "):
            return name, text[len(name) + 1 :]
    raise Malformed(f"BIRD tells of {text!r}, which no rule of ours has", 0)


def _match(told: dict[str, str]) -> Match:
    flags, fragments = told.get("tcp flags"), told.get("fragment")
    protocols = _ranges(told.get("proto") or told.get("next header"), HIGHEST[PROTOCOL])
    bits = fragments_meant([_fragment_term(each) for each in fragments.split(" || ")], 0) if fragments else 0
    return meaning(
        Match(
            destination=told["dst"],
            source=told.get("src"),
            protocols=tuple(value for each in protocols for value in range(each.first, each.last + 1)),
            source_ports=_ranges(told.get("sport"), 0xFFFF),
            destination_ports=_ranges(told.get("dport"), 0xFFFF),
            icmp_types=tuple(each.first for each in _ranges(told.get("icmp type"), 0xFF)),
            tcp_flags=flags_meant([_flag_term(each) for each in flags.split(" && ")], 0) if flags else None,
            packet_lengths=_ranges(told.get("length"), 0xFFFF),
            fragments=tuple(kind for kind, bit in FRAGMENT_BITS.items() if bits & bit),
        )
    )


def _ranges(text: str | None, highest: int) -> tuple[Range, ...]:
    """Of "53,123,1000..2000"."""
    ranges = []
    for each in text.split(",") if text else ():
        first, _, last = each.strip().partition("..")
        ranges.append(Range(int(first), min(int(last or first), highest)))
    return tuple(ranges)


def _flag_term(text: str) -> tuple[int, int]:
    """Of "0x2/0x2": of the flags 0x2, those set are exactly 0x2; "!" before it turns it round."""
    are, _, among = text.removeprefix("!").partition("/")
    value, mask = int(are, 16), int(among, 16)
    if text.startswith("!") or value not in (0, mask):
        raise Malformed(f"BIRD tells of flags {text!r}, which no rule of ours has", 0)
    return (_AND | (_ALL if value else _NOT)), mask


def _fragment_term(text: str) -> tuple[int, int]:
    """Of "!!is_fragment" (any of these bits) or "is_fragment" (all of them)."""
    name = text.removeprefix("!!")
    if name not in _FRAGMENTS:
        raise Malformed(f"BIRD tells of fragments {text!r}, which no rule of ours has", 0)
    return 0, _FRAGMENTS[name]


def _attributes(told: dict[str, str]) -> Attributes:
    extended = GENERIC.findall(told.get("BGP.ext_community", ""))
    next_hop = told.get("BGP.next_hop", "").split()
    return Attributes(
        next_hop=next_hop[0] if next_hop else None,
        communities=tuple(
            f"{first}:{second}" for first, second in PAIR.findall(told.get("BGP.community", ""))
        ),
        extended=tuple(bytes.fromhex(high.zfill(8) + low.zfill(8)) for high, low in extended),
        large=tuple(":".join(each) for each in TRIPLE.findall(told.get("BGP.large_community", ""))),
    )
