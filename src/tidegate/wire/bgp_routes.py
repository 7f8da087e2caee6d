"""Rules as BGP routes and back: actions as extended communities, and the attributes of an UPDATE message.

Only what rules need of RFC 4271, 4760, 1997, 4360 and 8092 is read; everything else in a message is passed
over by its length. Nothing here speaks BGP: that is the BGP program's part.
"""

import ipaddress
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tidegate.model.plans import Action, Blackhole, Drop, Match, RateLimit, Redirect, Rule
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.wire.flowspec import decode_nlri, encode_nlri, is_ipv6, meaning, split_nlris

Version = Literal[4, 6]
Kind = Literal["flowspec", "unicast"]

UNICAST, FLOWSPEC = 1, 133
"""SAFIs; the AFI is 1 for IPv4 and 2 for IPv6."""

BLACKHOLE: Final = "65535:666"
NO_EXPORT: Final = "65535:65281"
ALWAYS: Final = (NO_EXPORT,)
ALWAYS_WITH_A_BLACKHOLE: Final = (BLACKHOLE, NO_EXPORT)
"""A route stays inside the network that it was announced to: so RFC 7999 section 3.2 for a blackhole, and a
FlowSpec rule that a router hands on to its neighbours holds where nobody agreed to it."""

RATE_BYTES_PER_S_MAX = 1 << 50
"""Greatest rate of a rule, about 9 Pbit/s; a greater one is no limit to anything and is NotAllowed."""

ORIGIN, AS_PATH, NEXT_HOP, LOCAL_PREF, COMMUNITIES, MP_REACH, MP_UNREACH = 1, 2, 3, 5, 8, 14, 15
EXTENDED, LARGE = 16, 32

_TRAFFIC_RATE: Final = b"\x80\x06"
_REDIRECT_AS2: Final = b"\x80\x08"
_REDIRECT_IPV4: Final = b"\x81\x08"
_REDIRECT_AS4: Final = b"\x82\x08"
_REDIRECTS: Final = (_REDIRECT_AS2, _REDIRECT_IPV4, _REDIRECT_AS4)
_ACTION_TYPES: Final = (0x80, 0x81, 0x82)
_OPTIONAL, _TRANSITIVE, _LONG = 0x80, 0x40, 0x10


@dataclass(frozen=True, slots=True, order=True)
class RouteKey:
    """What a route replaces and a withdrawal takes away: a match of one kind and family."""

    kind: Kind
    match: Match


@dataclass(frozen=True, slots=True)
class Attributes:
    """Of a route; `extended` as 8 bytes each, `large` as "64500:1:2"."""

    next_hop: str | None = None
    communities: tuple[str, ...] = ()
    extended: tuple[bytes, ...] = ()
    large: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """One UPDATE message's routes; `strange` tells of routes that no rule of ours can be."""

    announced: tuple[tuple[RouteKey, Attributes], ...]
    withdrawn: tuple[RouteKey, ...]
    strange: tuple[str, ...] = ()


def kind_of(rule: Rule) -> Kind:
    return "unicast" if isinstance(rule.action, Blackhole) else "flowspec"


def key_of(rule: Rule) -> RouteKey:
    """Two rules of one key at one border point replace each other, whatever their actions."""
    return RouteKey(kind_of(rule), meaning(rule.match))


def rule_meaning(rule: Rule) -> Rule:
    """The one form of all rules that do the same. NotAllowed for what cannot be announced as it stands."""
    match = meaning(rule.match)
    action = _action_meaning(rule.action)
    always = _always(action)
    if isinstance(action, Blackhole) and match != Match(destination=match.destination):
        raise NotAllowed("a blackhole route matches by destination only")
    for community in rule.communities:
        encode_community(community)
    communities = tuple(sorted(set(rule.communities) - set(always)))
    return Rule(border_point=rule.border_point, match=match, action=action, communities=communities)


def _action_meaning(action: Action) -> Action:
    match action:
        case RateLimit(bytes_per_s):
            rate = rate_on_wire(bytes_per_s)
            return RateLimit(rate) if rate else Drop()
        case Redirect(target):
            return Redirect(_route_target_text(_route_target(target)))
        case Blackhole(next_hop):
            return Blackhole(_next_hop_text(next_hop))
        case Drop():
            return action


