"""Gates on the record itself: does it look like a sample that is heated while the field is on?"""

from __future__ import annotations

import math

import numpy as np

from amfdaq.analysis.gates import Evidence, Gate
from amfdaq.analysis.linear import fit_line
from amfdaq.analysis.noise import block_means
from amfdaq.curve import FloatArray

_FROZEN_RUN = 5  # identical readings in a row that are looked at
_POINTS = 300  # block means of the heating on which its shape is judged
_WINDOWS = 10  # of the heating, for the search of its steepest part


def check(e: Evidence) -> tuple[Gate, ...]:
    """All gates on the record, for a curve with known field times."""
    return (
        *check_record(e),
        _points(e),
        _gaps(e),
        _baseline(e),
        _rise(e),
        _drift(e),
        _late(e),
        _convex(e),
        _peak(e),
    )


def check_record(e: Evidence) -> tuple[Gate, ...]:
    """The gates that need no field times: failed readings, impossible temperatures, jumps, a frozen probe."""
    return _failed(e), _range(e), _jump(e), _frozen(e)


def _failed(e: Evidence) -> Gate:
    limit = e.settings.limits.max_failed
    fraction = 1.0 - e.curve.time.size / max(1, e.raw.time.size)
    return Gate(
        "failed readings", fraction, limit, fraction <= limit,
        f"{100 * fraction:.0f} % of the readings failed: check the probe and its connector",
    )  # fmt: skip


def _range(e: Evidence) -> Gate:
    low, high = e.settings.medium_min, e.settings.medium_max
    coldest, warmest = float(e.curve.temperature.min()), float(e.curve.temperature.max())
    margin = 3.0 * e.noise.sd
    below = low - coldest > warmest - high
    value, threshold = (coldest, low) if below else (warmest, high)
    return Gate(
        "temperature range", value, threshold, coldest >= low - margin and warmest <= high + margin,
        f"{value:.1f} degC is outside what the medium can have ({low:g} to {high:g} degC): "
        "check the probe, or set the medium's range",
    )  # fmt: skip


def _jump(e: Evidence) -> Gate:
    steps = np.abs(np.diff(e.curve.temperature))
    rate = e.joint.estimate.rate if e.joint is not None and e.joint.estimate.valid else 0.0
    record = float(e.curve.time[-1] - e.curve.time[0])
    overall = 2.0 * float(np.ptp(e.curve.temperature)) / max(e.heating if e.curve.on else record, 1e-9)
    slope = max(abs(rate), overall)
    limits = 8.0 * e.noise.sd + 1.5 * e.resolution + 3.0 * slope * np.diff(e.curve.time)
    worst = int(np.argmax(steps - limits))
    at = float(e.curve.time[worst + 1])
    return Gate(
        "temperature jump", float(steps[worst]), float(limits[worst]), bool(steps[worst] <= limits[worst]),
        f"the temperature jumps by {steps[worst]:.2f} K at {at:.1f} s, faster than the sample can: "
        "check the probe, its position and its connector",
    )  # fmt: skip


def _frozen(e: Evidence) -> Gate:
    """The longest change that the sample should have made while the reading did not move at all."""
    y = e.curve.temperature
    reference = y if e.joint is None or e.joint.estimate.fitted is None else e.joint.estimate.fitted
    edges = np.flatnonzero(np.diff(y) != 0.0)
    first = np.concatenate([[0], edges + 1])
    last = np.concatenate([edges, [y.size - 1]])
    long = (last - first + 1) >= _FROZEN_RUN
    missed = np.where(long, np.abs(reference[last] - reference[first]), 0.0)
    worst = int(np.argmax(missed))
    limit = max(3.0 * e.resolution, 6.0 * e.noise.sd, 0.02 * float(np.ptp(reference)))
    span = float(e.curve.time[last[worst]] - e.curve.time[first[worst]])
    return Gate(
        "frozen probe", float(missed[worst]), limit, bool(missed[worst] <= limit),
        f"the reading stays at {y[first[worst]]:.2f} degC for {span:.0f} s from {e.curve.time[first[worst]]:.0f} s "
        "while the sample must have changed: check the thermometer",
    )  # fmt: skip


