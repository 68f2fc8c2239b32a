"""Random good experiments: accepted, and the 95 % interval holds the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amfdaq.analysis.pipeline import analyze
from amfdaq.analysis.result import SarResult
from amfdaq.curve import HeatingCurve
from amfdaq.thermal import Term, ThermalMass

BENCHES = 200
CAPACITY, MASS, FIELD, FREQUENCY = 4.2, 5e-6, 15e3, 300e3
TERMS = (Term("heat capacity of the liquid", 0.005), Term("concentration", 0.03, "A"))
GAIN, COIL = 0.004, 0.02


@pytest.fixture(scope="module")
def outcomes(
    random_bench: Callable[[np.random.Generator], Any], record: Callable[[Any], HeatingCurve]
) -> list[tuple[SarResult, float, float, float]]:
    """(result, true rate, true SAR, true ILP): what the laboratory believes is off by its stated uncertainties."""
    rng = np.random.default_rng(20)
    found = []
    for _ in range(BENCHES):
        b = random_bench(rng)
        curve = record(b)
        gain = 1.0 + GAIN * float(rng.normal())
        shift = 0.2 * rng.normal(size=2)
        curve = replace(
            curve, temperature=20.0 + gain * (curve.temperature - 20.0), u_gain=GAIN, u_switch=0.2,
            on=((60.0 + float(shift[0]), 360.0 + float(shift[1])),), field=FIELD, u_field=COIL * FIELD,
            frequency=FREQUENCY, u_frequency=30.0,
        )  # fmt: skip
        if rng.random() < 0.5:
            curve = replace(curve, lag=b.lag * (1.0 + 0.1 * float(rng.normal())), u_lag=0.1 * b.lag)
        capacity, mass = (
            x * (1.0 + t.relative * float(rng.normal())) for x, t in zip((CAPACITY, MASS), TERMS, strict=True)
        )
        field = FIELD * (1.0 + COIL * float(rng.normal()))
        sar = b.s * capacity / mass / 1e3
        result = analyze(curve, ThermalMass(CAPACITY, MASS, "Fe", TERMS, 1e-6))
        found.append((result, b.s, sar, 1e12 * sar / (field**2 * FREQUENCY)))
    return found


Outcomes = list[tuple[SarResult, float, float, float]]


def test_good_experiments_are_not_refused(outcomes: Outcomes) -> None:
    refused = [result.reasons for result, *_ in outcomes if not result.accepted]
    assert len(refused) <= 0.02 * BENCHES, refused


def test_intervals_hold_the_truth(outcomes: Outcomes) -> None:
    hits = {"rate": 0, "sar": 0, "ilp": 0}
    accepted = [(r, truth) for r, *truth in outcomes if r.accepted]
    for result, truth in accepted:
        document = result.to_json()
        for key, true in zip(hits, truth, strict=True):
            value = document[key]
            hits[key] += abs(value["value"] - true) <= 2.0 * value["u"]
    for key, count in hits.items():
        assert count >= 0.90 * len(accepted), (key, count, len(accepted))


def test_the_rate_is_good_to_a_per_cent(outcomes: Outcomes) -> None:
    errors = [abs(r.rate / s - 1.0) for r, s, *_ in outcomes if r.rate is not None]
    assert float(np.median(errors)) < 0.01
    assert float(np.quantile(errors, 0.95)) < 0.03
