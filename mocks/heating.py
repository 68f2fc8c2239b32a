"""From the current of the supply to the heat in the sample."""

from __future__ import annotations

import math

from mocks.config import SampleTable, SetpointTable, TankTable

MU0 = 4e-7 * math.pi  # T m/A


def peak_field(tank: TankTable, current_A: float) -> float:
    """Peak field in A/m of the tuned tank: B_peak = coil constant x supply current (docs/instruments.md)."""
    return tank.coil_constant_mT_per_A * 1e-3 * current_A / MU0


def basis_mass(sample: SampleTable) -> float:
    """Mass of the particles in g, in the basis of the concentration."""
    return 1e-3 * sample.concentration_mg_per_mL * sample.volume_mL


def sar(sample: SampleTable, field_A_per_m: float, frequency_Hz: float) -> float:
    """SAR in W per g of the basis at a peak field.

    SAR = ILP f H_ref^2 h^n / (1 + (H/H_sat)^n) with h = H/H_ref: for n = 2 without saturation this is the
    definition ILP = SAR/(H^2 f) of docs/analysis.md Other exponents and the saturation are a
    shape for tests, not a theory.

    Args:
        sample: ILP in nH m2/kg, exponent n, fields in A/m.
        field_A_per_m: Peak field H, A/m.
        frequency_Hz: Frequency f, Hz.
    """
    if field_A_per_m <= 0.0 or frequency_Hz <= 0.0:
        return 0.0
    shape: float = (field_A_per_m / sample.reference_field_A_per_m) ** sample.exponent
    shape /= 1.0 + (field_A_per_m / sample.saturation_field_A_per_m) ** sample.exponent
    watt_per_kg = sample.ilp_nH_m2_per_kg * 1e-9 * frequency_Hz * sample.reference_field_A_per_m**2 * shape
    return 1e-3 * watt_per_kg


def direct_heating(
    sample: SampleTable, setpoint: SetpointTable, current_A: float, frequency_Hz: float
) -> float:
    """Eddy-current heat in W in the sample, ~ (H f)^2 (docs/analysis.md), stated at the set-point."""
    share = (current_A / setpoint.current_A) * (frequency_Hz / setpoint.frequency_Hz)
    return sample.direct_heating_W * share**2
