"""The courier: which envelopes are to be offered now, over which ways; from the state and the clock alone.

Besides the stored state it knows only when it offered what, and how each way fared. Forgetting that costs an
offer too many, never one too few.

1. A copy that is to be offered (tidegate.hotline.state.is_offered) is offered again and again, until it is
   receipted or its sender no longer wants it.
2. FLASH takes every way at once, also relays; the others the best ways that are left, and relays where the
   recipient's own ways fail.
3. The wait between two offers grows to the longest that the precedence bears, 60 s for FLASH. It begins with
   twice the time that the recipient's receipts take of late; any sign of life of the recipient ends a wait
   that lasted so long already.
4. At most IN_FLIGHT_MAX copies to one recipient are under way at a time, the most urgent and oldest first.
   One that waits for its next offer is not under way: it never holds up those behind it.
5. FLASH waits behind nothing else: others do not count against its IN_FLIGHT_MAX, and never take the last
   offers of a way.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from tidegate.hotline.backoff import FIRST_MS, LONGEST_MS, first_ms, is_due, wait_ms
from tidegate.hotline.state import HotlineState, Sent, pending
from tidegate.model.messages import PRECEDENCES
from tidegate.model.organisations import Digest, Endpoint, OrganisationId

IN_FLIGHT_MAX = 256
"""Copies offered to one recipient, so lately that no second offer is due, and not receipted; the others wait
for their turn."""

WAY_OFFERS_MAX = 4
"""Offers under way on one way; what is not urgent waits for the first of them to end, or goes another way."""

WAY_URGENT_MAX = 8
"""The same for FLASH, receipts and heartbeats, which so find room where the others have taken theirs."""

WAYS_MAX = 4_096
"""Ways whose fate is remembered; of a further one every try is the first."""

BUSY_MS_MAX = 20_000
"""An offer that told no outcome for so long counts no more against those of its way."""

REMEMBERED_OFFERS_MAX = 64
"""Offers of one way whose outcome is still awaited; of an older one the outcome frees no copies any more."""

WAY_FIRST_MS = 1_000
WAY_LONGEST_MS = 30_000
"""A way that failed is left alone for a second, then two, at most half a minute: it is never given up."""

UNKNOWN_PACE = float(1 << 30)

RANK: Mapping[str, int] = {precedence: rank for rank, precedence in enumerate(PRECEDENCES)}

CopyKey = Digest
"""A message in a new place begins its tries anew."""


class Way(NamedTuple):
    """One way out: a path by its name, whom it reaches, and where."""

    path: str
    peer: OrganisationId
    endpoint: Endpoint

    @property
    def label(self) -> str:
        """Its name on the standing board."""
        return f"{self.path} {self.endpoint.host}:{self.endpoint.port}"


class Offer(NamedTuple):
    """Messages for `recipient`, the most urgent first. `ways` may lead to relays; the best comes first.

    `urgent`: all of them over every way. Else each message over one, and over the next what the first does
    not take.
    """

    recipient: OrganisationId
    ways: tuple[Way, ...]
    sent: tuple[Sent, ...]
    urgent: bool


@dataclass(slots=True)
class Try:
    """Offers of one copy so far, and when the first and the last was."""

    first_ms: int
    tries: int = 0
    last_ms: int = 0


class UnderWay(NamedTuple):
    """An offer whose outcome is awaited: how many envelopes, and which copies they are of."""

    began_ms: int
    envelopes: int
    recipient: OrganisationId
    copies: tuple[CopyKey, ...]


@dataclass(slots=True)
class WayLife:
    """How a way fares. `pace_ms` is what its last offer took for each envelope, once one came over."""

    failures: int = 0
    failed_ms: int = 0
    last_ms: int = 0
    pace_ms: float = UNKNOWN_PACE
    under_way: dict[int, UnderWay] = field(default_factory=dict)


class Courier:
    """Belongs to the node's thread; the clock is an argument."""

    def __init__(self) -> None:
        self._tries: dict[OrganisationId, dict[CopyKey, Try]] = {}
        self._take_ms: dict[OrganisationId, float] = {}
        self._ways: dict[Way, WayLife] = {}
        self._tickets = count(1)
        self._pending: dict[OrganisationId, list[Sent]] = {}
        self._pending_of: object = None

    def offers(
        self,
        state: HotlineState,
        ways: Mapping[OrganisationId, Sequence[Way]],
        relays: Mapping[OrganisationId, Sequence[Way]],
        now_ms: int,
    ) -> list[Offer]:
        """What to offer now. `ways` lead to a recipient itself, `relays` to others who may hand on to it.

        Whoever carries them out says so by `begun` and `offered`.
        """
        made: list[Offer] = []
        for recipient in [*self._waiting(state, now_ms)]:
            copies = self._due(state, recipient, now_ms, LONGEST_MS["ROUTINE"])
            flash = tuple(sent for sent in copies if is_flash(sent))
            others = tuple(sent for sent in copies if not is_flash(sent))
            direct, detours = ways.get(recipient, ()), relays.get(recipient, ())
            every = self._free((*direct, *detours), now_ms, urgent=True)
            if flash and every:  # 2
                made.append(Offer(recipient, every, flash, urgent=True))
            best = self._free(direct, now_ms, urgent=False)
            if not best and not flash and self.all_fail(direct):
                best = self._free(detours, now_ms, urgent=False)[:1]
            if others and best:
                made.append(Offer(recipient, best, others, urgent=False))
        return made

    def for_caller(self, state: HotlineState, caller: OrganisationId, now_ms: int) -> list[Sent]:
        """What goes back to a recipient that called: everything that it was not offered just now."""
        return self._due(state, caller, now_ms, self._first_ms(caller))

    def begun(
        self,
        way: Way,
        ticket: int,
        recipient: OrganisationId,
        envelopes: int,
        sent: Sequence[Sent],
        now_ms: int,
    ) -> None:
        """An offer went out over this way; `sent` are the messages in it, if any."""
        self.offered(sent, recipient, now_ms)
        life = self._life(way)
        life.last_ms = now_ms
        life.under_way[ticket] = UnderWay(now_ms, envelopes, recipient, tuple(map(copy_key, sent)))
        if len(life.under_way) > REMEMBERED_OFFERS_MAX:
            life.under_way.pop(next(iter(life.under_way)))

    def ticket(self) -> int:
        """For the next offer; its outcome names it."""
        return next(self._tickets)

    def offered(self, sent: Iterable[Sent], recipient: OrganisationId, now_ms: int) -> None:
        """These were handed over, by a way or as the answer to a call."""
        tries = self._tries.setdefault(recipient, {})
        for one in sent:
            known = tries.setdefault(copy_key(one), Try(now_ms))
            if known.last_ms != now_ms:  # several ways at one moment are one try
                known.tries += 1
            known.last_ms = now_ms

    def refused(self, way: Way, now_ms: int) -> None:
        """It takes nothing now (a path that is full, or has no key for the peer): as one that failed."""
        life = self._life(way)
        life.last_ms = life.failed_ms = now_ms
        life.failures += 1

    def outcome(self, way: Way, ticket: int, why: str, round_trip_ms: int, now_ms: int) -> None:
        """`why` empty: the other end took it. What failed may go over another way at once."""
        life = self._life(way)
        ended = life.under_way.pop(ticket, None)
        if not why:
            life.failures = 0
            life.pace_ms = round_trip_ms / max(1, ended.envelopes if ended else 1)
            return
        if ended is None or ended.began_ms >= life.failed_ms:  # those begun before failed for one cause
            life.failures += 1
            life.failed_ms = now_ms
        if ended is not None:
            tries = self._tries.get(ended.recipient, {})
            for key in ended.copies:
                if key in tries:
                    tries[key].last_ms = 0

    def sign_of_life(self, peer: OrganisationId, now_ms: int) -> None:
        """3. Whatever came from it: waits for it that lasted long enough are over."""
        first = self._first_ms(peer)
        for known in self._tries.get(peer, {}).values():
            if is_due(known.last_ms, first, now_ms):
                known.tries, known.last_ms = 0, 0
        for way, life in self._ways.items():
            if way.peer == peer and is_due(life.last_ms, WAY_FIRST_MS, now_ms):
                life.failures = 0

    def is_free(self, way: Way, now_ms: int, *, urgent: bool) -> bool:
        """Whether one more offer may begin on it. One that never succeeded, or failed last, is tried by one
        offer at a time (FLASH: two), and left alone for a while after each failure."""
        life = self._ways.get(way)
        if life is None:
            return True
        if life.failures:
            wait = min(WAY_FIRST_MS << min(life.failures - 1, 16), WAY_LONGEST_MS)
            if not is_due(life.last_ms, wait, now_ms):
                return False
        busy = sum(not is_due(one.began_ms, BUSY_MS_MAX, now_ms) for one in life.under_way.values())
        if life.failures or life.pace_ms == UNKNOWN_PACE:
            return busy < 1 + urgent
        return busy < (WAY_URGENT_MAX if urgent else WAY_OFFERS_MAX)

    def merit(self, way: Way) -> tuple[int, float]:
        """The less the better: failures in a row, then how long an envelope takes."""
        life = self._ways.get(way)
        return (life.failures, life.pace_ms) if life else (0, UNKNOWN_PACE)

    def all_fail(self, ways: Sequence[Way]) -> bool:
        """Whether the last try of each of these ways failed; also where there are none."""
        return all(way in self._ways and self._ways[way].failures for way in ways)

    def _free(self, ways: Iterable[Way], now_ms: int, *, urgent: bool) -> tuple[Way, ...]:
        free = [way for way in ways if self.is_free(way, now_ms, urgent=urgent)]
        return tuple(sorted(free, key=self.merit))

    def _waiting(self, state: HotlineState, now_ms: int) -> Mapping[OrganisationId, list[Sent]]:
        """What is to be offered to whom, the most urgent and oldest first; looked up when it changed."""
        if self._pending_of is not state.sent:
            self._pending_of, self._pending = state.sent, {}
            for sent, copy in pending(state):
                self._pending.setdefault(copy.recipient, []).append(sent)
            for copies in self._pending.values():
                copies.sort(key=lambda sent: RANK[sent.about.precedence])
            self._forget(now_ms)
        return self._pending

    def _due(
        self, state: HotlineState, recipient: OrganisationId, now_ms: int, wait_at_most: int
    ) -> list[Sent]:
        waiting = self._waiting(state, now_ms).get(recipient, [])
        flash = sum(map(is_flash, waiting))
        return [  # 5
            *self._due_of(recipient, waiting[:flash], now_ms, wait_at_most),
            *self._due_of(recipient, waiting[flash:], now_ms, wait_at_most),
        ]

    def _due_of(
        self, recipient: OrganisationId, copies: Sequence[Sent], now_ms: int, wait_at_most: int
    ) -> Iterator[Sent]:
        tries = self._tries.get(recipient, {})
        last = [known.last_ms for sent in copies if (known := tries.get(copy_key(sent)))]
        first = self._first_ms(recipient)
        room = IN_FLIGHT_MAX - sum(not is_due(ms, first, now_ms) for ms in last)  # 4
        for sent in copies:
            if room <= 0:
                return
            if self._is_due(sent, recipient, now_ms, wait_at_most):
                room -= 1
                yield sent

    def _is_due(self, sent: Sent, recipient: OrganisationId, now_ms: int, wait_at_most: int) -> bool:
        known = self._tries.get(recipient, {}).get(copy_key(sent))
        if known is None:
            return True
        wait = wait_ms(known.tries, LONGEST_MS[sent.about.precedence], self._first_ms(recipient))
        return is_due(known.last_ms, min(wait, wait_at_most), now_ms)

    def _forget(self, now_ms: int) -> None:
        """Tries of copies that are offered no more: nearly always because they were receipted."""
        for recipient, tries in [*self._tries.items()]:
            live = {copy_key(sent) for sent in self._pending.get(recipient, ())}
            for key in [key for key in tries if key not in live]:
                self._note_receipt(recipient, now_ms - tries.pop(key).first_ms)
            if not tries:
                del self._tries[recipient]

    def _note_receipt(self, recipient: OrganisationId, took_ms: int) -> None:
        """A running mean over the last eight or so. One that took very long was lost on its way, or waited
        for a link: it counts as twice the mean."""
        mean = self._take_ms.get(recipient, 0.0)
        took = min(max(0, took_ms), max(FIRST_MS, 2 * mean))
        self._take_ms[recipient] = mean + (took - mean) / 8

    def _first_ms(self, recipient: OrganisationId) -> int:
        return first_ms(self._take_ms.get(recipient, 0.0))

    def _life(self, way: Way) -> WayLife:
        if way not in self._ways and len(self._ways) >= WAYS_MAX:
            self._ways.pop(next(iter(self._ways)))
        return self._ways.setdefault(way, WayLife())


def copy_key(sent: Sent) -> CopyKey:
    return sent.place.frame if sent.place else sent.about.message


def is_flash(sent: Sent) -> bool:
    return sent.about.precedence == "FLASH"
