"""Stand-ins behind the hotline's seams: cheap seals and signatures, a disk that can die, paths through a net.

They keep the contracts of the ports, and no more: signatures are tagged hashes that hold for exactly one key,
purpose and message; an envelope opens for its recipients alone; what was not synced is lost with the machine.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from tidegate.app.hotline.needs import Needs
from tidegate.hotline.mentions import mentions_of
from tidegate.hotline.state import HotlineState
from tidegate.hotline.steps import HOTLINE_STEPS
from tidegate.model.canonical import FactRecord
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import OwnCardIssued, PeerMet
from tidegate.model.messages import Frame, OfficerSignature, Package, Sealed
from tidegate.model.organisations import (
    Card,
    CardOfficer,
    Digest,
    Endpoint,
    OrganisationId,
    PublicPair,
    Quorum,
    SignaturePair,
)
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.model.value_bytes import digest_of
from tidegate.ports.clock import Clock
from tidegate.ports.hotline import AnchorMark, Arrival, Outcome
from tidegate.ports.outside import OutsideFailed

DAY_S = 86_400
VALID_S = 20_000 * DAY_S + 1_400 * DAY_S


class StandInPair:
    """A key whose signature is the hash of its public half, the purpose and the message: nobody else's."""

    def __init__(self, name: str) -> None:
        self._public = sha256(name.encode()).digest()

    def public_pair(self) -> PublicPair:
        return PublicPair("ed25519", self._public, self._public)

    def sign(self, purpose: bytes, message: bytes) -> SignaturePair:
        tag = tag_of(self._public, purpose, message)
        return SignaturePair(tag, tag)


def tag_of(public: bytes, purpose: bytes, message: bytes) -> bytes:
    return sha256(public + purpose + b"\x00" + message).digest()


def stand_in_holds(pair: PublicPair, signatures: SignaturePair, purpose: bytes, message: bytes) -> bool:
    tag = tag_of(pair.classical, purpose, message)
    return signatures.classical == tag and signatures.post_quantum == tag


class StandInSeals:
    """Envelopes are numbers of what was sealed; everyone in one world shares them."""

    def __init__(self) -> None:
        self._sealed: dict[bytes, tuple[Sealed, tuple[OrganisationId, ...]]] = {}
        self.keys_end_s: int | None = None
        self.sealed_late: set[bytes] = set()
        self._places: dict[bytes, tuple[tuple[Digest, int, int], Digest]] = {}

    def seal(self, value: Sealed, recipients: Sequence[Card], expires_at_s: int, now_s: int) -> bytes:
        envelope = b"E%d" % len(self._sealed)
        self._sealed[envelope] = (value, tuple(card.organisation for card in recipients))
        if self.keys_end_s is not None and now_s >= self.keys_end_s:
            self.sealed_late.add(envelope)
        return envelope

    def recipients(self, envelope: bytes) -> Sequence[OrganisationId]:
        return self._find(envelope)[1]

    def keys_last(self, envelope: bytes, cards: Sequence[Card], now_s: int) -> bool:
        return self.keys_end_s is None or now_s < self.keys_end_s or envelope in self.sealed_late

    def open(self, envelope: bytes, own: OrganisationId) -> Sealed:
        value, recipients = self._find(envelope)
        if self.keys_end_s is not None and envelope not in self.sealed_late:
            raise NotAllowed("its key is gone")
        if own not in recipients:
            raise NotAllowed("it is sealed to others")
        return value

    def value(self, envelope: bytes) -> Sealed | None:
        """For whoever looks on; nobody in the world may."""
        found = self._sealed.get(envelope)
        return found[0] if found else None

    def place(self, envelope: bytes, package: Package) -> tuple[tuple[Digest, int, int], Digest]:
        """The correspondence, epoch and serial of a package, and its frame's digest; each read once."""
        if envelope not in self._places:
            frame = msgspec.json.decode(package.frame, type=Frame)
            key = frame.correspondence, frame.epoch, frame.serial
            self._places[envelope] = key, digest_of(package.frame)
        return self._places[envelope]

    def _find(self, envelope: bytes) -> tuple[Sealed, tuple[OrganisationId, ...]]:
        if envelope not in self._sealed:
            raise Malformed("not an envelope", 0)
        return self._sealed[envelope]


@dataclass(frozen=True)
class Identity:
    """One organisation of a small world, with its keys."""

    name: str
    card: Card
    station: StandInPair
    officers: dict[str, StandInPair]

    @property
    def organisation(self) -> OrganisationId:
        return self.card.organisation

    def signed(self, officer: str, body: bytes) -> OfficerSignature:
        return OfficerSignature(officer, self.officers[officer].sign(b"tidegate/content/1", body))


