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
    cuts_after: int = len(BODY),
    *,
    resumes: bool = True,
    status: int = 200,
    body: bytes = BODY,
    tag: str = '"1"',
) -> Iterator[tuple[str, list[str]]]:
    """A server of one file, that gives so many bytes of each answer, and the ranges that were asked for."""
    asked: list[str] = []

    class OneFile(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            asked.append(wanted)
            same = wanted and resumes and self.headers["If-Range"] == tag
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if same else 0
            if status != 200 or start >= len(body):
                self.send_error(status if status != 200 else 416)
                return
            self.send_response(206 if start else 200)
            if tag:
                self.send_header("ETag" if tag[0] == '"' else "Last-Modified", tag)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            self.wfile.write(body[start : start + cuts_after])

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
        (tmp_path / "file.part.of").write_text(f'{address}\n"1"')
        fetch(address, path, nothing)
    assert asked == [f"bytes={came}-"]
    assert path.read_bytes() == BODY


@pytest.mark.parametrize("tag", ['"1"', "Tue, 01 Sep 2026 00:00:00 GMT"])
def test_a_part_that_was_all_of_it_is_taken(tmp_path: Path, tag: str) -> None:
    with server(tag=tag) as (address, asked):
        (tmp_path / "file.part").write_bytes(BODY)
        (tmp_path / "file.part.of").write_text(f"{address}\n{tag}")
        fetch(address, tmp_path / "file", nothing)
    assert asked == [f"bytes={len(BODY)}-"]
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize("tag", ['"1"', ""])
def test_a_file_that_has_changed_or_has_no_version_is_begun_again_and_never_mixed(
    tmp_path: Path, tag: str
) -> None:
    path, newer = tmp_path / "file", BODY[::-1]
    with server(400_000, tag=tag) as (address, _), pytest.raises(OutsideFailed):
        fetch(address, path, nothing)
    of = tmp_path / "file.part.of"
    with server(body=newer, tag=tag and '"2"') as (address, asked):
        of.write_text(of.read_text().replace(of.read_text().partition("\n")[0], address))
        fetch(address, path, nothing)
    assert path.read_bytes() == newer
    assert asked == ([f"bytes={400_000}-"] if tag else [""])
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_what_a_server_refuses_and_what_is_no_address_is_told(tmp_path: Path) -> None:
    with server(status=404) as (address, _), pytest.raises(OutsideFailed, match="answered 404"):
        fetch(address, tmp_path / "file", nothing)
    with pytest.raises(OutsideFailed, match="begins with https"):
        fetch("file:///etc/passwd", tmp_path / "file", nothing)
    with pytest.raises(OutsideFailed, match="cannot fetch"):
        fetch("http://127.0.0.1:9/file", tmp_path / "file", nothing)
