"""What a card must look like, whoever signed it: each thing on it bounded, in one form, and in one place."""

import re
from collections.abc import Sequence
from typing import Final
from unicodedata import is_normalized

from tidegate.hotline.sealing import SUITE, key_id_of, public_key
from tidegate.hotline.signatures import refuse_unless_a_key
from tidegate.model.organisations import (
    ENCRYPTION_KEYS_MAX,
    ENDPOINTS_MAX,
    LEVELS,
    NAME_MAX,
    OFFICERS_ON_CARD_MAX,
    Card,
    EncryptionKey,
    Endpoint,
    PublicPair,
)
from tidegate.model.refusals import NotAllowed
from tidegate.model.texts import is_hidden

VALID_S_MAX = 400 * 86_400
"""A card ends after thirteen months at the latest: who was lost is not believed for ever."""
KEY_S_MAX = 60 * 86_400
"""An encryption key is used for 30 days, and opens what was on its way for as long again."""
ROOTS_MAX = 16
"""Roots of one organisation, one after the other; the next one would be a new organisation."""
CERTIFICATES_MAX = 4
"""TLS certificates on a card: two nodes, each with the present and the next."""
CERTIFICATE_BYTES_MAX = 4_096
"""DER of one certificate; ours have 400 bytes."""
RELAYS_MAX = 16
"""Third organisations that carry what cannot come directly."""
LANGUAGES_MAX = 16
"""Languages that an organisation reads, the preferred one first."""
WATCHES_MAX = 64
"""Spans of hours in a week, for the three levels together."""
LOG_CHARACTERS_MAX = 256
"""Of a verifier key's text."""
HOST_CHARACTERS_MAX = 253
"""Of a name in the DNS; addresses are shorter."""

SENIOR_OFFICERS_MIN: Final = 2
"""What the senior level says is never one person's word."""

ORGANISATION: Final = re.compile(r"[0-9a-f]{64}")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+(\.[0-9.]+)?")
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
HOURS_OF_A_WEEK: Final = 168


def refuse_unless_well_formed(card: Card) -> None:
    """NotAllowed, in words, unless

    1. its name is a plain line, its country two letters, its version positive, and it is valid for a time;
    2. it names at most 64 officers, each once, by a plain line, with a level;
    3. every key on it is a key, and no two parts of the card share one;
    4. each level that has officers has one quorum, not above their number, and that of seniors is at least 2;
    5. it has an encryption key of suite TG1, and each of these is one, named rightly, for a bounded time;
    6. endpoints, certificates, relays, languages, hours of watch and the ledger's key are in their bounds.
    """
    try:
        refuse_unless_well_said(card)  # 1, 6
        check_head(card)  # 1
        check_officers(card)  # 2, 3
        check_quorums(card)  # 4
        check_encryption(card.encryption)  # 5
    except NotAllowed as refusal:
        raise NotAllowed(f"card {card.version} of {shown(card.name)!r}: {refusal.why}") from None


def shown(name: str) -> str:
    return name[:NAME_MAX]


def refuse_unless_well_said(card: Card) -> None:
    """The parts of rules 1 and 6 that people decide, before any key is made for it."""
    check_line(card.name, "the organisation's name")
    if not COUNTRY.fullmatch(card.country):
        raise NotAllowed("a country is two capital letters (ISO 3166-1)")
    check_ways(card)


def check_head(card: Card) -> None:
    if card.version < 1:
        raise NotAllowed("versions count from 1")
    if not 0 <= card.issued_at_s < card.valid_until_s <= card.issued_at_s + VALID_S_MAX:
        raise NotAllowed(f"it is valid for no time, or for more than {VALID_S_MAX // 86_400} days")
    if len(card.former_roots) >= ROOTS_MAX:
        raise NotAllowed(f"more than {ROOTS_MAX} roots, one after the other")


def check_line(text: str, what: str) -> None:
    """A name as it is shown everywhere: short, no blank at its ends, nothing in it that a screen obeys."""
    if not 0 < len(text) <= NAME_MAX or text != text.strip():
        raise NotAllowed(f"{what} has 1 to {NAME_MAX} characters, and no blank at its ends")
    if any(is_hidden(character) for character in text) or not is_normalized("NFC", text):
        raise NotAllowed(f"{what} has hidden characters, or some that could be written in another way")


def check_officers(card: Card) -> None:
    if len(card.officers) > OFFICERS_ON_CARD_MAX:
        raise NotAllowed(f"{len(card.officers)} officers; {OFFICERS_ON_CARD_MAX} are allowed")
    named = [one.name.casefold() for one in card.officers]
    for officer in card.officers:
        check_line(officer.name, "an officer's name")
        if officer.level not in LEVELS or named.count(officer.name.casefold()) > 1:
            raise NotAllowed(f"officer {officer.name} has no level, or stands on it twice")
    holders: list[tuple[str, PublicPair]] = [
        ("the root", card.root),
        *(("a former root", one) for one in card.former_roots),
        ("the station", card.station),
        *((one.name, one.key) for one in card.officers),
    ]
    for whose, key in holders:
        refuse_unless_a_key(key, whose)
    check_distinct(holders)


