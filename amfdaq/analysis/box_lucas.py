"""Box-Lucas: T(t) = T0 + A (1 - exp(-B (t - t_on))), s = A B (docs/analysis.md).

Legacy. It takes the sample to start in equilibrium, without lag: an excess T_env - T0 at the start biases it by
(T_env - T0)/(tau s), a lag by several per cent. A and B are strongly anti-correlated when the heating is short, so the
standard error of the product comes from their full covariance.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from amfdaq.analysis.estimate import Estimate, not_applicable
from amfdaq.analysis.exponential import fit_relaxation
from amfdaq.analysis.noise import quantisation_noise, resolution_of
from amfdaq.curve import HeatingCurve

Variant = Literal["3 parameters", "2 parameters"]


def estimate(curve: HeatingCurve, *, variant: Variant = "3 parameters") -> Estimate:
    """Fit the first heating.

    Args:
        curve: with its field-on intervals.
        variant: T0 fitted (``"3 parameters"``) or held at the first reading of the heating, which then passes its
            noise on to the rate (``"2 parameters"``).
    """
    curve = curve.valid()
    if not curve.on:
        return not_applicable(
            "box-lucas", "it is not known when the field was on", variant=variant, legacy=True
        )
    on, off = curve.on[0]
    heating = (curve.time >= on) & (curve.time <= off)
    if np.count_nonzero(heating) < 10:
        reason = f"only {np.count_nonzero(heating)} readings in the heating"
        return not_applicable("box-lucas", reason, variant=variant, legacy=True)
    t, y = curve.time[heating], curve.temperature[heating]
    resolution = resolution_of(curve)
    fit = fit_relaxation(t, y, resolution=resolution)
    if fit is not None and variant == "2 parameters":
        # The first reading passes its own noise on to the rate.
        u_first = max(float(np.std(fit.residuals)), quantisation_noise(resolution))
        fit = fit_relaxation(t, y, start=float(y[0]), u_given=u_first, resolution=resolution)
    if fit is None:
        reason = "the heating shows no curvature to tell A and B apart"
        return not_applicable("box-lucas", reason, variant=variant, legacy=True)
    rate, u = fit.initial_slope()
    parameters = {
        "k": fit.k,
        "tau": 1.0 / fit.k,
        "T0": fit.start,
        "A": fit.end - fit.start,
        "heating": float(t[-1] - t[0]),
    }
    return Estimate("box-lucas", rate, u, accepted=True, parameters=parameters, variant=variant, legacy=True)
