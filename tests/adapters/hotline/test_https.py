"""The HTTPS path lets in whom a card names by its very certificate, and junk costs others nothing."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.hotline_cards import a_card, credentials, organisation
from tidegate.adapters.hotline.certificates import read_certificate
from tidegate.adapters.hotline.gate import STRANGERS_MAX
from tidegate.adapters.hotline.https import HttpsPath
from tidegate.adapters.hotline.https_server import PEER_CONNECTIONS_MAX
from tidegate.adapters.hotline.tls import Credentials, client_context
from tidegate.model.organisations import Endpoint
from tidegate.model.refusals import NotAllowed
from tidegate.ports.hotline import Arrival
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.exchange import EXCHANGE_ENVELOPES_MAX, encode_exchange

PATIENCE_S = 30
HEAD = b"POST /hotline/1/exchange HTTP/1.1\r\nHost: xb\r\nContent-Length: %d\r\n\r\n"


def until(true: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_S * 200):
        if true():
            return
        time.sleep(0.005)
    pytest.fail("it never came true")


class Listening:
    """A started path of XB that lists XA, and the means to call it by hand."""

    def __init__(self, folder: Path) -> None:
        self.own, self.der = credentials(folder / "xb")
        self.anna, self.anna_der = credentials(folder / "xa")
        self.path = HttpsPath(self.own, [("127.0.0.1", 0)])
        self.card = a_card("XB", [self.der])
        self.path.know(self.card, [a_card("XA", [self.anna_der])])
        self.path.start()
        self.at = "127.0.0.1", self.path.ports[0]
        self.arrivals: list[Arrival] = []

    def fetch(self) -> list[Arrival]:
        for arrival in self.path.arrivals():
            self.arrivals.append(arrival)
            if arrival.answer is not None:
                arrival.answer([])
        return self.arrivals

    def call(self, who: Credentials, source: str = "127.0.0.1") -> ssl.SSLSocket:
        connection = socket.create_connection(self.at, PATIENCE_S, (source, 0))
        return client_context(who, [self.der]).wrap_socket(connection)

    def answered(self, connection: ssl.SSLSocket, request: bytes) -> bytes:
        """The first line of the answer; empty where the connection ends without one."""
        connection.sendall(request)
        connection.settimeout(0.01)
        for _ in range(PATIENCE_S * 100):
            self.fetch()
            try:
                return connection.recv(4096).partition(b"\r\n")[0]
            except TimeoutError:
                continue
            except (ssl.SSLError, ConnectionError):
                return b""
        pytest.fail("neither an answer nor an end")


@pytest.fixture
def boris(tmp_path: Path) -> Iterator[Listening]:
    listening = Listening(tmp_path)
    yield listening
    listening.path.stop()


def signed(
    folder: Path, issuer: x509.Name, by: ec.EllipticCurvePrivateKey | None, until_at: datetime
) -> Credentials:
    """A certificate by whatever issuer, or by itself, that may itself issue others."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, folder.name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until_at - timedelta(days=30))
        .not_valid_after(until_at)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(by or key, hashes.SHA256())
    )
    (folder / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Credentials(folder / "tls.pem", folder / "tls.key", str)


def test_an_exchange_by_hand_is_plain_http(boris: Listening) -> None:
    body = encode_exchange([b"an envelope"])
    with boris.call(boris.anna) as connection:
        assert connection.version() == "TLSv1.3"
        assert boris.answered(connection, HEAD % len(body) + body) == b"HTTP/1.1 200 "
        assert boris.answered(connection, HEAD % 0) == b"HTTP/1.1 200 "
    assert [arrival.envelopes for arrival in boris.arrivals] == [(b"an envelope",), ()]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /hotline/1/exchange HTTP/1.1\r\nHost: xb\r\n\r\n",
        b"POST /elsewhere HTTP/1.1\r\nHost: xb\r\nContent-Length: 0\r\n\r\n",
        b"POST /hotline/1/exchange HTTP/1.1\r\nHost: xb\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD % (1 << 40),
        HEAD % 5 + b"\0\0\0\x09x",
        HEAD % 4 + b"\0\0\0\0",
        b"POST /hotline/1/exchange HTTP/1.1\r\nX: " + b"y" * 5000,
        b"\x16\x03\x01\x00\x05junk!\r\n\r\n",
    ],
)
def test_what_is_no_exchange_ends_the_connection_and_is_counted(
    boris: Listening, request_bytes: bytes
) -> None:
    with boris.call(boris.anna) as connection:
        assert boris.answered(connection, request_bytes) in {b"", b"HTTP/1.1 400 "}
    assert boris.arrivals == []
    until(lambda: sum(boris.path.refused.values()) == 1)


def test_every_one_of_several_listed_peers_gets_in(boris: Listening, tmp_path: Path) -> None:
    others = [credentials(tmp_path / name) for name in ("xc", "xd", "xe")]
    listed = [a_card("XA", [boris.anna_der])]
    listed += [a_card(f"X{number}", [der]) for number, (_, der) in enumerate(others)]
    boris.path.know(boris.card, listed)
    for who in (boris.anna, *(own for own, _ in others)):
        with boris.call(who) as connection:
            assert boris.answered(connection, HEAD % 0) == b"HTTP/1.1 200 "
    assert [arrival.peer for arrival in boris.arrivals] == [card.organisation for card in listed]


