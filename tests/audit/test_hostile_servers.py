"""Servers that mean no good: each question ends, in bounded time and memory, and says what was wrong."""

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.audit.loopback import Authority, Given, NameServers, Site, https_site
from tidegate.adapters.probing.prober import NetworkProber
from tidegate.adapters.probing.sites import PAGE_BYTES_MAX
from tidegate.model.probe_settings import Ports, ProbeSettings
from tidegate.model.probes import (
    LINKS_MAX,
    RECORDS_MAX,
    Answer,
    Dns,
    DnsReply,
    Handshake,
    Mail,
    MailGreeting,
    NotAnswered,
    Page,
    PageRead,
    Question,
    Record,
    Robots,
    Tls,
)

HERE = "127.92.0.1"
WAIT_MS = 60_000
"""Long beyond every time-out, so that only an endless question takes so long."""

SOON_MS = 500
"""Where no answer ever comes."""


def asked(settings: ProbeSettings, question: Question) -> Answer:
    prober = NetworkProber(settings)
    try:
        prober.begin(question)
        answers = prober.finished(WAIT_MS)
        assert answers, "no answer and no end"
        return answers[0][1]
    finally:
        prober.close()


def settings_of(port: int, authority: Authority | None = None, patience_ms: int = 20_000) -> ProbeSettings:
    """Patient where an answer comes, so that a busy machine makes none late."""
    return ProbeSettings(
        contact="noc@example.net",
        ports=Ports(dns=port, http=port, https=port, mail=port),
        authorities=str(authority.file) if authority is not None else "",
        dns_timeout_ms=patience_ms,
        timeout_ms=patience_ms,
    )


def hasty(port: int) -> ProbeSettings:
    return settings_of(port, patience_ms=SOON_MS)


