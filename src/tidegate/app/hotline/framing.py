"""Giving messages their serials and envelopes, in the one order that lets no crash or copy reuse a serial.

1. The anchor is written, then the facts are recorded, in one transaction with packages and envelopes; only
   what is recorded is ever sent (tidegate.hotline.courier).
2. A node that starts beside an anchor that disagrees with its record begins a new epoch first.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tidegate.app.hotline.needs import Needs, sealed_or_none
from tidegate.hotline.correspondence import correspondence_of
from tidegate.hotline.delivery import Stage
from tidegate.hotline.several import sign_each
from tidegate.hotline.state import Sent, is_offered
from tidegate.model import purposes
from tidegate.model.hotline_facts import EnvelopeMadeAnew, EpochBegun, MessageQueued, Place
from tidegate.model.messages import PRECEDENCES, Content, Frame, Package
from tidegate.model.organisations import NO_DIGEST, SEVERAL_MAX, Card, Digest, StationSignature
from tidegate.model.value_bytes import bytes_of, digest_of, value_from
from tidegate.ports.hotline import AnchorMark
from tidegate.ports.outside import OutsideFailed

FRAMED_AT_ONCE_MAX = SEVERAL_MAX
"""Messages that get their serials in one transaction; the next ones follow in the next turn."""

PACKAGE_BYTES_MAX = 1 << 22
"""A message at its bound in base64, with signatures; nothing longer was ever stored."""

EPOCH_SPREAD_S = 1 << 20
"""How much later, twelve days at most, the epoch of a node that was brought back may be."""

KEPT_S = 10 * 365 * 86_400
"""A message without an end is sealed for so long: what a relay must hold is bounded by its own rules."""


def begin_epoch(needs: Needs, why: str) -> None:
    """Later than every epoch that the record or the anchor knows of, and not before now.

    A record without its mark was brought back from a copy. It knows nothing of an epoch that was begun after
    that, and a clock that is behind would give the same one again: chance keeps the two apart.
    """
    mark = needs.anchor.read()
    known = max(needs.state.epoch, mark.epoch if mark else 0)
    epoch = max(needs.now_s(), known + 1)
    if mark is None and needs.state.epoch:
        epoch += int(needs.nonce(), 16) % EPOCH_SPREAD_S
    needs.record.record(EpochBegun(epoch, why))
    needs.anchor.write(AnchorMark(epoch, needs.state.framed))


def settle_epoch(needs: Needs) -> None:
    """2. Once, before the first message of this run."""
    state = needs.state
    mark = needs.anchor.read()
    if not state.epoch:
        begin_epoch(needs, "the node was founded")
    elif mark != AnchorMark(state.epoch, state.framed):
        begin_epoch(needs, "the record and its mark beside it disagree: it may be an older copy")


def waiting_for_place(needs: Needs) -> list[Sent]:
    """The most urgent first, then in the order of composing."""
    waiting = [
        sent for sent in needs.state.sent.values() if sent.spoilt or sent.copies[0].stage is Stage.AUTHORISED
    ]
    return sorted(waiting, key=lambda sent: PRECEDENCES.index(sent.about.precedence))


def frame_what_waits(needs: Needs) -> int:
    """How many messages got their places now."""
    groups: dict[Digest, list[tuple[Sent, list[Card]]]] = {}
    for sent in waiting_for_place(needs):
        if sum(map(len, groups.values())) == FRAMED_AT_ONCE_MAX:
            break
        cards = recipients_cards(needs, sent)
        if cards is not None:
            correspondence = correspondence_of(sent.about.sender, sent.about.recipients)
            groups.setdefault(correspondence, []).append((sent, cards))
    made = [one for correspondence, group in groups.items() for one in framed(needs, correspondence, group)]
    if made:
        needs.anchor.write(AnchorMark(needs.state.epoch, needs.state.framed + len(made)))  # 1
        blobs = [blob for one in made for blob in (one.package, one.envelope)]
        needs.record.record(*(one.fact for one in made), keep=blobs)
    return len(made)


def seal_anew(needs: Needs) -> None:
    """Envelopes on their way whose key a recipient has given up, or is about to: the same package, sealed to
    its newest keys."""
    for sent in [*needs.state.sent.values()]:
        if not any(is_offered(sent, copy) for copy in sent.copies):
            continue
        cards = recipients_cards(needs, sent)
        if cards is None or needs.seals.keys_last(stored(needs, sent.envelope), cards, needs.now_s()):
            continue
        package = value_from(Package, stored(needs, sent.package), PACKAGE_BYTES_MAX)
        envelope = sealed_package(needs, package, cards, sent)
        if envelope is not None:
            needs.record.record(EnvelopeMadeAnew(sent.about.message, digest_of(envelope)), keep=[envelope])


class Framed(NamedTuple):
    """A message in its new place, its package and its envelope."""

    fact: MessageQueued
    package: bytes
    envelope: bytes


def framed(needs: Needs, correspondence: Digest, group: Sequence[tuple[Sent, list[Card]]]) -> list[Framed]:
    """Messages of one correspondence, one behind the other, their frames signed at once. What cannot be
    sealed now is left out, and the others take its place: what was signed before is thrown away."""
    while group:
        frames = frames_of(needs, correspondence, [sent.about.message for sent, _ in group])
        signatures = sign_each(needs.signer, purposes.FRAME, frames)
        made: list[Framed] = []
        unsealed: set[Digest] = set()
        for (sent, cards), frame, signature in zip(group, frames, signatures, strict=True):
            package = package_of(needs, sent, frame, signature)
            envelope = sealed_package(needs, package, cards, sent)
            if envelope is None:
                unsealed.add(sent.about.message)
                continue
            body = bytes_of(package)
            fact = MessageQueued(sent.about.message, place_of(frame), digest_of(body), digest_of(envelope))
            made.append(Framed(fact, body, envelope))
        if not unsealed:
            return made
        group = [one for one in group if one[0].about.message not in unsealed]
    return []


def frames_of(needs: Needs, correspondence: Digest, messages: Sequence[Digest]) -> list[bytes]:
    """Each with the serial behind the one before it, from where the correspondence stands in this epoch."""
    line, epoch = needs.state.lines.get(correspondence), needs.state.epoch
    serial, previous = 0, NO_DIGEST
    if line is not None and line.epoch == epoch:
        serial, previous = line.serial, line.frame
    frames: list[bytes] = []
    for message in messages:
        serial += 1
        frames.append(
            bytes_of(
                Frame(
                    content=message,
                    correspondence=correspondence,
                    epoch=epoch,
                    serial=serial,
                    previous=previous,
                    framed_at_s=needs.now_s(),
                )
            )
        )
        previous = digest_of(frames[-1])
    return frames


def package_of(needs: Needs, sent: Sent, frame: bytes, signature: StationSignature) -> Package:
    content = stored(needs, sent.about.message)
    attachments = value_from(Content, content, len(content)).attachments
    return Package(
        content=content,
        officers=sent.signatures,
        frame=frame,
        station=signature,
        attachments=tuple(stored(needs, one.sha256) for one in attachments),
    )


def sealed_package(needs: Needs, package: Package, cards: list[Card], sent: Sent) -> bytes | None:
    """None where a recipient has no encryption key for now: the message waits for its next card."""
    expires_at_s = sent.about.expires_at_s or sent.about.composed_at_s + KEPT_S
    return sealed_or_none(needs, package, cards, expires_at_s)


def recipients_cards(needs: Needs, sent: Sent) -> list[Card] | None:
    found = [needs.cards.of(recipient) for recipient in sent.about.recipients]
    cards = [card for card in found if card is not None]
    return cards if len(cards) == len(found) else None


def place_of(frame: bytes) -> Place:
    read = value_from(Frame, frame, len(frame))
    return Place(
        frame=digest_of(frame),
        correspondence=read.correspondence,
        epoch=read.epoch,
        serial=read.serial,
        previous=read.previous,
    )


def stored(needs: Needs, digest: Digest) -> bytes:
    """OutsideFailed where the record names what is not in the store: then the store lost it."""
    body = needs.blobs.get(digest)
    if body is None:
        remedy = "Restore the database from a copy of one moment; `tidegate ledger verify` checks it."
        raise OutsideFailed(f"the blob {digest[:16]} is missing", "the envelope store", remedy)
    return body
