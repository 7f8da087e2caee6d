"""What a station carries for others: sealed envelopes, for listed peers, for a while, within quotas.

A relay learns an envelope's header and its size, and nothing else; it opens nothing and answers for nothing
but custody. The rules, numbered as in the code:

1. Who hands an envelope over is a listed peer, proved by the path it came on.
2. It is for a listed peer other than the one who handed it over, and other than ourselves.
3. One hop: who hands over is no relay of somebody else's envelope, because custody is handed on to the
   recipient alone and never to another relay.
4. It is held until its own end or HOLD_S_MAX, whichever is sooner, and not at all after its end.
5. Each peer has its share of room; one that fills its share takes nothing from the others.
6. The same envelope for the same recipient is held once, and its custody said again as it was.
7. It is let go when the recipient took it or when its time is over.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from tidegate.model.messages import EnvelopeHeader
from tidegate.model.organisations import Digest, OrganisationId
from tidegate.model.refusals import Full, NotAllowed

HOLD_S_MAX = 14 * 86_400
"""Longest custody, two weeks; after it the envelope is let go, and its sender must offer it again."""

KEPT_MAX = 4_096
"""Envelopes in custody, all peers together; a further one is refused as Full."""

KEPT_BYTES_MAX = 1 << 30
"""Bytes in custody, all peers together; an envelope beyond it is refused as Full."""

SENDER_KEPT_MAX = 512
"""Envelopes in custody for one sender; a further one of that sender is refused as Full."""

SENDER_BYTES_MAX = 128 << 20
"""Bytes in custody for one sender; an envelope of that sender beyond it is refused as Full."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One envelope in custody for one recipient."""

    envelope: Digest
    sender: OrganisationId
    recipient: OrganisationId
    size: int
    taken_at_s: int
    until_s: int


Custodies = Mapping[str, Kept]
"""What a relay holds, by `custody_key`."""


def custody_key(envelope: Digest, recipient: OrganisationId) -> str:
    return f"{envelope}/{recipient}"


def relayed_to(
    header: EnvelopeHeader, own: OrganisationId, sender: OrganisationId, listed: Collection[OrganisationId]
) -> tuple[OrganisationId, ...]:
    """For whom a peer may want this envelope carried (rules 1 and 2); it may be for ourselves beside."""
    if sender not in listed:  # rule 1
        return ()
    recipients = (wrap.recipient for wrap in header.wraps)
    return tuple(to for to in recipients if to in listed and to not in {own, sender})  # rule 2


def take(
    kept: Custodies,
    header: EnvelopeHeader,
    envelope: Digest,
    size: int,
    sender: OrganisationId,
    recipient: OrganisationId,
    now_s: int,
) -> Kept:
    """The custody to sign, new or as it was. `recipient` is one of `relayed_to`.

    NotAllowed for what is over; Full where there is no room. Envelopes whose time is over (`over`) count
    until they are let go.
    """
    if (before := kept.get(custody_key(envelope, recipient))) is not None:  # rule 6
        return before
    until_s = min(header.expires_at_s, now_s + HOLD_S_MAX)  # rule 4
    if until_s <= now_s:
        raise NotAllowed("the envelope's time is over; it is carried no further")
    refuse_unless_there_is_room(kept, sender, size)  # rule 5
    return Kept(
        envelope=envelope,
        sender=sender,
        recipient=recipient,
        size=size,
        taken_at_s=now_s,
        until_s=until_s,
    )


def refuse_unless_there_is_room(kept: Custodies, sender: OrganisationId, size: int) -> None:
    theirs = [custody.size for custody in kept.values() if custody.sender == sender]
    if len(theirs) >= SENDER_KEPT_MAX:
        raise Full("this sender's envelopes in custody", SENDER_KEPT_MAX)
    if sum(theirs) + size > SENDER_BYTES_MAX:
        raise Full("this sender's bytes in custody", SENDER_BYTES_MAX)
    if len(kept) >= KEPT_MAX:
        raise Full("envelopes in custody", KEPT_MAX)
    if sum(custody.size for custody in kept.values()) + size > KEPT_BYTES_MAX:
        raise Full("bytes in custody", KEPT_BYTES_MAX)


def to_hand_over(kept: Custodies, peer: OrganisationId, now_s: int) -> Sequence[Kept]:
    """What waits here for this peer and no other (rule 3), the oldest first."""
    theirs = [custody for custody in kept.values() if custody.recipient == peer and now_s < custody.until_s]
    return sorted(theirs, key=lambda custody: (custody.taken_at_s, custody.envelope))


def over(kept: Custodies, now_s: int) -> Sequence[Kept]:
    """What is to be let go because its time has come (rule 7)."""
    return [custody for custody in kept.values() if custody.until_s <= now_s]
