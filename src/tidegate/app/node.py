"""The node: it records facts, stores them before anything is done about them, and answers questions."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from msgspec.structs import replace

from tidegate.app.attack_counts import count_what_is_not
from tidegate.app.checkpoint import CHECKPOINT_EVERY, checkpoint_of, tip_from
from tidegate.app.entry import Entry, Tip, addition, prepare
from tidegate.app.ledger_check import LedgerVerdict, Remembered, verify_ledger
from tidegate.app.outbox import RETRY, Outbox, RetryPolicy, Route, SinkStatus, to_people
from tidegate.app.state import State
from tidegate.app.step import step
from tidegate.model.attacks import Attack
from tidegate.model.canonical import FactRecord, decode_record
from tidegate.model.facts import AttackEnded, Fact
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.ports.alerts import AlertSink
from tidegate.ports.clock import Clock
from tidegate.ports.facts import APPEND_FACTS_MAX, MENTIONS_ASKED_MAX, FactStore, HeadMoved, StoreHead
from tidegate.ports.outside import OutsideFailed

FACTS_WAITING_MAX = 4_096
"""Facts that wait in memory while the store fails; further ones are refused as Full."""


class Node:
    """Guardian of "save, then act". The numbers stand beside the code that keeps each rule.

    1. A fact that cannot have happened in the present state is told to whoever brings it, and not stored.
    2. A fact, its effects and the new ledger head are stored in one transaction.
    3. An effect is carried out only after it is stored, and again until its sinks have taken it.
    4. Facts whose storing failed wait, and are stored before any later fact, each exactly once: whether
       a try that seemed to fail took hold is read from the ledger's head.
    5. The state follows from the stored facts: it moves only when they are stored. A checkpoint saves
       reading them all again, and decides nothing.

    One thread uses it. `record` when something happened; `catch_up` once a second besides.
    """

    def __init__(
        self,
        store: FactStore,
        routes: Sequence[Route],
        clock: Clock,
        *,
        retry: RetryPolicy,
        tip: Tip,
        checkpoint_size: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._outbox = Outbox(store, routes, clock, retry)
        self._tip = tip
        self._waiting: deque[Entry] = deque()
        self._tried = 0  # how many of those that wait went into a try that failed
        self._gathered_from: int | None = None  # while `together` gathers: how many waited when it began
        self._trouble: OutsideFailed | None = None
        self._checkpoint_size = checkpoint_size

    @classmethod
    def open(
        cls,
        store: FactStore,
        sinks: Sequence[AlertSink],
        clock: Clock,
        retry: RetryPolicy = RETRY,
        routes: Sequence[Route] = (),
    ) -> "Node":
        """A node where the stored facts left it; effects that were pending are carried out first.

        `sinks` take what is told to people; `routes` are for effects of other kinds.

        OutsideFailed when the store fails or does not hold what was recorded.
        """
        checkpoint = tip_from(store.checkpoint())
        tip = rebuild(store, checkpoint)
        count_what_is_not(store)
        all_routes = [*to_people(sinks), *routes]
        node = cls(store, all_routes, clock, retry=retry, tip=tip, checkpoint_size=checkpoint.frontier.size)
        node.carry_out()
        return node

    def record(self, *facts: Fact, keep: Sequence[bytes] = ()) -> list[int]:
        """Store facts that happened now, in this order, carry out what follows, and return their numbers.

        `keep` are bytes that the facts name; they are stored in the same transaction.

        NotAllowed when one of them cannot have happened, Full when too many wait: none is taken then.
        OutsideFailed when the store fails: the facts are taken, wait in memory, and are stored by the
        next call, so they are not to be recorded again.
        """
        numbers = self.store(*facts, keep=keep)
        self.carry_out()
        return numbers

    def store(self, *facts: Fact, keep: Sequence[bytes] = ()) -> list[int]:
        """As `record`, but what follows is left to the next `carry_out`."""
        entries = self._prepare(facts)
        if keep:
            entries[0] = replace(entries[0], blobs=tuple(keep))
        self._waiting.extend(entries)
        if self._gathered_from is None:
            self._store_what_waits()
        return [entry.fact.number for entry in entries]

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is stored inside is stored at the end, in as few transactions as hold it.

        Until then the state is ahead of the store: whoever uses this tells and sends nothing of what was
        recorded before the end. OutsideFailed at the end as by `record`; an error inside leaves what was
        recorded before it on record.
        """
        if self._gathered_from is not None:
            yield
            return
        self._gathered_from = len(self._waiting)
        try:
            yield
        finally:
            self._gathered_from = None
            self._store_what_waits()

    def store_gathered(self) -> None:
        """For a question to the store itself inside `together`."""
        if self._has_gathered:
            try:
                self._store_what_waits()
            finally:
                self._gathered_from = len(self._waiting)

    @property
    def gathering(self) -> bool:
        return self._gathered_from is not None

    @property
    def _has_gathered(self) -> bool:
        return self._gathered_from is not None and len(self._waiting) > self._gathered_from

    def catch_up(self) -> None:
        """Store what waits and carry out what is due. OutsideFailed when the store still fails."""
        self._store_what_waits()
        self.carry_out()

    def _store_what_waits(self) -> None:
        try:
            while self._waiting:
                self._store_some()
        except OutsideFailed as failure:
            self._trouble = failure
            raise

    def carry_out(self) -> None:
        """One round of effects. Failures never come up: they are tried again, and told by `sinks`."""
        try:
            self._outbox.carry_out(self._tip.effects)
            self._save_checkpoint_when_due()
        except OutsideFailed as failure:
            self._trouble = failure
        else:
            self._trouble = self._trouble if self._waiting else None

    def _save_checkpoint_when_due(self) -> None:
        size = self._tip.frontier.size
        if size - self._checkpoint_size >= CHECKPOINT_EVERY:
            self._store.save_checkpoint(checkpoint_of(self._tip))
            self._checkpoint_size = size

    def _prepare(self, facts: Sequence[Fact]) -> list[Entry]:
        if len(self._waiting) + len(facts) > FACTS_WAITING_MAX:
            raise Full("facts waiting to be stored", FACTS_WAITING_MAX)
        now_ms = self._clock.now_ms()
        tip = self._waiting[-1].tip if self._waiting else self._tip
        entries: list[Entry] = []
        for fact in facts:
            entry = prepare(tip, now_ms, fact)  # 1
            entries.append(entry)
            tip = entry.tip
        return entries

    def _store_some(self) -> None:
        # 4. A failed try is made again with the very same facts. If it had taken hold after all, the store
        # finds its head moved, to exactly where these facts move it.
        some = list(islice(self._waiting, self._tried or APPEND_FACTS_MAX))
        self._tried = len(some)
        attempt = addition(self._tip, some)
        try:
            self._store.append(attempt)  # 2
        except HeadMoved:
            if self._store.head() != attempt.head:
                raise
        self._tried = 0
        self._tip = some[-1].tip  # 5
        for _ in some:
            self._waiting.popleft()

    @property
    def state(self) -> State:
        """As of the last stored fact, or recorded one inside `together`."""
        return (self._waiting[-1].tip if self._has_gathered else self._tip).state

    @property
    def head(self) -> StoreHead:
        """The ledger's head, as of the last stored fact."""
        return self._tip.head

    @property
    def recorded(self) -> int:
        """Facts on record, those counted that wait or are gathered."""
        return (self._waiting[-1].tip if self._waiting else self._tip).frontier.size

    @property
    def waiting(self) -> int:
        """Facts not stored yet, beside those gathered; more than none means that the store fails."""
        return len(self._waiting) if self._gathered_from is None else self._gathered_from

    @property
    def trouble(self) -> OutsideFailed | None:
        """Why the store failed when it was last used, if it did; what was left is tried again."""
        return self._trouble

    def sinks(self) -> list[SinkStatus]:
        return self._outbox.status()

    def past_attacks(self, limit: int) -> Iterator[Attack]:
        return past_attacks(self._store, self.head.size, limit)

    def mentioning(self, digests: Sequence[str], kinds: Sequence[type]) -> list[tuple[str, FactRecord]]:
        """Stored facts of these kinds that mention one of these digests, by number, each with the digest."""
        self.store_gathered()
        names = [kind.__name__ for kind in kinds]
        return [
            (digest, decode_record(stored.body))
            for at in range(0, len(digests), MENTIONS_ASKED_MAX)
            for digest, stored in self._store.mentioning(digests[at : at + MENTIONS_ASKED_MAX], names)
        ]

    def verify(self, remembered: Remembered | None = None) -> LedgerVerdict:
        """See `verify_ledger`; of what is stored, not of what this node remembers."""
        return verify_ledger(self._store, remembered)


