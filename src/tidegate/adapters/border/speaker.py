"""The heart of the speaker's process: it believes orders itself, holds leases, and watches its hands."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from tidegate.adapters.border.frames import (
    Announce,
    AskLive,
    AskMirrors,
    AskSessions,
    Done,
    End,
    Failed,
    Live,
    Mirrors,
    Peer,
    Refused,
    Reply,
    Request,
    Sessions,
    Table,
    Told,
    Withdraw,
)
from tidegate.adapters.border.leases import Leases, Moment, Place, place_of
from tidegate.adapters.border.links import Link
from tidegate.adapters.border.mirror import Mirror
from tidegate.adapters.border.programs import BgpProgram
from tidegate.adapters.border.timing import BEAT_NS, EARLY_NS, LAST_NS, SECOND_NS, SILENCE_NS
from tidegate.model.border import BorderRouter, BorderSettings
from tidegate.model.plans import Plan
from tidegate.model.refusals import Malformed, NotAllowed
from tidegate.ports.border import Order, SessionView
from tidegate.ports.outside import OutsideFailed

WAITING_MAX = 64
"""Orders not yet carried out; a further one is refused, and given again by the node."""

STARTING_NS: Final = 20 * SECOND_NS
"""A BGP program whose hands do not come within this is ended and started anew."""

AGAIN_NS: Final = SECOND_NS
"""Between the end of a BGP program and its next start."""

PATIENCE_NS: Final = 8 * SECOND_NS
"""An order not carried out within this is answered as failed; it may still take hold."""

NEVER_NS: Final = 1 << 62

log = logging.getLogger("tidegate.border")


@dataclass(slots=True)
class Waiting:
    """A question whose answer comes with the hands' answer to table `number`."""

    client: Link[Request]
    number: int
    until_ns: int
    order: Order | None


