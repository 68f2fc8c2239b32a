"""A rig as the rest of amfdaq sees it: instruments with checked options, limits in plain numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from amfdaq.config import to_json
from amfdaq.limits import Limits
from amfdaq.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe.

    Attributes:
        channel: of the instrument, as the driver calls it.
        role: ``"core"``, ``"reference"``, ``"environment"``, ``"coil"`` or ``"other"``.
        certificate: file of its certificate, or None.
    """

    channel: str
    role: str = "core"
    certificate: Path | None = None


@dataclass(frozen=True, slots=True)
class Thermometer:
    """One thermometer of the rig.

    Attributes:
        name: on this bench.
        driver: registered name of its driver.
        rate: readings per second (Hz).
        options: checked options of the driver.
        probes: by the name of their channel in run files, in the order of the file.
    """

    name: str
    driver: str
    rate: Quantity
    options: BaseModel
    probes: dict[str, Probe]


@dataclass(frozen=True, slots=True)
class Supply:
    """The supply of the rig.

    Attributes:
        name: on this bench.
        driver: registered name of its driver.
        options: checked options of the driver.
        coil: file of the certificate of the coil.
        rate: readings per second (Hz).
        settle: how long after switching on the current is not yet the one that was asked for (s).
    """

    name: str
    driver: str
    options: BaseModel
    coil: Path
    rate: Quantity
    settle: Quantity


@dataclass(frozen=True, slots=True)
class Rig:
    """One bench.

    Attributes:
        name: of the bench.
        thermometers: at least one.
        supply: or None where there is no field (calibrations of probes).
        limits: beyond which the field goes off.
        speed: seconds of the bench per second on the wall; 1 unless simulated.
        simulated: the instruments are simulated.
        description: or "".
        path: file it came from.
        text: the file as written.
        notes: what conversions of quantities assumed.
    """

    name: str
    thermometers: tuple[Thermometer, ...]
    supply: Supply | None
    limits: Limits
    speed: float
    simulated: bool
    description: str
    path: Path
    text: str = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def probes(self) -> dict[str, Probe]:
        """All probes of all thermometers by channel name."""
        return {name: probe for item in self.thermometers for name, probe in item.probes.items()}

    @property
    def core_channel(self) -> str:
        """The channel that is analysed: the first probe with the role ``core``."""
        return next(name for name, probe in self.probes.items() if probe.role == "core")

    def to_json(self) -> dict[str, Any]:
        """Plain data for the run file; the text as written is kept beside it."""
        return {
            "name": self.name,
            "description": self.description,
            "thermometers": to_json(self.thermometers),
            "supply": to_json(self.supply),
            "limits": self.limits.to_json(),
            "speed": self.speed,
            "simulated": self.simulated,
            "core": self.core_channel,
        }