def _next_hop_text(next_hop: str) -> str:
    """Without a zone, as the prefixes of tidegate.wire.flowspec."""
    try:
        address = ipaddress.ip_address(next_hop)
    except ValueError as error:
        raise NotAllowed(f"{next_hop!r} is no address of a next hop") from error
    if "%" in next_hop:
        raise NotAllowed(f"{next_hop!r} names a zone; a route has none")
    return str(address)


def rate_on_wire(bytes_per_s: int) -> int:
    """The greatest rate that IEEE single precision can say and that is not above `bytes_per_s`."""
    if not 0 <= bytes_per_s <= RATE_BYTES_PER_S_MAX:
        raise NotAllowed(f"a rate of {bytes_per_s} bytes a second is no limit")
    spare = max(0, bytes_per_s.bit_length() - 24)
    return bytes_per_s >> spare << spare


def encode_action(action: Action) -> bytes:
    """The extended community of a FlowSpec rule's action (RFC 8955 section 7)."""
    match action:
        case Drop():
            return _TRAFFIC_RATE + struct.pack("!Hf", 0, 0.0)
        case RateLimit(bytes_per_s):
            return _TRAFFIC_RATE + struct.pack("!Hf", 0, float(rate_on_wire(bytes_per_s)))
        case Redirect(target):
            return _route_target(target)
        case Blackhole():
            raise NotAllowed("a blackhole is a route of its own, no FlowSpec action")


def decode_action(extended: Sequence[bytes], at: int = 0) -> Action:
    """The action that a FlowSpec rule's extended communities say; Malformed for none, or more than one."""
    actions = [each for each in extended if each[:2] == _TRAFFIC_RATE or each[:2] in _REDIRECTS]
    others = [each for each in extended if each[0] in _ACTION_TYPES and each not in actions]
    if len(actions) != 1 or others:
        raise Malformed("flowspec action that no rule of ours has", at)
    if actions[0][:2] in _REDIRECTS:
        return Redirect(_route_target_text(actions[0]))
    (rate,) = struct.unpack("!f", actions[0][4:])
    if not 0 <= rate <= RATE_BYTES_PER_S_MAX or rate != int(rate):
        raise Malformed("flowspec rate that no rule of ours has", at)
    return RateLimit(int(rate)) if rate else Drop()


def _route_target(text: str) -> bytes:
    """Of "64500:1", "4200000000:1" or "192.0.2.1:1" (RFC 8955 section 7.4)."""
    administrator, _, number = text.rpartition(":")
    try:
        if "." in administrator:
            return _REDIRECT_IPV4 + struct.pack(
                "!4sH", ipaddress.IPv4Address(administrator).packed, int(number)
            )
        if int(administrator) >> 16:
            return _REDIRECT_AS4 + struct.pack("!IH", int(administrator), int(number))
        return _REDIRECT_AS2 + struct.pack("!HI", int(administrator), int(number))
    except (ValueError, struct.error) as error:
        raise NotAllowed(f"{text!r} is no route target") from error


def _route_target_text(community: bytes) -> str:
    kind, value = community[:2], community[2:]
    if kind == _REDIRECT_AS2:
        return "{}:{}".format(*struct.unpack("!HI", value))
    if kind == _REDIRECT_AS4:
        return "{}:{}".format(*struct.unpack("!IH", value))
    address, number = struct.unpack("!4sH", value)
    return f"{ipaddress.IPv4Address(address)}:{number}"


def encode_community(text: str) -> bytes:
    """Of "64500:666" (RFC 1997)."""
    first, _, second = text.partition(":")
    try:
        return struct.pack("!HH", int(first), int(second))
    except (ValueError, struct.error) as error:
        raise NotAllowed(f"{text!r} is no community") from error


def communities_of(rule: Rule) -> tuple[str, ...]:
    """All that travel with its announcement."""
    return tuple(sorted({*rule.communities, *_always(rule.action)}))


def _always(action: Action) -> tuple[str, ...]:
    return ALWAYS_WITH_A_BLACKHOLE if isinstance(action, Blackhole) else ALWAYS


