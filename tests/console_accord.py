"""A ledger with an accord in it, as a node would have kept it, for a console to be opened over."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from tests.accord.exchange import DAY_S, HOUR_S, ORGANISATIONS, Exchange, notice
from tests.stores import FailingStore
from tidegate.app.accord.drafting import PartyDraft, draft
from tidegate.app.accord.reconciling import account_bytes, account_of
from tidegate.app.entry import kept_nodes
from tidegate.hotline.values import time_value
from tidegate.ledger import Frontier, leaf_hash
from tidegate.model.accord_facts import OriginsSeen, SeenFrom
from tidegate.model.attacks import Rate
from tidegate.model.canonical import FactRecord, canonical_bytes
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import (
    About,
    Deadlines,
    MessageQueued,
    MessageStored,
    OwnCardIssued,
    Place,
    ReceiptCame,
)
from tidegate.model.messages import Content, Package
from tidegate.model.organisations import Digest, SignaturePair
from tidegate.model.value_bytes import bytes_of
from tidegate.ports.facts import Addition, StoredFact, StoreHead

ACCORD = "XA-XB-2028"
NOTHING = "0" * 64
PLACE = Place(frame=NOTHING, correspondence=NOTHING, epoch=1, serial=1, previous=NOTHING)
DEADLINES = Deadlines(r1_s=60, r2_s=None, r3_s=None)
MINUTES = """
format = 1
track = "agencies"
held = "{held}"
agenda = [{{ en = "Points of contact", fa = "نقاط تماس", ru = "Контакты" }}]

[[decision]]
id = "D1"
text = {{ en = "Contacts each quarter.", fa = "نقاط تماس هر فصل مبادله می‌شود.", ru = "Раз в квартал." }}

[[action]]
id = "A1"
text = {{ en = "Name another.", fa = "معرفی نقطهٔ تماس دوم.", ru = "Назвать второй контакт." }}
owner = "XB"
due = "{due}"

[next]
date = "{after}"
agenda = [{{ en = "Statistics", fa = "آمار", ru = "Статистика" }}]
"""
ELECTION = """
[[period]]
id = "XB-vote"
party = "XB"
kind = "election"
first = "{first}"
last = "{last}"

[[asset]]
id = "XB-registry"
party = "XB"
asset-class = "election"
prefixes = ["203.0.113.0/25"]
"""


@dataclass
class Blobs:
    """An EnvelopeStore that is only read; `asked` counts how often."""

    held: dict[Digest, bytes] = field(default_factory=dict)
    asked: int = 0

    def put(self, blobs: Sequence[bytes]) -> list[Digest]:
        digests = [sha256(blob).hexdigest() for blob in blobs]
        self.held |= dict(zip(digests, blobs, strict=True))
        return digests

    def get(self, digest: Digest) -> bytes | None:
        self.asked += 1
        return self.held.get(digest)

    def drop(self, digests: Sequence[Digest]) -> None:
        raise AssertionError("a console drops nothing")

    def bytes_held(self) -> int:
        return sum(map(len, self.held.values()))


class AccordLedger:
    """What one party's node keeps of an exchange; `take` adds what was said since."""

    def __init__(self, exchange: Exchange, party: str) -> None:
        self.facts = FailingStore()
        self.envelopes = Blobs()
        self._exchange = exchange
        self._own = ORGANISATIONS[party]
        self._frontier = Frontier()
        self._taken = 0
        card = OwnCardIssued(self._own, f"State {party}", NOTHING, 1, 4_000_000_000)
        self.append([(1_500_000_000, card)])
        self.take()

    def take(self) -> None:
        said, self._taken = self._exchange.said[self._taken :], len(self._exchange.said)
        self.append([fact for _, *message in said for fact in self.told(*message)])

    def told(
        self, content: Content, attached: tuple[bytes, ...], came_s: int | None
    ) -> Iterable[tuple[int, Fact]]:
        digest = sha256(bytes_of(content)).hexdigest()
        package = Package(
            content=bytes_of(content),
            officers=(),
            frame=b"",
            station=SignaturePair(b"", b""),
            attachments=attached,
        )
        (name,) = self.envelopes.put([bytes_of(package)])
        if content.sender == self._own:
            yield content.composed_at_s, MessageQueued(digest, PLACE, name, NOTHING)
            for one in content.recipients if came_s is not None else ():
                assert came_s is not None
                yield came_s, ReceiptCame(digest, NOTHING, one, NOTHING, came_s, 1)
        elif came_s is not None:
            yield came_s, MessageStored(about(content, digest), (), PLACE, name, "https", DEADLINES)

    def append(self, facts: Sequence[tuple[int, Fact]]) -> None:
        """Past the node's steps: what they would refuse is not looked at here."""
        head, nodes, stored = self.facts.head(), [], []
        for at_s, fact in facts:
            record = FactRecord(self._frontier.size, at_s * 1_000, fact)
            body = canonical_bytes(record)
            self._frontier, completed = self._frontier.grow(leaf_hash(body))
            nodes += kept_nodes(record.number, completed)
            stored.append(StoredFact(record.number, record.at_ms, record.kind, body, leaf_hash(body)))
        after = StoreHead(self._frontier.size, self._frontier.root, self._frontier.to_bytes(), 0)
        self.facts.append(Addition(expected=head, facts=stored, effects=(), nodes=nodes, head=after))


