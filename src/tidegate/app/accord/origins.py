"""Where attacks on protected assets were seen from: counted by the networks that parties answer for.

It is material for a question that an officer may ask, with its interval and its caveat; nothing is sent, and
nobody is named as a culprit: source addresses can be forged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

import numpy as np

from tidegate.app.accord.books import Book
from tidegate.app.accord.following import Following
from tidegate.app.accord.steps import origins_key
from tidegate.app.complaints import Complaint
from tidegate.app.jobs import Jobs
from tidegate.app.node import Node
from tidegate.app.samples import SAMPLE_S, Sampler, apart
from tidegate.app.sentences import rate
from tidegate.hotline.values import time_value
from tidegate.mitigate.matching import Mask, within
from tidegate.mitigate.measure import rate_of
from tidegate.model.accord_facts import OriginsSeen, SeenFrom
from tidegate.model.accords import Party, PartyCode
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack
from tidegate.model.canonical import decode_record
from tidegate.model.organisations import OrganisationId
from tidegate.model.refusals import Full, NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.collector import FlowSample
from tidegate.ports.facts import READ_ROWS_MAX, FactStore
from tidegate.ports.outside import OutsideFailed

LOOK_EVERY_MS = 5_000

ORIGIN_ROWS_MAX = 20_000
"""Flow records that one look at an attack rests on; the collector thins evenly above that."""

AWAITED_ROWS_MIN = 20
"""With fewer flow records the look is made again later: they say too little about the sources."""

ANSWER_S = 48 * 3_600
"""An officer may ask for an answer sooner or later; the accord's own clock counts in any case."""

CAVEAT = "Source addresses can be forged: this does not show who sent it."


@dataclass(frozen=True, slots=True)
class Question:
    """What a look was made for."""

    book: Book
    us: PartyCode
    attack: Attack
    assets: tuple[str, ...]


