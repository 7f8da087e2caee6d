"""How much of the demand of many networks fits through border points of limited capacity."""

import numpy as np

from tidegate.kernels.jit import kernel


@kernel
def most_carried(demand, capacity, usable):  # type: ignore[no-untyped-def]
    """int64[demands, points]: what each demand sends over each point, so that the whole is the most.

    `demand` int64[d] and `capacity` int64[p] in one unit; `usable` bool[d, p]. Shortest augmenting paths
    (Edmonds and Karp, 1972): a demand that finds its points full moves others away from them.
    """
    demands, points = usable.shape
    flow = np.zeros((demands, points), np.int64)
    left, room = demand.copy(), capacity.copy()
    # Nodes: demands first, then points; `came` is the node before on the path, -1 unseen, -2 a start.
    came = np.empty(demands + points, np.int64)
    queue = np.empty(demands + points, np.int64)
    while True:
        count, at, end = 0, 0, -1
        for one in range(demands):
            came[one] = -1
            if left[one] > 0:
                came[one] = -2
                queue[count] = one
                count += 1
        for point in range(points):
            came[demands + point] = -1
        while at < count and end < 0:
            node = queue[at]
            at += 1
            if node < demands:
                for point in range(points):
                    if usable[node, point] and came[demands + point] == -1:
                        came[demands + point] = node
                        queue[count] = demands + point
                        count += 1
                        if room[point] > 0:
                            end = point
                            break
            else:
                for one in range(demands):
                    if came[one] == -1 and flow[one, node - demands] > 0:
                        came[one] = node
                        queue[count] = one
                        count += 1
        if end < 0:
            return flow
        amount, node = room[end], demands + end
        while came[node] != -2:
            if node < demands:
                amount = min(amount, flow[node, came[node] - demands])
            node = came[node]
        amount = min(amount, left[node])
        left[node] -= amount
        room[end] -= amount
        node = demands + end
        while came[node] != -2:
            if node >= demands:
                flow[came[node], node - demands] += amount
            else:
                flow[node, came[node] - demands] -= amount
            node = came[node]
