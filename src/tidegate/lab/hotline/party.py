"""One party of the lab: a real station on a real database and real paths, told what to say line by line.

It reads orders from its standard input, one JSON object a line, and tells what became of them on its standard
output. Everything that counts is in its database, so that it may be killed at any moment.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from tidegate.adapters.hotline.anchor import FileAnchor
from tidegate.adapters.hotline.datagrams import SignalDatagrams
from tidegate.adapters.hotline.encryption_keys import SeedOpener
from tidegate.adapters.hotline.https import HttpsPath
from tidegate.adapters.hotline.signal_keys import SignalKeysInFile
from tidegate.adapters.hotline.tls import Credentials
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.hotline.composing import compose, give_signature
from tidegate.app.hotline.needs import Extras
from tidegate.app.hotline.recording import NodeBlobs, NodeRecord
from tidegate.app.hotline.relaying import Relaying
from tidegate.app.hotline.signalling import Signalling
from tidegate.app.hotline.station import Station
from tidegate.app.hotline.suite import needs_of
from tidegate.app.node import Node
from tidegate.lab.hotline.identities import OFFICER, PASSPHRASE, PartyFile, pair_of, read_party
from tidegate.model import purposes
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import MessageStored, OwnCardIssued, PeerMet, ReceiptCame
from tidegate.model.messages import CodedField, OfficerSignature, Precedence
from tidegate.model.organisations import NO_DIGEST, Card, Digest, OrganisationId
from tidegate.model.refusals import Full
from tidegate.ports.clock import Clock
from tidegate.ports.hotline import PairSigner
from tidegate.ports.hotline import Path as Way
from tidegate.ports.hotline_control import Draft
from tidegate.wire.envelope import decode_envelope

TURN_S: Final = 0.02
DATABASE: Final = "ledger.sqlite"
ORDERS_MS: Final = 100
"""Orders are obeyed for so long in one turn; then the station has its turn."""


class Say(msgspec.Struct, frozen=True, tag=True):
    """Send a message to these parties; `mark` comes back in what is told of it."""

    mark: str
    recipients: tuple[OrganisationId, ...]
    precedence: Precedence
    remarks: str


class Step(msgspec.Struct, frozen=True, tag=True):
    """Set this party's clock forward or back by so much."""

    by_ms: int


class End(msgspec.Struct, frozen=True, tag=True):
    """Stop in an orderly way."""


Order = Say | Step | End


class Told(msgspec.Struct, frozen=True):
    """ "ready", "said" (with the mark), "stored" at its recipient, or "receipted" (R1) at its sender."""

    what: Literal["ready", "said", "stored", "receipted"]
    message: str = ""
    mark: str = ""
    peer: str = ""


class SteppedClock:
    """The host's clock, and so much on or back."""

    def __init__(self, wall: Clock) -> None:
        self._wall = wall
        self.by_ms = 0

    def now_ms(self) -> int:
        return self._wall.now_ms() + self.by_ms


class LabCards:
    """Cards as they were handed out."""

    def __init__(self, party: PartyFile) -> None:
        self._own = party.own
        self._peers = {card.organisation: card for card in party.peers}

    def own(self) -> Card:
        return self._own

    def of(self, organisation: OrganisationId) -> Card | None:
        return self._peers.get(organisation)

    def own_signed(self) -> bytes:
        return b"{}"

    def news(self, signed_card: bytes, now_s: int) -> Sequence[Fact]:
        return ()


class TellingRecord(NodeRecord):
    """Tells the lab of what was recorded, once it is."""

    def _is_stored(self, fact: Fact) -> None:
        super()._is_stored(fact)
        match fact:
            case MessageStored(about=about):
                tell(Told("stored", about.message, peer=about.sender))
            case ReceiptCame(message=message, recipient=recipient):
                tell(Told("receipted", message, peer=recipient))


