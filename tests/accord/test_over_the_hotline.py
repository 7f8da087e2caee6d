"""Two stations sign an accord over the hotline, and each finds the same standing in its own ledger."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.accord.exchange import ORGANISATIONS
from tests.accord.year import written
from tests.hotline.test_two_stations import Party, TwoParties
from tidegate.app.accord.agreed import AgreedDeadlines
from tidegate.app.accord.books import Books, Message, Receipt, books_of
from tidegate.app.accord.guarding import Remarks
from tidegate.app.accord.opening import found
from tidegate.app.hotline.station import Station
from tidegate.model.hotline_facts import DeadlinePassed, Deadlines, MessageQueued, MessageStored, ReceiptCame
from tidegate.model.messages import CodedField
from tidegate.model.organisations import Digest
from tidegate.ports.hotline_control import DraftAttachment

HOUR_MS = 3_600_000
DAY_S = 86_400
ACKNOWLEDGE_S, CLARIFY_S = 86_400, 48 * 3_600
"""As the accord says: 24 hours for an officer's acknowledgement, 48 for a clarification."""


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
    )  # fmt: skip
    for signer in signers:
        give_signature(party.needs, message, party.own.signed(signer, body))


class Held:
    """The books of a party, read again at each look."""

    def __init__(self, party: Party) -> None:
        self._party = party

    def ready(self, pieces: int) -> bool:
        return pieces > 0

    @property
    def known(self) -> Books:
        return books_on(self._party)


def in_force(world: TwoParties, *, both: bool = True) -> None:
    file = written()
    for code, party in (("XA", world.anna), ("XB", world.bahar)):
        file = file.replace(ORGANISATIONS[code].encode(), party.own.organisation.encode())
        following: Any = Held(party)
        agreed = AgreedDeadlines(following, world.clock)
        party.needs = replace(party.needs, agreed=agreed, remarks=Remarks(following, world.clock))
        party.station = Station(party.needs, list(party.paths.values()))
    for party in (world.anna, world.bahar) if both else (world.anna,):
        signing(party, file, ["senior one", "senior two"])
        world.turns()


def due_of(world: TwoParties, message: Digest) -> tuple[Deadlines, Deadlines]:
    """At its sender and at its recipient."""
    sent, received = (
        world.anna.needs.state.find_sent(message),
        world.bahar.needs.state.find_received(message),
    )
    assert sent is not None
    assert received is not None
    return sent.deadlines, received.deadlines


@pytest.mark.parametrize("both", [True, False])
def test_an_accord_in_force_gives_the_deadlines_of_a_message_that_names_it(both: bool) -> None:
    """The clocks of the articles that the message starts, where they are shorter than the precedence's."""
    world = TwoParties()
    in_force(world, both=both)
    usual = world.anna.says(precedence="ROUTINE", form="clarification-request")
    asked = world.anna.says(precedence="ROUTINE", form="clarification-request", accord="XA-XB-2028")
    drill = world.anna.says(precedence="ROUTINE", form="incident", accord="XA-XB-2028", mark="DRILL")
    world.turns()
    for due in due_of(world, usual):
        assert due == Deadlines(r1_s=DAY_S, r2_s=3 * DAY_S, r3_s=7 * DAY_S)
    for due in due_of(world, drill):
        assert due == Deadlines(r1_s=DAY_S, r2_s=3 * DAY_S, r3_s=None)
    for due in due_of(world, asked):
        agreed = Deadlines(r1_s=DAY_S, r2_s=ACKNOWLEDGE_S, r3_s=CLARIFY_S)
        assert due == (agreed if both else Deadlines(r1_s=DAY_S, r2_s=3 * DAY_S, r3_s=7 * DAY_S))


def test_who_is_late_under_an_accord_is_told_of_when_its_clock_says() -> None:
    world = TwoParties()
    in_force(world)
    asked = world.anna.says(precedence="ROUTINE", form="clarification-request", accord="XA-XB-2028")
    world.turns()
    world.clock.at_ms += (ACKNOWLEDGE_S - 60) * 1_000
    world.turns()
    assert late(world, asked) == []
    world.clock.at_ms += 120_000
    world.turns()
    assert late(world, asked) == [("R2", "desk")]


def late(world: TwoParties, message: Digest) -> list[tuple[str, str]]:
    facts = [fact for _, fact in world.anna.disk.facts if isinstance(fact, DeadlinePassed)]
    return [(fact.awaited, fact.level) for fact in facts if fact.message == message]


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
