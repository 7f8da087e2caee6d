"""A small country on loopback is probed with real questions: what is seen, and how it is asked."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.audit.loopback import Given
from tests.audit.small_country import SITE_ABROAD, Country, country
from tidegate.adapters.clock import WallClock
from tidegate.adapters.probing.asked_file import AskedFile
from tidegate.adapters.probing.prober import NetworkProber
from tidegate.app.audit.probing import Probing
from tidegate.audit.seen_sites import is_renewed_by_program
from tidegate.model.audits import (
    AddressesSeen,
    AliasSeen,
    AuthoritiesAllowedSeen,
    CertificateSeen,
    DelegationSeen,
    MailServer,
    MailServersSeen,
    NotSeen,
    Observation,
    PagePart,
    PageSeen,
    ServiceListed,
    ZoneSeen,
)
from tidegate.model.probes import Answer, Question, ShownCertificate
from tidegate.wire.observations import decode_observations, encode_observations

BANK = ServiceListed(
    at_s=0,
    source="test",
    name="Bank",
    country="XA",
    domains=("bank.xa",),
    backends=("api.bank.xa",),
    mail=("bank.xa",),
)


def probed(
    here: Country,
    folder: Path,
    services: Iterable[ServiceListed] = (BANK,),
    instead: "Callable[[Question], Answer | None]" = lambda question: None,
) -> list[Observation]:
    probing = Probing(services, here.settings, AskedFile(folder / "asked"), WallClock(), 3600)
    prober = Scripted(NetworkProber(here.settings), instead)
    try:
        probing.run(prober, lambda so_far: None)
    except KeyboardInterrupt:
        pass
    finally:
        prober.close()
    return probing.observations()


Seen = tuple[list[Observation], Country]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("country")
    with country(folder) as here:
        yield probed(here, folder), here


def only(seen: Seen, kind: type, **fields: object) -> Observation:
    found = [
        one
        for one in seen[0]
        if isinstance(one, kind) and all(getattr(one, name) == value for name, value in fields.items())
    ]
    assert len(found) == 1, found
    return found[0]


def test_the_page_is_seen_with_what_it_loads_from_others(seen: Seen) -> None:
    page = only(seen, PageSeen)
    assert isinstance(page, PageSeen)
    assert (page.host, page.through, page.status) == ("bank.xa", ("www.bank.xa",), 200)
    assert set(page.parts) == {
        PagePart("scripts.cdn.xb", "script", True),
        PagePart("stats.cdn.xb", "script", False),
        PagePart("fonts.cdn.xb", "font", False),
        PagePart("login.cdn.xb", "frame", False, "login"),
    }


def test_whatever_a_page_needs_is_looked_at_itself(seen: Seen) -> None:
    """Delegation, addresses and certificate of every host, also of those abroad."""
    for host in ("bank.xa", "www.bank.xa", "api.bank.xa", "scripts.cdn.xb", "fonts.cdn.xb", "login.cdn.xb"):
        certificate = only(seen, CertificateSeen, host=host)
        assert isinstance(certificate, CertificateSeen)
        assert certificate.trusted
        assert certificate.chain[0].issuer == "Example Authority"
    for zone, parent in (("xa", "."), ("bank.xa", "xa"), ("cdn.xb", "xb")):
        only(seen, DelegationSeen, zone=zone, parent=parent)
        only(seen, ZoneSeen, zone=zone, expire_s=604_800)
    assert only(seen, AddressesSeen, name="scripts.cdn.xb", family="A").addresses == (SITE_ABROAD,)  # type: ignore[union-attr]


def test_short_certificates_are_taken_for_automated_ones(seen: Seen) -> None:
    assert only(seen, CertificateSeen, host="bank.xa").automated  # type: ignore[union-attr]
    assert not only(seen, CertificateSeen, host="scripts.cdn.xb").automated  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("valid_days", "left_days", "by_program"),
    [(90, 89, True), (90, 23, True), (90, 22, False), (90, -1, False), (6, 3, True), (101, 100, False)],
)
def test_a_short_certificate_that_nothing_renewed_in_time_is_no_automated_one(
    valid_days: int, left_days: int, by_program: bool
) -> None:
    day_s, now_s = 86_400, 1_800_000_000
    ends_s = now_s + left_days * day_s
    leaf = ShownCertificate("", "bank.xa", "", "Authority", "", "", ends_s - valid_days * day_s, ends_s)
    assert is_renewed_by_program(leaf, now_s) is by_program


def test_mail_aliases_and_allowed_authorities_are_seen(seen: Seen) -> None:
    only(seen, MailServersSeen, name="bank.xa", servers=(MailServer(10, "mail.bank.xa"),))
    only(seen, AddressesSeen, name="mail.bank.xa", family="A")
    assert any(isinstance(one, AliasSeen) and one.target == "bank.xa" for one in seen[0])
    only(seen, AuthoritiesAllowedSeen, name="api.bank.xa", authorities=("authority.xb",))


def test_nothing_is_missing_where_everything_answers(seen: Seen) -> None:
    assert [one for one in seen[0] if isinstance(one, NotSeen)] == []


def test_it_says_who_asks_and_reads_the_rules_first(seen: Seen) -> None:
    asked = seen[1].site.asked
    assert {agent for _, _, agent in asked} == {"tidegate-audit (+noc@example.net)"}
    for host in ("bank.xa", "www.bank.xa"):
        assert next(path for name, path, _ in asked if name == host) == "/robots.txt"
    # Of others it takes a handshake, and not one page.
    assert seen[1].abroad.asked == []


def test_what_was_seen_is_written_and_read_back_the_same(seen: Seen) -> None:
    data = encode_observations(seen[0])
    assert encode_observations(reversed(decode_observations(data, "audit.jsonl"))) == data


def test_no_name_server_is_asked_the_same_twice(seen: Seen) -> None:
    asked = seen[1].servers.asked
    assert len(set(asked)) == len(asked)


def without_times(observations: Iterable[Observation]) -> set[bytes]:
    return {msgspec.json.encode(msgspec.structs.replace(one, at_s=0)) for one in observations}


class Scripted:
    """Answers of a real prober, with some replaced."""

    def __init__(self, real: NetworkProber, instead: Callable[[Question], Answer | None]) -> None:
        self._real = real
        self._instead = instead
        self._ready: list[tuple[Question, Answer]] = []

    def begin(self, question: Question) -> None:
        answer = self._instead(question)
        if answer is None:
            self._real.begin(question)
        else:
            self._ready.append((question, answer))

    def finished(self, wait_ms: int) -> list[tuple[Question, Answer]]:
        ready, self._ready = self._ready, []
        return ready or self._real.finished(wait_ms)

    def close(self) -> None:
        self._real.close()


def test_a_probe_that_was_broken_off_goes_on_where_it_was(seen: Seen, tmp_path: Path) -> None:
    """Ended at any moment, it has kept every answer: none is asked for again, and the end is the same."""
    put: list[Question] = []

    def break_off(question: Question) -> Answer | None:
        put.append(question)
        if len(put) == 30:
            raise KeyboardInterrupt
        return None

    with country(tmp_path) as here:
        broken = probed(here, tmp_path, instead=break_off)
        assert any(isinstance(one, NotSeen) and one.source == "probe" for one in broken)
        kept = {one.question for one in AskedFile(tmp_path / "asked").known()}
        assert kept
        here.servers.asked.clear()
        whole = probed(here, tmp_path)
        assert here.servers.asked
        assert not kept & set(here.servers.asked)
        here.servers.asked.clear()
        again = probed(here, tmp_path)
        assert here.servers.asked == []
    assert without_times(whole) == without_times(again) == without_times(seen[0])


def test_robots_rules_are_obeyed(tmp_path: Path) -> None:
    rules = Given(b"User-agent: *\nDisallow: /\n", headers=(("Content-Type", "text/plain"),))
    with country(tmp_path, pages={("www.bank.xa", "/robots.txt"): rules}) as here:
        found = probed(here, tmp_path)
        assert ("www.bank.xa", "/") not in {(host, path) for host, path, _ in here.site.asked}
    missing = [one for one in found if isinstance(one, NotSeen)]
    assert [(one.about, one.question, one.reason) for one in missing] == [
        ("bank.xa", "page", "not_permitted")
    ]


def test_addresses_that_are_off_limits_are_never_asked(tmp_path: Path) -> None:
    """A name that points to a machine of the prober's own side gets no packet of it."""
    with country(tmp_path) as here:
        here.world.zones["bank.xa"].records["bank.xa", "A"] = ("127.0.0.1",)
        asked: list[Question] = []

        def note(question: Question) -> Answer | None:
            asked.append(question)
            return None

        found = probed(here, tmp_path, instead=note)
    for one in asked:
        assert "127.0.0.1" not in (getattr(one, "address", ""), getattr(one, "server", ""))
    unseen = [one for one in found if isinstance(one, NotSeen)]
    missing = {(one.about, one.question): one.reason for one in unseen}
    assert missing["bank.xa", "certificate"] == "not_asked"
    assert missing["bank.xa", "page"] == "not_asked"
