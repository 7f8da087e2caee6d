"""Meeting another organisation: its card, the number that two officers compare, and trust kept in a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from tidegate.app.hotline.founding import own_card
from tidegate.hotline.card_changes import changes
from tidegate.hotline.card_warnings import CardWarning, days_left, ends_at_s, warnings_of
from tidegate.hotline.cards import believe, believe_but_for_time
from tidegate.hotline.ceremony import ceremony_number, in_groups, is_the_same
from tidegate.hotline.signatures import organisation_of
from tidegate.hotline.texts import alike, resemble
from tidegate.model.organisations import Card, OrganisationId, PublicPair
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.hotline import PairSigner
from tidegate.ports.hotline_identity import Leaving, Meeting, StationFolder

__all__ = [
    "Card",
    "CardWarning",
    "PairSigner",
    "Peer",
    "Proposal",
    "PublicPair",
    "StationFolder",
    "days_left",
    "ends_at_s",
    "find_peer",
    "in_groups",
    "is_the_same",
    "leave",
    "meet",
    "must_be_ours",
    "must_find_card",
    "organisation_of",
    "peers",
    "propose",
    "take_card",
    "warnings_of",
]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A card that may be met, once the number was compared. `alike` says which of its names could be mistaken
    for another's."""

    card: Card
    signed_card: bytes
    number: str
    met_before: bool
    alike: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Peer:
    """Whom we met. `card` is None where its file does not hold, `why` then says why."""

    meeting: Meeting
    card: Card | None
    why: str


def propose(folder: StationFolder, signed_card: bytes, now_s: int) -> Proposal:
    """NotAllowed or Malformed where the card would not be believed, or an older one than is known."""
    own = own_card(folder)
    card = believed_from_file(signed_card, None, now_s)
    met = peers(folder)
    known = next((one.card for one in met if one.meeting.organisation == card.organisation), None)
    if known is not None and card.version < known.version:
        raise NotAllowed(
            f"card {card.version} of {card.name} is stale: card {known.version} is known already"
        )
    others = [own, *(one.card for one in met if one.card is not None)]
    doubts = tuple(names_alike(card, others))
    return Proposal(card, signed_card, ceremony_number(own, card), known is not None, doubts)


def names_alike(card: Card, others: Sequence[Card]) -> Iterator[str]:
    """Sentences on names that a reader could take for another's: the organisation's, and its officers'."""
    for other in others:
        same = other.name.casefold() == card.name.casefold() or resemble(card.name, other.name)
        if same and other.organisation != card.organisation:
            yield (
                f'"{card.name}" can be mistaken for "{other.name}" ({other.country}, '
                f"{other.organisation[:16]}), which is another organisation."
            )
    for name, before in alike(officer.name for officer in card.officers):
        yield f'Its officer "{name}" can be mistaken for its officer "{before}".'


def meet(folder: StationFolder, proposal: Proposal, officer: str, how: str, now_s: int) -> Meeting:
    """The number was the same. `officer` compared it, and stands on our own card; `how` says over what."""
    must_be_ours(folder, officer)
    met = Meeting(
        organisation=proposal.card.organisation,
        number=proposal.number,
        officer=officer,
        how=how,
        met_at_s=now_s,
        signed_card=proposal.signed_card,
    )
    folder.keep_meeting(met)
    return met


def must_be_ours(folder: StationFolder, officer: str) -> None:
    card = own_card(folder)
    if all(one.name != officer for one in card.officers):
        raise NotAllowed(
            f"{officer} is no officer on our card {card.version}; `tidegate hotline officer add` names one, "
            "and the root signs it"
        )


def take_card(folder: StationFolder, signed_card: bytes, now_s: int) -> tuple[Card, list[str]]:
    """A newer card from a file, of whom we met or our own; the card, and what it changes. Errors as the
    guardian's, and NotAllowed for a card of whom we never met."""
    claimed = believed_from_file(signed_card, None, now_s)
    own = own_card(folder)
    if claimed.organisation == own.organisation:
        card = believe(signed_card, own, now_s)
        folder.keep_own_card(signed_card)
        folder.keep_draft(None)
        return card, changes(own, card)
    met = peers(folder)
    others = [own, *(one.card for one in met if one.card is not None)]
    for peer in met:
        if peer.meeting.organisation == claimed.organisation:
            card = believe(signed_card, peer.card, now_s)
            folder.keep_meeting(replace(peer.meeting, signed_card=signed_card))
            return card, [*names_alike(card, others), *(changes(peer.card, card) if peer.card else ())]
    raise NotAllowed(f"{claimed.name} was never met here; `tidegate hotline meet FILE` begins the ceremony")


def believed_from_file(signed_card: bytes, known: Card | None, now_s: int) -> Card:
    try:
        return believe(signed_card, known, now_s)
    except Malformed:
        raise NotAllowed("this file is no card; `tidegate hotline card export FILE` writes one") from None


def peers(folder: StationFolder) -> list[Peer]:
    """By name."""
    found = [peer_from(meeting) for meeting in folder.meetings()]
    return sorted(found, key=lambda peer: peer.card.name.casefold() if peer.card else "")


def peer_from(meeting: Meeting) -> Peer:
    try:
        return Peer(meeting, believe_but_for_time(meeting.signed_card), "")
    except (Malformed, NotAllowed) as refusal:
        return Peer(meeting, None, str(refusal))


def find_peer(folder: StationFolder, name: str) -> Peer:
    """By its whole name, or the beginning of its identity. NotAllowed where that is nobody, or several."""
    found = [
        peer
        for peer in peers(folder)
        if (peer.card and peer.card.name.casefold() == name.casefold())
        or (len(name) >= 4 and peer.meeting.organisation.startswith(name.casefold()))
    ]
    match found:
        case [peer]:
            return peer
        case []:
            raise NotAllowed(f"{name} was never met here; `tidegate hotline peers` lists who was")
        case _:
            raise NotAllowed(f"{name} are several peers; write more of the identity")


def must_find_card(folder: StationFolder, name: str) -> Card:
    """As `find_peer`, and NotAllowed where its card does not hold."""
    peer = find_peer(folder, name)
    if peer.card is None:
        raise NotAllowed(f"the card of {name} does not hold: {peer.why}")
    return peer.card


def leave(folder: StationFolder, organisation: OrganisationId, officer: str, why: str) -> None:
    must_be_ours(folder, officer)
    folder.leave(Leaving(organisation=organisation, officer=officer, why=why))
