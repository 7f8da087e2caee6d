"""The plain twin of tidegate.kernels.directions for one exporter: dictionaries, and a list of drops."""

MEMORY_MS = 300_000


class Directions:
    """What one exporter told on ingress and when, and its data sources' totals of drops; no bound."""

    def __init__(self) -> None:
        self.told_ms: dict[tuple[int, int], int] = {}
        self.totals: dict[tuple[int, int], int] = {}
        self.repeated = 0
        self.sample_drops = 0

    def restart(self) -> None:
        """What was told before a restart, in the same millisecond too, holds no longer."""
        self.told_ms.clear()

    def mark(self, rows: list[dict[str, int]], received_ms: int) -> None:
        """Make repetitions of the rows of one datagram, in their order."""
        for row in rows:
            place = row["family"], row["input_if"]
            if row["direction"] == 1 and row["input_if"]:
                self.told_ms[place] = received_ms
            elif row["direction"] == 2 and received_ms - self.told_ms.get(place, -MEMORY_MS) < MEMORY_MS:
                row["direction"] = 3
                self.repeated += 1

    def drops(self, source: tuple[int, int], total: int) -> None:
        last = self.totals.get(source, total)
        self.totals[source] = total
        if total >= last:
            self.sample_drops += total - last
        elif last >= 2**32 - 2**24 and total < 2**24:
            self.sample_drops += total + 2**32 - last
        else:
            self.sample_drops += total
