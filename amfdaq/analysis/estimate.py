"""What every estimator hands back: a loss-free heating rate, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from amfdaq.curve import FloatArray

EstimatorName = Literal["joint-fit", "corrected-slope", "box-lucas", "initial-slope", "equilibrium-crossing"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """The loss-free heating rate s = P/C that one published method finds in a curve.

    Attributes:
        name: the method.
        rate: K/s; NaN where the method cannot be applied, then ``reasons`` says why.
        u: standard uncertainty of the rate from the scatter of the data alone (k = 1), K/s, with the
            autocorrelation of the residuals and the resolution of the thermometer taken into account.
        accepted: whether the method could be applied and its own conditions are met.
        reasons: why it was not accepted.
        parameters: what was fitted and how, in SI: tau (s), T_env (degree Celsius), lag (s), k (1/s), window (s) ...
        variant: which form of the method.
        legacy: kept for comparison with older literature; never the headline.
        predicted_bias: relative bias that a one-node thermal model predicts for the method here, or None.
        time: s, where ``fitted`` holds; None where the method has no curve of its own.
        fitted: degree Celsius.
    """

    name: EstimatorName
    rate: float
    u: float
    accepted: bool
    reasons: tuple[str, ...] = ()
    parameters: dict[str, float] = field(default_factory=dict)
    variant: str = ""
    legacy: bool = False
    predicted_bias: float | None = None
    time: FloatArray | None = None
    fitted: FloatArray | None = None

    @property
    def valid(self) -> bool:
        """Whether there is a number at all."""
        return math.isfinite(self.rate) and math.isfinite(self.u)


def not_applicable(name: EstimatorName, reason: str, *, variant: str = "", legacy: bool = False) -> Estimate:
    """The estimate of a method that cannot be applied to this curve: NaN and the reason."""
    return Estimate(
        name, math.nan, math.nan, accepted=False, reasons=(reason,), variant=variant, legacy=legacy
    )
