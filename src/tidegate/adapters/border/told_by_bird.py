"""What BIRD 2 shows of its tables (`show route table all all`), read as rules."""

import re
from collections.abc import Iterator
from typing import Final

from tidegate.model.plans import Match, Range
from tidegate.model.refusals import Malformed
from tidegate.wire.bgp_routes import Attributes, RouteKey
from tidegate.wire.flowspec import FRAGMENT_BITS, HIGHEST, PROTOCOL, flags_meant, fragments_meant, meaning

ROUTE: Final = re.compile(r"(?P<net>flow[46] \{ .*? \}|[0-9a-f.:]+/\d+)\s+(?P<how>.*)\[\S+ .*\]")
ATTRIBUTE: Final = re.compile(r"\t(?P<name>BGP\.[a-z_]+): (?P<value>.*)")
BITS: Final = re.compile(r"(?P<not>!?)0x(?P<value>[0-9a-f]+)/0x(?P<mask>[0-9a-f]+)")
PAIR: Final = re.compile(r"\((\d+),\s*(\d+)\)")
TRIPLE: Final = re.compile(r"\((\d+),\s*(\d+),\s*(\d+)\)")
GENERIC: Final = re.compile(r"\(generic, 0x([0-9a-f]+), 0x([0-9a-f]+)\)")

COMPONENTS: Final = (
    "dst", "src", "proto", "next header", "dport", "sport", "length", "tcp flags", "fragment", "icmp type"
)  # fmt: skip

REFUSED: Final = "unreachable"
"""What BIRD makes of a FlowSpec rule that its own validation does not let in; it goes on showing it."""

_NOT, _ALL, _AND = 0x02, 0x01, 0x40
_FRAGMENTS: Final = {"dont_fragment": 1, "is_fragment": 2, "first_fragment": 4, "last_fragment": 8}


def routes_told(text: str, *, refused: bool = False) -> Iterator[tuple[RouteKey, Attributes]]:
    """Each route that came by BGP, without the FlowSpec rules that BIRD's own validation refuses; or, with
    `refused`, those alone. Malformed for a FlowSpec rule that is none of ours."""
    for net, how, attributes in _shown(text):
        if refused == (net.startswith("flow") and how.strip() == REFUSED):
            yield _key(net), _attributes(attributes)


def _shown(text: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Of each route what it is for, what stands behind that, and its attributes of BGP."""
    net, how, attributes = "", "", dict[str, str]()
    for line in [*text.splitlines(), ""]:
        found = ATTRIBUTE.match(line)
        if found is not None:
            attributes[found["name"]] = found["value"]
        elif not line.startswith("\t"):
            if net and attributes:
                yield net, how, attributes
            route = ROUTE.match(line)
            net, how = (route["net"], route["how"]) if route is not None else ("", "")
            attributes = {}


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
    bits = fragments_meant(_bit_terms(fragments), 0) if fragments else 0
    return meaning(
        Match(
            destination=told["dst"],
            source=told.get("src"),
            protocols=tuple(value for each in protocols for value in range(each.first, each.last + 1)),
            source_ports=_ranges(told.get("sport"), 0xFFFF),
            destination_ports=_ranges(told.get("dport"), 0xFFFF),
            icmp_types=tuple(each.first for each in _ranges(told.get("icmp type"), 0xFF)),
            tcp_flags=flags_meant(_bit_terms(flags), 0) if flags else None,
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


def _bit_term(text: str) -> tuple[int, int]:
    """Of "0x2/0x12" (of the bits 0x12, those set are exactly 0x2), turned round by "!" before it, or by name:
    "is_fragment" (it is set) and "!!is_fragment" (any of it is)."""
    name = text.removeprefix("!!")
    if name in _FRAGMENTS:
        return (0 if text != name else _ALL), _FRAGMENTS[name]
    told = BITS.fullmatch(text)
    value, mask = (int(told["value"], 16), int(told["mask"], 16)) if told is not None else (1, 0)
    if told is None or value not in (0, mask):
        raise Malformed(f"BIRD tells of bits {text!r}, which no rule of ours has", 0)
    if told["not"]:
        return (_NOT | _ALL if value else 0), mask
    return (_ALL if value else _NOT), mask


def _bit_terms(text: str) -> list[tuple[int, int]]:
    """Terms joined by "&&" within alternatives joined by "||"."""
    terms = []
    for alternative in text.split(" || "):
        for at, each in enumerate(alternative.split(" && ")):
            operator, value = _bit_term(each.strip())
            terms.append((operator | (_AND if at else 0), value))
    return terms


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
