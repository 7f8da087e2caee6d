"""What a probe asks of the outside, and what came back: questions and answers that nobody has interpreted."""

import msgspec

from tidegate.model.audits import PartKind, Reason

RECORDS_MAX = 256
"""Records of one section of a DNS reply that are kept; the rest is left out, and the reply says so."""

TEXT_CHARACTERS_MAX = 4096
"""Characters of one record's data, an address of a page or a header; a longer one is left out, and told."""

FIELD_CHARACTERS_MAX = 200
"""Characters of one field of a certificate; a longer one is cut there."""

CERTIFICATES_MAX = 10
"""Certificates of one chain that are read; a server that sends more is reported with the first ones."""

CERTIFICATE_NAMES_MAX = 100
"""Names of one certificate that are kept; their number is told in full."""

LINKS_MAX = 2000
"""Things that one page loads or names; the rest is left out, and the page says so."""


class Dns(msgspec.Struct, frozen=True, tag_field="what", tag="dns"):
    """One record type of one name, asked of one server that is not to ask further."""

    server: str
    name: str
    type: str


class Tls(msgspec.Struct, frozen=True, tag_field="what", tag="tls"):
    """A handshake in which the host is named, and nothing said afterwards."""

    address: str
    host: str
    port: int


class Page(msgspec.Struct, frozen=True, tag_field="what", tag="page"):
    """One GET of an absolute address (URL), at one address of its host."""

    address: str
    url: str


class Robots(msgspec.Struct, frozen=True, tag_field="what", tag="robots"):
    """The rules for robots of the site that `url` is of: scheme, host, port."""

    address: str
    url: str


class Mail(msgspec.Struct, frozen=True, tag_field="what", tag="mail"):
    """The greeting of a mail server; then QUIT."""

    address: str
    host: str


class Rendered(msgspec.Struct, frozen=True, tag_field="what", tag="rendered"):
    """One page in a real browser, which is given no other addresses for hosts than these (host=address)."""

    url: str
    hosts: tuple[str, ...]


Question = Dns | Tls | Page | Robots | Mail | Rendered


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One resource record; `data` as master files write it (RFC 1035, 5), names in it in full."""

    owner: str
    type: str
    ttl_s: int
    data: str


class DnsReply(msgspec.Struct, frozen=True, tag_field="what", tag="dns reply"):
    """`left_out` counts records that were no records of hosts, too long, or beyond the bound."""

    rcode: str
    authoritative: bool
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    left_out: int = 0


class ShownCertificate(msgspec.Struct, frozen=True):
    """As the certificate says; `sha256` of its bytes. A field that is not there is ""."""

    sha256: str
    subject: str
    subject_organisation: str
    issuer: str
    issuer_organisation: str
    issuer_country: str
    not_before_s: int
    not_after_s: int
    names: tuple[str, ...] = ()
    names_in_all: int = 0
    must_staple: bool = False
    ocsp: tuple[str, ...] = ()
    authority: bool = False


class Staple(msgspec.Struct, frozen=True):
    """The stapled answer of an OCSP responder (RFC 6066, 8); `next_update_s` is 0 where it names none."""

    status: str
    this_update_s: int
    next_update_s: int


class Handshake(msgspec.Struct, frozen=True, tag_field="what", tag="handshake"):
    """`doubt` is why the chain is not believed for this host and now; "" where it is."""

    version: str
    chain: tuple[ShownCertificate, ...]
    doubt: str = ""
    staple: Staple | None = None


class Link(msgspec.Struct, frozen=True, array_like=True):
    """Something that a page loads, or says that it may; of a form it is the target, as a "frame".
    `blocking`: the page waits for it until it has come or failed. `marks` are what rules about purposes go
    by: "password" and "card" of a form's fields, "payment" of what a frame is allowed.
    """

    kind: PartKind
    url: str
    blocking: bool = False
    marks: tuple[str, ...] = ()


class PageRead(msgspec.Struct, frozen=True, tag_field="what", tag="page read"):
    """`location` is where the answer sends on to, absolute, or ""; `cut` when not all of it was read."""

    status: int
    location: str = ""
    links: tuple[Link, ...] = ()
    size_bytes: int = 0
    cut: bool = False


class RobotsRead(msgspec.Struct, frozen=True, tag_field="what", tag="robots read"):
    """The rules as text, "" where the site has none (an answer of 400 to 499, RFC 9309)."""

    text: str


class MailGreeting(msgspec.Struct, frozen=True, tag_field="what", tag="mail greeting"):
    """`code` is what the greeting begins with: 220 where the server takes mail."""

    code: int


class NotAnswered(msgspec.Struct, frozen=True, tag_field="what", tag="not answered"):
    """`detail` says more for people; it never is compared."""

    reason: Reason
    detail: str = ""


Answer = DnsReply | Handshake | PageRead | RobotsRead | MailGreeting | NotAnswered


class Asked(msgspec.Struct, frozen=True):
    """One question with its answer and the second at which it came: a line of the cache."""

    at_s: int
    question: Question
    answer: Answer
