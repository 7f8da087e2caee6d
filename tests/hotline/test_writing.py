"""Whom a message goes to: named whole, or by digits, and never guessed."""

import pytest
from msgspec.structs import replace

from tests.hotline.messages import OURS, THEIRS, THIRD
from tidegate.app.hotline.line import HotlineShown, PeerView
from tidegate.app.hotline.writing import recipients_named
from tidegate.model.refusals import NotAllowed

PEER = PeerView(
    organisation=THEIRS,
    name="XB-CERT",
    country="XB",
    languages=(),
    card_version=1,
    card_until_s=1,
    last_life_s=None,
    paths=(),
    waiting=0,
    overdue=0,
    unread=0,
    last_drill_s=None,
    drills=0,
    machine_answers=0,
    human_asked=0,
    human_answers=0,
)


def board(*names: str) -> HotlineShown:
    peers = zip(names, (THEIRS, THIRD), strict=False)
    return HotlineShown(
        organisation=OURS,
        name="XA-CERT",
        card_version=1,
        card_until_s=1,
        epoch=1,
        now_s=1,
        peers=tuple(replace(PEER, name=name, organisation=one) for name, one in peers),
        findings=(),
    )


def test_a_peer_is_named_whole_or_by_its_digits() -> None:
    assert recipients_named(["XB-CERT", "ЦРР"], board("XB-CERT", "ЦРР")) == (THEIRS, THIRD)
    assert recipients_named([THIRD[:8], "ЦРР"], board("XB-CERT", "ЦРР")) == (THIRD,)
    with pytest.raises(NotAllowed, match="was met"):
        recipients_named([THIRD[:7]], board("XB-CERT", "ЦРР"))


@pytest.mark.parametrize(
    ("named", "names"),
    [
        ("XB-CERT", ("XB-CERT", "XB-CERT")),
        ("XB-CERT", ("XB-CERT", "ХВ-СЕRТ")),  # Cyrillic capitals
        ("ХВ-СЕRТ", ("XB-CERT", "ЦРР")),
        ("مركز ملي", ("مرکز ملی", "ЦРР")),
    ],
)
def test_a_name_that_could_be_anothers_names_nobody(named: str, names: tuple[str, str]) -> None:
    with pytest.raises(NotAllowed, match="name it by its digits"):
        recipients_named([named], board(*names))
