"""nfcapd of the nfdump package: stores flows in files, detects nothing."""

import re
import subprocess
from pathlib import Path

from benchmarks.peers.peer import Peer


def prepare(folder: Path, port: int) -> list[str]:
    store = folder / "store"
    store.mkdir()
    return ["nfcapd", "-w", str(store), "-b", "127.0.0.1", "-p", str(port), "-B", "4194304", "-t", "3600"]


def records(folder: Path) -> int | None:
    """Flows in the files it wrote, by nfdump's own statistics."""
    told = subprocess.run(
        ["nfdump", "-R", str(folder / "store"), "-I"], capture_output=True, text=True, check=False
    )
    found = re.search(r"^Flows:\s*(\d+)", told.stdout, re.MULTILINE)
    return int(found.group(1)) if found else None


NFCAPD = Peer("nfcapd", "nfcapd", "nfdump", prepare, records)
