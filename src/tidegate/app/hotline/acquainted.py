"""Of whom a peer knows that we know them: nothing else is told about third organisations."""

from tidegate.hotline.state import HotlineState
from tidegate.model.organisations import OrganisationId


def acquainted(state: HotlineState, peer: OrganisationId) -> frozenset[OrganisationId]:
    """Those who stand with this peer in a message at hand, as its sender or as a recipient."""
    abouts = [one.about for one in (*state.sent.values(), *state.settled)]
    abouts += [one.about for one in (*state.inbox.values(), *state.read)]
    parties = [{about.sender, *about.recipients} for about in abouts]
    known = frozenset().union(*(some for some in parties if peer in some))
    return known - {peer, state.own.organisation if state.own is not None else ""}
