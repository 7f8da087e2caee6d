"""A download goes on where it was cut off, and is there only when it is whole."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tidegate.adapters.topology_download import fetch
from tidegate.ports.outside import OutsideFailed

BODY = bytes(range(256)) * 4096


@contextmanager
def server(
    cuts_after: int = len(BODY), *, resumes: bool = True, status: int = 200
) -> Iterator[tuple[str, list[str]]]:
    """A server of one file, that gives so many bytes of each answer, and the ranges that were asked for."""
    asked: list[str] = []

    class OneFile(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and resumes else 0
            if status != 200 or start >= len(BODY):
                self.send_error(status if status != 200 else 416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(BODY) - start))
            self.end_headers()
            self.wfile.write(BODY[start : start + cuts_after])

        def log_message(self, format: str, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), OneFile)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}/file", asked
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def nothing(have: int, total: int) -> None:
    assert have <= total


def test_a_file_comes_whole_with_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    with server() as (address, _):
        assert fetch(address, path, nothing) == hashlib.sha256(BODY).hexdigest()
    assert path.read_bytes() == BODY
    assert [one.name for one in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("resumes", [True, False])
def test_a_download_cut_off_goes_on_or_begins_again(tmp_path: Path, resumes: bool) -> None:
    path = tmp_path / "file"
    with server(400_000) as (address, _), pytest.raises(OutsideFailed, match=r"cut off after|cannot fetch"):
        fetch(address, path, nothing)
    assert not path.exists()
    came = (tmp_path / "file.part").stat().st_size
    assert 0 < came <= 400_000
    with server(resumes=resumes) as (address, asked):
        fetch(address, path, nothing)
    assert asked == [f"bytes={came}-"]
    assert path.read_bytes() == BODY


def test_a_part_that_was_all_of_it_is_taken(tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(BODY)
    with server() as (address, _):
        fetch(address, tmp_path / "file", nothing)
    assert (tmp_path / "file").read_bytes() == BODY


def test_what_a_server_refuses_and_what_is_no_address_is_told(tmp_path: Path) -> None:
    with server(status=404) as (address, _), pytest.raises(OutsideFailed, match="answered 404"):
        fetch(address, tmp_path / "file", nothing)
    with pytest.raises(OutsideFailed, match="begins with https"):
        fetch("file:///etc/passwd", tmp_path / "file", nothing)
    with pytest.raises(OutsideFailed, match="cannot fetch"):
        fetch("http://127.0.0.1:9/file", tmp_path / "file", nothing)
