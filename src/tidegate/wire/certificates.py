"""Certificates (X.509) and OCSP answers, as an audit looks at them; absurd fields are cut or Malformed."""

import calendar
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tidegate.model.probes import CERTIFICATE_NAMES_MAX, FIELD_CHARACTERS_MAX, ShownCertificate, Staple
from tidegate.model.refusals import Malformed

WRONG = (ValueError, TypeError, OverflowError, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
"""What parsing somebody else's certificate may raise."""

OCSP_ADDRESSES_MAX = 4
"""Responders of one certificate that are kept; further ones are left out."""


def read_certificate(der: bytes) -> ShownCertificate:
    """Malformed where it is no certificate."""
    try:
        return _read(x509.load_der_x509_certificate(der))
    except WRONG as error:
        raise Malformed(f"no certificate: {_plain(str(error))}", 0) from error


def is_for(der: bytes, host: str) -> bool:
    """Whether a name of it is the host's, also by one star for a whole first label (RFC 9525, 6.3).

    Malformed as for `read_certificate`.
    """
    try:
        names = _names(x509.load_der_x509_certificate(der))
    except WRONG as error:
        raise Malformed(f"no certificate: {_plain(str(error))}", 0) from error
    return host in names or f"*.{host.partition('.')[2]}" in names


def read_staple(der: bytes) -> Staple:
    """Malformed where it is no answer of a responder."""
    try:
        answer = ocsp.load_der_ocsp_response(der)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Staple(answer.response_status.name.lower(), 0, 0)
        until = answer.next_update_utc
        return Staple(
            answer.certificate_status.name.lower(),
            _second(answer.this_update_utc),
            _second(until) if until is not None else 0,
        )
    except WRONG as error:
        raise Malformed(f"no OCSP answer: {_plain(str(error))}", 0) from error


def _read(certificate: x509.Certificate) -> ShownCertificate:
    names = _names(certificate)
    return ShownCertificate(
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        subject=_attribute(certificate.subject, NameOID.COMMON_NAME),
        subject_organisation=_attribute(certificate.subject, NameOID.ORGANIZATION_NAME),
        issuer=_attribute(certificate.issuer, NameOID.COMMON_NAME),
        issuer_organisation=_attribute(certificate.issuer, NameOID.ORGANIZATION_NAME),
        issuer_country=_attribute(certificate.issuer, NameOID.COUNTRY_NAME),
        not_before_s=_second(certificate.not_valid_before_utc),
        not_after_s=_second(certificate.not_valid_after_utc),
        names=names[:CERTIFICATE_NAMES_MAX],
        names_in_all=len(names),
        must_staple=_must_staple(certificate),
        ocsp=_responders(certificate),
        authority=_is_authority(certificate),
    )


def _second(moment: datetime.datetime) -> int:
    return calendar.timegm(moment.utctimetuple())


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    for attribute in name.get_attributes_for_oid(oid):
        value = attribute.value
        return _plain(value if isinstance(value, str) else value.decode("utf-8", "replace"))
    return ""


def _plain(text: str) -> str:
    """Without control characters, cut at the bound."""
    return "".join(one if one.isprintable() else "?" for one in text[:FIELD_CHARACTERS_MAX])


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(_plain(one).lower() for one in extension.value.get_values_for_type(x509.DNSName))


def _must_staple(certificate: x509.Certificate) -> bool:
    """RFC 7633: the feature is the TLS extension status_request."""
    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except x509.ExtensionNotFound:
        return False
    return x509.TLSFeatureType.status_request in features


def _responders(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return ()
    found = [
        _plain(one.access_location.value)
        for one in access
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]
    return tuple(found[:OCSP_ADDRESSES_MAX])


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
