"""The calibrations of a rig, as the run needs them: interfaces that the certificates of `calibration` fulfil."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from amfdaq.field import CoilLine


class CoilSource(Protocol):
    """A coil certificate."""

    @property
    def text(self) -> str:
        """The certificate as written (TOML)."""
        ...

    def line(self, frequency: float, capacitor: str | None = None) -> CoilLine:
        """The field line valid at a frequency in Hz.

        Raises:
            BadInput: no line of the certificate covers it.
        """
        ...

    def to_json(self) -> dict[str, Any]:
        """The whole certificate as plain data, for the run file."""
        ...


class ProbeSource(Protocol):
    """A thermometer certificate."""

    @property
    def text(self) -> str:
        """The certificate as written (TOML)."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain data with at least ``offset`` (K), ``gain``, ``u_gain``, ``lag`` (s), ``u_lag`` (s), ``resolution`` (K)."""
        ...


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Everything calibrated on one rig.

    Attributes:
        coil: certificate of the coil, or None (then there is no field, only a current).
        probes: thermometer certificate per channel.
        warnings: sentences about certificates that have expired or are missing.
    """

    coil: CoilSource | None = None
    probes: Mapping[str, ProbeSource] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
