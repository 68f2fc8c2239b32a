"""Noise of the thermometer and what correlated residuals do to a standard error.

A least-squares standard error assumes independent residuals. Those of a calorimeter are not: the thermometer filters,
the bath wanders, the model is a little wrong. For a first-order autoregressive process of correlation rho the true
standard error of a mean is sqrt((1 + rho)/(1 - rho)) times larger (docs/analysis.md; rho = 0.8 gives x 3.0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from amfdaq.curve import FloatArray, HeatingCurve

RHO_MAX = 0.98  # inflation x 10; beyond it the number of independent points cannot be told from one record
_PIECE = 20.0  # s: short against any baseline, long enough to see a correlation
_PIECE_POINTS = 12
BLOCKS = 24  # block means of residuals: enough for a variance to 30 %, long enough to see slow structure


def lag1(residuals: FloatArray) -> float:
    """Lag-1 autocorrelation of residuals of mean zero; 0.0 for fewer than three points or no scatter at all."""
    power = float(residuals @ residuals)
    if residuals.size < 3 or power <= 0.0:
        return 0.0
    return float(residuals[1:] @ residuals[:-1]) / power


def inflation(rho: float) -> float:
    """Factor on the standard error for AR(1) residuals, sqrt((1 + rho)/(1 - rho)); never below 1.

    Negative correlation would shrink the error; it is not used, because one record cannot support it.
    """
    rho = min(max(rho, 0.0), RHO_MAX)
    return math.sqrt((1.0 + rho) / (1.0 - rho))


def block_means(values: FloatArray, size: int) -> FloatArray:
    """Means of consecutive blocks of ``size`` values; an incomplete last block is left out."""
    blocks = values.size // size
    means: FloatArray = values[: blocks * size].reshape(blocks, size).mean(axis=1)
    return means


def error_inflation(residuals: FloatArray) -> float:
    """Factor on the standard error of a fit, from its residuals in order of time.

    The larger of the AR(1) factor and of what the scatter of block means shows, because a slow structure under white
    noise of a fast thermometer hardly moves the lag-1 correlation and still is what limits the slope.
    """
    factor = inflation(lag1(residuals))
    size = residuals.size // BLOCKS
    variance = float(np.mean(residuals**2)) if residuals.size else 0.0
    if size < 2 or variance <= 0.0:
        return factor
    means = block_means(residuals, size)
    return max(factor, math.sqrt(size * float(np.mean(means**2)) / variance))


def resolution_of(curve: HeatingCurve) -> float:
    """Step of the thermometer in K: as the curve says, else the smallest difference of its values; 0.0 where none.

    A step is only believed when the record repeats few values many times, as rounded numbers do.
    """
    if curve.resolution > 0.0:
        return curve.resolution
    values = np.unique(curve.temperature[np.isfinite(curve.temperature)])
    if values.size < 3 or values.size > 0.5 * curve.temperature.size:
        return 0.0
    return float(np.min(np.diff(values)))


def quantisation_noise(resolution: float) -> float:
    """Standard deviation of a rounding error, q/sqrt(12), K."""
    return resolution / math.sqrt(12.0)


@dataclass(frozen=True, slots=True)
class SensorNoise:
    """What the thermometer shows of its own.

    Attributes:
        sd: standard deviation of one reading, K; never below the rounding error.
        slow: standard deviation of means over ``window``, K: what of the noise is slow.
        window: s.
    """

    sd: float
    slow: float
    window: float


def sensor_noise(curve: HeatingCurve, until: float, resolution: float, window: float = 10.0) -> SensorNoise:
    """Noise from the part before the field, or from the whole record where there is none.

    The record is cut into pieces of about 20 s, a straight line is taken out of each, and the median over the pieces is
    the noise: a baseline that holds the beginning of the heating, because the switching time is wrong, must not pass for
    a noisy one, or the misfit it causes would be excused by it.

    Args:
        curve: without failed readings.
        until: end of the quiet part, s.
        resolution: K.
        window: s, for the slow part.
    """
    floor = quantisation_noise(resolution)
    dt = float(np.median(np.diff(curve.time)))
    size = max(_PIECE_POINTS, round(_PIECE / dt))
    quiet = curve.time < until
    t, y = curve.time, curve.temperature
    if np.count_nonzero(quiet) >= size:
        t, y = t[quiet], y[quiet]
    size = min(size, t.size)
    pieces = t.size // size
    x = t[: pieces * size].reshape(pieces, size)
    x = x - x.mean(axis=1, keepdims=True)
    z = y[: pieces * size].reshape(pieces, size)
    z = z - z.mean(axis=1, keepdims=True)
    residuals = z - x * (np.sum(x * z, axis=1) / np.sum(x * x, axis=1))[:, None]
    power = np.sum(residuals**2, axis=1)
    shifted = np.sum(residuals[:, 1:] * residuals[:, :-1], axis=1)
    rho = float(np.median(shifted / np.where(power > 0.0, power, 1.0)))
    rho += (1.0 + 3.0 * max(rho, 0.0)) / size  # the line takes some of the correlation along (Kendall's bias)
    # The line also takes some of the variance of a correlated noise along: about 2/n of the independent points.
    kept = max(0.3, 1.0 - 2.0 * inflation(rho) ** 2 / size)
    sd = max(floor, math.sqrt(float(np.median(power)) / (size * kept)))
    slow = sd * min(1.0, inflation(rho) / math.sqrt(max(1.0, window / dt)))
    return SensorNoise(sd, slow, window)
