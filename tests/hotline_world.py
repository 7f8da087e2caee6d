"""Two organisations on a small hotline, as a console of one of them asks about it."""

from dataclasses import dataclass, field
from functools import cached_property

from tests.hotline.test_two_stations import Party, TwoParties
from tidegate.app.console.gathering import NoSuchThing
from tidegate.app.console.hotline_source import HotlineSource
from tidegate.app.hotline.bundles import Kept
from tidegate.app.hotline.desk import HotlineDesk
from tidegate.app.hotline.line import HotlineLine
from tidegate.model.messages import CodedField
from tidegate.model.organisations import Digest
from tidegate.ports.control import Reply, Request

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

    def __init__(self, party: Party) -> None:
        self._desk = HotlineDesk(party.needs, party.station, 0)
        self.broken: Exception | None = None

    def ask(self, request: Request) -> Reply:
        if self.broken is not None:
            raise self.broken
        reply = self._desk.answer(request, "the console")
        assert reply is not None
        return reply


@dataclass
class Letters:
    """`ours` is the console's organisation (anna), `theirs` the other one (bahar)."""

    parties: TwoParties = field(default_factory=TwoParties)
    founded: bool = True

    def __post_init__(self) -> None:
        self.line = DeskLine(self.parties.anna)
        self.source = HotlineSource(
            line=HotlineLine(self.line), founded=lambda: self.founded, kept=no_record, option=""
        )
        self.parties.turns()

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

    def _says(self, party: Party, **changes: object) -> Digest:
        told = {"form": "incident", "fields": FLOOD} | changes
        message = party.says(**told)
        self.parties.turns()
        return message


def no_record() -> Kept:
    raise NoSuchThing("this world keeps nothing that could be proved")
