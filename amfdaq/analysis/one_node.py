"""The one-node calorimeter with a probe that lags: exact responses and their derivatives.

dT/dt = s u(t) - k (T - T_env(t)),  tau_s dS/dt = T - S   (docs/analysis.md)

S is what the thermometer shows. For piecewise-constant u the solution is a sum of shifted responses of the two poles k
and 1/tau_s, so no sample is ever integrated step by step and every sampling grid is exact:

* phi(x): decay of a unit excess of the sample with the probe in it from the start
* g(x) = (1 - phi(x))/k: response to s = 1 from x = 0
* h(x) = integral of k g: response to an environment that rises by 1 K/s from x = 0

With q = k tau_s, E = exp(-k x), F = exp(-x/tau_s): phi = (E - q F)/(1 - q), which is E for tau_s = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from amfdaq.analysis.drive import Drive
from amfdaq.curve import FloatArray

Environment = Literal["constant", "drift", "coil"]
"""T_env constant; rising linearly all the time; or rising linearly while the drive is on (a coil that warms)."""

Q_MAX = 0.8  # k tau_s: beyond it the probe hides the sample; the formulas have a removable pole at 1


@dataclass(frozen=True, slots=True)
class Response:
    """phi and g at the times x >= 0 since a step, with derivatives to ln k and tau_s; shapes (n,)."""

    phi: FloatArray
    g: FloatArray
    phi_lnk: FloatArray
    g_lnk: FloatArray
    phi_lag: FloatArray
    g_lag: FloatArray
    impulse: FloatArray


@dataclass(frozen=True, slots=True)
class Ramp:
    """h at the times x >= 0, with derivatives to ln k and tau_s; shapes (n,)."""

    h: FloatArray
    h_lnk: FloatArray
    h_lag: FloatArray


def respond(x: FloatArray, k: float, lag: float) -> Response:
    """Responses of the two-pole system to an initial excess and to power.

    Args:
        x: s since the step, >= 0, shape (n,).
        k: loss rate L/C, 1/s.
        lag: time constant of the probe, s, with k * lag < 1.
    """
    q = k * lag
    p = 1.0 - q
    E, F, zF = _decays(x, k, lag)
    impulse = (E - F) / p
    phi = (E - q * F) / p
    phi_lnk = (q / p) * impulse - (k / p) * x * E
    phi_lag = (k / p) * (impulse - zF)
    g = (1.0 - phi) / k
    return Response(phi, g, phi_lnk, -g - phi_lnk / k, phi_lag, phi_lag / -k, impulse)


def respond_to_ramp(x: FloatArray, k: float, lag: float) -> Ramp:
    """Response to an environment that rises by 1 K/s from x = 0; arguments as for `respond`."""
    q = k * lag
    p = 1.0 - q
    E, F, zF = _decays(x, k, lag)
    one_E = (1.0 - E) / k
    one_F = 1.0 - F
    n = one_E - q * lag * one_F  # (1 - q) times the integral of phi
    n_lnk = x * E - one_E - q * lag * one_F
    n_lag = q * zF - 2.0 * q * one_F
    return Ramp(x - n / p, -(n_lnk * p + n * q) / p**2, -(n_lag * p + n * k) / p**2)


def _decays(x: FloatArray, k: float, lag: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """exp(-k x), exp(-x/lag) and (x/lag) exp(-x/lag)."""
    # A lag far below the sampling interval only shows at x = 0, where F must be 1; the floor avoids 0/0 there.
    z = np.minimum(x / max(lag, 1e-9), 700.0)
    F = np.exp(-z)
    return np.exp(-k * x), F, z * F


@dataclass(frozen=True, slots=True)
class Basis:
    """The model as a linear combination: S(t) = columns @ (T0, T_env, s[, d]).

    Attributes:
        columns: shape (n, m).
        d_lnk: derivative of the columns to ln k.
        d_lag: derivative of the columns to tau_s.
        edges: response to moving each step of the drive later by 1 s, per unit of s; shape (n, steps).
    """

    columns: FloatArray
    d_lnk: FloatArray
    d_lag: FloatArray
    edges: FloatArray


def basis(
    time: FloatArray, drive: Drive, k: float, lag: float, environment: Environment = "constant"
) -> Basis:
    """Columns of the model on a time grid that starts at time[0], where the probe shows the sample (S = T = T0).

    Args:
        time: s, increasing, shape (n,).
        drive: relative power.
        k: 1/s.
        lag: s.
        environment: how T_env moves; its rate d is the fourth column.
    """
    m = 3 if environment == "constant" else 4
    first = respond(time - time[0], k, lag)
    columns, d_lnk, d_lag = (np.zeros((time.size, m), order="F") for _ in range(3))
    edges = np.zeros((time.size, len(drive.steps)), order="F")
    columns[:, 0], d_lnk[:, 0], d_lag[:, 0] = first.phi, first.phi_lnk, first.phi_lag
    columns[:, 1], d_lnk[:, 1], d_lag[:, 1] = 1.0 - first.phi, -first.phi_lnk, -first.phi_lag
    if environment == "drift":
        ramp = respond_to_ramp(time - time[0], k, lag)
        columns[:, 3], d_lnk[:, 3], d_lag[:, 3] = ramp.h, ramp.h_lnk, ramp.h_lag
    for i, (at, change) in enumerate(drive.steps):
        begin = int(np.searchsorted(time, at, side="right"))
        if begin == time.size:
            continue
        x = time[begin:] - max(at, float(time[0]))
        r = respond(x, k, lag)
        columns[begin:, 2] += change * r.g
        d_lnk[begin:, 2] += change * r.g_lnk
        d_lag[begin:, 2] += change * r.g_lag
        edges[begin:, i] = -change * r.impulse
        if environment == "coil":
            ramp = respond_to_ramp(x, k, lag)
            columns[begin:, 3] += change * ramp.h
            d_lnk[begin:, 3] += change * ramp.h_lnk
            d_lag[begin:, 3] += change * ramp.h_lag
    return Basis(columns, d_lnk, d_lag, edges)
