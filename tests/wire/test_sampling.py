"""Sampling truth, rule by rule (tidegate.wire.sampling), with the ways in which vendors announce it."""

from struct import pack

import pytest

from tests.flow_datagrams import (
    NOW_MS,
    PLAIN,
    FieldSpec,
    decode,
    ipfix,
    netflow5,
    netflow9,
    numbers,
    options_template9,
    options_template10,
    plain_record,
    reasons,
    record5,
    set_of,
    template,
)
from tidegate.model.addresses import Prefix
from tidegate.model.refusals import NotAllowed
from tidegate.wire.sampling import BY_SAMPLER, SAMPLERS_PER_EXPORTER_MAX, AnnouncedRate, SamplingOverrides
from tidegate.wire.telemetry import TelemetryDecoder

WITH_SAMPLER = (*PLAIN, (48, 4))
WITH_INTERFACES = (*PLAIN, (10, 4), (14, 4))
TEMPLATES = (template(256, PLAIN), template(257, WITH_SAMPLER), template(258, WITH_INTERFACES))


def plain() -> bytes:
    return set_of(256, plain_record())


def of_sampler(sampler: int) -> bytes:
    return set_of(257, plain_record() + sampler.to_bytes(4))


def of_interfaces(ingress: int, egress: int) -> bytes:
    return set_of(258, plain_record() + pack(">II", ingress, egress))


class Router:
    """An exporter whose announcements and records are put one after another, in NetFlow v9 or IPFIX."""

    def __init__(self, version: int = 9, decoder: TelemetryDecoder | None = None, domain: int = 0) -> None:
        self.wrap = netflow9 if version == 9 else ipfix
        self.options_template = options_template9 if version == 9 else options_template10
        self.options_set = 1 if version == 9 else 3
        self.decoder = decoder or TelemetryDecoder()
        self.domain = domain
        self.send(set_of(0 if version == 9 else 2, *TEMPLATES))

    def send(self, *sets: bytes) -> list[dict]:
        return decode(self.decoder, self.wrap(*sets, domain=self.domain))

    def announce(
        self,
        scopes: tuple[FieldSpec, ...],
        fields: tuple[FieldSpec, ...],
        *records: tuple[int, ...],
        at: int = 300,
    ) -> None:
        announced = set_of(self.options_set, self.options_template(at, scopes, fields))
        content = b"".join(numbers((*scopes, *fields), record) for record in records)
        self.send(announced, set_of(at, content))

    def rates(self, *sets: bytes) -> list[int]:
        return [row["sampling_rate"] for row in self.send(*sets)]


SYSTEM = ((1, 4),)
INTERFACE = ((2, 4),)
LINE_CARD = ((3, 4),)


def test_rule_1_nothing_announced_is_unknown_and_counted() -> None:
    router = Router()
    assert router.rates(plain(), of_sampler(0), of_sampler(3)) == [0, 0, 0]
    assert int(router.decoder.exporters[0]["unknown_sampling"]) == 3
    assert int(router.decoder.exporters[0]["sampling_rate"]) == 0


def test_rule_1_a_rate_of_one_is_known_where_someone_said_it() -> None:
    router = Router()
    router.announce(SYSTEM, ((34, 4), (35, 1)), (0, 1, 1))
    assert router.rates(plain()) == [1]
    assert int(router.decoder.exporters[0]["unknown_sampling"]) == 0


def test_rule_2_the_operators_word_goes_before_everything_by_longest_prefix() -> None:
    overrides = SamplingOverrides(
        ((Prefix.parse("192.0.2.0/24"), 500), (Prefix.parse("192.0.2.1/32"), 700), (Prefix.parse("::/0"), 9))
    )
    router = Router(decoder=TelemetryDecoder(sampling=overrides))
    router.announce(SYSTEM, ((34, 4),), (0, 1000))
    assert router.rates(plain(), of_sampler(3)) == [700, 700]
    datagram = netflow5([record5()], sampling=100)
    assert [row["sampling_rate"] for row in decode(router.decoder, datagram, source="192.0.2.77")] == [500]
    assert [row["sampling_rate"] for row in decode(router.decoder, datagram, source="2001:db8::1")] == [9]


@pytest.mark.parametrize("rate", [0, -5, 2**32])
def test_rule_2_an_impossible_word_of_the_operator_is_refused(rate: int) -> None:
    with pytest.raises(NotAllowed):
        SamplingOverrides(((Prefix.parse("192.0.2.0/24"), rate),))


