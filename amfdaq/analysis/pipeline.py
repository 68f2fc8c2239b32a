"""From a heating curve to a result: estimators, gates, budget, verdict."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from amfdaq.analysis import box_lucas, corrected_slope, equilibrium_crossing, initial_slope
from amfdaq.analysis.budget import Row, combined, field_rows, rate_rows, thermal_rows
from amfdaq.analysis.estimate import Estimate
from amfdaq.analysis.gates import Evidence, Gate, check, check_record
from amfdaq.analysis.interim import interim
from amfdaq.analysis.joint_fit import JointFit, fit_joint, synthetic
from amfdaq.analysis.noise import resolution_of, sensor_noise
from amfdaq.analysis.result import SarResult, ilp
from amfdaq.analysis.settings import AnalysisSettings, GateLimits
from amfdaq.curve import HeatingCurve
from amfdaq.thermal import ThermalMass

__all__ = ["AnalysisSettings", "GateLimits", "analyze", "interim"]

NO_FIELD_TIMES = "it is not known when the field was on: give the times with --on and --off, or the plateau of a blank with --t-eq"
ILP_FREQUENCIES = (
    1e5,
    1e6,
)  # Hz, where ILP is meant to be a constant of the material (docs/analysis.md)
ILP_BAND = (0.01, 30.0)  # nH m2/kg, everything that was ever published (docs/analysis.md)
FEW_READINGS = 5
BIAS_POINTS = 400


LEAST_FIELD = (
    1.0  # A/m, the field of a wire with milliamperes; below it H^2 f only makes numbers that mean nothing
)


@dataclass(frozen=True, slots=True)
class _Findings:
    """What was found before the verdict: the candidate for the headline first."""

    estimates: tuple[Estimate, ...]
    gates: tuple[Gate, ...]
    reasons: tuple[str, ...]
    joint: JointFit | None = None


def analyze(
    curve: HeatingCurve, thermal: ThermalMass | None = None, settings: AnalysisSettings | None = None
) -> SarResult:
    """Analyse one curve.

    Args:
        curve: temperatures, field intervals, certificate values.
        thermal: heat capacity and mass of the sample; without it there is a rate but no SAR.
        settings: choices; the defaults suit water-based samples.

    Returns:
        the result. A refused one has no rate, SAR or ILP, only the reasons (and estimates for diagnosis, none accepted).
    """
    settings = settings or AnalysisSettings()
    raw = _with_settings(curve, settings)
    clean = _cut(raw.valid())
    if clean.time.size < FEW_READINGS:
        return _refused(
            raw, settings, _Findings((), (), (f"only {clean.time.size} usable readings in the curve",))
        )
    if clean.on:
        findings = _with_field_times(raw, clean, settings)
    elif raw.on:
        reason = (
            "the recorded field times lie outside the temperature record: check --on and --off and the clocks"
        )
        findings = _Findings((), (), (reason,))
    elif settings.t_eq is not None:
        findings = _by_crossing(raw, clean, settings)
    else:
        findings = _Findings((), (), (NO_FIELD_TIMES,))
    if findings.reasons:
        return _refused(raw, settings, findings, clean)
    return _accepted(clean, thermal, settings, findings)


def _with_settings(curve: HeatingCurve, settings: AnalysisSettings) -> HeatingCurve:
    if settings.lag is None:
        return curve
    return replace(curve, lag=settings.lag, u_lag=settings.u_lag)


def _cut(curve: HeatingCurve) -> HeatingCurve:
    """The curve with its field intervals in order and cut to the record."""
    if not curve.on or curve.time.size == 0:
        return curve
    first, last = float(curve.time[0]), float(curve.time[-1])
    on = tuple((max(a, first), min(b, last)) for a, b in sorted(curve.on) if b > first and a < last)
    return replace(curve, on=on)


def _with_field_times(raw: HeatingCurve, curve: HeatingCurve, settings: AnalysisSettings) -> _Findings:
    """Joint fit as the headline, corrected slope as second opinion, the legacy methods with their predicted bias."""
    found = fit_joint(curve, lag=settings.lag_mode, environment=settings.environment)
    joint = found if isinstance(found, JointFit) else None
    first = found.estimate if isinstance(found, JointFit) else found
    model = synthetic(curve, first) if first.valid else None
    # The bias of a method over the whole heating needs no more readings than show the shape.
    few = None if model is None else _thinned(model)
    tau = first.parameters.get("tau")
    lag = first.parameters.get("lag")

    def slope(c: HeatingCurve) -> Estimate:
        return corrected_slope.estimate(c, window=settings.window)

    def early(c: HeatingCurve) -> Estimate:
        return initial_slope.estimate(c, tau=tau, lag=lag, allowed_bias=settings.initial_bias)

    estimates = [
        first,
        _with_bias(slope(curve), few, first, slope),
        _with_bias(box_lucas.estimate(curve), few, first, box_lucas.estimate),
        _with_bias(early(curve), model, first, early),
    ]
    if settings.t_eq is not None:
        estimates.extend(_crossings(curve, settings))
    resolution = resolution_of(curve)
    noise = sensor_noise(curve, curve.on[0][0], resolution)
    evidence = Evidence(raw, curve, noise, resolution, joint, estimates[1], settings)
    gates = check(evidence)
    failed = [g for g in gates if not g.passed]
    # Impossible readings upset every other gate; the advice of those would only lead astray.
    impossible = [g for g in failed if g.name == "temperature range"]
    failed = impossible or failed
    reasons = tuple(g.sentence for g in failed)
    if not first.valid:
        reasons = (*first.reasons, *(g.sentence for g in failed if g.name != "joint fit"))
    return _Findings(tuple(estimates), gates, reasons, joint)


def _thinned(curve: HeatingCurve) -> HeatingCurve:
    stride = max(1, curve.time.size // BIAS_POINTS)
    return replace(curve, time=curve.time[::stride], temperature=curve.temperature[::stride])


def _with_bias(
    estimate: Estimate,
    model: HeatingCurve | None,
    joint: Estimate,
    method: Callable[[HeatingCurve], Estimate],
) -> Estimate:
    """The estimate with the bias that it has on the noise-free curve of the joint fit."""
    if model is None or not estimate.valid or joint.rate <= 0.0:
        return estimate
    ideal = method(model)
    return replace(estimate, predicted_bias=ideal.rate / joint.rate - 1.0) if ideal.valid else estimate


def _crossings(curve: HeatingCurve, settings: AnalysisSettings) -> tuple[Estimate, Estimate]:
    return (
        equilibrium_crossing.estimate(curve, t_eq=settings.t_eq, half_width=settings.crossing_linear),
        equilibrium_crossing.estimate(
            curve, t_eq=settings.t_eq, variant="exponential", half_width=settings.crossing_exponential
        ),
    )


def _by_crossing(raw: HeatingCurve, curve: HeatingCurve, settings: AnalysisSettings) -> _Findings:
    """No field times, but a blank: the slope at its plateau is the headline."""
    estimates = _crossings(curve, settings)
    linear, limits = estimates[0], settings.limits
    if not linear.accepted:
        return _Findings(estimates, (), linear.reasons or ("the equilibrium crossing could not be used",))
    resolution = resolution_of(curve)
    near = np.abs(curve.temperature - (settings.t_eq or 0.0)) <= settings.crossing_exponential
    around = curve.between(float(curve.time[near][0]), float(curve.time[near][-1]))
    noise = sensor_noise(around, -math.inf, resolution)
    relative = linear.u / linear.rate
    precision = Gate(
        "precision", relative, limits.precision, relative <= limits.precision,
        f"the slope at the crossing is only known to {100 * relative:.0f} %: read faster or use a finer thermometer",
    )  # fmt: skip
    gates = (*check_record(Evidence(raw, curve, noise, resolution, None, None, settings)), precision)
    return _Findings(estimates, gates, tuple(g.sentence for g in gates if not g.passed))


def _refused(
    raw: HeatingCurve, settings: AnalysisSettings, findings: _Findings, clean: HeatingCurve | None = None
) -> SarResult:
    estimators = tuple(replace(e, accepted=False) for e in findings.estimates)
    return SarResult(
        raw.source, "refused", findings.reasons, settings, estimators=estimators, gates=findings.gates,
        field=_known(raw.field, raw.u_field), frequency=_known(raw.frequency, raw.u_frequency), notes=raw.notes,
        time=None if clean is None else clean.time, temperature=None if clean is None else clean.temperature,
    )  # fmt: skip


def _accepted(
    curve: HeatingCurve, thermal: ThermalMass | None, settings: AnalysisSettings, findings: _Findings
) -> SarResult:
    headline = findings.estimates[0]
    notes = list(curve.notes)
    rows: tuple[Row, ...] = rate_rows(headline, findings.estimates, curve, findings.joint, settings.u_t_eq)
    result = SarResult(
        curve.source, "accepted", (), settings, rate=headline.rate, u_rate=headline.rate * combined(rows, "rate"),
        method=f"{headline.name} ({headline.variant})" if headline.variant else headline.name,
        temperatures=_temperatures(curve, headline), estimators=findings.estimates, gates=findings.gates,
        field=_known(curve.field, curve.u_field), frequency=_known(curve.frequency, curve.u_frequency),
        time=curve.time, temperature=curve.temperature,
    )  # fmt: skip
    if thermal is None:
        notes.append("no sample.toml, so no SAR: heat capacity, mass and basis of the sample are not known")
        return replace(result, budget=rows, notes=tuple(notes))
    rows = (*rows, *thermal_rows(thermal))
    sar = headline.rate * thermal.heat_capacity / thermal.mass / 1e3
    result = replace(result, sar=sar, u_sar=sar * combined(rows, "SAR"), basis=thermal.basis)
    if thermal.volume is not None:
        result = replace(result, volumetric=headline.rate * thermal.heat_capacity / thermal.volume / 1e6)
    if not curve.field or not curve.frequency:
        missing = "field amplitude" if not curve.field else "frequency"
        notes.append(f"no ILP: the {missing} is not known (--field, --frequency)")
        return replace(result, budget=rows, notes=tuple(notes))
    if curve.field < LEAST_FIELD:
        notes.append(f"no ILP: a field of {curve.field:.3g} A/m heats nothing; check --field")
        return replace(result, budget=rows, notes=tuple(notes))
    rows = (*rows, *field_rows(curve.field, curve.u_field, curve.frequency, curve.u_frequency))
    value = ilp(sar, curve.field, curve.frequency)
    notes.extend(_ilp_notes(value, curve.field, curve.u_field, curve.frequency))
    return replace(result, ilp=value, u_ilp=value * combined(rows, "ILP"), budget=rows, notes=tuple(notes))


def _ilp_notes(value: float, field: float, u_field: float, frequency: float) -> list[str]:
    notes = [
        "ILP compares materials only where SAR grows as H^2: measure at three or more fields to see the exponent"
    ]
    if not ILP_FREQUENCIES[0] <= frequency <= ILP_FREQUENCIES[1]:
        notes.append(
            f"{frequency / 1e3:.4g} kHz is outside 100 kHz to 1 MHz, where ILP is meant to be a constant"
        )
    if not ILP_BAND[0] <= value <= ILP_BAND[1]:
        notes.append(
            f"an ILP of {value:.3g} nH m2/kg is outside all that is published: check mass, basis and field"
        )
    if u_field <= 0.0:
        notes.append(
            f"no uncertainty is given for the field of {field / 1e3:.4g} kA/m: that of the ILP is too small"
        )
    return notes


def _temperatures(curve: HeatingCurve, headline: Estimate) -> tuple[float, float]:
    if curve.on:
        inside = (curve.time >= curve.on[0][0]) & (curve.time <= curve.on[-1][1])
        return float(curve.temperature[inside].min()), float(curve.temperature[inside].max())
    width, centre = headline.parameters["half_width"], headline.parameters["t_eq"]
    return centre - width, centre + width


def _known(value: float | None, u: float) -> tuple[float, float] | None:
    return None if value is None else (value, u)
