"""What exporters announced outlives the collector: journal entries, whole, damaged and replayed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flow_datagrams import (
    PLAIN,
    decode,
    ipfix,
    netflow9,
    options_template9,
    options_template10,
    plain_record,
    set_of,
    template,
)
from tidegate.model.addresses import Prefix
from tidegate.model.exporters import EXPORTERS_MAX
from tidegate.model.refusals import Malformed
from tidegate.wire.learned import ENTRY_BYTES_MAX, ExporterKey, SystemInit, decode_learned, encode_learned
from tidegate.wire.sampling import BY_DOMAIN, AnnouncedRate
from tidegate.wire.telemetry import RELEARNED_EXPORTERS_MAX, TelemetryDecoder
from tidegate.wire.templates import Template, Withdrawal, read_template_set

KEY = ExporterKey(0, 0xFFFF_C000_0201, 7, 10)


def after_restart(entries: list[bytes]) -> TelemetryDecoder:
    decoder = TelemetryDecoder()
    decoder.relearn(entries)
    return decoder


def test_a_template_from_the_journal_is_in_force_until_it_is_replaced() -> None:
    before = TelemetryDecoder()
    decode(before, ipfix(set_of(2, template(256, PLAIN)), domain=7))
    after = after_restart(before.take_learned())
    assert after.exporter_name(0) == "192.0.2.1#7"
    assert int(after.exporters[0]["datagrams"]) == 0
    (row,) = decode(after, ipfix(set_of(256, plain_record()), domain=7))
    assert row["destination"] == "198.51.100.7"
    # The same template from the air is nothing new; another is.
    decode(after, ipfix(set_of(2, template(256, PLAIN)), domain=7))
    assert after.take_learned() == []
    decode(after, ipfix(set_of(2, template(256, PLAIN[::-1])), domain=7))
    assert len(after.take_learned()) == 1


def test_entries_are_taken_once() -> None:
    decoder = TelemetryDecoder()
    decode(decoder, ipfix(set_of(2, template(256, PLAIN), template(257, PLAIN))))
    assert len(decoder.take_learned()) == 2
    assert decoder.take_learned() == []


def test_a_withdrawal_is_remembered_too() -> None:
    decoder = TelemetryDecoder()
    decode(decoder, ipfix(set_of(2, template(256, PLAIN), template(257, PLAIN))))
    decode(decoder, ipfix(set_of(2, template(256, ()))))
    after = after_restart(decoder.take_learned())
    assert after.templates() == {0: 1}
    assert decode(after, ipfix(set_of(256, plain_record()))) == []
    assert len(decode(after, ipfix(set_of(257, plain_record())))) == 1


def busy() -> TelemetryDecoder:
    """A decoder that has learned something of every kind, of several exporters."""
    decoder = TelemetryDecoder()
    options = set_of(1, options_template9(300, ((1, 4),), ((48, 4), (34, 4))))
    announced = b"".join(n.to_bytes(4) for n in (0, 0, 100, 0, 5, 500))
    decode(decoder, netflow9(set_of(0, template(256, PLAIN)), options, set_of(300, announced)))
    start = set_of(3, options_template10(300, ((149, 4),), ((160, 8),)))
    told = set_of(300, (9).to_bytes(4) + (1_699_000_000_000).to_bytes(8))
    decode(decoder, ipfix(set_of(2, template(256, PLAIN)), start, told, domain=9), source="2001:db8::1")
    decode(decoder, ipfix(set_of(2, template(257, PLAIN))), ipfix(set_of(2, template(257, ()))))
    return decoder


def test_all_that_is_in_force_can_replace_the_journal() -> None:
    decoder = busy()
    short = after_restart(decoder.remembered())
    long = after_restart(decoder.take_learned())
    assert sorted(short.remembered()) == sorted(long.remembered()) == sorted(decoder.remembered())
    assert short.entries_skipped == long.entries_skipped == 0


def test_replaying_the_journal_twice_changes_nothing() -> None:
    entries = busy().take_learned()
    assert sorted(after_restart(entries * 2).remembered()) == sorted(after_restart(entries).remembered())


def test_a_damaged_entry_is_skipped_and_counted_and_the_others_hold() -> None:
    entries = busy().take_learned()
    for at in range(0, len(entries[0]), 7):
        damaged = bytearray(entries[0])
        damaged[at] ^= 0x10
        decoder = after_restart([bytes(damaged), *entries[1:]])
        assert decoder.entries_skipped == 1
        assert len(decoder.remembered()) == len(busy().remembered()) - 1


@given(st.binary(max_size=ENTRY_BYTES_MAX + 10))
def test_no_bytes_make_relearning_fail(entry: bytes) -> None:
    assert after_restart([entry]).entries_skipped == 1


def test_entries_of_exporters_that_are_no_longer_allowed_are_skipped() -> None:
    decoder = TelemetryDecoder(allowed=[Prefix.parse("192.0.2.0/24")])
    decoder.relearn(busy().take_learned())
    assert {decoder.exporter_name(row) for row in range(len(decoder.exporters))} == {"192.0.2.1#0"}
    assert decoder.entries_skipped > 0


def test_a_journal_full_of_spoofed_exporters_leaves_room_for_real_ones() -> None:
    entries = [
        encode_learned(ExporterKey(0x20010DB8 << 32, i, 0, 9), AnnouncedRate(BY_DOMAIN, 0, 100))
        for i in range(EXPORTERS_MAX)
    ]
    decoder = after_restart(entries)
    assert len(decoder.exporters) == RELEARNED_EXPORTERS_MAX
    assert decoder.entries_skipped == EXPORTERS_MAX - RELEARNED_EXPORTERS_MAX
    decode(decoder, ipfix(set_of(2, template(256, PLAIN))))
    assert len(decoder.exporters) == RELEARNED_EXPORTERS_MAX + 1


LEARNED = [
    *read_template_set(template(256, (*PLAIN, (1, 4, 29305))), 10, False),
    *read_template_set(options_template10(300, ((149, 4),), ((34, 4),)), 10, True),
    Withdrawal(0, options=False),
    Withdrawal(300, options=True),
    AnnouncedRate(BY_DOMAIN, 0, 2**32 - 1),
    SystemInit(1_700_000_000_000),
]


@pytest.mark.parametrize("learned", LEARNED, ids=lambda learned: type(learned).__name__)
def test_an_entry_says_what_was_learned_and_of_whom(learned: Template | Withdrawal | SystemInit) -> None:
    assert decode_learned(encode_learned(KEY, learned)) == (KEY, learned)


@pytest.mark.parametrize(
    "learned", [AnnouncedRate(BY_DOMAIN, 0, 0), AnnouncedRate(9, 0, 5), SystemInit(0), SystemInit(1 << 60)]
)
def test_an_entry_with_an_impossible_content_is_malformed(learned: AnnouncedRate | SystemInit) -> None:
    with pytest.raises(Malformed, match="impossible"):
        decode_learned(encode_learned(KEY, learned))


@pytest.mark.parametrize(
    "raw",
    [
        template(256, ((1, 40000), (2, 40000))),
        template(256, ((1, 0),)),
        template(256, ((1, 4),) * 300),
        template(200, PLAIN),
        template(256, PLAIN)[:-1],
        template(256, PLAIN) + template(257, PLAIN),
        template(256, ()),
    ],
)
def test_a_template_that_no_datagram_could_have_brought_is_skipped(raw: bytes) -> None:
    entry = encode_learned(KEY, Template(256, 10, -1, (), raw))
    assert after_restart([entry]).entries_skipped == 1


def test_the_longest_template_fits_into_an_entry() -> None:
    (longest,) = read_template_set(template(256, ((1, 4, 9),) * 256), 10, False)
    assert len(encode_learned(KEY, longest)) <= ENTRY_BYTES_MAX
