"""What a run starts from, and the metadata that goes into its file so that every number can be traced."""

from __future__ import annotations

import datetime as dt
import platform
import re
import sys
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from amfdaq.calibrated import Calibrations
from amfdaq.clock import Clock, ScaledClock
from amfdaq.config import to_json
from amfdaq.recipe import PlannedRun, Recipe
from amfdaq.rig import Rig, Supply, Thermometer
from amfdaq.sample import Sample


@dataclass(frozen=True, slots=True)
class RunSetup:
    """One run, ready to be done.

    Attributes:
        plan: the steps, with numbers.
        rig: instruments and limits.
        sample: what is heated.
        recipe: the recipe the plan came from.
        calibrations: certificates of the rig.
        clock: of the run (the system's, or a scaled one for a fast simulated bench).
        origin_ns: origin of the run's times on that clock.
        file: the run file to write.
    """

    plan: PlannedRun
    rig: Rig
    sample: Sample
    recipe: Recipe
    calibrations: Calibrations
    clock: Clock
    origin_ns: int
    file: Path
    started: dt.datetime = field(default_factory=lambda: dt.datetime.now().astimezone())

    @property
    def journal(self) -> Path:
        """Journal of the engine."""
        return self.file.with_suffix(".journal")

    @property
    def guard_journal(self) -> Path:
        """Journal of the guard."""
        return self.file.with_suffix(".guard.journal")

    @property
    def clock_origin_ns(self) -> int:
        """Where the run's clock agrees with the system's; the guard makes the same clock from it."""
        return self.clock.origin_ns if isinstance(self.clock, ScaledClock) else 0

    @property
    def core(self) -> str:
        """The channel that the analysis and the progress line look at."""
        return self.rig.core_channel


def run_file(folder: Path, sample: str, label: str, when: dt.datetime) -> Path:
    """A new file name in the folder: date, time, sample, label."""
    words = [when.strftime("%Y%m%dT%H%M%S"), _slug(sample), _slug(label)]
    stem = "_".join(word for word in words if word)
    path = folder / f"{stem}.h5"
    number = 2
    while path.exists() or path.with_suffix(".journal").exists():
        path = folder / f"{stem}-{number}.h5"
        number += 1
    return path


def describe(setup: RunSetup, identities: dict[str, dict[str, str]]) -> dict[str, Any]:
    """The metadata record of a run.

    Args:
        setup: the run.
        identities: what each instrument said it is, by its name in the rig.
    """
    rig, supply = setup.rig, setup.rig.supply
    equipment: list[Thermometer | Supply] = [*rig.thermometers, *([supply] if supply else [])]
    instruments: dict[str, Any] = {
        item.name: {
            "driver": item.driver,
            "address": str(getattr(item.options, "address", "")),
            "identity": identities.get(item.name, {}),
            "options": to_json(item.options),
        }
        for item in equipment
    }
    return {
        "run_id": setup.file.stem,
        "title": f"{setup.sample.name}: {setup.recipe.name} ({setup.plan.label})",
        "start_time": setup.started.isoformat(),
        "origin_ns": setup.origin_ns,
        "clock": {"speed": rig.speed, "kind": "monotonic" if rig.speed == 1.0 else "monotonic, scaled"},
        "rig": {"toml": rig.text, "json": to_json(rig)},
        "sample": {"toml": setup.sample.text, "json": to_json(setup.sample)},
        "recipe": {"toml": setup.recipe.text, "json": to_json(setup.recipe), "label": setup.plan.label},
        "calibrations": _calibrations(setup),
        "probes": {name: probe.to_json() for name, probe in setup.calibrations.probes.items()},
        "core": setup.core,
        "settle": supply.settle.value if supply is not None else 0.0,
        "instruments": instruments,
        "rates": {name: item.rate.value for item in rig.thermometers for name in item.probes},
        "software": _software(),
    }


def _calibrations(setup: RunSetup) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: {"toml": probe.text, "json": probe.to_json()}
        for name, probe in setup.calibrations.probes.items()
    }
    coil = setup.calibrations.coil
    if coil is not None:
        heat = next((step for step in setup.plan.steps if step.frequency is not None), None)
        line = coil.line(heat.frequency) if heat is not None and heat.frequency is not None else None
        found["coil"] = {"toml": coil.text, "json": coil.to_json(), "line": line.to_json() if line else None}
    return found


def _software() -> dict[str, str]:
    versions = {"python": sys.version.split()[0], "system": platform.platform()}
    for package in ("amfdaq", "numpy", "h5py", "pyserial", "pyvisa"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")[:40]