@contextmanager
def serving(speak: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does with every connection what it likes, in a thread that ends with it."""
    stop = threading.Event()
    listening = socket.create_server((HERE, 0))
    listening.settimeout(0.05)

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                speak(connection)
                stop.wait(10)
            except OSError:
                return  # The other end has had enough, which is what it should do.

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            threads.append(threading.Thread(target=one, args=(connection,)))
            threads[-1].start()

    threads = [threading.Thread(target=serve)]
    threads[0].start()
    try:
        yield listening.getsockname()[1]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        listening.close()


def dripping(start: bytes) -> Callable[[socket.socket], None]:
    """One byte at a time, so that no single read ever takes long."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"x")
            threading.Event().wait(0.05)

    return speak


def reason_of(answer: Answer) -> str:
    assert isinstance(answer, NotAnswered), answer
    return answer.reason


# Name servers.


def spoilt(wire: Callable[[bytes], bytes | None], patience_ms: int = 20_000) -> Answer:
    good = DnsReply("NOERROR", True, (Record("bank.xa", "A", 300, "192.0.2.1"),))
    with NameServers((HERE,), lambda question: good, lambda made, over: wire(made)) as servers:
        return asked(settings_of(servers.port, patience_ms=patience_ms), Dns(HERE, "bank.xa", "A"))


def test_a_reply_that_is_cut_short_is_malformed() -> None:
    assert reason_of(spoilt(lambda made: made[:20])) == "malformed"


def test_a_reply_whose_names_point_in_a_circle_is_malformed() -> None:
    def circle(made: bytes) -> bytes:
        """The answer's owner is a pointer to itself."""
        at = made.index(b"\xc0\x0c")
        return made[:at] + b"\xc0" + bytes([at]) + made[at + 2 :]

    assert reason_of(spoilt(circle)) == "malformed"


def test_a_reply_to_another_question_is_none() -> None:
    assert reason_of(spoilt(lambda made: made.replace(b"\x04bank", b"\x04tank"), SOON_MS)) in {
        "malformed",
        "time_out",
    }


def test_silence_is_told_as_a_time_out() -> None:
    assert reason_of(spoilt(lambda made: None, SOON_MS)) == "time_out"


def test_a_reply_of_thousands_of_records_is_kept_in_part_and_says_so() -> None:
    many = tuple(Record("bank.xa", "A", 300, f"10.{n >> 8}.{n & 255}.1") for n in range(3000))
    with NameServers((HERE,), lambda question: DnsReply("NOERROR", True, many)) as servers:
        answer = asked(settings_of(servers.port), Dns(HERE, "bank.xa", "A"))
    assert isinstance(answer, DnsReply)
    assert len(answer.answer) == RECORDS_MAX
    assert answer.left_out == 3000 - RECORDS_MAX


def test_names_that_no_host_has_are_left_out() -> None:
    strange = DnsReply("NOERROR", True, (Record("bank.xa", "CNAME", 300, "a\\032b.xa"),))
    with NameServers((HERE,), lambda question: strange) as servers:
        answer = asked(settings_of(servers.port), Dns(HERE, "bank.xa", "CNAME"))
    assert answer == DnsReply("NOERROR", True, left_out=1)


def test_a_reply_over_tcp_that_drips_ends() -> None:
    """The datagram says that the rest comes over TCP, where one byte comes at a time."""
    with serving(dripping(b"\xff\xff")) as port:
        cut = NameServers((HERE,), lambda question: DnsReply("NOERROR", True), port=port)
        cut.udp_only = True
        cut.garbled = lambda made, over: made[:2] + bytes([made[2] | 2]) + made[3:]
        with cut:
            assert reason_of(asked(hasty(port), Dns(HERE, "bank.xa", "A"))) == "time_out"


# Handshakes.


@pytest.mark.parametrize(
    "speak",
    [dripping(b""), dripping(b"\x16\x03\x03\x40\x00"), lambda connection: None],
    ids=["drips", "drips a record", "says nothing"],
)
def test_a_handshake_that_never_ends_ends(speak: Callable[[socket.socket], None]) -> None:
    with serving(speak) as port:
        assert reason_of(asked(hasty(port), Tls(HERE, "bank.xa", 443))) in {
            "time_out",
            "malformed",
        }


def test_what_is_no_tls_is_malformed() -> None:
    with serving(lambda connection: connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")) as port:
        assert reason_of(asked(settings_of(port), Tls(HERE, "bank.xa", 443))) == "malformed"


def test_a_server_that_closes_is_told() -> None:
    with serving(lambda connection: connection.shutdown(socket.SHUT_RDWR)) as port:
        assert reason_of(asked(settings_of(port), Tls(HERE, "bank.xa", 443))) in {"unreachable", "malformed"}


def look(tmp_path: Path, host: str, *names: str, **made: int | bool) -> Answer:
    authority = Authority(tmp_path)
    file = authority.issue(*names, **made)[0]  # type: ignore[arg-type]
    with https_site(Site({}), HERE, {host: file}) as port:
        return asked(settings_of(port, authority), Tls(HERE, host, 443))


def test_an_expired_certificate_is_seen_and_not_believed(tmp_path: Path) -> None:
    answer = look(tmp_path, "bank.xa", "bank.xa", days=10, began_days_ago=20)
    assert isinstance(answer, Handshake)
    assert "expired" in answer.doubt
    assert answer.chain[0].names == ("bank.xa",)


def test_a_certificate_for_others_is_seen_and_not_believed(tmp_path: Path) -> None:
    answer = look(tmp_path, "bank.xa", "other.xa")
    assert isinstance(answer, Handshake)
    assert answer.doubt == "it is for other hosts"


def test_a_certificate_with_a_thousand_names_and_a_long_one_is_cut(tmp_path: Path) -> None:
    names = [f"host-number-{number}.bank.xa" for number in range(1000)]
    answer = look(tmp_path, "bank.xa", "bank.xa", *names, staple=True)
    assert isinstance(answer, Handshake)
    assert (len(answer.chain[0].names), answer.chain[0].names_in_all) == (100, 1001)
    assert answer.chain[0].must_staple
    assert answer.doubt == ""


# Sites.


Read = Callable[..., Answer]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """Asks for what a site of this host is made to give, always by one and the same prober."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    site = Site({})
    with https_site(site, HERE, {"bank.xa": authority.issue("bank.xa")[0]}) as port:
        prober = NetworkProber(settings_of(port, authority))

        def given(what: Given, path: str = "/") -> Answer:
            site.pages["bank.xa", path] = what
            url = "https://bank.xa/"
            prober.begin(Robots(HERE, url) if path == "/robots.txt" else Page(HERE, url))
            return prober.finished(WAIT_MS)[0][1]

        try:
            yield given
        finally:
            prober.close()


def test_a_certificate_that_browsers_take_is_taken_whatever_the_library_begins_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.13 begins with checks that refuse it: it names no key of its authority (RFC 5280, 4.2.1.1)."""
    made = ssl.create_default_context

    def strict(*, cafile: str | None) -> ssl.SSLContext:
        context = made(cafile=cafile)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    authority = Authority(tmp_path)
    with https_site(Site({}), HERE, {"bank.xa": authority.issue("bank.xa")[0]}) as port:
        answer = asked(settings_of(port, authority), Page(HERE, "https://bank.xa/"))
    assert isinstance(answer, PageRead)


def test_a_bomb_is_not_unpacked_beyond_the_bound(read: Read) -> None:
    bomb = gzip.compress(bytes(1 << 26), 1)
    answer = read(Given(bomb, headers=(("Content-Type", "text/html"), ("Content-Encoding", "gzip"))))
    assert isinstance(answer, PageRead)
    assert answer.cut
    assert answer.size_bytes == PAGE_BYTES_MAX


def test_what_does_not_unpack_is_malformed(read: Read) -> None:
    packed = Given(b"\x1f\x8bnot", headers=(("Content-Encoding", "gzip"),))
    assert reason_of(read(packed)) == "malformed"
    other = Given(zlib.compress(b"x"), headers=(("Content-Encoding", "br"),))
    assert reason_of(read(other)) == "malformed"


@pytest.mark.parametrize(
    "body",
    [
        b"<script src=//a.xb>" * 100_000,
        b"<style>" + b"@font-face{" * 150_000,
        b"<style>" + b"@import " * 200_000,
        b"<form><input type=password>" * 70_000,
        b"<link rel=stylesheet href='" + b"a" * 2_000_000,
        b"<base href=//b.xb/><a>" + bytes(range(256)) * 7000,
    ],
    ids=["scripts", "fonts", "imports", "forms", "a long address", "anything"],
)
def test_a_huge_page_is_read_in_part(read: Read, body: bytes) -> None:
    answer = read(Given(body))
    assert isinstance(answer, PageRead), answer
    assert len(answer.links) <= LINKS_MAX


def test_a_page_that_takes_too_long_to_read_is_given_up_and_the_next_one_read(read: Read) -> None:
    """Whoever builds a tree looks for an open paragraph through all that is open: its depth squared."""
    assert reason_of(read(Given(b"<div>" * 400_000))) == "malformed"
    assert isinstance(read(Given(b"<p>well")), PageRead)


def test_headers_that_drip_end() -> None:
    with serving(dripping(b"HTTP/1.1 200 OK\r\nX-Long: ")) as port:
        assert reason_of(asked(hasty(port), Page(HERE, "http://bank.xa/"))) == "time_out"


def test_a_body_that_drips_ends() -> None:
    with serving(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")) as port:
        assert reason_of(asked(hasty(port), Page(HERE, "http://bank.xa/"))) == "time_out"


def test_headers_without_end_are_malformed() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: " + b"a" * 1000 + b"\r\n")

    with serving(endless) as port:
        assert reason_of(asked(settings_of(port), Page(HERE, "http://bank.xa/"))) == "malformed"


def test_what_is_no_http_is_malformed() -> None:
    with serving(lambda connection: connection.sendall(b"\x00" * 5000)) as port:
        assert reason_of(asked(settings_of(port), Page(HERE, "http://bank.xa/"))) == "malformed"


def test_an_answer_that_names_a_strange_charset_is_read(read: Read) -> None:
    given = Given(
        b"<script src=//a.xb/x.js></script>", headers=(("Content-Type", "text/html; charset=punycode"),)
    )
    answer = read(given)
    assert isinstance(answer, PageRead)
    assert [link.url for link in answer.links] == ["https://a.xb/x.js"]


def test_rules_for_robots_that_fail_are_not_taken_for_none(read: Read) -> None:
    assert reason_of(read(Given(b"", 503), "/robots.txt")) == "server_failure"
    assert reason_of(read(Given(b"", 301, (("Location", "/x"),)), "/robots.txt")) == "server_failure"


# Mail servers.


@pytest.mark.parametrize(
    "said", [b"220 " + b"x" * 100_000, b"220-a\r\n" * 1000, b"\xff\x00\r\n"], ids=["long", "lines", "not"]
)
def test_a_mail_server_that_talks_nonsense_is_malformed(said: bytes) -> None:
    with serving(lambda connection: connection.sendall(said)) as port:
        assert reason_of(asked(settings_of(port), Mail(HERE, "mail.bank.xa"))) == "malformed"


@pytest.mark.parametrize("code", [220, 421, 554])
def test_of_a_greeting_the_code_is_kept_and_nothing_but_quit_is_said(code: int) -> None:
    heard: list[bytes] = []

    def speak(connection: socket.socket) -> None:
        connection.sendall(b"%d-mail.bank.xa\r\n%d ESMTP\r\n" % (code, code))
        heard.append(connection.recv(100))

    with serving(speak) as port:
        assert asked(settings_of(port), Mail(HERE, "mail.bank.xa")) == MailGreeting(code)
    assert heard == [b"QUIT\r\n"]


def test_a_mail_server_that_drips_ends() -> None:
    with serving(dripping(b"220 ")) as port:
        assert reason_of(asked(hasty(port), Mail(HERE, "mail.bank.xa"))) in {
            "time_out",
            "malformed",
        }