def identity(name: str, *, quorum: int = 1, relays: Sequence[OrganisationId] = ()) -> Identity:
    """Two officers of the desk and two seniors; `quorum` seniors must sign what seniors say."""
    levels = {"desk one": "desk", "desk two": "desk", "senior one": "senior", "senior two": "senior"}
    officers = {officer: StandInPair(f"{name} {officer}") for officer in levels}
    root, station = StandInPair(f"{name} root"), StandInPair(f"{name} station")
    card = Card(
        organisation=digest_of(f"organisation {name}".encode()),
        version=1,
        name=name,
        country="XA",
        root=root.public_pair(),
        former_roots=(),
        issued_at_s=0,
        valid_until_s=VALID_S,
        station=station.public_pair(),
        log="",
        certificates=(),
        encryption=(),
        endpoints=(Endpoint("https", f"{name}.example", 443), Endpoint("udp", f"{name}.example", 4433)),
        relays=tuple(relays),
        languages=("en",),
        watch=(),
        officers=tuple(
            CardOfficer(officer, levels[officer], officers[officer].public_pair())  # type: ignore[arg-type]
            for officer in levels
        ),
        quorums=(Quorum("senior", quorum),),
    )
    return Identity(name, card, station, officers)


class StandInCards:
    """Everybody knows everybody's card."""

    def __init__(self, own: Identity, everybody: Sequence[Identity]) -> None:
        self._own = own.card
        self._cards = {one.organisation: one.card for one in everybody if one is not own}

    def own(self) -> Card:
        return self._own

    def of(self, organisation: OrganisationId) -> Card | None:
        return self._cards.get(organisation)

    def own_signed(self) -> bytes:
        return b"card"

    def news(self, signed_card: bytes, now_s: int) -> Sequence[Fact]:
        return ()


class Killed(BaseException):
    """The machine died here."""


@dataclass
class Disk:
    """What survives: facts, blobs and the anchor. `before` and `after` are called around each durable step,
    and may raise Killed or OutsideFailed.

    What is written is lost with the machine unless it was synced. Every call here syncs before it returns,
    unless it is told, by `lazy`, to leave that to the next one.
    """

    facts: list[tuple[int, Fact]] = field(default_factory=list)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    mark: AnchorMark | None = None
    lazy: frozenset[str] = frozenset()
    unsynced_facts: int = 0
    unsynced_blobs: list[Digest] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None

    def forget_unsynced(self) -> None:
        """What the machine takes with it."""
        if self.unsynced_facts:
            del self.facts[-self.unsynced_facts :]
        for digest in self.unsynced_blobs:
            self.blobs.pop(digest, None)
        self.unsynced_facts, self.unsynced_blobs = 0, []

    def keep(self, blobs: Sequence[bytes]) -> list[Digest]:
        digests = [digest_of(body) for body in blobs]
        if "blobs" in self.lazy:
            self.unsynced_blobs = [digest for digest in digests if digest not in self.blobs]
        self.blobs.update(zip(digests, blobs, strict=True))
        return digests

    def copied(self) -> "Disk":
        """As it is now, with its mark; whoever restores by the book leaves that out."""
        return Disk(list(self.facts), dict(self.blobs), self.mark, self.lazy)