def check_distinct(holders: Sequence[tuple[str, PublicPair]]) -> None:
    """Rule 3: half a key in common is enough to refuse; whoever holds it could be either."""
    seen: dict[bytes, str] = {}
    for whose, key in holders:
        for half in (key.classical, key.post_quantum):
            if half in seen:
                raise NotAllowed(f"{seen[half]} and {whose} share a key")
            seen[half] = whose


def check_quorums(card: Card) -> None:
    levels = [quorum.level for quorum in card.quorums]
    if len(set(levels)) < len(levels) or set(levels) != {officer.level for officer in card.officers}:
        raise NotAllowed("each level that has officers needs one number of how many of them sign")
    for quorum in card.quorums:
        there = sum(officer.level == quorum.level for officer in card.officers)
        least = SENIOR_OFFICERS_MIN if quorum.level == "senior" else 1
        if not least <= quorum.officers <= there:
            raise NotAllowed(
                f"{quorum.officers} officers sign together for the {quorum.level} level, and the card names "
                f"{there}; {least} is the least"
            )


def check_encryption(keys: Sequence[EncryptionKey]) -> None:
    if not 0 < len(keys) <= ENCRYPTION_KEYS_MAX or all(key.suite != SUITE for key in keys):
        raise NotAllowed(f"it needs 1 to {ENCRYPTION_KEYS_MAX} encryption keys, one of suite {SUITE}")
    if len({key.key_id for key in keys}) < len(keys):
        raise NotAllowed("an encryption key stands on it twice")
    for key in keys:
        if key.key_id != key_id_of(key.public):
            raise NotAllowed(f"the encryption key {key.key_id} is another one than it says")
        if not 0 <= key.from_s < key.until_s <= key.from_s + KEY_S_MAX:
            raise NotAllowed(
                f"an encryption key counts for no time, or for more than {KEY_S_MAX // 86_400} days"
            )
        if key.suite == SUITE:
            public_key(key.public)


def check_ways(card: Card) -> None:
    if len(card.endpoints) > ENDPOINTS_MAX or len(set(card.endpoints)) < len(card.endpoints):
        raise NotAllowed(f"more than {ENDPOINTS_MAX} endpoints, or one of them twice")
    for endpoint in card.endpoints:
        check_endpoint(endpoint)
    if len(card.certificates) > CERTIFICATES_MAX:
        raise NotAllowed(f"more than {CERTIFICATES_MAX} certificates")
    if any(not 0 < len(one) <= CERTIFICATE_BYTES_MAX for one in card.certificates):
        raise NotAllowed(f"a certificate has 1 to {CERTIFICATE_BYTES_MAX} bytes")
    check_relays(card)
    check_languages(card.languages)
    check_watch(card)
    if len(card.log) > LOG_CHARACTERS_MAX or not card.log.isascii() or not card.log.isprintable():
        raise NotAllowed("the ledger's key is not a verifier key's text")


def check_endpoint(endpoint: Endpoint) -> None:
    if not HOST.fullmatch(endpoint.host) or len(endpoint.host) > HOST_CHARACTERS_MAX:
        raise NotAllowed("an endpoint's host is a name or an address")
    if not 0 < endpoint.port < 1 << 16:
        raise NotAllowed(f"an endpoint's port is 1 to 65535, not {endpoint.port}")


def check_relays(card: Card) -> None:
    relays = card.relays
    if len(relays) > RELAYS_MAX or len(set(relays)) < len(relays) or card.organisation in relays:
        raise NotAllowed(f"more than {RELAYS_MAX} relays, one twice, or itself")
    if not all(ORGANISATION.fullmatch(one) for one in relays):
        raise NotAllowed("a relay is named by an organisation's 64 hex digits")


def check_languages(languages: Sequence[str]) -> None:
    if not 0 < len(languages) <= LANGUAGES_MAX or len(set(languages)) < len(languages):
        raise NotAllowed(f"it reads 1 to {LANGUAGES_MAX} languages, each named once")
    if not all(LANGUAGE.fullmatch(one) for one in languages):
        raise NotAllowed("a language is named as in BCP 47: en, ru, fa, ar, tr, az")


def check_watch(card: Card) -> None:
    if len(card.watch) > WATCHES_MAX:
        raise NotAllowed(f"more than {WATCHES_MAX} spans of watch")
    for watch in card.watch:
        if not 0 <= watch.begin_hour < watch.end_hour <= HOURS_OF_A_WEEK:
            raise NotAllowed("hours of watch are within a week: 0 to 168, the begin before the end")
