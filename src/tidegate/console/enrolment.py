"""A browser's new passkey, checked by py_webauthn and brought into the one form that the roster takes."""

from tidegate.app.console.entering import Invitation, Made, challenge_of, from_base64url
from tidegate.app.console.entering_endpoints import Enrolment
from tidegate.model.plans import Passkey
from tidegate.model.refusals import NotAllowed


def made_by(enrolment: Enrolment, invitation: Invitation, words: bytes, rp_id: str, origin: str) -> Made:
    """NotAllowed for what is no new passkey of a present and verified person, for this challenge and page.

    Attestation is not asked for: who holds the device is seen by whoever invited, not by its maker.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.exceptions import WebAuthnException

    told = {
        "id": enrolment.credential,
        "rawId": enrolment.credential,
        "type": "public-key",
        "response": {"clientDataJSON": enrolment.client_data, "attestationObject": enrolment.attestation},
    }
    for text in (enrolment.credential, enrolment.client_data, enrolment.attestation):
        from_base64url(text)
    try:
        verified = verify_registration_response(
            credential=told,
            expected_challenge=challenge_of(words),
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
            supported_pub_key_algs=[
                COSEAlgorithmIdentifier.ECDSA_SHA_256,
                COSEAlgorithmIdentifier.EDDSA,
            ],
        )
        key = key_in_hex(verified.credential_public_key)
    except (WebAuthnException, ValueError, KeyError, TypeError, IndexError) as error:
        raise NotAllowed(f"the browser's answer is no passkey of this page ({error})") from None
    return Made(
        name=invitation.name,
        level=invitation.level,
        public_key=key,
        passkey=Passkey(credential=enrolment.credential.rstrip("="), rp_id=rp_id, origin=origin),
    )


def key_in_hex(cose: bytes) -> str:
    """A COSE key (RFC 9053) as rosters hold it; NotAllowed for another kind than Ed25519 and P-256."""
    from webauthn.helpers import decode_credential_public_key
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey, DecodedOKPPublicKey

    match decode_credential_public_key(cose):
        case DecodedEC2PublicKey(alg=COSEAlgorithmIdentifier.ECDSA_SHA_256, crv=1, x=x, y=y) if (
            len(x) == len(y) == 32
        ):
            return f"{2 + (y[-1] & 1):02x}{x.hex()}"
        case DecodedOKPPublicKey(alg=COSEAlgorithmIdentifier.EDDSA, crv=6, x=x) if len(x) == 32:
            return x.hex()
    raise NotAllowed("this passkey has another key than Ed25519 or P-256")
