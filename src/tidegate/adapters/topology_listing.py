"""The newest of files that a server keeps under their dates, found in the pages that list its folders."""

import http.client
import re
import urllib.error
import urllib.request
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin

from tidegate.adapters.topology_download import AGENT, TIMEOUT_S
from tidegate.ports.outside import OutsideFailed

LISTING_BYTES_MAX = 1 << 23
"""Bytes read of a page that lists a folder; what stands behind them is not seen."""

FOLDERS_TRIED_MAX = 3
"""Folders looked into at each level, the newest first: that of a new month may still be empty."""

_DATED = re.compile(r"\{(YYYYMMDD|YYYY|MM|DD)\}")
_REMEDY = "Name the address of one file with --from, or give `topology import` a file that you have."


def newest(address: str) -> str:
    """As ports.topology.TopologyFiles.newest says."""
    dated = _DATED.search(address)
    if dated is None:
        return address
    if found := _newest(address):
        return found
    folder = address[: dated.start()].rpartition("/")[0]
    wanted = address.removeprefix(folder + "/")
    raise OutsideFailed(f"no file {wanted} is listed", folder + "/", _REMEDY)


def _newest(address: str) -> str | None:
    """The address with dates put in, folder after folder; None where nothing like it is listed."""
    dated = _DATED.search(address)
    if dated is None:
        return address
    folder = address[: dated.start()].rpartition("/")[0]
    name, slash, behind = address.removeprefix(folder + "/").partition("/")
    wanted = _pattern(name)
    matches = filter(None, map(wanted.fullmatch, _listed(folder + "/")))
    for match in sorted(matches, key=lambda one: one[0], reverse=True)[:FOLDERS_TRIED_MAX]:
        told = match.groupdict()
        rest = _DATED.sub(lambda part, told=told: told.get(part[1], part[0]), behind)  # type: ignore[misc]
        if found := _newest(f"{folder}/{match[0]}{slash}{rest}"):
            return found
    return None


def _pattern(name: str) -> re.Pattern[str]:
    """Of a name with dates in it; the same date twice is the same digits."""
    pattern, at, known = "", 0, set()
    for part in _DATED.finditer(name):
        digits = f"(?P={part[1]})" if part[1] in known else rf"(?P<{part[1]}>\d{{{len(part[1])}}})"
        pattern += re.escape(name[at : part.start()]) + digits
        at = part.end()
        known.add(part[1])
    return re.compile(pattern + re.escape(name[at:]), re.ASCII)


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _listed(folder: str) -> set[str]:
    """Names of what the folder's page links to inside it; none where there is no such folder."""
    request = urllib.request.Request(folder, headers=AGENT)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            page = answer.read(LISTING_BYTES_MAX)
    except urllib.error.HTTPError as error:
        if error.code == http.client.NOT_FOUND:
            return set()
        raise OutsideFailed(f"the server answered {error.code}", folder, _REMEDY) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise OutsideFailed(f"cannot list ({error})", folder, _REMEDY) from error
    links = _Links()
    links.feed(page.decode(errors="replace"))
    inside = (unquote(urljoin(folder, link).partition("?")[0]) for link in links.found)
    return {link.removeprefix(folder).rstrip("/") for link in inside if link.startswith(folder)}
