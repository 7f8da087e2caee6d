"""Keeping the border as it is wanted: orders go out, and what is held is read back, beside the node.

The speaker may be slow, stopped or gone; the node must go on detecting meanwhile. So a thread of its own
carries out what is wanted, and another looks. The node says what is wanted, and asks what has come of it.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tidegate.app.outbox import NotYet
from tidegate.app.reconciler import Place, Wanted, wanted_now
from tidegate.app.state import State
from tidegate.model.facts import Announce, Ordered
from tidegate.model.refusals import Full, Malformed, NotAllowed
from tidegate.ports.border import Border, LiveRule, Order, ReadBack, SessionView
from tidegate.ports.clock import Clock
from tidegate.ports.outside import OutsideFailed

AGAIN_S = 0.25
"""An order that failed is given again after this pause: a withdrawal is to be heard within seconds."""

LOOK_EVERY_S = 1.0
"""How often what is live is asked for; it is the pace at which a difference is noticed."""

SETTLING_MS = 5_000
"""After a change at the border, receivers get this long before what they hold counts as a difference."""

STOP_S = 2.0
"""A thread that hangs in a call to the speaker is left behind after this; it dies with the process."""

REFUSALS_MAX = 256
"""Refused orders that wait to be told; they are asked for every turn, and a plan refused once is ended."""

log = logging.getLogger("tidegate.border")


@dataclass(frozen=True, slots=True)
class BorderView:
    """What was seen at the border at `at_ms`. `settled`: nothing had changed there for SETTLING_MS, so that
    a difference between what is wanted and what is seen is one, as long as `revision` is the keeper's."""

    at_ms: int
    revision: int
    settled: bool
    live: tuple[LiveRule, ...]
    sessions: tuple[SessionView, ...]
    read_back: tuple[ReadBack, ...]

    def session_up(self, border_point: str) -> bool:
        """Whether every session of the border point is up; one without sessions is not."""
        states = [one.state for one in self.sessions if one.border_point == border_point]
        return bool(states) and all(state == "up" for state in states)


UNSURE = -1
"""Stands for the end of a lease of which only the speaker knows: an order failed, or was given before."""


