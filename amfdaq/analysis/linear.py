"""Straight lines and linear least squares with honest standard errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from amfdaq.analysis.noise import error_inflation, quantisation_noise
from amfdaq.curve import FloatArray


@dataclass(frozen=True, slots=True)
class Line:
    """Straight line y = mean + slope (t - centre).

    Attributes:
        slope: K/s.
        u_slope: its standard uncertainty, K/s, autocorrelation and resolution included.
        mean: K or degree Celsius, at the centre.
        centre: s.
        n: points.
    """

    slope: float
    u_slope: float
    mean: float
    centre: float
    n: int


def fit_line(time: FloatArray, temperature: FloatArray, resolution: float = 0.0) -> Line:
    """Ordinary least squares of a line through at least three points.

    Args:
        time: s, shape (n,).
        temperature: shape (n,).
        resolution: K; the scatter is not taken to be smaller than q/sqrt(12).
    """
    n = time.size
    centre = float(time.mean())
    x = time - centre
    mean = float(temperature.mean())
    sxx = float(x @ x)
    slope = float(x @ temperature) / sxx
    r = temperature - mean - slope * x
    scatter = max(math.sqrt(float(r @ r) / max(n - 2, 1)), quantisation_noise(resolution))
    return Line(slope, scatter / math.sqrt(sxx) * error_inflation(r), mean, centre, n)


def least_squares(columns: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Linear least squares by QR (the columns of a thermal model are nearly dependent; normal equations would suffer).

    Columns that are zero on this data, such as the heating before the field is on, get the coefficient 0.

    Returns:
        coefficients, residuals, and an orthonormal basis of the columns.
    """
    used = columns.any(axis=0)
    everything = bool(used.all())
    q, r = np.linalg.qr(columns if everything else columns[:, used])
    diagonal = np.abs(np.diag(r))
    part = q.T @ y
    if diagonal.size and diagonal.min() > 1e-12 * diagonal.max():
        solution = np.linalg.solve(r, part)
    else:
        solution = np.linalg.lstsq(r, part, rcond=None)[0]
    if everything:
        return solution, y - q @ part, q
    coefficients = np.zeros(columns.shape[1])
    coefficients[used] = solution
    return coefficients, y - q @ part, q
