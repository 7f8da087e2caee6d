"""Pages that scripts build, in a real Chromium that can reach nothing but loopback."""

from pathlib import Path

import msgspec
import pytest

from tests.audit.loopback import Given
from tests.audit.small_country import Country, country
from tests.audit.test_probing import BANK, probed
from tests.conftest import require_peer
from tidegate.model.audits import AddressesSeen, CertificateSeen, NotSeen, PagePart, PageSeen

CHROMIUM = "/usr/bin/chromium"

SCRIPTED = b"""<!doctype html><title>Bank</title><script>
const added = document.createElement("script");
added.src = "https://scripts.cdn.xb/late.js";
document.head.append(added);
fetch("https://stats.cdn.xb/count").catch(() => 0);
</script>"""


def with_browser(here: Country, program: str) -> Country:
    settings = msgspec.structs.replace(here.settings, browser=program, timeout_ms=10_000)
    return Country(settings, here.servers, here.world, here.site, here.authority, here.abroad)


@pytest.mark.peer
def test_what_only_scripts_load_is_seen_in_a_browser(tmp_path: Path) -> None:
    require_peer("chromium", CHROMIUM)
    with country(tmp_path, pages={("www.bank.xa", "/"): Given(SCRIPTED)}) as here:
        found = probed(with_browser(here, CHROMIUM), tmp_path)
        asked = {(host, path) for host, path, _ in here.abroad.asked}
    pages = {one.by_browser: one for one in found if isinstance(one, PageSeen)}
    assert pages[False].parts == ()
    assert set(pages[True].parts) >= {
        PagePart("scripts.cdn.xb", "script", False),  # Put there by a script, so that nothing waits for it.
        PagePart("stats.cdn.xb", "connection", False),
    }
    # Hosts that the first rendering asked for in vain were then looked at, and reached by the next.
    shown = {one.host for one in found if isinstance(one, CertificateSeen)}
    assert shown >= {"scripts.cdn.xb", "stats.cdn.xb"}
    assert any(isinstance(one, AddressesSeen) and one.name == "stats.cdn.xb" for one in found)
    assert ("scripts.cdn.xb", "/late.js") in asked
    # The browser's own wishes are no part of any page.
    assert {part.host for part in pages[True].parts} <= {"scripts.cdn.xb", "stats.cdn.xb"}


def test_a_browser_that_is_not_there_is_told(tmp_path: Path) -> None:
    with country(tmp_path) as here:
        found = probed(with_browser(here, "/missing/chromium"), tmp_path, (BANK,))
    missing = [one for one in found if isinstance(one, NotSeen)]
    assert [(one.about, one.question, one.reason) for one in missing] == [("bank.xa", "page", "not_asked")]
    assert "no browser at /missing/chromium" in missing[0].detail
