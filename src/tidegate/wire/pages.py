"""Pages, style sheets and headers, as an audit looks at them: what they load, and what holds them up."""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tidegate.model.audits import PartKind
from tidegate.model.probes import LINKS_MAX, TEXT_CHARACTERS_MAX, Link

NAMED_MAX = 20_000
"""Times that one page names something to load, also the same again; what is beyond is not looked at."""

_IMPORT = re.compile(r"""@import\s+(?:url\(\s*)?["']?([^"'()\s;]{1,4096})""", re.IGNORECASE)
_ADDRESS = re.compile(r"""url\(\s*["']?([^"'()\s]{1,4096})""", re.IGNORECASE)
_SCRIPT_TYPES = {"", "text/javascript", "application/javascript", "module"}

_DIRECTIVES: Mapping[str, PartKind] = {
    "script-src": "script",
    "script-src-elem": "script",
    "style-src": "style",
    "style-src-elem": "style",
    "font-src": "font",
    "frame-src": "frame",
    "child-src": "frame",
    "connect-src": "connection",
}
"""Of a Content-Security-Policy, those that announce what the page may load or speak to."""

_PRELOADED: Mapping[str, PartKind] = {
    "script": "script",
    "style": "style",
    "font": "font",
    "image": "image",
    "document": "frame",
    "fetch": "connection",
    "video": "media",
    "audio": "media",
}


def page_links(body: str, url: str) -> tuple[tuple[Link, ...], bool]:
    """What a page loads, in the order of the text, and whether all of it is told."""
    tree = LexborHTMLParser(body)
    base = tree.css_first("base[href]")
    if base is not None:
        url = urljoin(url, _value(base, "href"))
    return _bounded(_resolved(_in_page(tree), url))


def style_links(body: str, url: str) -> tuple[tuple[Link, ...], bool]:
    """The style sheets and fonts that a style sheet asks for."""
    return _bounded(_resolved(_in_style(body), url))


def header_links(policies: Iterable[str], links: Iterable[str], url: str) -> tuple[tuple[Link, ...], bool]:
    """Hosts that headers announce: those of Content-Security-Policy, and of Link (RFC 8288)."""
    found = [link for policy in policies for link in _in_policy(policy, url)]
    found += [link for header in links for link in _resolved(_in_link_header(header), url)]
    return _bounded(found)


def _in_page(tree: LexborHTMLParser) -> Iterator[Link]:
    for node in tree.css(
        "script[src], link[href], iframe[src], frame[src], embed[src], object[data], img[src], "
        "video[src], audio[src], source[src], form, style"
    ):
        match node.tag:
            case "script":
                yield from _script(node)
            case "link":
                yield from _link(node)
            case "iframe" | "frame" | "embed":
                marks = ("payment",) if "payment" in _value(node, "allow") else ()
                yield Link("frame", _value(node, "src"), False, marks)
            case "object":
                yield Link("frame", _value(node, "data"))
            case "img":
                yield Link("image", _value(node, "src"))
            case "video" | "audio" | "source":
                yield Link("media", _value(node, "src"))
            case "form":
                yield from _form(node)
            case "style":
                yield from _in_style(node.text(deep=True))


def _script(node: LexborNode) -> Iterator[Link]:
    """Blocking unless async, defer or a module, or where it says blocking=render (HTML, 4.12.1)."""
    kind = _value(node, "type").strip().lower()
    if kind not in _SCRIPT_TYPES:
        return
    attributes = node.attributes
    waits = not ({"async", "defer"} & attributes.keys()) and kind != "module"
    yield Link("script", _value(node, "src"), waits or "render" in _value(node, "blocking").split())


def _link(node: LexborNode) -> Iterator[Link]:
    """A style sheet holds the page up unless it is for print, alternate or disabled (HTML, 4.6.7.22)."""
    relations = _value(node, "rel").lower().split()
    href = _value(node, "href")
    if "stylesheet" in relations:
        media = _value(node, "media").strip().lower()
        idle = media == "print" or "alternate" in relations or "disabled" in node.attributes
        yield Link("style", href, not idle)
    elif "modulepreload" in relations:
        yield Link("script", href)
    elif "preload" in relations and _value(node, "as").lower() in _PRELOADED:
        yield Link(_PRELOADED[_value(node, "as").lower()], href)
    elif "preconnect" in relations:
        yield Link("connection", href)
    elif "icon" in relations:
        yield Link("image", href)


def _form(node: LexborNode) -> Iterator[Link]:
    marks = []
    if node.css_first('input[type="password" i]') is not None:
        marks.append("password")
    if node.css_first('input[autocomplete^="cc-" i]') is not None:
        marks.append("card")
    if marks:
        yield Link("frame", _value(node, "action"), False, tuple(marks))


def _in_style(text: str) -> Iterator[Link]:
    for found in _IMPORT.finditer(text):
        yield Link("style", found.group(1), True)
    for block in text.split("}"):  # Not by one expression, whose time would grow with the length's square.
        _, face, rest = block.rpartition("@font-face")
        for found in _ADDRESS.finditer(rest) if face else ():
            yield Link("font", found.group(1))


def _in_policy(policy: str, url: str) -> Iterator[Link]:
    scheme = urlsplit(url).scheme
    for directive in policy[: 4 * TEXT_CHARACTERS_MAX].split(";"):
        name, *sources = directive.split()[:100] or [""]
        kind = _DIRECTIVES.get(name.lower())
        for source in sources if kind else ():
            host = source if "://" in source else f"{scheme}://{source}"
            if not source.startswith("'") and "." in source and "*" not in source:
                assert kind is not None
                yield from _resolved([Link(kind, host)], url)


def _in_link_header(header: str) -> Iterator[Link]:
    for found in re.finditer(r"<([^<>]{1,4096})>([^<]{0,4096})", header[: 4 * TEXT_CHARACTERS_MAX]):
        target, rest = found.group(1), found.group(2).lower()
        relation = re.search(r'rel\s*=\s*"?([a-z ]{1,64})', rest)
        wanted = re.search(r'\bas\s*=\s*"?([a-z]{1,16})', rest)
        if relation and "preconnect" in relation.group(1):
            yield Link("connection", target)
        elif relation and "preload" in relation.group(1) and wanted and wanted.group(1) in _PRELOADED:
            yield Link(_PRELOADED[wanted.group(1)], target)


def _resolved(links: Iterable[Link], url: str) -> Iterator[Link]:
    """With absolute addresses; what is no address of the web (data:, about:) is none of another host."""
    for link in links:
        if len(link.url) > TEXT_CHARACTERS_MAX:
            continue
        target = absolute_url(link.url, url)
        if target:
            yield Link(link.kind, target, link.blocking, link.marks)


def absolute_url(target: str, url: str) -> str:
    """The absolute address, "" where it is none of the web."""
    try:
        joined = urljoin(url, target.strip())
        parts = urlsplit(joined)
        fine = parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        return ""
    return joined.partition("#")[0] if fine and len(joined) <= TEXT_CHARACTERS_MAX else ""


def _bounded(links: Iterable[Link]) -> tuple[tuple[Link, ...], bool]:
    """The same thing named again and again is read so often only."""
    found: dict[Link, None] = {}
    for count, link in enumerate(links):
        if len(found) >= LINKS_MAX or count >= NAMED_MAX:
            return tuple(found), False
        found[link] = None
    return tuple(found), True


def _value(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""