def test_rule_3_a_record_that_tells_its_own_rate_is_believed_before_announcements() -> None:
    router = Router()
    router.announce(SYSTEM, ((34, 4),), (0, 1000))
    fields = (*PLAIN, (34, 4))
    own = set_of(400, plain_record() + (64).to_bytes(4), plain_record() + bytes(4))
    assert router.rates(set_of(0, template(400, fields)), own) == [64, 1000]


def test_rule_4_records_have_the_rate_of_the_sampler_that_they_name() -> None:
    """Two samplers on one line card (Cisco NCS 5500), in one options data set."""
    router = Router()
    fields = ((48, 4), (49, 1), (50, 4))
    router.announce(SYSTEM, fields, (1, 1, 2, 2000), (1, 2, 2, 4000))
    assert router.rates(of_sampler(1), of_sampler(2), of_sampler(1)) == [2000, 4000, 2000]


def test_rule_4_a_sampler_that_was_not_announced_is_unknown_until_it_is() -> None:
    """Cisco ASR 9000 may name sampler ids and tell no rate, or tell it minutes later."""
    router = Router()
    assert router.rates(of_sampler(1)) == [0]
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 2, 4000))
    assert router.rates(of_sampler(1), of_sampler(2)) == [0, 4000]
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 1, 1000))
    assert router.rates(of_sampler(1), of_sampler(2)) == [1000, 4000]


def test_rule_4_where_no_sampler_is_announced_by_id_the_domains_rate_counts() -> None:
    router = Router()
    router.announce(SYSTEM, ((34, 4),), (0, 512))
    assert router.rates(of_sampler(7)) == [512]


def test_rule_4_a_record_that_names_sampler_zero_names_none_but_takes_no_samplers_rate() -> None:
    router = Router()
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 2, 4000))
    assert router.rates(of_sampler(0)) == [0]
    router.announce(SYSTEM, ((34, 4),), (0, 10), at=301)
    assert router.rates(of_sampler(0)) == [10]


def test_rule_4_a_selector_of_ipfix_is_named_like_a_sampler() -> None:
    router = Router(10)
    router.announce(((149, 4),), ((302, 8), (304, 2), (309, 4), (310, 4)), (0, 9, 3, 1, 250))
    selected = (*PLAIN, (302, 8))
    data = set_of(400, plain_record() + (9).to_bytes(8))
    assert router.rates(set_of(2, template(400, selected)), data) == [250]


def test_rule_5_an_interfaces_rate_counts_for_what_enters_or_else_leaves_there() -> None:
    router = Router()
    router.announce(SYSTEM, ((34, 4),), (0, 10))
    router.announce(INTERFACE, ((34, 4),), (5, 100), (6, 200), at=301)
    found = router.rates(
        of_interfaces(5, 6), of_interfaces(6, 5), of_interfaces(7, 6), of_interfaces(7, 8), plain()
    )
    assert found == [100, 200, 200, 10, 10]


def test_rule_5_an_interface_may_be_told_as_an_option_too() -> None:
    router = Router(10)
    router.announce(((149, 4),), ((10, 4), (305, 4), (306, 4)), (0, 5, 1, 99))
    assert router.rates(of_interfaces(5, 6), of_interfaces(6, 7)) == [100, 0]


def test_rule_5_a_line_cards_rate_is_taken_for_the_domains() -> None:
    router = Router()
    router.announce(LINE_CARD, ((34, 4),), (3, 128))
    assert router.rates(plain()) == [128]


@pytest.mark.parametrize("first", [0, 7])
def test_rule_6_what_is_announced_in_domain_0_counts_in_the_others(first: int) -> None:
    """Whichever of the two domains is heard first."""
    decoder = TelemetryDecoder()
    both = {domain: Router(decoder=decoder, domain=domain) for domain in (first, 7 - first)}
    both[0].announce(SYSTEM, ((34, 4),), (0, 1000))
    both[0].announce(SYSTEM, ((48, 4), (50, 4)), (0, 3, 300), at=301)
    both[0].announce(INTERFACE, ((34, 4),), (5, 50), at=302)
    assert both[7].rates(plain(), of_sampler(3), of_sampler(4), of_interfaces(5, 0)) == [1000, 300, 0, 50]
    both[7].announce(SYSTEM, ((34, 4),), (0, 2000))
    assert both[7].rates(plain()) == [2000]
    assert both[0].rates(plain()) == [1000]


