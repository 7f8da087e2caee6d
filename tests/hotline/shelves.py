"""A shelf in memory, obvious enough to hold the real one against."""

from collections.abc import Mapping, Sequence


class DictShelf:
    """Keeps the contract of a shelf, except for surviving anything."""

    where = "memory"

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def put(self, files: Mapping[str, bytes]) -> None:
        self.files |= files

    def get(self, name: str) -> bytes | None:
        return self.files.get(name)

    def names(self, folder: str) -> Sequence[str]:
        found = (name.removeprefix(f"{folder}/") for name in self.files if name.startswith(f"{folder}/"))
        return sorted(name for name in found if "/" not in name)

    def folders(self, folder: str) -> Sequence[str]:
        below = [name.removeprefix(f"{folder}/") for name in self.files if name.startswith(f"{folder}/")]
        return sorted({name.split("/")[0] for name in below if "/" in name})

    def drop(self, names: Sequence[str]) -> None:
        for name in names:
            self.files.pop(name, None)
