"""STIX 2.1 bundles made from what is on record: an incident that was notified, or an attack detected.

The same record gives the same bytes, identifiers included, so that two exports can be compared. Marked by TLP
2.0. It names networks in which traffic was seen, never a culprit, and says so in a note.
"""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from tidegate.model.attacks import Attack, Rate
from tidegate.model.messages import Content, Mark, Tlp
from tidegate.model.organisations import Digest
from tidegate.wire.tlp import MARKINGS, marking

OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace of identifiers of observables, given by the standard (section 2.9)."""
RECORDS = UUID("6f0c3b6e-5d0e-5a53-9f38-0d4b8c3f7a11")
"""Namespace of identifiers that follow from our own records."""

CAVEAT = (
    "Source addresses can be forged. Networks named here are those in which traffic was seen; "
    "no culprit is named."
)

StixObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one record becomes: its words, what is affected, where traffic was seen, between which times."""

    record: str
    reporter: str
    name: str
    description: str
    tlp: Tlp
    mark: Mark
    made_at_s: int
    first_s: int
    last_s: int
    affected: tuple[StixObject, ...]
    sources: tuple[StixObject, ...]
    reference: str


def stix_of_incident(content: Content, message: Digest, reporter: str) -> bytes:
    """The bundle of an incident notification; `message` is its digest, `reporter` the sender's name."""
    values = {field.name: field.values for field in content.fields}
    began = _seconds(values.get("began-at", ()), content.composed_at_s)
    return _bundle(
        _Seen(
            record=message,
            reporter=reporter,
            name=" ".join((*values.get("incident", ()), *values.get("kind", ()))),
            description=_described(values, content.remarks),
            tlp=content.tlp,
            mark=content.mark,
            made_at_s=content.composed_at_s,
            first_s=began,
            last_s=max(began, _seconds(values.get("ended-at", ()), content.composed_at_s)),
            affected=_observables(values, ""),
            sources=_observables(values, "seen-from-"),
            reference=content.reference,
        )
    )


def stix_of_attack(attack: Attack, fact: Digest, reporter: str, tlp: Tlp) -> bytes:
    """The bundle of a detected attack; `fact` is the digest of the record that tells of it."""
    vectors = ", ".join(one.vector for one in attack.vectors)
    return _bundle(
        _Seen(
            record=fact,
            reporter=reporter,
            name=f"Attack {attack.number}: {vectors}",
            description=(
                f"Peak {_rate(attack.peak_bits_per_s, 'bit/s')}; {_rate(attack.packets_per_s, 'packets/s')}. "
                f"Border points: {', '.join(attack.border_points) or '-'}. "
                f"Doubts: {', '.join(attack.doubts) or 'none'}."
            ),
            tlp=tlp,
            mark="REAL",
            made_at_s=attack.last_seen_ms // 1000,
            first_s=attack.first_seen_ms // 1000,
            last_s=attack.last_seen_ms // 1000,
            affected=tuple(_address(target) for target in attack.targets),
            sources=(),
            reference=str(attack.number),
        )
    )


def _bundle(seen: _Seen) -> bytes:
    objects = _objects(seen)
    bundle = {
        "type": "bundle",
        "id": f"bundle--{uuid5(RECORDS, f'bundle {seen.record}')}",
        "objects": objects,
    }
    return json.dumps(bundle, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _objects(seen: _Seen) -> list[StixObject]:
    reporter = _record("identity", seen.reporter, seen, name=seen.reporter, identity_class="organization")
    by = str(reporter["id"])

    def made(kind: str, what: str, **properties: object) -> StixObject:
        return _record(kind, f"{seen.record} {what}", seen, created_by_ref=by, **properties)

    drill = {"labels": ["drill"]} if seen.mark == "DRILL" else {}
    name = f"DRILL: {seen.name}" if drill else seen.name
    incident = made(
        "incident",
        "incident",
        name=name,
        description=seen.description,
        external_references=[{"source_name": seen.reporter, "external_id": seen.reference}],
        **drill,
    )
    objects = [marking(seen.tlp), reporter, incident]
    for role, observed in (("affected", seen.affected), ("source", seen.sources)):
        if observed:
            data = made(
                "observed-data",
                role,
                first_observed=_time(seen.first_s),
                last_observed=_time(seen.last_s),
                number_observed=1,
                object_refs=[str(one["id"]) for one in observed],
                labels=[role],
            )
            link = made(
                "relationship",
                f"{role} link",
                relationship_type="related-to",
                source_ref=str(incident["id"]),
                target_ref=str(data["id"]),
            )
            objects += [*({str(one["id"]): one for one in observed}.values()), data, link]
    objects.append(made("note", "caveat", content=CAVEAT, object_refs=[str(incident["id"])]))
    unique = {str(one["id"]): one for one in objects}
    return list(unique.values())


def _record(kind: str, what: str, seen: _Seen, **properties: object) -> StixObject:
    at = _time(seen.made_at_s)
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid5(RECORDS, f'{kind} {what}')}",
        "created": at,
        "modified": at,
        "object_marking_refs": [MARKINGS[seen.tlp]],
        **properties,
    }


def _observables(values: Mapping[str, Sequence[str]], before: str) -> tuple[StixObject, ...]:
    return (
        *(_address(value) for value in values.get(f"{before}prefix", ())),
        *(
            _observable("autonomous-system", number=int(value[2:]))
            for value in values.get(f"{before}network", ())
        ),
        *(_observable("domain-name", value=value) for value in values.get(f"{before}domain", ())),
    )


def _address(prefix: str) -> StixObject:
    """A host without its length, as readers of STIX expect."""
    network = ipaddress.ip_network(prefix)
    alone = network.prefixlen == network.max_prefixlen
    value = str(network.network_address) if alone else str(network)
    return _observable(f"ipv{network.version}-addr", value=value)


def _observable(kind: str, **properties: object) -> StixObject:
    """Its identifier follows from its value, so that every producer gives it the same (section 2.9)."""
    named = json.dumps(properties, separators=(",", ":"))
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid5(OBSERVABLES, named)}",
        **properties,
    }


def _described(values: Mapping[str, Sequence[str]], remarks: str) -> str:
    """Codes as they are: a program reads this, and a label is only a rendering."""
    told = "; ".join(f"{name}: {', '.join(codes)}" for name, codes in values.items())
    return f"{told}\n\n{remarks}" if remarks else told


def _rate(rate: Rate, unit: str) -> str:
    return f"{rate.estimate} {unit} (90 % interval {rate.low} to {rate.high})"


def _seconds(times: Sequence[str], otherwise: int) -> int:
    """The first time that is one."""
    for text in times:
        try:
            return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    return otherwise


def _time(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
