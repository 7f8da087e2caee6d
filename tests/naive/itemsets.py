"""Closed itemsets by their definition, for a handful of items."""


def closed_itemsets(words: list[int], measure: list[float], items: int, least: float) -> set[int]:
    """Every set of items that is all that the records having it share, and that holds enough; and the
    set that all records share."""

    def having(bits: int) -> list[int]:
        return [at for at, word in enumerate(words) if word & bits == bits]

    found = set()
    everything = (1 << items) - 1
    for bits in range(1 << items):
        shared = everything
        for at in having(bits):
            shared &= words[at]
        enough = sum(measure[at] for at in having(bits)) >= least
        if shared == bits and having(bits) and (enough or len(having(bits)) == len(words)):
            found.add(bits)
    return found
