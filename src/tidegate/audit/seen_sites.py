"""Observations of sites: certificates, pages with what they load, mail greetings, and what was not seen."""

from collections.abc import Iterable, Iterator

from tidegate.audit.purposes import purpose_of
from tidegate.audit.seen_names import allowed_authorities
from tidegate.audit.walking import Walk
from tidegate.audit.walking_sites import Look, Visit, place_of
from tidegate.model.audits import (
    MEMBERS_MAX,
    TEXT_MAX,
    Certificate,
    CertificateSeen,
    MailBannerSeen,
    NotSeen,
    Observation,
    PagePart,
    PageSeen,
    Question,
)
from tidegate.model.domain_names import is_name
from tidegate.model.probes import (
    Asked,
    Handshake,
    Link,
    MailGreeting,
    NotAnswered,
    PageRead,
    ShownCertificate,
)

AUTOMATED_DAYS = 100
"""A certificate that a program renews is valid no longer (ACME authorities give 90 days, or fewer)."""

OVERDUE_PART = 4
"""ACME clients renew when a third or a half of a certificate's life is left (by RFC 9773 when its authority
says): where less than this part is left, whatever should have renewed it has not."""

UNKNOWN = NotAnswered("unreachable", "its name could not be resolved")


def seen_sites(walk: Walk, at_s: int) -> Iterator[Observation]:
    """What the walk has learned by now; `at_s` is the time of what was never asked."""
    for look in walk.sites.looks.values():
        yield _certificate(look, at_s)
    for visit in walk.sites.visits:
        yield from _page(visit, at_s)
    for name in dict.fromkeys(one for service in walk.services for one in service.domains + service.backends):
        allowed = allowed_authorities(walk.names, name) if is_name(name) else None
        if allowed is not None:
            yield allowed
    for host, asked in walk.greetings.items():
        yield _greeting(host, asked)


def _certificate(look: Look, at_s: int) -> Observation:
    answer = look.asked.answer if look.asked is not None else None
    second, source = (look.asked.at_s if look.asked else at_s), f"tls {look.address}:{look.port}"
    if not isinstance(answer, Handshake):
        return _not_seen(look.host, "certificate", look.wrong or UNKNOWN, second, source)
    if not answer.chain:
        nothing = NotAnswered("malformed", "no certificate was shown")
        return _not_seen(look.host, "certificate", nothing, second, source)
    leaf = answer.chain[0]
    return CertificateSeen(
        at_s=second,
        source=source,
        host=look.host,
        port=look.port,
        chain=tuple(_shown(one) for one in answer.chain)[:MEMBERS_MAX],
        trusted=not answer.doubt,
        must_staple=leaf.must_staple,
        staple_until_s=answer.staple.next_update_s if answer.staple and answer.staple.status == "good" else 0,
        automated=is_renewed_by_program(leaf, second),
    )


def is_renewed_by_program(leaf: ShownCertificate, at_s: int) -> bool:
    """Its dates say so: it is short, and young enough that a program would not have renewed it yet."""
    life_s, left_s = leaf.not_after_s - leaf.not_before_s, leaf.not_after_s - at_s
    return life_s <= AUTOMATED_DAYS * 86_400 and left_s * OVERDUE_PART >= life_s


def _shown(one: ShownCertificate) -> Certificate:
    return Certificate(
        subject=(one.subject_organisation or one.subject)[:TEXT_MAX],
        issuer=(one.issuer_organisation or one.issuer)[:TEXT_MAX],
        issuer_country=one.issuer_country,
        not_before_s=one.not_before_s,
        not_after_s=one.not_after_s,
    )


def _page(visit: Visit, at_s: int) -> Iterator[Observation]:
    if visit.page is None:
        where = f"at {visit.url}" if visit.through else ""
        wrong = visit.wrong or UNKNOWN
        wrong = NotAnswered(wrong.reason, f"{wrong.detail} {where}".strip())
        yield _not_seen(visit.host, "page", wrong, at_s, f"http {visit.url}")
        return
    assert isinstance(visit.page.answer, PageRead)
    yield _seen(visit, visit.page, visit.links, set(), browser=False)
    if visit.rendered is not None and isinstance(visit.rendered.answer, PageRead):
        scripted = {link.url for link in visit.rendered.answer.links} - {link.url for link in visit.links}
        yield _seen(visit, visit.rendered, visit.rendered.answer.links, scripted, browser=True)
    if visit.pending > 0 and visit.rendered is None:
        yield _not_seen(visit.host, "page", UNKNOWN, visit.page.at_s, "style sheets of the page")
    for url, wrong in visit.missed:
        said = NotAnswered(wrong.reason, f"{url}: {wrong.detail}".rstrip(": "))
        yield _not_seen(visit.host, "page", said, visit.page.at_s, f"http {visit.url}")


def _seen(
    visit: Visit, asked: Asked, links: Iterable[Link], scripted: set[str], *, browser: bool
) -> PageSeen:
    """What a script puts into a page holds nothing up (HTML, 4.12.1): those in `scripted` do not block."""
    answer = asked.answer
    assert isinstance(answer, PageRead)
    own = place_of(visit.url)[0]
    parts: dict[tuple[str, str, str], PagePart] = {}
    for link in links:
        host = place_of(link.url)[0]
        if not host or host == own:
            continue
        blocking = link.blocking and link.url not in scripted
        purpose = purpose_of(link)
        known = parts.get((host, link.kind, purpose))
        if known is None or (blocking and not known.blocking):
            parts[host, link.kind, purpose] = PagePart(host, link.kind, blocking, purpose)
    return PageSeen(
        at_s=asked.at_s,
        source=f"{'browser' if browser else 'http'} {visit.url}"[:TEXT_MAX],
        host=visit.host,
        url=visit.url[:TEXT_MAX],
        status=answer.status,
        through=tuple(visit.through)[:MEMBERS_MAX],
        parts=tuple(parts[at] for at in sorted(parts))[:MEMBERS_MAX],
        by_browser=browser,
    )


def _greeting(host: str, asked: Asked) -> Observation:
    answer = asked.answer
    if isinstance(answer, MailGreeting):
        return MailBannerSeen(
            at_s=asked.at_s,
            source="mail",
            host=host,
            code=answer.code,
        )
    assert isinstance(answer, NotAnswered)
    return _not_seen(host, "mail_banner", answer, asked.at_s, "mail")


def _plain(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text[:TEXT_MAX])


def _not_seen(about: str, question: Question, wrong: NotAnswered, at_s: int, source: str) -> NotSeen:
    return NotSeen(
        at_s=at_s,
        source=_plain(source),
        about=about,
        question=question,
        reason=wrong.reason,
        detail=_plain(wrong.detail),
    )
