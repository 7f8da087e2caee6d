"""What rests with a suspended track of dialogue, and since when; the guardian of the tracks' independence.

1. The experts' track never rests, whoever says that it does, nor does a track that the accord does not have.
2. No channel rests with a track, whatever the file ties it to: what keeps people reachable goes on.
3. A track rests while any party has suspended it. Only that party's own word ends its suspension, so that the
   order in which the words of two parties arrive changes nothing.
4. A suspension is of the dialogue, not of one version of the accord: it outlasts an amendment.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from tidegate.accord.clocks import Rested, covers, moment
from tidegate.model.accords import Accord, Happening, Obligation, Occurrence, PartyCode

CHANNELS: frozenset[Happening] = frozenset(
    ("check", "check-answer", "contacts-told", "acknowledgement", "incident-notification")
)
"""Evidence of what must never rest with a track of dialogue: the channels themselves."""


class Resting:
    """Hears suspensions and resumptions in the ledger's order."""

    def __init__(self, accord: Accord) -> None:
        self._tracks = {track.id for track in accord.track if not track.experts}
        self._said: dict[str, dict[PartyCode, list[Rested]]] = defaultdict(lambda: defaultdict(list))
        self._rests: dict[str, list[Rested]] = {}

    def hear(self, told: Occurrence) -> bool:
        """Whether it changed when its track rested."""
        if told.track not in self._tracks:  # 1
            return False
        own = self._said[told.track][told.by]
        if told.kind == "suspended" and (not own or own[-1].until_s is not None):
            own.append(Rested(moment(told), None))
        elif told.kind == "resumed" and own and own[-1].until_s is None:
            own[-1] = Rested(own[-1].from_s, max(moment(told), own[-1].from_s))  # 3
        else:
            return False
        self._rests[told.track] = union(one for said in self._said[told.track].values() for one in said)
        return True

    def of(self, obligation: Obligation) -> Sequence[Rested]:
        """In the order of time, and without overlap."""
        return () if obligation.evidence in CHANNELS else self._rests.get(obligation.track, ())  # 2

    def since(self, track: str, now_s: int) -> int | None:
        """Since when a track rests; None while it runs."""
        return next((one.from_s for one in self._rests.get(track, ()) if covers(one, now_s)), None)


def union(rests: Iterable[Rested]) -> list[Rested]:
    """The same times, each told once."""
    found: list[Rested] = []
    for one in sorted(rests, key=lambda rest: rest.from_s):
        last = found[-1] if found else None
        if last is None or (last.until_s is not None and last.until_s < one.from_s):
            found.append(one)
        elif last.until_s is not None:
            until_s = None if one.until_s is None else max(last.until_s, one.until_s)
            found[-1] = Rested(last.from_s, until_s)
    return found
