"""The one way in which anything outside the node fails."""


class OutsideFailed(OSError):
    """A database, a file or a service did not do what it was asked; it may or may not have taken hold.

    `what` failed, `where` it is (a path or an address, never a password), and what to do: `remedy`.
    """

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what}: {where}. {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy
