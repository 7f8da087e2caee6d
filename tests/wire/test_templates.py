"""Templates: learned, replaced, withdrawn, refused when broken, and bounded."""

import pytest

from tests.flow_datagrams import (
    NOW_MS,
    PLAIN,
    decode,
    ipfix,
    netflow9,
    numbers,
    options_template9,
    options_template10,
    plain_record,
    reasons,
    set_of,
    template,
)
from tidegate.kernels.templates import FIELDS_MAX, OPS_MAX
from tidegate.wire.telemetry import TelemetryDecoder
from tidegate.wire.template_table import TEMPLATES_PER_EXPORTER_MAX

FLIPPED = ((12, 4), (8, 4), (4, 1), (11, 2), (7, 2), (1, 4), (2, 4))
"""PLAIN with source and destination changed round."""

WRAPS = [pytest.param(netflow9, 0, 1, id="netflow9"), pytest.param(ipfix, 2, 3, id="ipfix")]


@pytest.mark.parametrize(("wrap", "templates", "options"), WRAPS)
def test_data_without_a_template_is_counted_and_nothing_is_malformed(wrap, templates, options) -> None:
    decoder = TelemetryDecoder()
    assert decode(decoder, wrap(set_of(256, plain_record()))) == []
    assert int(decoder.exporters[0]["without_template"]) == 1
    assert int(decoder.exporters[0]["malformed"]) == 0
    assert int(decoder.exporters[0]["datagrams"]) == 1


@pytest.mark.parametrize(("wrap", "templates", "options"), WRAPS)
def test_a_template_behind_its_data_in_one_datagram_is_read_first(wrap, templates, options) -> None:
    datagram = wrap(set_of(256, plain_record()), set_of(templates, template(256, PLAIN)))
    assert len(decode(TelemetryDecoder(), datagram)) == 1


@pytest.mark.parametrize(("wrap", "templates", "options"), WRAPS)
def test_a_template_that_comes_again_changed_is_in_force_from_then_on(wrap, templates, options) -> None:
    decoder = TelemetryDecoder()
    (before,) = decode(decoder, wrap(set_of(templates, template(256, PLAIN)), set_of(256, plain_record())))
    (after,) = decode(decoder, wrap(set_of(templates, template(256, FLIPPED)), set_of(256, plain_record())))
    assert (before["source"], before["dst_port"]) == (after["destination"], after["src_port"])


@pytest.mark.parametrize(("wrap", "templates", "options"), WRAPS)
def test_templates_are_kept_apart_by_exporter_and_by_domain(wrap, templates, options) -> None:
    decoder = TelemetryDecoder()
    decode(decoder, wrap(set_of(templates, template(256, PLAIN)), domain=7))
    data = set_of(256, plain_record())
    assert len(decode(decoder, wrap(data, domain=7))) == 1
    assert decode(decoder, wrap(data, domain=8)) == []
    assert decode(decoder, wrap(data, domain=7), source="192.0.2.2") == []
    assert decoder.templates() == {0: 1}


def test_an_id_may_pass_from_flows_to_options_and_back() -> None:
    """Some firewalls use one id for a flow template in one release and for options in the next."""
    decoder = TelemetryDecoder()
    data = set_of(257, plain_record())
    options = set_of(1, options_template9(257, ((1, 2),), ((95, 9), (96, 10))))
    assert len(decode(decoder, netflow9(set_of(0, template(257, PLAIN)), data))) == 1
    assert decode(decoder, netflow9(options, data)) == []
    assert int(decoder.exporters[0]["option_records"]) == 1
    assert len(decode(decoder, netflow9(set_of(0, template(257, PLAIN)), data))) == 1


def test_a_withdrawn_template_is_gone_and_may_come_again() -> None:
    decoder = TelemetryDecoder()
    data = set_of(256, plain_record())
    announce = set_of(2, template(256, PLAIN))
    assert len(decode(decoder, ipfix(announce, data))) == 1
    assert decode(decoder, ipfix(set_of(2, template(256, ())), data)) == []
    assert decoder.templates() == {}
    assert len(decode(decoder, ipfix(announce, data))) == 1


def test_withdrawing_all_templates_leaves_the_options_templates() -> None:
    decoder = TelemetryDecoder()
    options = set_of(3, options_template10(300, ((149, 4),), ((34, 4),)))
    flows = set_of(2, template(256, PLAIN), template(257, FLIPPED))
    decode(decoder, ipfix(flows, options))
    decode(decoder, ipfix(set_of(2, template(2, ()))))
    assert decoder.templates() == {0: 1}
    decode(decoder, ipfix(set_of(3, template(3, ()))))
    assert decoder.templates() == {}


def test_withdrawing_what_was_never_announced_changes_nothing() -> None:
    decoder = TelemetryDecoder()
    decode(decoder, ipfix(set_of(2, template(256, PLAIN))))
    decode(decoder, ipfix(set_of(2, template(999, ()))))
    assert decoder.templates() == {0: 1}
    assert reasons(decoder) == {}


def test_a_template_and_its_withdrawal_in_one_message_are_read_in_order() -> None:
    decoder = TelemetryDecoder()
    both = set_of(2, template(256, PLAIN), template(256, ()), template(256, FLIPPED))
    (row,) = decode(decoder, ipfix(both, set_of(256, plain_record())))
    assert row["destination"] == "192.0.2.9"


BROKEN = {
    "template cut short": [
        netflow9(set_of(0, template(256, PLAIN)[:-1])),
        ipfix(set_of(2, template(256, PLAIN)[:-3])),
        ipfix(set_of(2, template(256, ((1, 4, 9),))[:-2])),
        netflow9(set_of(1, options_template9(256, ((1, 4),), ((34, 4),))[:-1])),
        ipfix(set_of(3, b"\x01\x00\x00\x02\x00")),
    ],
    "template invalid": [
        netflow9(set_of(0, template(200, PLAIN))),
        netflow9(set_of(0, template(256, ()))),
        netflow9(set_of(0, template(256, ((1, 0), (2, 0))))),
        ipfix(set_of(2, template(3, ()))),
        ipfix(set_of(3, b"\x01\x00\x00\x01\x00\x00\x00\x22\x00\x04")),
        ipfix(set_of(3, b"\x01\x00\x00\x01\x00\x02\x00\x22\x00\x04")),
        netflow9(set_of(1, b"\x01\x00\x00\x03\x00\x04\x00\x22\x00\x04\x00\x22\x00\x04")),
        netflow9(set_of(1, b"\x01\x00\x00\x00\x00\x00")),
    ],
    "template too large": [
        netflow9(set_of(0, template(256, ((1, 4),) * (FIELDS_MAX + 1)))),
        ipfix(set_of(2, template(256, ((1, 40000), (2, 40000))))),
    ],
}


@pytest.mark.parametrize(
    ("reason", "datagram"), [(reason, d) for reason, cases in BROKEN.items() for d in cases]
)
def test_a_broken_template_is_refused_with_its_whole_datagram(reason: str, datagram: bytes) -> None:
    decoder = TelemetryDecoder()
    wrap = netflow9 if datagram[1] == 9 else ipfix
    known = wrap(set_of(0 if datagram[1] == 9 else 2, template(300, PLAIN)))
    decode(decoder, known)
    before = decoder.exporters[0].copy()
    assert decode(decoder, datagram) == []
    after = decoder.exporters[0]
    assert reasons(decoder) == {reason: 1}
    changed = {name for name in after.dtype.names if before[name] != after[name]}
    assert changed == {"malformed"}
    assert decoder.templates() == {0: 1}


def test_a_template_with_too_many_separate_fields_is_refused_alone() -> None:
    """Fields of variable length cannot be merged into one step."""
    decoder = TelemetryDecoder()
    wide = template(256, ((83, 65535),) * (OPS_MAX + 1))
    decode(decoder, ipfix(set_of(2, wide, template(257, PLAIN))))
    assert reasons(decoder) == {"template too large": 1}
    assert decoder.templates() == {0: 1}


def test_an_exporter_may_have_only_so_many_templates_and_withdrawing_makes_room() -> None:
    decoder = TelemetryDecoder()
    announced = 0
    for second, first in enumerate(range(256, 256 + TEMPLATES_PER_EXPORTER_MAX + 10, 47)):
        ids = range(first, min(first + 47, 256 + TEMPLATES_PER_EXPORTER_MAX + 10))
        announced += len(ids)
        records = b"".join(template(i, PLAIN) for i in ids)
        decode(decoder, ipfix(set_of(2, records)), received_ms=NOW_MS + 1000 * second)
    assert announced == TEMPLATES_PER_EXPORTER_MAX + 10
    assert decoder.templates() == {0: TEMPLATES_PER_EXPORTER_MAX}
    assert reasons(decoder) == {"template table full": 10}
    decode(decoder, ipfix(set_of(2, template(256, ()))), received_ms=NOW_MS + 10**6)
    late = 256 + TEMPLATES_PER_EXPORTER_MAX + 500
    datagram = ipfix(
        set_of(2, template(late, PLAIN)), set_of(late, plain_record()), set_of(300, plain_record())
    )
    assert len(decode(decoder, datagram, received_ms=NOW_MS + 10**6)) == 2
    assert decode(decoder, ipfix(set_of(256, plain_record())), received_ms=NOW_MS + 10**6) == []


def test_a_repeated_template_is_not_learned_again() -> None:
    decoder = TelemetryDecoder()
    announce = netflow9(set_of(0, template(256, PLAIN)))
    decode(decoder, announce)
    assert len(decoder.take_learned()) == 1
    decode(decoder, announce, announce, announce)
    assert decoder.take_learned() == []
    assert int(decoder.exporters[0]["template_records"]) == 4


def test_padding_behind_templates_and_records_is_passed_over() -> None:
    decoder = TelemetryDecoder()
    datagram = netflow9(
        set_of(0, template(256, PLAIN), bytes(3)),
        set_of(0, template(257, PLAIN), bytes(8)),
        set_of(256, plain_record(), bytes(3)),
        set_of(257, plain_record(), b"\xff" * 20),
    )
    assert len(decode(decoder, datagram)) == 2


def test_zeros_behind_the_last_set_of_a_netflow9_datagram_are_padding_and_anything_else_is_not() -> None:
    sets = (set_of(0, template(256, PLAIN)), set_of(256, plain_record()))
    assert len(decode(TelemetryDecoder(), netflow9(*sets) + bytes(1220))) == 1
    decoder = TelemetryDecoder()
    assert decode(decoder, netflow9(*sets) + bytes(1219) + b"\x01") == []
    assert decoder.refused() == {(-1, "set cut short"): 1}


def test_elements_of_enterprises_are_never_taken_for_those_of_the_registry() -> None:
    """Among them the reverse elements of RFC 5103, whose enterprise number is 29305."""
    decoder = TelemetryDecoder()
    fields = ((1, 4, 29305), (2, 4, 29305), (8, 4, 9), *PLAIN, (1, 4, 29305), (12, 4, 6876))
    values = (9_999_999, 9999, 1, 0xC000_0209, 0xC633_6407, 17, 53, 4444, 1000, 2, 8_888_888, 2)
    datagram = ipfix(set_of(2, template(256, fields)), set_of(256, numbers(fields, values)))
    (row,) = decode(decoder, datagram)
    assert (row["bytes"], row["packets"], row["destination"]) == (1000, 2, "198.51.100.7")


def test_counters_fall_back_in_the_stated_order() -> None:
    for elements, bytes_from, packets_from in (
        ((1, 2, 231, 298, 23, 24, 85, 86), 1, 2),
        ((85, 86, 23, 24, 231, 298), 231, 298),
        ((86, 85, 24, 23), 23, 24),
        ((86, 85), 85, 86),
        ((232, 299), None, None),
    ):
        fields = ((8, 4), (12, 4), *((element, 4) for element in elements))
        record = numbers(fields, (1, 2, *(1000 + e for e in elements)))
        (row,) = decode(TelemetryDecoder(), netflow9(set_of(0, template(256, fields)), set_of(256, record)))
        assert row["bytes"] == (1000 + bytes_from if bytes_from else 0)
        assert row["packets"] == (1000 + packets_from if packets_from else 0)


def test_bytes_counted_with_their_frames_lose_the_ethernet_headers() -> None:
    fields = ((8, 4), (12, 4), (352, 8), (2, 4))
    record = numbers(fields, (1, 2, 10 * 114, 10))
    (row,) = decode(TelemetryDecoder(), ipfix(set_of(2, template(256, fields)), set_of(256, record)))
    assert row["bytes"] == 1000


def test_records_without_addresses_are_counted_and_make_no_rows() -> None:
    decoder = TelemetryDecoder()
    fields = ((56, 6), (57, 6), (1, 4), (2, 4))
    record = numbers(fields, (1, 2, 3, 4))
    assert decode(decoder, netflow9(set_of(0, template(256, fields)), set_of(256, record, record))) == []
    assert int(decoder.exporters[0]["not_ip"]) == 2
    assert int(decoder.exporters[0]["records"]) == 0
