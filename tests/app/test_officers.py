"""The roster as the node knows it: read again and again, changes on record, and nobody when in doubt."""

from tests.officers import ANNA, BO, TextInMemory, members
from tidegate.app.officers import Officers
from tidegate.app.state import State
from tidegate.mitigate.roster import roster_text
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
    officers.read()
    added = [OfficerAdded(ANNA.officer), OfficerAdded(BO.officer)]
    assert list(officers.changes(State(), NOW_MS)) == added
    assert list(officers.changes(known(ANNA, BO), NOW_MS)) == []
    file.text = roster_text(members(ANNA, BO, revoked={"bo": NOW_MS - 1000}))
    officers.read()
    assert list(officers.changes(known(ANNA, BO), NOW_MS)) == [OfficerRevoked("bo")]
    file.text = roster_text(members(ANNA))
    officers.read()
    assert list(officers.changes(known(ANNA, BO), NOW_MS)) == [OfficerRevoked("bo")]


def test_another_key_under_a_known_name_is_a_revocation_and_an_addition() -> None:
    file = Roster(members(ANNA))
    officers = Officers(file)  # type: ignore[arg-type]
    file.text = file.text.replace(ANNA.officer.public_key, BO.officer.public_key)
    officers.read()
    first, second = officers.changes(known(ANNA), NOW_MS)
    assert first == OfficerRevoked("anna")
    assert isinstance(second, OfficerAdded)
    assert second.officer.public_key == BO.officer.public_key


def test_a_roster_that_cannot_be_read_has_nobody_and_revokes_nobody_on_record() -> None:
    file = Roster(members(ANNA))
    officers = Officers(file)  # type: ignore[arg-type]
    officers.read()
    file.fails = True
    officers.read()
    assert officers.roster.members == ()
    assert officers.trouble is not None
    assert "nobody can approve" in officers.trouble
    assert list(officers.changes(known(ANNA), NOW_MS)) == []
    file.fails = False
    officers.read()
    assert officers.trouble is None
    assert [one.officer.name for one in officers.roster.members] == ["anna"]


def test_a_roster_that_makes_no_sense_has_nobody_until_it_does() -> None:
    file = Roster(members(ANNA))
    good = file.text
    officers = Officers(file)  # type: ignore[arg-type]
    for text in ("no [toml", good + good, good.replace("desk", "king")):
        file.text = text
        officers.read()
        assert officers.roster.members == ()
    file.text = good
    officers.read()
    assert officers.roster.members
