"""Tables of an audit as comma-separated text, for spreadsheets; no cell begins what one would compute."""

import csv
import io
from collections.abc import Iterable, Sequence

from tidegate.audit.layers import Standing
from tidegate.audit.losses import Blast
from tidegate.audit.scores import Score
from tidegate.model.audit_events import MOMENTS

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula; names come from others."""


def comma_lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """With a heading; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def layers_csv(rows: Iterable[Standing]) -> str:
    head = ["service", "layer", "where", "lasts_s", "one_owner", "hangs_on"]
    told = ([one.service, one.layer, one.where, one.lasts_s, one.single, one.hangs_on] for one in rows)
    return comma_lines(head, told)


def blasts_csv(rows: Iterable[Blast]) -> str:
    moments = [moment.replace(" ", "_") for moment, _ in MOMENTS]
    head = ["kind", "name", "country", *(f"services_{moment}" for moment in moments)]
    head += [*(f"people_{moment}" for moment in moments), "people_touched", "people_perhaps"]
    told = (
        [one.kind, one.name, one.country, *one.services, *one.people, one.people_degraded, one.people_perhaps]
        for one in rows
    )
    return comma_lines(head, told)


def scores_csv(rows: Iterable[Score]) -> str:
    head = ["layer", "sites", "not_seen", "providers", "concentration", "insularity"]
    told = (
        [one.layer, one.sites, one.not_seen, one.providers, one.concentration, one.insularity] for one in rows
    )
    return comma_lines(head, told)
