"""Equilibrium crossing: dT/dt of the sample as it passes the temperature at which a blank stays (docs/analysis.md).

Water in the same vessel with the field on settles at T_eq. There, exchange with the surroundings and what the coil
adds cancel, so the sample's slope at T_eq is its loss-free rate; no switching time and no loss law are needed. The two
variants are those the La Plata group publishes: a straight line through all readings of the rising passage with
|T - T_eq| <= 1 K, and T = end + (start - end) exp(-k t) through those with |T - T_eq| <= 3 K, differentiated at T_eq.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from amfdaq.analysis.estimate import Estimate, EstimatorName, not_applicable
from amfdaq.analysis.exponential import fit_relaxation
from amfdaq.analysis.linear import fit_line
from amfdaq.analysis.noise import resolution_of
from amfdaq.curve import FloatArray, HeatingCurve

Variant = Literal["linear", "exponential"]

HALF_WIDTH: dict[Variant, float] = {"linear": 1.0, "exponential": 3.0}  # K
MIN_POINTS = 8


def estimate(
    curve: HeatingCurve, *, t_eq: float | None, variant: Variant = "linear", half_width: float | None = None
) -> Estimate:
    """Slope where the sample crosses T_eq on the way up.

    Args:
        curve: its field-on intervals are not used.
        t_eq: plateau of the blank with the field on, degree Celsius.
        variant: straight line or exponential.
        half_width: readings within so many kelvin of T_eq are used; 1 K for the line, 3 K for the exponential.
    """
    name: EstimatorName = "equilibrium-crossing"
    if t_eq is None:
        return not_applicable(name, "no equilibrium temperature of a blank is given", variant=variant)
    curve = curve.valid()
    width = HALF_WIDTH[variant] if half_width is None else half_width
    passage = _passage(curve, t_eq)
    if passage is None:
        return not_applicable(name, f"the sample does not rise through {t_eq:g} degC", variant=variant)
    t, y = passage
    if y.min() > t_eq - width or y.max() < t_eq + width:
        reason = f"the record does not cover {t_eq:g} degC +- {width:g} K on both sides"
        return not_applicable(name, reason, variant=variant)
    near = np.abs(y - t_eq) <= width + 1e-9  # rounded readings lie exactly on the edge
    t, y = t[near], y[near]
    if t.size < MIN_POINTS:
        reason = f"only {t.size} readings within {width:g} K of {t_eq:g} degC: sample faster"
        return not_applicable(name, reason, variant=variant)
    resolution = resolution_of(curve)
    parameters = {"t_eq": t_eq, "half_width": width, "points": float(t.size), "window": float(t[-1] - t[0])}
    if variant == "linear":
        line = fit_line(t, y, resolution)
        fitted = line.mean + line.slope * (t - line.centre)
        rate, u = line.slope, line.u_slope
    else:
        fit = fit_relaxation(t, y, resolution=resolution)
        if fit is None:
            return not_applicable(name, "the passage shows no curvature for an exponential", variant=variant)
        rate, u = fit.slope_at(t_eq)
        fitted = y - fit.residuals
        parameters.update(k=fit.k, tau=1.0 / fit.k, end=fit.end)
    return Estimate(
        name, rate, u, accepted=rate > 0.0, reasons=() if rate > 0.0 else ("the sample does not warm there",),
        parameters=parameters, variant=variant, time=t, fitted=fitted,
    )  # fmt: skip


def _passage(curve: HeatingCurve, t_eq: float) -> tuple[FloatArray, FloatArray] | None:
    """The rising passage through T_eq: from the coldest point before the crossing to the warmest after it.

    The first crossing counts; the passage ends before the sample falls below T_eq again.
    """
    y = curve.temperature
    below = np.flatnonzero(y < t_eq)
    if below.size == 0:
        return None
    above = np.flatnonzero(y[below[0] :] >= t_eq)
    if above.size == 0:
        return None
    crossing = int(below[0] + above[0])
    # Rounded readings flicker about T_eq; only a fall by more than a kelvin is a new passage.
    fall = np.flatnonzero(y[crossing:] < t_eq - 1.0)
    end = crossing + int(fall[0]) if fall.size else y.size
    begin = int(np.argmin(y[:crossing]))
    stop = crossing + int(np.argmax(y[crossing:end])) + 1
    return curve.time[begin:stop], y[begin:stop]