def _points(e: Evidence) -> Gate:
    limit = e.settings.limits.min_points
    on = np.zeros(e.curve.time.size, dtype=bool)
    for start, stop in e.curve.on:
        on |= (e.curve.time >= start) & (e.curve.time <= stop)
    count = int(np.count_nonzero(on))
    return Gate(
        "readings while on", count, limit, count >= limit,
        f"only {count} readings while the field was on: heat longer or read faster",
    )  # fmt: skip


def _gaps(e: Evidence) -> Gate:
    on, off = e.curve.on[0]
    limit = max(e.settings.limits.max_gap * e.heating, 5.0 * float(np.median(np.diff(e.curve.time))))
    inside = (e.curve.time > on) & (e.curve.time < off)
    longest = float(np.max(np.diff(np.concatenate([[on], e.curve.time[inside], [off]]))))
    return Gate(
        "gap in the heating", longest, limit, longest <= limit,
        f"no reading for {longest:.1f} s while the field was on: check the probe's link and repeat the run",
    )  # fmt: skip


def _baseline(e: Evidence) -> Gate:
    """Something without the field must show where the environment is: a baseline, or a cooling branch."""
    limit = e.settings.limits.min_baseline
    first, last = float(e.curve.time[0]), float(e.curve.time[-1])
    before = max(0.0, e.curve.on[0][0] - first)
    after = max(0.0, last - e.curve.on[-1][1])
    count = int(np.count_nonzero(e.curve.time < e.curve.on[0][0]))
    passed = (before >= limit and count >= 5) or after >= 0.5 * e.heating
    return Gate(
        "baseline", before, limit, passed,
        f"only {before:.0f} s without the field before heating and {after:.0f} s after it: "
        f"record at least 60 s before the field comes on (and the cooling)",
    )  # fmt: skip


def _rise(e: Evidence) -> Gate:
    limit = e.settings.limits.min_rise
    ratio = e.rise / max(e.noise.sd, 1e-9)
    return Gate(
        "temperature rise", ratio, limit, ratio >= limit,
        f"the temperature changes by {e.rise:.2g} K, only {ratio:.1f} times the noise of a reading: "
        "heat longer, raise the field or concentrate the sample",
    )  # fmt: skip


def _drift(e: Evidence) -> Gate:
    """Baseline slope against the rate; a start out of equilibrium is fitted, a wandering environment is not."""
    limit = e.settings.limits.drift
    quiet = e.curve.time < e.curve.on[0][0]
    if e.joint is None or np.count_nonzero(quiet) < 10:
        return Gate("baseline drift", math.nan, limit, passed=True)
    line = fit_line(e.curve.time[quiet], e.curve.temperature[quiet], e.resolution)
    rate = abs(e.joint.estimate.rate)
    seen = max(0.0, abs(line.slope) - 3.0 * line.u_slope) / max(rate, 1e-12)
    environment = abs(e.joint.estimate.parameters.get("drift", 0.0)) / max(rate, 1e-12)
    value = max(seen, environment)
    return Gate(
        "baseline drift", value, limit, value <= limit,
        f"before or during heating the surroundings drift at {100 * value:.0f} % of the heating rate: "
        "let the sample come to equilibrium, and check the cooling of the coil",
    )  # fmt: skip


