"""Two stations and a net between them: what is said is stored, receipted, opened and answered."""

from collections.abc import Callable
from dataclasses import replace as dataclass_replace
from itertools import count

import pytest
from msgspec.structs import replace

from tests.hotline.stand_ins import (
    Disk,
    Identity,
    StandInPath,
    StandInSeals,
    founded,
    identity,
    needs_of,
    stand_in_holds,
)
from tests.stand_ins import HandClock
from tidegate.app.hotline.composing import compose, give_signature
from tidegate.app.hotline.needs import Needs
from tidegate.app.hotline.station import Station
from tidegate.hotline.delivery import Stage
from tidegate.hotline.several import station_holds
from tidegate.model.hotline_facts import MessageAuthorised, MessageQueued, ReceiptCame
from tidegate.model.messages import Package, Receipt, Sealed, SignedReceipt, SignedReceipts
from tidegate.model.organisations import Digest, Endpoint, OrganisationId
from tidegate.model.purposes import RECEIPT
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from
from tidegate.ports.hotline import Arrival, Outcome
from tidegate.ports.hotline_control import Draft


def draft(*recipients: OrganisationId, **changes: object) -> Draft:
    known = {
        "recipients": recipients,
        "reference": "",
        "expires_at_s": None,
        "precedence": "FLASH",
        "level": "desk",
        "mark": "REAL",
        "form": "free-text",
        "accord": "",
        "answers": None,
        "tlp": "TLP:AMBER",
        "pap": "PAP:AMBER",
        "language": "en",
        "fields": (),
        "remarks": "a flood from here is not ours",
        "attachments": (),
    }
    return Draft(**(known | changes))  # type: ignore[arg-type]


class Party:
    """One station, its disk, and its ends of the net."""

    def __init__(self, own: Identity, world: "TwoParties") -> None:
        self.own = own
        self.world = world
        self.disk = Disk()
        self.disk.facts += [(world.clock.now_ms(), fact) for fact in founded(own, world.identities)]
        self.start()

    def start(self, **changes: int) -> None:
        needs = needs_of(
            self.own, self.world.identities, self.disk, self.world.seals, self.world.clock, self.world.nonce
        )
        self.needs: Needs = dataclass_replace(needs, **changes)
        self.paths = {name: StandInPath(name, self.send) for name in ("https", "udp")}
        self.station = Station(self.needs, list(self.paths.values()))
        self.station.start()

    def send(
        self,
        path: str,
        peer: OrganisationId,
        endpoint: Endpoint,
        envelopes: tuple[bytes, ...],
        ticket: int,
    ) -> bool:
        return self.world.carry(self, path, peer, endpoint, envelopes, ticket)

    def says(self, signer: str = "desk one", **changes: object) -> Digest:
        others = [one.organisation for one in self.world.identities if one is not self.own]
        message, body, _ = compose(self.needs, draft(*others, **changes))
        give_signature(self.needs, message, self.own.signed(signer, body))
        return message

    def stage(self, message: Digest) -> Stage:
        sent = self.needs.state.find_sent(message)
        assert sent is not None
        return sent.copies[0].stage


