"""What the doors ask of audits, under one name; importing it loads the kernels of dependencies."""

from pathlib import Path

from tidegate.app.audit.joining import is_scenario, rehearsed
from tidegate.app.audit.page import page
from tidegate.app.audit.reading import (
    LINES,
    SYNTHETIC,
    not_seen,
    observations_of,
    open_audit,
    read_costs,
    read_policy,
    read_what_if,
    write_audit,
)
from tidegate.app.audit.report import Report
from tidegate.app.audit.telling import CertificateHeld, Explained, explain, findings_of, report_of, tables_of
from tidegate.audit.advice import Advice, Advised, advise
from tidegate.audit.auditing import Audit, audit_of
from tidegate.audit.causes import Step
from tidegate.audit.comparing import Difference, differences, standing_words
from tidegate.audit.fates import Answer, Fate, answer
from tidegate.audit.layers import WHERE_WORDS, LayerTotal, Standing, standings, totals
from tidegate.audit.losses import Blast, blasts
from tidegate.audit.policies import Breach, breaches
from tidegate.audit.scores import Score, scores
from tidegate.kernels import dependencies
from tidegate.kernels.jit import kept

__all__ = [
    "LINES",
    "SYNTHETIC",
    "WHERE_WORDS",
    "Advice",
    "Advised",
    "Answer",
    "Audit",
    "Blast",
    "Breach",
    "CertificateHeld",
    "Difference",
    "Explained",
    "Fate",
    "LayerTotal",
    "Report",
    "Score",
    "Standing",
    "Step",
    "advise",
    "answer",
    "audit_of",
    "blasts",
    "breaches",
    "compiles_first",
    "differences",
    "explain",
    "findings_of",
    "is_scenario",
    "not_seen",
    "observations_of",
    "open_audit",
    "page",
    "read_costs",
    "read_policy",
    "read_what_if",
    "rehearsed",
    "report_of",
    "scores",
    "standing_words",
    "standings",
    "tables_of",
    "totals",
    "write_audit",
]


def compiles_first() -> bool:
    """Whether the kernels must be compiled before they answer: on a first start they must."""
    return not kept(Path(str(dependencies.__file__)))