class Origins:
    """Belongs to the node's thread; the collector is asked beside it."""

    def __init__(
        self, node: Node, following: Following, own: OrganisationId, sampler: Sampler, clock: Clock
    ) -> None:
        self._node = node
        self._following = following
        self._own = own
        self._sampler = sampler
        self._clock = clock
        self._jobs: Jobs[str] = Jobs()
        self._asked: dict[str, Question] = {}
        self._looked_ms: int | None = None
        self._trouble = Complaint("it is recorded again where attacks on protected assets come from")

    def turn(self) -> None:
        """What is told of an attack is told once; what could not be sampled is tried again."""
        now_ms = self._clock.now_ms()
        try:
            self._take(now_ms)
            if self._looked_ms is None or not 0 <= now_ms - self._looked_ms < LOOK_EVERY_MS:
                self._looked_ms = now_ms
                for key, question in self._due():
                    self._begin(key, question)
        except (OutsideFailed, Full) as failure:
            self._trouble.tell(f"where an attack came from is not known: {failure}", now_ms)
        else:
            self._trouble.tell(None, now_ms)

    def stop(self) -> None:
        self._jobs.stop()

    def _due(self) -> Iterator[tuple[str, Question]]:
        attacks = self._node.state.open_attacks.values()
        if not attacks or self._node.waiting or not self._following.ready():
            return
        for book in self._following.look().by_digest.values():
            us = book.codes.get(self._own)
            if us is None or book.force is None or not book.force.covers(self._clock.now_ms() // 1_000):
                continue
            for attack in attacks:
                key, assets = origins_key(book.digest, attack.number), touched(book, us, attack)
                if assets and key not in self._node.state.origins and key not in self._jobs:
                    yield key, Question(book, us, attack, assets)

    def _begin(self, key: str, question: Question) -> None:
        target = apart(map(Prefix.parse, question.attack.targets))[0]
        if self._jobs.begin(key, lambda: self._sampler.sample(target, ORIGIN_ROWS_MAX, SAMPLE_S)):
            self._asked[key] = question

    def _take(self, now_ms: int) -> None:
        for key, job in self._jobs.done():
            question = self._asked.pop(key)
            sample = job.result()
            assert isinstance(sample, FlowSample), "nothing else is asked for"
            if len(sample.rows) >= AWAITED_ROWS_MIN:
                try:
                    self._node.record(origins_of(question, sample))
                except NotAllowed as refusal:
                    self._trouble.tell(str(refusal), now_ms)


def touched(book: Book, us: PartyCode, attack: Attack) -> tuple[str, ...]:
    """Our protected assets that the attack's targets lie in, or around."""
    targets = [ip_network(target) for target in attack.targets]
    return tuple(
        asset.id
        for asset in book.accord.asset
        if asset.party == us
        and any(
            known.version == target.version and known.overlaps(target)
            for known in map(ip_network, asset.prefixes)
            for target in targets
        )
    )


def origins_of(question: Question, sample: FlowSample) -> OriginsSeen:
    """By the parties' own networks alone. Records that do not say how they were sampled are passed over."""
    known = sample.rows["sampling_rate"] > 0
    rows, weights = sample.rows[known], sample.weights[known]
    seconds = max(1, sample.until_ms - sample.from_ms) / 1_000
    seen: list[SeenFrom] = []
    for party in question.book.accord.party:
        mask = from_networks_of(party, rows)
        if party.code != question.us and np.any(mask):
            seen.append(
                SeenFrom(
                    party=party.code,
                    prefixes=party.prefixes,
                    networks=party.networks,
                    bits_per_s=rate_of(rows[mask], weights[mask], seconds),
                    flows=int(np.count_nonzero(mask)),
                )
            )
    return OriginsSeen(
        accord=question.book.accord.id,
        digest=question.book.digest,
        attack=question.attack.number,
        assets=question.assets,
        targets=question.attack.targets,
        from_ms=sample.from_ms,
        until_ms=sample.until_ms,
        sampling=int(rows["sampling_rate"].max()) if len(rows) else 0,
        seen=tuple(seen),
    )


def from_networks_of(party: Party, rows: "np.ndarray[tuple[int], np.dtype[np.void]]") -> Mask:
    mask: Mask = np.zeros(len(rows), np.bool_)
    for prefix in party.prefixes:
        mask |= within(Prefix.parse(prefix), rows, "src")
    networks: Sequence[int] = [network for network in party.networks if network]
    return mask | np.isin(rows["src_as"], networks)


def seen_on_record(store: FactStore, accord_id: str) -> list[OriginsSeen]:
    """What is on record under an accord, the last first, at most READ_ROWS_MAX."""
    found: list[OriginsSeen] = []
    for stored in store.latest([OriginsSeen.__name__], store.head().size, READ_ROWS_MAX):
        fact = decode_record(stored.body).fact
        assert isinstance(fact, OriginsSeen), "only these were asked for"
        if fact.accord == accord_id:
            found.append(fact)
    return found


def question_about(
    book: Book, found: Sequence[OriginsSeen], attack: int, party: PartyCode, now_s: int
) -> tuple[tuple[str, ...], str]:
    """Fields and remarks of a request for clarification, for an officer to read, change, and sign or not.

    NotAllowed where nothing of that attack was seen from networks of that party.
    """
    for fact in found:
        for one in fact.seen:
            if fact.attack == attack and one.party == party:
                return fields_about(fact, one, now_s), words_about(fact, one)
    raise NotAllowed(f"nothing of attack {attack} was seen from networks that {party} answers for")


def fields_about(fact: OriginsSeen, one: SeenFrom, now_s: int) -> tuple[str, ...]:
    return (
        "subject=traffic",
        "question=known-to-you",
        "question=which-cause",
        *(f"prefix={target}" for target in fact.targets),
        *(f"seen-from-prefix={prefix}" for prefix in one.prefixes),
        *(f"seen-from-network=AS{network}" for network in one.networks),
        "confidence=possible",
        f"sampling={max(1, fact.sampling)}",
        f"began-at={time_value(fact.from_ms // 1_000)}",
        f"ended-at={time_value(fact.until_ms // 1_000)}",
        f"answer-by={time_value(now_s + ANSWER_S)}",
    )


def words_about(fact: OriginsSeen, one: SeenFrom) -> str:
    seen = rate(one.bits_per_s, "bps", scaled=True)
    return (
        f"Seen toward {', '.join(fact.assets)}: {seen}, 90 % sampling interval, {one.flows} sampled flow "
        f"records, up to 1 in {fact.sampling} packets sampled. {CAVEAT}"
    )
