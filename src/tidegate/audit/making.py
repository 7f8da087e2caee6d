"""A graph in the making: each thing that is named for the first time waits to be filled with its needs."""

from tidegate.audit.graph import Graph, Growing, Kind
from tidegate.audit.observed import Observed
from tidegate.audit.ownership import Ownership


class Making:
    """`waiting` are things whose needs are not told yet, so that no chain of names is too deep to follow."""

    def __init__(self, observed: Observed) -> None:
        self.observed = observed
        self.ownership = Ownership(observed)
        self.waiting: list[tuple[Kind, str, int]] = []
        self._growing = Growing()
        self.needs = self._growing.needs
        self.web_hosts = {
            host
            for pages in observed.pages.values()
            for page in pages.values()
            for host in (page.host, *page.through, *(part.host for part in page.parts))
        }

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

    def made(self) -> Graph:
        return self._growing.grown()
