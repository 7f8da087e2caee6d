"""What fits through border points is the most that can, and never more than anything allows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.naive import flow_limits as naive
from tidegate.kernels.flow_limits import most_carried


@settings(max_examples=1500, deadline=None)
@given(st.data(), st.integers(1, 6), st.integers(1, 5))
def test_what_is_carried_is_the_most_that_fits(data: st.DataObject, demands: int, points: int) -> None:
    amounts = st.integers(0, 20)
    demand = data.draw(st.lists(amounts, min_size=demands, max_size=demands))
    capacity = data.draw(st.lists(amounts, min_size=points, max_size=points))
    row = st.lists(st.booleans(), min_size=points, max_size=points)
    usable = data.draw(st.lists(row, min_size=demands, max_size=demands))
    flow = most_carried(np.array(demand), np.array(capacity), np.array(usable))
    assert flow.sum() == naive.most_carried(demand, capacity, usable)
    assert (flow >= 0).all()
    assert (flow.sum(axis=1) <= demand).all()
    assert (flow.sum(axis=0) <= capacity).all()
    assert not flow[~np.array(usable)].any()
