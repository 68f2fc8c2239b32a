"""What can be chosen in an analysis; everything else follows from the curve."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from amfdaq.analysis.joint_fit import EnvironmentMode, LagMode


@dataclass(frozen=True, slots=True)
class GateLimits:
    """Thresholds of the gates; docs/analysis.md says on which synthetic curves they were set.

    Attributes:
        min_points: readings while the field is on.
        max_failed: fraction of failed readings.
        max_gap: longest gap without a reading, as a fraction of the heating.
        min_baseline: s before the field.
        min_rise: temperature rise over the noise of a reading.
        lateness: fraction of the heating, plus 5 lags, within which the slope must be steepest.
        steeper: how much steeper than that a later slope may be.
        convexity: increase of the slope over the heating, relative to its mean.
        lag_unknown: s, lag assumed by the gates on the curve's shape where no certificate gives one.
        structure: residual structure as a fraction of the rise that is too small to matter for the rate.
        rms: residual rms over the noise of a reading.
        rho: lag-1 autocorrelation of the residuals.
        lag_sigmas: distance of the fitted lag from its certificate in standard uncertainties ...
        lag_slack: ... which are not taken to be smaller than this, s: switching and the walls look like a lag, too.
        lag_per_tau: largest lag as a fraction of tau, and of the heating, where no certificate gives one.
        agreement: difference of joint fit and corrected slope beyond twice its uncertainty, as a fraction of the rate.
        precision: largest statistical relative uncertainty of the rate.
        environment: K between fitted environment and baseline, at least; 30 % of the rise where that is more.
        drift: drift of the baseline or of the environment, as a fraction of the rate.
    """

    min_points: int = 15
    max_failed: float = 0.10
    max_gap: float = 0.10
    min_baseline: float = 10.0
    min_rise: float = 10.0
    lateness: float = 0.1
    steeper: float = 1.25
    convexity: float = 0.10
    lag_unknown: float = 5.0
    structure: float = 0.003
    rms: float = 1.5
    rho: float = 0.5
    lag_sigmas: float = 3.0
    lag_slack: float = 0.5
    lag_per_tau: float = 0.25
    agreement: float = 0.03
    precision: float = 0.10
    environment: float = 3.0
    drift: float = 0.4


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """Choices of the person who analyses.

    Attributes:
        t_eq: plateau of a blank with the field on, degree Celsius, for the equilibrium-crossing method; None where there
            is no blank.
        u_t_eq: its standard uncertainty, K.
        lag: time constant of the probe in s that goes before the curve's own certificate.
        u_lag: its standard uncertainty, s.
        lag_mode: see `amfdaq.analysis.joint_fit.estimate`.
        environment: see `amfdaq.analysis.joint_fit.estimate`.
        medium_min: lowest temperature the medium can have, degree Celsius.
        medium_max: highest temperature the medium can have, degree Celsius.
        window: of the corrected slope, s.
        initial_bias: relative bias by losses that the window of the initial slope may have.
        crossing_linear: half width of the linear equilibrium crossing, K.
        crossing_exponential: half width of the exponential one, K.
        limits: thresholds of the gates.
    """

    t_eq: float | None = None
    u_t_eq: float = 0.0
    lag: float | None = None
    u_lag: float = 0.0
    lag_mode: LagMode = "auto"
    environment: EnvironmentMode = "auto"
    medium_min: float = 0.0
    medium_max: float = 100.0
    window: float = 30.0
    initial_bias: float = 0.05
    crossing_linear: float = 1.0
    crossing_exponential: float = 3.0
    limits: GateLimits = field(default_factory=GateLimits)

    def to_json(self) -> dict[str, Any]:
        """As plain data, to be stored with the result."""
        return asdict(self)
