"""A trouble that lasts, as the log tells it: when it begins, once a minute, and when it is over."""

import logging

TOLD_AGAIN_MS = 60_000
"""A trouble that lasts is told again this often, so that it neither fills the log nor is forgotten."""

log = logging.getLogger("tidegate.node")


class Complaint:
    """One kind of trouble; `over` is the sentence for its end."""

    def __init__(self, over: str) -> None:
        self._over = over
        self._last_ms: int | None = None

    def tell(self, trouble: str | None, now_ms: int) -> None:
        """What is wrong as of now, or None where all is well."""
        if trouble is None:
            if self._last_ms is not None:
                log.info("%s", self._over)
            self._last_ms = None
        elif self._last_ms is None or not 0 <= now_ms - self._last_ms < TOLD_AGAIN_MS:
            log.error("%s", trouble)
            self._last_ms = now_ms
