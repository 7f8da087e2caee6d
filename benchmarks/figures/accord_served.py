"""Whether a node that reads a large ledger for its accords is late with its heartbeats."""

import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from benchmarks.figure import Better, Description, Figure, Settings
from tidegate.adapters.clock import WallClock
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.accord.following import Following
from tidegate.app.accord.reminding import Reminding
from tidegate.app.entry import kept_nodes
from tidegate.hotline.content import end_number
from tidegate.hotline.correspondence import about_of
from tidegate.hotline.values import time_value
from tidegate.lab.accord.script import ACCORD, CODES, written
from tidegate.lab.accord.station import LabStation, Party
from tidegate.lab.accord.year import free_port
from tidegate.lab.hotline.party import SteppedClock
from tidegate.ledger import Frontier, leaf_hash
from tidegate.model.canonical import FactRecord, canonical_bytes
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import Deadlines, MessageQueued, MessageStored, Place, ReceiptCame
from tidegate.model.messages import Attachment, CodedField, Content, FormName, Package
from tidegate.model.organisations import Level, SignaturePair
from tidegate.model.value_bytes import bytes_of
from tidegate.ports.facts import Addition, StoredFact, StoreHead, TreeNode

FACTS, QUICK_FACTS = 100_000, 20_000
TOGETHER = 512
"""Facts of one transaction."""
TURN_S = 0.02
DAY_S = 86_400
BEAT_S = 25
IDLE_BEATS = 2
NOBODY = "0" * 64
PLACE = Place(frame=NOBODY, correspondence=NOBODY, epoch=1, serial=1, previous=NOBODY)
NOTHING_AWAITED = Deadlines(r1_s=60, r2_s=None, r3_s=None)


class Talk:
    """Contents of two parties, as the ledger of the first tells of them."""

    def __init__(self, organisations: dict[str, str]) -> None:
        self._organisations = organisations
        self._number = 0

    def says(
        self,
        by: str,
        form: FormName,
        at_s: int,
        fields: dict[str, str],
        *,
        level: Level = "desk",
        answers: str | None = None,
        file: bytes = b"",
    ) -> tuple[str, bytes, list[Fact]]:
        """(digest, package, the facts that tell of it)"""
        self._number += 1
        coded = tuple(CodedField(name, (value,)) for name, value in fields.items())
        content = Content(
            version=1,
            sender=self._organisations[by],
            recipients=tuple(one for code, one in self._organisations.items() if code != by),
            reference=f"{by}/{self._number}",
            nonce=f"{self._number:032x}",
            composed_at_s=at_s,
            expires_at_s=None,
            precedence="ROUTINE",
            level=level,
            mark="REAL",
            form=form,
            accord=ACCORD,
            answers=answers,
            tlp="TLP:AMBER",
            pap="PAP:AMBER",
            language="ru",
            fields=coded,
            remarks="",
            attachments=(Attachment("accord.toml", "application/toml", len(file), sha256(file).hexdigest()),)
            if file
            else (),
            extensions=(),
            end=end_number("", len(coded), 1 if file else 0),
        )
        body = bytes_of(content)
        digest = sha256(body).hexdigest()
        attached = (file,) if file else ()
        signed = SignaturePair(b"", b"")
        package = bytes_of(
            Package(content=body, officers=(), frame=b"", station=signed, attachments=attached)
        )
        name = sha256(package).hexdigest()
        if by != CODES[0]:
            about = about_of(content, digest)
            return digest, package, [MessageStored(about, (), PLACE, name, "https", NOTHING_AWAITED)]
        (other,) = content.recipients
        receipt = ReceiptCame(digest, NOBODY, other, NOBODY, at_s + 5, 0)
        return digest, package, [MessageQueued(digest, PLACE, name, NOBODY), receipt]


def told(
    rng: random.Random, organisations: dict[str, str], until_s: int, count: int
) -> Iterator[tuple[int, bytes, list[Fact]]]:
    """Both sign; then questions, each answered within minutes, up to now: (at, package, facts)."""
    talk, file = Talk(organisations), written(organisations)
    at_s = until_s - count * 200
    for by in CODES:
        fields = {"declaration": "accord", "act": "made", "accord-digest": sha256(file).hexdigest()}
        _, package, facts = talk.says(by, "declaration", at_s, fields, level="senior", file=file)
        yield at_s, package, facts
    made = 3
    while made < count:
        at_s += 600
        by, other = rng.sample(CODES, 2)
        asked = {"subject": "traffic", "question": "known-to-you", "began-at": time_value(at_s - 60)}
        digest, package, facts = talk.says(by, "clarification-request", at_s, asked)
        yield at_s, package, facts
        made += len(facts)
        reply = {"finding": "not-known"}
        _, package, facts = talk.says(other, "clarification-reply", at_s + 120, reply, answers=digest)
        yield at_s + 120, package, facts
        made += len(facts)


