"""A witness in small worlds: honest logs over bad lines, and logs that change, hide or lose their past."""

from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tidegate.ledger.checkpoints import Head, log_name, log_origin, sign_head
from tidegate.ledger.leaves import LeafHashes
from tidegate.ledger.notes import NoteKey, NoteRefused
from tidegate.ledger.witness import (
    CLAIMS_MAX,
    UNANSWERED_MAX,
    Claim,
    Shown,
    Verdict,
    Watch,
    asks,
    hear,
    may_cosign,
    shown_by,
    told_by_another,
)

ORGANISATION = "ab" * 32
SECRET = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = NoteKey(log_name(ORGANISATION), SECRET.public_key().public_bytes_raw())


@dataclass
class Log:
    """A log with its clock; it may be copied and so lead two lives."""

    entries: list[bytes] = field(default_factory=list)
    epoch: int = 1_000
    at_s: int = 1_000

    def grows(self, *names: str) -> "Log":
        self.entries += [name.encode() for name in names]
        self.at_s += 30
        return self

    def copy(self) -> "Log":
        return Log(list(self.entries), self.epoch, self.at_s)

    def shown(self) -> Shown:
        root = LeafHashes.of_entries(self.entries).frontier().root
        head = Head(log_origin(ORGANISATION, self.epoch), len(self.entries), root)
        return shown_by(ORGANISATION, KEY, sign_head(head, KEY, SECRET.sign).whole, self.at_s)

    def proofs(self, sizes: tuple[int, ...]) -> dict[int, list[bytes]]:
        known = [size for size in sizes if 0 < size <= len(self.entries)]
        return {
            size: LeafHashes.of_entries(self.entries).consistency_proof(size, len(self.entries))
            for size in known
        }

    def beats(self, watch: Watch) -> Verdict:
        """It answers what is asked of it as well as it can."""
        return hear(watch, self.shown(), self.proofs(asks(watch)))


def kinds(*verdicts: Verdict) -> list[str]:
    return [doubt.kind for verdict in verdicts for doubt in verdict.doubts]


def watched(log: Log) -> Watch:
    watch = log.beats(Watch()).watch
    assert may_cosign(watch)
    return watch


@given(st.data())
def test_an_honest_log_over_a_bad_line_is_never_doubted_and_at_last_cosigned(data: st.DataObject) -> None:
    """Heartbeats are lost, come twice and overtake each other; so do what the witness asks."""
    log, watch = Log(), Watch()
    asked: tuple[int, ...] = ()
    on_the_way: list[tuple[Shown, dict[int, list[bytes]]]] = []
    for number in range(data.draw(st.integers(1, 25))):
        if data.draw(st.booleans()):
            log.grows(*(f"{number}.{at}" for at in range(data.draw(st.integers(1, 9)))))
        else:
            log.at_s += 30
        if data.draw(st.booleans()):
            asked = asks(watch)
        on_the_way.append((log.shown(), log.proofs(asked)))
        for _ in range(data.draw(st.integers(0, 2))):
            if on_the_way:
                at = data.draw(st.integers(0, len(on_the_way) - 1))
                late = on_the_way[at]
                if data.draw(st.booleans()):
                    del on_the_way[at]
                verdict = hear(watch, *late)
                watch = verdict.watch
                assert set(kinds(verdict)) <= {"unproved", "shorter"}, "late, which is over soon"
                assert not watch.forked
    watch = log.beats(watch).watch
    assert may_cosign(watch)
    assert watch.newest is not None
    assert watch.newest.size == len(log.entries)


def test_growth_without_its_proof_is_asked_for_again_and_then_told() -> None:
    log = Log().grows("a", "b")
    watch = watched(log)
    log.grows("c")
    told = []
    for _ in range(UNANSWERED_MAX):
        verdict = hear(watch, log.shown(), {})
        watch = verdict.watch
        assert watch.newest is not None
        assert watch.newest.size == 2
        told += kinds(verdict)
    assert told == ["unproved"]
    assert kinds(hear(watch, log.shown(), {})) == [], "told once"
    assert may_cosign(log.beats(watch).watch), "and over as soon as it is proved"


@pytest.mark.parametrize("size", range(1, 10))
def test_a_rewritten_past_is_found_at_the_next_contact(size: int) -> None:
    log = Log().grows(*"abcdefghi"[:size])
    watch = watched(log)
    for at in range(size):
        rewritten = log.copy()
        rewritten.entries[at] = b"never happened"
        grown = rewritten.copy().grows("later")
        for liar in (rewritten, grown):
            verdict = liar.beats(watch)
            assert kinds(verdict) == ["forked"]
            assert len(verdict.doubts[0].notes) == 2
            assert not may_cosign(verdict.watch)
            again = log.copy().grows("as if nothing were")
            assert not may_cosign(again.beats(verdict.watch).watch), "for ever, in this epoch"


def test_a_restored_old_copy_is_found_before_and_after_it_has_grown_again() -> None:
    log = Log().grows("a", "b", "c")
    old = log.copy()
    log.grows("d", "e")
    watch = watched(log)
    old.at_s = log.at_s + 30
    verdict = old.beats(watch)
    assert kinds(verdict) == ["shorter"]
    assert not may_cosign(verdict.watch)
    other = old.grows("x", "y", "z")
    assert kinds(other.beats(verdict.watch)) == ["forked"]
    assert may_cosign(log.grows("f").beats(verdict.watch).watch), "the true one goes on"


