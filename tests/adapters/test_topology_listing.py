"""Of dated files the newest is found in the pages of a server that lists its folders."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tidegate.adapters import topology_listing
from tidegate.adapters.topology_listing import newest
from tidegate.app.rehearsal import PUBLIC
from tidegate.ports.outside import OutsideFailed


def listing(*names: str) -> str:
    """A folder as Apache lists it, with its headings that sort and its way up."""
    rows = "".join(
        f'<tr><td><a href="{name}">{name}</a></td><td align="right">12M</td></tr>' for name in names
    )
    return (
        '<html><head><title>Index of /datasets</title></head><body><table><tr><th><a href="?C=N;O=D">Name</a>'
        f'</th></tr><tr><td><a href="/datasets/">Parent Directory</a></td></tr>{rows}</table></body></html>'
    )


RELATIONSHIPS = listing(
    "20260701.as-rel2.txt.bz2",
    "20260801.as-rel2.txt.bz2",
    "20260901.as-rel.txt.bz2",
    "20260901.as-rel2.txt.bz2.md5",
    "README.txt",
)
PAGES = {
    "/as-relationships/serial-2/": RELATIONSHIPS,
    "/peeringdb/": listing("2025/", "2026/", "README"),
    "/peeringdb/2025/": listing("12/"),
    "/peeringdb/2025/12/": listing("peeringdb_2_dump_2025_12_31.json"),
    "/peeringdb/2026/": listing("08/", "09/"),
    "/peeringdb/2026/08/": listing(
        "peeringdb_2_dump_2026_08_30.json",
        "peeringdb_2_dump_2026_08_31.json",
        "peeringdb_2_dump_2025_08_31.json",
    ),
    "/peeringdb/2026/09/": listing(),
}


@contextmanager
def server(pages: Mapping[str, str]) -> Iterator[str]:
    class Folders(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path, "")
            if page.isdigit() or not page:
                self.send_error(int(page or 404))
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Folders)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}"
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def of_public(name: str, at: str) -> str:
    return PUBLIC[name].address.replace("https://publicdata.caida.org/datasets", at)


def test_of_the_months_that_are_there_the_last_is_found() -> None:
    with server(PAGES) as at:
        assert newest(of_public("as-rel2", at)) == f"{at}/as-relationships/serial-2/20260801.as-rel2.txt.bz2"


def test_a_month_that_is_still_empty_is_passed_over() -> None:
    with server(PAGES) as at:
        found = newest(of_public("peeringdb", at))
        assert found == f"{at}/peeringdb/2026/08/peeringdb_2_dump_2026_08_31.json"
    with server({**PAGES, "/peeringdb/2026/": listing()}) as at:
        assert newest(of_public("peeringdb", at)).endswith("/2025/12/peeringdb_2_dump_2025_12_31.json")


def test_no_more_folders_are_tried_than_the_bound_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topology_listing, "FOLDERS_TRIED_MAX", 1)
    with server(PAGES) as at, pytest.raises(OutsideFailed, match="no file"):
        newest(of_public("peeringdb", at))


def test_an_address_without_a_date_is_taken_as_it_is() -> None:
    assert newest(PUBLIC["delegated"].address) == PUBLIC["delegated"].address
    assert newest(PUBLIC["aspop"].address) == PUBLIC["aspop"].address


def test_where_nothing_is_listed_the_error_says_what_to_do() -> None:
    with server({}) as at, pytest.raises(OutsideFailed) as none:
        newest(of_public("as-rel2", at))
    assert "no file {YYYYMMDD}.as-rel2.txt.bz2 is listed" in str(none.value)
    assert "--from" in str(none.value)
    with (
        server({"/as-relationships/serial-2/": "403"}) as at,
        pytest.raises(OutsideFailed, match="answered 403"),
    ):
        newest(of_public("as-rel2", at))
    with pytest.raises(OutsideFailed, match="cannot list"):
        newest(of_public("as-rel2", "http://127.0.0.1:9"))
