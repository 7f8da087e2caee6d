"""What every answer says to the browser about itself, and which questions are not heard at all."""

from collections.abc import Mapping

from tidegate.app.console.serving import Address

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types svelte-trusted-html",
    )
)
"""Nothing but this origin's own files; no script in a page's text, no frame around it."""

ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "permissions-policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), "
    "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
NOT_KEPT = {"cache-control": "no-store"}
KEPT = {"cache-control": "public, max-age=31536000, immutable"}
LONG_TLS = {"strict-transport-security": "max-age=31536000"}

COOKIE = "tidegate"
SECURE_COOKIE = "__Host-tidegate"
CSRF = "x-tidegate-csrf"


def headers_of(address: Address, more: Mapping[str, str] = NOT_KEPT) -> dict[str, str]:
    return {**ALWAYS, **(LONG_TLS if address.is_secure else {}), **more}


def cookie_name(address: Address) -> str:
    return SECURE_COOKIE if address.is_secure else COOKIE


def cookie(address: Address, secret: str) -> str:
    """No page can read it and no other site sends it along; "" ends it."""
    age = "" if secret else "; Max-Age=0"
    secure = "; Secure" if address.is_secure else ""
    return f"{cookie_name(address)}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}{age}"


def is_from_elsewhere(address: Address, headers: Mapping[str, str]) -> bool:
    """Whether a browser says that another site asks. Programs say nothing of the kind."""
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site", "same-origin")
    return (origin is not None and origin != address.origin) or site not in ("same-origin", "none")