def about(content: Content, digest: Digest) -> About:
    return About(
        message=digest,
        sender=content.sender,
        recipients=content.recipients,
        reference=content.reference,
        composed_at_s=content.composed_at_s,
        expires_at_s=None,
        precedence=content.precedence,
        level=content.level,
        mark=content.mark,
        form=content.form,
        accord=content.accord,
        answers=content.answers,
        tlp=content.tlp,
    )


def day(at_s: int) -> str:
    return time_value(at_s)[:10]


class Story:
    """Half a year under the bilateral template up to `now_s`, seen from XA: an exercise announced in time and
    one late, a question that is due in an hour and one that was never answered, a late one in dispute, an
    incident in an election, a meeting, a pledge, and XB's account, which knows nothing of the incident."""

    def __init__(self, now_s: int) -> None:
        self.now_s, self.begin_s = now_s, now_s - 180 * DAY_S
        parties = [PartyDraft(code, f"State {code}", ORGANISATIONS[code]) for code in ("XA", "XB")]
        period = ELECTION.format(first=day(now_s - 90 * DAY_S), last=day(now_s - 70 * DAY_S))
        written = draft("bilateral-incidents", ACCORD, parties, ["en", "fa", "ru"], "")
        self.exchange = Exchange(written + period.encode())
        for by in ("XA", "XB"):
            self.exchange.sign(by, self.begin_s)
            self.exchange.say(
                by, "declaration", self.begin_s + DAY_S, level="senior", declaration="pledge", act="made",
                pledge="no-first-strike", guarantee_id="no-first-strike",
            )  # fmt: skip
        self.exercises()
        self.incident()
        self.meeting()
        self.questions()
        self.acknowledgements()
        self.account()

    def acknowledgements(self) -> None:
        """An officer of the other side opens each message within the hour, but for XA's first."""
        for by, content, _, _ in self.exchange.said[1:]:
            other = "XB" if by == "XA" else "XA"
            self.exchange.say(
                other, "receipt", content.composed_at_s + HOUR_S,
                answers=sha256(bytes_of(content)).hexdigest(), receipt="opened",
                opened_at=time_value(content.composed_at_s),
            )  # fmt: skip

    def exercises(self) -> None:
        begins_s = self.begin_s + 30 * DAY_S
        notice(self.exchange, "XA", begins_s - 130 * HOUR_S, begins_s, "2028-1")
        notice(self.exchange, "XB", begins_s - 20 * HOUR_S, begins_s, "2028-1")
        self.late_notice = "notice-of-exercise/XB/XA/XB/2028-1"

    def incident(self) -> None:
        known_s = self.now_s - 80 * DAY_S
        self.exchange.say(
            "XA", "incident", known_s + 5 * HOUR_S, incident="2028-7", incident_stage="initial",
            kind="ddos", status="ongoing", severity="high", confidence="likely", prefix="203.0.113.0/25",
            detected_at=time_value(known_s),
        )  # fmt: skip

    def meeting(self) -> None:
        held_s = self.now_s - 60 * DAY_S
        told = MINUTES.format(
            held=day(held_s), due=day(self.now_s - 20 * DAY_S), after=day(self.now_s + 30 * DAY_S)
        )
        for by in ("XA", "XB"):
            self.exchange.say(
                by, "free-text", held_s, level="centre", attachments=(told.encode(),), purpose="minutes",
                happening="track-met", track="agencies",
            )  # fmt: skip

    def questions(self) -> None:
        def asks(by: str, at_s: int) -> str:
            return self.exchange.say(
                by, "clarification-request", at_s, subject="other", question="known-to-you"
            )

        never = asks("XA", self.now_s - 30 * DAY_S)
        disputed = asks("XB", self.now_s - 25 * DAY_S)
        self.never, self.disputed = f"clarify/XB/XA/{never}", f"clarify/XA/XB/{disputed}"
        self.exchange.say(
            "XA", "declaration", self.now_s - 10 * DAY_S, level="senior", declaration="obligation",
            act="disputed", obligation=self.disputed,
        )  # fmt: skip
        self.asked = asks("XB", self.now_s - 47 * HOUR_S)
        self.pressing = f"clarify/XA/XB/{self.asked}"

    def account(self) -> None:
        """XB's own record of the time, out of which the incident was left."""
        theirs = self.exchange.ledger("XB").current(ACCORD, self.now_s)
        told = account_of(theirs, "XB", self.now_s - 100 * DAY_S, self.now_s - 50 * DAY_S)
        left = tuple(one for one in told.happened if one.kind != "incident-notification")
        told = msgspec.structs.replace(told, happened=left)
        self.exchange.say(
            "XB", "free-text", self.now_s - 40 * HOUR_S, level="centre", purpose="account",
            attachments=(account_bytes(told),),
        )  # fmt: skip

    def ledger(self, party: str = "XA") -> AccordLedger:
        made = AccordLedger(self.exchange, party)
        made.append([(self.now_s - DAY_S, self.seen())])
        return made

    def seen(self) -> OriginsSeen:
        """As an attack on XA's own asset would be, seen in part from XB's networks."""
        seen = SeenFrom(
            party="XB",
            prefixes=("192.0.2.0/24",),
            networks=(),
            bits_per_s=Rate(4_000_000, 3_000_000, 5_000_000),
            flows=312,
        )
        return OriginsSeen(
            accord=ACCORD,
            digest=sha256(self.exchange.written).hexdigest(),
            attack=1,
            assets=("XA-clinics",),
            targets=("198.51.100.7/32",),
            from_ms=self.now_s * 1_000 - 86_400_000,
            until_ms=self.now_s * 1_000 - 86_340_000,
            sampling=1_000,
            seen=(seen,),
        )
