"""What the transmitter makes of the probe's temperature: calibration error, noise, resolution."""

from __future__ import annotations

import math

import numpy as np

from mocks.config import ProbeTable


class Noise:
    """White plus AR(1) noise on the grid of conversions.

    The noise of conversion k depends on the seed and on k only, not on when and how often anyone asks.

    Args:
        table: Standard deviations in K, correlation time and conversion interval in s.
        random: The stream of this channel.
    """

    def __init__(self, table: ProbeTable, random: np.random.Generator) -> None:
        self._table = table
        self._random = random
        self._memory = math.exp(-table.update_interval_s / table.noise_ar1_time_s)
        self._correlated = table.noise_ar1_K * random.standard_normal()  # stationary from the start
        self._white = 0.0
        self._conversion = -1

    def at(self, conversion: int) -> float:
        """Noise in K of conversion number ``conversion``, which must not go back."""
        innovation = self._table.noise_ar1_K * math.sqrt(1.0 - self._memory**2)
        for white, kick in self._random.standard_normal((conversion - self._conversion, 2)).tolist():
            self._white = self._table.noise_white_K * white
            self._correlated = self._memory * self._correlated + innovation * kick
        self._conversion = conversion
        return self._white + self._correlated


class Channel:
    """One channel of the transmitter: reading = gain x S + offset + noise, rounded to the resolution.

    Args:
        table: The probe with its true gain and offset.
        random: The stream of this channel.
    """

    def __init__(self, table: ProbeTable, random: np.random.Generator) -> None:
        self._table = table
        self._noise = Noise(table, random)

    def convert(self, conversion: int, temperature_C: float) -> float:
        """Reading in degree Celsius of conversion number ``conversion``."""
        reading = self._table.gain * temperature_C + self._table.offset_K + self._noise.at(conversion)
        if self._table.resolution_K > 0.0:
            reading = self._table.resolution_K * round(reading / self._table.resolution_K)
        return reading