class Speaker:
    """Everything but the sockets. `turn` is called often; `now` reads both clocks.

    1. An order is believed anew each time it comes, beside the plans that are held, before anything else
       (`believe` raises NotAllowed).
    2. The hands get the whole table of what is held, each BEAT_NS; there is no other way to a rule.
    3. Hands that fall silent, and a BGP program whose hands do, are ended with all their rules.
    """

    def __init__(
        self,
        settings: BorderSettings,
        program: BgpProgram,
        mirror: Mirror | None,
        believe: Callable[[Order, Sequence[Plan]], None],
        now: Callable[[], Moment],
    ) -> None:
        self._settings = settings
        self._program = program
        self._mirror = mirror
        self._believe = believe
        self._now = now
        self._leases = Leases()
        self._hands: Link[Told] | None = None
        self._told: Told | None = None
        self._number = 0
        self._sent_ns = self._heard_ns = self._started_ns = self._again_ns = 0
        self._confirm_by = (0, NEVER_NS)
        self._running = False
        self._clean = True
        self._trouble: Failed | None = None
        self._waiting: list[Waiting] = []
        self.ended = False

    @property
    def holds_nothing(self) -> bool:
        return not self._leases and self._clean

    def take_hands(self, hands: Link[Told]) -> None:
        """The hands have come: they get the table at once."""
        self._hands, self._told = hands, None
        self._heard_ns = self._now().boot_ns
        self._send_table()

    def hear(self, hands: Link[Told], told: Told) -> None:
        if hands is not self._hands:
            return
        self._told, self._trouble, self._clean = told, None, not told.held
        self._heard_ns = self._now().boot_ns

    def turn(self) -> None:
        now_ns = self._now().boot_ns
        for each in self._leases.lapse(now_ns, EARLY_NS):
            log.info("the lease of plan %s at %s ended", each.plan, each.border_point)
            self._sent_ns = 0
            self._confirm_by = (self._number + 1, min(self._confirm_by[1], each.ends_ns - LAST_NS))
        self._mind_program(now_ns)
        self._mind_hands(now_ns)
        if self._hands is not None and now_ns - self._sent_ns >= BEAT_NS:
            self._send_table()
        self._waiting = [each for each in self._waiting if not self._settle(each, now_ns)]

    def end(self) -> None:
        """Everything taken back, at once; `ended` tells whether that is certain."""
        if self.ended:
            return
        self._leases.release(None, None)
        self.lose_hands("it was asked to end", logging.DEBUG)
        self.ended = self._clean

    def lost(self, hands: Link[Told], why: str) -> None:
        if hands is self._hands:
            self.lose_hands(why)

    def lose_hands(self, why: str, level: int = logging.WARNING) -> None:
        """Without hands there is no way to take a rule back but to end the BGP program (rule 3)."""
        log.log(level, "the BGP program is ended: %s", why)
        pid = self._hands.pid if self._hands is not None else None
        self._hands, self._told, self._running = None, None, False
        self._confirm_by = (0, NEVER_NS)
        self._clean = self._program.end(pid)
        self._again_ns = self._now().boot_ns + AGAIN_NS

    def forget(self, client: Link[Request]) -> None:
        self._waiting = [each for each in self._waiting if each.client is not client]

    def ask(self, client: Link[Request], request: Request) -> None:
        """Carry out one question of a node, or begin to. OSError when the node is gone."""
        try:
            reply = self._answer(client, request)
        except NotAllowed as error:
            reply = Refused(error.why)
        except OutsideFailed as error:
            reply = Failed(error.what, error.where, error.remedy)
        if reply is not None:
            client.send(reply)

    def _answer(self, client: Link[Request], request: Request) -> Reply | None:
        now = self._now()
        match request:
            case Announce(order):
                self._must_not_wait_for_more()
                self._believe(order, self._leases.plans())  # rule 1
                if order.border_point not in {point.name for point in self._settings.border_points}:
                    raise NotAllowed(f"{order.border_point} is no border point of this speaker")
                self._leases.take(order, now)
                self._wait(client, order, now)
            case Withdraw(plan, border_point):
                self._leases.release(plan, border_point)
                self._wait(client, None, now)
            case End():
                self.end()
                return (
                    Done() if self._clean else Failed("rules may be left", self._settings.gobgp, "Try again.")
                )
            case AskLive():
                return Live(tuple(self._leases.live(self._in_force(), now.boot_ns)))
            case AskSessions():
                return Sessions(tuple(self._sessions()))
            case AskMirrors():
                seen = self._mirror.read_back() if self._mirror is not None else ()
                return Mirrors((*seen, *(self._told.seen if self._told is not None else ())))
        return None

    def _must_not_wait_for_more(self) -> None:
        if len(self._waiting) >= WAITING_MAX:
            raise OutsideFailed(
                "too many orders wait", "the speaker's process", "Give the order again later."
            )

    def _wait(self, client: Link[Request], order: Order | None, now: Moment) -> None:
        if self._hands is not None:
            self._send_table()
        else:
            self._number += 1
        self._waiting.append(Waiting(client, self._number, now.boot_ns + PATIENCE_NS, order))

    def _settle(self, each: Waiting, now_ns: int) -> bool:
        reply = self._outcome(each, now_ns)
        if reply is not None:
            with suppress(OSError):  # a node that is gone is noticed where it is read from
                each.client.send(reply)
        return reply is not None

    def _outcome(self, each: Waiting, now_ns: int) -> Reply | None:
        if self._told is not None and self._told.number >= each.number:
            return Done() if each.order is None else self._announced(each.order, self._told)
        if each.order is None and self._hands is None and not self._running and self._clean:
            return Done()
        if self._trouble is not None:
            return self._trouble
        if now_ns >= each.until_ns:
            return Failed("the BGP program did not answer in time", self._where, "Give the order again.")
        return None

    def _announced(self, order: Order, told: Told) -> Reply:
        in_force = self._in_force()
        wanted = [held for held in self._leases.held() if held.rule.border_point == order.border_point]
        if all(place_of(held) in in_force for held in wanted):
            return Done()
        self._leases.release(order.plan.number, order.border_point)
        self._sent_ns = 0
        why = told.refused[0] if told.refused else "it does not say why"
        return Failed(
            f"the BGP program refused a rule ({why})", self._where, "None of the plan's rules is kept."
        )

    def _in_force(self) -> set[Place]:
        return {place_of(held) for held in self._told.held} if self._told is not None else set()

    def _send_table(self) -> None:
        assert self._hands is not None
        self._number += 1
        self._sent_ns = self._now().boot_ns
        try:
            self._hands.send(Table(self._number, self._leases.held()))
        except (OSError, Malformed) as error:
            self.lose_hands(f"its hands take no message ({error})")

    def _mind_program(self, now_ns: int) -> None:
        if self._running:
            if (how := self._program.ended()) is not None:
                self.lose_hands(how)
                self._trouble = Failed(
                    "the BGP program ended", how, "It is started again; give the order again."
                )
            elif self._hands is None and now_ns - self._started_ns > STARTING_NS:
                self.lose_hands("its hands did not come")
        elif now_ns >= self._again_ns:
            self._start_program(now_ns)

    def _mind_hands(self, now_ns: int) -> None:
        number, by_ns = self._confirm_by
        if self._told is not None and self._told.number >= number:
            self._confirm_by = (number, NEVER_NS)
        elif self._hands is not None and now_ns > by_ns:
            self.lose_hands("its hands did not let go of a rule whose lease ends")
        if self._hands is not None and now_ns - self._heard_ns > SILENCE_NS:
            self.lose_hands("its hands fell silent")

    def _start_program(self, now_ns: int) -> None:
        self._started_ns, self._again_ns = now_ns, now_ns + AGAIN_NS
        try:
            self._program.start()
        except OutsideFailed as error:
            self._trouble = Failed(error.what, error.where, error.remedy)
        else:
            self._running = True

    def _sessions(self) -> list[SessionView]:
        peers = {peer.address: peer for peer in self._told.peers} if self._told is not None else {}
        return [
            self._session(point.name, router, peers.get(router.address))
            for point in self._settings.border_points
            for router in point.routers
        ]

    def _session(self, border_point: str, router: BorderRouter, peer: Peer | None) -> SessionView:
        if peer is None:
            why = self._trouble.what if self._trouble is not None else "the BGP program has not told yet"
            return SessionView(
                router=router.name,
                border_point=border_point,
                state="unknown",
                since_ms=None,
                families=(),
                why=why,
            )
        return SessionView(
            router=router.name,
            border_point=border_point,
            state="up" if peer.up else "down",
            since_ms=peer.since_ms,
            families=peer.families,
            why=peer.why,
        )

    @property
    def _where(self) -> str:
        return self._settings.gobgp if self._settings.speaker == "gobgp" else "ExaBGP, a child of this node"
