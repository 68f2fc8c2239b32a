"""Corrected slope: slopes of short windows of the heating, each corrected for its own loss (docs/analysis.md).

s_i = dT/dt_i + k (mean T_i - T_env), after Wildeboer, Southern and Pankhurst, J Phys D 47 (2014) 495003; k = L/C comes
from the cooling branch with T_env the mean of the baseline, or, without cooling, from the windows themselves: slope
against mean excess temperature is a straight line with intercept s and gradient -k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from amfdaq.analysis.estimate import Estimate, not_applicable
from amfdaq.analysis.exponential import fit_relaxation
from amfdaq.analysis.linear import fit_line
from amfdaq.analysis.noise import error_inflation, quantisation_noise, resolution_of
from amfdaq.curve import FloatArray, HeatingCurve

WINDOW = 30.0  # s
FIRST_WINDOW = 5.0  # s after switch-on, where the lag of the probe is not known
COOLING_FROM = 20.0  # s after switch-off, where the lag of the probe is not known
MIN_WINDOW_POINTS = 5
MIN_SPAN = 1e-3  # K that the windows must span to show a loss


@dataclass(frozen=True, slots=True)
class _Windows:
    """Slope (K/s), mean temperature (degree Celsius) of each window, and the error of a slope."""

    slope: FloatArray
    mean: FloatArray
    u_slope: float
    length: float


@dataclass(frozen=True, slots=True)
class _Loss:
    """Loss rate k (1/s) and environment (degree Celsius), their variances and covariance."""

    k: float
    var_k: float
    environment: float
    var_environment: float
    covariance: float
    variant: str


def estimate(curve: HeatingCurve, *, window: float = WINDOW, lag: float | None = None) -> Estimate:
    """Mean of the corrected slopes over all windows of the heating.

    Args:
        curve: with its field-on intervals and a baseline before the first.
        window: length of a window in s; shortened to a fifth of a short heating.
        lag: time constant of the probe in s; windows start 5 lags after the switch. Without it, and without a
            certificate in the curve, 5 s after switch-on and 20 s after switch-off.

    Returns:
        the estimate. Unbiased in a linear, constant environment; -1 % for a lag of 8 s that is not known.
    """
    curve = curve.valid()
    if not curve.on:
        return not_applicable("corrected-slope", "it is not known when the field was on")
    lag = curve.lag if lag is None else lag
    skip = FIRST_WINDOW if lag is None else 5.0 * lag
    resolution = resolution_of(curve)
    windows = _windows(curve, window, skip, resolution)
    if windows is None:
        return not_applicable("corrected-slope", "the heating is too short for two windows")
    base = curve.temperature[curve.time <= curve.on[0][0]]
    if base.size < 3:
        return not_applicable("corrected-slope", "there is no baseline to tell the environment's temperature")
    u_base = max(float(np.std(base)), quantisation_noise(resolution)) / math.sqrt(base.size)
    u_base *= error_inflation(base - base.mean())
    cooling_skip = COOLING_FROM if lag is None else 5.0 * lag
    loss = _loss(curve, windows, float(base.mean()), u_base, cooling_skip, resolution)
    if loss is None:
        return not_applicable("corrected-slope", "neither cooling nor heating show how fast heat is lost")
    return _combine(windows, loss)


def _windows(curve: HeatingCurve, window: float, skip: float, resolution: float) -> _Windows | None:
    slopes: list[float] = []
    means: list[float] = []
    errors: list[float] = []
    length = window
    for on, off in curve.on:
        first, last = on + skip, min(off, float(curve.time[-1]))
        length = min(window, (last - on) / 5.0)
        points = int(np.count_nonzero((curve.time >= first) & (curve.time <= last)))
        length = max(
            length, (last - first) / max(1, points)
        )  # no more windows than readings, whatever the unit of time
        count = int((last - first) / length + 1e-9) if length > 0 else 0
        for i in range(count):
            begin, end = np.searchsorted(curve.time, (first + i * length, first + (i + 1) * length + 1e-9))
            if end - begin < MIN_WINDOW_POINTS:
                continue
            line = fit_line(curve.time[begin:end], curve.temperature[begin:end], resolution)
            slopes.append(line.slope)
            means.append(line.mean)
            errors.append(line.u_slope)
    if len(slopes) < 2:
        return None
    return _Windows(np.array(slopes), np.array(means), float(np.median(errors)), length)


def _loss(
    curve: HeatingCurve, windows: _Windows, base: float, u_base: float, skip: float, resolution: float
) -> _Loss | None:
    """From the cooling after the last interval where there is one, else from the windows."""
    cooling = curve.time >= curve.on[-1][1] + skip
    if np.count_nonzero(cooling) >= 10:
        fit = fit_relaxation(
            curve.time[cooling], curve.temperature[cooling], end=base, u_given=u_base, resolution=resolution
        )
        if fit is not None and fit.start > base:
            c = fit.covariance
            return _Loss(fit.k, float(c[2, 2]), base, float(c[1, 1]), float(c[1, 2]), "k from cooling")
    if windows.slope.size < 4 or float(np.ptp(windows.mean)) < MIN_SPAN:
        return None
    line = fit_line(windows.mean - base, windows.slope)
    if line.slope >= 0.0:
        return None
    return _Loss(-line.slope, line.u_slope**2, base, u_base**2, 0.0, "k from windows")


def _combine(windows: _Windows, loss: _Loss) -> Estimate:
    excess = windows.mean - loss.environment
    rates = windows.slope + loss.k * excess
    n = rates.size
    rate = float(rates.mean())
    # The slopes of two windows are independent; k and T_env are common to all of them.
    random = max(float(np.std(rates, ddof=1)), windows.u_slope) / math.sqrt(n)
    mean = float(excess.mean())
    common = mean**2 * loss.var_k + loss.k**2 * loss.var_environment - 2.0 * mean * loss.k * loss.covariance
    u = math.sqrt(random**2 + max(0.0, common))
    parameters = {
        "k": loss.k, "tau": 1.0 / loss.k, "T_env": loss.environment, "window": windows.length, "windows": float(n),
    }  # fmt: skip
    if n >= 4 and float(np.ptp(excess)) >= MIN_SPAN:
        # The gradient of slope against excess is -k where the loss is linear (method ii of the paper).
        parameters["k_windows"] = -fit_line(excess, windows.slope).slope
    return Estimate("corrected-slope", rate, u, accepted=True, parameters=parameters, variant=loss.variant)
