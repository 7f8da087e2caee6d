"""Small random graphs of things that need things, for the kernels and for their slow twin."""

import numpy as np
from hypothesis import strategies as st

from tests.naive.dependencies import Group, Things
from tidegate.kernels.dependencies import NEVER, circles
from tidegate.model.topology import Rows

THINGS = 9


@st.composite
def graphs(draw: st.DrawFn) -> Things:
    size = draw(st.integers(1, THINGS))
    members = st.lists(st.integers(0, size - 1), min_size=0, max_size=3, unique=True).map(tuple)
    lengths = st.sampled_from([0, 1, 10, 300, 86_400, NEVER - 1])
    group = st.builds(Group, members, lengths, lengths)
    return [draw(st.lists(group, max_size=3)) for _ in range(size)]


class Packed:
    """The same graph as the kernels take it."""

    def __init__(self, things: Things) -> None:
        groups = [group for needs in things for group in needs]
        starts = np.cumsum([0, *(len(needs) for needs in things)]).astype(np.int64)
        member_start = np.cumsum([0, *(len(group.members) for group in groups)]).astype(np.int64)
        member: Rows = np.array([one for group in groups for one in group.members], np.int32)
        self.needs = (
            starts,
            member_start,
            member,
            np.ones(len(groups), np.int8),
            np.array([group.holds for group in groups], np.int32),
            np.array([group.until for group in groups], np.int32),
        )
        self.circles = circles(starts, member_start, member)
        above: list[set[int]] = [set() for _ in things]
        for one, needs in enumerate(things):
            for group in needs:
                for other in group.members:
                    above[other].add(one)
        parents = np.array([one for ones in above for one in sorted(ones)], np.int32)
        self.parents = (np.cumsum([0, *map(len, above)]).astype(np.int64), parents)
