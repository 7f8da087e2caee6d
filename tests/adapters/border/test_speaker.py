"""The speaker's process without sockets: what it believes, whom it waits for, and whom it ends."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from tests.adapters.border.speak_here import believe
from tests.adapters.border.world import ntp, order, plan
from tests.mitigate.small_plans import NODE
from tidegate.adapters.border.frames import (
    Announce,
    AskLive,
    AskSessions,
    Done,
    End,
    Failed,
    Live,
    Peer,
    Refused,
    Sessions,
    Table,
    Told,
    Withdraw,
)
from tidegate.adapters.border.leases import Moment
from tidegate.adapters.border.speaker import AGAIN_NS, PATIENCE_NS, STARTING_NS, WAITING_MAX, Speaker
from tidegate.adapters.border.timing import BEAT_NS, EARLY_NS, LAST_NS, SECOND_NS, SILENCE_NS
from tidegate.model.border import BorderPoint, BorderRouter, BorderSettings
from tidegate.ports.outside import OutsideFailed

ROUTER = BorderRouter(name="r1", address="192.0.2.9", peer_as=64501)
SETTINGS = BorderSettings(
    node=NODE,
    border_points=(BorderPoint(name="north", routers=(ROUTER,)),),
    state_folder="",
    officers="",
    local_as=64500,
    local_address="192.0.2.1",
    router_id="192.0.2.1",
)


@dataclass
class FakeLink:
    """One end of a connection that remembers what it was sent."""

    pid: int = 4242
    said: list[Any] = field(default_factory=list)
    broken: bool = False

    def send(self, message: msgspec.Struct) -> None:
        if self.broken:
            raise BrokenPipeError
        self.said.append(message)


class FakeProgram:
    """A BGP program whose life is told by the test."""

    def __init__(self) -> None:
        self.starts = 0
        self.ends: list[int | None] = []
        self.how: str | None = None
        self.missing = False
        self.clean = True

    def start(self) -> None:
        if self.missing:
            raise OutsideFailed("ExaBGP is not installed", "here", "Install it.")
        self.starts, self.how = self.starts + 1, None

    def ended(self) -> str | None:
        return self.how

    def end(self, hands: int | None) -> bool:
        self.ends.append(hands)
        self.how = "ended"
        return self.clean

    def keep_mirror(self) -> None: ...

    def end_mirror(self) -> None: ...


class World:
    def __init__(self) -> None:
        self.now = Moment(1000 * SECOND_NS, 0)
        self.program = FakeProgram()
        self.speaker = Speaker(SETTINGS, self.program, None, believe, self.clock)
        self.node, self.hands = FakeLink(), FakeLink()

    def clock(self) -> Moment:
        return self.now

    def pass_ns(self, ns: int) -> None:
        self.now = Moment(self.now.boot_ns + ns, self.now.wall_ms)
        self.speaker.turn()

    def begin(self) -> None:
        """The program runs, its hands are there and have answered."""
        self.speaker.turn()
        self.speaker.take_hands(self.hands)  # type: ignore[arg-type]
        self.answer()

    def answer(self, refused: tuple[str, ...] = (), peers: tuple[Peer, ...] = ()) -> None:
        """The hands carry out the last table, but for what is refused."""
        table = self.hands.said[-1]
        assert isinstance(table, Table)
        held = () if refused else table.held
        self.speaker.hear(self.hands, Told(table.number, held, refused, peers))  # type: ignore[arg-type]
        self.speaker.turn()

    def ask(self, request: Any) -> Any:
        """The answer, or None while it is not there yet."""
        before = len(self.node.said)
        self.speaker.ask(self.node, request)  # type: ignore[arg-type]
        return self.node.said[-1] if len(self.node.said) > before else None


@pytest.fixture
def world() -> World:
    made = World()
    made.begin()
    return made


def given(lease_s: int = 60, number: int = 1) -> Announce:
    return Announce(order(plan(ntp(), number=number), lease_s=lease_s))


def test_an_order_is_answered_when_the_hands_have_carried_it_out_and_not_before(world: World) -> None:
    assert world.ask(given()) is None
    assert world.ask(AskLive()) == Live(())
    world.answer()
    assert world.node.said[-1] == Done()
    assert len(world.ask(AskLive()).rules) == 1


def test_an_order_that_is_not_believed_reaches_no_table(world: World) -> None:
    forged = msgspec.structs.replace(given().order, approvals=())
    assert isinstance(world.ask(Announce(forged)), Refused)
    world.pass_ns(BEAT_NS)
    assert world.hands.said[-1].held == ()


def test_a_renewal_is_believed_anew(world: World) -> None:
    world.ask(given())
    world.answer()
    stale = msgspec.structs.replace(given().order, approvals=given().order.approvals[:1])
    assert isinstance(world.ask(Announce(stale)), Refused)


def test_a_rule_that_the_bgp_program_refuses_fails_the_order_and_is_not_kept(world: World) -> None:
    world.ask(given())
    world.answer(refused=("no room",))
    failed = world.node.said[-1]
    assert isinstance(failed, Failed)
    assert "no room" in failed.what
    world.pass_ns(BEAT_NS)
    assert world.hands.said[-1].held == ()


def test_a_table_goes_out_on_every_beat(world: World) -> None:
    before = len(world.hands.said)
    for _ in range(5):
        world.pass_ns(BEAT_NS)
        world.answer()
    assert len(world.hands.said) == before + 5


def test_silent_hands_cost_the_bgp_program_its_life_and_another_is_started(world: World) -> None:
    world.pass_ns(SILENCE_NS)
    assert not world.program.ends
    world.pass_ns(1)
    assert world.program.ends == [world.hands.pid]
    world.pass_ns(AGAIN_NS)
    assert world.program.starts == 2


def test_hands_that_do_not_confirm_the_end_of_a_lease_are_ended_before_it_is_over(world: World) -> None:
    world.ask(given(lease_s=20))
    world.answer()
    for _ in range(2 * 20 - 2 * EARLY_NS // SECOND_NS - 1):
        world.pass_ns(BEAT_NS)
        world.answer()
    world.pass_ns(BEAT_NS)
    assert not world.program.ends
    world.pass_ns(EARLY_NS - LAST_NS + 1)
    assert world.program.ends == [world.hands.pid]
    assert world.ask(AskLive()) == Live(())


def test_a_withdrawal_is_done_once_the_program_is_gone_with_everything(world: World) -> None:
    world.ask(given())
    world.answer()
    world.speaker.lost(world.hands, "its hands broke off")  # type: ignore[arg-type]
    assert world.ask(Withdraw(1, None)) is None
    world.speaker.turn()
    assert world.node.said[-1] == Done()


def test_a_withdrawal_is_not_done_while_rules_may_be_left(world: World) -> None:
    world.ask(given())
    world.answer()
    world.program.clean = False
    world.speaker.lost(world.hands, "its hands broke off")  # type: ignore[arg-type]
    assert world.ask(Withdraw(1, None)) is None
    world.speaker.turn()
    assert world.node.said == [Done()], "only the announcement was done"
    world.pass_ns(PATIENCE_NS)
    assert isinstance(world.node.said[-1], Failed)


def test_after_the_program_died_what_is_still_held_goes_to_the_new_hands(world: World) -> None:
    world.ask(given())
    world.answer()
    world.program.how = "killed by signal 9"
    world.pass_ns(1)
    world.pass_ns(AGAIN_NS)
    world.hands = FakeLink(pid=4343)
    world.speaker.take_hands(world.hands)  # type: ignore[arg-type]
    assert len(world.hands.said[-1].held) == 1


def test_an_old_hand_s_word_counts_no_more(world: World) -> None:
    old = world.hands
    world.ask(given())
    world.hands = FakeLink()
    world.speaker.take_hands(world.hands)  # type: ignore[arg-type]
    world.speaker.hear(old, Told(10**6, (), (), ()))  # type: ignore[arg-type]
    world.speaker.turn()
    assert not world.node.said


def test_a_program_that_is_not_installed_is_told_to_whoever_asks() -> None:
    world = World()
    world.program.missing = True
    world.speaker.turn()
    world.ask(given())
    world.speaker.turn()
    assert world.node.said[-1] == Failed("ExaBGP is not installed", "here", "Install it.")
    told = world.ask(AskSessions())
    assert isinstance(told, Sessions)
    assert [(each.state, each.why) for each in told.sessions] == [("unknown", "ExaBGP is not installed")]


def test_hands_that_never_come_are_not_waited_for_for_ever() -> None:
    world = World()
    world.speaker.turn()
    world.pass_ns(STARTING_NS + 1)
    assert world.program.ends == [None]


def test_sessions_are_told_as_the_program_tells_them(world: World) -> None:
    world.pass_ns(BEAT_NS)
    world.answer(peers=(Peer("192.0.2.9", True, 5, ("ipv4 flowspec",), ""),))
    (session,) = world.ask(AskSessions()).sessions
    assert (session.router, session.border_point, session.state, session.since_ms) == ("r1", "north", "up", 5)


def test_orders_that_wait_are_counted_and_no_more_are_taken(world: World) -> None:
    for _ in range(WAITING_MAX):
        assert world.ask(given()) is None
    assert isinstance(world.ask(given()), Failed)


def test_the_end_takes_everything_back_first(world: World) -> None:
    world.ask(given())
    world.answer()
    assert world.ask(End()) == Done()
    assert world.program.ends == [world.hands.pid]
    assert world.speaker.ended


def test_an_end_that_is_not_certain_is_no_end(world: World) -> None:
    world.program.clean = False
    assert isinstance(world.ask(End()), Failed)
    assert not world.speaker.ended
