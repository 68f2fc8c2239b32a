"""Two thermal nodes, a lagging probe and a slowly moving environment, integrated exactly.

    C_s dT_s/dt = P + K (T_v - T_s) - L_s (T_s - T_e)          sample
    C_v dT_v/dt =     K (T_s - T_v) - L_v (T_v - T_e)          vessel
    tau  dS/dt  = T_s - S                                      probe
    T_e = T_0 + d t + W + A sin(2 pi t/t_w + phi)              environment
    dW/dt = r - W/t_c                                          warming by the coil

Between two changes of the drive, P and r are constant, so the whole is linear and autonomous once drift and
wander are states of their own: dx/dt = M x, x(t + dt) = exp(M dt) x(t). There is no step size to choose.
The heat put in and the heat lost are integrated along, so that an energy balance can be drawn at any time.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mocks.config import BenchTables

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# indices of the state vector; temperatures in degree Celsius, heats in J
SAMPLE, VESSEL, PROBE, WARMING, DRIFTING, SINE, COSINE, HEAT_IN, HEAT_LOST, ONE = range(10)
SIZE = 10

_TAYLOR_ORDER = 14  # with a norm below 1/2 the first neglected term is 0.5^15/15!, 2e-17


def exponential(matrix: Matrix) -> Matrix:
    """Matrix exponential by scaling and squaring of a Taylor polynomial.

    Moler and Van Loan, SIAM Review 45 (2003) 3, method 3. An eigen-decomposition is no alternative here:
    the drift makes the matrix defective.

    Args:
        matrix: Square, dimensionless (already multiplied by the time).
    """
    norm = float(np.abs(matrix).sum(axis=1).max())
    squarings = max(0, math.ceil(math.log2(norm)) + 1) if norm > 0.0 else 0
    scaled = matrix / 2.0**squarings
    identity = np.eye(len(matrix))
    result = identity
    for order in range(_TAYLOR_ORDER, 0, -1):
        result = identity + scaled @ result / order
    for _ in range(squarings):
        result = result @ result
    return result


class ThermalModel:
    """The linear thermal system of one bench.

    Args:
        true: The bench with its true values.
        phase: Phase of the wander of the environment, rad.
    """

    def __init__(self, true: BenchTables, phase: float = 0.0) -> None:
        self.sample_J_per_K = true.sample.heat_capacity_J_per_K
        self.vessel_J_per_K = true.vessel.heat_capacity_J_per_K * true.vessel.participation
        self.exchange_W_per_K = true.vessel.exchange_conductance_W_per_K
        self.loss = true.loss
        self.environment = true.environment
        self.lag_s = true.probe.lag_s
        self.phase = phase
        self._passive = self._passive_matrix()

    def start(self) -> Vector:
        """State at lab time 0: sample, vessel and probe at one temperature, no heat put in."""
        state = np.zeros(SIZE)
        state[DRIFTING] = self.environment.temperature_C
        state[SINE], state[COSINE] = math.sin(self.phase), math.cos(self.phase)
        state[ONE] = 1.0
        state[[SAMPLE, VESSEL, PROBE]] = self.environment_at(state) + self.environment.start_offset_K
        return state

    def environment_at(self, state: Vector) -> float:
        """Temperature of the environment in degree Celsius."""
        wander = self.environment.wander_amplitude_K * state[SINE]
        return float(state[DRIFTING] + state[WARMING] + wander)

    def stored_heat(self, state: Vector) -> float:
        """Heat in J stored in sample and vessel since the start."""
        start = self.start()
        sample = self.sample_J_per_K * (state[SAMPLE] - start[SAMPLE])
        return float(sample + self.vessel_J_per_K * (state[VESSEL] - start[VESSEL]))

    def advance(self, state: Vector, seconds: float, power_W: float, warming_K_per_s: float) -> Vector:
        """State ``seconds`` later, with constant power in the sample and constant warming by the coil."""
        if seconds <= 0.0:
            return state
        matrix = self._passive.copy()
        matrix[SAMPLE, ONE] = power_W / self.sample_J_per_K
        matrix[WARMING, ONE] = warming_K_per_s
        matrix[HEAT_IN, ONE] = power_W
        after: Vector = exponential(matrix * seconds) @ state
        return after

    def _passive_matrix(self) -> Matrix:
        """M without the drive: rows are the rates of change of the states."""
        environment = np.zeros(SIZE)
        environment[DRIFTING] = environment[WARMING] = 1.0
        environment[SINE] = self.environment.wander_amplitude_K
        sample, vessel = np.eye(SIZE)[SAMPLE], np.eye(SIZE)[VESSEL]
        exchange = self.exchange_W_per_K * (vessel - sample)
        from_sample = self.loss.sample_W_per_K * (sample - environment)
        from_vessel = self.loss.vessel_W_per_K * (vessel - environment)
        matrix = np.zeros((SIZE, SIZE))
        matrix[SAMPLE] = (exchange - from_sample) / self.sample_J_per_K
        matrix[VESSEL] = (-exchange - from_vessel) / self.vessel_J_per_K
        matrix[HEAT_LOST] = from_sample + from_vessel
        matrix[PROBE, SAMPLE], matrix[PROBE, PROBE] = 1.0 / self.lag_s, -1.0 / self.lag_s
        matrix[WARMING, WARMING] = -1.0 / self.environment.coil_cooling_time_s
        matrix[DRIFTING, ONE] = self.environment.drift_K_per_s
        omega = 2.0 * math.pi / self.environment.wander_period_s
        matrix[SINE, COSINE], matrix[COSINE, SINE] = omega, -omega
        return matrix
