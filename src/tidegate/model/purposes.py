"""What a signature of the hotline is for: its purpose stands before the bytes, so that none counts twice."""

from typing import Final

from tidegate.model.refusals import NotAllowed

CARD: Final = b"tidegate/card/1"
ROOT_CHANGE: Final = b"tidegate/root-change/1"
CONTENT: Final = b"tidegate/content/1"
FRAME: Final = b"tidegate/frame/1"
RECEIPT: Final = b"tidegate/receipt/1"
REFUSAL: Final = b"tidegate/refusal/1"
CUSTODY: Final = b"tidegate/custody/1"
HEARTBEAT: Final = b"tidegate/heartbeat/1"
SIGNAL_KEY: Final = b"tidegate/signal-key/1"
SEVERAL: Final = b"tidegate/several/1"

PURPOSES: Final = frozenset(
    {CARD, ROOT_CHANGE, CONTENT, FRAME, RECEIPT, REFUSAL, CUSTODY, HEARTBEAT, SIGNAL_KEY, SEVERAL}
)
"""Every purpose there is; none is the beginning of another."""


def words_to_sign(purpose: bytes, message: bytes) -> bytes:
    """What both keys of a pair sign. NotAllowed for a purpose that is not one of these."""
    if purpose not in PURPOSES:
        raise NotAllowed(f"{purpose!r} is no purpose of a signature on the hotline")
    return purpose + b"\x00" + message
