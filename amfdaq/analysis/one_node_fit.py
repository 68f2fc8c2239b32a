"""Least-squares fit of the one-node model by variable projection.

For given loss rate k and probe lag tau_s the model is linear in (T0, T_env, s[, d]); those are solved exactly by QR and
only (ln k, tau_s) are searched: a coarse grid in k on block means, then Levenberg-Marquardt with the projected Jacobian
of Kaufman (BIT 15, 1975, 49-57). A certificate of the probe enters as one more observation of tau_s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from amfdaq.analysis.drive import Drive
from amfdaq.analysis.linear import least_squares
from amfdaq.analysis.noise import block_means
from amfdaq.analysis.one_node import Q_MAX, Basis, Environment, basis
from amfdaq.curve import FloatArray

SEARCH_POINTS = 240  # block means for the grid
REFINE_POINTS = (
    800  # block means for the last descent: nothing calorimetric is shorter than 1/800 of a record
)
FINE = 1e-7  # of the cost: with 800 points a hundredth of a standard error
ROUGH = 1e-4
_K_GRID = 6


@dataclass(frozen=True, slots=True)
class LagPrior:
    """What is known of the probe's time constant before the fit.

    Attributes:
        value: s; where the search starts when nothing is known.
        u: s; infinite for a free lag, 0.0 for a fixed one.
    """

    value: float
    u: float

    @property
    def fixed(self) -> bool:
        """Whether the lag is not fitted."""
        return self.u <= 0.0

    def weight(self, noise: float) -> float:
        """Weight of the certificate against one reading of the given noise (K), K/s."""
        return 0.0 if self.fixed or math.isinf(self.u) else noise / self.u


@dataclass(frozen=True, slots=True)
class Problem:
    """Data and model of one fit.

    Attributes:
        time: s, shape (n,).
        temperature: degree Celsius, shape (n,).
        drive: what heats.
        environment: how T_env moves.
        prior: what is known of the probe.
        noise: of one reading, K.
        start: T0 where it is given instead of fitted, degree Celsius.
    """

    time: FloatArray
    temperature: FloatArray
    drive: Drive
    environment: Environment
    prior: LagPrior
    noise: float
    start: float | None = None

    def thinned(self, points: int) -> Problem:
        """The same on block means, about so many points."""
        size = self.time.size // points
        if size < 2:
            return self
        t, y = block_means(self.time, size), block_means(self.temperature, size)
        return replace(self, time=t, temperature=y, noise=self.noise / math.sqrt(size))


@dataclass(frozen=True, slots=True)
class State:
    """One point of the search: parameters, linear coefficients (T0, T_env, s[, d]) and what they leave."""

    k: float
    lag: float
    coefficients: FloatArray
    residuals: FloatArray
    basis: Basis
    q: FloatArray
    cost: float

    def project_out(self, columns: FloatArray) -> FloatArray:
        """What of some columns the linear coefficients cannot follow."""
        return columns - self.q @ (self.q.T @ columns)


def evaluate(problem: Problem, k: float, lag: float) -> State:
    """Best linear coefficients for given k (1/s) and lag (s)."""
    b = basis(problem.time, problem.drive, k, lag, problem.environment)
    if problem.start is None:
        coefficients, residuals, q = least_squares(b.columns, problem.temperature)
    else:
        rest, residuals, q = least_squares(
            b.columns[:, 1:], problem.temperature - problem.start * b.columns[:, 0]
        )
        coefficients = np.concatenate([[problem.start], rest])
    penalty = problem.prior.weight(problem.noise) * (lag - problem.prior.value)
    return State(k, lag, coefficients, residuals, b, q, float(residuals @ residuals) + penalty**2)


def solve(problem: Problem, start: State | None = None) -> State:
    """Minimise over k and tau_s.

    Args:
        problem: at least ten points, with a drive that is on for some of them.
        start: from where to search; None searches the grid first.

    Returns:
        the minimum, on block means where the record has more than 2 x `REFINE_POINTS` points.
    """
    if start is None:
        coarse = problem.thinned(SEARCH_POINTS)
        span = float(coarse.time[-1] - coarse.time[0])
        lag = _first_lag(problem)
        candidates = [
            evaluate(coarse, k, min(lag, 0.5 / k))
            for k in np.geomspace(0.15 / span, 40.0 / span, _K_GRID).tolist()
        ]
        start = _descend(coarse, min(candidates, key=lambda state: state.cost), 25, ROUGH)
    fine = problem.thinned(REFINE_POINTS)
    return _descend(fine, evaluate(fine, start.k, start.lag), 12, FINE)


def search(problem: Problem, start: State) -> State:
    """A quick minimum on few block means, for comparing models with each other."""
    coarse = problem.thinned(SEARCH_POINTS)
    return _descend(coarse, evaluate(coarse, start.k, start.lag), 3, ROUGH)


def _first_lag(problem: Problem) -> float:
    if problem.prior.value > 0.0 or problem.prior.fixed:
        return problem.prior.value
    return 2.0 * float(problem.time[-1] - problem.time[0]) / problem.time.size


def tangent(state: State) -> FloatArray:
    """Derivative of the model to (ln k, tau_s), shape (n, 2)."""
    return np.column_stack([state.basis.d_lnk @ state.coefficients, state.basis.d_lag @ state.coefficients])


def _descend(problem: Problem, state: State, steps: int, tolerance: float) -> State:
    """Levenberg-Marquardt until a step lowers the cost by less than ``tolerance`` of it."""
    damping = 1e-3
    weight = problem.prior.weight(problem.noise) ** 2
    free = np.array([True, not problem.prior.fixed])
    for _ in range(steps):
        model = tangent(state)
        projected = state.project_out(model)
        normal = projected.T @ projected
        slope = projected.T @ state.residuals
        normal[1, 1] += weight
        slope[1] += weight * (problem.prior.value - state.lag)
        active = free.copy()
        if state.lag <= 0.0 and slope[1] <= 0.0:
            active[1] = False
        improved = False
        for _ in range(10):
            step = _step(normal, slope, active, damping)
            trial = evaluate(problem, *_bounded(problem, state, step))
            if trial.cost <= state.cost:
                improved = True
                damping = max(damping * 0.1, 1e-12)
                break
            damping = max(damping, 1e-6) * 10.0
        if not improved:
            return state
        gain = state.cost - trial.cost
        state = trial
        if gain <= tolerance * state.cost or (
            abs(step[0]) < 1e-7 and abs(step[1]) < 1e-7 * (1.0 + state.lag)
        ):
            break
    return state


def _step(
    normal: FloatArray, slope: FloatArray, active: np.ndarray[tuple[int], np.dtype[np.bool_]], damping: float
) -> FloatArray:
    step = np.zeros(2)
    index = np.flatnonzero(active & (np.diag(normal) > 0.0))
    if index.size:
        matrix = normal[np.ix_(index, index)]
        step[index] = np.linalg.solve(matrix + damping * np.diag(np.diag(matrix)), slope[index])
    step[0] = min(max(step[0], -1.0), 1.0)
    return step


def _bounded(problem: Problem, state: State, step: FloatArray) -> tuple[float, float]:
    """The next (k, lag) inside the bounds: losses that the record can show, a probe that does not hide the sample."""
    span = float(problem.time[-1] - problem.time[0])
    dt = span / (problem.time.size - 1)
    k = min(max(state.k * math.exp(float(step[0])), 0.02 / span), 0.2 / dt)
    lag = state.lag + float(step[1])
    return float(k), float(min(max(lag, 0.0), Q_MAX / k))
