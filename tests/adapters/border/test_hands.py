"""The hands with a simulated clock and a BGP program in memory: they let go by themselves."""

import socket
from collections.abc import Iterator, Sequence

import pytest

from tests.adapters.border.world import many_kinds, ntp
from tidegate.adapters.border.frames import Frames, Held, Peer, Table, Told, packed
from tidegate.adapters.border.hands import Hands, ProgramSilent, RuleRefused
from tidegate.adapters.border.leases import Place, place_of
from tidegate.adapters.border.timing import EARLY_NS, SECOND_NS, SILENCE_NS
from tidegate.ports.border import ReadBack
from tidegate.wire.bgp_routes import rule_meaning


class MemoryProgram:
    """A BGP program that can refuse rules and fall silent."""

    def __init__(self) -> None:
        self.holds: dict[Place, Held] = {}
        self.refuses: set[Place] = set()
        self.silent = False
        self.given_up = False
        self.log: list[str] = []

    def held(self) -> dict[Place, Held]:
        if self.silent:
            raise ProgramSilent("it does not answer")
        return dict(self.holds)

    def announce(self, held: Held) -> None:
        if place_of(held) in self.refuses:
            raise RuleRefused("no room")
        self.log.append(f"announce {held.plan}")
        self.holds[place_of(held)] = held

    def withdraw(self, place: Place, held: Held, within_s: float) -> None:
        if self.silent:
            raise ProgramSilent("it does not answer")
        self.log.append(f"withdraw {held.plan}")
        self.holds.pop(place, None)

    def peers(self) -> Sequence[Peer]:
        return ()

    def seen(self) -> Sequence[ReadBack]:
        return ()

    def give_up(self) -> None:
        self.given_up = True
        self.holds.clear()


class World:
    def __init__(self) -> None:
        self.now_ns = 1000 * SECOND_NS
        self.program = MemoryProgram()
        self.speaker, theirs = socket.socketpair()
        self.speaker.settimeout(1)
        self.hands = Hands(theirs, self.program, lambda: self.now_ns)
        self._theirs = theirs

    def table(self, *held: Held, number: int = 1) -> None:
        self.speaker.sendall(packed(Table(number, held)))

    def told(self) -> Told:
        return Frames[Told](Told).next_from(self.speaker)

    def close(self) -> None:
        self.speaker.close()
        self._theirs.close()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def held(second: float, plan: int = 1, bytes_per_s: int = 1_000_000) -> Held:
    """NTP to one destination until so many seconds after the beginning."""
    return Held(plan, rule_meaning(ntp(bytes_per_s=bytes_per_s)), int((1000 + second) * SECOND_NS))


def test_a_table_is_carried_out_and_answered(world: World) -> None:
    six = tuple(Held(1, rule_meaning(rule), 2000 * SECOND_NS) for rule in many_kinds("north"))
    world.table(*six, number=7)
    world.hands.turn(0)
    told = world.told()
    assert (told.number, set(told.held)) == (7, set(six))


def test_what_the_next_table_leaves_out_is_withdrawn_before_anything_new_is_announced(world: World) -> None:
    world.table(held(60, plan=1))
    world.hands.turn(0)
    other = Held(2, rule_meaning(many_kinds("north")[0]), held(60).ends_ns)
    world.table(other, number=2)
    world.hands.turn(0)
    assert world.program.log == ["announce 1", "withdraw 1", "announce 2"]


def test_a_new_action_takes_the_old_one_s_place_in_one_step(world: World) -> None:
    world.table(held(60))
    world.hands.turn(0)
    world.table(held(60, bytes_per_s=5), number=2)
    world.hands.turn(0)
    assert world.program.log == ["announce 1", "announce 1"]


def test_a_renewed_lease_announces_nothing_anew(world: World) -> None:
    for number in range(5):
        world.table(held(60 + number), number=number)
        world.hands.turn(0)
    assert world.program.log == ["announce 1"]


def test_a_rule_is_let_go_before_its_lease_ends_though_nobody_says_so(world: World) -> None:
    world.table(held(20))
    world.hands.turn(0)
    world.now_ns += 20 * SECOND_NS - EARLY_NS - 1
    world.hands.turn(0)
    assert world.program.holds
    world.now_ns += 1
    world.hands.turn(0)
    assert not world.program.holds


def test_a_table_cannot_bring_back_what_is_over(world: World) -> None:
    world.now_ns += 30 * SECOND_NS
    world.table(held(20))
    world.hands.turn(0)
    assert not world.program.holds
    assert "announce 1" not in world.program.log


def test_a_leftover_that_no_lease_covers_is_removed_at_the_first_table(world: World) -> None:
    left = Held(9, rule_meaning(many_kinds("north")[2]), 0)
    world.program.holds[place_of(left)] = left
    world.table()
    world.hands.turn(0)
    assert world.program.log == ["withdraw 9"]


def test_a_refused_rule_is_told_and_not_tried_again_until_it_is_ordered_anew(world: World) -> None:
    world.program.refuses.add(place_of(held(60)))
    for number in range(3):
        world.table(held(60), number=number)
        world.hands.turn(0)
        assert world.told().refused == ("no room",)
    world.program.refuses.clear()
    world.table(number=4)
    world.hands.turn(0)
    world.table(held(60), number=5)
    world.hands.turn(0)
    assert world.program.holds


def test_everything_is_taken_back_when_the_speaker_s_process_falls_silent(world: World) -> None:
    world.table(held(60))
    world.hands.turn(0)
    world.now_ns += SILENCE_NS
    world.hands.live()
    assert world.program.given_up


def test_everything_is_taken_back_when_the_speaker_s_process_is_gone(world: World) -> None:
    world.table(held(60))
    world.hands.turn(0)
    world.speaker.close()
    world.hands.live()
    assert world.program.given_up


def test_a_bgp_program_that_does_not_answer_is_given_up(world: World) -> None:
    world.table(held(60))
    world.hands.turn(0)
    world.program.silent = True
    world.table(held(60), number=2)
    world.hands.live()
    assert world.program.given_up


def test_a_message_that_is_none_ends_the_hands(world: World) -> None:
    world.speaker.sendall(b"\x00\x00\x00\x02no")
    world.hands.live()
    assert world.program.given_up
