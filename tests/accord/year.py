"""A scripted year under the bilateral template: what is kept, what is late, what is missed."""

from tests.accord.exchange import DAY_S, HOUR_S, ORGANISATIONS, Exchange, notice
from tidegate.accord.spans import begin_of_day, parse_day
from tidegate.app.accord.drafting import PartyDraft, draft
from tidegate.hotline.values import time_value

BEGIN_S = begin_of_day(parse_day("2028-01-01"))
ELECTION = b"""
[[period]]
id = "XB-vote-2028"
party = "XB"
kind = "election"
first = "2028-06-01"
last = "2028-06-21"

[[asset]]
id = "XB-registry"
party = "XB"
asset-class = "election"
prefixes = ["203.0.113.0/25"]
"""


def written() -> bytes:
    """The bilateral template for XA and XB, in Persian and Russian, with XB's election in June."""
    parties = [PartyDraft(code, f"State {code}", ORGANISATIONS[code]) for code in ("XA", "XB")]
    return draft("bilateral-incidents", "XA-XB-2028", parties, ["fa", "ru"], "") + ELECTION


class Year:
    """The story; names of what matters are kept, for tests to ask about."""

    def __init__(self) -> None:
        self.exchange = Exchange(written())
        self.names: dict[str, str] = {}
        for by in ("XA", "XB"):
            self.exchange.sign(by, BEGIN_S)
        for by in ("XA", "XB"):
            self.exchange.say(
                by, "declaration", BEGIN_S + DAY_S, level="senior", declaration="pledge", act="made",
                pledge="no-first-strike", guarantee_id="no-first-strike",
            )  # fmt: skip
        self.checks()
        self.exercises()
        self.incident_in_the_election()
        self.clarifications()
        self.review()

    def checks(self) -> None:
        """Both sides check each month in both languages; XB misses May."""
        for month in range(12):
            for by in ("XA", "XB"):
                for language in ("fa", "ru"):
                    at_s = BEGIN_S + (30 * month + 5) * DAY_S
                    if (by, month) == ("XB", 4):
                        continue
                    asked = self.exchange.say(by, "check", at_s, language=language, check="scheduled")
                    other = "XB" if by == "XA" else "XA"
                    self.exchange.say(
                        other, "receipt", at_s + HOUR_S, answers=asked, receipt="opened",
                        opened_at=time_value(at_s),
                    )  # fmt: skip

    def exercises(self) -> None:
        begins_s = BEGIN_S + 60 * DAY_S
        notice(self.exchange, "XA", begins_s - 130 * HOUR_S, begins_s, "2028-1")
        notice(self.exchange, "XB", begins_s - 20 * HOUR_S, begins_s, "2028-1")
        self.names |= {
            "in time": "notice-of-exercise/XA/XB/XA/2028-1",
            "too late": "notice-of-exercise/XB/XA/XB/2028-1",
        }

    def incident_in_the_election(self) -> None:
        """XA knows at noon and tells five hours later: in time on ordinary days, late in an election."""
        known_s = begin_of_day(parse_day("2028-06-10")) + 12 * HOUR_S
        self.exchange.say(
            "XA", "incident", known_s + 5 * HOUR_S, incident="2028-7", incident_stage="initial",
            kind="ddos", status="ongoing", severity="high", confidence="likely", prefix="203.0.113.0/25",
            detected_at=time_value(known_s),
        )  # fmt: skip
        self.names["incident"] = "notify-incident/XA/XB/XA/2028-7"

    def clarifications(self) -> None:
        asked_s = BEGIN_S + 200 * DAY_S
        asked = self.exchange.say(
            "XB", "clarification-request", asked_s, subject="other", question="known-to-you"
        )
        self.exchange.say(
            "XA", "clarification-reply", asked_s + 47 * HOUR_S, answers=asked, finding="not-known"
        )  # fmt: skip
        never = self.exchange.say(
            "XA", "clarification-request", asked_s + 30 * DAY_S, subject="other", question="known-to-you"
        )  # fmt: skip
        self.names |= {"answered": f"clarify/XA/XB/{asked}", "never answered": f"clarify/XB/XA/{never}"}

    def review(self) -> None:
        held_s = BEGIN_S + 340 * DAY_S
        for by in ("XA", "XB"):
            self.exchange.say(
                by, "free-text", held_s, level="senior", purpose="minutes", happening="review-held"
            )
