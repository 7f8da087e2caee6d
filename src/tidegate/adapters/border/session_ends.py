"""Why a session ended, in words: what ExaBGP says of it, with what a router's NOTIFICATION means."""

import re
from typing import Final

NOTIFICATION: Final = re.compile(r"notification (?P<way>received|sent) \((?P<code>\d+),(?P<subcode>\d+)\)")
NO_CONNECTION: Final = "closing connection"

CODES: Final = {
    1: "message header error",
    2: "error in the OPEN message",
    3: "error in an UPDATE message",
    4: "hold time over",
    5: "finite state machine error",
    6: "Cease",
}
"""RFC 4271 section 4.5."""

SUBCODES: Final = {
    (2, 1): "another version of BGP",
    (2, 2): "it expects another AS number of us",
    (2, 3): "our router identifier does not suit it",
    (2, 5): "authentication failed",
    (2, 6): "our hold time does not suit it",
    (2, 7): "it lacks a capability",
    (6, 1): "more routes than its limit for this session; raise it there",
    (6, 2): "shut down by its operator",
    (6, 3): "its operator removed this neighbour",
    (6, 4): "reset by its operator",
    (6, 5): "it rejects the connection; is the speaker a neighbour there?",
    (6, 6): "its configuration changed",
    (6, 7): "two connections at once",
    (6, 8): "it is out of resources",
    (6, 9): "hard reset",
    (6, 10): "BFD says that the path is down",
}
"""RFC 4271 section 6.2, RFC 4486 section 4, RFC 8538 section 3, RFC 9384 section 4."""


def ended_by(reason: str) -> str:
    """What the NOTIFICATION that ExaBGP tells of means; "" where it tells of none."""
    found = NOTIFICATION.search(reason)
    if found is None:
        return ""
    code, subcode = int(found["code"]), int(found["subcode"])
    meant = [CODES.get(code, f"code {code}")]
    if subcode:
        meant.append(SUBCODES.get((code, subcode), f"subcode {subcode}"))
    who = "the router ended it" if found["way"] == "received" else "we ended it"
    return f"{who} ({': '.join(meant)})"


def why_down(reason: str, ended: str) -> str:
    """Why it is down now, where `ended` is by which NOTIFICATION it last ended, if by any.

    ExaBGP tries again at once, and a router that has just refused closes that connection without a word: that
    must not hide what it said before.
    """
    if said := ended_by(reason):
        return said
    now = "no connection, or it was closed without a word" if reason == NO_CONNECTION else reason
    return f"{ended}; since then {now}" if ended and now else ended or now or "the session is down"
