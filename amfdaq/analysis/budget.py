"""Uncertainty budget after the GUM (JCGM 100:2008, 5.1): relative contributions, added in quadrature.

SAR = C s/m and ILP = SAR/(H^2 f) are products, so with relative standard uncertainties
(u_SAR/SAR)^2 = sum of the rows of the rate and of C/m, and (u_ILP/ILP)^2 = (u_SAR/SAR)^2 + (2 u_H/H)^2 + (u_f/f)^2
(docs/analysis.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from amfdaq.analysis.estimate import Estimate
from amfdaq.analysis.joint_fit import JointFit
from amfdaq.curve import HeatingCurve
from amfdaq.thermal import ThermalMass

MODEL_FLOOR = 0.005
"""Smallest relative uncertainty of the model. One node is an idealisation: a wall of up to 10 % of the heat capacity that
follows within 10 s moves the joint fit by up to 0.5 % while no residual shows it (docs/analysis.md, "One node")."""

COVERAGE = 2.0
"""k of the expanded uncertainty U = k u, for about 95 %."""

Quantity = Literal["rate", "SAR", "ILP"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the budget.

    Attributes:
        source: what is uncertain.
        relative: relative standard uncertainty that it gives to the result, sensitivity applied.
        kind: GUM evaluation, ``"A"`` (statistics) or ``"B"``.
        sensitivity: relative change of the result per relative change of the source; 1.0 where the row is given
            directly as what it does to the result.
        of: first quantity it enters; rows of the rate are in SAR and ILP too, rows of SAR in ILP.
    """

    source: str
    relative: float
    kind: Literal["A", "B"]
    sensitivity: float
    of: Quantity

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "source": self.source, "relative": self.relative, "kind": self.kind, "sensitivity": self.sensitivity,
            "of": self.of,
        }  # fmt: skip


def rate_rows(
    headline: Estimate,
    estimates: tuple[Estimate, ...],
    curve: HeatingCurve,
    joint: JointFit | None,
    u_t_eq: float,
) -> tuple[Row, ...]:
    """Rows of the loss-free heating rate.

    Args:
        headline: the estimate that is reported.
        estimates: all of them; the accepted ones that are not legacy give the spread of the models.
        curve: certificate values of probe and clock.
        joint: the joint fit where that is the headline.
        u_t_eq: standard uncertainty of the blank's plateau, K, for an equilibrium crossing.
    """
    rate = abs(headline.rate)
    random = headline.u
    rows = []
    if joint is not None and joint.u_lag_share > 0.0:
        # What the lag does to the rate is in the covariance of the fit; here it gets its own line.
        random = math.sqrt(max(0.0, headline.u**2 - joint.u_lag_share**2))
        kind: Literal["A", "B"] = "B" if "lag_certificate" in headline.parameters else "A"
        rows.append(Row("probe lag", joint.u_lag_share / rate, kind, 1.0, "rate"))
    rows.insert(0, Row("slope, statistical", random / rate, "A", 1.0, "rate"))
    rivals = joint.rivals if joint is not None else ()
    spread = max(MODEL_FLOOR, model_spread(estimates, rivals) / rate)
    rows.append(Row("slope, model", spread, "B", 1.0, "rate"))
    rows.append(Row("thermometer gain", curve.u_gain, "B", 1.0, "rate"))
    if joint is not None and curve.u_switch > 0.0:
        shift = curve.u_switch * math.hypot(*joint.step_sensitivity)
        rows.append(Row("switching times", shift / rate, "B", 1.0, "rate"))
    if (
        headline.name == "equilibrium-crossing"
        and u_t_eq > 0.0
        and "k" in (other := _crossing_exponential(estimates))
    ):
        rows.append(Row("equilibrium temperature", other["k"] * u_t_eq / rate, "B", 1.0, "rate"))
    return tuple(rows)


def model_spread(estimates: tuple[Estimate, ...], rivals: tuple[float, ...] = ()) -> float:
    """(max - min)/sqrt(12) of the accepted estimators that are not legacy, K/s (docs/analysis.md).

    ``rivals`` are rates of models of the environment that the data do not exclude.
    """
    rates = [e.rate for e in estimates if e.accepted and e.valid and not e.legacy]
    rates.extend(rivals)
    return (max(rates) - min(rates)) / math.sqrt(12.0) if rates else 0.0


def thermal_rows(thermal: ThermalMass) -> tuple[Row, ...]:
    """Rows of C/m."""
    return tuple(Row(t.source, t.relative, "A" if t.kind == "A" else "B", 1.0, "SAR") for t in thermal.terms)


def field_rows(field: float, u_field: float, frequency: float, u_frequency: float) -> tuple[Row, ...]:
    """Rows of H^2 f: the field counts twice (A/m and Hz)."""
    return (
        Row("field", 2.0 * u_field / field, "B", -2.0, "ILP"),
        Row("frequency", u_frequency / frequency, "B", -1.0, "ILP"),
    )


def combined(rows: tuple[Row, ...], quantity: Quantity) -> float:
    """Relative standard uncertainty of a quantity from all rows that enter it."""
    order: tuple[Quantity, ...] = ("rate", "SAR", "ILP")
    upto = order[: order.index(quantity) + 1]
    return math.sqrt(sum(row.relative**2 for row in rows if row.of in upto))


def _crossing_exponential(estimates: tuple[Estimate, ...]) -> dict[str, float]:
    for e in estimates:
        if e.name == "equilibrium-crossing" and e.variant == "exponential" and e.valid:
            return e.parameters
    return {}
