"""The courier: which envelopes are to be offered now, over which ways; from the state and the clock alone.

Besides the stored state it knows only when it offered what, and how each way fared. Forgetting that costs an
offer too many, never one too few.

1. A copy that is to be offered (tidegate.hotline.state.is_offered) is offered again and again, until it is
   receipted or its sender no longer wants it.
2. FLASH takes every way at once, also relays; the others the best way that is left, and relays where the
   recipient's own ways fail.
3. The wait between two offers grows to the longest that the precedence bears, 60 s for FLASH. Any sign of
   life of the recipient ends a wait that lasted FIRST_MS already.
4. At most IN_FLIGHT_MAX copies to one recipient are under way at a time, the most urgent and oldest first.
   One that waits for its next offer is not under way: it never holds up those behind it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tidegate.hotline.backoff import FIRST_MS, LONGEST_MS, is_due, wait_ms
from tidegate.hotline.state import HotlineState, Sent, pending
from tidegate.model.messages import PRECEDENCES
from tidegate.model.organisations import Digest, Endpoint, OrganisationId

IN_FLIGHT_MAX = 64
"""Copies offered to one recipient in the last FIRST_MS and not receipted; the others wait for their turn."""

OFFER_MESSAGES_MAX = 64
"""Messages in one offer; the next ones follow in the next."""

WAYS_MAX = 4_096
"""Ways whose fate is remembered; of a further one every try is the first."""

BUSY_MS_MAX = 20_000
"""A way that told no outcome of an offer for so long is taken for free again."""

WAY_FIRST_MS = 1_000
WAY_LONGEST_MS = 30_000
"""A way that failed is left alone for a second, then two, at most half a minute: it is never given up."""

RANK: Mapping[str, int] = {precedence: rank for rank, precedence in enumerate(PRECEDENCES)}


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
    """Messages for `recipient` over `way`, which may lead to a relay, the most urgent first."""

    way: Way
    recipient: OrganisationId
    sent: tuple[Sent, ...]


@dataclass(slots=True)
class Try:
    """Offers of one copy so far, and when the last was."""

    tries: int = 0
    last_ms: int = 0


@dataclass(slots=True)
class WayLife:
    """How a way fares. `busy_ms` is when the offer under way began, None while it is free."""

    failures: int = 0
    last_ms: int = 0
    busy_ms: int | None = None
    round_trip_ms: int = 1 << 30
    under_way: list[tuple[Digest, OrganisationId]] = field(default_factory=list)


class Courier:
    """Belongs to the node's thread; the clock is an argument."""

    def __init__(self) -> None:
        self._tries: dict[tuple[Digest, OrganisationId], Try] = {}
        self._ways: dict[Way, WayLife] = {}

    def offers(
        self,
        state: HotlineState,
        ways: Mapping[OrganisationId, Sequence[Way]],
        relays: Mapping[OrganisationId, Sequence[Way]],
        now_ms: int,
    ) -> list[Offer]:
        """What to offer now. `ways` lead to a recipient itself, `relays` to others who may hand on to it.

        Whoever carries them out says so by `offered`.
        """
        made: list[Offer] = []
        for recipient, copies in self._due(state, now_ms).items():
            direct = [way for way in ways.get(recipient, ()) if self._is_free(way, now_ms)]
            direct.sort(key=self.merit)
            detours = [way for way in relays.get(recipient, ()) if self._is_free(way, now_ms)]
            flash = [sent for sent in copies if sent.about.precedence == "FLASH"]
            if flash:  # 2
                made += [Offer(way, recipient, tuple(flash)) for way in (*direct, *detours)]
            others = tuple(sent for sent in copies if sent.about.precedence != "FLASH")
            if not others:
                continue
            used = {offer.way for offer in made}
            left = [way for way in direct if way not in used]
            if left:
                made.append(Offer(left[0], recipient, others))
            elif detours and not flash and self.all_fail(ways.get(recipient, ())):
                made.append(Offer(detours[0], recipient, others))
        return made

    def for_caller(self, state: HotlineState, caller: OrganisationId, now_ms: int) -> list[Sent]:
        """What goes back to a recipient that called: everything that it was not offered just now."""
        return self._due(state, now_ms, only=caller, wait_at_most=FIRST_MS).get(caller, [])

    def offered(self, sent: Iterable[Sent], recipient: OrganisationId, now_ms: int, way: Way | None) -> None:
        """These were handed over, by a way or as the answer to a call (None)."""
        keys = [try_key(one, recipient) for one in sent]
        for key in keys:
            known = self._tries.setdefault(key, Try())
            if known.last_ms != now_ms:  # several ways at one moment are one try
                known.tries += 1
            known.last_ms = now_ms
        if way is not None:
            life = self._life(way)
            life.busy_ms, life.last_ms = now_ms, now_ms
            life.under_way = keys

    def called(self, way: Way, now_ms: int) -> None:
        """Something else than a message went out over this way: a heartbeat, a receipt."""
        life = self._life(way)
        life.busy_ms, life.last_ms, life.under_way = now_ms, now_ms, []

    def outcome(self, way: Way, why: str, round_trip_ms: int) -> None:
        """`why` empty: the other end took it. What failed may go over another way at once."""
        life = self._life(way)
        life.busy_ms = None
        if not why:
            life.failures, life.round_trip_ms = 0, round_trip_ms
            return
        life.failures += 1
        for key in life.under_way:
            if key in self._tries:
                self._tries[key].last_ms = 0
        life.under_way = []

    def sign_of_life(self, peer: OrganisationId, now_ms: int) -> None:
        """3. Whatever came from it: waits for it that lasted FIRST_MS are over."""
        for (_, recipient), known in self._tries.items():
            if recipient == peer and is_due(known.last_ms, FIRST_MS, now_ms):
                known.tries, known.last_ms = 0, 0
        for way, life in self._ways.items():
            if way.peer == peer and is_due(life.last_ms, WAY_FIRST_MS, now_ms):
                life.failures = 0

    def is_free(self, way: Way, now_ms: int) -> bool:
        """Whether nothing is under way on it, and it is not left alone after a failure."""
        return self._is_free(way, now_ms)

    def _due(
        self,
        state: HotlineState,
        now_ms: int,
        only: OrganisationId | None = None,
        wait_at_most: int = LONGEST_MS["ROUTINE"],
    ) -> dict[OrganisationId, list[Sent]]:
        by_recipient: dict[OrganisationId, list[Sent]] = {}
        for sent, copy in pending(state):
            if only is None or copy.recipient == only:
                by_recipient.setdefault(copy.recipient, []).append(sent)
        due = {}
        for recipient, copies in by_recipient.items():
            copies.sort(key=lambda sent: RANK[sent.about.precedence])
            under_way = sum(not self._is_due(sent, recipient, now_ms, FIRST_MS) for sent in copies)
            room = min(IN_FLIGHT_MAX - under_way, OFFER_MESSAGES_MAX)  # 4
            some = [sent for sent in copies if self._is_due(sent, recipient, now_ms, wait_at_most)]
            if some and room > 0:
                due[recipient] = some[:room]
        if only is None:
            self._forget(by_recipient)
        return due

    def _is_due(self, sent: Sent, recipient: OrganisationId, now_ms: int, wait_at_most: int) -> bool:
        known = self._tries.get(try_key(sent, recipient))
        if known is None:
            return True
        wait = wait_ms(known.tries, LONGEST_MS[sent.about.precedence])
        return is_due(known.last_ms, min(wait, wait_at_most), now_ms)

    def _forget(self, by_recipient: Mapping[OrganisationId, Sequence[Sent]]) -> None:
        """Tries of copies that are offered no more."""
        live = {try_key(sent, who) for who, copies in by_recipient.items() for sent in copies}
        if len(self._tries) > len(live):
            self._tries = {key: known for key, known in self._tries.items() if key in live}

    def _is_free(self, way: Way, now_ms: int) -> bool:
        life = self._ways.get(way)
        if life is None:
            return True
        if life.busy_ms is not None and not is_due(life.busy_ms, BUSY_MS_MAX, now_ms):
            return False
        if not life.failures:
            return True
        wait = min(WAY_FIRST_MS << min(life.failures - 1, 16), WAY_LONGEST_MS)
        return is_due(life.last_ms, wait, now_ms)

    def merit(self, way: Way) -> tuple[int, int]:
        """The less the better: failures in a row, then how long it takes."""
        life = self._ways.get(way)
        return (life.failures, life.round_trip_ms) if life else (0, 1 << 30)

    def all_fail(self, ways: Sequence[Way]) -> bool:
        """Whether the last try of each of these ways failed; also where there are none."""
        return all(way in self._ways and self._ways[way].failures for way in ways)

    def _life(self, way: Way) -> WayLife:
        if way not in self._ways and len(self._ways) >= WAYS_MAX:
            self._ways.pop(next(iter(self._ways)))
        return self._ways.setdefault(way, WayLife())


def try_key(sent: Sent, recipient: OrganisationId) -> tuple[Digest, OrganisationId]:
    """A message in a new place begins its tries anew."""
    return (sent.place.frame if sent.place else sent.about.message, recipient)
