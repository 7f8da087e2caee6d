"""What a study is: a question about a world or an audit, what is told of it meanwhile, and what is kept.

Answers travel as JSON in parts, as `--json` of the commands tells the same; the console passes them on and
never takes them apart, so that it need not load what computes them.
"""

from typing import Annotated, Literal

import msgspec

from tidegate.model.audit_costs import Costs
from tidegate.model.audit_events import Policy, WhatIf
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.scenarios import Scenario
from tidegate.ports.outside import OutsideFailed

CHANGES_MAX = 20
"""Changes that a page asks to be advised of; more are refused."""

HOURS_MAX = 10 * 365 * 24
"""Hours after a loss of which a page asks: ten years, beyond which no certificate and no key lasts."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="about"):
    """One question. `world` and `audit` are names that the sources list."""


class WorldAsked(_Asked, frozen=True, tag="world"):
    """How every country of a world hangs on the rest."""

    world: str


class ScenarioAsked(_Asked, frozen=True, tag="scenario"):
    """What a scenario would do; chokepoints and advice for the first country that it is about."""

    world: str
    scenario: Scenario


class AllianceAsked(_Asked, frozen=True, tag="alliance"):
    """Whom some countries still reach when only they remain; without any, which sets bring `at_least` so
    many people together."""

    world: str
    countries: tuple[str, ...] = ()
    at_least: int = 0


class AuditAsked(_Asked, frozen=True, tag="audit"):
    """What the services of an audit stand on. `home` is needed where they are of several countries."""

    audit: str
    home: str = ""


class WhatIfAsked(_Asked, frozen=True, tag="what_if"):
    """What becomes of the services after events."""

    audit: str
    what_if: WhatIf
    home: str = ""


class CutAsked(_Asked, frozen=True, tag="rehearsed"):
    """What becomes of the services where only those networks are still reached that a rehearsal leaves."""

    audit: str
    world: str
    scenario: Scenario
    home: str = ""


class PolicyAsked(_Asked, frozen=True, tag="policy"):
    """Which rules are broken, and by whom."""

    audit: str
    policy: Policy
    home: str = ""


class DiffAsked(_Asked, frozen=True, tag="diff"):
    """What is told differently of `audit` than of an earlier one."""

    audit: str
    before: str
    home: str = ""


class AdviceAsked(_Asked, frozen=True, tag="advice"):
    """Which changes help most, and which most for what they cost. Without `budget`, all may be had."""

    audit: str
    home: str = ""
    changes: Annotated[int, msgspec.Meta(ge=1, le=CHANGES_MAX)] = 5
    hours: Annotated[int, msgspec.Meta(ge=0, le=HOURS_MAX)] = 30 * 24
    costs: Costs = Costs()
    budget: Annotated[float, msgspec.Meta(ge=0, le=1e12)] | None = None


class ServiceAsked(_Asked, frozen=True, tag="service"):
    """All that one service stands on, and what stops it alone."""

    audit: str
    service: str


RehearsalAsked = WorldAsked | ScenarioAsked | AllianceAsked
ServicesAsked = AuditAsked | WhatIfAsked | CutAsked | PolicyAsked | DiffAsked | AdviceAsked | ServiceAsked
Asked = RehearsalAsked | ServicesAsked


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that computes is given. `place` is a file's path, or "synthetic"; `beside` that of the
    earlier audit or the world where one is asked about, too.
    """

    asked: Asked
    place: str
    beside: str = ""


StepName = Literal[
    "compiling", "reading", "measuring", "answering", "chokepoints", "links", "alliances", "losses", "changes"
]


class Step(msgspec.Struct, frozen=True, tag="step"):
    """What is being done now; `of` is 0 where nobody knows how much there is to do."""

    step: StepName
    done: int = 0
    of: int = 0


class Part(msgspec.Struct, frozen=True, tag="part"):
    """A part of the answer, by name."""

    name: str
    told: msgspec.Raw


class Refusal(msgspec.Struct, frozen=True, tag="refusal"):
    """Why a part is not there; the whole answer where `part` is "". `kind` as in `endpoint.Wrong`."""

    part: str
    kind: str
    why: str
    remedy: str = ""


Told = Step | Part | Refusal


def part(name: str, told: object) -> Part:
    return Part(name, msgspec.Raw(msgspec.json.encode(told)))


def refusal(name: str, refused: Exception) -> Refusal:
    """Of a part, or of the whole."""
    match refused:
        case NotAllowed():
            return Refusal(name, "not-allowed", refused.why)
        case Full():
            return Refusal(name, "full", str(refused))
        case OutsideFailed():
            return Refusal(name, "outside", f"{refused.what}: {refused.where}", refused.remedy)
    return Refusal(name, "malformed", str(refused))


Standing = Literal["waiting", "working", "done", "failed", "ended"]
"""`ended` by somebody, or with the console."""


class StudyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One study in a list. `key` is the same for the same question to the same file."""

    number: int
    key: str
    asked: Asked
    by: str
    asked_ms: int
    standing: Standing


class StudyKept(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on the shelf of one that is over."""

    parts: tuple[Part, ...]
    refusals: tuple[Refusal, ...]


class StudyView(msgspec.Struct, frozen=True, kw_only=True):
    """One study as it stands. `before` are those that come first, `step` what is being done where it is
    under way; `parts` are those behind the first `after` that were asked to be left out."""

    at_ms: int
    row: StudyRow
    before: int
    step: Step | None
    parts: tuple[Part, ...]
    refusals: tuple[Refusal, ...]


class StudyBegun(msgspec.Struct, frozen=True):
    number: int