def test_rule_6_no_other_domain_counts_for_its_neighbours() -> None:
    decoder = TelemetryDecoder()
    eight, nine = Router(decoder=decoder, domain=8), Router(decoder=decoder, domain=9)
    eight.announce(SYSTEM, ((34, 4),), (0, 1000))
    assert nine.rates(plain(), of_sampler(1)) == [0, 0]


def test_rule_7_samplers_that_agree_speak_for_records_that_name_none() -> None:
    """Cisco Catalyst 9300 announces a sampler table and may leave the sampler out of its records."""
    router = Router()
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 1, 100))
    assert router.rates(plain()) == [100]
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 2, 100))
    assert router.rates(plain()) == [100]
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 2, 999))
    assert router.rates(plain()) == [0]
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 1, 999))
    assert router.rates(plain()) == [999]


PROBABILITY = int.from_bytes(pack(">d", 0.002))
SHORT_PROBABILITY = int.from_bytes(pack(">f", 0.002))

FORMS = [
    (((34, 4),), (1000,), 1000),
    (((50, 2),), (10922,), 10922),
    # Nokia SR OS, ipt_NETFLOW: one packet taken, 999 left out.
    (((305, 4), (306, 4)), (1, 999), 1000),
    (((305, 4), (306, 4)), (2, 999), 501),
    (((305, 4), (306, 4)), (3, 997), 333),
    (((305, 4), (306, 4)), (1, 0), 1),
    (((309, 4), (310, 4)), (1, 512), 512),
    (((309, 4), (310, 4)), (3, 1000), 333),
    (((311, 8),), (PROBABILITY,), 500),
    (((311, 4),), (SHORT_PROBABILITY,), 500),
    (((311, 8),), (int.from_bytes(pack(">d", 1.0)),), 1),
    # Beside a form that says nothing, the one that does.
    (((34, 4), (50, 4)), (0, 64), 64),
    (((34, 4), (305, 4), (306, 4)), (0, 1, 63), 64),
]


@pytest.mark.parametrize(("fields", "values", "rate"), FORMS)
def test_rule_8_each_form_of_a_rate_means_packets_for_one_sampled(fields, values, rate) -> None:
    router = Router(10)
    router.announce(((143, 4),), fields, (1, *values))
    assert router.rates(plain()) == [rate]
    assert router.decoder.take_learned()


SAYING_NOTHING = [
    (((34, 4),), (0,)),
    (((34, 8),), (2**32,)),
    (((305, 4),), (1000,)),
    (((305, 4), (306, 4)), (1000, 0)),
    (((305, 4), (306, 4)), (0, 1000)),
    (((305, 4), (306, 4)), (1, 2**32 - 1)),
    (((309, 4), (310, 4)), (10, 5)),
    (((309, 4), (310, 4)), (0, 5)),
    (((311, 8),), (0,)),
    (((311, 8),), (int.from_bytes(pack(">d", 1.5)),)),
    (((311, 8),), (int.from_bytes(pack(">d", -0.5)),)),
    (((311, 8),), (int.from_bytes(pack(">d", float("nan"))),)),
    (((311, 8),), (int.from_bytes(pack(">d", float("inf"))),)),
    (((311, 8),), (int.from_bytes(pack(">d", 1e-12)),)),
    # By time (RFC 5477): a millisecond of ten.
    (((304, 2), (307, 4), (308, 4)), (2, 1000, 9000)),
    # A name and a method alone.
    (((35, 1), (49, 1), (84, 4)), (1, 2, int.from_bytes(b"edge"))),
]


@pytest.mark.parametrize(("fields", "values"), SAYING_NOTHING)
def test_rule_9_an_announcement_that_gives_no_rate_changes_nothing(fields, values) -> None:
    """Juniper PTX announces an empty sampler beside the real one; which comes first must not matter."""
    router = Router(10)
    router.announce(((143, 4),), fields, (1, *values))
    assert router.rates(plain()) == [0]
    router.announce(((143, 4),), ((34, 4),), (1, 10922), at=301)
    router.announce(((143, 4),), fields, (1, *values))
    assert router.rates(plain()) == [10922]


