"""An audit ready to be asked: its observations, their graph, and the things in it by name."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tidegate.audit.building import graph_of
from tidegate.audit.graph import UNSEEN, Graph, Kind
from tidegate.audit.hits import Things
from tidegate.audit.observed import Observed, observed
from tidegate.audit.ownership import Ownership
from tidegate.model.audits import Observation, ServiceListed
from tidegate.model.refusals import NotAllowed
from tidegate.model.topology import Ints, Rows


@dataclass(frozen=True, slots=True)
class Audit:
    """`at_s` is when the latest observation was made: the moment from which dates count."""

    observed: Observed
    graph: Graph
    things: Things
    parents: tuple[Ints, Rows]
    ownership: Ownership

    @property
    def at_s(self) -> int:
        return self.observed.made_at_s

    def services(self) -> list[tuple[int, ServiceListed]]:
        """Row and listing of each, those with most people first."""
        found = [(self.things.row(Kind.SERVICE, name), told) for name, told in self.observed.services.items()]
        return sorted(found, key=lambda one: (-one[1].people, one[1].name))

    def weights(self) -> Ints:
        """int64[things]: the people of services, 0 for all else."""
        weight = np.zeros(len(self.graph), np.int64)
        for row, told in self.services():
            weight[row] = told.people
        return weight

    def home(self) -> str:
        """The country of the services. NotAllowed where they are of several, or of none that is known."""
        found = sorted({told.country for told in self.observed.services.values()})
        if len(found) != 1:
            raise NotAllowed(
                f"The services are of several countries ({', '.join(found)}): say which is meant."
            )
        return found[0]

    def below(self, row: int) -> list[int]:
        """All things that one hangs on, over groups of whatever effect, in the order of their rows."""
        graph, found, waiting = self.graph, {row}, [row]
        while waiting:
            one = waiting.pop()
            first, last = graph.group_start[one], graph.group_start[one + 1]
            for other in graph.member[graph.member_start[first] : graph.member_start[last]].tolist():
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return sorted(found - {row})

    def unseen_below(self, row: int) -> list[int]:
        """What was not seen of what it hangs on."""
        return [one for one in self.below(row) if self.graph.kind[one] in UNSEEN]


def audit_of(observations: Iterable[Observation]) -> Audit:
    """NotAllowed where no service is listed; Full where the graph is too large."""
    seen = observed(observations)
    if not seen.services:
        raise NotAllowed("There is no service in this audit; its list must be part of it.")
    graph = graph_of(seen)
    return Audit(seen, graph, Things(graph), parents_of(graph), Ownership(seen))


def parents_of(graph: Graph) -> tuple[Ints, Rows]:
    """Who needs a thing, over groups of whatever effect: start and rows, as the kernels take them."""
    owners = np.repeat(np.arange(len(graph), dtype=np.int32), np.diff(graph.group_start))
    above = np.repeat(owners, np.diff(graph.member_start))
    order = np.argsort(graph.member, kind="stable")
    counts = np.bincount(graph.member, minlength=len(graph))
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts))), above[order].astype(np.int32)
