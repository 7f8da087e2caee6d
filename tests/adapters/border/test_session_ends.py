"""What ExaBGP says of a session that ended, in words that say where to look."""

import pytest

from tidegate.adapters.border.session_ends import ended_by, why_down

LIMIT = "notification received (6,1)"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (LIMIT, "the router ended it (Cease: more routes than its limit for this session; raise it there)"),
        ("notification received (4,0)", "the router ended it (hold time over)"),
        ("notification sent (4,0)", "we ended it (hold time over)"),
        (
            "notification received (2,2)",
            "the router ended it (error in the OPEN message: it expects another AS",
        ),
        ("notification received (6,77)", "the router ended it (Cease: subcode 77)"),
        ("notification received (99,0)", "the router ended it (code 99)"),
    ],
)
def test_a_notification_is_told_in_words(reason: str, told: str) -> None:
    assert why_down(reason, "").startswith(told)


def test_what_a_router_said_is_not_hidden_by_the_tries_after_it() -> None:
    said = ended_by(LIMIT)
    assert why_down("closing connection", said) == (
        f"{said}; since then no connection, or it was closed without a word"
    )
    assert why_down("notification received (6,2)", said).endswith("(Cease: shut down by its operator)")


def test_without_a_notification_its_own_words_stand() -> None:
    assert ended_by("closing connection") == ""
    assert why_down("process problem", "") == "process problem"
    assert why_down("", "") == "the session is down"
