"""A failed read is a status and NaN; a number with a bad status cannot even be made."""

import math

import pytest

from amfdaq.reading import NAN, Reading, Sample, Status


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_a_bad_status_cannot_carry_a_number(status: Status) -> None:
    with pytest.raises(ValueError, match=status.name):
        Sample(-274.0, status)
    with pytest.raises(ValueError, match=status.name):
        Reading("core", 25.0, status, 0, 0, 0)
    assert math.isnan(Sample(NAN, status).value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_good_status_needs_a_finite_number(value: float) -> None:
    with pytest.raises(ValueError, match="OK"):
        Sample(value)


def test_the_time_of_a_reading_is_midway_between_request_and_reply() -> None:
    assert Reading("core", 25.0, Status.OK, 100, 110, 130).time_ns == 120


def test_every_status_has_words_and_keeps_its_number() -> None:
    assert all(status.text for status in Status)
    assert {s.name: s.value for s in Status} == {
        "OK": 0, "NO_REPLY": 1, "BAD_REPLY": 2, "LINK_LOST": 3, "PROBE_FAULT": 4, "OUT_OF_RANGE": 5, "REFUSED": 6, "MISSED": 7,
    }  # fmt: skip
