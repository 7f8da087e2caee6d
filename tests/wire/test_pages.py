"""What pages, style sheets and headers name to be loaded, and what of it holds a page up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.model.probes import Link
from tidegate.wire.pages import header_links, page_links, style_links

HERE = "https://bank.xa/a/"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script src=s.js></script>", Link("script", "https://bank.xa/a/s.js", True)),
        ("<script async src=s.js></script>", Link("script", "https://bank.xa/a/s.js")),
        ("<script defer src=s.js></script>", Link("script", "https://bank.xa/a/s.js")),
        ("<script type=module src=s.js></script>", Link("script", "https://bank.xa/a/s.js")),
        ("<script async blocking=render src=s.js></script>", Link("script", "https://bank.xa/a/s.js", True)),
        ("<link rel=stylesheet href=//b.xb/s.css>", Link("style", "https://b.xb/s.css", True)),
        ("<link rel=stylesheet media=print href=/s.css>", Link("style", "https://bank.xa/s.css")),
        ("<link rel='alternate stylesheet' href=/s.css>", Link("style", "https://bank.xa/s.css")),
        ("<link rel=preload as=font href=//f.xb/x>", Link("font", "https://f.xb/x")),
        ("<link rel=preconnect href=//c.xb>", Link("connection", "https://c.xb")),
        ("<iframe src=//p.xb allow='payment *'>", Link("frame", "https://p.xb", marks=("payment",))),
        ("<form action=//l.xb><input type=Password>", Link("frame", "https://l.xb", marks=("password",))),
        (
            "<form action=//c.xb><input autocomplete=cc-number>",
            Link("frame", "https://c.xb", marks=("card",)),
        ),
        ("<style>@font-face{src:url(//f.xb/a)}</style>", Link("font", "https://f.xb/a")),
        ("<base href=//b.xb/><img src=i>", Link("image", "https://b.xb/i")),
    ],
)
def test_what_a_page_loads(text: str, expected: Link) -> None:
    assert page_links(text, HERE) == ((expected,), True)


@pytest.mark.parametrize(
    "text",
    [
        "<a href=//b.xb>",
        "<script type=application/json src=x>",
        "<img src=data:x>",
        "<form><input>",
        "<img src='//[x'>",
    ],
)
def test_what_it_does_not_load(text: str) -> None:
    assert page_links(text, HERE) == ((), True)


def test_what_a_style_sheet_asks_for() -> None:
    text = "@import 'b.css'; @font-face { src: url( \"//f.xb/x\" ), url(y) } a{b:url(z)}"
    found, whole = style_links(text, HERE)
    assert found == (
        Link("style", "https://bank.xa/a/b.css", True),
        Link("font", "https://f.xb/x"),
        Link("font", "https://bank.xa/a/y"),
    )
    assert whole


def test_what_headers_announce() -> None:
    policy = "default-src 'self'; script-src 'nonce-x' cdn.xb *.any.xb; connect-src wss://live.xb https:"
    links = ['<https://f.xb>; rel=preconnect, </s.css>; rel="preload"; as="style"']
    found, _ = header_links([policy], links, HERE)
    assert set(found) == {
        Link("script", "https://cdn.xb"),
        Link("connection", "wss://live.xb"),
        Link("connection", "https://f.xb"),
        Link("style", "https://bank.xa/s.css"),
    }


@given(st.text(st.sampled_from("<>\"'= /:.@{}()\\abcdefghijklmnopqrstuvwxyz\x00\ud7ff"), max_size=300))
def test_any_text_is_read(text: str) -> None:
    for links, whole in (page_links(text, HERE), style_links(text, HERE), header_links([text], [text], HERE)):
        assert whole
        assert all(link.url.startswith(("http", "ws")) for link in links)
