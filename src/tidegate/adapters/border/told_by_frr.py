"""What FRR's bgpd shows of its FlowSpec and unicast tables as JSON, read as routes.

It shows no communities of a FlowSpec rule, nor whether ">= 5 , <= 9" is both or either. The latter is read
as both: either would match everything, and is nothing that anyone announces.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tidegate.model.plans import Action, Drop, Match, Range, RateLimit, Redirect
from tidegate.model.refusals import Malformed
from tidegate.wire.bgp_routes import Attributes, RouteKey, encode_action
from tidegate.wire.flowspec import (
    FRAGMENT_BITS,
    HIGHEST,
    PROTOCOL,
    flags_meant,
    fragments_meant,
    meaning,
    numbers_meant,
)

NUMBER: Final = re.compile(r"([<>]?=?) (\d+)")
BITS: Final = re.compile(r"(&?)(∋|=) (! )?(\d+)")
RATE: Final = re.compile(r"FS:rate (\d+)\.0+")
REDIRECT: Final = re.compile(r"FS:redirect VRF RT:(\S+:\d+)")
WELL_KNOWN: Final = {"blackhole": "65535:666", "no-export": "65535:65281"}
KNOWN: Final = {"to", "from", "proto", "dstp", "srcp", "type", "tcp", "pktlen", "pktfrag"}

_AND, _LESS, _GREATER, _EQUAL, _NOT, _ALL = 0x40, 0x04, 0x02, 0x01, 0x02, 0x01


def rules_told(text: str) -> Iterator[tuple[RouteKey, Attributes]]:
    """Of `show bgp FAMILY flowspec detail json`. Malformed for a rule that is none of ours."""
    for entry in _values(text):
        parts = {name: value for part in entry for name, value in part.items()}
        action = encode_action(_action(parts.pop("ecomlist", "")))
        parts.pop("time", None)
        if strange := parts.keys() - KNOWN:
            raise Malformed(f"FRR tells of {min(strange)}, which no rule of ours has", 0)
        yield RouteKey("flowspec", _match(parts)), Attributes(extended=(action,))


def blackholes_told(text: str) -> Iterator[tuple[RouteKey, Attributes]]:
    """Of `show bgp FAMILY unicast json detail`: every route there."""
    for table in _values(text):
        for prefix, paths in table.get("routes", {}).items():
            for path in paths:
                if "nexthops" in path:
                    yield RouteKey("unicast", meaning(Match(destination=prefix))), _attributes(path)


def _attributes(path: dict[str, Any]) -> Attributes:
    communities = path.get("community", {}).get("string", "").split()
    return Attributes(
        next_hop=path["nexthops"][0]["ip"],
        communities=tuple(WELL_KNOWN.get(each, each) for each in communities),
        large=tuple(path.get("largeCommunity", {}).get("list", ())),
    )


def _values(text: str) -> Iterator[Any]:
    """JSON values one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while (rest := text[at:].lstrip()) != "":
        at = len(text) - len(rest)
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise Malformed(f"FRR's answer is no JSON ({error.msg})", at) from error
        if value:
            yield value


def _action(text: str) -> Action:
    if rate := RATE.fullmatch(text):
        return RateLimit(int(rate[1])) if int(rate[1]) else Drop()
    if target := REDIRECT.fullmatch(text):
        return Redirect(target[1])
    raise Malformed(f"FRR tells of the action {text!r}, which no rule of ours has", 0)


def _match(told: dict[str, str]) -> Match:
    bits = fragments_meant(_bit_terms(told["pktfrag"]), 0) if "pktfrag" in told else 0
    return meaning(
        Match(
            destination=_prefix(told["to"]),
            source=_prefix(told["from"]) if "from" in told else None,
            protocols=_each(told.get("proto"), HIGHEST[PROTOCOL]),
            source_ports=_ranges(told.get("srcp"), 0xFFFF),
            destination_ports=_ranges(told.get("dstp"), 0xFFFF),
            icmp_types=_each(told.get("type"), 0xFF),
            tcp_flags=flags_meant(_bit_terms(told["tcp"]), 0) if "tcp" in told else None,
            packet_lengths=_ranges(told.get("pktlen"), 0xFFFF),
            fragments=tuple(kind for kind, bit in FRAGMENT_BITS.items() if bits & bit),
        )
    )


def _prefix(text: str) -> str:
    prefix, _, offset = text.partition("/off ")
    if offset not in ("", "0"):
        raise Malformed("FRR tells of a prefix with an offset, which no rule of ours has", 0)
    return prefix


def _ranges(text: str | None, highest: int) -> tuple[Range, ...]:
    if text is None:
        return ()
    terms: list[tuple[int, int]] = []
    for compare, value in NUMBER.findall(text):
        operator = sum({"<": _LESS, ">": _GREATER, "=": _EQUAL}[sign] for sign in compare)
        follows = bool(terms) and operator & _LESS and terms[-1][0] & _GREATER
        terms.append((operator | (_AND if follows else 0), int(value)))
    return numbers_meant(terms, highest, 0)


def _each(text: str | None, highest: int) -> tuple[int, ...]:
    return tuple(value for each in _ranges(text, highest) for value in range(each.first, each.last + 1))


def _bit_terms(text: str) -> list[tuple[int, int]]:
    """Of "= 2,&∋ ! 16": all of 2, and none of 16; "∋ 1,|∋ 4": any of 1, or any of 4."""
    terms = []
    for both, kind, negated, value in BITS.findall(text):
        operator = (_AND if both else 0) | (_ALL if kind == "=" else 0) | (_NOT if negated else 0)
        terms.append((operator, int(value)))
    return terms
