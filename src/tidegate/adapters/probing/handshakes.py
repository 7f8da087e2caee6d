"""One TLS handshake: the chain that a server shows, whether it is believed, and what it staples."""

import asyncio

from OpenSSL import SSL, crypto

from tidegate.model.probe_settings import ProbeSettings
from tidegate.model.probes import CERTIFICATES_MAX, Answer, Handshake, NotAnswered, Staple, Tls
from tidegate.model.refusals import Malformed
from tidegate.wire.certificates import is_for, read_certificate, read_staple

HANDSHAKE_BYTES_MAX = 1 << 18
"""Bytes that a server may send in a handshake; with more it is given up as too large."""

_READ_BYTES = 1 << 14

DOUBTS = {
    9: "not valid yet",
    10: "expired",
    18: "signed by itself",
    19: "its root is not trusted",
    20: "its issuer is not known",
    21: "its issuer was not shown",
    23: "revoked",
    24: "its issuer is no authority",
    25: "its chain is too long",
    68: "too weak a signature",
}
"""Of the verifier's errors (OpenSSL, x509_vfy.h), those that a planner should have words for."""


class Handshakes:
    """Looks with one set of trusted authorities; nothing is sent after the handshake but its end."""

    def __init__(self, settings: ProbeSettings) -> None:
        self._settings = settings
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        if settings.authorities:
            context.load_verify_locations(settings.authorities)
        else:
            context.set_default_verify_paths()
        context.set_verify(SSL.VERIFY_PEER, _go_on)
        context.set_ocsp_client_callback(_take_staple)
        self._context = context

    async def look(self, question: Tls) -> Answer:
        try:
            async with asyncio.timeout(self._settings.timeout_ms / 1000):
                return await self._look(question)
        except TimeoutError:
            return NotAnswered("time_out")
        except ConnectionRefusedError:
            return NotAnswered("refused")
        except OSError as error:
            return NotAnswered("unreachable", error.strerror or str(error)[:200])
        except _TooLarge:
            return NotAnswered("too_large", f"more than {HANDSHAKE_BYTES_MAX} bytes of handshake")
        except (SSL.Error, Malformed, UnicodeError) as error:
            return NotAnswered("malformed", f"no TLS: {_words(error)}")

    async def _look(self, question: Tls) -> Handshake:
        port = self._settings.ports.https if question.port == 443 else question.port
        reader, writer = await asyncio.open_connection(question.address, port)
        try:
            kept = _Kept()
            connection = SSL.Connection(self._context, None)
            connection.set_app_data(kept)
            connection.set_tlsext_host_name(question.host.encode("ascii"))
            connection.set_verify(SSL.VERIFY_PEER, kept.judge)
            connection.request_ocsp()
            connection.set_connect_state()
            await _shake(connection, reader, writer)
            return _handshake(connection, kept, question.host)
        finally:
            writer.transport.abort()


class _TooLarge(Exception):
    """The server sends on and on."""


class _Kept:
    """What callbacks of one handshake learn."""

    def __init__(self) -> None:
        self.doubt = ""
        self.staple = b""

    def judge(self, _: SSL.Connection, __: crypto.X509, error: int, depth: int, fine: int) -> bool:
        """Every certificate is looked at, also when the chain is not believed."""
        if not fine and not self.doubt:
            self.doubt = DOUBTS.get(error, f"the verifier's error {error}") + f" (certificate {depth})"
        return True


def _go_on(*_: object) -> bool:
    return True


def _take_staple(connection: SSL.Connection, staple: bytes, _: object) -> bool:
    connection.get_app_data().staple = staple
    return True


async def _shake(
    connection: SSL.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    received = 0
    while True:
        try:
            connection.do_handshake()
            return
        except SSL.WantReadError:
            _send(connection, writer)
            await writer.drain()
            data = await reader.read(_READ_BYTES)
            received += len(data)
            if not data:
                raise ConnectionError(0, "closed during the handshake") from None
            if received > HANDSHAKE_BYTES_MAX:
                raise _TooLarge from None
            connection.bio_write(data)


def _send(connection: SSL.Connection, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            writer.write(connection.bio_read(_READ_BYTES))
    except SSL.WantReadError:
        return


def _handshake(connection: SSL.Connection, kept: _Kept, host: str) -> Handshake:
    """Malformed where what was shown is no certificate; OpenSSL has then read it more kindly than we do."""
    shown = [
        crypto.dump_certificate(crypto.FILETYPE_ASN1, one) for one in connection.get_peer_cert_chain() or ()
    ]
    doubt = kept.doubt
    if not doubt and not (shown and is_for(shown[0], host)):
        doubt = "it is for other hosts"
    chain = tuple(read_certificate(der) for der in shown[:CERTIFICATES_MAX])
    staple = _read_staple(kept.staple) if kept.staple else None
    return Handshake(connection.get_protocol_version_name(), chain, doubt, staple)


def _read_staple(der: bytes) -> Staple:
    """One that cannot be read is a staple that helps nobody, and no reason not to tell of the chain."""
    try:
        return read_staple(der)
    except Malformed:
        return Staple("malformed", 0, 0)


def _words(error: BaseException) -> str:
    """OpenSSL tells its errors as (library, function, reason)."""
    told = error.args[0] if error.args else ""
    if isinstance(told, list) and told:
        return str(told[-1][-1])[:200]
    return str(told)[:200]
