"""Sentences read back from their English form: what an officer may meet is told in six languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.mitigate.test_verdict import BEFORE, COUNTERS, about, during, verdict
from tidegate.adapters.border.receivers import LACKED, ON_THE_WAY, REFUSED
from tidegate.adapters.border.session_ends import NO_CONNECTION, ended_by, why_down
from tidegate.app.health import TEXTS, finding
from tidegate.app.plan_checks import of_failed, of_receiver, of_session
from tidegate.app.plans_note import FailedNote, ReceiverNote, SessionNote, told_by
from tidegate.model.labels import LANGUAGES, Language, retold, sentences
from tidegate.model.labels.table import groups
from tidegate.ports.border import ReadBack

SOURCES = Path(__file__).parents[2] / "src" / "tidegate"
OTHERS: tuple[Language, ...] = LANGUAGES[1:]
ISOLATES = re.compile("[\u2068\u2069]")
PLACE = re.compile(r"{\w+}")


def told(text: str, language: Language) -> str:
    return ISOLATES.sub("", retold(text, language))


@pytest.mark.parametrize("language", OTHERS)
def test_every_template_is_found_again_whatever_stands_in_its_places(language: Language) -> None:
    for one in sentences(language):
        assert told(PLACE.sub("198.51.100.0/24", one.english), language) == PLACE.sub(
            "198.51.100.0/24", one.told
        )


def test_values_keep_their_place_and_their_direction() -> None:
    text = "plan 7 has the word of 1 of two different officers other than its proposer, tidegate"
    assert retold(text, "ru") == (
        "план 7: есть слово 1 из двух разных сотрудников, не считая предложившего (tidegate)"
    )
    assert retold(text, "fa").count("\u2068") == 3
    assert retold(text, "en") == text


def test_a_refusal_within_a_refusal_is_told_too() -> None:
    within = "198.51.0.0/14 is wider than the limit, /16"
    assert told(f"rule 2 (198.51.0.0/14 at north): {within}", "az") == (
        "qayda 2 (198.51.0.0/14, north): 198.51.0.0/14 həddən genişdir: /16"
    )
    assert "yüksək" in told("plan 7 needs an officer of level senior as one of the two", "az")


def test_several_sentences_are_told_one_by_one_and_a_strange_one_stays() -> None:
    one = "The BGP session at north is down; no rules are held there."
    assert told(f"{one} Somebody else wrote this.", "ru") == (
        "Сеанс BGP в точке north разорван; правила там не действуют. Somebody else wrote this."
    )
    assert retold("Somebody else wrote this.", "ru") == "Somebody else wrote this."


# What an officer meets: the function's name, or None for the whole file.
REFUSALS = (
    ("mitigate/guard.py", None),
    ("mitigate/possible.py", None),
    ("mitigate/approval.py", None),
    ("mitigate/held_back.py", "much_held_back"),
    ("mitigate/roster.py", "live"),
    ("mitigate/moves.py", "with_approval"),
    ("mitigate/why.py", "why_not"),
    ("mitigate/why.py", "why_nothing"),
    ("mitigate/why.py", "_told"),
    ("mitigate/why.py", "_rests_on"),
    ("mitigate/why.py", "_not_told_apart"),
    ("app/console/entering.py", "officer_behind"),
    ("app/console/entering.py", "take"),
    ("app/console/entering.py", "invitation_of"),
    ("app/console/entering.py", "lay_down"),
    ("console/enrolment.py", None),
    ("adapters/hotline/https_client.py", "_words"),
    ("adapters/hotline/https_client.py", "_on"),
    ("app/desk.py", "give_word"),
    ("app/desk.py", "approve"),
    ("app/plan_moves.py", "lapse_words"),
    ("app/plan_moves.py", "unmeasured"),
    ("app/mitigation.py", None),
    ("app/reconciler.py", None),
)
SETTINGS = "guard.{} = {}: it may be set from {} to {}"
"""The one sentence of these files that the configuration's author meets, and no officer."""


