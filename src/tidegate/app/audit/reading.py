"""Audits opened: from a file of observations, from a list of services alone, or made up."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tidegate.audit.auditing import Audit, audit_of
from tidegate.audit.synthetic import synthetic_audit
from tidegate.model.audit_costs import Costs
from tidegate.model.audit_events import Policy, WhatIf
from tidegate.model.audits import Observation
from tidegate.model.refusals import NotAllowed
from tidegate.ports.files import LocalFiles
from tidegate.wire.observations import decode_observations, encode_observations
from tidegate.wire.services_file import decode_costs, decode_policy, decode_service_list, decode_what_if

AUDIT_BYTES_MAX = 1 << 31
"""Bytes of one audit's file; a longer one is refused."""

TOLD_BYTES_MAX = 1 << 24
"""Bytes of a list of services, of events or of a policy; a longer one is refused."""

SYNTHETIC = "synthetic"
MADE_UP_SERVICES = 50
LINES = ".jsonl"


def open_audit(files: LocalFiles, told: str, now_s: int) -> Audit:
    """`told` is a file, or "synthetic", "synthetic:SERVICES" or "synthetic:SERVICES:SEED"."""
    return audit_of(observations_of(files, told, now_s))


def observations_of(files: LocalFiles, told: str, now_s: int, country: str = "") -> Sequence[Observation]:
    """Of a file of observations, or of a list of services (TOML, comma-separated, or a domain a line), which
    were declared at `now_s`. NotAllowed where there is no such file.
    """
    if told.partition(":")[0] == SYNTHETIC:
        return tuple(_made_up(told))
    path = Path(told)
    if not path.exists():
        raise NotAllowed(
            f"There is no audit in {path}. Find one out with `tidegate audit probe SERVICES -o {path}`, "
            "or try a made-up one with --audit synthetic."
        )
    if path.suffix == LINES:
        return decode_observations(files.read(path, AUDIT_BYTES_MAX), path.name)
    return decode_service_list(files.read(path, TOLD_BYTES_MAX), path.name, now_s, country)


def _made_up(told: str) -> Iterable[Observation]:
    parts = told.split(":")[1:]
    if len(parts) > 2 or not all(part.isdigit() and len(part) < 10 for part in parts):
        raise NotAllowed(f"{told!r}: write synthetic, synthetic:SERVICES or synthetic:SERVICES:SEED.")
    services, seed = (int(part) for part in (*parts, *(str(MADE_UP_SERVICES), "1")[len(parts) :]))
    return synthetic_audit(seed, services)


def read_what_if(files: LocalFiles, path: Path) -> WhatIf:
    return decode_what_if(files.read(path, TOLD_BYTES_MAX), path.name)


def read_policy(files: LocalFiles, path: Path) -> Policy:
    return decode_policy(files.read(path, TOLD_BYTES_MAX), path.name)


def read_costs(files: LocalFiles, path: Path | None) -> Costs:
    """Ours, where no file is named."""
    return Costs() if path is None else decode_costs(files.read(path, TOLD_BYTES_MAX), path.name)


def write_audit(files: LocalFiles, path: Path, observations: Iterable[Observation]) -> None:
    files.write(path, encode_observations(observations))


def not_seen(audit: Audit) -> tuple[str, ...]:
    """What was asked and not answered, one sentence each, in order."""
    return tuple(
        f"{one.question.replace('_', ' ')} of {one.about}: {one.reason.replace('_', ' ')}"
        + (f" ({one.detail})" if one.detail else "")
        for _, one in sorted(audit.observed.not_seen.items())
    )
