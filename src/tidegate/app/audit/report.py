"""All that an audit's page tells, as one value."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.audit.advice import Advice
from tidegate.audit.fates import Answer
from tidegate.audit.layers import LayerTotal, Standing
from tidegate.audit.losses import Blast
from tidegate.audit.policies import Breach
from tidegate.audit.scores import Score
from tidegate.model.audits import ServiceListed

SERVICES_MAX = 60
"""Services in each table of the page, those with most people; --csv and --json have all."""


FURTHER_SERVICES_MAX = 15
"""Services told of each what-if after the first, those that are hit worst: what is printed is to be read."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that a page tells. `breaches` is None where no policy was named."""

    home: str
    at_s: int
    observations: int
    things: int
    dependencies: int
    services: Sequence[ServiceListed]
    standing: Sequence[Standing]
    totals: Sequence[LayerTotal]
    answers: Sequence[Answer]
    blasts: Sequence[Blast]
    scores: Sequence[Score]
    advice: Advice
    breaches: Sequence[Breach] | None
    not_seen: Sequence[str]