class DiskRecord:
    """tidegate.app.hotline.needs.Record on a disk: the real steps, without canonical bytes and hashes."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock
        self.state = HotlineState()
        self._waiting: list[tuple[int, Fact]] = []
        self._keep: Sequence[bytes] = ()
        self._mentions: dict[str, list[int]] = {}
        self._records: list[FactRecord] = []
        for at_ms, fact in disk.facts:
            self._learn(at_ms, fact)

    def _learn(self, at_ms: int, fact: Fact) -> None:
        number = len(self._records)
        self.state, _ = HOTLINE_STEPS[type(fact)](self.state, number, at_ms, fact)
        for digest in mentions_of(fact):
            self._mentions.setdefault(digest, []).append(number)
        self._records.append(FactRecord(number, at_ms, fact))

    def record(self, *facts: Fact, keep: Sequence[bytes] = ()) -> list[int]:
        """As Node.record: facts whose storing failed wait, and are stored before any later one."""
        self.catch_up()
        if not self.working:
            raise out_of_order()
        now_ms, state, first = self._clock.now_ms(), self.state, len(self._records)
        for at, fact in enumerate(facts):  # all or none of them are allowed
            state, _ = HOTLINE_STEPS[type(fact)](state, first + at, now_ms, fact)
        self._waiting = [(now_ms, fact) for fact in facts]
        self._keep = keep
        self._store()
        return list(range(first, first + len(facts)))

    def together(self) -> AbstractContextManager[None]:
        """Each for itself: more moments to be killed at."""
        return nullcontext()

    def catch_up(self) -> None:
        with suppress(OutsideFailed):
            self._store()

    def carry_out(self) -> None: ...

    @property
    def working(self) -> bool:
        return not self._waiting

    def _store(self) -> None:
        if not self._waiting:
            return
        if len(self._disk.facts) == len(self._records):  # else an earlier try took hold after all
            self._disk.before("facts")
            self._disk.facts += self._waiting
            self._disk.keep(self._keep)
            self._disk.unsynced_facts = len(self._waiting) if "facts" in self._disk.lazy else 0
        self._disk.after("facts")
        stored, self._waiting = self._waiting, []
        for at_ms, fact in stored:
            self._learn(at_ms, fact)

    def mentioning(self, digests: Sequence[str], kinds: Sequence[type]) -> list[tuple[str, FactRecord]]:
        found = [
            (digest, self._records[number])
            for digest in set(digests)
            for number in self._mentions.get(digest, ())
            if type(self._records[number].fact) in kinds
        ]
        return sorted(found, key=lambda each: each[1].number)


class DiskBlobs:
    """tidegate.ports.hotline.EnvelopeStore on a disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def put(self, blobs: Sequence[bytes]) -> list[Digest]:
        self._disk.before("blobs")
        digests = self._disk.keep(blobs)
        self._disk.after("blobs")
        return digests

    def get(self, digest: Digest) -> bytes | None:
        return self._disk.blobs.get(digest)

    def drop(self, digests: Sequence[Digest]) -> None:
        for digest in digests:
            self._disk.blobs.pop(digest, None)

    def bytes_held(self) -> int:
        return sum(map(len, self._disk.blobs.values()))


class DiskAnchor:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def read(self) -> AnchorMark | None:
        return self._disk.mark

    def write(self, mark: AnchorMark) -> None:
        self._disk.before("anchor")
        self._disk.mark = mark
        self._disk.after("anchor")


Send = Callable[[str, OrganisationId, Endpoint, tuple[bytes, ...], int], bool]


class StandInPath:
    """One end of a net: what is offered goes to `send`; what comes is put here by the net."""

    def __init__(self, name: str, send: Send) -> None:
        self.name = name
        self._send = send
        self.came: list[Arrival] = []
        self.told: list[Outcome] = []

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def know(self, own: Card, peers: Sequence[Card]) -> None: ...

    def takes(self, envelopes: Sequence[bytes]) -> int:
        return len(envelopes)

    def offer(
        self, peer: OrganisationId, endpoint: Endpoint, envelopes: Sequence[bytes], ticket: int = 0
    ) -> bool:
        return self._send(self.name, peer, endpoint, tuple(envelopes), ticket)

    def outcomes(self) -> Sequence[Outcome]:
        told, self.told = self.told, []
        return told

    def arrivals(self) -> Sequence[Arrival]:
        came, self.came = self.came, []
        return came


def founded(own: Identity, everybody: Sequence[Identity]) -> list[Fact]:
    """A node's first facts: whom it speaks for, and whom it met."""
    facts: list[Fact] = [OwnCardIssued(own.organisation, own.name, "0" * 64, 1, VALID_S)]
    facts += [
        PeerMet(one.organisation, one.name, "0" * 64, 1, VALID_S, "0" * 60, "desk one", "by voice")
        for one in everybody
        if one is not own
    ]
    return facts


def needs_of(
    own: Identity,
    everybody: Sequence[Identity],
    disk: Disk,
    seals: StandInSeals,
    clock: Clock,
    nonce: Callable[[], str],
) -> Needs:
    """A station's needs, all of them stand-ins; the record is read from the disk."""
    return Needs(
        record=DiskRecord(disk, clock),
        blobs=DiskBlobs(disk),
        cards=StandInCards(own, everybody),
        seals=seals,
        signer=own.station,
        holds=stand_in_holds,
        anchor=DiskAnchor(disk),
        clock=clock,
        nonce=nonce,
        check=lambda _, __: None,
    )


def out_of_order() -> OutsideFailed:
    return OutsideFailed("the disk does not answer", "memory", "Wait.")
