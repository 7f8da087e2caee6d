"""The best route of every network to one origin: its class, length, next hop, and how many are as good.

Rules, in this order: routes from customers before those from peers before those from providers; then the
shorter; then the lower AS number of the next hop, which here is the lower row. A network passes on to its
customers whatever it uses, and to all others only what it has from customers. Without circles of providers
these rules have exactly one outcome.
"""

import numpy as np

from tidegate.kernels.jit import bare_kernel, kernel

NONE, OWN, CUSTOMER, PEER, PROVIDER = 0, 1, 2, 3, 4
"""Classes of a route, best first after NONE: there is none, the origin's own, learned from whom."""

FAR = 1 << 30


@bare_kernel
def _offer(row, by, kind, length, found, lengths, next_hop, equal):  # type: ignore[no-untyped-def]
    """`by` offers `row` a route; True where it is the row's first. Offers come in order of class."""
    if found[row] == NONE:
        found[row], lengths[row], next_hop[row], equal[row] = kind, length, by, 1
        return True
    if found[row] == kind and lengths[row] == length:
        equal[row] += 1
        next_hop[row] = min(next_hop[row], by)
    elif found[row] == kind and length < lengths[row]:
        lengths[row], next_hop[row], equal[row] = length, by, 1
    return False


@bare_kernel
def best_routes(  # type: ignore[no-untyped-def]
    up_start, up_to, peer_start, peer_to, down_start, down_to, origin,
    found, lengths, next_hop, equal, learned, order,
):  # fmt: skip
    """Fills the four answers for every row, and `order` with the rows that have a route, the nearest first;
    returns their number.

    `peers` and `customers` may be lists of a part of all networks (those whose routes are asked for, with
    all their providers): of the others only routes from customers are then found. `found` must be NONE
    everywhere before. `learned` (scratch) and `order` are int32[rows].
    """
    found[origin], lengths[origin], next_hop[origin], equal[origin] = OWN, 0, origin, 1
    learned[0] = origin
    count, at = 1, 0
    while at < count:
        row = learned[at]
        at += 1
        for link in range(up_start[row], up_start[row + 1]):
            above = up_to[link]
            if found[above] in (NONE, CUSTOMER) and _offer(
                above, row, CUSTOMER, lengths[row] + 1, found, lengths, next_hop, equal
            ):
                learned[count] = above
                count += 1
    climbed = count
    for at in range(climbed):
        row = learned[at]
        for link in range(peer_start[row], peer_start[row + 1]):
            beside = peer_to[link]
            if found[beside] in (NONE, PEER) and _offer(
                beside, row, PEER, lengths[row] + 1, found, lengths, next_hop, equal
            ):
                learned[count] = beside
                count += 1
    return _descend(down_start, down_to, climbed, count, found, lengths, next_hop, equal, learned, order)


@bare_kernel
def _descend(  # type: ignore[no-untyped-def]
    down_start, down_to, climbed, crossed, found, lengths, next_hop, equal, learned, order
):  # fmt: skip
    """Routes from providers. Learned over customers, over peers and here: three queues, each in order of
    length, of which the nearest is taken, since a provider passes on its route whatever the class.
    """
    customers, peers, below, count, taken = 0, climbed, crossed, crossed, 0
    while customers < climbed or peers < crossed or below < count:
        near, queue = FAR, 0
        if customers < climbed:
            near, queue = lengths[learned[customers]], 1
        if peers < crossed and lengths[learned[peers]] < near:
            near, queue = lengths[learned[peers]], 2
        if below < count and lengths[learned[below]] < near:
            queue = 3
        if queue == 1:
            row = learned[customers]
            customers += 1
        elif queue == 2:
            row = learned[peers]
            peers += 1
        else:
            row = learned[below]
            below += 1
        order[taken] = row
        taken += 1
        for link in range(down_start[row], down_start[row + 1]):
            lower = down_to[link]
            if found[lower] in (NONE, PROVIDER) and _offer(
                lower, row, PROVIDER, lengths[row] + 1, found, lengths, next_hop, equal
            ):
                learned[count] = lower
                count += 1
    return taken


@kernel
def routes_to(up_start, up_to, peer_start, peer_to, down_start, down_to, origin):  # type: ignore[no-untyped-def]
    """(class int8, length int32, next hop int32, equally good ones int32) of every row.

    Where there is no route the class is NONE, and the rest means nothing.
    """
    rows = len(up_start) - 1
    found, lengths = np.zeros(rows, np.int8), np.zeros(rows, np.int32)
    next_hop, equal = np.full(rows, -1, np.int32), np.zeros(rows, np.int32)
    learned, order = np.empty(rows, np.int32), np.empty(rows, np.int32)
    best_routes(
        up_start, up_to, peer_start, peer_to, down_start, down_to, origin,
        found, lengths, next_hop, equal, learned, order,
    )  # fmt: skip
    return found, lengths, next_hop, equal


@kernel
def crossings(  # type: ignore[no-untyped-def]
    up_start, up_to, peer_start, peer_to, down_start, down_to,
    origins, origin_weight, origin_behind, source_weight, source_behind, first, step,
):  # fmt: skip
    """float64[rows]: the weight of routes that cross each row, between its ends, to every step-th origin
    from `first` on; each pair of source and origin weighs the product of its two.

    Of a weight, so much is `behind` the row, of networks that are not in the lists and have no other way:
    their routes cross the row too. Also how many routes' weight there is in all. The lists may be of a part,
    as in best_routes.
    """
    rows = len(up_start) - 1
    found, lengths = np.zeros(rows, np.int8), np.zeros(rows, np.int32)
    next_hop, equal = np.full(rows, -1, np.int32), np.zeros(rows, np.int32)
    learned, order = np.empty(rows, np.int32), np.empty(rows, np.int32)
    carried, crossed, total = np.zeros(rows), np.zeros(rows), 0.0
    for at in range(first, len(origins), step):
        count = best_routes(
            up_start, up_to, peer_start, peer_to, down_start, down_to, origins[at],
            found, lengths, next_hop, equal, learned, order,
        )  # fmt: skip
        for place in range(count - 1, 0, -1):
            row = order[place]
            crossed[row] += (carried[row] + source_behind[row]) * origin_weight[at]
            carried[next_hop[row]] += carried[row] + source_weight[row]
            carried[row] = 0.0
            found[row] = NONE
        crossed[origins[at]] += (carried[origins[at]] + source_behind[origins[at]]) * origin_behind[at]
        total += (carried[origins[at]] + source_weight[origins[at]]) * origin_weight[at]
        carried[origins[at]] = 0.0
        found[origins[at]] = NONE
    return crossed, total
