"""An agreement between parties as values: who owes what to whom by when, and what shows that it was kept.

Names follow treaty practice: articles, obligations, notice, term, depositary. Times are whole seconds since
1970-01-01T00:00:00Z, dates are "2026-11-25". A party is named by a code of at most PARTY_CODE_MAX letters.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from tidegate.model.organisations import Level, OrganisationId

PARTY_CODE_MAX = 8
"""Letters of a party's code: a country's two, or a short name of an organisation."""
PARTIES_MAX = 64
"""Parties of one accord; a pledge open to all grows by accession, which is counted in the register."""
OBLIGATIONS_MAX = 256
"""Obligations of one accord."""
ASSETS_MAX = 1_024
"""Protected assets of one accord."""
PERIODS_MAX = 1_024
"""Elections and other protected times of one accord."""
ACCORD_BYTES_MAX = 1 << 20
"""The file of one accord."""

PartyCode = str
Text = Mapping[str, str]
"""One wording for each language (BCP 47)."""

Happening = Literal[
    "exercise",
    "scan",
    "maintenance",
    "notice",
    "incident",
    "incident-notification",
    "message",
    "acknowledgement",
    "clarification-request",
    "clarification-reply",
    "consultation-call",
    "consultation-held",
    "check",
    "check-answer",
    "contacts-changed",
    "contacts-told",
    "operators-instructed",
    "review-held",
    "committee-met",
    "track-met",
    "statistics-sent",
    "assistance-request",
    "assistance-reply",
    "milestone-reached",
    "simulated-attack",
    "asset-touched",
    "confidence-broken",
    "interference",
    "first-strike",
    "declared",
    "suspended",
    "resumed",
    "withdrawn",
    "waived",
    "disputed",
    "settled",
    "found-not-kept",
]
"""What can happen under an accord, as far as clocks are concerned."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
AssetClass = Literal[
    "hospital",
    "emergency",
    "election",
    "nuclear",
    "water",
    "energy",
    "payment",
    "transport",
    "education",
    "news",
    "dns",
    "cert",
    "military",
    "other",
]
CIVILIAN: frozenset[AssetClass] = frozenset(
    (
        "hospital",
        "emergency",
        "election",
        "water",
        "energy",
        "payment",
        "transport",
        "education",
        "news",
        "dns",
    )
)
"""Classes under the idea of the 1973 protocol: what serves civilians is never aimed at, not even in jest."""

PeriodKind = Literal["election", "referendum", "census", "holy-days", "summit", "disaster", "other"]