class TwoParties:
    """A net that carries at once, as long as it is whole."""

    def __init__(self, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.seals = StandInSeals()
        numbers = count()
        self.nonce: Callable[[], str] = lambda: f"{next(numbers):032x}"
        self.identities = [identity("anna", quorum=2), identity("bahar")]
        self.whole = True
        self.anna, self.bahar = (Party(one, self) for one in self.identities)

    def carry(
        self,
        sender: Party,
        path: str,
        peer: OrganisationId,
        endpoint: Endpoint,
        envelopes: tuple[bytes, ...],
        ticket: int,
    ) -> bool:
        if not self.whole:
            sender.paths[path].told.append(Outcome(path, peer, endpoint, "no answer", 0, ticket))
            return True
        other = self.bahar if sender is self.anna else self.anna

        def answer(back: object) -> None:
            assert isinstance(back, list | tuple)
            sender.paths[path].came.append(Arrival(path, peer, tuple(back), None))
            sender.paths[path].told.append(Outcome(path, peer, endpoint, "", 20, ticket))

        other.paths[path].came.append(Arrival(path, sender.own.organisation, envelopes, answer))
        return True

    def turns(self, rounds: int = 4) -> None:
        for _ in range(rounds):
            self.anna.station.turn()
            self.bahar.station.turn()
            self.clock.at_ms += 100


@pytest.fixture
def world() -> TwoParties:
    return TwoParties()


def test_a_message_is_stored_and_receipted_and_shown_delivered_only_then(world: TwoParties) -> None:
    message = world.anna.says()
    assert world.anna.stage(message) is Stage.AUTHORISED
    world.anna.station.turn()
    assert world.anna.stage(message) is Stage.QUEUED
    world.bahar.station.turn()
    assert world.bahar.needs.state.find_received(message) is not None
    assert world.anna.stage(message) is Stage.QUEUED
    world.turns()
    assert world.anna.stage(message) is Stage.STORED


def on_their_way(party: Party) -> tuple[bytes, ...]:
    return tuple(
        body
        for sent in party.needs.state.sent.values()
        if (body := party.needs.blobs.get(sent.envelope or "")) is not None
    )


def test_several_messages_of_one_turn_are_signed_receipted_and_proved_at_once(world: TwoParties) -> None:
    world.turns()
    messages = [world.anna.says(remarks=f"number {number}") for number in range(5)]
    world.turns()
    assert {world.anna.stage(message) for message in messages} == {Stage.STORED}
    came = [fact for _, fact in world.anna.disk.facts if isinstance(fact, ReceiptCame)]
    station = world.bahar.own.station.public_pair()
    for fact, message in zip(came, messages, strict=True):
        signed = value_from(SignedReceipt, world.anna.disk.blobs[fact.receipt], 1 << 16)
        assert signed.signature.among is not None
        assert signed.signature.among.count == 5
        assert station_holds(stand_in_holds, station, signed.signature, RECEIPT, signed.receipt)
        assert fact.message == message
    assert len({fact.receipt for fact in came}) == 5
    serials = [fact.place.serial for _, fact in world.anna.disk.facts if isinstance(fact, MessageQueued)]
    assert serials == [1, 2, 3, 4, 5]


def test_several_that_come_again_are_receipted_again_in_one_envelope(world: TwoParties) -> None:
    world.turns()
    for number in range(3):
        world.anna.says(remarks=f"number {number}")
    world.whole = False
    world.anna.station.turn()
    envelopes = on_their_way(world.anna)
    intake, anna = world.bahar.station.intake, world.anna.own.organisation
    first = intake.take([Arrival("https", anna, envelopes, None)])
    again = intake.take([Arrival("https", anna, envelopes[1:], None)])
    assert (len(envelopes), len(first.replies[anna])) == (3, 1)
    assert again.replies == first.replies
    world.bahar.start()  # it remembers nothing, and judges them anew
    anew = world.bahar.station.intake.take([Arrival("https", anna, envelopes[1:], None)])
    kinds = [type(fact).__name__ for _, fact in world.bahar.disk.facts]
    assert (len(anew.replies[anna]), kinds.count("MessageStored")) == (1, 3)
    heard = world.anna.station.take([Arrival("https", None, tuple(first.replies[anna]), None)], 0)
    assert [kind for kind, _, _ in heard.told] == ["receipt"] * 3


def test_a_receipt_that_a_relay_put_among_others_counts_for_nothing_and_spoils_them(
    world: TwoParties,
) -> None:
    world.turns()
    messages = [world.anna.says(remarks=f"number {number}") for number in range(3)]
    world.whole = False
    world.anna.station.turn()
    anna, bahar = world.anna.own, world.bahar.own
    taken = world.bahar.station.intake.take(
        [Arrival("https", anna.organisation, on_their_way(world.anna)[:2], None)]
    )
    true = world.seals.value(taken.replies[anna.organisation][0])
    assert isinstance(true, SignedReceipts)
    third = world.anna.needs.state.find_sent(messages[2])
    assert third is not None
    assert third.place is not None
    forged = bytes_of(
        replace(value_from(Receipt, true.receipts[0], 1 << 16), message=messages[2], frame=third.place.frame)
    )
    for receipts in ((*true.receipts, forged), (true.receipts[0], forged)):
        several = SignedReceipts(receipts=receipts, signature=true.signature)
        envelope = world.seals.seal(several, [anna.card], 0, 0)
        world.anna.station.take([Arrival("https", bahar.organisation, (envelope,), None)], 0)
    assert {world.anna.stage(message) for message in messages} == {Stage.QUEUED}
    world.anna.station.take([Arrival("https", None, tuple(taken.replies[anna.organisation]), None)], 0)
    assert [world.anna.stage(message) for message in messages] == [Stage.STORED, Stage.STORED, Stage.QUEUED]


def test_what_cannot_be_sealed_keeps_no_other_from_its_place(world: TwoParties) -> None:
    world.turns()
    messages = [world.anna.says(remarks=f"number {number}") for number in range(3)]
    seal = world.seals.seal

    def refusing(value: Sealed, *others: object) -> bytes:
        if isinstance(value, Package) and b"number 1" in value.content:
            raise NotAllowed("it is too long")
        return seal(value, *others)  # type: ignore[arg-type]

    world.seals.seal = refusing  # type: ignore[method-assign,assignment]
    world.turns()
    stages = [world.anna.stage(message) for message in messages]
    assert stages == [Stage.STORED, Stage.AUTHORISED, Stage.STORED]
    world.seals.seal = seal  # type: ignore[method-assign]
    world.clock.at_ms += 1_000
    world.turns()
    assert world.anna.stage(messages[1]) is Stage.STORED


def test_opening_and_answering_come_back_as_r2_and_r3(world: TwoParties) -> None:
    message = world.anna.says(form="clarification-request")
    world.turns()
    world.bahar.says(form="receipt", answers=message)
    world.turns()
    assert world.anna.stage(message) is Stage.OPENED
    world.bahar.says(form="clarification-reply", answers=message)
    world.turns()
    assert world.anna.stage(message) is Stage.ANSWERED
    received = world.bahar.needs.state.find_received(message)
    assert received is not None
    assert received.answered_s is not None


def test_a_cut_net_loses_nothing_and_the_message_arrives_when_it_is_back(world: TwoParties) -> None:
    world.whole = False
    message = world.anna.says(precedence="ROUTINE")
    world.turns(50)
    assert world.anna.stage(message) is Stage.QUEUED
    world.clock.at_ms += 3_600_000
    world.turns()
    world.whole = True
    world.clock.at_ms += 60_000
    world.turns()
    assert world.anna.stage(message) is Stage.STORED


def test_a_restarted_node_goes_on_offering_and_uses_no_serial_twice(world: TwoParties) -> None:
    world.whole = False
    first = world.anna.says()
    world.anna.station.turn()
    world.anna.start()
    world.whole = True
    second = world.anna.says()
    world.turns(10)
    assert {world.anna.stage(first), world.anna.stage(second)} == {Stage.STORED}
    places = [world.anna.needs.state.find_sent(one) for one in (first, second)]
    assert [one.place.serial for one in places if one and one.place] == [1, 2]


def test_a_node_on_an_older_copy_of_its_database_begins_a_new_epoch(world: TwoParties) -> None:
    copy = world.anna.disk.copied()
    lost = world.anna.says()
    world.turns()
    copy.mark = world.anna.disk.mark
    world.anna.disk = copy
    world.anna.start()
    message = world.anna.says()
    world.turns()
    assert world.anna.stage(message) is Stage.STORED
    assert world.bahar.needs.state.find_received(lost) is not None
    assert world.anna.needs.state.epoch > 1_700_000_000


def test_a_copy_with_its_own_mark_is_found_out_by_the_peer_and_the_message_goes_again(
    world: TwoParties,
) -> None:
    world.turns()
    copy = world.anna.disk.copied()
    copy.mark = world.anna.disk.mark
    world.anna.says()
    world.turns()
    world.anna.disk = copy
    world.anna.start()
    message = world.anna.says()
    world.turns(10)
    assert world.anna.stage(message) is Stage.STORED
    assert len([fact for _, fact in world.bahar.disk.facts if type(fact).__name__ == "ForkFound"]) == 1


def test_a_message_that_comes_again_in_another_frame_is_receipted_and_shown_once(world: TwoParties) -> None:
    world.turns()
    message = world.anna.says()
    copy = world.anna.disk.copied()
    assert isinstance(world.anna.disk.facts[-1][1], MessageAuthorised)
    world.turns()
    copy.mark = None
    world.anna.disk = copy  # authorised there, and not yet queued
    world.anna.start()
    world.turns()
    assert world.anna.stage(message) is Stage.STORED
    kinds = [type(fact).__name__ for _, fact in world.bahar.disk.facts]
    assert (kinds.count("MessageStored"), kinds.count("MessageCameAgain")) == (1, 1)


def test_a_peer_on_an_older_copy_gets_again_what_it_lost(world: TwoParties) -> None:
    world.turns()
    copy = world.bahar.disk.copied()
    message = world.anna.says()
    world.turns()
    world.bahar.disk = copy
    world.bahar.start()
    another = world.anna.says()
    for _ in range(4):
        world.clock.at_ms += 26_000
        world.turns()
    assert world.bahar.needs.state.find_received(another) is not None
    assert world.bahar.needs.state.find_received(message) is not None


def test_what_seniors_say_waits_for_as_many_of_them_as_the_card_asks(world: TwoParties) -> None:
    message = world.anna.says("senior one", level="senior")
    world.turns()
    assert world.anna.stage(message) is Stage.COMPOSED
    body = world.anna.needs.blobs.get(message)
    assert body is not None
    for officer, why in (("senior one", "this very key"), ("desk one", "speaks for the desk")):
        with pytest.raises(NotAllowed, match=why):
            give_signature(world.anna.needs, message, world.anna.own.signed(officer, body))
    give_signature(world.anna.needs, message, world.anna.own.signed("senior two", body))
    world.turns()
    assert world.anna.stage(message) is Stage.STORED


def test_a_message_whose_key_ended_while_it_waited_is_sealed_anew_and_arrives(world: TwoParties) -> None:
    world.whole = False
    message = world.anna.says()
    world.turns()
    world.clock.at_ms += 31 * 86_400_000
    world.seals.keys_end_s = world.clock.at_ms // 1000
    world.whole = True
    world.turns(10)
    assert world.anna.stage(message) is Stage.STORED
    assert "EnvelopeMadeAnew" in {type(fact).__name__ for _, fact in world.anna.disk.facts}