def sentence_of(node: ast.expr) -> str | None:
    """The words of a text in the source, with {} for what is put in; None for another expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


KINDS = ("NotAllowed", "NotApproved", "SignInFirst", "PlanFailed", "PlanExpired")


def said(where: ast.AST) -> Iterator[str]:
    for node in ast.walk(where):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "NotAllowed",
            "NotApproved",
            "SignInFirst",
        ):
            found = node.args
        elif isinstance(node, ast.Return | ast.Yield) and node.value is not None:
            values = [node.value, *getattr(node.value, "elts", [])]
            found = [branch for value in values for branch in branches(value)]
        for each in found:
            text = sentence_of(each)
            if text is not None and " " in text and re.search("[a-z]{2}", text):
                yield text


def branches(value: ast.expr) -> list[ast.expr]:
    return [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]


def is_told(text: str) -> bool:
    """Filled with a number it is read back; or what is put in belongs to the words of a template."""
    sample = text.replace("{}", "7")
    pattern = re.compile(".*".join(map(re.escape, text.split("{}"))))
    return told(sample, "ru") != sample or any(pattern.fullmatch(one.english) for one in sentences("ru"))


def test_every_refusal_and_reason_in_the_sources_has_its_template() -> None:
    seen = 0
    for file, function in REFUSALS:
        tree: ast.AST = ast.parse((SOURCES / file).read_text())
        if function is not None:
            tree = next(
                one
                for one in ast.walk(tree)
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name == function
            )
        for text in said(tree):
            seen += 1
            assert text == SETTINGS or is_told(text), f"{file}: {text}"
    assert seen > 60


VERDICTS = (
    verdict(),
    verdict(up=False),
    verdict(before=msgspec.structs.replace(BEFORE, sampled_flows=3)),
    verdict(during(matched_bits_per_s=about(9 * 10**9))),
    verdict(during(other_bits_per_s=about(10**8))),
    verdict(during(sampled_flows=0)),
    verdict(counters=COUNTERS, now=during(matched_bits_per_s=about(9 * 10**9))),
)


@pytest.mark.parametrize("language", OTHERS)
def test_every_reason_of_a_verdict_is_told(language: Language) -> None:
    for given in VERDICTS:
        for reason in given.reasons:
            assert retold(reason.words, language) != reason.words, reason


CEASED = "notification received (6,{})"
WHYS = (
    "its session is not up",
    "the mirror's session is not up",
    REFUSED.format(count=3),
    LACKED.format(lacked=2, sent=3),
    ON_THE_WAY.format(lacked=1, sent=3),
)
NOT_AGREED = "the rules held at north, seen at r1, are not those agreed"
ENDS = (
    why_down(CEASED.format(1), ""),
    why_down("notification received (2,2)", ""),
    why_down("notification sent (4,0)", ""),
    why_down(NO_CONNECTION, ended_by(CEASED.format(5))),
)


@pytest.mark.parametrize("language", OTHERS)
def test_what_is_wrong_at_the_border_is_told_with_its_reason(language: Language) -> None:
    """As the doctor's checks and the desk make it of what the speaker and receivers say."""
    notes = [
        SessionNote(router="r1", border_point="north", state=state, lacking=lacking, why=why)
        for state, lacking, why in (
            ("down", (), "the session is down"),
            *(("down", (), why) for why in ENDS),
            ("unknown", (), "the BGP program has not told yet"),
            ("up", ("ipv6 flowspec",), ""),
        )
    ]
    checks = [of_session(note) for note in notes]
    for why in WHYS:
        seen = told_by([ReadBack(border_point="north", receiver="r1 (birdc)", rules=None, why=why)] * 2)
        for refusing in ("", seen):
            note = ReceiverNote(border_point="north", asked=2, answered=0, why=seen, refusing=refusing)
            checks.append(of_receiver(note))
    checks.append(of_failed(FailedNote(plan=7, at_ms=0, why=NOT_AGREED), 9_000))
    for check in checks:
        assert check.severity == "problem"
        again = told(f"{check.about}: {check.text}", language)
        assert "r1" in again, check
        assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}", again) or language in ("tr", "az")
        assert not any(word in again for word in (" is ", " the ", " its ", " not ")), again


def test_findings_say_in_english_what_their_labels_say() -> None:
    labels = groups()["told-finding"]
    assert {code: text for code, (_, text) in TEXTS.items()} == {code: labels[code]["en"] for code in TEXTS}


def test_a_finding_is_told_with_the_words_in_its_places() -> None:
    found = finding("clock_skew", "192.0.2.1#0", seconds=9, direction="ahead")
    assert told(found.text, "ru").startswith("Часы 192.0.2.1#0 расходятся")
    assert "(спешат)" in told(found.text, "ru")
