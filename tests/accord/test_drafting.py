"""Every template, for every number of parties and every language, makes a file that nothing is wrong with."""

import pytest

from tidegate.accord.lint import lint
from tidegate.app.accord.drafting import PartyDraft, draft, read_data, templates
from tidegate.model.labels import LANGUAGES
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import decode_accord

PARTIES = [
    PartyDraft(code, f"State {code}", letter * 64) for code, letter in (("XA", "a"), ("XB", "b"), ("QM", "c"))
]


@pytest.mark.parametrize("name", list(templates()))
@pytest.mark.parametrize("languages", [["fa", "ru"], ["en"], list(LANGUAGES)])
def test_a_template_makes_a_file_without_a_mistake(name: str, languages: list[str]) -> None:
    count = 2 if templates()[name].parties == "two" else 3
    written = draft(name, "XA-XB-2028", PARTIES[:count], languages, languages[0])
    accord = decode_accord(written)
    assert [one for one in lint(accord) if one.kind == "mistake"] == []
    articles = [one.article for one in (*accord.obligation, *accord.guarantee, *accord.track)]
    assert len(articles) == len(set(articles)) == sum(len(rows) - 1 for rows in templates()[name].articles)


def test_a_file_explains_itself() -> None:
    written = draft("bilateral-incidents", "XA-XB-2028", PARTIES[:2], ["en"], "").decode()
    assert written.startswith("# ")
    assert written.count("\n# ") > 20


def test_every_clause_is_used_and_worded_in_every_language() -> None:
    clauses = read_data("clauses.toml")
    used = {name for one in templates().values() for rows in one.articles for name in rows[1:]}
    assert used == {name for kind in clauses.values() for name in kind}
    for kind in clauses.values():
        for name, clause in kind.items():
            assert set(clause["text"]) == set(LANGUAGES), name


@pytest.mark.parametrize(
    ("name", "parties", "languages", "said"),
    [
        ("bilateral", 2, ["en"], "there is no template"),
        ("bilateral-incidents", 3, ["en"], "for two parties"),
        ("no-first-strike", 1, ["en"], "parties"),
        ("road-map", 3, ["xx"], "written in"),
        ("road-map", 3, [], "written in"),
    ],
)
def test_what_cannot_be_drafted_is_said(name: str, parties: int, languages: list[str], said: str) -> None:
    with pytest.raises(NotAllowed, match=said):
        draft(name, "X", PARTIES[:parties], languages, "")
