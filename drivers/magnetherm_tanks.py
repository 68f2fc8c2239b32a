"""Coil and capacitor pairs of a nanoTherics magneTherm.

Source: ``config.nth``, nanoTherics' own configuration file as one laboratory has it (repository
``veile/magnetherm_control``; docs/instruments.md, grade B). These are one instrument's numbers: good as
limits and to find the resonance, never a substitute for the calibration of a coil.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

COILS: Final = {1: "9 turns, 44 mm", 2: "17 turns, 44 mm", 3: "18 turns, 26 mm"}


@dataclass(frozen=True, slots=True)
class Tank:
    """One coil with one capacitor.

    Attributes:
        coil: number of the coil, a key of `COILS`.
        capacitance: F.
        frequency: nominal resonance, Hz.
        tune: half width of the window in which the resonance is searched, Hz.
        voltage: rail voltage of the DC supply, V.
        current: largest current of the DC supply, A.
        coil_voltage: V peak to peak across the coil at the largest current.
        correlation: T of peak flux density per A of supply current.
    """

    coil: int
    capacitance: float
    frequency: float
    tune: float
    voltage: float
    current: float
    coil_voltage: float
    correlation: float


_ROWS: Final = (
    # coil, nF, kHz, +-kHz, V, A, V coil, mT/A
    (1, 200, 161, 2, 26, 24.6, 1260, 0.934959),
    (1, 88, 242, 2, 29, 21.8, 2000, 0.917431),
    (1, 26, 405, 5, 34, 20.5, 3000, 0.780488),
    (1, 15, 572, 5, 35, 17.3, 3000, 0.809249),
    (1, 6.2, 925, 6, 35, 13.4, 4000, 0.895522),
    (2, 200, 105, 2, 30, 17, 1260, 1.470588),
    (2, 88, 158, 2, 30, 13.55, 2000, 1.254613),
    (2, 26, 265, 5, 39, 14.1, 3000, 1.205674),
    (2, 15, 374, 5, 44, 13.5, 3000, 1.185185),
    (2, 6.2, 603, 6, 47, 12, 4000, 1.0),
    (3, 200, 161, 2, 39, 28, 1260, 1.6525),
    (3, 88, 242, 2, 44, 23.85, 2000, 1.653669),
    (3, 26, 406, 5, 44, 20, 3000, 1.5775),
    (3, 15, 574, 6, 49, 19, 3000, 1.522105),
    (3, 6.2, 928, 7, 42, 13.5, 5000, 1.362963),
)

TANKS: Final = tuple(
    Tank(coil, nf * 1e-9, khz * 1e3, tune * 1e3, volts, amps, coil_volts, correlation * 1e-3)
    for coil, nf, khz, tune, volts, amps, coil_volts, correlation in _ROWS
)


def find_tank(coil: int, capacitance: float) -> Tank | None:
    """The tank of a coil with a capacitance in F; None when there is none."""
    for tank in TANKS:
        if tank.coil == coil and math.isclose(tank.capacitance, capacitance, rel_tol=1e-6):
            return tank
    return None
