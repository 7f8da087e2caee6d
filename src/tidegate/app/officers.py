"""The roster as the node knows it: read again and again from its file, and its changes put on record."""

from collections.abc import Iterator
from pathlib import Path

from tidegate.app.state import State
from tidegate.mitigate.roster import Roster, roster_from
from tidegate.model.facts import OfficerAdded, OfficerRevoked
from tidegate.model.plans import Officer
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.roster import RosterFile

NOBODY = Roster(())


class Officers:
    """A roster that cannot be read has no officers: nobody approves then, and what is in force ends."""

    def __init__(self, file: RosterFile) -> None:
        self._file = file
        self.roster = NOBODY
        self.trouble: str | None = None

    @property
    def path(self) -> Path:
        return self._file.path

    def read(self, seen_ms: int) -> None:
        """Takes up what the file says now; `seen_ms` is when the last fact was stored."""
        try:
            self.roster = roster_from(self._file.read(), max(seen_ms, self._file.written_ms()))
            self.trouble = None
        except (NotAllowed, OutsideFailed) as refusal:
            self.roster = NOBODY
            self.trouble = f"nobody can approve plans: {refusal}"

    def live(self, now_ms: int) -> frozenset[Officer]:
        """Whose word counts now."""
        return frozenset(self.roster.all_live(now_ms))

    def changes(self, state: State, now_ms: int) -> Iterator[OfficerAdded | OfficerRevoked]:
        """What the record does not know yet. Nothing while the roster cannot be read: nobody was revoked."""
        if self.trouble is not None:
            return
        live = {officer.name: officer for officer in self.roster.all_live(now_ms)}
        for name, on_record in state.officers.items():
            if live.get(name) != on_record:
                yield OfficerRevoked(name)
        for name, officer in live.items():
            if state.officers.get(name) != officer:
                yield OfficerAdded(officer)
