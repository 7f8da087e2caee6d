"""Two organisations on a small hotline, as a console of one of them asks about it."""

from dataclasses import dataclass
from functools import cached_property
from threading import RLock

from tests.hotline.test_two_stations import Party, TwoParties
from tests.stand_ins import HandClock
from tidegate.app.console.gathering import NoSuchThing
from tidegate.app.console.hotline_source import HotlineSource
from tidegate.app.hotline.bundles import Kept
from tidegate.app.hotline.desk import HotlineDesk
from tidegate.app.hotline.line import HotlineLine
from tidegate.model.messages import CodedField
from tidegate.model.organisations import Digest
from tidegate.ports.control import Refused, Reply, Request

FLOOD = (
    CodedField("incident", ("XB-1",)),
    CodedField("incident-stage", ("initial",)),
    CodedField("kind", ("flood",)),
    CodedField("status", ("ongoing",)),
    CodedField("severity", ("critical",)),
    CodedField("confidence", ("confirmed",)),
    CodedField("prefix", ("192.0.2.0/24",)),
    CodedField("seen-from-network", ("AS64500",)),
)


class DeskLine:
    """The control socket of a station, without the socket; `broken` raises instead of answering."""

    def __init__(self, party: Party, turns: RLock) -> None:
        self._desk = HotlineDesk(party.needs, party.station, 0)
        self._turns = turns
        self.broken: Exception | None = None

    def answers_for(self, party: Party) -> None:
        """From now on, where the station was made anew."""
        self._desk = HotlineDesk(party.needs, party.station, 0)

    def ask(self, request: Request) -> Reply:
        if self.broken is not None:
            raise self.broken
        with self._turns:
            reply = self._desk.answer(request, "the console")
        return reply or Refused("rule", "This node serves the hotline alone.")


@dataclass
class Letters:
    """`parties.anna` is the console's organisation, `parties.bahar` the other one; both know `at_ms`."""

    at_ms: int
    founded: bool = True

    def __post_init__(self) -> None:
        self.parties = TwoParties(HandClock(self.at_ms))
        self.one_at_a_time = RLock()
        self.line = DeskLine(self.parties.anna, self.one_at_a_time)
        self.source = HotlineSource(
            line=HotlineLine(self.line),
            founded=lambda: self.founded,
            kept=no_record,
            option="",
            same_node=True,
        )
        self.turns()

    def turns(self, rounds: int = 4) -> None:
        with self.one_at_a_time:
            self.parties.turns(rounds)

    @cached_property
    def sample(self) -> Digest:
        """A message that came, which everybody but the wall may read."""
        return self.comes()

    def comes(self, **changes: object) -> Digest:
        """A message from the other side, stored here."""
        return self._says(self.parties.bahar, **changes)

    def goes(self, **changes: object) -> Digest:
        """A message of ours, signed and receipted."""
        return self._says(self.parties.anna, **changes)

    def opens(self, message: Digest) -> None:
        """An officer of the other side signs that it was opened."""
        self.comes(form="receipt", fields=(), answers=message, remarks="")

    def _says(self, party: Party, **changes: object) -> Digest:
        told = {"form": "incident", "fields": FLOOD} | changes
        with self.one_at_a_time:
            message = party.says(**told)
        self.turns()
        return message


def no_record() -> Kept:
    raise NoSuchThing("this world keeps nothing that could be proved")
