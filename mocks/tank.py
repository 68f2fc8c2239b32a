"""The resonant tank as the DC supply sees it."""

from __future__ import annotations

import math

from mocks.config import TankTable


def effective_resistance(tank: TankTable, frequency_Hz: float, resonance_Hz: float) -> float:
    """Effective DC resistance of inverter and series tank, in ohm.

    The inverter applies an amplitude proportional to the rail V, so the coil current goes with V/|Z|, where
    |Z| = R sqrt(1 + x^2) and x = Q (f/f0 - f0/f). What the tank dissipates, R I_coil^2/2, the rail delivers
    as V I_dc: hence I_dc ~ V R/|Z|^2 and R_eff = R0 (1 + x^2). This is the power form; the root form would
    hold for the coil current, which the supply does not measure. The current peaks at f0, which is what
    tuning looks for (docs/instruments.md).

    Args:
        tank: Quality factor and resistance at resonance.
        frequency_Hz: Drive frequency, Hz.
        resonance_Hz: Resonance now, Hz (it may have drifted).
    """
    detuning = tank.quality_factor * (frequency_Hz / resonance_Hz - resonance_Hz / frequency_Hz)
    return tank.resistance_ohm * (1.0 + detuning**2)


def load_resistance(tank: TankTable, frequency_Hz: float, resonance_Hz: float, *, driven: bool) -> float:
    """Load of the supply in ohm: infinite while the inverter is not driven."""
    if not driven or frequency_Hz <= 0.0:
        return math.inf
    return effective_resistance(tank, frequency_Hz, resonance_Hz)
