"""Files that hold telemetry datagrams or packets, read once from beginning to end."""

from collections.abc import Iterator
from typing import Literal, Protocol

from tidegate.model.datagrams import DatagramBlock
from tidegate.model.flows import FlowBatch

RecordingKind = Literal["datagrams", "packets"]


class RecordingNotes(Protocol):
    """What was met so far and could not be used."""

    @property
    def packets(self) -> int: ...
    @property
    def unreadable(self) -> int: ...
    @property
    def cut_short(self) -> int: ...
    @property
    def fragmented_given_up(self) -> int: ...


class Recording(Protocol):
    """One pass over one recording, as datagrams or as packets.

    Damage raises Malformed after everything before it has been given out.
    """

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> RecordingKind:
        """A guess from its beginning."""

    @property
    def counts(self) -> RecordingNotes: ...

    @property
    def read_bytes(self) -> int:
        """Bytes of the file that have been read, as it lies on disk."""

    def packets(self) -> Iterator[FlowBatch]:
        """A row for each packet, in a buffer that the next batch fills again."""

    def datagrams(self) -> Iterator[DatagramBlock]: ...

    def close(self) -> None: ...
