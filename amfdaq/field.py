"""From supply current to field: the line of a calibrated coil at one frequency.

H = gain * I + offset (peak A/m; real calibrations are affine), with the covariance of the two coefficients. A coil
certificate holds such lines; the guard and the analysis only ever see one of them, as plain data.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from amfdaq.errors import BadInput


@dataclass(frozen=True, slots=True)
class CoilLine:
    """Field amplitude against supply current, valid near one frequency.

    Attributes:
        gain: (A/m)/A, peak field per ampere of supply current, > 0.
        offset: A/m, peak field at zero current of the fitted line.
        u_gain: standard uncertainty of the gain, (A/m)/A.
        u_offset: standard uncertainty of the offset, A/m.
        covariance: of gain and offset, (A/m)^2/A.
        frequency_min: Hz, from where it holds.
        frequency_max: Hz, to where it holds.
        current_max: A, the largest current that was calibrated.
        u_position: relative standard uncertainty for position and homogeneity over the sample.
    """

    gain: float
    offset: float
    u_gain: float
    u_offset: float
    covariance: float
    frequency_min: float
    frequency_max: float
    current_max: float
    u_position: float = 0.0

    def field(self, current: float) -> float:
        """Peak field in A/m at a supply current in A (0 when there is no current)."""
        return self.gain * current + self.offset if current > 0 else 0.0

    def current(self, field: float) -> float:
        """Supply current in A that gives a peak field in A/m.

        Raises:
            BadInput: the field is below the offset of the line or beyond the calibrated current.
        """
        current = (field - self.offset) / self.gain
        if current <= 0:
            raise BadInput(f"a field of {field / 1e3:.4g} kA/m is below the calibrated range of the coil")
        if current > self.current_max * (1 + 1e-9):
            raise BadInput(
                f"a field of {field / 1e3:.4g} kA/m needs {current:.2f} A, but the coil certificate ends at "
                f"{self.current_max:.2f} A ({self.field(self.current_max) / 1e3:.4g} kA/m)"
            )
        return current

    def u_field(self, current: float) -> float:
        """Standard uncertainty of the field in A/m at a supply current in A (JCGM 100:2008, eq. 13)."""
        variance = (current * self.u_gain) ** 2 + self.u_offset**2 + 2 * current * self.covariance
        return math.sqrt(max(0.0, variance) + (self.u_position * self.field(current)) ** 2)

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the guard and the run file."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CoilLine:
        """The line that `to_json` wrote."""
        return cls(**{key: float(value) for key, value in data.items()})