def fill(stores: SqlStores, pieces: Iterator[tuple[int, bytes, list[Fact]]]) -> int:
    """How many facts; nothing is decided about them, as in a ledger of long ago."""
    frontier, waiting = Frontier(), list[tuple[int, bytes, list[Fact]]]()
    for piece in pieces:
        waiting.append(piece)
        if len(waiting) >= TOGETHER:
            frontier = store(stores, frontier, waiting)
            waiting = []
    return store(stores, frontier, waiting).size if waiting else frontier.size


def store(stores: SqlStores, frontier: Frontier, pieces: list[tuple[int, bytes, list[Fact]]]) -> Frontier:
    facts: list[StoredFact] = []
    nodes: list[TreeNode] = []
    expected = StoreHead(frontier.size, frontier.root, frontier.to_bytes(), 0)
    for at_s, _, happened in pieces:
        for fact in happened:
            record = FactRecord(frontier.size, at_s * 1_000, fact)
            body = canonical_bytes(record)
            leaf = leaf_hash(body)
            frontier, completed = frontier.grow(leaf)
            facts.append(StoredFact(record.number, record.at_ms, record.kind, body, leaf))
            nodes += kept_nodes(record.number, completed)
    head = StoreHead(frontier.size, frontier.root, frontier.to_bytes(), 0)
    blobs = [package for _, package, _ in pieces]
    stores.facts.append(
        Addition(expected=expected, facts=facts, effects=(), nodes=nodes, head=head, blobs=blobs)
    )
    return frontier


class Watching(threading.Thread):
    """The other side's node, with a thread of its own: when it heard each heartbeat."""

    def __init__(self, station: LabStation, peer: str) -> None:
        super().__init__(daemon=True)
        self._station = station
        self._peer = peer
        self._over = threading.Event()
        self.heard_ms: list[int] = []

    def run(self) -> None:
        while not self._over.wait(TURN_S):
            self._station.turn()
            heard = self._station.heard_ms(self._peer)
            if heard is not None and heard not in self.heard_ms[-1:]:
                self.heard_ms.append(heard)

    def stop(self) -> None:
        self._over.set()
        self.join()


def measure(settings: Settings) -> Figure:
    clock = SteppedClock(WallClock())
    now_s = clock.now_ms() // 1_000
    with tempfile.TemporaryDirectory(prefix="tidegate-served-") as folder, ExitStack() as afterwards:
        root = Path(folder)
        parties = [
            Party(number, root / code, now_s, ("127.0.0.1", free_port())) for number, code in enumerate(CODES)
        ]
        organisations = {code: party.card.organisation for code, party in zip(CODES, parties, strict=True)}
        ledger = SqlStores(f"sqlite:///{root / 'large.sqlite'}", "create")
        afterwards.callback(ledger.close)
        count = QUICK_FACTS if settings.quick else FACTS
        size = fill(ledger, told(random.Random(settings.seed), organisations, now_s, count))
        served, other = (
            LabStation(party, [one.card for one in parties if one is not party], clock) for party in parties
        )
        for station in (served, other):
            station.start()
            afterwards.callback(station.stop)
        following = Following(ledger.facts, ledger.envelopes, served.organisation)
        reminding = Reminding(served.node, following, served.organisation, clock)
        watching = Watching(other, served.organisation)
        watching.start()
        turns, reading_s = serve(served, following, reminding)
        watching.stop()
    gaps = [(after - before) / 1_000 for before, after in pairwise(watching.heard_ms)]
    most_ms = quantiles(turns, n=100)[98] * 1_000
    return Figure(
        value=max(gaps),
        shown=f"{max(gaps):.1f} s",
        notes=(
            f"{size} facts, read in {reading_s:.0f} s; a heartbeat is due every {BEAT_S} s, "
            f"and {len(watching.heard_ms)} were heard",
            f"one turn of the node while it reads: 99 in 100 up to {most_ms:.0f} ms, "
            f"{max(turns) * 1000:.0f} ms at most",
        ),
    )


def serve(served: LabStation, following: Following, reminding: Reminding) -> tuple[list[float], float]:
    """As a node's thread does: the length of each turn while it reads, and how long reading took."""
    turns: list[float] = []
    began_s, read_s, idle_s = time.monotonic(), 0.0, IDLE_BEATS * BEAT_S
    while not read_s or time.monotonic() < began_s + read_s + idle_s:
        turn_s = time.monotonic()
        served.turn()
        reminding.turn()
        took_s = time.monotonic() - turn_s
        if not read_s:
            turns.append(took_s)
            if following.known is not None:
                read_s = time.monotonic() - began_s
        time.sleep(TURN_S)
    return turns, read_s


SERVED = Description(
    "accord-served",
    "longest time between two heartbeats of a node that reads 100,000 facts for its accords",
    "s",
    30.0,
    Better.LOWER,
    measure,
)
