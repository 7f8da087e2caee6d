"""An organisation's own card: founded, drafted, signed by its root, and handed on to another root.

Everything here ends in a card that the guardian believes (tidegate.hotline.cards), or in a refusal before
anything is written.
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from tidegate.hotline.card_changes import changes
from tidegate.hotline.card_form import refuse_unless_well_said
from tidegate.hotline.cards import (
    believe,
    believe_but_for_time,
    read_card,
    read_signed,
    succession,
)
from tidegate.hotline.signatures import organisation_of
from tidegate.model.organisations import (
    ENCRYPTION_KEYS_MAX,
    Card,
    EncryptionKey,
    Endpoint,
    PublicPair,
    SignaturePair,
    SignedCard,
)
from tidegate.model.purposes import CARD, ROOT_CHANGE
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import bytes_of
from tidegate.ports.hotline import PairSigner
from tidegate.ports.hotline_identity import StationFolder, StationKeys

__all__ = [
    "bare_card",
    "change_root",
    "changes",
    "draft_bytes",
    "draft_new_keys",
    "draft_new_station",
    "found",
    "keep_draft",
    "next_card",
    "own_card",
    "own_signed",
    "read_draft",
    "refuse_another_root",
    "refuse_if_founded",
    "sign_next",
    "signed_by",
]

DAY_S: Final = 86_400
KEY_USED_S: Final = 30 * DAY_S
KEY_OPENS_S: Final = 60 * DAY_S
"""A key is sealed to for 30 days, and opens what was on its way for 30 days more."""
CARD_S: Final = ENCRYPTION_KEYS_MAX * KEY_USED_S
"""A card serves as long as its keys are sealed to: the root is needed every four months."""


def found(
    folder: StationFolder,
    root: PairSigner,
    station_passphrase: str,
    card: Card,
    now_s: int,
) -> Card:
    """A new organisation whose `card` says name, country, ways and languages; its keys are made here.

    NotAllowed where one was founded in this folder, or the card would not be believed.
    """
    refuse_if_founded(folder, card)
    pair = root.public_pair()
    organisation = organisation_of(pair)
    keys = folder.make_keys(station_passphrase, organisation, times_of_keys((), now_s))
    first = replace(with_station(card, folder, keys), organisation=organisation, root=pair)
    return sign_and_keep(folder, replace(first, encryption=tuple(keys.encryption)), root, (), now_s)


def refuse_if_founded(folder: StationFolder, card: Card) -> None:
    """NotAllowed for what nobody should be asked for keys for: a second organisation, or a wrong card."""
    refuse_unless_well_said(card)
    if folder.own_card() is not None:
        raise NotAllowed(f"an organisation was founded in {folder.path} already; use another state folder")


def bare_card(name: str, country: str, endpoints: Sequence[Endpoint], languages: Sequence[str]) -> Card:
    """What people say of a new organisation; the rest is filled in when it is founded."""
    none = PublicPair("ed25519", b"", b"")
    return Card(
        organisation="",
        version=1,
        name=name,
        country=country,
        root=none,
        former_roots=(),
        issued_at_s=0,
        valid_until_s=0,
        station=none,
        log="",
        certificates=(),
        encryption=(),
        endpoints=tuple(endpoints),
        relays=(),
        languages=tuple(languages),
        watch=(),
        officers=(),
        quorums=(),
    )


def own_card(folder: StationFolder) -> Card:
    """NotAllowed where no organisation was founded here, or the card does not hold."""
    return believe_but_for_time(own_signed(folder))


def own_signed(folder: StationFolder) -> bytes:
    signed = folder.own_card()
    if signed is None:
        raise NotAllowed(
            f"no organisation was founded in {folder.path}; run `tidegate hotline init`, or name "
            "another state folder with --state DIR"
        )
    return signed


def next_card(folder: StationFolder) -> Card:
    """The draft, or where there is none a copy of the card in use with the next version; not yet signed."""
    card, draft = own_card(folder), folder.draft()
    if draft is not None:
        drafted = read_card(draft)
        if drafted.version == card.version + 1:
            return drafted
    return replace(card, version=card.version + 1)


def keep_draft(folder: StationFolder, card: Card) -> None:
    folder.keep_draft(bytes_of(card))


def sign_next(folder: StationFolder, root: PairSigner, now_s: int) -> tuple[Card, list[str]]:
    """Signs the next card and puts it in use; the card, and what it changes. Errors as `sign_and_keep`."""
    before, card = own_card(folder), next_card(folder)
    signed = read_signed(own_signed(folder))
    return sign_and_keep(folder, card, root, signed.signatures[1:], now_s), changes(before, card)


def sign_and_keep(
    folder: StationFolder, card: Card, root: PairSigner, line: Sequence[SignaturePair], now_s: int
) -> Card:
    """Errors as `signed_by`; then nothing is kept."""
    known = folder.own_card()
    signed = signed_by(root, card, line, now_s)
    believed = believe(signed, None if known is None else believe_but_for_time(known), now_s)
    folder.keep_own_card(signed)
    folder.keep_draft(None)
    return believed


def signed_by(root: PairSigner, card: Card, line: Sequence[SignaturePair], now_s: int) -> bytes:
    """The card, valid from now on, signed. `line` are the former roots' signatures. NotAllowed where the root
    is another one than the card's, or others would not believe it."""
    refuse_another_root(root, card)
    ends_s = min(now_s + CARD_S, max((key.until_s for key in card.encryption), default=now_s))
    body = bytes_of(replace(card, issued_at_s=now_s, valid_until_s=max(ends_s, now_s + 1)))
    signed = bytes_of(SignedCard(body, (root.sign(CARD, body), *line)))
    believe(signed, None, now_s)
    return signed


