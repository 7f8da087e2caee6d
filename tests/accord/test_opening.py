"""A large ledger is read for its accords in pieces, and a node does its other work between two of them."""

from tests.accord.exchange import DAY_S, START_S, Exchange
from tests.accord.ledger import Ledger
from tidegate.app.accord.agreed import AgreedDeadlines
from tidegate.app.accord.books import PIECE_MAX
from tidegate.app.accord.following import Following
from tidegate.app.accord.opening import open_books
from tidegate.hotline.deadlines import NOTHING_AGREED, Agreed

QUESTIONS = 3 * PIECE_MAX
NOW_S = START_S + 30 * DAY_S


class Standing:
    def now_ms(self) -> int:
        return NOW_S * 1_000


def questions(exchange: Exchange, begin: int, count: int) -> None:
    for number in range(begin, begin + count):
        asked_s = START_S + DAY_S + 600 * number
        asked = exchange.say("XA", "clarification-request", asked_s, subject="other", question="known-to-you")
        exchange.say("XB", "clarification-reply", asked_s + 60, answers=asked, finding="not-known")


def large() -> tuple[Exchange, Ledger]:
    exchange = Exchange()
    exchange.sign("XA", START_S)
    exchange.sign("XB", START_S)
    questions(exchange, 0, QUESTIONS)
    return exchange, Ledger(exchange, "XA")


def finish(following: Following, ledger: Ledger) -> int:
    """How many pieces are left; no piece reads more than it may."""
    pieces, got = 1, ledger.got
    while not following.ready():
        assert ledger.got - got <= PIECE_MAX
        pieces, got = pieces + 1, ledger.got
    return pieces


def test_no_piece_reads_more_than_it_may_and_all_of_them_make_what_is_read_at_once() -> None:
    exchange, ledger = large()
    following = Following(ledger, ledger, ledger.own)  # type: ignore[arg-type]
    assert not following.ready()
    assert following.known is None
    questions(exchange, QUESTIONS, 20)
    ledger.grow()  # while it is being read
    assert finish(following, ledger) > 2 * QUESTIONS // PIECE_MAX
    assert set(ledger.asked) == {PIECE_MAX}
    whole = open_books(ledger, ledger, ledger.own)  # type: ignore[arg-type]
    assert following.known == whole
    (book,) = whole.by_digest.values()
    assert following.reckoning(book).standing(NOW_S) == book.reckoning().standing(NOW_S)


def test_a_new_version_is_read_in_pieces_beside_what_was_known() -> None:
    exchange, ledger = large()
    following = Following(ledger, ledger, ledger.own)  # type: ignore[arg-type]
    before = following.look()
    exchange.written = exchange.written.replace(b"version = 1", b"version = 2")
    for by in ("XA", "XB"):
        exchange.sign(by, NOW_S - 10 * DAY_S, "amended")
    ledger.grow()
    assert not following.ready()
    assert following.known is before
    finish(following, ledger)
    assert [one.accord.version for one in following.look().by_digest.values()] == [1, 2]


def test_a_message_waits_for_few_pieces_and_takes_what_is_known_by_then() -> None:
    exchange, ledger = large()
    asked = exchange.said[2][1]
    following = Following(ledger, ledger, ledger.own)  # type: ignore[arg-type]
    agreed = AgreedDeadlines(following, Standing())
    assert agreed(asked) == NOTHING_AGREED
    following.look()
    assert agreed(asked) == Agreed(r2_s=None, r3_s=48 * 3_600)
