"""Runs that belong together: the table of a sweep, and the power law SAR ~ H^n that decides whether ILP means anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amfdaq.analysis.budget import COVERAGE, combined
from amfdaq.analysis.result import SarResult
from amfdaq.curve import FloatArray

MIN_FIELDS = 3
SAME_FIELD = 0.02  # amplitudes within 2 % are one setting of a sweep
SAME_FREQUENCY = 0.05
STUDENT_95 = (
    12.71,
    4.30,
    3.18,
    2.78,
    2.57,
    2.45,
    2.36,
    2.31,
    2.26,
    2.23,
)  # two-sided, 1 .. 10 degrees of freedom


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """SAR = SAR_ref (H/H_ref)^n.

    Attributes:
        exponent: n; 2 for linear response.
        u: its standard uncertainty.
        coverage: factor for a 95 % interval of n, from Student's t.
        reference_field: A/m, geometric mean of the fields.
        reference_sar: W/g there.
        fields: number of distinct fields.
    """

    exponent: float
    u: float
    coverage: float
    reference_field: float
    reference_sar: float
    fields: int

    @property
    def quadratic(self) -> bool:
        """Whether n = 2 lies in the 95 % interval."""
        return abs(self.exponent - 2.0) <= self.coverage * self.u


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One run of a campaign: field A/m, frequency Hz, SAR W/g, ILP nH m2/kg; None where there is none."""

    source: str
    verdict: str
    field: float | None
    frequency: float | None
    sar: float | None
    u_sar: float | None
    ilp: float | None
    u_ilp: float | None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "source": self.source,
            "verdict": self.verdict,
            "field": self.field,
            "frequency": self.frequency,
            "sar": None if self.sar is None else {"value": self.sar, "u": self.u_sar},
            "ilp": None if self.ilp is None else {"value": self.ilp, "u": self.u_ilp},
        }


@dataclass(frozen=True, slots=True)
class CampaignSummary:
    """Table and power law.

    Attributes:
        rows: one per run, in the order given.
        law: None where there are fewer than three accepted fields at one frequency.
        ilp_valid: whether SAR grows as H^2 within its uncertainty; None where that cannot be told.
        remark: what follows for the ILP, in a sentence.
    """

    rows: tuple[CampaignRow, ...]
    law: PowerLaw | None
    ilp_valid: bool | None
    remark: str

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        law = self.law
        return {
            "rows": [row.to_json() for row in self.rows],
            "exponent": None
            if law is None
            else {"value": law.exponent, "u": law.u, "coverage": law.coverage},
            "ilp_valid": self.ilp_valid,
            "remark": self.remark,
        }


def power_law(field: FloatArray, sar: FloatArray, u_relative: FloatArray) -> PowerLaw:
    """Weighted least squares of ln SAR on ln H (docs/analysis.md).

    Args:
        field: peak amplitudes, A/m, shape (n,), at least three different ones.
        sar: W/g, shape (n,), positive.
        u_relative: relative standard uncertainty of each point against the others, shape (n,), positive; what all
            points share (mass, concentration, coil constant) does not move n and does not belong here.

    Raises:
        ValueError: fewer than three points or all at one field.
    """
    x = np.log(field)
    if x.size < MIN_FIELDS or np.ptp(x) <= 0.0:
        raise ValueError("a power law needs at least three points at different fields")
    y, w = np.log(sar), 1.0 / u_relative**2
    centre, mean = float(np.average(x, weights=w)), float(np.average(y, weights=w))
    sxx = float(np.sum(w * (x - centre) ** 2))
    n = float(np.sum(w * (x - centre) * (y - mean))) / sxx
    residuals = y - mean - n * (x - centre)
    dof = x.size - 2
    # Points that scatter more than they claim widen the interval (Birge ratio); ones that scatter less do not narrow it.
    birge = math.sqrt(max(1.0, float(np.sum(w * residuals**2)) / dof))
    coverage = COVERAGE if birge <= 1.0 else (STUDENT_95[dof - 1] if dof <= len(STUDENT_95) else 2.1)
    return PowerLaw(n, birge / math.sqrt(sxx), coverage, math.exp(centre), math.exp(mean), _distinct(field))


def summarize_campaign(results: Sequence[SarResult]) -> CampaignSummary:
    """Table and power law of a campaign; an ILP is taken out of the rows where n differs from 2."""
    rows = tuple(_row(result) for result in results)
    usable = [r for r in results if r.accepted and r.sar and r.field is not None and r.field[0] > 0.0]
    frequencies = [r.frequency[0] for r in usable if r.frequency is not None]
    if frequencies and max(frequencies) > (1.0 + SAME_FREQUENCY) * min(frequencies):
        return CampaignSummary(
            rows, None, None, "the runs are at different frequencies: no exponent of the field"
        )
    fields = np.array([r.field[0] for r in usable if r.field is not None])
    if _distinct(fields) < MIN_FIELDS:
        remark = f"{_distinct(fields)} accepted field(s): three are needed to tell whether SAR grows as H^2 and ILP holds"
        return CampaignSummary(rows, None, None, remark)
    law = power_law(
        fields, np.array([r.sar or math.nan for r in usable]), np.array([_own_uncertainty(r) for r in usable])
    )
    if law.quadratic:
        return CampaignSummary(
            rows, law, ilp_valid=True, remark="SAR grows as H^2 within its uncertainty: ILP holds"
        )
    remark = f"SAR grows as H^{law.exponent:.2f}, not H^2: ILP is not a constant of this sample here and is not reported"
    return CampaignSummary(
        tuple(replace(row, ilp=None, u_ilp=None) for row in rows), law, ilp_valid=False, remark=remark
    )


def _row(result: SarResult) -> CampaignRow:
    return CampaignRow(
        result.source, result.verdict,
        None if result.field is None else result.field[0],
        None if result.frequency is None else result.frequency[0],
        result.sar, result.u_sar, result.ilp, result.u_ilp,
    )  # fmt: skip


def _own_uncertainty(result: SarResult) -> float:
    """What a run does not share with the others of its sample: the rows of its rate. At least 0.5 % (repositioning)."""
    return max(0.005, combined(result.budget, "rate"))


def _distinct(fields: FloatArray) -> int:
    if fields.size == 0:
        return 0
    ordered = np.sort(fields)
    return 1 + int(np.count_nonzero(np.diff(ordered) > SAME_FIELD * ordered[:-1]))
