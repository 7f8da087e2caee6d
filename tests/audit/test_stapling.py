"""A stapled OCSP answer is seen with the moment until which it holds; without one, none is."""

import datetime
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from OpenSSL import SSL

from tests.audit.loopback import NOW, Authority
from tidegate.adapters.probing.prober import NetworkProber
from tidegate.model.probe_settings import Ports, ProbeSettings
from tidegate.model.probes import Handshake, NotAnswered, Staple, Tls
from tidegate.model.refusals import Malformed
from tidegate.wire.certificates import read_staple

HERE = "127.93.0.1"
UNTIL = NOW.replace(microsecond=0) + datetime.timedelta(days=4)


def stapled(authority: Authority, file: Path, status: ocsp.OCSPCertStatus) -> bytes:
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    made = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=authority.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=NOW,
        next_update=UNTIL,
        revocation_time=NOW if revoked else None,
        revocation_reason=None,
    )
    responder = made.responder_id(ocsp.OCSPResponderEncoding.NAME, authority.certificate)
    return responder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@contextmanager
def serving(file: Path, staple: bytes) -> Iterator[int]:
    """One handshake, with the staple for whoever asks for it."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_file(str(file))
    context.use_privatekey_file(str(file))
    context.set_ocsp_server_callback(lambda connection, _: staple)
    listening = socket.create_server((HERE, 0))

    def serve() -> None:
        accepted, _ = listening.accept()
        connection = SSL.Connection(context, accepted)
        connection.set_accept_state()
        with pytest.raises(SSL.Error):  # The other end leaves after the handshake.
            connection.recv(1)
        accepted.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        thread.join(10)
        listening.close()


def look(folder: Path, staple: bytes | ocsp.OCSPCertStatus) -> Handshake | NotAnswered:
    authority = Authority(folder)
    file = authority.issue("bank.xa", staple=True)[0]
    told = staple if isinstance(staple, bytes) else stapled(authority, file, staple)
    with serving(file, told) as port:
        settings = ProbeSettings(
            contact="noc@example.net", ports=Ports(https=port), authorities=str(authority.file)
        )
        prober = NetworkProber(settings)
        prober.begin(Tls(HERE, "bank.xa", 443))
        answer = prober.finished(20_000)[0][1]
        prober.close()
    assert isinstance(answer, Handshake | NotAnswered)
    return answer


def test_a_staple_is_seen_until_its_next_update(tmp_path: Path) -> None:
    answer = look(tmp_path, ocsp.OCSPCertStatus.GOOD)
    assert isinstance(answer, Handshake)
    assert answer.doubt == ""
    assert answer.chain[0].must_staple
    assert answer.staple == Staple("good", int(NOW.timestamp()), int(UNTIL.timestamp()))


def test_a_revoked_certificate_is_told_as_one(tmp_path: Path) -> None:
    answer = look(tmp_path, ocsp.OCSPCertStatus.REVOKED)
    assert isinstance(answer, Handshake)
    assert answer.staple is not None
    assert answer.staple.status == "revoked"


def test_without_a_staple_there_is_none(tmp_path: Path) -> None:
    answer = look(tmp_path, b"")
    assert isinstance(answer, Handshake)
    assert answer.staple is None


def test_bytes_that_are_no_staple_are_malformed() -> None:
    for wrong in (b"", b"\x30\x03\x0a\x01", b"nonsense"):
        with pytest.raises(Malformed):
            read_staple(wrong)
