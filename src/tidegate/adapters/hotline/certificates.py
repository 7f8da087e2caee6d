"""The TLS certificate that a node presents: made by itself, pinned by peers, proving nothing else."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tidegate.ports.outside import OutsideFailed

# A card that is signed by its organisation says how long the certificate counts; these two say nothing, so
# that a wrong clock on either side never closes the hotline (RFC 5280, 4.1.2.5, for the second).
_FROM: Final = datetime(2000, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def make_certificate(certificate: Path, key: Path, passphrase: bytes | None) -> bytes:
    """Writes a new P-256 key and its certificate as PEM, never over existing ones; the certificate as DER.

    The name in it is drawn at random: whoever listens learns nothing from it, and a station that trusts many
    such certificates finds the right one (OpenSSL looks for them by name, and takes the first that it finds).
    With a passphrase the key's file is encrypted. OutsideFailed where they cannot be written.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, os.urandom(16).hex())])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_NEVER)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    _write_new(key, pem, 0o600)
    _write_new(certificate, made.public_bytes(serialization.Encoding.PEM), 0o644)
    return made.public_bytes(serialization.Encoding.DER)


def read_certificate(certificate: Path) -> bytes:
    """DER of the certificate in a PEM file, for the card. OutsideFailed where there is none."""
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(
            serialization.Encoding.DER
        )
    except (OSError, ValueError) as error:
        remedy = "Name the file that `tidegate hotline init` wrote, or restore it from the back-up."
        raise OutsideFailed(
            f"the TLS certificate cannot be read ({error})", str(certificate), remedy
        ) from error


def _write_new(path: Path, body: bytes, mode: int) -> None:
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with open(number, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(number)
    except OSError as error:
        remedy = "Choose another folder; a key that is there is never written over."
        raise OutsideFailed(f"a key cannot be written ({error.strerror})", str(path), remedy) from error
