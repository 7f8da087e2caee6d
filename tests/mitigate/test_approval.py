"""Two officers, the exact bytes: each way to have fewer is tried here and refused."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mitigate.officers import ROSTER, key_of, member, officer, word
from tests.mitigate.small_plans import NODE, NOW_MS, PLAN, plan, wide_plan
from tidegate.mitigate.approval import (
    APPROVALS_MAX,
    ApprovalSettings,
    digest,
    verify,
    verify_refusal,
    verify_standing,
    verify_withdrawal,
)
from tidegate.mitigate.roster import FIELD, Member, Roster, proves_nothing, roster_from, roster_text
from tidegate.model.plan_bytes import plan_bytes
from tidegate.model.plans import Officer, Plan, Signed
from tidegate.model.refusals import NotAllowed

STRICT = ApprovalSettings(node=NODE)
TWO = (word("anna", PLAN), word("boris", PLAN))


def refusal(
    *signed: Signed, of: Plan = PLAN, by: Roster = ROSTER, now_ms: int = NOW_MS, **rules: bool
) -> str:
    with pytest.raises(NotAllowed) as told:
        verify(of, signed, by, ApprovalSettings(**{"node": NODE, **rules}), now_ms)
    return told.value.why


def roster_with(*members: Member) -> Roster:
    return Roster((*ROSTER.members, *members))


def test_two_officers_over_the_exact_bytes_approve() -> None:
    approved = verify(PLAN, TWO, ROSTER, STRICT, NOW_MS)
    assert {one.name for one in approved.officers} == {"anna", "boris"}
    assert approved.plan == PLAN
    assert approved.digest == digest(PLAN)


def test_nobody_and_one_are_not_two() -> None:
    assert "the word of 0 of two" in refusal()
    assert "the word of 1 of two" in refusal(TWO[0])


def test_one_officer_twice_is_one() -> None:
    assert "the word of 1 of two" in refusal(TWO[0], TWO[0])


def test_one_key_under_two_names_is_one() -> None:
    with pytest.raises(NotAllowed, match="zoe and anna have the same key"):
        roster_with(Member(officer=officer("zoe", key="anna"), added_ms=0))
    # A roster that was made some other way: the approval counts keys by itself.
    shared = msgspec.structs.replace(ROSTER)
    msgspec.structs.force_setattr(
        shared, "members", (*ROSTER.members, Member(officer=officer("zoe", key="anna"), added_ms=0))
    )
    assert "the word of 1 of two" in refusal(TWO[0], word("zoe", PLAN, key="anna"), by=shared)


def test_one_stolen_key_signs_for_nobody_else() -> None:
    assert "the signature of boris does not hold" in refusal(TWO[0], word("boris", PLAN, key="anna"))


def test_a_revoked_officer_counts_no_more_and_a_future_one_not_yet() -> None:
    assert "dana is revoked" in refusal(TWO[0], word("dana", PLAN))
    assert "emil is not on the roster yet" in refusal(TWO[0], word("emil", PLAN))
    assert "no officer zoe" in refusal(TWO[0], word("zoe", PLAN))


def test_a_word_for_one_intent_is_none_for_another() -> None:
    assert "says refuse, not approve" in refusal(TWO[0], word("boris", PLAN, "refuse"))
    relabelled = msgspec.structs.replace(word("boris", PLAN, "refuse"), intent="approve")
    assert "does not hold" in refusal(TWO[0], relabelled)


def test_a_word_on_one_plan_is_none_on_another() -> None:
    other = plan(number=8)
    assert "about plan 8" in refusal(TWO[0], word("boris", other))
    renumbered = msgspec.structs.replace(word("boris", other), plan=7)
    assert "does not hold" in refusal(TWO[0], renumbered)


def altered(value: Any) -> Iterator[Any]:
    """The value with one leaf of it changed, for each leaf."""
    match value:
        case dict():
            for name, inner in value.items():
                for other in altered(inner):
                    yield {**value, name: other}
        case list() | tuple():
            for at, inner in enumerate(value):
                for other in altered(inner):
                    yield [*value[:at], other, *value[at + 1 :]]
            if value:
                yield value[:-1]
        case int():
            yield value + 1
        case str():
            yield value + "x"


def test_a_change_anywhere_in_the_plan_needs_new_approvals() -> None:
    signed = wide_plan(("south",), ("coast",))
    words = (word("anna", signed), word("boris", signed))
    assert verify(signed, words, ROSTER, STRICT, NOW_MS)
    changed = 0
    for builtins in altered(msgspec.to_builtins(signed)):
        try:
            other = msgspec.convert(builtins, Plan)
        except msgspec.ValidationError:
            continue  # no plan any more
        changed += 1
        moved = tuple(msgspec.structs.replace(each, plan=other.number) for each in words)
        told = refusal(*moved, of=other, node=other.node or NODE)
        assert ("does not hold" if other.node else "is of no node") in told
    assert changed > 60


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 511), st.integers(0, 1))
def test_a_signature_with_one_bit_changed_holds_for_nothing(bit: int, which: int) -> None:
    forged = bytearray.fromhex(TWO[which].signature)
    forged[bit // 8] ^= 1 << bit % 8
    words = list(TWO)
    words[which] = msgspec.structs.replace(TWO[which], signature=forged.hex())
    assert "does not hold" in refusal(*words)


GROUP_ORDER = (1 << 252) + 27742317777372353535851937790883648493


@pytest.mark.parametrize(
    "other_writing",
    [
        str.upper,
        lambda signature: signature + "00",
        lambda signature: signature[:-2],
        lambda signature: " " + signature[1:],
        lambda signature: "",
        # The second half plus the order of the group verifies in careless programs (RFC 8032 section 8.4).
        lambda signature: (
            signature[:64]
            + (int.from_bytes(bytes.fromhex(signature[64:]), "little") + GROUP_ORDER)
            .to_bytes(32, "little")
            .hex()
        ),
    ],
)
def test_a_signature_has_one_way_of_writing(other_writing: Any) -> None:
    odd = msgspec.structs.replace(TWO[1], signature=other_writing(TWO[1].signature))
    assert odd != TWO[1]
    assert "does not hold" in refusal(TWO[0], odd)


def test_one_forged_word_among_good_ones_refuses_all() -> None:
    assert "the signature of chen" in refusal(*TWO, word("chen", PLAN, key="anna"))


def test_too_many_words_are_refused_before_any_is_checked() -> None:
    assert f"{APPROVALS_MAX} are allowed" in refusal(*[TWO[0]] * (APPROVALS_MAX + 1))
    assert "1 of two" in refusal(*[TWO[0]] * APPROVALS_MAX)


def test_a_plan_of_the_senior_level_needs_a_senior_officer() -> None:
    senior = plan(level="senior")
    words = [word(name, senior) for name in ("anna", "boris", "chen")]
    assert "needs an officer of level senior" in refusal(*words[:2], of=senior)
    assert verify(senior, words[1:], ROSTER, STRICT, NOW_MS)
    approved = verify(senior, words, ROSTER, STRICT, NOW_MS)
    assert approved.officers[0].name == "chen"


def test_a_centre_officer_suffices_for_centre_and_a_desk_officer_does_not() -> None:
    centre = plan(level="centre")
    assert verify(centre, [word("anna", centre), word("boris", centre)], ROSTER, STRICT, NOW_MS)
    two_desks = roster_with(member("fatma", "desk"))
    words = [word("anna", centre), word("fatma", centre)]
    assert "level centre" in refusal(*words, of=centre, by=two_desks)


def test_the_proposer_counts_only_where_the_settings_say_so() -> None:
    own = plan(proposer="anna")
    words = [word("anna", own), word("boris", own)]
    assert "other than its proposer, anna" in refusal(*words, of=own)
    assert verify(own, [*words, word("chen", own)], ROSTER, STRICT, NOW_MS)
    assert verify(own, words, ROSTER, ApprovalSettings(node=NODE, proposer_may_approve=True), NOW_MS)


def test_a_plan_is_approved_in_time_and_stands_until_it_ends() -> None:
    assert verify(PLAN, TWO, ROSTER, STRICT, PLAN.approve_until_ms - 1)
    late = PLAN.approve_until_ms
    assert "could be approved until" in refusal(*TWO, now_ms=late)
    assert verify_standing(PLAN, TWO, ROSTER, STRICT, late)
    with pytest.raises(NotAllowed, match="nothing of it comes back"):
        verify_standing(PLAN, TWO, ROSTER, STRICT, PLAN.ends_at_ms)


def test_a_plan_stands_no_more_when_one_of_its_officers_is_revoked() -> None:
    later = NOW_MS + 60_000
    anna, *others = ROSTER.members
    revoked = Roster((msgspec.structs.replace(anna, revoked_ms=later), *others))
    assert verify_standing(PLAN, TWO, revoked, STRICT, later - 1)
    with pytest.raises(NotAllowed, match="anna is revoked"):
        verify_standing(PLAN, TWO, revoked, STRICT, later)


def test_withdrawing_and_refusing_take_one_of_any_level() -> None:
    assert verify_withdrawal(PLAN, word("anna", PLAN, "withdraw"), ROSTER, NOW_MS).name == "anna"
    assert verify_refusal(PLAN, word("anna", PLAN, "refuse"), ROSTER, NOW_MS).name == "anna"
    after_the_end = PLAN.ends_at_ms + 1
    assert verify_withdrawal(PLAN, word("anna", PLAN, "withdraw"), ROSTER, after_the_end)
    for check, wrong in ((verify_withdrawal, "refuse"), (verify_refusal, "withdraw")):
        with pytest.raises(NotAllowed, match="not"):
            check(PLAN, word("anna", PLAN, wrong), ROSTER, NOW_MS)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match="dana is revoked"):
        verify_withdrawal(PLAN, word("dana", PLAN, "withdraw"), ROSTER, NOW_MS)


def test_what_is_signed_is_the_whole_plan() -> None:
    body = plan_bytes(PLAN)
    assert msgspec.json.decode(body, type=Plan) == PLAN
    assert plan_bytes(PLAN) == body


# Keys that prove nothing: arithmetic on the curve, spelled out.

D = -121665 * pow(121666, -1, FIELD) % FIELD
Point = tuple[int, int]


def decode_point(key: bytes) -> Point | None:
    """RFC 8032 section 5.1.3; None for what is no point."""
    number = int.from_bytes(key, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, FIELD) % FIELD
    x = pow(x2, (FIELD + 3) // 8, FIELD)
    if (x * x - x2) % FIELD:
        x = x * pow(2, (FIELD - 1) // 4, FIELD) % FIELD
    if (x * x - x2) % FIELD:
        return None
    return (FIELD - x if x % 2 != sign else x) % FIELD, y % FIELD


def add(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x3 = (x1 * y2 + x2 * y1) * pow(1 + product, -1, FIELD)
    y3 = (y1 * y2 + x1 * x2) * pow(1 - product, -1, FIELD)
    return x3 % FIELD, y3 % FIELD


def eightfold(point: Point) -> Point:
    for _ in range(3):
        point = add(point, point)
    return point


SMALL = [
    number.to_bytes(32, "little")
    for y in (0, 1, FIELD - 1, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826)
    for number in (y, y | 1 << 255, (FIELD - y) % FIELD, (FIELD - y) % FIELD | 1 << 255)
]


@pytest.mark.parametrize("key", SMALL, ids=bytes.hex)
def test_a_key_of_small_order_is_no_officers_key(key: bytes) -> None:
    point = decode_point(key)
    assert point is None or eightfold(point) == (0, 1)
    assert proves_nothing(key)
    with pytest.raises(NotAllowed, match="anybody can sign"):
        Roster((Member(officer=Officer(name="anna", level="desk", public_key=key.hex()), added_ms=0),))


@pytest.mark.parametrize("name", ["anna", "boris", "chen", "dana", "emil"])
def test_keys_of_officers_are_of_large_order(name: str) -> None:
    key = key_of(name).public_key().public_bytes_raw()
    point = decode_point(key)
    assert point is not None
    assert eightfold(point) != (0, 1)
    assert not proves_nothing(key)


def test_a_second_writing_of_a_key_is_refused() -> None:
    y = 3
    assert not proves_nothing(y.to_bytes(32, "little"))
    assert proves_nothing((y + FIELD).to_bytes(32, "little"))
    assert proves_nothing(FIELD.to_bytes(32, "little"))


# The roster as text.


def test_a_roster_comes_back_from_its_text_to_the_second() -> None:
    told = roster_text(ROSTER)
    for now, then in zip(ROSTER.members, roster_from(told).members, strict=True):
        assert now.added_ms // 1000 * 1000 == then.added_ms
        assert (now.revoked_ms is None) == (then.revoked_ms is None)
        assert now.revoked_ms is None or now.revoked_ms // 1000 * 1000 == then.revoked_ms
    assert [each.officer for each in roster_from(told).members] == [each.officer for each in ROSTER.members]


GOOD = f"""
[officers.anna]
level = "desk"
public_key = "{officer("anna").public_key}"
added = 2026-01-10T09:00:00Z
"""


def test_an_officer_of_a_file_is_live_from_then_until_revoked() -> None:
    roster = roster_from(GOOD + "revoked = 2026-06-01T12:00:00+02:00\n")
    (one,) = roster.members
    assert one.revoked_ms == 1_780_308_000_000
    assert roster.live("anna", one.revoked_ms - 1).name == "anna"
    assert roster.live("anna", one.added_ms).name == "anna"
    with pytest.raises(NotAllowed, match="not on the roster yet"):
        roster.live("anna", one.added_ms - 1)
    with pytest.raises(NotAllowed, match="revoked"):
        roster.live("anna", one.revoked_ms)


def test_no_text_is_a_roster_of_nobody() -> None:
    assert roster_from("") == Roster(())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("desk", "chief"), "no level"),
        (('"desk"', '["desk"]'), "no level"),
        (('"desk"', "{is = 1}"), "no level"),
        (('"desk"', "[" * 5000), "no TOML"),
        (("public_key", "publickey"), "unknown publickey"),
        (("added = 2026-01-10T09:00:00Z", ""), "missing added"),
        (("T09:00:00Z", "T09:00:00"), "write a moment"),
        (("2026-01-10T09:00:00Z", "1768035600"), "write a moment"),
        (("officers.anna", 'officers."Anna B"'), "no officer's name"),
        (("[officers.anna]", "[people.anna]"), "nothing else"),
        (("= ", "= = "), "no TOML"),
        ((officer("anna").public_key, officer("anna").public_key.upper()), "64 hex digits"),
        ((officer("anna").public_key, "ab" * 31), "64 hex digits"),
    ],
)
def test_a_roster_is_read_whole_or_not_at_all(change: tuple[str, str], words: str) -> None:
    assert roster_from(GOOD)
    with pytest.raises(NotAllowed, match=words):
        roster_from(GOOD.replace(*change))


def test_an_officer_is_a_table_and_nothing_less() -> None:
    with pytest.raises(NotAllowed, match=r"write a table \[officers.anna\]"):
        roster_from("officers = {anna = 5}")


def test_a_roster_holds_each_name_once() -> None:
    with pytest.raises(NotAllowed, match="anna stands on the roster twice"):
        Roster((member("anna"), Member(officer=officer("anna", key="other"), added_ms=0)))
    assert len(Roster(tuple(member(f"officer-{at}") for at in range(256))).members) == 256
    with pytest.raises(NotAllowed, match="256 are allowed"):
        Roster(tuple(member(f"officer-{at}") for at in range(257)))


@pytest.mark.parametrize("node", ["", "fedcba9876543210" * 2])
def test_a_plan_counts_at_the_node_that_it_names_and_nowhere_else(node: str) -> None:
    elsewhere = plan(node=node)
    words = [word("anna", elsewhere), word("chen", elsewhere)]
    for ask in (verify, verify_standing):
        with pytest.raises(NotAllowed, match="this is node " + NODE):
            ask(elsewhere, words, ROSTER, STRICT, NOW_MS)
    if node:
        assert verify(elsewhere, words, ROSTER, ApprovalSettings(node=node), NOW_MS)
