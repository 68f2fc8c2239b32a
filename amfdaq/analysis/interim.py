"""A cheap estimate while the run is still going, for the progress display; never a result."""

from __future__ import annotations

from dataclasses import replace

from amfdaq.analysis.joint_fit import JointFit, fit_joint
from amfdaq.analysis.noise import block_means
from amfdaq.curve import HeatingCurve

POINTS = 300  # block means that are fitted
MIN_HEATED = 5.0  # s of heating before there is anything to say


def interim(curve: HeatingCurve) -> tuple[float, float] | None:
    """Loss-free heating rate so far.

    A joint fit with a constant environment, and with the lag of the probe fixed at its certificate (left out without
    one), on some hundred block means: a few milliseconds for any number of points.

    Args:
        curve: so far; the last field-on interval may end in the future.

    Returns:
        rate and its statistical standard uncertainty in K/s, or None while the curve is too short or shows no heating.
    """
    curve = curve.valid()
    if curve.time.size < 20 or not curve.on or curve.time[-1] - curve.on[0][0] < MIN_HEATED:
        return None
    size = curve.time.size // POINTS
    if size >= 2:
        curve = replace(
            curve,
            time=block_means(curve.time, size),
            temperature=block_means(curve.temperature, size),
            u_lag=0.0,
        )
    else:
        curve = replace(curve, u_lag=0.0)
    fit = fit_joint(curve, lag="off" if curve.lag is None else "auto", environment="constant")
    if not isinstance(fit, JointFit) or not fit.estimate.valid or fit.estimate.rate <= 0.0:
        return None
    return fit.estimate.rate, fit.estimate.u
