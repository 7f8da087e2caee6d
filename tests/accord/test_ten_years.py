"""Ten years of three parties under every template: each clock stands where the slow model says."""

import random

import pytest

from tests.naive import standing as naive
from tidegate.accord.reckoning import Force, Reckoning
from tidegate.accord.spans import begin_of_day, parse_day
from tidegate.app.accord.drafting import PartyDraft, draft, templates
from tidegate.model.accords import Accord, After, Before, Never, Occurrence, Receipted, Told
from tidegate.wire.accord_file import decode_accord

BEGIN_S = begin_of_day(parse_day("2027-12-31")) + 3_600
DAY_S = 86_400
TEN_YEARS_S = 3_653 * DAY_S
ACTS = ("exercise", "scan", "maintenance")
PERIODS = b"""
[[period]]
id = "vote"
party = "XB"
kind = "election"
first = "2030-02-01"
last = "2030-04-30"

[[asset]]
id = "clinic"
party = "XA"
asset-class = "hospital"
prefixes = ["192.0.2.0/25"]
"""


def accord_of(template: str) -> Accord:
    codes = ("XA", "XB") if templates()[template].parties == "two" else ("XA", "XB", "QM")
    parties = [PartyDraft(code, code, "") for code in codes]
    return decode_accord(draft(template, "ten-years", parties, ["fa", "ru"], "") + PERIODS)


def life(accord: Accord, seed: int) -> list[Told]:
    """Triggers of every obligation again and again, answered early, late, on the last moment or never."""
    rng = random.Random(seed)
    codes = [party.code for party in accord.party]
    told: list[Told] = []

    def tell(moment_s: int, by: str, toward: str, **more: object) -> Occurrence:
        reference = f"m{len(told)}"
        known = {
            "at_s": moment_s,
            "sent_at_s": moment_s,
            "reference": reference,
            "language": rng.choice(["fa", "ru"]),
        }
        one = Occurrence(fact=len(told), by=by, toward=(toward,), **(known | more))  # type: ignore[arg-type]
        told.append(one)
        if one.sent_at_s is not None and rng.random() < 0.95:
            told.append(
                Receipted(
                    fact=len(told), reference=one.reference, by=toward, at_s=moment_s + rng.randint(1, 9_000)
                )
            )
        return one

    for obligation in accord.obligation:
        for _ in range(6):
            at_s = BEGIN_S + rng.randrange(TEN_YEARS_S)
            by, toward = rng.sample(codes, 2)
            assets = ("clinic",) if rng.random() < 0.3 else ()
            hours = rng.choice([1, 4, 12, 24, 47, 48, 49, 200])
            match obligation.clock:
                case Before(act=act):
                    tell(at_s - hours * 3_600, by, toward, kind="notice", act=act, at_s=at_s)
                case After(event=event, obliges=obliges):
                    trigger = tell(at_s, by, toward, kind=event, assets=assets)
                    answerer, asker = (by, toward) if obliges == "author" else (toward, by)
                    if rng.random() < 0.8:
                        after_s = at_s + hours * 3_600
                        tell(after_s, answerer, asker, kind=obligation.evidence, about=trigger.reference)
                case Never(act=act):
                    tell(at_s, by, toward, kind=act, assets=assets)
                case _:
                    tell(at_s, by, toward, kind=obligation.evidence)
    return told


@pytest.mark.parametrize("template", list(templates()))
def test_ten_years_stand_as_the_slow_model_says(template: str) -> None:
    accord, force = accord_of(template), Force(BEGIN_S)
    told = life(accord, seed=7)
    reckoning = Reckoning(accord, force)
    for one in told:
        reckoning.hear(one)
    stages: set[str] = set()
    for years in (3, 10):
        now_s = BEGIN_S + years * TEN_YEARS_S // 10
        found = {one.name: (str(one.stage), one.due_s, one.kept_s) for one in reckoning.standing(now_s)}
        expected = naive.standing(accord, BEGIN_S, None, told, now_s)
        assert {name: found[name] for name in expected} == expected
        stages |= {stage for stage, _, __ in found.values()}
    assert {"due", "met", "late"} <= stages