def _heating(e: Evidence) -> tuple[FloatArray, FloatArray]:
    """Time since switch-on and temperature of the first heating, on some hundred block means."""
    on, off = e.curve.on[0]
    inside = (e.curve.time >= on) & (e.curve.time <= off)
    t, y = e.curve.time[inside] - on, e.curve.temperature[inside]
    size = max(1, t.size // _POINTS)
    return block_means(t, size), block_means(y, size)


def _u_slope(e: Evidence, length: float) -> float:
    """Standard error of a slope over ``length`` s by the noise of the thermometer alone, K/s.

    Not from the residuals about the line: those are large exactly where a curve is wrong.
    """
    means = max(1.0, length / e.noise.window)
    return math.hypot(e.noise.slow, 0.3 * e.resolution / means) * math.sqrt(12.0 / means) / length


def _late(e: Evidence) -> Gate:
    """The slope is steepest at the start (Table 1.17): losses only grow. A flat stretch or a runaway breaks that."""
    limits = e.settings.limits
    t, y = _heating(e)
    allowed = 5.0 * e.lag + limits.lateness * e.heating
    length = max(e.heating / _WINDOWS, 4.0 * float(np.median(np.diff(e.curve.time))))
    early = late = when = 0.0
    for begin in np.arange(0.0, e.heating - length * 0.999, length / 2.0):
        a, b = np.searchsorted(t, (begin, begin + length + 1e-9))
        if b - a < 4:
            continue
        x = t[a:b] - t[a:b].mean()
        slope = float(x @ y[a:b]) / float(x @ x)
        if begin <= allowed:
            early = max(early, slope)
        elif slope > late:
            late, when = slope, float(begin)
    limit = limits.steeper * early + 4.0 * math.sqrt(2.0) * _u_slope(e, length)
    return Gate(
        "steepest at the start", late, limit, late <= limit,
        f"the sample warms fastest {when:.0f} s after switch-on ({1e3 * late:.3g} mK/s against "
        f"{1e3 * early:.3g} mK/s at the start): check the time of switch-on, mixing, and the probe's position",
    )  # fmt: skip


def _convex(e: Evidence) -> Gate:
    """Heating that speeds up after the lag has passed cannot be constant power with loss."""
    limit = e.settings.limits.convexity
    t, y = _heating(e)
    late = t >= 5.0 * e.lag + e.settings.limits.lateness * e.heating
    if np.count_nonzero(late) < 10:
        return Gate("speeding up", math.nan, limit, passed=True)
    t, y = t[late], y[late]
    middle = 0.5 * (t[0] + t[-1])
    first, second = t <= middle, t > middle
    a, b = fit_line(t[first], y[first], e.resolution), fit_line(t[second], y[second], e.resolution)
    # Means of the two halves: their difference of slopes is half the change over the whole stretch.
    whole = float(y[-1] - y[0]) / float(t[-1] - t[0])
    scale = max(abs(whole), 1e-12)
    change = 2.0 * (b.slope - a.slope)
    allowed = limit * scale + 8.0 * math.sqrt(2.0) * _u_slope(e, float(t[-1] - t[0]) / 2.0)
    return Gate(
        "speeding up", change / scale, allowed / scale, change <= allowed,
        f"the heating speeds up by {100 * change / scale:.0f} %: a constant field cannot do that; check the field, "
        "the sample (settling, boiling, clumping) and the probe",
    )  # fmt: skip


def _peak(e: Evidence) -> Gate:
    """After switch-off the temperature may rise for a few lags, not longer."""
    on, off = e.curve.on[-1]
    allowed = 5.0 * e.lag
    t, y = e.curve.time - off, e.curve.temperature
    size = max(1, round(max(0.02 * (off - on), 1.0) / float(np.median(np.diff(t)))))
    near = y[(t >= -0.1 * (off - on)) & (t <= allowed)]
    after = (t > allowed) & (t <= allowed + (off - on))
    if near.size < size or np.count_nonzero(after) < 2 * size:
        return Gate("peak after switch-off", math.nan, allowed, passed=True)
    means = block_means(y[after], size)
    warmest = int(np.argmax(means))
    excess = float(means[warmest]) - float(block_means(near[near.size % size :], size).max())
    slack = 4.0 * max(e.noise.sd / math.sqrt(size), e.noise.slow) + 0.5 * e.resolution + 0.01 * e.rise
    late = float(t[after][warmest * size])
    return Gate(
        "peak after switch-off", late if excess > slack else 0.0, allowed, excess <= slack,
        f"the temperature still rises {late:.0f} s after the recorded switch-off: check the time of switch-off, "
        "the coil's own heat and the probe's position",
    )  # fmt: skip
