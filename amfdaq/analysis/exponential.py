"""Relaxation of one node: y(t) = end + (start - end) exp(-k (t - t[0])), by variable projection.

For a given k the model is a straight line a + b f(t), with f = exp(-k x), or f = 1 - exp(-k x) where ``start`` is known.
Only ln k is searched (a grid, then Gauss-Newton with the projected derivative after Kaufman, BIT 15, 1975, 49-57), so
there are no starting values to guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from amfdaq.analysis.noise import block_means, error_inflation, quantisation_noise
from amfdaq.curve import FloatArray

_GRID = 10
_SEARCH_POINTS = 200
_REFINE_POINTS = 800


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A fitted relaxation.

    Attributes:
        start: value at t[0].
        end: asymptote.
        k: 1/s.
        covariance: of (start, end, k), shape (3, 3), for correlated residuals and the uncertainty of a given value.
        residuals: data minus model.
    """

    start: float
    end: float
    k: float
    covariance: FloatArray
    residuals: FloatArray

    def slope_at(self, level: float) -> tuple[float, float]:
        """dy/dt where y = level, k (end - level), and its standard uncertainty."""
        gradient = np.array([0.0, self.k, self.end - level])
        return self.k * (self.end - level), math.sqrt(max(0.0, float(gradient @ self.covariance @ gradient)))

    def initial_slope(self) -> tuple[float, float]:
        """dy/dt at t[0], k (end - start), and its uncertainty from the full covariance (A and B anti-correlate)."""
        gradient = np.array([-self.k, self.k, self.end - self.start])
        return self.k * (self.end - self.start), math.sqrt(
            max(0.0, float(gradient @ self.covariance @ gradient))
        )


@dataclass(frozen=True, slots=True)
class _Shape:
    """The straight-line problem at one k: y = a + b f, with a given or fitted."""

    x: FloatArray
    y: FloatArray
    start: float | None
    end: float | None

    @property
    def intercept(self) -> float | None:
        """The given one of the two ends; None where both are fitted."""
        return self.start if self.start is not None else self.end

    def solve(self, k: float) -> tuple[float, float, FloatArray, FloatArray]:
        """(a, b, residuals, derivative of the model to ln k with a and b following) at a loss rate k in 1/s."""
        e = np.exp(-k * self.x)
        f, d = (1.0 - e, k * self.x * e) if self.start is not None else (e, -k * self.x * e)
        if self.intercept is not None:
            a = self.intercept
            power = float(f @ f)
            b = float(f @ (self.y - a)) / power
            return a, b, self.y - a - b * f, b * (d - f * (float(f @ d) / power))
        g = f - f.mean()
        power = float(g @ g)
        mean = float(self.y.mean())
        b = float(g @ self.y) / power
        d = d - d.mean()
        return mean - b * float(f.mean()), b, self.y - mean - b * g, b * (d - g * (float(g @ d) / power))

    def thinned(self, points: int) -> _Shape:
        """The same on block means."""
        size = self.x.size // points
        if size < 2:
            return self
        return _Shape(block_means(self.x, size), block_means(self.y, size), self.start, self.end)


def fit_relaxation(
    time: FloatArray,
    y: FloatArray,
    *,
    start: float | None = None,
    end: float | None = None,
    u_given: float = 0.0,
    resolution: float = 0.0,
) -> Relaxation | None:
    """Fit a relaxation.

    Args:
        time: s, increasing, at least five points.
        y: shape (n,).
        start: value at time[0] where it is known (fitted otherwise); not together with ``end``.
        end: asymptote where it is known (fitted otherwise).
        u_given: standard uncertainty of ``start`` or ``end`` where one is given; it passes on to all three values.
        resolution: K.

    Returns:
        the fit, or None where the data show no relaxation (k at the edge of 0.01/span .. 20/span).
    """
    shape = _Shape(time - time[0], y, start, end)
    span = float(shape.x[-1])
    coarse = shape.thinned(_SEARCH_POINTS)
    grid = np.geomspace(0.01 / span, 20.0 / span, _GRID)
    costs = [float(np.sum(coarse.solve(float(k))[2] ** 2)) for k in grid]
    best = int(np.argmin(costs))
    if best in (0, _GRID - 1):
        return None
    k = _descend(shape.thinned(_REFINE_POINTS), _descend(coarse, float(grid[best]), 1e-3), 1e-7)
    return _report(shape, k, u_given, resolution)


def _descend(shape: _Shape, k: float, tolerance: float) -> float:
    """Gauss-Newton in ln k, with halving until the cost falls."""
    *_, residuals, derivative = shape.solve(k)
    cost = float(residuals @ residuals)
    for _ in range(30):
        power = float(derivative @ derivative)
        if power <= 0.0:
            break
        step = min(max(float(derivative @ residuals) / power, -1.0), 1.0)
        for _ in range(12):
            *_, r, d = shape.solve(k * math.exp(step))
            new = float(r @ r)
            if new <= cost:
                break
            step *= 0.5
        else:
            break
        k, residuals, derivative, cost = k * math.exp(step), r, d, new
        if abs(step) < tolerance:
            break
    return k


def _report(shape: _Shape, k: float, u_given: float, resolution: float) -> Relaxation:
    a, b, residuals, _ = shape.solve(k)
    start, end = (a, a + b) if shape.start is not None else (a + b, a)
    e = np.exp(-k * shape.x)
    jacobian = np.column_stack([e, 1.0 - e, -shape.x * e * (start - end)])
    free = np.flatnonzero([shape.start is None, shape.end is None, True])
    columns = jacobian[:, free]
    scatter = math.sqrt(float(residuals @ residuals) / max(1, residuals.size - free.size))
    scatter = max(scatter, quantisation_noise(resolution)) * error_inflation(residuals)
    scale = np.linalg.norm(columns, axis=0)
    scale[scale == 0.0] = 1.0
    inverse = np.linalg.pinv((columns / scale).T @ (columns / scale)) / np.outer(scale, scale)
    covariance = np.zeros((3, 3))
    covariance[np.ix_(free, free)] = inverse * scatter**2
    if shape.intercept is not None and u_given > 0.0:
        # How the fitted values follow when the given one moves: they absorb what its column does to the data.
        which = 0 if shape.start is not None else 1
        follow = np.zeros(3)
        follow[which] = 1.0
        follow[free] = -inverse @ (columns.T @ jacobian[:, which])
        covariance += np.outer(follow, follow) * u_given**2
    return Relaxation(start, end, k, covariance, residuals)
