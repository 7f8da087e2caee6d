"""The check of a bundle as the doors ask for it."""

from collections.abc import Sequence

from tidegate.ledger.verifier import Refused, verify


def verified(bundle: bytes) -> tuple[Sequence[str], str]:
    """What the bundle proves, line by line, or why it is refused; the other is empty."""
    try:
        return verify(bundle)[0], ""
    except Refused as refused:
        return [], str(refused)
