"""What an officer's door asks of the running node, and how a word is given: what was shown is signed."""

from collections.abc import Sequence

from tidegate.app.asking import answer_of
from tidegate.mitigate.approval import digest
from tidegate.model.plan_bytes import words_to_sign
from tidegate.model.plans import Intent, Officer, Plan, Score, Signed
from tidegate.ports.border import LiveRule, ReadBack, SessionView
from tidegate.ports.control import (
    BorderSeen,
    ClearBorder,
    Cleared,
    ControlLine,
    GiveWord,
    ListPlans,
    ListScores,
    NotApproved,
    Plans,
    PlanView,
    Scores,
    ShowBorder,
    ShowPlan,
    WordTaken,
)
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.signing import Signer

__all__ = [
    "BorderSeen",
    "LiveRule",
    "NotApproved",
    "OfficerLine",
    "PlanView",
    "ReadBack",
    "SessionView",
    "Signer",
    "WordTaken",
    "digest",
    "officer_behind",
]


class OfficerLine:
    """Every call may raise OutsideFailed (no node runs, or it cannot), NotAllowed and NotApproved."""

    def __init__(self, line: ControlLine) -> None:
        self._line = line

    def plans(self) -> Sequence[PlanView]:
        """Newest first."""
        return answer_of(self._line, ListPlans(), Plans).plans

    def plan(self, number: int) -> tuple[PlanView, Sequence[Officer]]:
        """One plan, and the officers whose word counts now."""
        told = answer_of(self._line, ShowPlan(number), Plans)
        if [view.plan.number for view in told.plans] != [number]:
            raise OutsideFailed("the node answers with another plan", "the node", "Do not trust this node.")
        return told.plans[0], told.officers

    def scores(self) -> Sequence[Score]:
        """Newest last."""
        return answer_of(self._line, ListScores(), Scores).scores

    def give_word(self, plan: Plan, intent: Intent, officer: Officer, signer: Signer) -> WordTaken:
        """Signs the bytes of this very plan. The node's account of the bytes is never asked for: they are
        made again here, from the plan that its officer has read."""
        signature = signer.sign(officer.public_key, words_to_sign(plan, intent))
        word = Signed(plan=plan.number, intent=intent, officer=officer.name, signature=signature)
        return answer_of(self._line, GiveWord(word), WordTaken)

    def border(self) -> BorderSeen:
        return answer_of(self._line, ShowBorder(), BorderSeen)

    def clear_border(self) -> int:
        """How many plans ended."""
        return answer_of(self._line, ClearBorder(), Cleared).plans


def officer_behind(signer: Signer, officers: Sequence[Officer]) -> Officer:
    """The officer whose key is at hand; NotApproved where it is nobody's."""
    keys = signer.public_keys()
    for officer in officers:
        if officer.public_key in keys:
            return officer
    raise NotApproved("None of these keys is that of an officer on the roster; see `tidegate officer list`.")
