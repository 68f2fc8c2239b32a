"""Broken certificates: every fault at its line, with a sentence that helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from calibration import load_coil_certificate, load_thermometer_certificate

Check = Callable[[Callable[[Path], Any], str], None]

POINTS = '[[line.point]]\ncurrent = "2 A"\nfield = "2 kA/m +- 1 %"\n[[line.point]]\ncurrent = "4 A"\nfield = "4 kA/m +- 1 %"\n'

COIL_CASES = {
    "certificate of something else": (
        'kind = "coil"',
        'kind = "probe" #! certificate.kind: must be one of "coil"',
    ),
    "date in quotes": (
        "date = 2025-03-31",
        'date = "31.3.2025" #! certificate.date: "31.3.2025" is not a date: write it without quotes, such as 2025-03-31',
    ),
    "date with a time": (
        "date = 2025-03-31",
        "date = 2025-03-31T10:00:00 #! certificate.date: a date",
    ),
    "expired before it was measured": (
        "expires = 2026-03-31",
        "expires = 2024-03-31 #! certificate.expires: 2024-03-31 is before the day of the measurement",
    ),
    "nobody": ('issued_by = "A. Miller"', 'issued_by = " " #! certificate.issued_by: must not be empty'),
    "gain in the wrong unit": (
        'gain = "1.2 mT/A +- 2 %"',
        'gain = "1.2 mT" #! line[1].gain: is a field; a coil constant is needed here, such as "1.2 mT/A"',
    ),
    "gain of nothing": ('gain = "1.2 mT/A +- 2 %"', 'gain = "0 mT/A" #! line[1].gain: must be above zero'),
    "no largest current": (
        'current_max = "14 A"\n',
        "",
    ),
    "correlation beyond one": (
        "correlation = -0.8",
        "correlation = -1.8 #! line[1].correlation: -1.8 must be at least -1",
    ),
    "window wider than the frequency": (
        'tolerance = "5 kHz"',
        'tolerance = "5 MHz" #! line[1].tolerance: is not small against the frequency "265 kHz"',
    ),
    "gain and points": (
        'gain = "1.2 mT/A +- 2 %"\noffset = "-30 A/m +- 40 A/m"',
        'gain = "1.2 mT/A +- 2 %" #! line[1].gain: give either the gain or measured points',
    ),
    "offset and points": (
        'gain = "1.2 mT/A +- 2 %"\noffset = "-30 A/m +- 40 A/m"',
        'offset = "-30 A/m +- 40 A/m" #! line[1].offset: the offset comes from the points',
    ),
}


@pytest.mark.parametrize("case", COIL_CASES)
def test_one_fault_in_the_certificate_of_a_coil(check_broken: Check, coil_text: str, case: str) -> None:
    good, broken = COIL_CASES[case]
    assert coil_text.count(good) == 1, "the case does not fit the good file"
    text = coil_text.replace(good, broken)
    if case == "no largest current":
        text = text.replace("[[line]]", '[[line]] #! line[1]: missing key: add current_max = "14.1 A"')
    check_broken(load_coil_certificate, text + (POINTS if case.endswith("and points") else ""))


LINE_HEAD = '[[line]]\nfrequency = "400 kHz"\ntolerance = "5 kHz"\n'


@pytest.mark.parametrize(
    "line",
    [
        LINE_HEAD.replace("[[line]]", "[[line]] #! line[2]: missing key: add gain ="),
        LINE_HEAD.replace("[[line]]", "[[line]] #! line[2]: 1 points are too few for a line: at least 3")
        + '[[line.point]]\ncurrent = "2 A"\nfield = "2 kA/m"\n',
        LINE_HEAD.replace("[[line]]", "[[line]] #! line[2]: all points are at the same current")
        + 3 * '[[line.point]]\ncurrent = "2 A"\nfield = "2 kA/m"\n',
        LINE_HEAD.replace("[[line]]", "[[line]] #! line[2]: the field does not rise with the current")
        + '[[line.point]]\ncurrent = "2 A"\nfield = "4 kA/m +- 1 %"\n'
        + '[[line.point]]\ncurrent = "4 A"\nfield = "2 kA/m +- 1 %"\n',
        LINE_HEAD
        + '[[line.point]]\ncurrent = "2 A"\nfield = "2 kA/m +- 1 %"\n'
        + '[[line.point]]\ncurrent = "4 A"\nfield = "4 kA/m" #! line[2].point[2].field: the other points have an uncertainty\n',
        LINE_HEAD
        + '[[line.point]]\ncurrent = "-2 A" #! line[2].point[1].current: is negative\nfield = "2 kA/m"\n',
        LINE_HEAD.replace(
            'frequency = "400 kHz"',
            'frequency = "268 kHz" #! line[2].frequency: overlaps with the line for 265 kHz, 26 nF',
        )
        + 'gain = "1 mT/A"\ncurrent_max = "10 A"\n',
    ],
    ids=["nothing", "one point", "one current", "falling", "mixed", "negative", "overlap"],
)
def test_one_fault_in_a_second_line(check_broken: Check, coil_text: str, line: str) -> None:
    check_broken(load_coil_certificate, f"{coil_text}\n{line}")


PROBE_CASES = {
    "gain as a percentage off": (
        'gain = "1.002 +- 0.003"',
        'gain = "0.2 %" #! thermometer.gain: is not between 0.8 and 1.25: a factor near 1',
    ),
    "lag without an uncertainty": (
        'lag = "0.8 s +- 0.2 s"',
        'lag = "0.8 s" #! thermometer.lag: has no uncertainty',
    ),
    "range upside down": (
        'range = ["10 degC", "80 degC"]',
        'range = ["80 degC", "10 degC"] #! thermometer.range: "80 degC" is not below "10 degC"',
    ),
    "range of one": (
        'range = ["10 degC", "80 degC"]',
        'range = ["10 degC"] #! thermometer.range: needs at least 2 entries; write it like range = ["10 degC",',
    ),
    "offset as a temperature": (
        'offset = "-0.12 K +- 0.1 K"',
        'offset = "-0.12 s" #! thermometer.offset: a difference is needed here',
    ),
    "negative resolution": (
        'resolution = "0.01 K"',
        'resolution = "-0.01 K" #! thermometer.resolution: must not be negative',
    ),
}


@pytest.mark.parametrize(("good", "broken"), PROBE_CASES.values(), ids=PROBE_CASES)
def test_one_fault_in_the_certificate_of_a_probe(
    check_broken: Check, probe_text: str, good: str, broken: str
) -> None:
    assert probe_text.count(good) == 1, "the case does not fit the good file"
    check_broken(load_thermometer_certificate, probe_text.replace(good, broken))


def test_all_faults_come_at_once(check_broken: Check) -> None:
    check_broken(
        load_coil_certificate,
        """\
[certificate] #! certificate.issued_by: missing key
kind = "coil"
id = 7 #! certificate.id: 7 is not text: write it in quotes
date = 2025-03-31
expires = 2024-03-31
#! none coil: missing table: add [coil] with name = "17 turns, 44 mm"
[[line]] #! line[1].frequency: missing key
tolerance = "5 kHz"
gain = "1.2 mT/A"
[[line]]
frequency = "265 kHz"
tolerance = "5 kHz"
gain = "-1.2 mT/A" #! line[2].gain: is negative
curent_max = "14 A" #! line[2].curent_max: did you mean "current_max"?
""",
    )