def rebuild(store: FactStore, checkpoint: Tip) -> Tip:
    """The tip that the stored facts lead to, whose root must be the stored one. It changes nothing.

    Facts before the checkpoint are not read: give `Tip()` to begin with the first. OutsideFailed when the
    store fails or does not hold what was recorded.
    """
    head = store.head()
    state, frontier = checkpoint.state, checkpoint.frontier
    for stored in store.facts(frontier.size, head.size):
        try:
            state, _ = step(state, decode_record(stored.body))
        except (Malformed, NotAllowed, Full) as refusal:
            raise not_as_recorded(store, f"fact {frontier.size} is not as recorded ({refusal})") from refusal
        frontier = frontier.append_entry(stored.body)
    tip = Tip(state, frontier, head.effects)
    if tip.head != head:
        raise not_as_recorded(store, f"the first {frontier.size} facts do not have the recorded root")
    return tip


def read_state(store: FactStore) -> State:
    """The state that the stored facts lead to, for a question beside a running node. Errors as `rebuild`."""
    return rebuild(store, tip_from(store.checkpoint())).state


def past_attacks(store: FactStore, before: int, limit: int) -> Iterator[Attack]:
    """Ended attacks from the store, the last first, among the facts below number `before`."""
    for stored in store.latest([AttackEnded.__name__], before, limit):
        record: FactRecord = decode_record(stored.body)
        assert isinstance(record.fact, AttackEnded)
        yield record.fact.attack


def not_as_recorded(store: FactStore, what: str) -> OutsideFailed:
    remedy = "See `tidegate ledger verify`; keep this database, and go on with a copy from before."
    return OutsideFailed(what, store.where, remedy)