class Authority(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Who acts for a party at one level."""

    level: Level
    name: str


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """`organisation` is the party's identity on the hotline, empty while it is not known. `prefixes` and
    `networks` (AS numbers) are those that the party answers for: of traffic from there it may be asked, and
    traffic from elsewhere is nobody's. `weekend` and `holidays` count only where a clock runs in working
    days."""

    code: PartyCode
    name: Text
    organisation: OrganisationId = ""
    prefixes: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    authorities: tuple[Authority, ...] = ()
    weekend: tuple[Weekday, ...] = ("sat", "sun")
    holidays: tuple[str, ...] = ()


class Force(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """`enters` is a date, or "signature": the day of the last party's. `term` and `renewal` are spans
    ("5y"); without a term the accord has no end, without a renewal it ends with its term. `notice` is how
    long before an end a party says so."""

    enters: str
    term: str = ""
    renewal: str = ""
    notice: str
    depositary: PartyCode = ""


class Languages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Either all of `authentic` are equally authentic, or one of them is `authoritative`."""

    authentic: tuple[str, ...]
    authoritative: str = ""


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What a term means; `closed` lists the only values that it may take, where it has such."""

    term: str
    text: Text
    closed: tuple[str, ...] = ()


class Asset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Something of a party that others keep off."""

    id: str
    party: PartyCode
    asset_class: AssetClass
    name: Text = {}
    prefixes: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    domains: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


class Period(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """From the first moment of `first` to the last of `last`, UTC, both dates."""

    id: str
    party: PartyCode
    kind: PeriodKind
    first: str
    last: str


class Tighter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A stricter span where the trigger falls into such a period, or touches an asset of such a class."""

    period: PeriodKind | None = None
    asset_class: AssetClass | None = None
    civilian: bool = False
    span: str


class Before(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="kebab",
    tag_field="kind",
    tag="before",
):
    """The evidence is there `at_least` so long before the act begins; `target` is what the parties aim at."""

    act: Happening
    at_least: str
    target: str = ""
    counts_to: Literal["receipt", "sending"] = "receipt"
    tighter: tuple[Tighter, ...] = ()


class After(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="kebab",
    tag_field="kind",
    tag="after",
):
    """The evidence comes `within` so long after what happened, which obliges its author or whom it was
    addressed to. A message starts the clock when the party that is to act has received it."""

    event: Happening
    obliges: Literal["author", "addressee"]
    within: str
    counts_to: Literal["receipt", "sending"] = "receipt"
    tighter: tuple[Tighter, ...] = ()


class Every(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="kebab",
    tag_field="kind",
    tag="every",
):
    """The evidence comes once in each `span` since the accord is in force, in each language where asked."""

    span: str
    in_each_language: bool = False
    counts_to: Literal["receipt", "sending"] = "receipt"


class By(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="kebab",
    tag_field="kind",
    tag="by",
):
    """The evidence comes once, until the end of a date: a milestone."""

    date: str
    counts_to: Literal["receipt", "sending"] = "receipt"


class Never(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="kebab",
    tag_field="kind",
    tag="never",
):
    """It is not done. Whoever believes that it was says so, and an explanation is due `within` a span."""

    act: Happening
    within: str = "48h"
    tighter: tuple[Tighter, ...] = ()


Clock = Before | After | Every | By | Never


class Obligation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What `duty` parties owe to `toward` parties, each to each. `track` ties it to one track of dialogue,
    and then it rests while that track is suspended; nothing else ever rests with it."""

    id: str
    article: str
    text: Text
    duty: tuple[PartyCode, ...] | Literal["each"] = "each"
    toward: tuple[PartyCode, ...] | Literal["others"] = "others"
    clock: Clock
    evidence: Happening
    track: str = ""
    terms: tuple[str, ...] = ()
    owner: Level = "desk"
    remind: tuple[str, ...] = ()


class Guarantee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Something declared, not done: in force between those who declared it. `notice` is the time between
    saying that one leaves and having left. An open one may be joined by any state."""

    id: str
    article: str
    text: Text
    subject: Literal["non-interference", "electoral-non-interference", "no-first-strike", "other"]
    open: bool = False
    notice: str


class Track(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """One line of dialogue; suspending it suspends no other, and no channel."""

    id: str
    article: str
    text: Text
    level: Level
    experts: bool = False


class Accord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The whole file. What the parties sign is the file's bytes, and its digest is the accord's identity."""

    format: Literal[1]
    id: str
    version: int
    title: Text
    force: Force
    languages: Languages
    party: tuple[Party, ...]
    definition: tuple[Definition, ...] = ()
    asset: tuple[Asset, ...] = ()
    period: tuple[Period, ...] = ()
    obligation: tuple[Obligation, ...] = ()
    guarantee: tuple[Guarantee, ...] = ()
    track: tuple[Track, ...] = ()

    @property
    def codes(self) -> tuple[PartyCode, ...]:
        """Of all parties, in the order of the file."""
        return tuple(party.code for party in self.party)


# gc=False on both: frozen values form no circles, and a year of them is looked through often.
class Occurrence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that happened, out of one fact of the ledger that tells it.

    `fact` is that fact's number, `reference` the digest or name of the thing itself, `about` the reference
    of what it answers, announces or speaks of. `at_s` is when it happened; of a notice, when the announced
    `act` begins. `sent_at_s` is the sender's time of a message, None for whatever is none; `toward` empty
    means all others. `obligation` is what a waiver, dispute, settlement or finding is about, as an instance's
    name; `track` and `guarantee` where one of those is meant.
    """

    fact: int
    kind: Happening
    by: PartyCode
    toward: tuple[PartyCode, ...]
    at_s: int
    reference: str
    about: str = ""
    sent_at_s: int | None = None
    act: Happening | None = None
    assets: tuple[str, ...] = ()
    obligation: str = ""
    track: str = ""
    guarantee: str = ""
    language: str = ""
    level: Level = "desk"


class Receipted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The station of `by` signed at `at_s`, by its own clock, that it has the message `reference` (R1)."""

    fact: int
    reference: str
    by: PartyCode
    at_s: int


Told = Occurrence | Receipted
"""What the engine hears, in the order of the ledger."""
