"""Quantities: what people write becomes SI, and what cannot be read is refused with a sentence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amfdaq.errors import QuantityError
from amfdaq.quantity import MU0, dimensions, format_pm, parse, si_unit


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("15 kA/m", "field", 15e3),
        ("15kA/m", "field", 15e3),
        ("18.849556 mT", "field", 15e3),
        ("188.49556 Oe", "field", 15e3),
        ("300 kHz", "frequency", 300e3),
        ("0,5 mL", "volume", 0.5e-6),
        ("100 µL", "volume", 1e-7),
        ("318.15 K", "temperature", 45.0),
        ("-5 degC", "temperature", -5.0),
        ("0.2 mK/s", "rate", 2e-4),
        ("4.18 J/(g K)", "specific heat", 4180.0),
        ("5 mg/mL", "concentration", 5.0),
        ("3 %", "fraction", 0.03),
        ("5e9 A/(m s)", "field x frequency", 5e9),
        ("1.2566370614359173 mT/A", "coil constant", 1000.0),
    ],
)
def test_written_quantities_become_si(text: str, dimension: str, value: float) -> None:
    assert parse(text, dimension).value == pytest.approx(value, rel=1e-6)


def test_rms_becomes_peak_and_says_so() -> None:
    quantity = parse("10 kA/m rms", "field")
    assert quantity.value == pytest.approx(10e3 * math.sqrt(2))
    assert "rms" in quantity.note
    assert "14.14 kA/m peak" in quantity.note


def test_flux_density_and_oersted_are_converted_and_say_so() -> None:
    tesla, oersted = parse("20 mT", "field"), parse("200 Oe", "field")
    assert tesla.value == pytest.approx(0.020 / MU0)
    assert oersted.value == pytest.approx(tesla.value)  # 1 Oe is 0.1 mT in vacuum
    assert "converted" in tesla.note
    assert "converted" in oersted.note
    assert parse("15 kA/m", "field").note == ""


@pytest.mark.parametrize(
    ("text", "dimension", "u"),
    [
        ("5.0 mg/mL +- 3 %", "concentration", 0.15),
        ("5.0 +- 0.15 mg/mL", "concentration", 0.15),
        ("5.0 mg/mL ± 150 ug/mL", "concentration", 0.15),
        ("1.00 mL +/- 2 % (k=2)", "volume", 1e-8),
        ("50 % +- 10 %", "fraction", 0.10),
        ("10 kA/m rms +- 1 kA/m rms", "field", 1e3 * math.sqrt(2)),
        ("1 mL", "volume", 0.0),
    ],
)
def test_uncertainties_are_standard_uncertainties_in_si(text: str, dimension: str, u: float) -> None:
    assert parse(text, dimension).u == pytest.approx(u)


@pytest.mark.parametrize(
    ("text", "dimension", "says"),
    [
        ("15", "field", "no unit"),
        (15, "field", "no unit"),
        ("15 kHz", "field", "is a frequency"),
        ("15 parsec", "field", "unknown unit"),
        ("many s", "time", "not a time"),
        ("-1 s", "time", "negative"),
        ("nan s", "time", "not a time"),
        ("1e999 s", "time", "finite"),
        ("-300 degC", "temperature", "absolute zero"),
        ("300,000 Hz", "frequency", "comma"),
        ("1 s (k=2)", "time", "coverage factor"),
        ("5 mL +- 3 parsec", "volume", "unknown unit"),
        (True, "time", "with its unit"),
        (None, "time", "with its unit"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(text: object, dimension: str, says: str) -> None:
    with pytest.raises(QuantityError, match=says):
        parse(text, dimension)


@given(st.text(max_size=40), st.sampled_from(dimensions()))
def test_no_text_raises_anything_else(text: str, dimension: str) -> None:
    try:
        quantity = parse(text, dimension)
    except QuantityError:
        return
    assert math.isfinite(quantity.value)
    assert quantity.u >= 0


@given(st.floats(1e-9, 1e9), st.sampled_from(dimensions()))
def test_si_text_reads_back_exactly(value: float, dimension: str) -> None:
    if dimension == "temperature":
        return  # written in degree Celsius, whose SI unit word is not kelvin
    assert parse(f"{value!r} {si_unit(dimension)}", dimension).value == value


@pytest.mark.parametrize(
    ("value", "u", "text"),
    [
        (114.53, 3.21, "114.5 ± 3.2 W/g"),
        (0.0392, 0.0016, "0.0392 ± 0.0016 W/g"),
        (1234.0, 56.0, "1234 ± 56 W/g"),
    ],
)
def test_results_are_written_to_the_digits_of_their_uncertainty(value: float, u: float, text: str) -> None:
    assert format_pm(value, u, "W/g") == text
