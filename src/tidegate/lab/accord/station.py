"""One party of the accord's lab: a real station with its own database, keys and certificate."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from tidegate.adapters.hotline.anchor import FileAnchor
from tidegate.adapters.hotline.encryption_keys import SeedOpener
from tidegate.adapters.hotline.https import HttpsPath
from tidegate.adapters.hotline.soft_keys import SoftPair
from tidegate.adapters.hotline.tls import Credentials
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.accord.following import Following
from tidegate.app.accord.guarding import Remarks
from tidegate.app.accord.reminding import Reminding
from tidegate.app.hotline.composing import compose, give_signature
from tidegate.app.hotline.desk import HotlineDesk
from tidegate.app.hotline.recording import NodeRecord
from tidegate.app.hotline.station import Station
from tidegate.app.hotline.suite import needs_of
from tidegate.app.node import Node
from tidegate.lab.accord.script import ACCORD, Line
from tidegate.lab.hotline.identities import PASSPHRASE, Founded, PartyFile, found, pair_of
from tidegate.lab.hotline.party import DATABASE, LabCards, SteppedClock, first_facts
from tidegate.model import purposes
from tidegate.model.accord_facts import Remind
from tidegate.model.facts import Told
from tidegate.model.messages import CodedField, OfficerSignature
from tidegate.model.organisations import Card, CardOfficer, Digest, Endpoint, Level, OrganisationId, Quorum
from tidegate.ports.hotline_control import Draft, DraftAttachment

CARD_S: Final = 3 * 365 * 86_400
SIGNERS: Final[dict[Level, int]] = {"desk": 1, "centre": 1, "senior": 2}


class Listener:
    """Alerts of the node: the lab shows what people were reminded of."""

    name = "the lab"

    def __init__(self) -> None:
        self.reminders: list[str] = []

    def carry_out(self, number: int, alert: Told) -> None:
        if isinstance(alert, Remind):
            self.reminders.append(alert.words)


class Party:
    """An organisation before its station runs: its card with officers of all levels, and their keys."""

    def __init__(self, number: int, folder: Path, now_s: int, address: tuple[str, int]) -> None:
        self.officers = {
            (level, place): SoftPair(os.urandom(32), os.urandom(32))
            for level, count in SIGNERS.items()
            for place in range(count)
        }
        self.founded = found(number, folder, now_s)
        self.address = address
        self.card = self._card(self.founded, now_s)
        self.folder = folder

    def _card(self, founded: Founded, now_s: int) -> Card:
        card = founded.card
        return replace(
            card,
            valid_until_s=now_s + CARD_S,
            encryption=tuple(replace(key, until_s=now_s + CARD_S) for key in card.encryption),
            endpoints=(Endpoint("https", *self.address),),
            officers=tuple(
                CardOfficer(name(level, place), level, pair.public_pair())
                for (level, place), pair in self.officers.items()
            ),
            quorums=tuple(Quorum(level, count) for level, count in SIGNERS.items()),
        )


def name(level: Level, place: int) -> str:
    return f"{level} officer {place + 1}"


class LabStation:
    """`turn` is called again and again by the lab, and `look` each day of its year."""

    def __init__(self, party: Party, peers: Sequence[Card], clock: SteppedClock) -> None:
        self._party = party
        self.organisation = party.card.organisation
        self._peers = tuple(card.organisation for card in peers)
        self.stores = SqlStores(f"sqlite:///{party.folder.absolute() / DATABASE}", "create")
        self.listener = Listener()
        self.node = Node.open(self.stores.facts, [self.listener], clock)
        file = PartyFile(
            own=party.card, peers=tuple(peers), seeds=party.founded.seeds, https=party.address, udp=None
        )
        record = NodeRecord(self.node)
        self.following = Following(self.stores.facts, self.stores.envelopes, self.organisation)
        self._needs = needs_of(
            record,
            self.stores.envelopes,
            LabCards(file),
            opener=SeedOpener({key.key_id: party.founded.seeds.encryption for key in party.card.encryption}),
            signer=pair_of(party.founded.seeds.station),
            anchor=FileAnchor(party.folder),
            clock=clock,
            nonce=lambda: os.urandom(16).hex(),
            remarks=Remarks(self.following, clock),
        )
        own = Credentials(party.folder / "tls.pem", party.folder / "tls.key", PASSPHRASE.decode)
        self._station = Station(self._needs, [HttpsPath(own, [party.address])])
        self._reminding = Reminding(self.node, self.following, self.organisation, clock)
        if record.state.own is None:
            record.record(*first_facts(file))

    def start(self) -> None:
        self._station.start()

    def stop(self) -> None:
        self._station.stop()
        self.stores.close()

    def turn(self) -> None:
        self._station.turn()

    def desk(self) -> HotlineDesk:
        """What an officer's terminal asks."""
        return HotlineDesk(self._needs, self._station, self._needs.now_s())

    def look(self) -> None:
        self._reminding.turn()

    def say(self, line: Line, answers: Digest | None, file: bytes) -> Digest:
        """Composed, and signed by as many officers as its level asks for."""
        draft = draft_of(line, self._peers, answers, file)
        message, body, needed = compose(self._needs, draft)
        for place in range(needed):
            signature = self._party.officers[line.level, place].sign(purposes.CONTENT, body)
            give_signature(self._needs, message, OfficerSignature(name(line.level, place), signature))
        return message

    def has(self, message: Digest) -> bool:
        """Whether it came here."""
        return self._needs.state.find_received(message) is not None

    def heard_ms(self, peer: OrganisationId) -> int | None:
        """When something last came from this peer, over whichever path."""
        lives = self._station.beats.lives.items()
        return max((life.last_ms for (one, _), life in lives if one == peer and life.last_ms), default=None)

    def knows_delivered(self, message: Digest) -> bool:
        """Whether each recipient's receipt is here."""
        sent = self._needs.state.find_sent(message)
        return sent is not None and all(copy.r1_s is not None for copy in sent.copies)


def draft_of(line: Line, recipients: tuple[str, ...], answers: Digest | None, file: bytes) -> Draft:
    fields = tuple(
        CodedField(name, values if isinstance(values, tuple) else (values,))
        for name, values in line.fields.items()
    )
    named = line.file_name
    attached = (DraftAttachment(named, "text/plain;charset=utf-8", file),) if named else ()
    return Draft(
        recipients=recipients,
        reference="",
        expires_at_s=None,
        precedence="ROUTINE",
        level=line.level,
        mark="REAL",
        form=line.form,
        accord=ACCORD,
        answers=answers,
        tlp="TLP:AMBER",
        pap="PAP:AMBER",
        language=line.language or "en",
        fields=fields,
        remarks=line.remarks,
        attachments=attached,
    )
