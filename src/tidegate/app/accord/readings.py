"""What one message means under an accord: content with its codes in, occurrences out.

A reading depends on the content alone, never on who reads it: both sides of an exchange make the same
occurrences of it, but for the numbers of their own facts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec

from tidegate.hotline.values import time_of
from tidegate.model.accords import Accord, Asset, Happening, Occurrence, PartyCode
from tidegate.model.messages import Content, FormName
from tidegate.model.organisations import Digest, OrganisationId

Codes = Mapping[OrganisationId, PartyCode]

NETWORKS_AT_HAND_MAX = 4_096
"""Prefixes that are at hand as networks; the one that was asked for longest ago is read anew."""


def accord_named(content: Content) -> str:
    """The id of the accord that a message names, which an article may follow ("XA-XB-2028 4.1")."""
    return content.accord.replace("#", " ").split(" ")[0]


class Reading:
    """The fields of one message, and the accord that it is read under."""

    def __init__(self, accord: Accord, codes: Codes, content: Content, message: Digest, fact: int) -> None:
        self._fields = {field.name: field.values for field in content.fields}
        self.accord = accord
        self.content = content
        self.by = codes[content.sender]
        self.toward = tuple(sorted(codes[one] for one in content.recipients if one in codes))
        self.message = message
        self.fact = fact

    def one(self, name: str) -> str:
        """The field's only value, or none."""
        values = self._fields.get(name, ())
        return values[0] if values else ""

    def many(self, name: str) -> Sequence[str]:
        return self._fields.get(name, ())

    def time(self, name: str) -> int:
        """The field's time, or that of the message where it has none."""
        value = self.one(name)
        return time_of(value) if value else self.content.composed_at_s

    def numbered(self, name: str) -> str:
        """A number that its author gave, which is nobody else's; empty where there is none."""
        number = self.one(name)
        return f"{self.by}/{number}" if number else ""

    def assets(self) -> tuple[str, ...]:
        """Protected assets that the message names, or a part of them: a host within their ranges, a name
        under theirs. A range around one names none."""
        return tuple(asset.id for asset in self.accord.asset if self._names(asset))

    def _names(self, asset: Asset) -> bool:
        return (
            bool({*self.many("network")} & {f"AS{network}" for network in asset.networks})
            or any(lies_in(one, whole) for one in self.many("prefix") for whole in asset.prefixes)
            or any(is_under(one, whole) for one in self.many("domain") for whole in asset.domains)
        )

    def says(self, kind: Happening, **more: object) -> Occurrence:
        """The message itself, as an occurrence of this kind."""
        told = Occurrence(
            fact=self.fact,
            kind=kind,
            by=self.by,
            toward=self.toward,
            at_s=self.content.composed_at_s,
            reference=self.message,
            about=self.content.answers or "",
            sent_at_s=self.content.composed_at_s,
            language=self.content.language,
            level=self.content.level,
            obligation=self.one("obligation"),
        )
        return msgspec.structs.replace(told, **more)

    def tells_of(self, kind: Happening, at_s: int, reference: str, **more: object) -> Occurrence:
        """Something that happened, which the message tells of."""
        return self.says(kind, at_s=at_s, sent_at_s=None, reference=reference, about="", **more)


def read(accord: Accord, codes: Codes, content: Content, message: Digest, fact: int) -> list[Occurrence]:
    """All that a message under `accord` means; nothing for a drill. Of a sender that is no party only what it
    says of a guarantee that is open to all states."""
    if content.mark == "DRILL" and content.form != "check":
        return []
    if content.sender not in codes:
        return read_of_stranger(accord, codes, content, message, fact)
    reading = Reading(accord, codes, content, message, fact)
    if not reading.toward:
        return []
    found = [] if content.form in ("check", "receipt") else [reading.says("message")]
    return [*found, *READINGS[content.form](reading)]


def read_of_stranger(
    accord: Accord, codes: Codes, content: Content, message: Digest, fact: int
) -> list[Occurrence]:
    """Whoever is no party is named by its organisation's identity."""
    if content.form != "declaration":
        return []
    reading = Reading(accord, {**codes, content.sender: content.sender}, content, message, fact)
    open_ones = {one.id for one in accord.guarantee if one.open}
    return [one for one in declaration(reading) if one.guarantee in open_ones]


