"""An accord's file: read whole, or refused with the place and the way out; and what the linter says of it."""

import pytest

from tests.accord.written import WRITTEN, rewritten
from tidegate.accord.lint import lint, refuse_mistaken
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import accord_digest, decode_accord


def test_a_good_file_is_read_and_has_nothing_to_tell() -> None:
    assert lint(decode_accord(WRITTEN)) == []


def test_one_changed_byte_is_another_accord() -> None:
    assert accord_digest(rewritten("72h", "71h")) != accord_digest(WRITTEN)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("at-least", "atleast", "nearest known key is at-least"),
        ('"before"', '"sometime"', "clock"),
        ("version = 1", 'version = "one"', "version"),
        ("format = 1", "format = 2", "format"),
        ("[force]", "[force", "no TOML"),
        ("clinic.example", "clinic\u202e.example", "U+202E"),
        ("[[party]]", "[[partie]]", "nearest known key is party"),
    ],
)
def test_a_broken_file_is_refused_with_the_way_out(old: str, new: str, said: str) -> None:
    with pytest.raises(NotAllowed, match=said.replace("+", r"\+")):
        decode_accord(rewritten(old, new))


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(NotAllowed, match="UTF-8"):
        decode_accord(WRITTEN + b"\xff")


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        ('term = "5y"\nrenewal', "renewal", "force", "never begins"),
        ('notice = "6mo"\ndep', 'notice = "half a year"\ndep', "force", "no span"),
        ('depositary = "XA"', 'depositary = "XZ"', "force", "no party"),
        ('code = "XB"', 'code = "XA"', "party XA", "own"),
        ('"72h", target = "120h"', '"72h", target = "48h"', "obligation notice-of-exercise", "target"),
        ('span = "12h"', 'span = "60h"', "obligation clarify", "not stricter"),
        ('terms = ["exercise"]', 'terms = ["game"]', "obligation notice-of-exercise", "defined nowhere"),
        ('article = "6.1"', 'article = "6.1"\ntrack = "none"', "obligation clarify", "no track"),
        ('{ level = "desk", name = "XB-CERT" }, ', "", "obligation clarify", "no owner"),
        ('last = "2028-03-14"', 'last = "2028-02-14"', "period XB-vote", "before it begins"),
        ('prefixes = ["192.0.2.0/25"]', 'prefixes = ["192.0.2.1/25"]', "asset XB-clinics", "host bits"),
        ('text = { fa = "پرهیز", ru', "text = { ru", "obligation keep-off", "missing in fa"),
        (
            'article = "5.1"',
            'article = "5.1"\nduty = ["XA"]\ntoward = ["XA"]',
            "obligation keep-off",
            "itself",
        ),
    ],
)
def test_the_linter_names_each_mistake(old: str, new: str, where: str, said: str) -> None:
    accord = decode_accord(rewritten(old, new))
    mistakes = [one for one in lint(accord) if one.kind == "mistake"]
    assert any(one.where == where and said in one.what for one in mistakes), mistakes
    with pytest.raises(NotAllowed):
        refuse_mistaken(accord)


def test_a_channel_never_rests_with_a_senior_track() -> None:
    track = '\n[[track]]\nid = "t"\narticle = "8"\nlevel = "senior"\ntext = { fa = "گفتگو", ru = "Диалог" }\n'
    check = (
        '\n[[obligation]]\nid = "check"\narticle = "7"\ntrack = "t"\ntext = { fa = "آزمون", ru = "Связь" }\n'
        'clock = { kind = "every", span = "1mo" }\nevidence = "check"\n'
    )
    found = lint(decode_accord(WRITTEN + (track + check).encode()))
    assert [one.where for one in found if one.kind == "mistake"] == ["obligation check"]


def test_what_is_only_unused_is_a_doubt_and_hinders_nobody() -> None:
    accord = decode_accord(rewritten('terms = ["exercise"]', ""))
    assert [one.kind for one in lint(accord)] == ["doubt"]
    refuse_mistaken(accord)
