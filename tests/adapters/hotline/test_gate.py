"""Room for peers is never taken by strangers, and room for strangers never by one of them."""

from tests.hotline_cards import a_card
from tidegate.adapters.hotline.gate import (
    ADDRESS_MAX,
    KNOWN_MAX,
    PROVED_ADDRESSES_MAX,
    STRANGERS_MAX,
    STRANGERS_PER_S_MAX,
    Gate,
    Pass,
)
from tidegate.adapters.hotline.inbox import PEER_WAITING_BYTES_MAX, WAITING_BYTES_MAX, Inbox
from tidegate.model.organisations import Endpoint
from tidegate.ports.hotline import Arrival


def admitted(gate: Gate, addresses: list[str], now_s: float = 0.0) -> list[Pass]:
    return [allowed for address in addresses if (allowed := gate.admit(address, now_s))]


def addresses(count: int, net: str) -> list[str]:
    return [f"{net}.{1 + at // 200}.{1 + at % 200}" for at in range(count)]


def test_strangers_share_their_room_and_leave_the_peers_theirs() -> None:
    gate = Gate()
    gate.know([a_card("XB", endpoints=[Endpoint("https", "192.0.2.7", 443)])])
    assert len(admitted(gate, addresses(2 * STRANGERS_MAX, "198.51"))) == STRANGERS_MAX
    assert gate.admit("192.0.2.7", 0.0) is not None
    assert gate.turned_away == STRANGERS_MAX


def test_one_address_takes_only_its_share() -> None:
    gate = Gate()
    assert len(admitted(gate, ["203.0.113.5"] * 30)) == ADDRESS_MAX
    sixty_four = [f"2001:db8::{at:x}" for at in range(30)]
    assert len(admitted(gate, sixty_four)) == min(ADDRESS_MAX, STRANGERS_MAX - ADDRESS_MAX)


def test_an_address_that_proved_itself_is_known() -> None:
    gate = Gate()
    admitted(gate, addresses(STRANGERS_MAX, "198.51"))
    assert gate.admit("192.0.2.9", 0.0) is None
    gate.proved("192.0.2.9")
    assert gate.admit("192.0.2.9", 0.0) is not None
    many = addresses(2 * KNOWN_MAX, "203.0")
    for address in many:
        gate.proved(address)
    assert len(admitted(gate, many)) == KNOWN_MAX - 1


def test_addresses_that_proved_themselves_are_forgotten_oldest_first() -> None:
    gate = Gate()
    for address in addresses(PROVED_ADDRESSES_MAX + 1, "10.9"):
        gate.proved(address)
    admitted(gate, addresses(STRANGERS_MAX, "198.51"))
    assert gate.admit("10.9.1.1", 0.0) is None
    assert gate.admit("10.9.1.2", 0.0) is not None


def test_strangers_begin_only_so_many_handshakes_a_second() -> None:
    gate = Gate()
    begun = 0
    for at, address in enumerate(addresses(1_000, "198.51")):
        allowed = gate.admit(address, at / 500)
        if allowed:
            begun += 1
            gate.done(allowed)
    assert begun == STRANGERS_PER_S_MAX * 2 + STRANGERS_PER_S_MAX * 999 // 500


def test_room_comes_back() -> None:
    gate = Gate()
    for turn in range(10):
        allowed = admitted(gate, addresses(STRANGERS_MAX, "198.51"), turn * 10.0)
        assert len(allowed) == STRANGERS_MAX
        for one in allowed:
            gate.done(one)


def test_one_peer_cannot_fill_the_inbox_for_the_others() -> None:
    inbox = Inbox()
    step = 1 << 20
    taken = 0
    while inbox.reserve("greedy", step):
        taken += step
    assert PEER_WAITING_BYTES_MAX - 2 * step < taken <= PEER_WAITING_BYTES_MAX
    assert inbox.reserve("modest", step)


def test_the_inbox_is_bounded_in_all_and_room_comes_back_when_it_is_read() -> None:
    inbox = Inbox()
    step = 1 << 20
    peers = [f"peer {at}" for at in range(200)]
    taken = [peer for peer in peers if inbox.reserve(peer, step)]
    assert WAITING_BYTES_MAX - 2 * step < len(taken) * step <= WAITING_BYTES_MAX
    for peer in taken:
        inbox.put(Arrival("https", peer, (bytes(8),), None), peer, step)
    assert len(inbox.arrivals()) == len(taken)
    assert [peer for peer in peers if inbox.reserve(peer, step)] == taken
    inbox.release(taken[0], step)
    assert inbox.reserve("late", step)
