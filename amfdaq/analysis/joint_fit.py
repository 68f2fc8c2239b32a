"""Joint fit of baseline, heating and cooling with one thermal node and a probe that lags (docs/analysis.md).

The default method. Unknown are s, k = L/C, T0, T_env and the lag of the probe; a certificate of the probe enters as an
observation of the lag. Whether the environment moved (linearly all the time, or only while the field is on, as a coil
that warms the sample's surroundings does) is decided by the data: see `_choose_environment`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from amfdaq.analysis.drive import Drive
from amfdaq.analysis.estimate import Estimate, not_applicable
from amfdaq.analysis.noise import error_inflation, lag1, quantisation_noise, resolution_of, sensor_noise
from amfdaq.analysis.one_node import Environment, basis
from amfdaq.analysis.one_node_fit import LagPrior, Problem, State, search, solve, tangent
from amfdaq.curve import FloatArray, HeatingCurve

LagMode = Literal["auto", "off", "free"]
EnvironmentMode = Literal["auto", "constant", "drift", "coil"]

MIN_POINTS = 20
F_CRITICAL = 12.0  # F(1, many) at the 0.05 % level: an environment that moves is the exception
MIN_VARIANCE_DROP = 0.15  # what is significant but explains less is not worth the variance it costs
WHITE = 1.15  # inflation below which nothing slow is left in the residuals that a moving environment could explain
RIVAL_VARIANCE = 1.3  # models whose residual variance is within this factor of the best stay rivals


@dataclass(frozen=True, slots=True)
class JointFit:
    """The fit with all that gates and budget ask of it.

    Attributes:
        estimate: rate, uncertainty and parameters.
        residuals: data minus model, K, at all points.
        rho: their lag-1 autocorrelation.
        u_lag_share: part of the rate's standard uncertainty that comes from the lag, K/s.
        step_sensitivity: change of the rate when each switching time moves by 1 s, K/s per s.
        environment: how T_env moves in the chosen model.
        rivals: rates in K/s of other environment models that the data do not exclude.
    """

    estimate: Estimate
    residuals: FloatArray
    rho: float
    u_lag_share: float
    step_sensitivity: tuple[float, ...]
    environment: Environment
    rivals: tuple[float, ...]


def estimate(
    curve: HeatingCurve,
    *,
    drive: tuple[tuple[float, float], ...] | None = None,
    lag: LagMode = "auto",
    environment: EnvironmentMode = "auto",
    start: float | None = None,
) -> Estimate:
    """Loss-free heating rate from the whole record.

    Args:
        curve: with its field-on intervals, and the lag of its probe where a certificate gives one.
        drive: (start in s, level) of a piecewise-constant drive instead of the field intervals; the rate is then per
            unit of level.
        lag: ``"auto"`` uses the certificate (``curve.lag``, ``curve.u_lag``) and fits freely without one; ``"off"``
            leaves the lag out; ``"free"`` ignores the certificate.
        environment: ``"auto"`` decides by an F-test; the others fix the model.
        start: temperature of the sample at the first point in degree Celsius; fitted when None.

    Returns:
        the estimate; its rate is NaN with a reason where the record cannot support the fit.
    """
    fit = fit_joint(curve, drive=drive, lag=lag, environment=environment, start=start)
    return fit.estimate if isinstance(fit, JointFit) else fit


def fit_joint(
    curve: HeatingCurve,
    *,
    drive: tuple[tuple[float, float], ...] | None = None,
    lag: LagMode = "auto",
    environment: EnvironmentMode = "auto",
    start: float | None = None,
) -> JointFit | Estimate:
    """As `estimate`, with the residuals and sensitivities; an `Estimate` with NaN where there is no fit."""
    curve = curve.valid()
    steps = Drive.of(curve) if drive is None else Drive.from_levels(drive)
    problem = _problem(curve, steps, lag, start)
    if isinstance(problem, str):
        return not_applicable("joint-fit", problem)
    state = solve(problem)
    if problem.prior.weight(1.0) > 0.0:
        problem = _reweigh(problem, state)
        state = solve(problem, state)
    chosen, state, rivals = _choose_environment(problem, state, environment)
    return _report(curve, chosen, state, rivals)


def _problem(curve: HeatingCurve, drive: Drive, lag: LagMode, start: float | None) -> Problem | str:
    """The least-squares problem of a curve, or the sentence why there is none."""
    if curve.time.size < MIN_POINTS:
        return f"only {curve.time.size} readings; the joint fit needs {MIN_POINTS}"
    if not drive.steps or drive.start >= curve.time[-1]:
        return "it is not known when the field was on"
    on = curve.time > drive.start
    if np.count_nonzero(on) < MIN_POINTS // 2:
        return f"only {np.count_nonzero(on)} readings after the field came on; the joint fit needs {MIN_POINTS // 2}"
    if np.ptp(curve.temperature) == 0.0:
        return "the temperature never changes"
    if lag == "off":
        prior = LagPrior(0.0, 0.0)
    elif lag == "auto" and curve.lag is not None:
        prior = LagPrior(curve.lag, curve.u_lag)
    else:
        prior = LagPrior(0.0, math.inf)
    noise = sensor_noise(curve, drive.start, resolution_of(curve)).sd
    return Problem(curve.time, curve.temperature, drive, "constant", prior, max(noise, 1e-6), start)


def _reweigh(problem: Problem, state: State) -> Problem:
    """Weigh the certificate of the probe against what the residuals really are, correlation included."""
    size = max(1, problem.time.size // state.residuals.size)
    scatter = math.sqrt(float(np.mean(state.residuals**2)) * size) * error_inflation(state.residuals)
    return replace(problem, noise=max(problem.noise, scatter))


def _choose_environment(
    problem: Problem, state: State, mode: EnvironmentMode
) -> tuple[Problem, State, tuple[float, ...]]:
    """The model of the environment.

    A moving environment is fitted only where there is a baseline and a cooling branch to see it by, where it passes an
    F-test with the number of *independent* residuals (n / inflation^2), and where it takes away at least 15 % of the
    residual variance. Models that come close stay as rivals: their spread is an uncertainty of the model.
    """
    if mode != "auto":
        if mode == "constant":
            return problem, state, ()
        problem = replace(problem, environment=mode)
        return problem, solve(problem, state), ()
    if not _can_see_environment(problem) or error_inflation(state.residuals) < WHITE:
        return problem, state, ()
    models = [problem, replace(problem, environment="drift"), replace(problem, environment="coil")]
    states = [search(model, state) for model in models]
    rss = [float(s.residuals @ s.residuals) for s in states]
    best = 0
    for i in (1, 2):
        if rss[i] < rss[best] and _significant(rss[0], rss[i], states[i]):
            best = i
    rivals = tuple(
        float(s.coefficients[2])
        for i, s in enumerate(states)
        if i != best
        and rss[i] < RIVAL_VARIANCE * rss[best]
        and (i == 0 or _significant(rss[0], rss[i], s, drop=0.0))
    )
    return models[best], state if best == 0 else solve(models[best], states[best]), rivals


def _can_see_environment(problem: Problem) -> bool:
    steps = problem.drive.steps
    before = np.count_nonzero(problem.time < steps[0][0])
    last_off = steps[-1][0] if steps[-1][1] < 0 else math.inf
    heated = problem.drive.on_time(float(problem.time[-1]))
    return bool(before >= 10 and problem.time[-1] - last_off >= 0.3 * heated)


def _significant(rss0: float, rss1: float, state: State, drop: float = MIN_VARIANCE_DROP) -> bool:
    if rss1 > (1.0 - drop) * rss0:
        return False
    independent = max(3.0, state.residuals.size / error_inflation(state.residuals) ** 2 - 6.0)
    return (rss0 - rss1) * independent > F_CRITICAL * rss1


def _report(curve: HeatingCurve, problem: Problem, state: State, rivals: tuple[float, ...]) -> JointFit:
    # State and its basis live on block means for long records; residuals and fitted curve are wanted at all points.
    full = state
    if state.residuals.size != curve.time.size:
        b = basis(curve.time, problem.drive, state.k, state.lag, problem.environment)
        full = replace(state, basis=b, residuals=curve.temperature - b.columns @ state.coefficients)
    jacobian, free = _jacobian(problem, state)
    size = curve.time.size // state.residuals.size
    dof = max(1, curve.time.size - jacobian.shape[1])
    resolution = resolution_of(curve)
    factor = error_inflation(full.residuals)
    scatter = max(math.sqrt(float(full.residuals @ full.residuals) / dof), quantisation_noise(resolution))
    weight = problem.prior.weight(problem.noise) / math.sqrt(size)
    pseudo, normal = _invert(jacobian, weight if not problem.prior.fixed else 0.0)
    covariance = normal * (scatter * factor) ** 2 / size
    where = free.index("s")
    u = math.sqrt(max(0.0, float(covariance[where, where])))
    lag_share = 0.0
    if "lag" in free:
        i = free.index("lag")
        lag_share = abs(float(covariance[where, i])) / math.sqrt(max(float(covariance[i, i]), 1e-300))
    s = float(state.coefficients[2])
    steps = tuple(float(v) for v in s * (pseudo[where] @ state.basis.edges))
    rate = Estimate(
        "joint-fit", s, u, accepted=True, parameters=_parameters(problem, state, free, covariance),
        variant=_variant(problem), time=curve.time, fitted=curve.temperature - full.residuals,
    )  # fmt: skip
    rate.parameters.update(rms=math.sqrt(float(np.mean(full.residuals**2))), inflation=factor)
    return JointFit(rate, full.residuals, lag1(full.residuals), lag_share, steps, problem.environment, rivals)


def _variant(problem: Problem) -> str:
    lag = (
        "lag fixed"
        if problem.prior.fixed and problem.prior.value > 0
        else "no lag"
        if problem.prior.fixed
        else ""
    )
    lag = lag or ("lag free" if math.isinf(problem.prior.u) else "lag from certificate")
    moving = {"constant": "", "drift": ", environment drifts", "coil": ", coil warms environment"}[
        problem.environment
    ]
    return lag + moving


def _jacobian(problem: Problem, state: State) -> tuple[FloatArray, list[str]]:
    names = ["T0", "T_env", "s", "drift"][: state.coefficients.size]
    columns = state.basis.columns
    if problem.start is not None:
        names, columns = names[1:], columns[:, 1:]
    model = tangent(state)
    if problem.prior.fixed:
        return np.column_stack([columns, model[:, 0]]), [*names, "lnk"]
    return np.column_stack([columns, model]), [*names, "lnk", "lag"]


def _invert(jacobian: FloatArray, weight: float) -> tuple[FloatArray, FloatArray]:
    """Pseudo-inverse of the Jacobian, and the inverse normal matrix; ``weight`` is that of the lag's certificate."""
    rows = jacobian
    if weight > 0.0:
        rows = np.vstack([jacobian, np.zeros(jacobian.shape[1])])
        rows[-1, -1] = weight
    scale = np.linalg.norm(rows, axis=0)
    scale[scale == 0.0] = 1.0
    q, r = np.linalg.qr(rows / scale)
    inverse = np.linalg.pinv(r) / scale[:, None]
    return inverse @ q[: jacobian.shape[0]].T, inverse @ inverse.T


def _parameters(problem: Problem, state: State, free: list[str], covariance: FloatArray) -> dict[str, float]:
    values = dict(zip(["T0", "T_env", "s", "drift"], (float(c) for c in state.coefficients), strict=False))
    values.pop("s")
    values.update(k=state.k, tau=1.0 / state.k, lag=state.lag)
    u = dict(zip(free, (math.sqrt(max(0.0, float(v))) for v in np.diag(covariance)), strict=True))
    values["u_tau"] = u["lnk"] / state.k
    for name in ("T_env", "lag", "drift"):
        if name in u:
            values[f"u_{name}"] = u[name]
    if not problem.prior.fixed and not math.isinf(problem.prior.u):
        values["lag_certificate"] = problem.prior.value
    return values


def synthetic(curve: HeatingCurve, joint: Estimate) -> HeatingCurve:
    """The noise-free curve that the joint fit describes, to learn what bias another method has on such a curve."""
    if joint.fitted is None:
        raise ValueError("the joint fit has no curve")
    return replace(curve, temperature=joint.fitted, resolution=0.0)