def test_a_clock_set_back_does_not_hide_a_restored_copy_for_long() -> None:
    log = Log().grows("a", "b", "c")
    old = log.copy()
    watch = watched(log.grows("d"))
    old.at_s = 10
    told = []
    for _ in range(UNANSWERED_MAX):
        verdict = old.beats(watch)
        watch, old.at_s = verdict.watch, old.at_s + 30
        told += kinds(verdict)
    assert told == ["shorter"]


def test_a_heartbeat_that_was_overtaken_says_nothing() -> None:
    log = Log().grows("a")
    late = log.shown()
    watch = watched(log.grows("b"))
    verdict = hear(watch, late, {})
    assert verdict.doubts == ()
    assert may_cosign(verdict.watch)


def test_two_histories_for_two_peers_are_found_when_the_peers_speak() -> None:
    log = Log().grows("a", "b")
    ours, theirs = log.copy().grows("for us"), log.copy().grows("for them")
    watch = watched(ours)
    verdict = told_by_another(watch, Claim(theirs.shown(), "XC"))
    assert kinds(verdict) == ["forked"]
    assert "another for XC" in verdict.doubts[0].why
    assert set(verdict.doubts[0].notes) == {ours.shown().note, theirs.shown().note}


@pytest.mark.parametrize("more", [1, 2, 5])
def test_two_histories_of_different_sizes_are_found_because_one_is_not_proved(more: int) -> None:
    """The log never shows two peers the same size; what it showed to the other is asked for."""
    log = Log().grows("a", "b")
    theirs = log.copy().grows("for them")
    ours = log.copy().grows("for us", *map(str, range(more)))
    watch = told_by_another(watched(ours), Claim(theirs.shown(), "XC")).watch
    assert 3 in asks(watch)
    assert kinds(ours.grows("later").beats(watch)) == ["forked"]
    told = []
    for _ in range(UNANSWERED_MAX):
        proofs = {size: proof for size, proof in ours.proofs(asks(watch)).items() if size != 3}
        verdict = hear(watch, ours.shown(), proofs)
        watch = verdict.watch
        told += kinds(verdict)
    assert told == ["withheld"]
    assert not may_cosign(watch), "what others saw is not known to be consistent with what we saw"


@pytest.mark.parametrize("ahead", [False, True])
def test_what_an_honest_log_showed_to_others_is_proved_in_the_next_heartbeat(ahead: bool) -> None:
    log = Log().grows("a", "b", "c")
    before = log.copy().shown()
    watch = watched(log.grows("d"))
    shown = log.copy().grows("e").shown() if ahead else before
    watch = told_by_another(watch, Claim(shown, "XC")).watch
    assert watch.claims
    if ahead:
        verdict = log.beats(watch)
        assert verdict.doubts == ()
        assert verdict.watch.claims, "it cannot yet be proved"
        log.grows("e")
    verdict = log.beats(log.grows("f").beats(watch).watch)
    assert (verdict.doubts, verdict.watch.claims) == ((), ())
    assert may_cosign(verdict.watch)


def test_what_is_told_again_and_again_takes_no_more_room() -> None:
    log = Log().grows("a")
    watch = watched(log.copy().grows(*"bcdefghij"))
    for name in "bcdefghij":
        for _ in range(2):
            watch = told_by_another(watch, Claim(log.grows(name).shown(), "XC")).watch
    assert len(watch.claims) == CLAIMS_MAX
    empty = told_by_another(Watch(), Claim(Log().shown(), "XC"))
    assert empty.watch == Watch()


def test_a_restored_log_says_so_and_is_another_log_from_then_on() -> None:
    log = Log().grows("a", "b", "c", "d")
    watch = watched(log)
    restored = Log([b"a", b"b"], epoch=2_000, at_s=log.at_s + 60).grows("x")
    verdict = restored.beats(watch)
    assert kinds(verdict) == ["restarted"]
    assert may_cosign(verdict.watch)
    back = log.copy()
    back.at_s = restored.at_s + 30
    assert kinds(back.beats(verdict.watch)) == ["shorter"], "the old one does not come back"
    hidden = told_by_another(watch, Claim(restored.shown(), "XC")).watch
    for _ in range(UNANSWERED_MAX):
        log.at_s += 30
        verdict = log.beats(hidden)
        hidden = verdict.watch
    assert kinds(verdict) == ["withheld"], "nor is a new one shown to others only"


def test_only_the_log_s_own_key_and_its_own_name_are_looked_at() -> None:
    note = Log().grows("a").shown().note
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(NoteRefused):
        shown_by(ORGANISATION, NoteKey(KEY.name, stranger.public_key().public_bytes_raw()), note, 0)
    with pytest.raises(NoteRefused):
        shown_by("cd" * 32, KEY, note, 0)


def test_an_empty_log_may_grow_from_nothing() -> None:
    log = Log()
    watch = watched(log)
    assert asks(watch) == ()
    assert may_cosign(log.grows("a").beats(watch).watch)
