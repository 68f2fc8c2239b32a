"""The limits of a rig in plain numbers: what the guard process gets, and what a recipe is checked against.

A person writes them with units under ``[limits]`` of ``rig.toml`` (see `amfdaq.rig`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond any of these the field goes off.

    Attributes:
        temperature_max: highest temperature of any probe, degree Celsius.
        rate_max: fastest rise of any probe, K/s.
        field_max: largest peak field, A/m.
        field_frequency_max: largest product of peak field and frequency, A/(m s).
        time_on_max: longest time the field may be on without a break, s of the run's clock.
        stale_after: oldest good reading of a probe, s of the run's clock.
        heartbeat: longest silence of the acquisition process, s of the wall clock.
        lost_readings: so many failed readings in a row mean that a probe is lost.
        temperature_min: lowest temperature of any probe, degree Celsius, or None.
        current_max: largest supply current, A, or None where the certificate of the coil is enough.
    """

    temperature_max: float
    rate_max: float
    field_max: float
    field_frequency_max: float
    time_on_max: float
    stale_after: float
    heartbeat: float
    lost_readings: int
    temperature_min: float | None = None
    current_max: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the guard and the run file."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Limits:
        """The limits that `to_json` wrote.

        Raises:
            TypeError: a limit is missing or unknown.
        """
        return cls(**data)
