"""Two stations sign an accord over the hotline, and each finds the same standing in its own ledger."""

from hashlib import sha256

from tests.accord.exchange import ORGANISATIONS
from tests.accord.year import written
from tests.hotline.test_two_stations import Party, TwoParties
from tidegate.app.accord.books import Books, Message, Receipt, books_of, found
from tidegate.model.hotline_facts import MessageQueued, MessageStored, ReceiptCame
from tidegate.model.messages import CodedField
from tidegate.model.organisations import Digest
from tidegate.ports.hotline_control import DraftAttachment

HOUR_MS = 3_600_000


class DiskBlobs:
    """A station's blobs as an EnvelopeStore that is only read."""

    def __init__(self, party: Party) -> None:
        self._blobs = party.disk.blobs

    def get(self, digest: Digest) -> bytes | None:
        return self._blobs.get(digest)


def books_on(party: Party) -> Books:
    messages: list[Message] = []
    receipts: list[Receipt] = []
    for number, (at_ms, fact) in enumerate(party.disk.facts):
        if isinstance(fact, ReceiptCame):
            receipts.append(Receipt(fact.message, fact.recipient, fact.stored_at_s, number))
        elif isinstance(fact, (MessageQueued, MessageStored)):
            message = found(DiskBlobs(party), fact, number, at_ms, party.own.organisation)  # type: ignore[arg-type]
            messages.append(message)
            if not message.ours:
                receipts.append(Receipt(message.digest, party.own.organisation, at_ms // 1_000, number))
    return books_of(messages, receipts)


def signing(party: Party, file: bytes, signers: list[str]) -> None:
    """The senior officers of one side sign the accord's very bytes."""
    from tests.hotline.test_two_stations import draft
    from tidegate.app.hotline.composing import compose, give_signature

    fields = (
        CodedField("declaration", ("accord",)),
        CodedField("act", ("made",)),
        CodedField("accord-digest", (sha256(file).hexdigest(),)),
    )
    others = [one.organisation for one in party.world.identities if one is not party.own]
    attached = (DraftAttachment("accord.toml", "application/toml", file),)
    message, body, _ = compose(
        party.needs,
        draft(
            *others, level="senior", form="declaration", accord="XA-XB-2028", fields=fields, remarks="",
            attachments=attached,
        ),
        {},
    )  # fmt: skip
    for signer in signers:
        give_signature(party.needs, message, party.own.signed(signer, body))


def test_an_accord_signed_over_the_hotline_is_in_force_on_both_sides() -> None:
    world = TwoParties()
    file = written()
    for code, party in (("XA", world.anna), ("XB", world.bahar)):
        file = file.replace(ORGANISATIONS[code].encode(), party.own.organisation.encode())
    signing(world.anna, file, ["senior one", "senior two"])
    world.turns()
    now_s = world.clock.now_ms() // 1_000
    assert books_on(world.bahar).current("XA-XB-2028", now_s).force is None
    signing(world.bahar, file, ["senior one", "senior two"])
    world.turns()
    ours, theirs = (books_on(party).current("XA-XB-2028", now_s) for party in (world.anna, world.bahar))
    assert ours.digest == theirs.digest == sha256(file).hexdigest()
    assert ours.force == theirs.force is not None
    later_s = now_s + 40 * 86_400
    standings = [
        [(one.name, one.stage, one.due_s) for one in book.reckoning().standing(later_s)]
        for book in (ours, theirs)
    ]
    assert standings[0] == standings[1] != []
