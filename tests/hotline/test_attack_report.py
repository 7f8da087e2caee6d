"""A detected attack as the fields of an incident notification: what was measured, and no more."""

import json

from tests.hotline.messages import content
from tests.stories import an_attack
from tidegate.app.hotline.attack_report import incident_fields, stix_of_life
from tidegate.app.queries import AttackChange
from tidegate.hotline.content import check_content, problems
from tidegate.hotline.fields import SOURCE_FIELDS

SAID = {
    "incident": ("XA-1",),
    "incident-stage": ("initial",),
    "severity": ("serious",),
    "confidence": ("confirmed",),
}
"""What an officer adds."""


def life(change: str, **told: object) -> list[AttackChange]:
    return [AttackChange(fact=7, at_ms=1_795_644_300_000, change=change, attack=an_attack(number=1, **told))]


def test_the_fields_are_allowed_once_an_officer_has_said_the_rest() -> None:
    for change in ("detected", "ended"):
        fields = incident_fields(life(change))
        check_content(content(fields={**fields, **SAID}))
        missing = {problem.name for problem in problems(content(fields=fields))}
        assert missing == set(SAID), "severity and confidence are never filled in"
        assert not set(fields) & SOURCE_FIELDS, "nobody is named"


def test_an_attack_that_ended_says_when() -> None:
    assert incident_fields(life("ended"))["status"] == ("ended",)
    assert "ended-at" in incident_fields(life("ended"))
    assert "ended-at" not in incident_fields(life("changed"))


def test_what_cannot_be_scaled_has_no_rate() -> None:
    assert "peak-bps" in incident_fields(life("detected"))
    assert "peak-bps" not in incident_fields(life("detected", actionable=False))


def test_the_bundle_tells_of_the_attack_as_last_seen() -> None:
    bundle = json.loads(stix_of_life(life("detected"), "TLP:GREEN"))
    assert {one["type"] for one in bundle["objects"]} >= {"incident", "observed-data", "note"}
