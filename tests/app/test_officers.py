"""The roster as the node knows it: read again and again, changes on record, and nobody when in doubt."""

from tests.officers import ANNA, BO, TextInMemory, members
from tidegate.app.officers import Officers
from tidegate.app.state import State
from tidegate.mitigate.roster import Member, roster_text
from tidegate.model.facts import OfficerAdded, OfficerRevoked
from tidegate.ports.outside import OutsideFailed

NOW_MS = 1_800_000_000_000


class Roster(TextInMemory):
    fails = False

    def read(self) -> str:
        if self.fails:
            raise OutsideFailed("the roster cannot be read", "memory", "Wait.")
        return super().read()


def known(*people: object) -> State:
    return State(officers={one.officer.name: one.officer for one in people})  # type: ignore[attr-defined]


def test_who_comes_and_goes_is_told_once() -> None:
    file = Roster(members(ANNA, BO))
    officers = Officers(file)  # type: ignore[arg-type]
    officers.read(0)
    added = [OfficerAdded(ANNA.officer), OfficerAdded(BO.officer)]
    assert list(officers.changes(State(), NOW_MS)) == added
    assert list(officers.changes(known(ANNA, BO), NOW_MS)) == []
    file.text = roster_text(members(ANNA, BO, revoked={"bo": NOW_MS - 1000}))
    officers.read(0)
    assert list(officers.changes(known(ANNA, BO), NOW_MS)) == [OfficerRevoked("bo")]
    file.text = roster_text(members(ANNA))
    officers.read(0)
    assert list(officers.changes(known(ANNA, BO), NOW_MS)) == [OfficerRevoked("bo")]


def test_another_key_under_a_known_name_is_a_revocation_and_an_addition() -> None:
    file = Roster(members(ANNA))
    officers = Officers(file)  # type: ignore[arg-type]
    file.text = file.text.replace(ANNA.officer.public_key, BO.officer.public_key)
    officers.read(0)
    first, second = officers.changes(known(ANNA), NOW_MS)
    assert first == OfficerRevoked("anna")
    assert isinstance(second, OfficerAdded)
    assert second.officer.public_key == BO.officer.public_key


def test_a_roster_that_cannot_be_read_has_nobody_and_revokes_nobody_on_record() -> None:
    file = Roster(members(ANNA))
    officers = Officers(file)  # type: ignore[arg-type]
    officers.read(0)
    file.fails = True
    officers.read(0)
    assert officers.roster.members == ()
    assert officers.trouble is not None
    assert "nobody can approve" in officers.trouble
    assert list(officers.changes(known(ANNA), NOW_MS)) == []
    file.fails = False
    officers.read(0)
    assert officers.trouble is None
    assert [one.officer.name for one in officers.roster.members] == ["anna"]


def test_a_roster_that_makes_no_sense_has_nobody_until_it_does() -> None:
    file = Roster(members(ANNA))
    good = file.text
    officers = Officers(file)  # type: ignore[arg-type]
    for text in ("no [toml", good + good, good.replace("desk", "king")):
        file.text = text
        officers.read(0)
        assert officers.roster.members == ()
    file.text = good
    officers.read(0)
    assert officers.roster.members


def test_a_clock_set_back_makes_no_revoked_officer_live_again() -> None:
    file = Roster(members(ANNA, BO, revoked={"bo": NOW_MS - 1000}))
    officers = Officers(file)  # type: ignore[arg-type]
    set_back_ms = NOW_MS - 3_600_000
    officers.read(0)
    assert BO.officer in officers.live(set_back_ms), "nothing tells that it was later once"
    officers.read(NOW_MS)  # a stored fact does
    assert officers.live(set_back_ms) == {ANNA.officer}
    file.written_ms = lambda: NOW_MS  # type: ignore[method-assign]
    officers.read(0)  # the file itself does
    assert officers.live(set_back_ms) == {ANNA.officer}


def test_what_was_seen_makes_nobody_live_before_the_clock_says_so() -> None:
    later = Member(officer=ANNA.officer, added_ms=NOW_MS)
    assert not later.live_at(NOW_MS - 1, NOW_MS + 5)
    leaving = Member(officer=ANNA.officer, added_ms=0, revoked_ms=NOW_MS + 1)
    assert leaving.live_at(NOW_MS, NOW_MS)
    assert not leaving.live_at(NOW_MS, NOW_MS + 1)
