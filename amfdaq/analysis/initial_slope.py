"""Initial slope: straight line through the first seconds of the heating (docs/analysis.md).

Legacy: losses, lag and a start out of equilibrium bias it. The window follows from the bias that is allowed,
w = 2 e tau, and the bias that a one-node model with the lag predicts for the very same readings is attached.
"""

from __future__ import annotations

import numpy as np

from amfdaq.analysis.estimate import Estimate, not_applicable
from amfdaq.analysis.linear import fit_line
from amfdaq.analysis.noise import resolution_of
from amfdaq.analysis.one_node import respond
from amfdaq.curve import HeatingCurve

ALLOWED_BIAS = 0.05
MIN_POINTS = 4


def estimate(
    curve: HeatingCurve,
    *,
    tau: float | None = None,
    lag: float | None = None,
    window: float | None = None,
    skip: float = 0.0,
    allowed_bias: float = ALLOWED_BIAS,
) -> Estimate:
    """Slope of the first heating in a short window.

    Args:
        curve: with its field-on intervals.
        tau: thermal time constant C/L in s, from the joint fit or the cooling branch.
        lag: time constant of the probe in s, for the predicted bias; that of the curve when None.
        window: length in s; 2 x allowed_bias x tau when None. There is no default in seconds on purpose.
        skip: s left out after switch-on.
        allowed_bias: relative bias by losses that sets the window.
    """
    curve = curve.valid()
    if not curve.on:
        return not_applicable("initial-slope", "it is not known when the field was on", legacy=True)
    if window is None:
        if tau is None:
            reason = "without the thermal time constant there is no rule for its window"
            return not_applicable("initial-slope", reason, legacy=True)
        window = 2.0 * allowed_bias * tau
    on, off = curve.on[0]
    begin, end = np.searchsorted(curve.time, (on + skip, min(on + skip + window, off) + 1e-9))
    if end - begin < MIN_POINTS:
        reason = f"only {end - begin} readings in a window of {window:.3g} s: sample faster"
        return not_applicable("initial-slope", reason, legacy=True)
    t = curve.time[begin:end]
    line = fit_line(t, curve.temperature[begin:end], resolution_of(curve))
    lag = lag if lag is not None else curve.lag
    parameters = {"window": window, "skip": skip}
    bias = None
    if tau is not None:
        parameters["tau"] = tau
        g = respond(np.maximum(t - on, 0.0), 1.0 / tau, min(lag or 0.0, 0.5 * tau)).g
        bias = fit_line(t, g).slope - 1.0
    return Estimate(
        "initial-slope", line.slope, line.u_slope, accepted=True, parameters=parameters,
        variant=f"{window:.3g} s window", legacy=True, predicted_bias=bias,
    )  # fmt: skip
