"""The straight line through measured points of a coil: peak field against supply current."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amfdaq.errors import BadInput

MIN_POINTS_WITHOUT_U = 3  # two points leave no residual to take an uncertainty from


@dataclass(frozen=True, slots=True)
class FittedLine:
    """H = gain I + offset.

    Attributes:
        gain: (A/m)/A.
        offset: A/m.
        u_gain: standard uncertainty of the gain.
        u_offset: standard uncertainty of the offset.
        covariance: of gain and offset, (A/m)^2/A.
        residual: standard deviation of the points about the line, A/m; 0.0 for two points.
        points: how many.
    """

    gain: float
    offset: float
    u_gain: float
    u_offset: float
    covariance: float
    residual: float
    points: int


def fit_line(
    current: Sequence[float], field: Sequence[float], u: Sequence[float] | None = None, *, scale: float = 0.0
) -> FittedLine:
    """Least squares of field against current with the covariance of both coefficients (JCGM 100:2008, H.3).

    With uncertainties of the points the fit is weighted by 1/u^2, and the covariance is enlarged by the
    reduced chi-square when the points scatter more than their uncertainties say (R. T. Birge, Phys. Rev. 40
    (1932) 207). Without them it comes from the residuals.

    Args:
        current: A, at least two different values.
        field: peak A/m.
        u: standard uncertainty of each field that is independent of the others, A/m; or None.
        scale: relative standard uncertainty common to all fields (the area of the pick-up coil); no fit
            averages it out, so it goes into the coefficients in full.

    Returns:
        the line.

    Raises:
        BadInput: too few points, unequal lengths, all at one current, or a line that does not rise.
    """
    x, y = np.asarray(current, dtype=np.float64), np.asarray(field, dtype=np.float64)
    weights = np.ones_like(x) if u is None else 1.0 / np.asarray(u, dtype=np.float64) ** 2
    _check(x, y, weights, with_u=u is not None)
    design = np.column_stack([x, np.ones_like(x)])
    covariance = np.linalg.inv(design.T @ (weights[:, None] * design))
    gain, offset = (float(value) for value in covariance @ (design.T @ (weights * y)))
    residuals = y - (gain * x + offset)
    freedom = len(x) - 2
    reduced = float(np.sum(weights * residuals**2)) / freedom if freedom > 0 else 1.0
    covariance *= reduced if u is None else max(1.0, reduced)
    if not gain > 0:
        raise BadInput(
            f"the field does not rise with the current (slope {gain:.4g} (A/m)/A): check the points"
        )
    common = scale**2
    return FittedLine(
        gain=gain,
        offset=offset,
        u_gain=math.sqrt(covariance[0, 0] + common * gain**2),
        u_offset=math.sqrt(covariance[1, 1] + common * offset**2),
        covariance=float(covariance[0, 1] + common * gain * offset),
        residual=float(np.sqrt(np.sum(residuals**2) / freedom)) if freedom > 0 else 0.0,
        points=len(x),
    )


def _check(x: np.ndarray, y: np.ndarray, weights: np.ndarray, *, with_u: bool) -> None:
    least = 2 if with_u else MIN_POINTS_WITHOUT_U
    if not len(x) == len(y) == len(weights):
        raise BadInput(
            f"{len(x)} currents, {len(y)} fields and {len(weights)} uncertainties do not fit together"
        )
    if len(x) < least:
        hint = "" if with_u else ' (two are enough when each has an uncertainty, "3.2 kA/m +- 1 %")'
        raise BadInput(f"{len(x)} points are too few for a line: at least {least}{hint}")
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y)) and np.all(np.isfinite(weights))):
        raise BadInput("currents, fields and uncertainties must be finite, and uncertainties above zero")
    if float(np.ptp(x)) == 0.0:
        raise BadInput("all points are at the same current: measure at several")
