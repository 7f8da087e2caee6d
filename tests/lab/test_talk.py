"""Officers of the demo at a node that has much to do: what one late answer changes, and what it does not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from tidegate.__main__ import PARTS
from tidegate.app.hotline.line import HotlineLine
from tidegate.lab.telling import talk as talking
from tidegate.lab.telling.organisations import Organisation
from tidegate.lab.telling.talk import ASKED_MAX, Stopped, Talk
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

LATE = OutsideFailed("the node did not answer in time", "control.sock", "Ask again.")


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    monkeypatch.setattr(talking, "LOOK_EVERY_S", 0)
    made = Talk(PARTS, {}, "198.51.100.20/32")
    yield made
    made.stop()


@dataclass
class Node:
    """Takes what it is told, and is late to say so as often as it is told to be."""

    late: int
    asked: int = 0
    signed: list[bytes] = field(default_factory=list)

    def answer(self) -> str:
        self.asked += 1
        if self.asked <= self.late:
            raise LATE
        return "an answer"

    def sign(self, content: bytes, _officer: object, _key: object) -> None:
        """A second signature of the same officer is refused."""
        taken = content in self.signed
        self.signed.append(content)
        if self.asked < self.late:
            self.asked += 1
            raise LATE
        if taken:
            raise NotAllowed("this officer has signed")


@dataclass
class Side:
    officer: Callable[[str], str] = str
    keys: Mapping[str, str] = field(default_factory=lambda: {"mira": "her key"})


@pytest.mark.parametrize("late", [0, 1, ASKED_MAX - 1])
def test_a_node_that_answers_late_is_asked_again(talk: Talk, late: int) -> None:
    node = Node(late)
    assert talk._asked(node.answer) == "an answer"
    assert node.asked == late + 1


def test_a_node_that_never_answers_is_given_up_in_the_end(talk: Talk) -> None:
    node = Node(2 * ASKED_MAX)
    with pytest.raises(OutsideFailed, match="did not answer in time"):
        talk._asked(node.answer)
    assert node.asked == ASKED_MAX


def test_a_demo_that_ends_asks_no_more(talk: Talk) -> None:
    node = Node(ASKED_MAX)
    talk.stop()
    with pytest.raises(Stopped):
        talk._asked(node.answer)
    assert node.asked == 1


def sign(talk: Talk, node: Node) -> None:
    talk._signed(cast(HotlineLine, node), b"a letter", cast(Organisation, Side()), "mira")


def test_a_signature_that_was_taken_unanswered_counts(talk: Talk) -> None:
    node = Node(late=1)
    sign(talk, node)
    assert node.signed == [b"a letter"] * 2


def test_a_signature_that_is_refused_at_once_does_not(talk: Talk) -> None:
    node = Node(late=0, signed=[b"a letter"])
    with pytest.raises(NotAllowed):
        sign(talk, node)
