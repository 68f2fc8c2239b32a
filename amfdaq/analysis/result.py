"""The result of an analysis: a number with its uncertainty, or a refusal with its reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from amfdaq.analysis.budget import COVERAGE, Row
from amfdaq.analysis.estimate import Estimate
from amfdaq.analysis.gates import Gate
from amfdaq.analysis.settings import AnalysisSettings
from amfdaq.curve import FloatArray

Verdict = Literal["accepted", "refused"]


@dataclass(frozen=True, slots=True)
class SarResult:
    """What a curve says about its sample.

    Attributes:
        source: file (and channel).
        verdict: ``"accepted"`` or ``"refused"``.
        reasons: why it was refused; empty when accepted.
        rate: loss-free heating rate, K/s; None when refused.
        u_rate: its standard uncertainty, K/s.
        sar: W per gram of ``basis``; None when refused or without a sample.
        u_sar: its standard uncertainty, W/g.
        ilp: nH m2/kg; None when refused, without a sample, or without field and frequency.
        u_ilp: its standard uncertainty.
        basis: mass that SAR and ILP refer to, such as ``"Fe"``.
        volumetric: W/mL; None where the sample's volume is not known.
        method: estimator (and variant) of the headline; empty when refused.
        temperatures: coldest and warmest reading of the heating, degree Celsius: where the number holds.
        field: peak field amplitude, A/m, with its standard uncertainty.
        frequency: Hz, with its standard uncertainty.
        estimators: all methods; in a refused result none is accepted.
        gates: all conditions.
        budget: uncertainty rows.
        notes: what was assumed and what is missing.
        settings: of the analysis.
    """

    source: str
    verdict: Verdict
    reasons: tuple[str, ...]
    settings: AnalysisSettings
    rate: float | None = None
    u_rate: float | None = None
    sar: float | None = None
    u_sar: float | None = None
    ilp: float | None = None
    u_ilp: float | None = None
    basis: str | None = None
    volumetric: float | None = None
    method: str = ""
    temperatures: tuple[float, float] | None = None
    field: tuple[float, float] | None = None
    frequency: tuple[float, float] | None = None
    estimators: tuple[Estimate, ...] = ()
    gates: tuple[Gate, ...] = ()
    budget: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    time: FloatArray | None = None
    temperature: FloatArray | None = None

    @property
    def accepted(self) -> bool:
        """Whether there is a headline number."""
        return self.verdict == "accepted"

    def to_json(self) -> dict[str, Any]:
        """As one JSON document; what is not known is null, NaN never appears."""
        basis = {} if self.basis is None else {"basis": self.basis}
        return {
            "source": self.source,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "rate": _number(self.rate, self.u_rate),
            "sar": _expanded(self.sar, self.u_sar, **basis),
            "ilp": _expanded(self.ilp, self.u_ilp),
            "volumetric_sar": _number(self.volumetric, self._u_volumetric()),
            "method": self.method or None,
            "field": _number(*(self.field or (None, None))),
            "frequency": _number(*(self.frequency or (None, None))),
            "temperatures": None if self.temperatures is None else list(self.temperatures),
            "estimators": [_estimator(e) for e in self.estimators],
            "gates": [gate.to_json() for gate in self.gates],
            "budget": [row.to_json() for row in self.budget],
            "notes": list(self.notes),
            "settings": self.settings.to_json(),
        }

    def arrays(self) -> dict[str, FloatArray]:
        """Time (s), temperature, fitted (degree Celsius) and residual (K) of the first estimator that has a curve."""
        for e in self.estimators:
            if (
                e.time is not None
                and e.fitted is not None
                and self.temperature is not None
                and self.time is not None
            ):
                keep = (self.time >= e.time[0]) & (self.time <= e.time[-1])
                if int(keep.sum()) != e.time.size:
                    # A crossing leaves readings of its passage out; its own points are the ones to show.
                    index = self.time.searchsorted(e.time)
                    measured = self.temperature[index]
                else:
                    measured = self.temperature[keep]
                return {
                    "time": e.time,
                    "temperature": measured,
                    "fitted": e.fitted,
                    "residual": measured - e.fitted,
                }
        return {}

    def _u_volumetric(self) -> float | None:
        if self.volumetric is None or self.sar is None or self.u_sar is None:
            return None
        return abs(self.volumetric) * self.u_sar / abs(self.sar)


def ilp(sar: float, field: float, frequency: float) -> float:
    """Intrinsic loss power in nH m2/kg, SAR/(H^2 f) (docs/analysis.md).

    Args:
        sar: W/g.
        field: peak amplitude, A/m.
        frequency: Hz.
    """
    watt_per_kilogram = 1e3 * sar
    return 1e9 * watt_per_kilogram / (field**2 * frequency)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _number(value: float | None, u: float | None) -> dict[str, Any] | None:
    if _finite(value) is None:
        return None
    return {"value": value, "u": _finite(u)}


def _expanded(value: float | None, u: float | None, **more: str) -> dict[str, Any] | None:
    if _finite(value) is None or u is None or _finite(u) is None:
        return None
    return {"value": value, "u": u, "U": COVERAGE * u, "k": int(COVERAGE), **more}


def _estimator(e: Estimate) -> dict[str, Any]:
    return {
        "name": e.name,
        "variant": e.variant,
        "rate": _finite(e.rate),
        "u": _finite(e.u),
        "accepted": e.accepted,
        "reasons": list(e.reasons),
        "legacy": e.legacy,
        "predicted_bias": _finite(e.predicted_bias),
        "parameters": {name: _finite(value) for name, value in e.parameters.items()},
    }
