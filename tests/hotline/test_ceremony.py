"""The ceremony: one number on both sides, and another one for whoever stands between."""

from hashlib import sha512

import pytest

from tests.hotline.people import Organisation, pair
from tidegate.hotline.ceremony import ceremony_number, half, in_groups, is_the_same
from tidegate.model.organisations import Card
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of

XA, XB, QM = Organisation("xa").card(), Organisation("xb").card(), Organisation("qm").card()


def half_from_the_page(card: Card) -> str:
    """Written from docs/hotline.md alone."""
    identity = card.organisation.encode() + b"\0" + bytes_of(card.root)
    digest = sha512(b"tidegate/ceremony/1" + b"\0" + identity).digest()
    for _ in range(5199):
        digest = sha512(digest + identity).digest()
    groups = ""
    for at in (0, 5, 10, 15, 20, 25):
        groups += str(int.from_bytes(digest[at : at + 5], "big") % 100000).rjust(5, "0")
    return groups


def test_both_sides_see_one_number() -> None:
    number = ceremony_number(XA, XB)
    assert number == ceremony_number(XB, XA)
    assert len(number) == 60
    assert number.isdecimal()
    assert number == "".join(sorted([half_from_the_page(XA), half_from_the_page(XB)]))


def test_whoever_stands_between_makes_two_numbers() -> None:
    assert len({ceremony_number(XA, XB), ceremony_number(XA, QM), ceremony_number(QM, XB)}) == 3


def test_a_thief_of_a_former_root_has_another_number() -> None:
    organisation, thief = Organisation("xa"), pair("thief")
    root = organisation.root.public_pair()
    taken = organisation.card(2, root=thief.public_pair(), former_roots=(root,))
    assert half(taken) != half(XA)


def test_a_newer_card_of_the_same_root_has_the_same_number() -> None:
    assert half(Organisation("xa").card(7, name="Another")) == half(XA)


def test_nobody_meets_himself() -> None:
    with pytest.raises(NotAllowed, match="our own"):
        ceremony_number(XA, XA)


def test_what_was_read_aloud_is_compared_to_the_digit() -> None:
    number = ceremony_number(XA, XB)
    groups = in_groups(number)
    assert len(groups) == 12
    assert is_the_same(number, " ".join(groups))
    assert is_the_same(number, "-".join(groups) + "\n")
    changed = str((int(number[-1]) + 1) % 10)
    assert not is_the_same(number, number[:-1] + changed)
    for wrong in ("", number[:-1], number + "0", number[:-1] + "x", "\u0663" * 60):
        with pytest.raises(NotAllowed, match="has 60 digits"):
            is_the_same(number, wrong)
