"""Name servers, sites and mail servers on loopback, as few lines as they can be, for real questions."""

import datetime
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tidegate.model.probes import Answer, Dns, DnsReply, Record

Reply = Callable[[Dns], Answer]
Garbled = Callable[[bytes, str], bytes | None]
NOW = datetime.datetime.now(datetime.UTC)


@dataclass
class NameServers:
    """DNS over UDP and TCP at several addresses of loopback, all at one port; `garbled` may spoil a reply."""

    addresses: tuple[str, ...]
    reply: Reply
    garbled: Garbled | None = None
    port: int = 0
    asked: list[Dns] = field(default_factory=list)
    udp_only: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "NameServers":
        self._selector = selectors.DefaultSelector()
        for address in self.addresses:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)[: 1 if self.udp_only else 2]:
                bound = socket.socket(socket.AF_INET, kind)
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                bound.bind((address, self.port))
                self.port = bound.getsockname()[1]
                if kind == socket.SOCK_STREAM:
                    bound.listen(64)
                self._selector.register(bound, selectors.EVENT_READ, (address, kind))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]

    def _serve(self) -> None:
        while not self._stop.is_set():
            for key, _ in self._selector.select(0.05):
                address, kind = key.data
                bound = key.fileobj
                assert isinstance(bound, socket.socket)
                if kind == socket.SOCK_DGRAM:
                    query, client = bound.recvfrom(4096)
                    answer = self._answer(query, address, "udp")
                    if answer is not None:
                        bound.sendto(answer, client)
                else:
                    accepted, _ = bound.accept()
                    threading.Thread(target=self._over_tcp, args=(accepted, address), daemon=True).start()

    def _over_tcp(self, accepted: socket.socket, address: str) -> None:
        with accepted:
            accepted.settimeout(5)
            length = int.from_bytes(accepted.recv(2), "big")
            answer = self._answer(accepted.recv(length), address, "tcp")
            if answer is not None:
                accepted.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, query: bytes, address: str, over: str) -> bytes | None:
        message = dns.message.from_wire(query)
        asked = message.question[0]
        name = asked.name.to_text(omit_final_dot=True).lower()
        question = Dns(address, name if name not in {"", "@"} else ".", asked.rdtype.name)
        self.asked.append(question)
        answer = self.reply(question)
        if not isinstance(answer, DnsReply):
            return None
        wire = _made(message, answer)
        if self.garbled is not None:
            return self.garbled(wire, over)
        if over == "udp" and len(wire) > 1232:
            short = dns.message.make_response(message)
            short.flags |= dns.flags.TC
            return short.to_wire()
        return wire


def _made(query: dns.message.Message, answer: DnsReply) -> bytes:
    made = dns.message.make_response(query)
    made.set_rcode(dns.rcode.from_text(answer.rcode))
    if answer.authoritative:
        made.flags |= dns.flags.AA
    for section, records in (
        (made.answer, answer.answer),
        (made.authority, answer.authority),
        (made.additional, answer.additional),
    ):
        section += [_rrset(one) for one in records]
    return made.to_wire(max_size=65535)


def _rrset(record: Record) -> dns.rrset.RRset:
    owner = record.owner if record.owner == "." else f"{record.owner}."
    data = f"{record.data}." if record.type in {"NS", "CNAME"} else record.data
    data = f"{data}." if record.type == "MX" and not data.endswith(".") else data
    return dns.rrset.from_text(owner, record.ttl_s, "IN", record.type, data)


class Authority:
    """A certificate authority of a test's own, with the file by which it is trusted."""

    def __init__(self, folder: Path, organisation: str = "Example Authority", country: str = "XB") -> None:
        self._folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            ]
        )
        made = self._builder(self.name, self.key, 3650).add_extension(x509.BasicConstraints(True, None), True)
        self.certificate = made.sign(self.key, hashes.SHA256())
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, *hosts: str, days: int = 90, staple: bool = False, began_days_ago: int = 1
    ) -> tuple[Path, ec.EllipticCurvePrivateKey, x509.Certificate]:
        """A file with certificate and key for these hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
        made = self._builder(subject, key, days, began_days_ago).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False
        )
        if staple:
            made = made.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
        certificate = made.sign(self.key, hashes.SHA256())
        file = self._folder / f"{hosts[0][:64]}-{certificate.serial_number}.pem"
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        file.write_bytes(
            key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)
        )
        return file, key, certificate

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int, began_days_ago: int = 1
    ) -> x509.CertificateBuilder:
        began = NOW - datetime.timedelta(days=began_days_ago)
        return x509.CertificateBuilder(
            self.name,
            subject,
            key.public_key(),
            x509.random_serial_number(),
            began,
            began + datetime.timedelta(days),
        )


@dataclass(frozen=True)
class Given:
    """What a site gives for one address of its own."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html; charset=utf-8"),)


@dataclass
class Site:
    """Pages of several hosts by (host, path); what was asked, with its user agent."""

    pages: dict[tuple[str, str], Given]
    asked: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def https_site(site: Site, address: str, certificates: dict[str, Path], port: int = 0) -> Iterator[int]:
    """Serves by TLS with the certificate of the host that is named (SNI); the port."""

    class Pages(BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def do_GET(self) -> None:
            host = self.headers.get("Host", "").partition(":")[0]
            site.asked.append((host, self.path, self.headers.get("User-Agent", "")))
            given = site.pages.get((host, self.path), Given(b"not here", 404))
            self.send_response(given.status)
            for name, value in given.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(given.body)))
            self.end_headers()
            self.wfile.write(given.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # A client that closes early is what some tests are about.

    server = Server((address, port), Pages)
    server.socket = _tls(certificates).wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _tls(certificates: dict[str, Path]) -> ssl.SSLContext:
    contexts = {}
    for host, file in certificates.items():
        contexts[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[host].load_cert_chain(file)
    first = next(iter(contexts.values()))

    def choose(connection: ssl.SSLSocket, host: str | None, _: ssl.SSLContext) -> None:
        connection.context = contexts.get(host or "", first)

    first.sni_callback = choose  # type: ignore[assignment]
    return first
