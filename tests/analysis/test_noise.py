"""Noise, correlation and resolution as the thermometer shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from amfdaq.analysis.linear import fit_line
from amfdaq.analysis.noise import error_inflation, inflation, lag1, resolution_of, sensor_noise
from amfdaq.curve import FloatArray, HeatingCurve


def ar1(rng: np.random.Generator, n: int, rho: float) -> FloatArray:
    white = rng.normal(size=n)
    out = white.copy()
    for i in range(1, n):
        out[i] = rho * out[i - 1] + np.sqrt(1.0 - rho**2) * white[i]
    return out


def test_inflation_of_ar1_is_three_at_rho_0_8() -> None:
    assert inflation(0.8) == pytest.approx(3.0)
    assert inflation(0.0) == inflation(-0.5) == 1.0


def test_slope_error_is_the_scatter_of_slopes_in_ar1_noise() -> None:
    """rho 0.8: the ordinary standard error is 3 times too small; the reported one is not."""
    rng = np.random.default_rng(1)
    t = np.arange(600.0)
    lines = [fit_line(t, ar1(rng, t.size, 0.8)) for _ in range(300)]
    scatter = float(np.std([line.slope for line in lines], ddof=1))
    reported = float(np.mean([line.u_slope for line in lines]))
    ordinary = 1.0 / np.sqrt(np.sum((t - t.mean()) ** 2))
    assert scatter / ordinary == pytest.approx(3.0, rel=0.12)
    assert reported / scatter == pytest.approx(1.0, abs=0.15)


def test_slow_structure_under_white_noise_is_seen() -> None:
    rng = np.random.default_rng(2)
    n = 6000
    r = rng.normal(size=n) + 0.3 * np.sin(2 * np.pi * np.arange(n) / 2000.0)
    assert lag1(r) < 0.1
    assert error_inflation(r) > 2.0
    assert error_inflation(rng.normal(size=n)) < 1.6


def test_resolution_is_read_from_rounded_values_only() -> None:
    t = np.arange(500.0)
    smooth = 20.0 + 0.01 * t + np.random.default_rng(0).normal(0, 0.05, t.size)
    assert resolution_of(HeatingCurve(t, smooth)) == 0.0
    assert resolution_of(HeatingCurve(t, np.round(smooth, 1))) == pytest.approx(0.1)
    assert resolution_of(HeatingCurve(t, smooth, resolution=0.25)) == 0.25


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_noise_of_the_baseline(rho: float) -> None:
    rng = np.random.default_rng(5)
    t = np.arange(0.0, 400.0, 0.5)
    found = [
        sensor_noise(HeatingCurve(t, 20.0 + 0.05 * ar1(rng, t.size, rho)), 200.0, 0.0).sd for _ in range(20)
    ]
    assert float(np.mean(found)) == pytest.approx(0.05, rel=0.15)


def test_noise_is_never_below_the_rounding() -> None:
    t = np.arange(100.0)
    assert sensor_noise(HeatingCurve(t, np.full(100, 20.0)), 60.0, 0.1).sd == pytest.approx(0.1 / np.sqrt(12))


def test_heating_inside_the_baseline_is_not_taken_for_noise(
    bench: Any, record: Callable[[Any], HeatingCurve]
) -> None:
    curve = record(bench())
    honest = sensor_noise(curve, 60.0, 0.0).sd
    assert sensor_noise(replace(curve, on=((105.0, 405.0),)), 105.0, 0.0).sd < 1.5 * honest
