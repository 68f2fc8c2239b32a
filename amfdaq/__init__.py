"""amfdaq: safe control, faithful acquisition and honest SAR and ILP for magnetic hyperthermia.

A script needs nothing but this module and `calibration`::

    import amfdaq
    import calibration

    rig = amfdaq.load_rig("rig.toml")
    campaign = amfdaq.acquire(
        amfdaq.load_recipe("recipe.toml"),
        rig=rig,
        sample=amfdaq.load_sample("sample.toml"),
        calibrations=calibration.load_for(rig),
        folder="data",
    )

Names are imported when they are first used, so that ``import amfdaq`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from amfdaq.packages import require_package

if TYPE_CHECKING:
    from amfdaq.analysis.pipeline import AnalysisSettings, analyze
    from amfdaq.analysis.result import SarResult
    from amfdaq.batch import Overrides, analyze_file
    from amfdaq.curve import HeatingCurve
    from amfdaq.errors import (
        AmfdaqError,
        BadInput,
        ConfigError,
        DataFileError,
        InstrumentError,
        InterlockTripped,
        OffNotConfirmed,
        QuantityError,
        Refused,
        RunAborted,
        StoreError,
    )
    from amfdaq.quantity import Quantity, parse
    from amfdaq.recipe import Cool, Equilibrate, Heat, Recipe, load_recipe
    from amfdaq.rig import Rig, load_rig
    from amfdaq.run.acquire import Campaign, acquire
    from amfdaq.run.live import Progress
    from amfdaq.sample import Sample, load_sample
    from amfdaq.store.reader import Run
    from amfdaq.store.tables import Table, read_table
    from amfdaq.thermal import ThermalMass

_HOMES = {
    "AnalysisSettings": "amfdaq.analysis.pipeline",
    "analyze": "amfdaq.analysis.pipeline",
    "SarResult": "amfdaq.analysis.result",
    "Overrides": "amfdaq.batch",
    "analyze_file": "amfdaq.batch",
    "HeatingCurve": "amfdaq.curve",
    "AmfdaqError": "amfdaq.errors",
    "BadInput": "amfdaq.errors",
    "ConfigError": "amfdaq.errors",
    "DataFileError": "amfdaq.errors",
    "InstrumentError": "amfdaq.errors",
    "InterlockTripped": "amfdaq.errors",
    "OffNotConfirmed": "amfdaq.errors",
    "QuantityError": "amfdaq.errors",
    "Refused": "amfdaq.errors",
    "RunAborted": "amfdaq.errors",
    "StoreError": "amfdaq.errors",
    "Quantity": "amfdaq.quantity",
    "parse": "amfdaq.quantity",
    "Cool": "amfdaq.recipe",
    "Equilibrate": "amfdaq.recipe",
    "Heat": "amfdaq.recipe",
    "Recipe": "amfdaq.recipe",
    "load_recipe": "amfdaq.recipe",
    "Rig": "amfdaq.rig",
    "load_rig": "amfdaq.rig",
    "Campaign": "amfdaq.run.acquire",
    "acquire": "amfdaq.run.acquire",
    "Progress": "amfdaq.run.live",
    "Sample": "amfdaq.sample",
    "load_sample": "amfdaq.sample",
    "Run": "amfdaq.store.reader",
    "Table": "amfdaq.store.tables",
    "read_table": "amfdaq.store.tables",
    "ThermalMass": "amfdaq.thermal",
}

__all__ = [
    "AmfdaqError",
    "AnalysisSettings",
    "BadInput",
    "Campaign",
    "ConfigError",
    "Cool",
    "DataFileError",
    "Equilibrate",
    "Heat",
    "HeatingCurve",
    "InstrumentError",
    "InterlockTripped",
    "OffNotConfirmed",
    "Overrides",
    "Progress",
    "Quantity",
    "QuantityError",
    "Recipe",
    "Refused",
    "Rig",
    "Run",
    "RunAborted",
    "Sample",
    "SarResult",
    "StoreError",
    "Table",
    "ThermalMass",
    "acquire",
    "analyze",
    "analyze_file",
    "load_recipe",
    "load_rig",
    "load_sample",
    "parse",
    "read_table",
]

# A run that finds in its middle that it cannot load its drivers or certificates is worse than a script that does not start.
for _name in ("drivers", "calibration"):
    require_package(_name)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'amfdaq' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
