"""Downloads of public files over HTTP that go on where they were cut off."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path

from tidegate.ports.outside import OutsideFailed
from tidegate.ports.topology import Progress

TIMEOUT_S = 60.0
"""Silence of a server after which a download is given up for now."""

DOWNLOAD_BYTES_MAX = 1 << 30
"""Bytes of one download; a larger file is not fetched on."""

AGENT = {"User-Agent": "tidegate"}
"""Who asks; some servers turn away whoever does not say."""

_CHUNK_BYTES = 1 << 18
_REMEDY = "Try again: what has come is kept. Or name another address, or a file that you have."


def fetch(address: str, path: Path, progress: Progress) -> str:
    """As ports.topology.TopologyFiles.fetch says.

    What has come lies beside the file under NAME.part, and under NAME.part.of which version it is of, so that
    a file that has changed since is begun again.
    """
    if not address.startswith(("http://", "https://")):
        raise OutsideFailed("cannot fetch", address, "An address begins with https:// or http://.")
    part, of = (path.with_name(path.name + end) for end in (".part", ".part.of"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _go_on(address, part, of, progress)
        with part.open("rb") as whole:
            digest = hashlib.file_digest(whole, "sha256").hexdigest()
        part.replace(path)
        of.unlink(missing_ok=True)
    except urllib.error.HTTPError as error:
        raise OutsideFailed(f"the server answered {error.code}", address, _REMEDY) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise OutsideFailed(f"cannot fetch ({error})", address, _REMEDY) from error
    except OutsideFailed:
        raise
    except OSError as error:
        raise OutsideFailed(f"cannot write ({error.strerror})", str(part), "Make room for it.") from error
    return digest


def _go_on(address: str, part: Path, of: Path, progress: Progress) -> None:
    """Appends what is missing; begins again where the server has another version by now, or names none."""
    told, _, version = (of.read_text() if of.exists() else "").partition("\n")
    have = part.stat().st_size if part.exists() and version and told == address else 0
    further = {"Range": f"bytes={have}-", "If-Range": version} if have else {}
    request = urllib.request.Request(address, headers=AGENT | further)
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            return  # All of it had come already.
        raise
    with answer:
        if answer.status != http.client.PARTIAL_CONTENT:
            have = 0
            part.unlink(missing_ok=True)  # First, lest an old part be taken for one of the new file.
            of.write_text(f"{address}\n{_version(answer.headers)}")
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


def _version(headers: Message) -> str:
    """What tells this version of a file from others, to be asked for again (RFC 9110, 13.1.5); or nothing."""
    tag = headers.get("ETag", "")
    return headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
