"""Downloads of public files over HTTP that go on where they were cut off."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path

from tidegate.ports.outside import OutsideFailed
from tidegate.ports.topology import Progress

TIMEOUT_S = 60.0
"""Silence of a server after which a download is given up for now."""

DOWNLOAD_BYTES_MAX = 1 << 30
"""Bytes of one download; a larger file is not fetched on."""

_CHUNK_BYTES = 1 << 18
_REMEDY = "Try again: what has come is kept. Or name another address, or a file that you have."


def fetch(address: str, path: Path, progress: Progress) -> str:
    """As ports.topology.TopologyFiles.fetch says. What has come lies beside the file under NAME.part."""
    if not address.startswith(("http://", "https://")):
        raise OutsideFailed("cannot fetch", address, "An address begins with https:// or http://.")
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _go_on(address, part, progress)
        digest = hashlib.sha256(part.read_bytes()).hexdigest()
        part.replace(path)
    except urllib.error.HTTPError as error:
        raise OutsideFailed(f"the server answered {error.code}", address, _REMEDY) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise OutsideFailed(f"cannot fetch ({error})", address, _REMEDY) from error
    except OutsideFailed:
        raise
    except OSError as error:
        raise OutsideFailed(f"cannot write ({error.strerror})", str(part), "Make room for it.") from error
    return digest


def _go_on(address: str, part: Path, progress: Progress) -> None:
    """Appends what is missing; from the beginning where the server does not know how to go on."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            return  # All of it had come already.
        raise
    with answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            have = 0
        total = have + int(answer.headers.get("Content-Length") or 0)
        with part.open("ab" if have else "wb") as file:
            while chunk := answer.read(_CHUNK_BYTES):
                file.write(chunk)
                have += len(chunk)
                if have > DOWNLOAD_BYTES_MAX:
                    limit = f"more than {DOWNLOAD_BYTES_MAX:,} bytes"
                    raise OutsideFailed(limit, address, "Name the address of the right file.")
                progress(have, total)
            file.flush()
            os.fsync(file.fileno())
        if total and have < total:
            raise OutsideFailed(f"cut off after {have:,} of {total:,} bytes", address, _REMEDY)
