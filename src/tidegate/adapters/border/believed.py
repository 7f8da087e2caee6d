"""What the speaker keeps over its own restart: the plans it believed in time, and the latest time it saw."""

import logging
from contextlib import suppress
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

SEEN_NAME: Final = "seen.json"
SEEN_EVERY_MS = 60_000
"""The latest time is written again when it has grown by so much."""

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


class Seen:
    """The latest time that the wall clock told here, so that setting it back undoes no revocation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._latest_ms = 0

    def latest_ms(self, now_ms: int) -> int:
        """That, with now. What cannot be written is remembered while this process lives."""
        if not self._latest_ms:
            self._latest_ms = self._written_ms
        if now_ms >= self._written_ms + SEEN_EVERY_MS:
            with suppress(OSError):
                write_whole(self._folder, SEEN_NAME, msgspec.json.encode(now_ms))
                self._written_ms = now_ms
        self._latest_ms = max(self._latest_ms, now_ms)
        return self._latest_ms

    @cached_property
    def _written_ms(self) -> int:
        try:
            return msgspec.json.decode((self._folder / SEEN_NAME).read_bytes(), type=int)
        except (OSError, msgspec.MsgspecError):
            return 0
