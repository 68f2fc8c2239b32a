"""Gates: what a curve must fulfil before any number from it is called a result (docs/analysis.md).

A gate that fails takes the headline away; its sentence says what to change in the experiment. The gates on the shape
of the curve are in `curve_gates`, those on the fit in `fit_gates`; thresholds in `settings.GateLimits`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amfdaq.analysis.estimate import Estimate
from amfdaq.analysis.joint_fit import JointFit
from amfdaq.analysis.noise import SensorNoise
from amfdaq.analysis.settings import AnalysisSettings
from amfdaq.curve import HeatingCurve


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition.

    Attributes:
        name: short name.
        value: what was found; NaN where the gate has nothing to look at.
        threshold: what it is compared with, in the unit of ``value``.
        passed: whether the condition is met.
        sentence: where it is not: what was seen and what to change in the experiment.
    """

    name: str
    value: float
    threshold: float
    passed: bool
    sentence: str = ""

    def to_json(self) -> dict[str, Any]:
        """As plain data without NaN."""
        return {
            "name": self.name,
            "value": self.value if math.isfinite(self.value) else None,
            "threshold": self.threshold if math.isfinite(self.threshold) else None,
            "passed": bool(self.passed),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gates look at.

    Attributes:
        raw: the curve with its failed readings.
        curve: without them, field intervals cut to the record.
        noise: of the thermometer.
        resolution: of the thermometer, K.
        joint: the joint fit, or None where there is none.
        corrected: the corrected slope.
        settings: of the analysis.
    """

    raw: HeatingCurve
    curve: HeatingCurve
    noise: SensorNoise
    resolution: float
    joint: JointFit | None
    corrected: Estimate | None
    settings: AnalysisSettings

    @property
    def heating(self) -> float:
        """Length of the first heating, s."""
        on, off = self.curve.on[0]
        return off - on

    @property
    def rise(self) -> float:
        """Range of the fitted temperature, K; of the readings where there is no fit."""
        fitted = None if self.joint is None else self.joint.estimate.fitted
        return float(np.ptp(self.curve.temperature if fitted is None else fitted))

    @property
    def lag(self) -> float:
        """Lag that the gates on the shape allow for, s."""
        if self.curve.lag is not None:
            return self.curve.lag + 2.0 * self.curve.u_lag
        return self.settings.limits.lag_unknown


def check(evidence: Evidence) -> tuple[Gate, ...]:
    """All gates of a curve with known field times, those of the record first."""
    from amfdaq.analysis import curve_gates, fit_gates

    return _quiet((*curve_gates.check(evidence), *fit_gates.check(evidence)))


def check_record(evidence: Evidence) -> tuple[Gate, ...]:
    """The gates that need no field times."""
    from amfdaq.analysis import curve_gates

    return _quiet(curve_gates.check_record(evidence))


def _quiet(gates: tuple[Gate, ...]) -> tuple[Gate, ...]:
    """A gate that passed has nothing to say."""
    return tuple(replace(gate, sentence="") if gate.passed else gate for gate in gates)
