"""Curves that must not get a number (docs/analysis.md), made wrong on purpose from a good experiment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amfdaq.analysis.pipeline import analyze
from amfdaq.curve import FloatArray, HeatingCurve

ON, OFF = 60.0, 360.0


def flat_then_runaway(t: FloatArray, y: FloatArray) -> FloatArray:
    """Nothing happens for 100 s, then several kelvin per second."""
    late = ON + 100.0
    flat = np.where(t < late, y[0] + (y - y[0]) * (t < ON), y[0])
    jump = np.clip(t - late, 0.0, 8.0) * 4.0 * np.exp(-np.maximum(t - late - 8.0, 0.0) / 300.0)
    return np.asarray(flat + jump)


def late_peak(t: FloatArray, y: FloatArray) -> FloatArray:
    """The temperature goes on rising for 60 s after the recorded switch-off."""
    return np.interp(np.where(t > ON, np.maximum(t - 60.0, ON), t), t, y)


def impossible_temperature(t: FloatArray, y: FloatArray) -> FloatArray:
    return np.where((t > 200.0) & (t < 215.0), 412.0, y)


def sudden_jumps(t: FloatArray, y: FloatArray) -> FloatArray:
    return y + 15.0 * ((t > 180.0) & (t < 260.0))


def wild_drift(t: FloatArray, y: FloatArray) -> FloatArray:
    """The surroundings change more, and faster, than the sample heats."""
    return y + 6.0 * np.sin(2.0 * np.pi * t / 400.0)


def runaway_environment(t: FloatArray, y: FloatArray) -> FloatArray:
    return y + 0.03 * t


def frozen_probe(t: FloatArray, y: FloatArray) -> FloatArray:
    return np.where(t > 150.0, y[np.searchsorted(t, 150.0)], y)


def frozen_from_the_start(t: FloatArray, y: FloatArray) -> FloatArray:
    return np.full_like(y, y[0])


def dropout(t: FloatArray, y: FloatArray) -> FloatArray:
    """The probe is lost for most of the heating."""
    return np.where((t > ON + 20.0) & (t < OFF - 60.0), np.nan, y)


def failed_probe(t: FloatArray, y: FloatArray) -> FloatArray:
    return np.full_like(y, np.nan)


def convex_heating(t: FloatArray, y: FloatArray) -> FloatArray:
    heated = np.clip(t - ON, 0.0, OFF - ON)
    return np.asarray(y[0] + 8.0 * (heated / (OFF - ON)) ** 3 * np.exp(-np.maximum(t - OFF, 0.0) / 300.0))


def cooling_sample(t: FloatArray, y: FloatArray) -> FloatArray:
    return np.asarray(2.0 * y[0] - y)


def unstirred(t: FloatArray, y: FloatArray) -> FloatArray:
    """A second slow process: the probe sits in a layer that mixes in bursts."""
    return y + 0.8 * np.sign(np.sin(t / 17.0)) * (t > ON)


MADE_WRONG = [
    flat_then_runaway,
    late_peak,
    impossible_temperature,
    sudden_jumps,
    wild_drift,
    runaway_environment,
    frozen_probe,
    frozen_from_the_start,
    dropout,
    failed_probe,
    convex_heating,
    cooling_sample,
    unstirred,
]


@pytest.fixture(params=[0.0, 0.1], ids=["fine", "0.1 K steps"])
def good(request: pytest.FixtureRequest, truth: Any, record: Callable[..., HeatingCurve]) -> HeatingCurve:
    oracle = truth(noise=0.02, rho=0.3, lag=2.0, resolution=request.param, seed=5)
    return record(oracle, lag=2.0, u_lag=0.3, u_switch=0.2)


def test_the_good_experiment_is_accepted(good: HeatingCurve) -> None:
    result = analyze(good)
    assert result.accepted, result.reasons
    assert result.rate == pytest.approx(0.0239, rel=0.01)


@pytest.mark.parametrize("wrong", MADE_WRONG)
def test_a_pathological_curve_gets_no_number(
    wrong: Callable[[FloatArray, FloatArray], FloatArray], good: HeatingCurve
) -> None:
    result = analyze(replace(good, temperature=wrong(good.time, good.temperature)))
    assert not result.accepted
    assert result.reasons
    document = result.to_json()
    assert (document["rate"], document["sar"], document["ilp"]) == (None, None, None)
    assert not any(estimator["accepted"] for estimator in document["estimators"])


@pytest.mark.parametrize("shift", [-60.0, -45.0, -20.0, 20.0, 45.0, 60.0, 100.0])
def test_field_times_far_off_give_no_wrong_number(shift: float, good: HeatingCurve) -> None:
    """A refusal, or a number within a tenth of the truth."""
    result = analyze(replace(good, on=((ON + shift, OFF + shift),)))
    if result.accepted:
        assert result.rate == pytest.approx(0.0239, rel=0.1)


@pytest.mark.parametrize("on", [(), ((2000.0, 2300.0),)])
def test_unknown_or_impossible_field_times_get_no_number(
    on: tuple[tuple[float, float], ...], good: HeatingCurve
) -> None:
    result = analyze(replace(good, on=on))
    assert not result.accepted
    assert result.reasons
