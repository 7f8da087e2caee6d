"""Troubles as the log tells them: when they begin and now and then while they last, never in a flood."""

import logging
from collections.abc import Iterable

from tidegate.app.health import Finding

TOLD_AGAIN_MS = 60_000
"""A trouble that lasts is told again this often, so that it neither fills the log nor is forgotten."""

PROBLEM_TOLD_AGAIN_MS = 600_000
"""A problem of an exporter or the collector that lasts, or comes again, is told again after this."""

PROBLEMS_TOLD_MAX = 50
"""Problems told within that time; the log then points to the doctor, who tells all."""

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


class ProblemLog:
    """Problems among the findings of each moment."""

    def __init__(self) -> None:
        self._told_ms: dict[tuple[str, str | None], int] = {}

    def tell(self, findings: Iterable[Finding], now_ms: int) -> None:
        """Says what is new. Notices are for the doctor alone."""
        self._told_ms = {
            key: at_ms for key, at_ms in self._told_ms.items() if 0 <= now_ms - at_ms < PROBLEM_TOLD_AGAIN_MS
        }
        for finding in findings:
            key = finding.code, finding.exporter
            if finding.severity != "problem" or key in self._told_ms:
                continue
            if len(self._told_ms) > PROBLEMS_TOLD_MAX:
                return
            self._told_ms[key] = now_ms
            if len(self._told_ms) > PROBLEMS_TOLD_MAX:
                log.warning("There are further problems: `tidegate doctor` tells all.")
                return
            log.warning("%s", finding.text, extra={"code": finding.code, "exporter": finding.exporter})
