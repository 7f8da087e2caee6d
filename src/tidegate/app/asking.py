"""One question to a running node: its answer, or what kept it from answering, as exceptions."""

from typing import TypeVar

from tidegate.model.refusals import NotAllowed
from tidegate.ports.control import ControlLine, NotApproved, Refused, Reply, Request, Unable
from tidegate.ports.outside import OutsideFailed

R = TypeVar("R", bound=Reply)


def answer_of(line: ControlLine, request: Request, expected: type[R]) -> R:
    """OutsideFailed (no node runs, or it cannot), NotAllowed and NotApproved as the node says."""
    reply = line.ask(request)
    match reply:
        case Refused("approval", why):
            raise NotApproved(why)
        case Refused(_, why):
            raise NotAllowed(why)
        case Unable(what, where, remedy):
            raise OutsideFailed(what, where, remedy)
    if not isinstance(reply, expected):
        raise OutsideFailed("the node answers something else", "the node", "Use the release that it runs.")
    return reply
