"""ExaBGP 5's words: its configuration for our sessions, and one command line for each rule."""

import ipaddress
import os
from collections.abc import Iterator, Sequence
from pwd import getpwuid
from typing import Final

from tidegate.model.border import BorderRouter, BorderSettings
from tidegate.model.plans import Blackhole, Match, Range, Rule
from tidegate.wire.bgp_routes import communities_of, encode_action
from tidegate.wire.flowspec import is_ipv6

MARK: Final = 29796
"""Middle number of the large community (RFC 8092) of everything announced, `AS:29796:plan`: "td" in ASCII."""

LOOPBACK: Final = ipaddress.IPv4Address("127.83.0.0")
"""Mirror number i listens at this plus 4 i + 1, and its side of the speaker's program is that plus 1."""

MIRRORS_MAX = 256
"""Border points with a mirror; more are refused when the border starts (the configuration allows 63)."""

_FAMILIES: Final = "family { ipv4 unicast; ipv6 unicast; ipv4 flow; ipv6 flow; }"
_CAPABILITIES: Final = "capability { graceful-restart disable; route-refresh enable; asn4 enable; }"
_FRAGMENTS: Final = {
    "dont": "dont-fragment",
    "later": "is-fragment",
    "first": "first-fragment",
    "last": "last-fragment",
}


def mirror_address(number: int) -> str:
    return str(LOOPBACK + 4 * number + 1)


def mirror_s_speaker(number: int) -> str:
    """The address from which the speaker's program reaches mirror `number`."""
    return str(LOOPBACK + 4 * number + 2)


def speaker_configuration(settings: BorderSettings, hands: str, mirror_port: int | None) -> str:
    """Of the program that speaks to routers and mirrors; `hands` is the command line of its API process.

    Without graceful restart (RFC 4724): a router drops what it learned when the session ends.
    """
    sessions = [_session(settings, router) for router in _routers(settings)]
    if mirror_port is not None:
        for number in range(len(settings.border_points)):
            sessions.append(_mirror_session(settings, number, mirror_port))
    return f"process hands {{\n  run {hands};\n  encoder json;\n}}\n" + "".join(sessions)


def _routers(settings: BorderSettings) -> Iterator[BorderRouter]:
    """Each address once: a router of two border points has one session."""
    seen = set()
    for point in settings.border_points:
        for router in point.routers:
            if router.address not in seen:
                seen.add(router.address)
                yield router


def _session(settings: BorderSettings, router: BorderRouter) -> str:
    password = f'  md5-password "{router.password}";\n' if router.password else ""
    return (
        f"neighbor {router.address} {{\n"
        f"  router-id {settings.router_id};\n  local-address {settings.local_address};\n"
        f"  local-as {settings.local_as};\n  peer-as {router.peer_as};\n"
        f"  hold-time {settings.hold_time_s};\n  connect {router.port};\n  group-updates false;\n{password}"
        f"  {_CAPABILITIES}\n  {_FAMILIES}\n"
        "  api { processes [ hands ]; neighbor-changes; negotiated; }\n}\n"
    )


def _mirror_session(settings: BorderSettings, number: int, port: int) -> str:
    return (
        f"neighbor {mirror_address(number)} {{\n"
        f"  router-id {settings.router_id};\n  local-address {mirror_s_speaker(number)};\n"
        f"  local-as {settings.local_as};\n  peer-as {settings.local_as};\n"
        f"  hold-time {settings.hold_time_s};\n  connect {port};\n  group-updates false;\n"
        f"  {_CAPABILITIES}\n  {_FAMILIES}\n"
        "  api { processes [ hands ]; neighbor-changes; negotiated; }\n}\n"
    )