def lies_in(prefix: str, whole: str) -> bool:
    one, other = network_of(prefix), network_of(whole)
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return one.subnet_of(other)
    return isinstance(one, IPv6Network) and isinstance(other, IPv6Network) and one.subnet_of(other)


@lru_cache(maxsize=NETWORKS_AT_HAND_MAX)
def network_of(prefix: str) -> IPv4Network | IPv6Network:
    """The form has checked that it is one."""
    return ip_network(prefix)


def is_under(domain: str, whole: str) -> bool:
    one, other = domain.lower().rstrip("."), whole.lower().rstrip(".")
    return one == other or one.endswith(f".{other}")


def check(reading: Reading) -> Iterator[Occurrence]:
    yield reading.says("check-answer" if reading.content.answers else "check")


def receipt(reading: Reading) -> Iterator[Occurrence]:
    yield reading.says("acknowledgement")
    yield reading.says("check-answer")


def notice(reading: Reading) -> Iterator[Occurrence]:
    """Announcing or changing is a notice, having begun is the act; ending or cancelling starts nothing."""
    act: Happening = reading.one("notice")  # type: ignore[assignment]
    stage, begins_s = reading.one("notice-stage"), reading.time("from")
    act_name = reading.numbered("notice-number")
    if stage in ("announced", "changed"):
        yield reading.says("notice", act=act, at_s=begins_s, about=act_name, assets=reading.assets())
    elif stage == "begun":
        yield reading.tells_of(act, begins_s, act_name)
    if reading.one("simulated-attack") == "yes" and stage in ("announced", "begun"):
        yield reading.tells_of("simulated-attack", begins_s, act_name)


def incident(reading: Reading) -> Iterator[Occurrence]:
    """The first notification also tells when its sender came to know."""
    name = reading.numbered("incident")
    if reading.one("incident-stage") == "initial":
        assets = reading.assets()
        yield reading.tells_of("incident", reading.time("detected-at"), name, assets=assets)
    yield reading.says("incident-notification", about=name, assets=reading.assets())


def clarification_request(reading: Reading) -> Iterator[Occurrence]:
    yield reading.says("clarification-request", assets=reading.assets())
    if reading.one("subject") == "traffic" and reading.assets():
        yield reading.says("asset-touched", assets=reading.assets())


def clarification_reply(reading: Reading) -> Iterator[Occurrence]:
    if reading.one("finding") != "under-examination":
        yield reading.says("clarification-reply")


def assistance_request(reading: Reading) -> Iterator[Occurrence]:
    yield reading.says("assistance-request")


def consultation_call(reading: Reading) -> Iterator[Occurrence]:
    yield reading.says("consultation-call")


DECLARED: Mapping[str, Happening] = {
    "made": "declared",
    "renewed": "declared",
    "joined": "declared",
    "suspended": "suspended",
    "resumed": "resumed",
    "withdrawn": "withdrawn",
    "waived": "waived",
    "disputed": "disputed",
    "settled": "settled",
    "found-not-kept": "found-not-kept",
}


def declaration(reading: Reading) -> Iterator[Occurrence]:
    """Guarantees, pledges, tracks and single obligations; the accord's own signatures are read by `books`."""
    kind = DECLARED.get(reading.one("act"))
    subject = reading.one("declaration")
    if subject == "nomination":
        yield reading.says("contacts-told")
    elif kind is not None and subject in ("guarantee", "pledge"):
        yield reading.says(kind, guarantee=reading.one("guarantee-id"))
    elif kind is not None and subject == "track":
        yield reading.says(kind, track=reading.one("track"))
    elif kind is not None and subject == "obligation":
        yield reading.says(kind)


def free_text(reading: Reading) -> Iterator[Occurrence]:
    """Minutes tell of what happened, in one closed word; other free text is a message and nothing else."""
    happening: Happening | str = reading.one("happening")
    if reading.one("purpose") == "minutes" and happening:
        about = reading.one("milestone") or reading.content.answers or ""
        yield reading.says(happening, about=about, track=reading.one("track"))  # type: ignore[arg-type]
    elif reading.content.answers:
        yield reading.says("assistance-reply")


READINGS: Mapping[FormName, Callable[[Reading], Iterator[Occurrence]]] = {
    "check": check,
    "receipt": receipt,
    "notice": notice,
    "incident": incident,
    "clarification-request": clarification_request,
    "clarification-reply": clarification_reply,
    "assistance-request": assistance_request,
    "consultation-call": consultation_call,
    "declaration": declaration,
    "free-text": free_text,
}