def test_older_tls_is_refused(boris: Listening) -> None:
    context = client_context(boris.anna, [boris.der])
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(boris.at, PATIENCE_S) as connection, pytest.raises(ssl.SSLError):
        context.wrap_socket(connection)


def test_who_answers_with_another_certificate_is_not_believed(boris: Listening, tmp_path: Path) -> None:
    """Somebody else sits at the address on XB's card."""
    _, other = credentials(tmp_path / "true-xb")
    caller = HttpsPath(boris.anna, [])
    endpoint = Endpoint("https", *boris.at)
    caller.know(a_card("XA", [boris.anna_der]), [a_card("XB", [other], [endpoint])])
    caller.start()
    try:
        assert caller.offer(organisation("XB"), endpoint, [b"a secret"])
        outcomes = []
        until(lambda: bool(outcomes.extend(caller.outcomes()) or outcomes))
        assert outcomes[0].why == "who answers there is not this peer: the certificate is not on its card"
        assert boris.fetch() == []
    finally:
        caller.stop()


def test_a_listed_certificate_vouches_for_no_other(boris: Listening, tmp_path: Path) -> None:
    """A peer whose certificate could issue others lets nobody else in by it."""
    now = datetime.now(UTC)
    root = signed(tmp_path / "root", x509.Name([]), None, now + timedelta(days=9))
    key = serialization.load_pem_private_key(root.key.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    issuer = x509.load_pem_x509_certificate(root.certificate.read_bytes()).subject
    issued = signed(tmp_path / "issued", issuer, key, now + timedelta(days=9))
    boris.path.know(boris.card, [a_card("XA", [read_certificate(root.certificate)])])
    with boris.call(root) as connection:
        assert boris.answered(connection, HEAD % 0) == b"HTTP/1.1 200 "
    with boris.call(issued) as connection:
        assert boris.answered(connection, HEAD % 0) == b""
    assert len(boris.arrivals) == 1


def test_dates_in_a_certificate_close_nothing(boris: Listening, tmp_path: Path) -> None:
    """Cards expire, loudly; a wrong clock at either end must not cut the hotline without a word."""
    old = signed(tmp_path / "old", x509.Name([]), None, datetime.now(UTC) - timedelta(days=300))
    boris.path.know(boris.card, [a_card("XA", [read_certificate(old.certificate)])])
    with boris.call(old) as connection:
        assert boris.answered(connection, HEAD % 0) == b"HTTP/1.1 200 "


def test_a_certificate_on_two_cards_is_nobodys(boris: Listening) -> None:
    boris.path.know(boris.card, [a_card("XA", [boris.anna_der]), a_card("QM", [boris.anna_der])])
    with boris.call(boris.anna) as connection:
        assert boris.answered(connection, HEAD % 0) == b""


def test_a_card_with_a_broken_certificate_closes_the_hotline_to_nobody_else(boris: Listening) -> None:
    boris.path.know(boris.card, [a_card("QM", [b"no certificate"]), a_card("XA", [boris.anna_der])])
    with boris.call(boris.anna) as connection:
        assert boris.answered(connection, HEAD % 0) == b"HTTP/1.1 200 "


def test_connections_that_prove_nothing_take_no_room_of_a_peers(boris: Listening) -> None:
    """Strangers hold all that strangers may hold; a peer that came before from its address comes in."""
    with boris.call(boris.anna) as connection:
        assert boris.answered(connection, HEAD % 0) == b"HTTP/1.1 200 "
    junk = [
        socket.create_connection(boris.at, PATIENCE_S, (f"127.0.1.{1 + at // 8}", 0))
        for at in range(2 * STRANGERS_MAX)
    ]
    until(lambda: boris.path.refused["no room for a handshake"] == STRANGERS_MAX)
    with boris.call(boris.anna) as connection:
        assert boris.answered(connection, HEAD % 0) == b"HTTP/1.1 200 "
    for connection in junk:
        connection.close()


def test_a_peer_has_so_many_connections_and_no_more(boris: Listening) -> None:
    connections = [boris.call(boris.anna) for _ in range(PEER_CONNECTIONS_MAX)]
    assert [boris.answered(one, HEAD % 0) for one in connections] == [b"HTTP/1.1 200 "] * len(connections)
    with boris.call(boris.anna) as further:
        assert boris.answered(further, HEAD % 0) == b""
    connections.pop().close()
    until(lambda: boris.answered(boris.call(boris.anna), HEAD % 0) == b"HTTP/1.1 200 ")
    for connection in connections:
        connection.close()


def test_an_offer_larger_than_one_exchange_is_the_callers_mistake(boris: Listening) -> None:
    with pytest.raises(NotAllowed, match="offer fewer at once"):
        boris.path.offer(
            organisation("XA"), Endpoint("https", "127.0.0.1", 9), [b"x"] * (EXCHANGE_ENVELOPES_MAX + 1)
        )


def test_an_address_that_is_taken_is_told_with_what_to_do(boris: Listening) -> None:
    second = HttpsPath(boris.own, [boris.at])
    with pytest.raises(OutsideFailed, match="cannot listen"):
        second.start()


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    credentials(tmp_path)
    with pytest.raises(OutsideFailed, match="never written over"):
        credentials(tmp_path)


def test_a_wrong_passphrase_is_told(tmp_path: Path) -> None:
    own, _ = credentials(tmp_path)
    path = HttpsPath(Credentials(own.certificate, own.key, lambda: "another"), [])
    with pytest.raises(OutsideFailed, match="does not open"):
        path.know(a_card("XB"), [])
