"""A graph in the making: each thing that is named for the first time waits to be filled with its needs."""

from collections.abc import Callable

from tidegate.audit.graph import Graph, Growing, Kind
from tidegate.audit.observed import Observed
from tidegate.audit.ownership import Ownership
from tidegate.model.audits import PagePart


class Uses(dict[PagePart, int]):
    """Parts of pages by what they come to, each judged when it is met first: an audit has millions of parts,
    and few that differ.
    """

    def __init__(self, judge: Callable[[PagePart], int]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, part: PagePart) -> int:
        return self.setdefault(part, self._judge(part))


class Making:
    """`waiting` are things whose needs are not told yet, so that no chain of names is too deep to follow.

    `web_hosts` are hosts that pages are on; what pages use is added as services are filled, before all else.
    """

    def __init__(self, observed: Observed, judge: "Callable[[Making, PagePart], int]") -> None:
        self.observed = observed
        self.ownership = Ownership(observed)
        self.waiting: list[tuple[Kind, str, int]] = []
        self.uses = Uses(lambda part: judge(self, part))
        self._growing = Growing()
        self.needs = self._growing.needs
        self.needs_each = self._growing.needs_each
        pages = [page for told in observed.pages.values() for page in told.values()]
        self.web_hosts = {host for page in pages for host in (page.host, *page.through)}

    def thing(self, kind: Kind, name: str) -> int:
        """Its row; if it is new, it waits for its needs."""
        row, new = self._growing.thing(kind, name)
        if new:
            self.waiting.append((kind, name, row))
        return row

    def unknown(self, what: str, kind: Kind = Kind.UNKNOWN) -> int:
        """Something that was not seen."""
        return self.thing(kind, what)

    def broken(self, what: str) -> int:
        """Something that does not work as it was seen."""
        return self.thing(Kind.BROKEN, what)

    def ending(self, what: str) -> int:
        """Something that goes on only as long as it was given for."""
        return self.thing(Kind.ENDING, what)

    def made(self) -> Graph:
        return self._growing.grown()