def draft_bytes(folder: StationFolder) -> bytes:
    """The next card and the former roots' signatures, for a root on a machine of its own."""
    return bytes_of(SignedCard(bytes_of(next_card(folder)), read_signed(own_signed(folder)).signatures[1:]))


def read_draft(body: bytes) -> tuple[Card, Sequence[SignaturePair]]:
    """The inverse; NotAllowed for anything else."""
    try:
        read = read_signed(body)
        return read_card(read.card), read.signatures
    except Malformed:
        raise NotAllowed("this file is no next card; `tidegate hotline card draft FILE` writes one") from None


def change_root(
    folder: StationFolder, root: PairSigner, successor: PairSigner, now_s: int
) -> tuple[Card, list[str]]:
    """The present root signs over to the next one, which signs the next card. Errors as `sign_and_keep`."""
    before, card = own_card(folder), next_card(folder)
    if root.public_pair() != before.root:
        raise NotAllowed(
            "this is another root than the card's; bring the one that signs for this organisation"
        )
    words = succession(card.organisation, successor.public_pair())
    former = read_signed(own_signed(folder)).signatures[1:]
    moved = replace(card, root=successor.public_pair(), former_roots=(*before.former_roots, before.root))
    line = (*former, root.sign(ROOT_CHANGE, words))
    return sign_and_keep(folder, moved, successor, line, now_s), changes(before, moved)


def refuse_another_root(root: PairSigner, card: Card) -> None:
    if root.public_pair() != card.root:
        raise NotAllowed(f"this is another root than that of {card.name}; bring the one that signs its cards")


def draft_new_keys(folder: StationFolder, station_passphrase: str, now_s: int) -> Card:
    """The next card with encryption keys for its whole time; those that are sealed to no more leave it."""
    card = next_card(folder)
    kept = keys_still_sealed_to(card.encryption, now_s)
    fresh = folder.make_encryption_keys(station_passphrase, times_of_keys(kept, now_s))
    drafted = replace(card, encryption=(*kept, *fresh))
    keep_draft(folder, drafted)
    return drafted


def draft_new_station(folder: StationFolder, station_passphrase: str, now_s: int) -> Card:
    """The next card with another station key, TLS certificate and encryption keys: after a theft.

    The former encryption keys are kept here until their time is over, for what is on its way.
    """
    keys = folder.renew_keys(station_passphrase)
    fresh = folder.make_encryption_keys(station_passphrase, times_of_keys((), now_s))
    drafted = replace(with_station(next_card(folder), folder, keys), encryption=tuple(fresh))
    keep_draft(folder, drafted)
    return drafted


def with_station(card: Card, folder: StationFolder, keys: StationKeys) -> Card:
    return replace(
        card,
        station=keys.station.public_pair(),
        log=keys.log.verifier_key(),
        certificates=(folder.certificate(),),
    )


def keys_still_sealed_to(keys: Sequence[EncryptionKey], now_s: int) -> list[EncryptionKey]:
    """The one that senders use now, and those to come."""
    begun = [key for key in keys if key.from_s <= now_s < key.until_s]
    present = [max(begun, key=lambda key: key.from_s)] if begun else []
    return [*present, *(key for key in keys if key.from_s > now_s)]


def times_of_keys(kept: Sequence[EncryptionKey], now_s: int) -> list[tuple[int, int]]:
    """Of the keys to be made: one for now where none counts, then one behind the other."""
    begins = max((key.from_s + KEY_USED_S for key in kept), default=now_s)
    begins = max(begins, now_s)
    return [
        (begins + at * KEY_USED_S, begins + at * KEY_USED_S + KEY_OPENS_S)
        for at in range(ENCRYPTION_KEYS_MAX - len(kept))
    ]