def tell(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


class Officer:
    """Signs in a thread, as officers do it in a process of their own, at their terminals."""

    def __init__(self, pair: PairSigner) -> None:
        self._pair = pair
        self._to_read: queue.SimpleQueue[tuple[Digest, bytes]] = queue.SimpleQueue()
        self._signed: queue.SimpleQueue[tuple[Digest, OfficerSignature]] = queue.SimpleQueue()
        threading.Thread(target=self._sign, daemon=True).start()

    def reads(self, message: Digest, body: bytes) -> None:
        self._to_read.put((message, body))

    def signed(self) -> list[tuple[Digest, OfficerSignature]]:
        return [self._signed.get() for _ in range(self._signed.qsize())]

    def _sign(self) -> None:
        while True:
            message, body = self._to_read.get()
            signature = OfficerSignature(OFFICER, self._pair.sign(purposes.CONTENT, body))
            self._signed.put((message, signature))


class Party:
    """Runs until it is told to end, or killed."""

    def __init__(self, folder: Path, clock: Clock, monotonic_s: Callable[[], float]) -> None:
        party = read_party(folder)
        self._clock = SteppedClock(clock)
        self._now_s = monotonic_s
        self._stores = SqlStores(f"sqlite:///{folder.absolute() / DATABASE}", "create")
        self._officer = Officer(pair_of(party.seeds.officer))
        (key,) = party.own.encryption
        self._node = Node.open(self._stores.facts, [], self._clock)
        record = TellingRecord(self._node)
        self._needs = needs_of(
            record,
            NodeBlobs(self._node, self._stores.envelopes),
            LabCards(party),
            opener=SeedOpener({key.key_id: party.seeds.encryption}),
            signer=pair_of(party.seeds.station),
            anchor=FileAnchor(folder),
            clock=self._clock,
            nonce=lambda: os.urandom(16).hex(),
        )
        own = Credentials(folder / "tls.pem", folder / "tls.key", PASSPHRASE.decode)
        self._paths: list[Way] = [HttpsPath(own, [party.https])]
        relay = Relaying(self._needs, lambda envelope: decode_envelope(envelope).header)
        signal = None
        if party.udp is not None:
            datagrams = SignalDatagrams([party.udp], monotonic_s)
            self._paths.append(datagrams)
            signal = Signalling(self._needs, datagrams, SignalKeysInFile(folder))
        self._station = Station(self._needs, self._paths, Extras(relay=relay, signal=signal))
        if record.state.own is None:
            record.record(*first_facts(party))
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._marks: dict[Digest, str] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        self._station.start()
        threading.Thread(target=self._listen, daemon=True).start()
        self._tell_again()
        tell(Told("ready"))
        try:
            while not self._ended.wait(TURN_S):
                self._obey()
                self._station.turn()
        finally:
            self._station.stop()
            self._stores.close()

    def _tell_again(self) -> None:
        """What an earlier process of this party had on record, and may have died before it told."""
        state = self._needs.state
        for sent in (*state.sent.values(), *state.settled):
            for copy in sent.copies:
                if copy.receipted is not None:
                    tell(Told("receipted", sent.about.message, peer=copy.recipient))

    def _listen(self) -> None:
        # Not sys.stdin, whose lock a thread that waits would hold when the process ends.
        with open(0, "rb", closefd=False) as orders:
            for line in orders:
                self._orders.put(msgspec.json.decode(line, type=Order))
        self._ended.set()

    def _obey(self) -> None:
        """What is composed in one turn is stored together, with the signatures that came since the last."""
        signed = self._officer.signed()
        with self._node.together():
            for message, signature in signed:
                give_signature(self._needs, message, signature)
            composed = [*self._compose()]
        for message, body in composed:
            self._officer.reads(message, body)
        for message, _ in signed:
            tell(Told("said", message, self._marks.pop(message)))

    def _compose(self) -> Iterator[tuple[Digest, bytes]]:
        until_s = self._now_s() + ORDERS_MS / 1000
        for _ in range(self._orders.qsize()):
            if self._now_s() > until_s:
                return
            match self._orders.get():
                case Say() as say:
                    try:
                        message, body, _ = compose(self._needs, draft(say))
                    except Full:
                        self._orders.put(say)  # too many are on their way: again as soon as some have come
                        return
                    self._marks[message] = say.mark
                    yield message, body
                case Step(by_ms):
                    self._clock.by_ms += by_ms
                case End():
                    self._ended.set()


def first_facts(party: PartyFile) -> list[Fact]:
    own = party.own
    facts: list[Fact] = [OwnCardIssued(own.organisation, own.name, NO_DIGEST, own.version, own.valid_until_s)]
    facts += [
        PeerMet(
            card.organisation,
            card.name,
            NO_DIGEST,
            card.version,
            card.valid_until_s,
            "0" * 60,
            OFFICER,
            "in the lab",
        )
        for card in party.peers
    ]
    return facts


def draft(say: Say) -> Draft:
    return Draft(
        recipients=say.recipients,
        reference="",
        expires_at_s=None,
        precedence=say.precedence,
        level="desk",
        mark="REAL",
        form="free-text",
        accord="",
        answers=None,
        tlp="TLP:AMBER",
        pap="PAP:AMBER",
        language="en",
        fields=(CodedField("purpose", ("information",)),),
        remarks=say.remarks,
        attachments=(),
    )
