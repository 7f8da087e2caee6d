"""The decoder against its plain twin, over templates and records that Hypothesis thinks of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flow_datagrams import (
    NOW_MS,
    UPTIME_MS,
    as_dicts,
    decode,
    ipfix,
    netflow5,
    netflow9,
    options_template9,
    options_template10,
    set_of,
    template,
)
from tests.naive.netflow import Netflow, Wrong
from tidegate.wire.telemetry import TelemetryDecoder

VARIABLE = 65535

LENGTHS = {
    **dict.fromkeys((8, 12), (4, 4, 4, 3, 0)),
    **dict.fromkeys((27, 28), (16, 16, 4)),
    **dict.fromkeys((1, 2, 23, 24, 85, 86, 231, 298), (4, 8, 3, 5, 0)),
    **dict.fromkeys((4, 5, 61, 60, 176, 177, 178, 179), (1,)),
    **dict.fromkeys((6, 88, 32, 139), (1, 2)),
    **dict.fromkeys((7, 11, 180, 183), (2, 2, 4)),
    **dict.fromkeys((10, 14, 16, 17, 252), (2, 4)),
    **dict.fromkeys((21, 22, 150, 151), (4,)),
    **dict.fromkeys((152, 153), (8,)),
    61: (1, 1, 2),
    161: (4,),
    197: (1,),
    34: (4, 2),
    48: (1, 2, 4),
    56: (6,),
    95: (9, 40),
}
"""Lengths in which each element is tried, the usual ones more often."""

SMALL = {61: 2, 34: 4, 48: 4, 60: 7}


@st.composite
def fields(draw: st.DrawFn, *, variable: bool) -> list[tuple[int, ...]]:
    chosen = draw(st.lists(st.sampled_from(sorted(LENGTHS)), min_size=1, max_size=16))
    # Most flow templates have addresses.
    chosen += draw(st.sampled_from([[], [8, 12], [27, 28], [8, 12, 27, 28]]))
    made: list[tuple[int, ...]] = []
    for element in draw(st.permutations(chosen)):
        length = draw(st.sampled_from(LENGTHS[element]))
        if variable and draw(st.integers(0, 9)) == 0:
            length = VARIABLE
        if variable and draw(st.integers(0, 9)) == 0:
            made.append((element, length, draw(st.sampled_from([29305, 9]))))
        else:
            made.append((element, length))
    return made if any(field[1] for field in made) else [*made, (4, 1)]


@st.composite
def value(draw: st.DrawFn, element: int, length: int) -> bytes:
    if length == VARIABLE:
        content = draw(st.binary(max_size=20))
        long = draw(st.booleans())
        return (b"\xff" + len(content).to_bytes(2) if long else len(content).to_bytes(1)) + content
    near = {
        **dict.fromkeys((21, 22), UPTIME_MS),
        **dict.fromkeys((150, 151), NOW_MS // 1000),
        **dict.fromkeys((152, 153), NOW_MS),
    }
    if element in near and draw(st.integers(0, 4)):
        number = near[element] - draw(st.integers(-2000, 400_000))
        return (number % 2 ** (8 * length)).to_bytes(length)
    if element == 4 and draw(st.booleans()):
        return draw(st.sampled_from([1, 6, 17, 58])).to_bytes(length)
    if element in SMALL and length:
        return draw(st.integers(0, SMALL[element])).to_bytes(length)
    return draw(st.one_of(st.binary(min_size=length, max_size=length), st.just(bytes(length))))


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[bool, list[bytes]]:
    """Datagrams of one exporter: templates, sampling options and data in any order."""
    is_ipfix = draw(st.booleans())
    wrap, options_template = (ipfix, options_template10) if is_ipfix else (netflow9, options_template9)
    layouts = {256 + i: draw(fields(variable=is_ipfix)) for i in range(draw(st.integers(1, 3)))}
    sampler_fields = ((48, 4), (34, 4))
    sets = [set_of(2 if is_ipfix else 0, template(i, layout)) for i, layout in layouts.items()]
    scope = ((149, 4),) if is_ipfix else ((1, 4),)
    options = [set_of(3 if is_ipfix else 1, options_template(300, scope, sampler_fields))]
    for _ in range(draw(st.integers(0, 3))):
        sampler, rate = draw(st.integers(0, 4)), draw(st.integers(0, 5))
        options.append(set_of(300, b"".join(n.to_bytes(4) for n in (0, sampler, rate))))
    for identity, layout in layouts.items():
        for _ in range(draw(st.integers(0, 2))):
            count = draw(st.integers(0, 4))
            records = [b"".join(draw(value(f[0], f[1])) for f in layout) for _ in range(count)]
            padding = draw(st.integers(0, 3))
            sets.append(set_of(identity, *records, bytes(padding)))
    mixed = draw(st.permutations(sets)) + options if draw(st.booleans()) else sets + options
    if draw(st.booleans()):
        return is_ipfix, [wrap(*mixed), wrap(*mixed)]
    return is_ipfix, [wrap(each) for each in mixed]


@settings(max_examples=400, deadline=None)
@given(exchanges())
def test_records_of_any_template_become_the_rows_of_the_twin(exchange: tuple[bool, list[bytes]]) -> None:
    _, datagrams = exchange
    decoder, twin = TelemetryDecoder(), Netflow()
    refused = 0
    for datagram in datagrams:
        try:
            wanted = twin.decode(datagram, NOW_MS)
        except Wrong:
            wanted = []
            refused += 1
        found = decode(decoder, datagram)
        assert [{k: row[k] for k in want} for row, want in zip(found, wanted, strict=True)] == wanted
    (exporter,) = decoder.exporters
    assert int(exporter["malformed"]) == refused
    if not refused:
        assert int(exporter["without_template"]) == twin.without_template
        assert int(exporter["option_records"]) == twin.option_records
        assert int(exporter["not_ip"]) == twin.not_ip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(min_size=48, max_size=48), max_size=40), st.integers(0, 65535))
def test_netflow5_records_become_the_rows_of_the_twin(records: list[bytes], sampling: int) -> None:
    datagram = netflow5(records, sampling=sampling)
    try:
        wanted = Netflow().decode(datagram, NOW_MS)
    except Wrong:
        wanted = []
    found = decode(TelemetryDecoder(), datagram)
    assert [{k: row[k] for k in want} for row, want in zip(found, wanted, strict=True)] == wanted


def test_a_batch_leaves_nothing_of_an_earlier_one_in_its_rows() -> None:
    """Rows are reused: every column must be written for every record."""
    decoder = TelemetryDecoder()
    decoder._rows.view("u1")[:] = 0xFF
    empty = template(256, ((8, 4), (12, 4)))
    rows = decode(decoder, netflow9(set_of(0, empty), set_of(256, bytes(8))))
    twin = as_dicts(decoder._rows[:1])[0]
    assert rows == [twin]
    times = {"start_ms", "end_ms"}
    assert {k: v for k, v in rows[0].items() if v and k not in times} == {
        "family": 4,
        "source": "0.0.0.0",
        "destination": "0.0.0.0",
    }
