"""Plans as values: the rules for one attack, where and how long they hold, and what they are forecast to do.

A rule is a FlowSpec rule (RFC 8955, RFC 8956) or a blackhole route (RFC 7999). Whole numbers only, because
plans are facts and people sign their canonical bytes.
"""

from typing import Literal

import msgspec

from tidegate.model.attacks import Rate

Level = Literal["desk", "centre", "senior"]
FragmentKind = Literal["dont", "later", "first", "last"]
"""Bits of RFC 8955 section 4.2.2.12: DF, IsF (any fragment but the first), FF and LF."""

MILLION = 1_000_000


class Range(msgspec.Struct, frozen=True, order=True):
    """Whole numbers from `first` to `last`, both included."""

    first: int
    last: int


class TcpFlags(msgspec.Struct, frozen=True, order=True):
    """Matches a segment whose flags, of those in `among`, are exactly `are`."""

    are: int
    among: int


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule matches: every component that is given must agree, by any of its values.

    Port components never match a fragment other than the first (RFC 8955 section 4.2.2). An empty
    component matches everything. The family is that of `destination`.
    """

    destination: str
    source: str | None = None
    protocols: tuple[int, ...] = ()
    source_ports: tuple[Range, ...] = ()
    destination_ports: tuple[Range, ...] = ()
    icmp_types: tuple[int, ...] = ()
    tcp_flags: TcpFlags | None = None
    packet_lengths: tuple[Range, ...] = ()
    fragments: tuple[FragmentKind, ...] = ()

    def __lt__(self, other: "Match") -> bool:
        """A fixed order, by component after component; what lacks one comes before what has it."""
        return _components(self) < _components(other)


def _components(match: Match) -> tuple[tuple[bool, object], ...]:
    return tuple((value is not None, value) for value in msgspec.structs.astuple(match))


class RateLimit(msgspec.Struct, frozen=True, tag=True, order=True):
    """Traffic-rate-bytes of RFC 8955 section 7.1: so many bytes a second through *each* router."""

    bytes_per_s: int


class Drop(msgspec.Struct, frozen=True, tag=True, order=True):
    """A traffic rate of 0."""


class Redirect(msgspec.Struct, frozen=True, tag=True, order=True):
    """To the VRF of a route target, "64500:1" (RFC 8955 section 7.4); the guard refuses it by default."""

    route_target: str


class Blackhole(msgspec.Struct, frozen=True, tag=True, order=True):
    """A route to `next_hop` with the BLACKHOLE community (RFC 7999), instead of a FlowSpec rule."""

    next_hop: str


Action = RateLimit | Drop | Redirect | Blackhole


class Rule(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One rule for one border point. `communities` ("64500:666") travel with its announcement."""

    border_point: str
    match: Match
    action: Action
    communities: tuple[str, ...] = ()


class Stages(msgspec.Struct, frozen=True, kw_only=True):
    """Where the plan is tried first and how it widens: each step adds border points to those before."""

    spot_test: str
    spot_test_s: int
    widening: tuple[tuple[str, ...], ...]
    widen_every_s: int


class Share(msgspec.Struct, frozen=True, order=True):
    """A share in millionths, with its 90 % interval."""

    estimate: int
    low: int
    high: int


class ServiceLoss(msgspec.Struct, frozen=True):
    """What other traffic of one service loses: "udp/53" by its lower-numbered port, "icmp", "fragments"."""

    service: str
    bits_per_s: Rate
    lost: Share


class Residual(msgspec.Struct, frozen=True):
    """What still comes in at one border point towards the targets once the plan is in force."""

    border_point: str
    bits_per_s: Rate
    capacity_bits_per_s: int | None


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan will do, if the attack goes on as it is; shares of bytes unless said otherwise.

    `attack_matched` and `others_matched` are what the rules meet at all, before any of it passes a limit.
    """

    attack_matched: Share = Share(0, 0, 0)
    others_matched: Share = Share(0, 0, 0)
    attack_removed: Share
    lost_bytes: Share
    lost_packets: Share
    lost_flows: Share
    by_service: tuple[ServiceLoss, ...]
    residuals: tuple[Residual, ...]
    sampled_flows: int


class UsualInbound(msgspec.Struct, frozen=True, order=True):
    """What usually came in at a border point when a plan was made, in bits a second."""

    border_point: str
    bits_per_s: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Proposed rules for one attack; people approve its canonical bytes (tidegate.model.plan_bytes).

    A plan without rules proposes to do nothing, and `reasons` say why. `ledger_size` and `ledger_root` (hex)
    are the ledger's head when it was made, so that no two nodes make the same plan. It can be approved
    before `approve_until_ms`; nothing of it is in force from `ends_at_ms` on, renewed or not; a lease
    not renewed for `lease_s` ends by itself. `level` is the least level of its second approver.
    `replaces` is the number of the plan that this one takes the place of. `node` is the identity of the node
    that made it and `usual_inbound` what it knew to come in at the border points of the rules; plans from
    before these were told have neither, and count nowhere.
    """

    number: int
    attack: int
    targets: tuple[str, ...]
    made_at_ms: int
    ledger_size: int
    ledger_root: str
    approve_until_ms: int
    ends_at_ms: int
    lease_s: int
    rules: tuple[Rule, ...]
    stages: Stages | None
    forecast: Forecast
    level: Level
    proposer: str
    replaces: int | None
    reasons: tuple[str, ...]
    node: str = ""
    usual_inbound: tuple[UsualInbound, ...] = ()


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """What a passkey is bound to (Web Authentication level 3): `credential` names it, as base64url without
    padding; `rp_id` and `origin` are the one page for which it signs, as browsers name them."""

    credential: str
    rp_id: str
    origin: str


class Officer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person who may approve. `public_key` is an Ed25519 key (RFC 8032) as 64 hex digits.

    With `passkey` the officer speaks by assertions of that passkey and in no other way; its key may then
    also be one of P-256, as 66 hex digits (SEC 1 section 2.3.3, compressed).
    """

    name: str
    level: Level
    public_key: str
    passkey: Passkey | None = None


Intent = Literal["approve", "refuse", "withdraw"]


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """What a passkey signs beside the digest of the words (Web Authentication level 3, section 6.3.3), in
    hex: the authenticator's data and the browser's."""

    authenticator_data: str
    client_data: str


class Signed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An officer's word on one plan: `signature` (128 hex digits) over `plan_bytes.words_to_sign`.

    A passkey's signature is over its `assertion`, which holds the digest of those same words; it is 128 hex
    digits with Ed25519 and DER in hex with P-256 (tidegate.mitigate.passkeys).
    """

    plan: int
    intent: Intent
    officer: str
    signature: str
    assertion: Assertion | None = None


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What telemetry says of one border point while rules are (or are not) in force there.

    `matched` is traffic that a rule of the plan matches, `other` the rest towards the targets.
    `sampled_flows` records stand behind it, and `other_flows` flows that come and go by themselves behind
    `other` (None in facts from before these were counted); `from_ms` to `until_ms` is when it flowed.
    """

    border_point: str
    from_ms: int
    until_ms: int
    matched_bits_per_s: Rate
    other_bits_per_s: Rate
    sampled_flows: int
    other_flows: int | None = None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast beside what came: `attack_held` and `others_held` say whether the intervals held it."""

    plan: int
    attack_removed: Share
    attack_removed_measured: int
    lost_bytes: Share
    lost_bytes_measured: int
    attack_held: bool
    others_held: bool
