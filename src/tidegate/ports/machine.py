"""What the doctor asks of the machine that a node runs on."""

from pathlib import Path
from typing import Protocol


class Machine(Protocol):
    """Answers questions and changes nothing that lasts."""

    def process_age_ms(self) -> int | None:
        """How long this process has run, with what it loaded before it could look; None: not told."""

    def receive_buffer_limit(self) -> int | None:
        """Most bytes that a plain program gets for a socket (net.core.rmem_max); None: not told."""

    def can_listen(self, host: str, port: int) -> str | None:
        """None where a UDP socket could be bound there now, else why not."""

    def listener(self, port: int) -> str | None:
        """Who listens on this UDP port, as "name (process 123)"; None where nobody does or it is not told."""

    def can_write(self, folder: Path) -> str | None:
        """None where files can be made in the folder, or in the nearest one above it; else why not."""

    def kernel_cache(self, spare: Path) -> Path | None:
        """Where compiled kernels are kept between runs, at last in `spare`; None: nowhere can be written."""

    def free_bytes(self, folder: Path) -> int | None:
        """Room on the disk of the folder, or of the nearest one above it."""
