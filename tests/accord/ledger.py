"""One party's ledger of an exchange, as the facts and packages that its node would have stored."""

from collections.abc import Sequence
from hashlib import sha256

from tests.accord.exchange import ORGANISATIONS, Exchange
from tidegate.hotline.correspondence import about_of
from tidegate.model.canonical import FactRecord, canonical_bytes
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import Deadlines, MessageQueued, MessageStored, Place, ReceiptCame
from tidegate.model.messages import Package
from tidegate.model.organisations import SignaturePair
from tidegate.model.value_bytes import bytes_of
from tidegate.ports.facts import StoredFact, StoreHead

NOBODY = "0" * 64
PLACE = Place(frame=NOBODY, correspondence=NOBODY, epoch=1, serial=1, previous=NOBODY)


class Ledger:
    """FactStore and EnvelopeStore as far as accords are read from them. `asked` are the rows of each
    question, `got` the packages that were read."""

    def __init__(self, exchange: Exchange, party: str) -> None:
        self.own = ORGANISATIONS[party]
        self.facts: list[StoredFact] = []
        self.blobs: dict[str, bytes] = {}
        self.asked: list[int] = []
        self.got = 0
        self._party = party
        self._exchange = exchange
        self._taken = 0
        self.grow()

    def grow(self) -> None:
        """What was said since."""
        for by, content, attachments, received_s in self._exchange.said[self._taken :]:
            body = bytes_of(content)
            package = bytes_of(
                Package(
                    content=body,
                    officers=(),
                    frame=b"",
                    station=SignaturePair(b"", b""),
                    attachments=attachments,
                )
            )
            digest = sha256(body).hexdigest()
            name = sha256(package).hexdigest()
            self.blobs[name] = package
            if by == self._party:
                self._add(content.composed_at_s, MessageQueued(digest, PLACE, name, NOBODY))
                for one in content.recipients if received_s is not None else ():
                    self._add(received_s or 0, ReceiptCame(digest, NOBODY, one, NOBODY, received_s or 0, 0))
            elif received_s is not None:
                about = about_of(content, digest)
                self._add(
                    received_s,
                    MessageStored(about, (), PLACE, name, "https", Deadlines(r1_s=60, r2_s=None, r3_s=None)),
                )
        self._taken = len(self._exchange.said)

    def _add(self, at_s: int, fact: Fact) -> None:
        record = FactRecord(len(self.facts), at_s * 1_000, fact)
        self.facts.append(StoredFact(record.number, record.at_ms, record.kind, canonical_bytes(record), b""))

    def head(self) -> StoreHead:
        return StoreHead(len(self.facts), b"", b"", 0)

    def latest(self, kinds: Sequence[str], before: int, limit: int) -> list[StoredFact]:
        self.asked.append(limit)
        return self.facts[max(0, before - limit) : before][::-1]  # it holds no other kinds

    def get(self, digest: str) -> bytes | None:
        self.got += 1
        return self.blobs.get(digest)
