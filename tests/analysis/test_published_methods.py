"""Corrected slope, Box-Lucas, initial slope and equilibrium crossing against an independent simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amfdaq.analysis import box_lucas, corrected_slope, equilibrium_crossing, initial_slope
from amfdaq.analysis.exponential import fit_relaxation
from amfdaq.curve import HeatingCurve

Record = Callable[[Any], HeatingCurve]


@pytest.mark.parametrize("tau", [100.0, 300.0, 1000.0])
def test_corrected_slope_takes_the_loss_out(bench: Any, record: Record, tau: float) -> None:
    e = corrected_slope.estimate(record(bench(tau=tau, lag=0.2, noise=0.0)))
    assert e.variant == "k from cooling"
    assert e.rate == pytest.approx(0.0239, rel=0.003)
    assert e.parameters["tau"] == pytest.approx(tau, rel=0.02)


def test_corrected_slope_without_cooling_uses_its_windows(bench: Any, record: Record) -> None:
    e = corrected_slope.estimate(record(bench(tau=200.0, lag=0.5, noise=0.005, end=360.0)))
    assert e.variant == "k from windows"
    assert e.rate == pytest.approx(0.0239, rel=0.02)


def test_corrected_slope_error_is_the_scatter(bench: Any, record: Record) -> None:
    found = [corrected_slope.estimate(record(bench(noise=0.05, resolution=0.1, seed=i))) for i in range(60)]
    observed = float(np.std([e.rate for e in found], ddof=1))
    assert 0.6 < float(np.median([e.u for e in found])) / observed < 1.8


def test_box_lucas_bias_of_a_start_out_of_equilibrium(bench: Any, record: Record) -> None:
    """(T_env - T0)/(tau s), after the relaxation during the baseline."""
    curve = record(bench(lag=0.2, excess=-2.0, noise=0.0))
    expected = 2.0 * np.exp(-60.0 / 300.0) / (300.0 * 0.0239)
    assert box_lucas.estimate(curve).rate / 0.0239 - 1.0 == pytest.approx(expected, abs=0.003)


def test_box_lucas_first_point_passes_its_noise_on(bench: Any, record: Record) -> None:
    """T0 held at one reading scatters several times more than T0 fitted, and both say so."""
    curves = [record(bench(noise=0.05, lag=0.2, seed=i)) for i in range(60)]
    spread = {}
    for variant in ("2 parameters", "3 parameters"):
        found = [box_lucas.estimate(curve, variant=variant) for curve in curves]
        spread[variant] = float(np.std([e.rate for e in found], ddof=1))
        assert 0.6 < float(np.median([e.u for e in found])) / spread[variant] < 1.6
        assert all(e.legacy for e in found)
    assert spread["2 parameters"] > 2.0 * spread["3 parameters"]


def test_initial_slope_window_follows_from_the_allowed_bias(bench: Any, record: Record) -> None:
    curve = record(bench(lag=0.2, noise=0.0, dt=0.1))
    for allowed in (0.01, 0.05):
        e = initial_slope.estimate(curve, tau=300.0, lag=0.2, allowed_bias=allowed)
        assert e.parameters["window"] == pytest.approx(2.0 * allowed * 300.0)
        assert e.predicted_bias is not None
        assert e.rate / 0.0239 - 1.0 == pytest.approx(e.predicted_bias, abs=0.002)
    assert np.isnan(initial_slope.estimate(curve).rate)


def test_initial_slope_predicts_what_the_lag_does(bench: Any, record: Record) -> None:
    e = initial_slope.estimate(record(bench(lag=3.0, noise=0.0)), tau=300.0, lag=3.0, window=10.0)
    assert e.predicted_bias == pytest.approx(-0.268, abs=0.003)
    assert e.rate / 0.0239 - 1.0 == pytest.approx(-0.268, abs=0.003)


def _chilled(bench: Any, record: Record, **changes: float) -> HeatingCurve:
    """A sample that starts 6 K below surroundings at 20 degC: it crosses them, without exchange, on its way up."""
    return record(bench(excess=-6.0, lag=0.3, s=0.04, end=360.0, **changes))


def test_crossing_needs_no_field_times(bench: Any, record: Record) -> None:
    curve = replace(_chilled(bench, record, noise=0.02, resolution=0.1), on=())
    line = equilibrium_crossing.estimate(curve, t_eq=20.0)
    assert line.rate == pytest.approx(0.04, rel=0.02)
    curved = equilibrium_crossing.estimate(curve, t_eq=20.0, variant="exponential")
    assert curved.rate == pytest.approx(0.04, rel=0.02)


def test_crossing_says_what_is_missing(bench: Any, record: Record) -> None:
    curve = record(bench())
    for t_eq, word in (
        (None, "no equilibrium temperature"),
        (80.0, "does not rise"),
        (19.99, "does not cover"),
    ):
        e = equilibrium_crossing.estimate(curve, t_eq=t_eq)
        assert not e.accepted
        assert word in e.reasons[0]


def test_relaxation_with_either_end_given() -> None:
    t = np.arange(0.0, 300.0)
    y = 30.0 - 10.0 * np.exp(-t / 80.0) + np.random.default_rng(0).normal(0, 0.01, t.size)
    for given in ({}, {"start": 20.0}, {"end": 30.0}):
        fit = fit_relaxation(t, y, **given)
        assert fit is not None
        assert (fit.start, fit.end, 1.0 / fit.k) == pytest.approx((20.0, 30.0, 80.0), rel=2e-3)
    straight = 20.0 + 0.01 * t
    assert fit_relaxation(t, straight) is None


@pytest.mark.parametrize("module", [corrected_slope, box_lucas, initial_slope])
def test_unknown_field_times_give_no_number(module: Any, bench: Any, record: Record) -> None:
    e = module.estimate(replace(record(bench()), on=()))
    assert np.isnan(e.rate)
    assert not e.accepted
    assert "field" in e.reasons[0]
