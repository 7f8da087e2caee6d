"""Which plans the speaker believed while they could be approved, kept in its folder over its own restart."""

import logging
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.border.places import write_whole
from tidegate.model.refusals import NotAllowed
from tidegate.ports.outside import OutsideFailed

BELIEVED_MAX = 1024
"""Plans not yet over that the speaker remembers to have believed; it refuses to believe another one."""

BELIEVED_NAME: Final = "believed.json"

log = logging.getLogger("tidegate.border")


class Believed:
    """The digests of plans with the end of each. What is lost here is refused: nothing is allowed by it.

    The file is read at the first question: only then does this process hold the folder alone.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holds(self, digest: str) -> bool:
        return digest in self._until_ms

    def add(self, digest: str, until_ms: int, now_ms: int) -> None:
        """Returns once it is on disk, so that whoever obeys a plan afterwards can renew it after a crash."""
        if self.holds(digest):
            return
        kept = {one: until for one, until in self._until_ms.items() if until > now_ms}
        if len(kept) >= BELIEVED_MAX:
            raise NotAllowed(f"{len(kept)} plans are not over yet; wait until some of them are")
        kept[digest] = until_ms
        try:
            write_whole(self._folder, BELIEVED_NAME, msgspec.json.encode(kept))
        except OSError as error:
            raise OutsideFailed(
                f"the speaker cannot keep which plan it believes ({error.strerror})",
                str(self._folder / BELIEVED_NAME),
                "Make room, or give the node's user its state folder back; then the order is given again.",
            ) from error
        self._until_ms = kept

    @cached_property
    def _until_ms(self) -> dict[str, int]:
        path = self._folder / BELIEVED_NAME
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=dict[str, int])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("%s cannot be read (%s): plans believed earlier are not renewed", path, error)
            return {}
        return kept