class BorderKeeper:
    """`want`, `settled`, `refused` and `view` belong to the node's thread and never wait for the border.

    1. Withdrawals go before announcements, and one that failed is given again until it is heard.
    2. What was perhaps announced, because a call failed, counts as held until a withdrawal is heard.
    3. Whatever the speaker holds counts as held, at the start and at each look: what is not wanted is
       withdrawn, whoever put it there.
    """

    def __init__(self, border: Border, clock: Clock) -> None:
        self._border = border
        self._clock = clock
        self._change = threading.Condition()
        self._wanted: Mapping[Place, Wanted] = {}
        self._held: dict[Place, int] = {}
        self._heard_ms: dict[Place, int] = {}
        self._unheard: set[Place] = set()
        self._clearing = False
        self._given_up: set[int] = set()
        self._began = False
        self._stopping = threading.Event()
        self._revision = 0
        self._changed_ms = clock.now_ms()
        self._refused: list[tuple[Place, str]] = []
        self._act_trouble: OutsideFailed | None = None
        self._look_trouble: OutsideFailed | None = None
        self._view: BorderView | None = None
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in (self._act, self._look)]

    def start(self, wanted: Mapping[Place, Wanted]) -> None:
        """With what the state wants now: what else the speaker holds from an earlier node is withdrawn."""
        self.want(wanted)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Nothing more is announced or renewed by this node; what is in force ends with its lease."""
        with self._change:
            self._stopping.set()
            self._change.notify_all()
        for thread in self._threads:
            thread.join(STOP_S)

    # For the node's thread.

    def want(self, wanted: Mapping[Place, Wanted]) -> None:
        """This shall be in force from now on, and nothing else."""
        with self._change:
            self._given_up &= {plan for plan, _ in wanted}  # once stored, nobody wants it any more
            wanted = {place: one for place, one in wanted.items() if place[0] not in self._given_up}
            if wanted == self._wanted:
                return
            if wanted.keys() != self._wanted.keys():
                self._touch()
            self._wanted = wanted
            self._change.notify_all()

    def give_up(self, plan: int) -> None:
        """A person took the plan back: it is wanted no more, whatever the store can still record of it.

        To take back is safe without a record; only what is put in force must be stored first.
        """
        with self._change:
            self._given_up.add(plan)
            self._wanted = {place: one for place, one in self._wanted.items() if place[0] != plan}
            self._touch()
            self._change.notify_all()

    def clear(self) -> None:
        """The same for every plan; and all that the speaker holds is withdrawn, known here or not."""
        with self._change:
            self._given_up |= {plan for plan, _ in self._wanted}
            self._wanted, self._clearing = {}, True
            self._touch()
            self._change.notify_all()

    def settled(self, place: Place) -> bool:
        """Whether the border has heard what is wanted of this place as of now."""
        with self._change:
            wanted = self._wanted.get(place)
            held = self._held.get(place)
            return self._began and held == (None if wanted is None else wanted.until_ms)

    def heard_ms(self, place: Place) -> int | None:
        """When the border heard the announcement that is in force there; None for one of an earlier node."""
        with self._change:
            return self._heard_ms.get(place)

    def take_refused(self) -> Sequence[tuple[Place, str]]:
        """Orders that the speaker will never carry out, with its reason, since the last call."""
        with self._change:
            taken, self._refused = self._refused, []
            return taken

    def shows_differences(self, view: BorderView) -> bool:
        """Whether what the view saw is to be what is wanted: it had settled, and nothing changed since."""
        with self._change:
            return view.settled and view.revision == self._revision

    @property
    def trouble(self) -> OutsideFailed | None:
        """Why the border did not hear the last order or question, or None."""
        return self._act_trouble or self._look_trouble

    @property
    def view(self) -> BorderView | None:
        """As last seen; None before the first look."""
        return self._view

    # In the threads.

    def _act(self) -> None:
        while not self._stopping.is_set():
            try:
                self._begin()
                done = self._give_next()
            except (OutsideFailed, Malformed, Full) as failure:
                self._act_trouble = as_outside(failure)
                self._stopping.wait(AGAIN_S)
                continue
            self._act_trouble = None
            if done:
                with self._change:
                    self._change.wait_for(self._something_to_do, timeout=LOOK_EVERY_S)

    def _begin(self) -> None:
        """3. Asked once, before the first order."""
        if not self._began:
            live = self._border.live()
            with self._change:
                self._held = {(one.plan, one.rule.border_point): UNSURE for one in live}
                self._began = True
                self._touch()

    def _give_next(self) -> bool:
        """One order, the most pressing first; True when there is none to give."""
        with self._change:
            clearing = self._clearing
            place, wanted = self._next()
        if clearing:
            self._clear()
            return False
        if place is None:
            return True
        if wanted is None:
            self._border.withdraw(*place)
            with self._change:
                self._held.pop(place, None)
                self._heard_ms.pop(place, None)
                self._unheard.discard(place)
                self._touch()
        else:
            self._announce(place, wanted)
        return False

    def _clear(self) -> None:
        self._border.withdraw_all()
        with self._change:
            self._clearing = False
            self._held.clear()
            self._heard_ms.clear()
            self._unheard.clear()
            self._touch()

    def _next(self) -> tuple[Place | None, Wanted | None]:
        """1. Under the lock: the next place where the border has not heard what is wanted."""
        for place in self._held:
            if place not in self._wanted:
                return place, None
        for place, wanted in self._wanted.items():
            if self._held.get(place) != wanted.until_ms and self._lease_s(wanted) > 0:
                return place, wanted
        return None, None

    def _something_to_do(self) -> bool:
        return self._stopping.is_set() or self._clearing or self._next()[0] is not None

    def _lease_s(self, wanted: Wanted) -> int:
        """Whole seconds that are left of it now, at most a whole lease: an order may be late, or the clock
        set back."""
        return min(wanted.plan.lease_s, (wanted.until_ms - self._clock.now_ms()) // 1000)

    def _announce(self, place: Place, wanted: Wanted) -> None:
        order = Order(
            plan=wanted.plan,
            approvals=wanted.approvals,
            border_point=wanted.border_point,
            lease_s=self._lease_s(wanted),
        )
        with self._change:
            new = place not in self._held or place in self._unheard
            if new:
                self._unheard.add(place)
            self._held[place] = UNSURE  # 2
        try:
            self._border.announce(order)
        except NotAllowed as refusal:
            with self._change:
                self._refused = [*self._refused, (place, refusal.why)][-REFUSALS_MAX:]
                self._wanted = {other: one for other, one in self._wanted.items() if other != place}
            return
        with self._change:
            self._held[place] = wanted.until_ms
            self._unheard.discard(place)
            if new:
                self._heard_ms[place] = self._clock.now_ms()
                self._touch()

    def _touch(self) -> None:
        """Under the lock: something changes at the border, so that what is seen there must settle."""
        self._revision += 1
        self._changed_ms = self._clock.now_ms()

    def _look(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S if self._view else 0):
            try:
                self._view = self._seen()
            except (OutsideFailed, Malformed, Full) as failure:
                self._look_trouble = as_outside(failure)
                self._stopping.wait(AGAIN_S)
            else:
                self._look_trouble = None

    def _seen(self) -> BorderView:
        with self._change:
            revision, settled = self._revision, self._is_quiet() and self._next()[0] is None
        live = tuple(self._border.live())
        sessions, read_back = tuple(self._border.sessions()), tuple(self._border.read_back())
        with self._change:
            for one in live:
                place = one.plan, one.rule.border_point
                if place not in self._wanted:  # 3. whoever put it there
                    self._held.setdefault(place, UNSURE)
            settled = settled and revision == self._revision and self._is_quiet()
        return BorderView(self._clock.now_ms(), revision, settled, live, sessions, read_back)

    def _is_quiet(self) -> bool:
        return self._began and abs(self._clock.now_ms() - self._changed_ms) >= SETTLING_MS


class BorderSink:
    """Effects on routers (tidegate.app.outbox.EffectSink): carried out when the border has heard the state.

    What an effect once asked for is not looked at again: only what is wanted now counts, so that an order
    that a crash left behind brings nothing back that has lapsed since.
    """

    name = "border"

    def __init__(self, keeper: BorderKeeper, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock
        self._state: Callable[[], State] | None = None

    def follow(self, state: Callable[[], State]) -> None:
        """From now on the stored state is known; until then nothing is carried out."""
        self._state = state

    def carry_out(self, number: int, effect: Ordered) -> None:
        if self._state is not None:
            self._keeper.want(wanted_now(self._state(), self._clock.now_ms()))
        if self._state is None or not self._keeper.settled((effect.plan, effect.border_point)):
            what = "announced" if isinstance(effect, Announce) else "withdrawn"
            where = f"{effect.border_point} (effect {number})"
            raise NotYet(f"plan {effect.plan} is not yet {what}", where, "It is tried until it is heard.")


def as_outside(failure: OutsideFailed | Malformed | Full) -> OutsideFailed:
    if isinstance(failure, OutsideFailed):
        return failure
    return OutsideFailed(
        f"the speaker makes no sense ({failure})", "the border", "See `tidegate border check`."
    )
