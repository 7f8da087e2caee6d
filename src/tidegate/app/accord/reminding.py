"""Who is reminded of what: the accords on record become reminders when their time has come."""

from collections.abc import Iterator, Mapping

from tidegate.accord.next_steps import Reminder, fallen, next_step, reminders
from tidegate.accord.reckoning import Standing
from tidegate.app.accord.books import Book
from tidegate.app.accord.following import Following
from tidegate.app.accord.steps import reminded_key
from tidegate.app.complaints import Complaint
from tidegate.app.node import Node
from tidegate.app.state import Reminded
from tidegate.model.accord_facts import ReminderFellDue
from tidegate.model.organisations import OrganisationId
from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed

LOOK_EVERY_MS = 30_000
"""A reminder may come so much later than the accord asks."""

REMINDERS_AT_ONCE_MAX = 64
"""Reminders of one look, the oldest; the others follow with the next."""

OLDEST_S = 30 * 86_400
"""Nobody is reminded of what fell due longer ago: `tidegate accord status` lists it. It keeps a node that was
off for long, or learned of old matters from a copy, from telling of all of them."""


class Reminding:
    """Belongs to the node's thread. What people were told stands in the state, so that a restart, or a crash
    between storing and telling, tells nothing twice and forgets nothing."""

    def __init__(self, node: Node, following: Following, own: OrganisationId, clock: Clock) -> None:
        self._node = node
        self._following = following
        self._own = own
        self._clock = clock
        self._looked_ms: int | None = None
        self._trouble = Complaint("reminders of accords are given again")

    def turn(self) -> None:
        """Twice a minute: looks, and records what is due; the node stores it and then tells it."""
        now_ms = self._clock.now_ms()
        if self._looked_ms is not None and 0 <= now_ms - self._looked_ms < LOOK_EVERY_MS:
            return
        if self._node.waiting:  # the state is behind
            return
        try:
            if not self._following.ready():
                return  # a piece each turn until all is read
            self._looked_ms = now_ms
            due = self.due(now_ms // 1_000)[:REMINDERS_AT_ONCE_MAX]
            if due:
                self._node.record(*due)
        except OutsideFailed as failure:
            self._looked_ms = now_ms
            self._trouble.tell(f"reminders of accords wait: {failure}", now_ms)
        else:
            self._trouble.tell(None, now_ms)

    def due(self, now_s: int) -> list[ReminderFellDue]:
        """Those whose time has come and that were not given, by time."""
        told = self._node.state.reminded
        facts = [
            fact
            for book in self._following.look().by_digest.values()
            if book.force is not None and self._own in book.codes
            for fact in self._of(book, told, now_s)
        ]
        return sorted(facts, key=lambda fact: (fact.at_s, fact.instance))

    def _of(self, book: Book, told: Mapping[str, Reminded], now_s: int) -> Iterator[ReminderFellDue]:
        us = book.codes[self._own]
        standings = {one.name: one for one in self._following.reckoning(book).open(now_s)}
        for reminder in fallen(reminders(list(standings.values()), us), now_s - OLDEST_S, now_s):
            known = told.get(reminded_key(book.digest, reminder.instance))
            if known is None or known.at_s < reminder.at_s:
                yield fact_of(book, reminder, standings[reminder.instance])


def fact_of(book: Book, reminder: Reminder, one: Standing) -> ReminderFellDue:
    return ReminderFellDue(
        accord=book.accord.id,
        digest=book.digest,
        article=one.obligation.article,
        instance=one.name,
        duty=one.duty,
        toward=one.toward,
        ours=one.duty == reminder.party,
        level=reminder.level,
        at_s=reminder.at_s,
        due_s=reminder.due_s,
        next_step=str(next_step(one, reminder.party)),
    )
