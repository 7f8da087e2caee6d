"""The guardian of cards: from signed bytes to a card that is believed, or a refusal that says why.

A card is all that others know of an organisation, so nothing on it is taken on trust: who signed it, whether
it is newer than what is known, and whether each thing on it is what it must be. What a believed card may
look like is `tidegate.hotline.card_form`.
"""

from tidegate.hotline.card_form import refuse_unless_well_formed
from tidegate.hotline.signatures import holds, organisation_of
from tidegate.model.organisations import (
    CARD_BYTES_MAX,
    Card,
    CardOfficer,
    Level,
    OrganisationId,
    PublicPair,
    SignedCard,
)
from tidegate.model.purposes import CARD, ROOT_CHANGE
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from

SIGNED_CARD_BYTES_MAX = 1_450_000
"""A card of CARD_BYTES_MAX in base64, and the signatures of all its roots; a longer one is Malformed."""

AHEAD_S_MAX = 86_400
"""A card may be issued so long after our own clock's time: clocks differ, by a day at most."""


def believe(signed: bytes, known: Card | None, now_s: int) -> Card:
    """The card that these bytes are, where it holds and is no older than what is `known` of its organisation.

    Malformed unless

    1. they are exactly the canonical bytes of a SignedCard, and those in it of a Card.

    NotAllowed unless

    2. the organisation is the digest of its first root;
    3. the present root signed this card, for this purpose;
    4. each former root signed over to the next one, for this organisation;
    5. everything on it is well formed (tidegate.hotline.card_form);
    6. it is not issued in the future, and has not ended.

    And where a card of that organisation is known

    7. it is of that organisation;
    8. its version is higher, or it is that very card: two cards of one version mean that the root is used
       by somebody else, or was brought back from a copy, and neither is believed;
    9. the root that is known is its root, or a former one of it, with those before in the same order.
    """
    card = believe_but_for_time(signed)  # 1 to 5
    if card.issued_at_s > now_s + AHEAD_S_MAX:  # 6
        raise NotAllowed(
            f"card {card.version} of {card.name} is issued in the future; is our clock right, or theirs?"
        )
    refuse_unless_current(card, now_s)
    if known is not None:
        check_follows(card, known)  # 7, 8, 9
    return card


def believe_but_for_time(signed: bytes) -> Card:
    """Rules 1 to 5: for a card that was believed when it came, and may have ended since."""
    read = read_signed(signed)  # 1
    card = read_card(read.card)
    check_roots(card, read)  # 2, 3, 4
    refuse_unless_well_formed(card)  # 5
    return card


def read_signed(signed: bytes) -> SignedCard:
    """Rule 1; believed by nobody yet."""
    return value_from(SignedCard, signed, SIGNED_CARD_BYTES_MAX)


def read_card(card: bytes) -> Card:
    """Rule 1; believed by nobody yet."""
    return value_from(Card, card, CARD_BYTES_MAX)


def check_roots(card: Card, read: SignedCard) -> None:
    """Rules 2, 3 and 4."""
    roots = (*card.former_roots, card.root)
    if card.organisation != organisation_of(roots[0]):  # 2
        raise NotAllowed(f"the card of {card.name} takes an identity that is not its first root's")
    if len(read.signatures) != len(roots):
        raise NotAllowed(f"the card of {card.name} has {len(read.signatures)} signatures, not {len(roots)}")
    if not holds(card.root, read.signatures[0], CARD, read.card):  # 3
        raise NotAllowed(f"card {card.version} of {card.name} is not signed by its root, or was changed")
    for at, former in enumerate(card.former_roots):  # 4
        words = succession(card.organisation, roots[at + 1])
        if not holds(former, read.signatures[at + 1], ROOT_CHANGE, words):
            raise NotAllowed(f"root {at + 1} of {card.name} did not sign over to the next one")


def succession(organisation: OrganisationId, successor: PublicPair) -> bytes:
    """What a root signs when it gives way to another: whose root, and the next one."""
    return organisation.encode() + b"\x00" + bytes_of(successor)


def check_follows(card: Card, known: Card) -> None:
    """Rules 7, 8 and 9."""
    if card.organisation != known.organisation:  # 7
        raise NotAllowed(f"this is the card of another organisation than {known.name}")
    if card.version < known.version:  # 8
        raise NotAllowed(
            f"card {card.version} of {known.name} is stale: card {known.version} is known already"
        )
    if card.version == known.version and card != known:
        raise NotAllowed(
            f"there are two different cards {card.version} of {known.name}: its root is used by somebody "
            "else, or was restored from a copy. Ask them over another way, and meet again if need be"
        )
    known_roots, roots = (*known.former_roots, known.root), (*card.former_roots, card.root)
    if roots[: len(known_roots)] != known_roots:  # 9
        raise NotAllowed(
            f"card {card.version} of {known.name} comes from a root that the known one never signed over to"
        )


def refuse_unless_current(card: Card, now_s: int) -> None:
    """Rule 6, asked again whenever something rests on the card: after its end nothing does, loudly."""
    if now_s >= card.valid_until_s:
        raise NotAllowed(
            f"card {card.version} of {card.name} has ended; until it signs a new one and we have that, "
            "nothing is sent to it and nothing of it is believed"
        )


def root_changed(card: Card, known: Card) -> bool:
    return card.root != known.root


def officer_on(card: Card, name: str, level: Level) -> CardOfficer:
    """The officer, who speaks for this level and for no other. NotAllowed for anyone else."""
    officer = next((one for one in card.officers if one.name == name), None)
    if officer is None:
        raise NotAllowed(
            f"{name} is no officer on card {card.version} of {card.name}: revoked, or never named"
        )
    if officer.level != level:
        raise NotAllowed(f"{name} of {card.name} speaks for the {officer.level}, not for the {level}")
    return officer


def quorum_of(card: Card, level: Level) -> int:
    """How many officers sign what this level says. NotAllowed where the card has nobody who may."""
    for quorum in card.quorums:
        if quorum.level == level:
            return quorum.officers
    raise NotAllowed(f"card {card.version} of {card.name} names no officers of level {level}")