def receiver_configuration(
    *, local_as: int, peers: Sequence[tuple[str, str, int]], port: int, hold_time_s: int, ears: str
) -> str:
    """Of a program that only listens: `peers` are (its own address, the speaker's address, the speaker's AS).

    `ears` is the command line of the process that hears every message (tidegate.adapters.border.ears).
    """
    sessions = "".join(
        f"neighbor {theirs} {{\n"
        f"  router-id {ours};\n  local-address {ours};\n  local-as {local_as};\n  peer-as {peer_as};\n"
        f"  hold-time {hold_time_s};\n  passive true;\n  listen {port};\n"
        f"  {_CAPABILITIES}\n  {_FAMILIES}\n"
        "  api { processes [ ears ]; neighbor-changes; receive { packets; update; } }\n}\n"
        for ours, theirs, peer_as in peers
    )
    return f"process ears {{\n  run {ears};\n  encoder json;\n}}\n{sessions}"


def environment(*, listen: Sequence[str], port: int | None) -> dict[str, str]:
    """ExaBGP's own settings: as our user, without its command pipe, each command answered, few words.

    As root it would become "nobody", and the kernel then forgets that it is to end with its parent.
    """
    settings = {
        "exabgp.api.ack": "true",
        "exabgp.api.cli": "false",
        "exabgp.api.respawn": "false",
        "exabgp.api.terminate": "true",
        "exabgp.daemon.daemonize": "false",
        "exabgp.daemon.drop": "false",
        "exabgp.daemon.user": own_name(),
        "exabgp.log.destination": "stderr",
        "exabgp.log.level": "CRITICAL",
    }
    if port is not None:
        settings |= {"exabgp.tcp.bind": " ".join(listen), "exabgp.tcp.port": str(port)}
    return settings


def own_name() -> str:
    """A user without a name, as in a container, keeps its number: any name that exists will do."""
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:
        return "root"


def announce_command(rule: Rule, neighbours: Sequence[str], mark: str) -> str:
    return f"{_to(neighbours)} announce {_route(rule, mark)}"


def withdraw_command(rule: Rule, neighbours: Sequence[str], mark: str) -> str:
    return f"{_to(neighbours)} withdraw {_route(rule, mark)}"


def _to(neighbours: Sequence[str]) -> str:
    return " , ".join(f"neighbor {address}" for address in neighbours)


def _route(rule: Rule, mark: str) -> str:
    """The rule (in the form of `rule_meaning`); its action as the exact bytes of its extended community."""
    communities = " ".join(communities_of(rule))
    if isinstance(rule.action, Blackhole):
        return (
            f"route {rule.match.destination} next-hop {rule.action.next_hop} "
            f"community [ {communities} ] large-community [ {mark} ]"
        )
    then = f"extended-community [ 0x{encode_action(rule.action).hex()} ]; large-community [ {mark} ];"
    if communities:
        then += f" community [ {communities} ];"
    return f"flow route {{ match {{ {' '.join(_components(rule.match))} }} then {{ {then} }} }}"


def _components(match: Match) -> Iterator[str]:
    """Always in brackets: without them ExaBGP takes the first value and passes over the others."""
    yield f"destination {match.destination};"
    if match.source is not None:
        yield f"source {match.source};"
    if match.protocols:
        name = "next-header" if is_ipv6(match) else "protocol"
        yield f"{name} [ {' '.join(f'={each}' for each in match.protocols)} ];"
    for name, ranges in (
        ("destination-port", match.destination_ports),
        ("source-port", match.source_ports),
        ("icmp-type", tuple(Range(each, each) for each in match.icmp_types)),
        ("packet-length", match.packet_lengths),
    ):
        if ranges:
            yield f"{name} [ {' '.join(map(_range, ranges))} ];"
    if (flags := match.tcp_flags) is not None:
        absent = flags.among & ~flags.are
        terms = [f"={flags.are:#x}"] * bool(flags.are) + [f"!{absent:#x}"] * bool(absent)
        yield f"tcp-flags [ {'&'.join(terms)} ];"
    if match.fragments:
        yield f"fragment [ {' '.join(_FRAGMENTS[each] for each in match.fragments)} ];"


def _range(each: Range) -> str:
    return f"={each.first}" if each.first == each.last else f">={each.first}&<={each.last}"
