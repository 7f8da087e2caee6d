"""The stated rules by which a probe takes a part of a page for login, payment, maps or push."""

from urllib.parse import urlsplit

from tidegate.model.audits import Purpose
from tidegate.model.probes import Link

_LABELS: dict[Purpose, frozenset[str]] = {
    "login": frozenset({"login", "auth", "sso", "id", "idp", "accounts", "identity", "oauth", "signin"}),
    "payment": frozenset({"pay", "payment", "payments", "checkout", "3ds", "acs"}),
    "maps": frozenset({"maps", "map", "tiles", "tile"}),
    "push": frozenset({"push", "webpush", "fcm"}),
}
_LOGIN_SIGNS = ("response_type=", "samlrequest=", "/oauth", "/authorize", "/openid-connect", "/saml2")
_MAPS_SIGNS = ("/maps/",)


def purpose_of(link: Link) -> Purpose:
    """In this order:

    1. A form with a password is login; one with a card, and a frame that is allowed payment, is payment.
    2. An address with the signs of OAuth, OpenID Connect or SAML is login; one with "/maps/" is maps.
    3. A host whose first label is a word for a purpose has that purpose, unless it gives only what is seen:
       a style, a font, an image or media.
    """
    if "password" in link.marks:
        return "login"
    if "card" in link.marks or "payment" in link.marks:
        return "payment"
    if link.kind in {"style", "font", "image", "media"}:
        return ""
    parts = urlsplit(link.url)
    wanted = f"{parts.path}?{parts.query}".lower()
    if any(sign in wanted for sign in _LOGIN_SIGNS):
        return "login"
    if any(sign in wanted for sign in _MAPS_SIGNS):
        return "maps"
    first = (parts.hostname or "").partition(".")[0]
    return next((purpose for purpose, labels in _LABELS.items() if first in labels), "")
