"""Certificate authorities of the lab: they certify hosts, renew in time, and answer for a status (OCSP).

A status answer is good for three days. A host asks for a new certificate, as an ACME client does, when less
than RENEWED_DAYS of the old one are left and its authority can be reached.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tidegate.lab.audit.country import HELD, Host
from tidegate.lab.audit.moved_clock import MovedClock

STATUS_DAYS: Final = 3
RENEWED_DAYS: Final = 30
LIFE_DAYS: Final = 90
ROOT_DAYS: Final = 3_650
STATUS_PORT: Final = 80


@dataclass
class Authority:
    """Its key and certificate, and what it has issued, in a folder of its own."""

    organisation: str
    clock: MovedClock
    folder: Path
    _issued: int = 1
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def open(self) -> None:
        """Makes its own certificate."""
        self.folder.mkdir()
        self._own = (
            self._builder(self._name("Root"), self._name("Root"), self._key, ROOT_DAYS, ROOT_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_for_an_authority(), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.root.write_bytes(self._own.public_bytes(Encoding.PEM))
        (self.folder / "root.key").write_bytes(_pem(self._key))
        self.issued_list.write_text("")
        # Certificates of one host follow each other.
        self.issued_list.with_suffix(".txt.attr").write_text("unique_subject = no\n")

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    @property
    def issued_list(self) -> Path:
        """What openssl's responder knows of certificates."""
        return self.folder / "index.txt"

    def responder(self) -> list[str | Path]:
        """The command that answers for the status of its certificates."""
        key = self.folder / "root.key"
        answering: list[str | Path] = ["-index", self.issued_list, "-port", str(STATUS_PORT)]
        signing: list[str | Path] = ["-rsigner", self.root, "-rkey", key, "-CA", self.root]
        return ["openssl", "ocsp", *answering, *signing, "-ndays", str(STATUS_DAYS)]

    def certify(self, host: Host, certificate: Path, key: Path, days_left: int) -> datetime:
        """Writes chain and key; returns when the certificate ends."""
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host.name)])
        builder = self._builder(subject, self._own.subject, own, LIFE_DAYS, days_left)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host.name)]), critical=False
        )
        if host.must_staple:
            wanted = x509.TLSFeature([x509.TLSFeatureType.status_request])
            builder = builder.add_extension(wanted, critical=False)
        signed = builder.add_extension(self._status_at(), critical=False).sign(self._key, hashes.SHA256())
        certificate.write_bytes(signed.public_bytes(Encoding.PEM) + self.root.read_bytes())
        key.write_bytes(_pem(own))
        ends = signed.not_valid_after_utc
        line = f"V\t{ends:%y%m%d%H%M%SZ}\t\t{signed.serial_number:04X}\tunknown\t/CN={host.name}\n"
        with self.issued_list.open("a") as listed:
            listed.write(line)
        return ends

    def _status_at(self) -> x509.AuthorityInformationAccess:
        url = x509.UniformResourceIdentifier(f"http://{HELD[self.organisation].address(1)}:{STATUS_PORT}/")
        return x509.AuthorityInformationAccess(
            [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, url)]
        )

    def _name(self, common: str) -> x509.Name:
        held = HELD[self.organisation]
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, held.country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, held.name),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{held.name} {common}"),
            ]
        )

    def _builder(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        life_days: int,
        days_left: int,
    ) -> x509.CertificateBuilder:
        now = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)
        ends = now + timedelta(days=days_left)
        self._issued += 1
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(0x1000 + self._issued)
            .not_valid_before(min(ends - timedelta(days=life_days), now - timedelta(hours=1)))
            .not_valid_after(ends)
        )


def _for_an_authority() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
