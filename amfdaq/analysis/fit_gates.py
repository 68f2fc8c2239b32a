"""Gates on the fit: does one node with one lag describe the record, and is the rate determined by it?"""

from __future__ import annotations

import math

import numpy as np

from amfdaq.analysis.gates import Evidence, Gate
from amfdaq.analysis.joint_fit import JointFit
from amfdaq.analysis.noise import block_means


def kelvin(value: float) -> str:
    """A temperature difference in K for a person: ``22.6 mK``, ``1.11 K``, ``146 K``."""
    if value < 0.1:
        return f"{1e3 * value:.3g} mK"
    return f"{value:.3g} K" if value < 1e3 else f"{value:.0f} K"


def check(e: Evidence) -> tuple[Gate, ...]:
    """All gates on the joint fit; only the refusal itself where there is no fit."""
    if e.joint is None or not e.joint.estimate.valid:
        return (
            Gate("joint fit", math.nan, math.nan, passed=False, sentence="the joint fit could not be made"),
        )
    return (
        _residuals(e, e.joint),
        _structure(e, e.joint),
        _lag(e, e.joint),
        _duration(e, e.joint),
        _precision(e, e.joint),
        _environment(e, e.joint),
        _agreement(e, e.joint),
    )


def _residuals(e: Evidence, fit: JointFit) -> Gate:
    """Residual rms against the noise of the thermometer (which is never below its rounding error)."""
    limits = e.settings.limits
    rms = fit.estimate.parameters["rms"]
    threshold = limits.rms * math.hypot(e.noise.sd, limits.structure * e.rise)
    return Gate(
        "residuals", rms, threshold, rms <= threshold,
        f"the thermal model misses the readings by {kelvin(rms)} rms where the thermometer scatters by "
        f"{kelvin(e.noise.sd)}: check switching times, mixing and the constancy of field and surroundings",
    )  # fmt: skip


def _structure(e: Evidence, fit: JointFit) -> Gate:
    """Autocorrelated residuals of a size that matters.

    Correlation alone refuses nothing: rounding to 0.1 K, a filter in the thermometer and AR(1) noise are correlated on
    the best of curves, and the standard error is inflated for it. What counts is slow structure (means over 10 s) larger
    than the baseline shows, than the rounding can make, and than a small fraction of the rise.
    """
    limits = e.settings.limits
    dt = float(np.median(np.diff(e.curve.time)))
    size = max(1, round(e.noise.window / dt))
    slow = (
        float(np.sqrt(np.mean(block_means(fit.residuals, size) ** 2))) if fit.residuals.size >= size else 0.0
    )
    allowed = math.sqrt(
        (limits.structure * e.rise) ** 2 + (2.0 * e.noise.slow) ** 2 + (0.35 * e.resolution) ** 2
    )
    return Gate(
        "autocorrelation", fit.rho, limits.rho, fit.rho < limits.rho or slow <= allowed,
        f"the residuals are not noise: slow structure of {kelvin(slow)} (autocorrelation {fit.rho:.2f}): check "
        "the switching times, mixing, convection, the field's constancy and the surroundings",
    )  # fmt: skip


def _lag(e: Evidence, fit: JointFit) -> Gate:
    limits, p = e.settings.limits, fit.estimate.parameters
    lag, u = p["lag"], p.get("u_lag", 0.0)
    if "lag_certificate" in p:
        off = abs(lag - p["lag_certificate"]) / math.hypot(e.curve.u_lag, limits.lag_slack)
        return Gate(
            "probe lag", off, limits.lag_sigmas, off <= limits.lag_sigmas,
            f"the curve asks for a probe lag of {lag:.1f} s, the certificate says {p['lag_certificate']:.1f} s: "
            "check the probe and its sleeve, the switching times, and calibrate the lag again in this medium",
        )  # fmt: skip
    largest = limits.lag_per_tau * min(p["tau"], e.heating)
    value = max(0.0, lag - 2.0 * u)
    return Gate(
        "probe lag", value, largest, value <= largest,
        f"the curve asks for a probe lag of {lag:.0f} s, too long against the heating and the losses: "
        "check the switching times, or use a faster probe in better contact",
    )  # fmt: skip


def _duration(e: Evidence, fit: JointFit) -> Gate:
    """Heating and cooling must be long enough to tell the loss, unless it does not matter for the rate."""
    p = fit.estimate.parameters
    observed = sum(off - on for on, off in e.curve.on) + max(0.0, float(e.curve.time[-1]) - e.curve.on[-1][1])
    value, limit = observed / p["tau"], 0.3
    matters = fit.estimate.u > 0.03 * abs(fit.estimate.rate)
    return Gate(
        "duration", value, limit, value >= limit or not matters,
        f"heating and cooling last {observed:.0f} s, {value:.2f} of the thermal time constant: heat for one time "
        "constant and record the cooling as well",
    )  # fmt: skip


def _precision(e: Evidence, fit: JointFit) -> Gate:
    limit = e.settings.limits.precision
    rate = fit.estimate.rate
    relative = fit.estimate.u / rate if rate > 0.0 else math.inf
    known = (
        f"is only known to {100 * relative:.0f} %" if relative < 1.0 else "cannot be told from these readings"
    )
    sentence = (
        f"the rate {known}: heat longer, read faster or raise the field"
        if rate > 0.0
        else "the sample does not warm while the field is on: check the field, its recorded times and the sample"
    )
    return Gate("precision", relative, limit, relative <= limit, sentence)


def _environment(e: Evidence, fit: JointFit) -> Gate:
    limits, p = e.settings.limits, fit.estimate.parameters
    quiet = e.curve.temperature[e.curve.time < e.curve.on[0][0]]
    threshold = max(limits.environment, 0.3 * e.rise)
    if quiet.size < 5:
        return Gate("environment", math.nan, threshold, passed=True)
    away = abs(p["T_env"] - float(quiet.mean()))
    # With a weak loss T_env is hardly determined, and hardly matters: only what is beyond its uncertainty counts.
    value = max(0.0, away - 2.0 * p.get("u_T_env", 0.0))
    return Gate(
        "environment", value, threshold, value <= threshold,
        f"the fit puts the surroundings at {p['T_env']:.1f} degC, {away:.1f} K from the baseline: let the sample come "
        "to equilibrium first, and check the probe's lag and the switching times",
    )  # fmt: skip


def _agreement(e: Evidence, fit: JointFit) -> Gate:
    """Joint fit against corrected slope, whose known bias on such a curve (lag, start, environment) is allowed for."""
    limit = e.settings.limits.agreement
    other = e.corrected
    if other is None or not other.valid:
        return Gate("agreement", math.nan, limit, passed=True)
    rate = fit.estimate.rate
    expected = rate * (1.0 + (other.predicted_bias or 0.0))
    difference = abs(other.rate - expected) / max(abs(rate), 1e-12)
    threshold = limit + 2.0 * math.hypot(fit.estimate.u, other.u) / max(abs(rate), 1e-12)
    return Gate(
        "agreement", difference, threshold, difference <= threshold,
        f"joint fit ({1e3 * rate:.4g} mK/s) and corrected slope ({1e3 * other.rate:.4g} mK/s) disagree beyond their "
        "uncertainties: the loss is not that of one node; use a smaller temperature rise, mix, or insulate better",
    )  # fmt: skip
