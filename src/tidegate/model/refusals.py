"""The three kinds of wrong: a sender broke the format, a caller broke a rule, a bound was reached."""


class Malformed(ValueError):
    """The sender broke the format; counted by sender and reason, and work goes on.

    `reason` is a short fixed phrase (it becomes a counter's label); `at` is the byte offset at
    which the format stops making sense.
    """

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(f"{reason} (at byte {at})")
        self.reason = reason
        self.at = at


class NotAllowed(Exception):
    """The caller broke a rule; `why` is a sentence for that caller: what, where, and what to do."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Full(Exception):
    """A named bound was reached; the caller pushes back or drops, as `docs/bounds.md` says."""

    def __init__(self, bound: str, limit: int) -> None:
        super().__init__(f"{bound} is full ({limit})")
        self.bound = bound
        self.limit = limit
