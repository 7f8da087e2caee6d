"""Questions of one round: what answers rest on is stored before they are given, in one transaction."""

import pytest

from tests.stand_ins import HandClock
from tests.stores import FailingStore
from tests.stories import an_attack
from tidegate.app.answering import answer_all
from tidegate.app.node import Node
from tidegate.model.facts import AttackDetected
from tidegate.ports.control import Asked, Cleared, Reply, ShowBorder, ShowPlan, Unable


class Round:
    """A node whose desk records an attack for each ShowPlan, and nothing for any other question."""

    def __init__(self) -> None:
        self.store = FailingStore()
        self.node = Node.open(self.store, [], HandClock())
        self.replies: list[tuple[str, Reply, int]] = []

    def asked(self, who: str, request: ShowPlan | ShowBorder) -> Asked:
        return Asked(request, who, lambda reply: self.replies.append((who, reply, self.store.head().size)))

    def answer(self, request: object, _: str) -> Reply:
        if isinstance(request, ShowPlan):
            self.node.store(AttackDetected(an_attack(number=request.plan)))
        return Cleared(0)

    def run(self) -> None:
        waiting = [self.asked("anna", ShowPlan(1)), self.asked("bahar", ShowBorder())]
        answer_all([*waiting, self.asked("cyrus", ShowPlan(2))], self.node, self.answer)


def test_all_is_stored_before_anyone_is_answered() -> None:
    round = Round()
    appended = 0
    append = round.store.append

    def counting(addition: object) -> None:
        nonlocal appended
        appended += 1
        append(addition)  # type: ignore[arg-type]

    round.store.append = counting  # type: ignore[method-assign,assignment]
    round.run()
    assert round.replies == [("anna", Cleared(0), 2), ("bahar", Cleared(0), 2), ("cyrus", Cleared(0), 2)]
    assert appended == 1


@pytest.mark.parametrize("fails", ["and did nothing", "but did it"])
def test_where_storing_fails_nobody_hears_that_something_is_on_record(fails: str) -> None:
    round = Round()
    round.store.fails = fails
    round.run()
    said = {who: type(reply) for who, reply, _ in round.replies}
    assert said == {"anna": Unable, "bahar": Cleared, "cyrus": Unable}
