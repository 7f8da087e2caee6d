"""Who may renew a certificate, which mail servers count, and for how long a session outlives its login."""

from collections.abc import Iterator

import pytest

from tests.audit.told_country import (
    DAY_S,
    TOLD,
    certificate,
    country,
    fate,
    host,
    page,
    place,
    without,
)
from tidegate.audit.auditing import audit_of
from tidegate.audit.layers import standings
from tidegate.audit.losses import blasts
from tidegate.model.audit_events import State, Stop, WithdrawProvider
from tidegate.model.audits import (
    AuthoritiesAllowedSeen,
    MailBannerSeen,
    MailServer,
    MailServersSeen,
    NotSeen,
    Observation,
    PagePart,
    PageSeen,
    ProviderDeclared,
    ServiceListed,
)

HOUR_S = 3_600
W, D, F, N = State.WORKS, State.DEGRADED, State.FAILS, State.NOT_KNOWN
BANK = "www.bank.example"
SEAL = ProviderDeclared(
    name="Seal Ltd", owner="", country="XC", authorities=("Seal",), caa=("seal.example",), **TOLD
)
STAMP = ProviderDeclared(
    name="Stamp Ltd", owner="", country="XA", suffixes=("stamp.example",), authorities=("Stamp",), **TOLD
)


def allowed(*domains: str) -> Observation:
    return AuthoritiesAllowedSeen(name=BANK, authorities=domains, ttl_s=300, **TOLD)


@pytest.mark.parametrize(
    ("told", "states"),
    [
        ([], (W,) * 7),
        ([allowed(), SEAL], (W,) * 7),
        ([allowed("seal.example", "ca.stamp.example"), SEAL, STAMP], (W,) * 7),
        ([allowed("ca.stamp.example"), SEAL, STAMP], (*[W] * 6, F)),
        ([allowed(";"), SEAL], (*[W] * 6, F)),
        ([allowed(";")], (*[W] * 6, F)),
        ([allowed("nobody-knows-whose.example"), SEAL], (W,) * 7),
        ([allowed("ca.stamp.example"), STAMP], (W,) * 7),
    ],
)
def test_an_authority_that_caa_does_not_allow_renews_no_more(
    told: list[Observation], states: tuple[State, ...]
) -> None:
    """Nothing happens, and the certificate has 40 days left."""
    found = fate([*country(), *told])
    assert found.states == states
    if F in states:
        assert found.fails_s == 40 * DAY_S
        assert found.chain[-1].thing == f"no longer: CAA of {BANK} lets Seal issue"


def mail(*servers: str) -> Iterator[Observation]:
    """The bank's mail, over servers that each stand at another holder at home."""
    yield ServiceListed(
        name="Bank", country="XA", people=100, domains=(BANK,), mail=("bank.example",), **TOLD
    )
    told = tuple(MailServer(10, name) for name in servers)
    yield MailServersSeen(name="bank.example", zone="bank.example", servers=told, ttl_s=300, **TOLD)
    for at, name in enumerate(servers, 1):
        yield host(name, "bank.example", f"198.51.100.{100 + at}")
        yield place(f"198.51.100.{100 + at}", f"Post {at}", "XA")


def banner(name: str, code: int) -> Observation:
    return MailBannerSeen(host=name, code=code, **TOLD)


ONE, OTHER = "mx1.bank.example", "mx2.bank.example"
SILENT = NotSeen(about=OTHER, question="mail_banner", reason="time_out", **TOLD)


@pytest.mark.parametrize(
    ("told", "usual", "without_the_first"),
    [
        ([], W, W),
        ([banner(ONE, 220), banner(OTHER, 220)], W, W),
        ([banner(ONE, 220), banner(OTHER, 554)], W, D),
        ([banner(ONE, 220), banner(OTHER, 421)], W, N),
        ([banner(ONE, 220), SILENT], W, N),
        ([banner(ONE, 554), banner(OTHER, 554)], D, D),
    ],
)
def test_a_mail_server_counts_as_it_greets(
    told: list[Observation], usual: State, without_the_first: State
) -> None:
    """The loss of mail degrades a service."""
    every = [*without(country(), ServiceListed), *mail(ONE, OTHER), *told]
    assert fate(every).states[0] is usual
    if not (told and isinstance(told[0], MailBannerSeen) and told[0].code != 220):
        assert fate(every, Stop(thing="198.51.100.101")).states[-1] is without_the_first


def test_a_mail_server_that_refuses_is_no_second_one() -> None:
    every = [*without(country(), ServiceListed), *mail(ONE, OTHER)]
    audits = [audit_of(every), audit_of([*every, banner(ONE, 220), banner(OTHER, 554)])]
    found = [next(one for one in standings(audit, "XA") if one.layer == "mail") for audit in audits]
    stops = [{blast.name for blast in blasts(audit, "XA") if blast.people_degraded} for audit in audits]
    assert found[1].single
    assert "Post 1" not in stops[0]
    assert "Post 1" in stops[1]


@pytest.mark.parametrize(
    ("hours", "states"), [(0, (F,) * 7), (24, (D, D, D, *[F] * 4)), (240, (*[D] * 5, F, F))]
)
def test_who_is_logged_in_stays_so_until_the_session_ends(hours: int, states: tuple[State, ...]) -> None:
    service = ServiceListed(
        name="Bank", country="XA", people=100, domains=(BANK,), session_s=hours * HOUR_S, **TOLD
    )
    login = PagePart("login.bank.example", "frame", False, "login")
    told = [
        *without(country(), ServiceListed, PageSeen),
        service,
        page(BANK, login),
        host("login.bank.example", "bank.example", "198.51.100.9"),
        place("198.51.100.9", "Keys", "XB"),
        certificate("login.bank.example"),
    ]
    found = fate(told, WithdrawProvider(provider="Keys"))
    assert found.states == states
    assert (found.fails_for_new_s, found.fails_s) == (0, hours * HOUR_S)
