"""What came in at the control door since the last turn, answered together: one transaction for all of it."""

from collections.abc import Callable, Sequence

from tidegate.app.node import Node
from tidegate.ports.control import Asked, Reply, Unable
from tidegate.ports.outside import OutsideFailed


def answer_all(waiting: Sequence[Asked], node: Node, answer: Callable[[object, str], Reply]) -> None:
    """What an answer rests on is stored before it is given. Where storing fails, only those are answered who
    asked for nothing that goes on record; the others hear what failed."""
    answers: list[tuple[Asked, Reply, bool]] = []
    failed: Unable | None = None
    try:
        with node.together():
            for asked in waiting:
                before = node.recorded
                reply = answer(asked.request, asked.who)
                answers.append((asked, reply, node.recorded > before))
    except OutsideFailed as failure:
        failed = Unable(failure.what, failure.where, failure.remedy)
    for asked, reply, rests_on_record in answers:
        asked.answer(failed if failed is not None and rests_on_record else reply)
