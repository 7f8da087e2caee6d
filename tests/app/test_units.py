"""Rates in words: read as people write them, shown with three digits and an SI prefix."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.app.units import parse_bits_per_s, parse_packets_per_s, si, si_like


@pytest.mark.parametrize(
    "text, bits_per_s",
    [
        ("10 Gbit/s", 10**10),
        ("10Gbps", 10**10),
        ("2.5 gbps", 2_500_000_000),
        ("800 kbit/s", 800_000),
        ("1 Tbit/s", 10**12),
        ("64 bps", 64),
    ],
)
def test_bits_per_second_are_read_from_words(text: str, bits_per_s: int) -> None:
    assert parse_bits_per_s(text) == bits_per_s


@pytest.mark.parametrize("text", ["10", "10 GB/s", "-1 Gbps", "10 kpps", "", "1e9 bps", "10 Gbit"])
def test_what_is_not_clearly_bits_per_second_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        parse_bits_per_s(text)


def test_packets_per_second_are_read_from_words() -> None:
    assert parse_packets_per_s("2.5 Mpps") == 2_500_000
    assert parse_packets_per_s("120 kpackets/s") == 120_000


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "0 bps"),
        (999, "999 bps"),
        (999.7, "1 kbps"),
        (1_000, "1 kbps"),
        (2_140_000_000, "2.14 Gbps"),
        (21_400_000, "21.4 Mbps"),
        (214_000, "214 kbps"),
        (9_999_999, "10 Mbps"),
        (3_000_000_000_000, "3 Tbps"),
    ],
)
def test_rates_are_shown_with_three_digits(value: float, text: str) -> None:
    assert si(value, "bps") == text


def test_the_ends_of_an_interval_are_shown_in_the_prefix_of_its_estimate() -> None:
    assert si_like(950_000_000, 1_100_000_000) == "0.95"


@given(st.integers(1, 10**15))
def test_what_is_shown_is_within_half_a_percent_of_what_is_meant(value: int) -> None:
    assert parse_bits_per_s(si(value, "bps")) == pytest.approx(value, rel=0.005)
