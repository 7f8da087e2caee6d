"""Made-up services on loopback to be probed: names, certificates and pages, in a process of their own.

Run as `python -m benchmarks.probed_country FOLDER SERVICES`; says on a line which ports it has, and serves
until its standard input ends.
"""

import asyncio
import datetime
import json
import socket
import ssl
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT, TOP = "127.94.0.1", ("127.94.1.1", "127.94.2.1")
SERVERS = {"r.xa": ROOT, "a.xa": TOP[0], "b.xa": TOP[1]}
OPERATORS, HOSTERS, OTHERS = 20, 40, 10
TTL_S = 3600


def operator(number: int) -> tuple[str, str]:
    return f"127.94.{10 + number}.1", f"127.94.{40 + number}.1"


def hoster(number: int) -> str:
    return f"127.95.{number}.1"


def services(count: int) -> list[str]:
    return [f"www.s{number}.xa" for number in range(count)]


def addresses() -> Iterator[str]:
    yield from (ROOT, *TOP)
    for number in range(OPERATORS):
        yield from operator(number)


class Names(asyncio.DatagramProtocol):
    """All name servers: the root, xa, and the operators, each with its zones."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        asked = query.question[0]
        name = asked.name.to_text(omit_final_dot=True).lower()
        reply = dns.message.make_response(query)
        self._fill(reply, name.strip("@."), asked.rdtype.name)
        assert self._transport is not None
        self._transport.sendto(reply.to_wire(), addr)

    def _fill(self, reply: dns.message.Message, name: str, kind: str) -> None:
        labels = name.split(".") if name else []
        zone = ".".join(labels[-2:])
        if self._address == ROOT and labels and labels[-1] == "xa":
            reply.authority += [_set("xa", "NS", "a.xa", "b.xa")]
            reply.additional += [_set("a.xa", "A", TOP[0]), _set("b.xa", "A", TOP[1])]
        elif self._address in TOP and len(labels) > 1 and name not in SERVERS and kind != "DS":
            number = _number(labels[-2]) % OPERATORS
            hosts = [f"{side}.{zone}" for side in ("ns1", "ns2")]
            reply.authority += [_set(zone, "NS", *hosts)]
            for host, at in zip(hosts, operator(number), strict=True):
                reply.additional.append(_set(host, "A", at))
        else:
            reply.flags |= dns.flags.AA
            reply.answer += _own(name, labels, zone, kind)


def _own(name: str, labels: list[str], zone: str, kind: str) -> list[dns.rrset.RRset]:
    if name in SERVERS:
        return [_set(name, "A", SERVERS[name])] if kind == "A" else []
    apex = {"": ["r.xa"], "xa": ["a.xa", "b.xa"]}.get(name) or [f"ns1.{zone}", f"ns2.{zone}"]
    if kind == "SOA" and len(labels) < 3:
        return [_set(name, "SOA", f"{apex[0]}. hostmaster.{apex[0]}. 1 7200 3600 604800 300")]
    if kind == "NS" and len(labels) < 3:
        return [_set(name, "NS", *apex)]
    if kind != "A" or len(labels) != 3:
        return []
    number = _number(labels[1])
    if labels[0] in {"ns1", "ns2"}:
        return [_set(name, "A", operator(number % OPERATORS)[labels[0] == "ns2"])]
    return [_set(name, "A", hoster(number % HOSTERS))]


def _number(label: str) -> int:
    digits = "".join(one for one in label if one.isdigit())
    return int(digits or 0)


def _set(owner: str, kind: str, *data: str) -> dns.rrset.RRset:
    named = [f"{one}." if kind == "NS" else one for one in data]
    return dns.rrset.from_text(f"{owner}.", TTL_S, "IN", kind, *named)


def certificate(folder: Path, count: int) -> Path:
    """One that signs itself, for all hosts; what is measured is the probe, not the authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example Authority")])
    now = datetime.datetime.now(datetime.UTC)
    hosts = [x509.DNSName(host) for host in [*services(count), *(f"cdn.o{n}.xa" for n in range(OTHERS))]]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private + made.public_bytes(pem))
    (folder / "trusted.pem").write_bytes(made.public_bytes(pem))
    return folder / "key.pem"


async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    host = head.partition("Host: ")[2].partition("\r\n")[0]
    other = f"cdn.o{_number(host) % OTHERS}.xa"
    body = f'<title>{host}</title><script src="https://{other}/a.js"></script><p>{"text " * 400}'.encode()
    found = head.startswith("GET / ")
    status, body = ("200 OK", body) if found else ("404 Not Found", b"")
    about = f"Content-Type: text/html\r\nContent-Length: {len(body)}"
    writer.write(f"HTTP/1.1 {status}\r\n{about}\r\n\r\n".encode())
    writer.write(body)
    await writer.drain()
    writer.close()


async def serve(folder: Path, count: int) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate(folder, count))
    loop = asyncio.get_running_loop()
    ports = {"dns": 0, "https": 0}
    for address in addresses():
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind((address, ports["dns"]))
        ports["dns"] = bound.getsockname()[1]
        await loop.create_datagram_endpoint(partial(Names, address), sock=bound)
    for number in range(HOSTERS):
        server = await asyncio.start_server(give, hoster(number), ports["https"], ssl=tls, backlog=256)
        ports["https"] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
