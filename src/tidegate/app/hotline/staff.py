"""Who speaks for us and how we are reached: changes to the next card, made by people, before it is signed."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from msgspec.structs import replace

from tidegate.hotline.card_form import SENIOR_OFFICERS_MIN, refuse_unless_well_formed
from tidegate.model.organisations import LEVELS, Card, CardOfficer, Endpoint, Level, PublicPair, Quorum, Watch
from tidegate.model.refusals import NotAllowed
from tidegate.ports.hotline_identity import TokenPlace

__all__ = [
    "Card",
    "Level",
    "TokenPlace",
    "endpoint_from",
    "not_yet_signable",
    "watch_from",
    "with_officer",
    "with_quorum",
    "with_ways",
    "without_officer",
]


def with_officer(card: Card, name: str, level: Level, key: PublicPair) -> Card:
    """NotAllowed where the name is taken: a name is never given to a second person on one card."""
    if any(one.name.casefold() == name.casefold() for one in card.officers):
        raise NotAllowed(
            f"{name} is on the card; `tidegate hotline revoke {name}` takes the old key away first"
        )
    officer = CardOfficer(name=name, level=level, key=key)
    return with_fitting_quorums(replace(card, officers=(*card.officers, officer)))


def without_officer(card: Card, name: str) -> Card:
    kept = tuple(one for one in card.officers if one.name != name)
    if len(kept) == len(card.officers):
        raise NotAllowed(f"there is no officer {name} on the card")
    return with_fitting_quorums(replace(card, officers=kept))


def with_fitting_quorums(card: Card) -> Card:
    """Each level with officers has a number, as before where it can be; no other level has one."""
    asked = {one.level: one.officers for one in card.quorums}
    quorums = []
    for level in LEVELS:
        there = sum(one.level == level for one in card.officers)
        least = least_of(level)
        if there:
            quorums.append(Quorum(level, max(least, min(asked.get(level, least), there))))
    return replace(card, quorums=tuple(quorums))


def least_of(level: Level) -> int:
    return SENIOR_OFFICERS_MIN if level == "senior" else 1


def with_quorum(card: Card, level: Level, officers: int) -> Card:
    others = tuple(one for one in card.quorums if one.level != level)
    return replace(card, quorums=(*others, Quorum(level, officers)))


def with_ways(
    card: Card,
    *,
    endpoints: Sequence[str] | None,
    relays: Sequence[str] | None,
    languages: Sequence[str] | None,
    watch: Sequence[Watch] | None,
    name: str | None,
) -> Card:
    """None leaves what is there."""
    return replace(
        card,
        name=card.name if name is None else name,
        endpoints=card.endpoints if endpoints is None else tuple(map(endpoint_from, endpoints)),
        relays=card.relays if relays is None else tuple(relays),
        languages=card.languages if languages is None else tuple(languages),
        watch=card.watch if watch is None else tuple(watch),
    )


def endpoint_from(text: str) -> Endpoint:
    """https://198.51.100.7:8443 or udp://[2001:db8::7]:8444; NotAllowed for anything else."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = parts.path in ("", "/") and not parts.query and not parts.fragment and "@" not in parts.netloc
    if not parts.hostname or not port or not plain:
        raise NotAllowed(f"{text!r} is no endpoint; write https://HOST:PORT or udp://HOST:PORT")
    match parts.scheme:
        case "https" | "udp" as kind:
            return Endpoint(kind, parts.hostname, port)
        case _:
            raise NotAllowed(f"{text!r} is no endpoint: https and udp are the ways there are")


WATCH = re.compile(r"(desk|centre|senior):(\d{1,3})-(\d{1,3})")


def watch_from(text: str) -> Watch:
    """desk:0-168; NotAllowed for anything else."""
    read = WATCH.fullmatch(text)
    if read is None:
        raise NotAllowed(f"{text!r} is no watch; write LEVEL:BEGIN-END in hours of the week, as desk:0-168")
    level: Level = read[1]  # type: ignore[assignment]
    return Watch(level, int(read[2]), int(read[3]))


def not_yet_signable(card: Card) -> str:
    """Why the root could not sign this card now; empty where it could."""
    try:
        refuse_unless_well_formed(card)
    except NotAllowed as refusal:
        return refusal.why
    return ""