def encode_path(rule: Rule, large: Sequence[str]) -> tuple[bytes, tuple[bytes, ...]]:
    """A rule's NLRI and its path attributes, one by one, as a BGP program takes them that adds its own.

    A FlowSpec route has no next hop of its own (RFC 8955 section 4): it is all zeroes.
    """
    rule = rule_meaning(rule)
    attributes = [_attribute(_TRANSITIVE, ORIGIN, b"\x00"), _attribute(_TRANSITIVE, AS_PATH, b"")]
    nlri, next_hop = encode_nlri(rule.match), "::" if is_ipv6(rule.match) else "0.0.0.0"
    if isinstance(rule.action, Blackhole):
        network = ipaddress.ip_network(rule.match.destination)
        nlri = bytes([network.prefixlen]) + network.network_address.packed[: (network.prefixlen + 7) // 8]
        next_hop = rule.action.next_hop
    attributes.append(_next_hop_attribute(rule, nlri, ipaddress.ip_address(next_hop).packed))
    if communities := communities_of(rule):
        attributes.append(_attribute(0xC0, COMMUNITIES, b"".join(map(encode_community, communities))))
    if not isinstance(rule.action, Blackhole):
        attributes.append(_attribute(0xC0, EXTENDED, encode_action(rule.action)))
    if large:
        packed = b"".join(struct.pack("!III", *map(int, each.split(":"))) for each in large)
        attributes.append(_attribute(0xC0, LARGE, packed))
    return nlri, tuple(attributes)


def _next_hop_attribute(rule: Rule, nlri: bytes, next_hop: bytes) -> bytes:
    """NEXT_HOP for an IPv4 route of RFC 4271, and MP_REACH_NLRI (RFC 4760) for every other."""
    if kind_of(rule) == "unicast" and not is_ipv6(rule.match):
        return _attribute(_TRANSITIVE, NEXT_HOP, next_hop)
    safi = UNICAST if kind_of(rule) == "unicast" else FLOWSPEC
    head = struct.pack("!HBB", 2 if is_ipv6(rule.match) else 1, safi, len(next_hop))
    return _attribute(_OPTIONAL, MP_REACH, head + next_hop + b"\x00" + nlri)


def _attribute(flags: int, code: int, value: bytes) -> bytes:
    if len(value) > 0xFF:
        return struct.pack("!BBH", flags | _LONG, code, len(value)) + value
    return bytes([flags, code, len(value)]) + value


def rule_from(border_point: str, key: RouteKey, attributes: Attributes) -> Rule:
    """The rule that a route is, as `rule_meaning` gives it. Malformed for a route that is no rule of ours."""
    action: Action
    if key.kind == "flowspec":
        action = decode_action(attributes.extended)
    elif BLACKHOLE in attributes.communities and attributes.next_hop is not None:
        action = Blackhole(attributes.next_hop)
    else:
        raise Malformed("route that is no blackhole", 0)
    return rule_meaning(
        Rule(border_point=border_point, match=key.match, action=action, communities=attributes.communities)
    )


def decode_key(nlri: bytes, kind: Kind, version: Version) -> RouteKey:
    """Of one NLRI with its length in front, as BGP programs hand it out one by one."""
    keys, strange = _keys(nlri, kind, version)
    if len(keys) != 1:
        raise Malformed(strange[0] if strange else "not one route", 0)
    return keys[0]


def decode_attributes(attributes: Sequence[bytes]) -> Attributes:
    """Of path attributes one by one."""
    try:
        return _attributes_of(dict(_split_attributes(b"".join(attributes))))
    except Malformed:
        raise
    except (IndexError, ValueError, struct.error) as error:
        raise Malformed("path attribute cut short", 0) from error


def decode_update(message: bytes) -> Update:
    """The routes of an UPDATE message, without its header of 19 bytes (RFC 4271 section 4.3)."""
    try:
        withdrawn_bytes = int.from_bytes(message[:2], "big")
        at = 2 + withdrawn_bytes
        attribute_bytes = int.from_bytes(message[at : at + 2], "big")
        if len(message) < at + 2 + attribute_bytes:
            raise Malformed("update cut short", len(message))
        found = dict(_split_attributes(message[at + 2 : at + 2 + attribute_bytes]))
        gone, strange_gone = _keys(message[2:at], "unicast", 4)
        came, strange_came = _keys(message[at + 2 + attribute_bytes :], "unicast", 4)
        attributes = _attributes_of(found)
        more_came, next_hop, more_strange = _reached(found.get(MP_REACH))
        more_gone, odd_gone = _unreached(found.get(MP_UNREACH))
    except Malformed:
        raise
    except (IndexError, ValueError, struct.error) as error:
        raise Malformed("update cut short", len(message)) from error
    over = Attributes(next_hop, attributes.communities, attributes.extended, attributes.large)
    return Update(
        announced=(*((key, attributes) for key in came), *((key, over) for key in more_came)),
        withdrawn=(*gone, *more_gone),
        strange=(*strange_gone, *strange_came, *more_strange, *odd_gone),
    )


def _split_attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        flags, code = data[at], data[at + 1]
        wide = 2 if flags & _LONG else 1
        length = int.from_bytes(data[at + 2 : at + 2 + wide], "big")
        start = at + 2 + wide
        if start + length > len(data):
            raise Malformed("path attribute cut short", at)
        yield code, data[start : start + length]
        at = start + length


def _attributes_of(found: dict[int, bytes]) -> Attributes:
    next_hop = found.get(NEXT_HOP)
    if next_hop is None and MP_REACH in found:
        next_hop = found[MP_REACH][4 : 4 + found[MP_REACH][3]]
    return Attributes(
        next_hop=_address(next_hop) if next_hop else None,
        communities=tuple(
            "{}:{}".format(*each) for each in struct.iter_unpack("!HH", found.get(COMMUNITIES, b""))
        ),
        extended=tuple(each for (each,) in struct.iter_unpack("8s", found.get(EXTENDED, b""))),
        large=tuple("{}:{}:{}".format(*each) for each in struct.iter_unpack("!III", found.get(LARGE, b""))),
    )


def _address(octets: bytes) -> str:
    """An IPv6 next hop may be followed by its link-local one (RFC 2545 section 3)."""
    return str(ipaddress.ip_address(octets[:16] if len(octets) > 4 else octets))


def _reached(value: bytes | None) -> tuple[list[RouteKey], str | None, list[str]]:
    if value is None:
        return [], None, []
    afi, safi, length = struct.unpack("!HBB", value[:4])
    next_hop = _address(value[4 : 4 + length]) if length else None
    keys, strange = _family_keys(afi, safi, value[5 + length :])
    return keys, next_hop, strange


def _unreached(value: bytes | None) -> tuple[list[RouteKey], list[str]]:
    if value is None:
        return [], []
    afi, safi = struct.unpack("!HB", value[:3])
    return _family_keys(afi, safi, value[3:])


def _family_keys(afi: int, safi: int, data: bytes) -> tuple[list[RouteKey], list[str]]:
    kinds: dict[int, Kind] = {UNICAST: "unicast", FLOWSPEC: "flowspec"}
    versions: dict[int, Version] = {1: 4, 2: 6}
    if safi not in kinds or afi not in versions:
        return [], [f"routes of family {afi}/{safi}"] if data else []
    return _keys(data, kinds[safi], versions[afi])


def _keys(data: bytes, kind: Kind, version: Version) -> tuple[list[RouteKey], list[str]]:
    keys, strange = [], []
    values = split_nlris(data) if kind == "flowspec" else _split_prefixes(data)
    for value in values:
        try:
            match = decode_nlri(value, version) if kind == "flowspec" else _prefix_match(value, version)
            keys.append(RouteKey(kind, match))
        except Malformed as error:
            strange.append(f"{error.reason}: {value.hex()}")
    return keys, strange


def _split_prefixes(data: bytes) -> list[bytes]:
    values, at = [], 0
    while at < len(data):
        end = at + 1 + (data[at] + 7) // 8
        if end > len(data):
            raise Malformed("prefix cut short", at)
        values.append(data[at:end])
        at = end
    return values


def _prefix_match(value: bytes, version: Version) -> Match:
    width = 4 if version == 4 else 16
    if value[0] > width * 8:
        raise Malformed("prefix too long", 0)
    return Match(
        destination=str(ipaddress.ip_network((value[1:].ljust(width, b"\x00"), value[0]), strict=False))
    )
