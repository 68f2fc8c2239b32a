"""The true values of this bench, and what they mean for a measurement.

A bench file gives nominal values and how well they are known. What is really on the bench is drawn once,
from the seed, and told only through the truth document: an analysis that reads the nominal values must find
the truth within its stated uncertainty.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from typing import Any

import numpy as np

from mocks import heating
from mocks.config import BenchTables

# (table, nominal value, its standard uncertainty, relative or in the unit of the value)
DRAWN = (
    ("tank", "resonance_Hz", "resonance_u_rel"),
    ("tank", "coil_constant_mT_per_A", "coil_constant_u_rel"),
    ("sample", "volume_mL", "volume_u_rel"),
    ("sample", "concentration_mg_per_mL", "concentration_u_rel"),
    ("sample", "heat_capacity_J_per_K", "heat_capacity_u_rel"),
    ("vessel", "participation", "participation_u_rel"),
    ("probe", "lag_s", "lag_u_rel"),
    ("probe", "gain", "gain_u_rel"),
    ("probe", "offset_K", "offset_u_K"),
)


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream ``name`` of a seed; adding a stream leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def draw(nominal: BenchTables, seed: int) -> BenchTables:
    """True values of a bench, each drawn on its own from a normal distribution.

    Volume and heat capacity are drawn independently, as an uncertainty budget with separate terms for them
    assumes.

    Args:
        nominal: The bench file.
        seed: Which bench; 0 is the one that is exactly nominal.
    """
    if seed == 0:
        return nominal
    tables: dict[str, Any] = {
        entry.name: getattr(nominal, entry.name) for entry in dataclasses.fields(nominal)
    }
    for table, key, uncertainty in DRAWN:
        spread = getattr(tables[table], uncertainty)
        value = getattr(tables[table], key)
        random = stream(seed, f"{table}.{key}")
        if uncertainty.endswith("_rel"):
            factor = 1.0 + spread * random.standard_normal()
            while factor <= 0.0:
                factor = 1.0 + spread * random.standard_normal()
            value *= factor
        else:
            value += spread * random.standard_normal()
        tables[table] = dataclasses.replace(tables[table], **{key: float(value)})
    return BenchTables(**tables)


def truth_document(true: BenchTables, current_A: float, frequency_Hz: float) -> dict[str, Any]:
    """What a perfect measurement at this working point would find.

    Args:
        true: The bench with its true values.
        current_A: Current the supply delivers, A.
        frequency_Hz: Drive frequency, Hz.

    Returns:
        ``sar`` W/g of the basis, ``ilp`` nH m2/kg, ``field`` peak A/m, ``rate`` K/s with sample and
        participating vessel, ``rate_sample_only`` K/s, ``power`` W of the particles, and all true values.
    """
    field = heating.peak_field(true.tank, current_A)
    sar = heating.sar(true.sample, field, frequency_Hz)
    power = sar * heating.basis_mass(true.sample)
    vessel = true.vessel.heat_capacity_J_per_K * true.vessel.participation
    ilp = 1e12 * sar / (field**2 * frequency_Hz) if field > 0.0 and frequency_Hz > 0.0 else None
    return {
        "sar": sar,
        "ilp": ilp,
        "basis": true.sample.basis,
        "field": field,
        "frequency": frequency_Hz,
        "current": current_A,
        "power": power,
        "rate": power / (true.sample.heat_capacity_J_per_K + vessel),
        "rate_sample_only": power / true.sample.heat_capacity_J_per_K,
        "parameters": as_document(true),
    }


def as_document(tables: BenchTables) -> dict[str, dict[str, Any]]:
    """All values of a bench by table and key, for JSON (which has no infinity: null means "not there")."""
    document: dict[str, dict[str, Any]] = dataclasses.asdict(tables)
    return {
        name: {
            key: None if isinstance(value, float) and math.isinf(value) else value
            for key, value in table.items()
        }
        for name, table in document.items()
    }
