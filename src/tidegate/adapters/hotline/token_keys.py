"""A signing key whose classical half lies in a token (PKCS#11): P-384, which never leaves it.

The post-quantum half is software, under the passphrase of its file, since tokens do not have it yet.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha384
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tidegate.model.organisations import PublicPair, SignaturePair
from tidegate.model.purposes import words_to_sign
from tidegate.model.refusals import NotAllowed
from tidegate.ports.hotline_identity import TokenPlace
from tidegate.ports.outside import OutsideFailed

if TYPE_CHECKING:
    import pkcs11

ORDER: Final = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)
POINT_BYTES: Final = 97
CURVE: Final = "secp384r1"


class TokenPair:
    """Signs with the token and with ML-DSA-65 (tidegate.ports.hotline.PairSigner).

    `ask_pin` is asked once. Each act has a session of its own: a login counts for the whole process (PKCS#11,
    section 5.6), and two keys may lie in one token.
    """

    def __init__(self, key: TokenPlace, post_quantum_seed: bytes, ask_pin: Callable[[], str]) -> None:
        self._key = key
        self._post_quantum = MLDSA65PrivateKey.from_seed_bytes(post_quantum_seed)
        self._ask_pin = ask_pin
        self._pin: str | None = None

    def public_pair(self) -> PublicPair:
        with self._session() as session:
            point = point_of(session, self._key.label)
        return PublicPair("p384", point, self._post_quantum.public_key().public_bytes_raw())

    def sign(self, purpose: bytes, message: bytes) -> SignaturePair:
        words = words_to_sign(purpose, message)
        with self._session() as session:
            raw = sign_in_token(session, self._key.label, sha384(words).digest())
        return SignaturePair(der_with_low_s(raw), self._post_quantum.sign(words))

    def make(self) -> bool:
        """Makes the key in the token where it has none of this label; whether it did."""
        with self._session(rw=True) as session:
            return make_in_token(session, self._key.label)

    @contextmanager
    def _session(self, *, rw: bool = False) -> "Iterator[pkcs11.Session]":
        if self._pin is None:
            self._pin = self._ask_pin()
        with told(self._key):
            import pkcs11

            token = pkcs11.lib(self._key.module).get_token(token_label=self._key.token)
            with token.open(rw=rw, user_pin=self._pin) as session:
                yield session


def sign_in_token(session: "pkcs11.Session", label: str, digest: bytes) -> bytes:
    """r and s, 48 bytes each."""
    from pkcs11 import KeyType, Mechanism, ObjectClass, SignMixin

    key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, label=label)
    assert isinstance(key, SignMixin), "the library gives private keys what they can do"
    return key.sign(digest, mechanism=Mechanism.ECDSA)


def point_of(session: "pkcs11.Session", label: str) -> bytes:
    """The public point, uncompressed. NotAllowed for a key on another curve."""
    from pkcs11 import Attribute, KeyType, ObjectClass
    from pkcs11.util.ec import encode_named_curve_parameters

    key = session.get_key(object_class=ObjectClass.PUBLIC_KEY, key_type=KeyType.EC, label=label)
    wrapped: bytes = key[Attribute.EC_POINT]
    if key[Attribute.EC_PARAMS] != encode_named_curve_parameters(CURVE) or len(wrapped) < POINT_BYTES:
        raise NotAllowed(f"the key {label} in the token is not on P-384")
    return wrapped[-POINT_BYTES:]


def make_in_token(session: "pkcs11.Session", label: str) -> bool:
    from pkcs11 import Attribute, KeyType, ObjectClass
    from pkcs11.exceptions import NoSuchKey
    from pkcs11.util.ec import encode_named_curve_parameters

    try:
        session.get_key(object_class=ObjectClass.PRIVATE_KEY, key_type=KeyType.EC, label=label)
    except NoSuchKey:
        curve = session.create_domain_parameters(
            KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters(CURVE)}, local=True
        )
        curve.generate_keypair(store=True, label=label)
        return True
    return False


def der_with_low_s(raw: bytes) -> bytes:
    """r and s as DER, s in the lower half of the order (docs/hotline.md); tokens do not choose."""
    half = len(raw) // 2
    s = int.from_bytes(raw[half:])
    return encode_dss_signature(int.from_bytes(raw[:half]), min(s, ORDER - s))


@contextmanager
def told(key: TokenPlace) -> Iterator[None]:
    """What goes wrong with the token, in words; where the library itself is missing, too."""
    try:
        from pkcs11.exceptions import (
            NoSuchKey,
            NoSuchToken,
            PinIncorrect,
            PinInvalid,
            PinLenRange,
            PinLocked,
            PKCS11Error,
        )
    except ImportError:
        raise OutsideFailed(
            "keys in tokens need another library", "python-pkcs11", "Run: pip install 'tidegate[pkcs11]'"
        ) from None
    try:
        yield
    except (PinIncorrect, PinInvalid, PinLenRange):
        raise NotAllowed(f"the token {key.token} refuses this PIN; many lock after a few") from None
    except PinLocked:
        raise NotAllowed(f"the token {key.token} is locked after wrong PINs; unlock it first") from None
    except NoSuchToken:
        raise OutsideFailed("there is no such token", f"{key.token} by {key.module}", "Put it in.") from None
    except NoSuchKey:
        raise OutsideFailed(
            "the token holds no such key", f"{key.label} in {key.token}", "Check the key's label."
        ) from None
    except (PKCS11Error, OSError) as error:
        what = f"the token failed ({type(error).__name__} {error})"
        raise OutsideFailed(
            what, f"{key.token} by {key.module}", "Check the module and the token."
        ) from error