@pytest.mark.parametrize(
    ("header", "rate"),
    [(0, 0), (1, 1), (1000, 1000), (1 << 14 | 100, 100), (2 << 14 | 16383, 16383), (1 << 14, 0)],
)
def test_rule_10_the_netflow5_header_tells_the_rate_whatever_its_mode_says(header: int, rate: int) -> None:
    decoder = TelemetryDecoder()
    (row,) = decode(decoder, netflow5([record5()], sampling=header))
    assert row["sampling_rate"] == rate
    assert int(decoder.exporters[0]["unknown_sampling"]) == (rate == 0)


def test_rule_11_the_newest_announcement_counts_and_a_change_is_counted() -> None:
    router = Router()
    announced: list[int] = []
    for rate in (1000, 1000, 2000, 2000, 1000):
        router.announce(SYSTEM, ((34, 4),), (0, rate))
        announced += router.rates(plain())
    assert announced == [1000, 1000, 2000, 2000, 1000]
    assert int(router.decoder.exporters[0]["sampling_changes"]) == 2


def test_rule_11_a_change_in_netflow5_headers_is_counted() -> None:
    decoder = TelemetryDecoder()
    for sequence, sampling in enumerate((0, 100, 100, 200, 0, 200)):
        decode(decoder, netflow5([record5()], sampling=sampling, sequence=sequence))
    assert int(decoder.exporters[0]["sampling_changes"]) == 1


def test_rule_11_a_reassigned_sampler_id_has_its_new_rate() -> None:
    router = Router()
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 1, 100), (1, 2, 1000))
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 1, 1000), (1, 2, 100))
    assert router.rates(of_sampler(1), of_sampler(2)) == [1000, 100]


def test_rule_12_withdrawing_its_template_takes_back_no_rate() -> None:
    router = Router(10)
    router.announce(((143, 4),), ((34, 4),), (1, 1000))
    router.send(set_of(3, template(300, ())))
    assert router.rates(plain()) == [1000]


def test_rule_12_a_restart_of_the_collector_forgets_no_rate() -> None:
    router = Router()
    router.announce(SYSTEM, ((34, 4),), (0, 1000))
    router.announce(SYSTEM, ((48, 4), (50, 4)), (1, 1, 100), (1, 2, 300), at=301)
    router.announce(INTERFACE, ((34, 4),), (5, 50), at=302)
    after = TelemetryDecoder()
    after.relearn(router.decoder.take_learned())
    again = Router.__new__(Router)
    again.wrap, again.decoder, again.domain = netflow9, after, 0
    sets = (plain(), of_sampler(1), of_sampler(2), of_interfaces(5, 0))
    assert again.rates(*sets) == router.rates(*sets) == [1000, 100, 300, 50]


def test_rule_13_a_scope_that_names_another_domain_announces_for_that_domain() -> None:
    decoder = TelemetryDecoder()
    one, two = Router(10, decoder, domain=1), Router(10, decoder, domain=2)
    one.announce(((149, 4),), ((34, 4),), (2, 256))
    assert two.rates(plain()) == [256]
    assert one.rates(plain()) == [0]
    one.announce(((149, 4),), ((34, 4),), (1, 64))
    assert (one.rates(plain()), two.rates(plain())) == ([64], [256])


def test_an_options_data_set_that_comes_again_with_other_counters_keeps_its_rate() -> None:
    """Fortinet and Juniper put export counters beside the rate."""
    router = Router()
    for total in (1, 2, 3):
        router.announce(SYSTEM, ((41, 8), (42, 8), (34, 4), (35, 1)), (1, total, total * 9, 17, 1))
    assert router.rates(plain()) == [17]
    assert int(router.decoder.exporters[0]["sampling_changes"]) == 0


def test_samplers_of_one_exporter_are_bounded_and_the_rest_stay_unknown() -> None:
    router = Router()
    fields = ((48, 4), (50, 4))
    announced = options_template9(300, SYSTEM, fields)
    decode(router.decoder, netflow9(set_of(1, announced)))
    for second, first in enumerate(range(1, SAMPLERS_PER_EXPORTER_MAX + 100, 100)):
        records = b"".join(pack(">III", 0, i, 7) for i in range(first, first + 100))
        decode(router.decoder, netflow9(set_of(300, records)), received_ms=NOW_MS + second * 1000)
    known = [rate for _, rate in router.decoder.announced_rates()]
    assert len(known) == SAMPLERS_PER_EXPORTER_MAX
    assert AnnouncedRate(BY_SAMPLER, 1, 7) in known
    assert reasons(router.decoder)["sampling table full"] > 0
    assert router.rates(of_sampler(SAMPLERS_PER_EXPORTER_MAX + 90)) == [0]
