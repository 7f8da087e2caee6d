"""A console with a certificate, asked over TLS by a client that trusts one authority alone."""

import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

PATIENCE_S = 30
Key = ec.EllipticCurvePrivateKey


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def builder(subject: str, key: Key, by: Key) -> x509.CertificateBuilder:
    now_at = datetime.now(UTC)
    return (
        x509.CertificateBuilder(named("Example Authority"), named(subject), key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now_at - timedelta(hours=1))
        .not_valid_after(now_at + timedelta(days=1))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )


def certified(folder: Path) -> tuple[Path, Path, Path]:
    """The file of an authority of its own, and certificate and key of `localhost`."""
    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = (
        builder("Example Authority", root, root)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs, critical=True)
        .sign(root, hashes.SHA256())
    )
    server = (
        builder("localhost", own, root)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(root, hashes.SHA256())
    )
    files = folder / "authority.pem", folder / "console.crt", folder / "console.key"
    files[0].write_bytes(authority.public_bytes(Encoding.PEM))
    files[1].write_bytes(server.public_bytes(Encoding.PEM))
    files[2].write_bytes(own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@dataclass(frozen=True)
class Running:
    """`link` is what the start printed."""

    port: int
    authority: Path
    link: str

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)

    def shakes_hands(self, version: ssl.TLSVersion, ciphers: str = "DEFAULT:@SECLEVEL=0") -> str:
        """The cipher that is agreed on with a client of this version alone."""
        context = self.trusting()
        context.set_ciphers(ciphers)
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as plain:  # noqa: SIM117
            with context.wrap_socket(plain, server_hostname="localhost") as sealed:
                agreed = sealed.cipher()
        assert agreed is not None
        return agreed[0]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`tidegate console` as its own process, with no node beside it."""
    folder = tmp_path_factory.mktemp("tls")
    authority, certificate, key = certified(folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tidegate", "console", "--state", str(folder / "state")]
    command += ["--listen", f"127.0.0.1:{port}", "--origin", f"https://localhost:{port}"]
    command += ["--certificate", str(certificate), "--key", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(2)]
        yield Running(port, authority, told[1].split()[-1])
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0  # after it has ended what was going on


def test_who_trusts_the_authority_signs_in_by_the_link_and_looks(running: Running) -> None:
    page, _, secret = running.link.partition("#link=")
    assert page == f"{running.origin}/"
    with httpx.Client(verify=running.trusting(), base_url=running.origin, timeout=PATIENCE_S) as client:
        assert client.get("/api/me").json()["viewer"] is None
        told = client.post("/api/sign-in/token", json={"token": secret})
        assert told.status_code == 200
        cookie, *marks = told.headers["set-cookie"].split("; ")
        assert cookie.startswith("__Host-tidegate=")
        assert sorted(marks) == ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]
        me = client.get("/api/me")
        assert me.json()["viewer"] == {"name": "terminal", "role": "reader"}
        assert me.headers["strict-transport-security"] == "max-age=31536000"
        for host in ("console.example", f"127.0.0.1:{running.port}", "localhost"):
            assert client.get("/api/me", headers={"host": host}).status_code == 403
        sent_on = client.get("/", headers={"host": f"127.0.0.1:{running.port}"})
        assert (sent_on.status_code, sent_on.headers["location"]) == (307, f"{running.origin}/")
        client.cookies.clear()
        assert client.post("/api/sign-in/token", json={"token": secret}).status_code == 401


def test_who_does_not_trust_it_or_knows_another_name_sends_nothing(running: Running) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{running.origin}/api/me", timeout=PATIENCE_S)
    with pytest.raises(httpx.ConnectError, match="IP address mismatch"):
        httpx.get(f"https://127.0.0.1:{running.port}/api/me", verify=running.trusting(), timeout=PATIENCE_S)


def test_plain_http_is_not_answered_there(running: Running) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://localhost:{running.port}/api/me", timeout=PATIENCE_S)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
def test_old_versions_and_old_ciphers_are_refused(running: Running) -> None:
    """TLS 1.3, or 1.2 with authenticated encryption and keys that a stolen certificate does not open."""
    assert running.shakes_hands(ssl.TLSVersion.TLSv1_3).startswith("TLS_")
    assert running.shakes_hands(ssl.TLSVersion.TLSv1_2).startswith("ECDHE-ECDSA-")
    for kept in (
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    ):
        assert running.shakes_hands(ssl.TLSVersion.TLSv1_2, kept) == kept
    for old in (
        "ECDHE-ECDSA-AES256-SHA384",
        "ECDHE-ECDSA-AES128-SHA",
        "eNULL:@SECLEVEL=0",
        "aNULL:@SECLEVEL=0",
    ):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            running.shakes_hands(ssl.TLSVersion.TLSv1_2, old)
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            running.shakes_hands(version)
