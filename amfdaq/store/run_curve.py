"""From a stored run to its heating curve: corrected temperature, measured field and frequency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from amfdaq.errors import DataFileError

if TYPE_CHECKING:
    from amfdaq.curve import FloatArray, HeatingCurve
    from amfdaq.store.reader import Run
    from amfdaq.store.run_data import ChannelData, RunEvent

Intervals = tuple[tuple[float, float], ...]


def field_intervals(events: Sequence[RunEvent], last: float) -> Intervals:
    """Field-on intervals (t_on, t_off) in s, from the events "field-on" and "field-off".

    Args:
        events: sorted by time.
        last: the last time known of the run, s; an interval that is still open ends there.
    """
    found: list[tuple[float, float]] = []
    since: float | None = None
    for event in events:
        if event.kind == "field-on" and since is None:
            since = event.time
        elif event.kind == "field-off" and since is not None:
            found.append((since, event.time))
            since = None
    if since is not None:
        found.append((since, last))
    return tuple((on, off) for on, off in found if off > on)


def switch_uncertainty(events: Sequence[RunEvent]) -> float:
    """Standard uncertainty of the switching times in s.

    The supply switched somewhere between the command and its confirmation (``sent_ns``, ``confirmed_ns`` of
    the event): a rectangular distribution, u = width/sqrt(12) (JCGM 100:2008, 4.3.7). The largest of the
    run is returned, 0.0 when no event tells.
    """
    widths = [
        (event.data["confirmed_ns"] - event.data["sent_ns"]) / 1e9
        for event in events
        if event.kind in {"field-on", "field-off"} and {"sent_ns", "confirmed_ns"} <= event.data.keys()
    ]
    return max(widths, default=0.0) / math.sqrt(12.0)


@dataclass(frozen=True, slots=True)
class _Field:
    field: float | None = None
    u_field: float = 0.0
    frequency: float | None = None
    u_frequency: float = 0.0
    notes: tuple[str, ...] = ()


def heating_curve(run: Run, channel: str | None = None) -> HeatingCurve:
    """The heating curve of a run.

    The temperature is corrected with the certificate of its probe, T = gain T_read + offset; failed
    readings are NaN. The field follows from the supply current, averaged over the time it was on, through
    the stored line of the coil (but for the time in which the supply settles); in an imported table it is
    what was stated at import.

    Args:
        run: the run.
        channel: a temperature channel; None takes the core channel of the run.

    Raises:
        DataFileError: there is no such channel, or it has no readings.
    """
    from amfdaq.curve import HeatingCurve

    data = run.channel(_temperature_channel(run, channel))
    probe = run.meta.get("probes", {}).get(data.name) or {}
    time, temperature, notes = _in_order(run, data)
    gain, offset = _number(probe, "gain", 1.0), _number(probe, "offset", 0.0)
    if (gain, offset) != (1.0, 0.0):
        temperature = gain * temperature + offset
        notes += (f"temperature corrected with the certificate of the probe: {gain:g} T + {offset:g} K",)
    on = run.field_on
    measured = _stated(run) or _field_while_on(run, on)
    lag = probe.get("lag")
    return HeatingCurve(
        time=time,
        temperature=temperature,
        on=on,
        field=measured.field,
        u_field=measured.u_field,
        frequency=measured.frequency,
        u_frequency=measured.u_frequency,
        resolution=_number(probe, "resolution", 0.0),
        lag=None if lag is None else float(lag),
        u_lag=_number(probe, "u_lag", 0.0),
        u_gain=_number(probe, "u_gain", 0.0),
        u_switch=switch_uncertainty(run.events) or _number(run.meta.get("stated") or {}, "u_switch", 0.0),
        source=f"{run.path} ({data.name})",
        notes=notes + measured.notes,
    )


def _number(data: dict[str, Any], key: str, default: float) -> float:
    value = data.get(key)
    return default if value is None else float(value)


def _temperature_channel(run: Run, channel: str | None) -> str:
    temperatures = [spec.name for spec in run.specs if spec.quantity == "temperature"]
    shown = ", ".join(temperatures) or "none"
    if channel is not None:
        if channel not in temperatures:
            raise DataFileError(f'{run.path}: no temperature channel "{channel}"; the run has: {shown}')
        return channel
    core = run.meta.get("core", "core")
    if core in temperatures:
        return str(core)
    if len(temperatures) != 1:
        raise DataFileError(
            f"{run.path}: which channel is the sample? Choose one of the temperatures: {shown}"
        )
    return temperatures[0]


def _in_order(run: Run, data: ChannelData) -> tuple[FloatArray, FloatArray, tuple[str, ...]]:
    """Times and temperatures with strictly increasing times."""
    time, value = data.time, data.value
    if not np.any(data.good):
        raise DataFileError(f'{run.path}: the channel "{data.name}" has no valid reading')
    rises = np.diff(time, prepend=-np.inf) > 0
    if bool(rises.all()):
        return time, value, ()
    keep = data.good  # failed readings may carry the time of a neighbour
    time, value = time[keep], value[keep]
    if np.any(np.diff(time) < 0):
        raise DataFileError(f'{run.path}: the times of "{data.name}" go backwards; the file is damaged')
    first = np.diff(time, prepend=-np.inf) > 0
    dropped = int(np.count_nonzero(~first))
    notes = (f"{dropped} readings with the time of the one before left out",) if dropped else ()
    return time[first], value[first], notes


def _stated(run: Run) -> _Field | None:
    """Field and frequency that a person stated at import; None where the supply was recorded, or nothing was."""
    stated = run.meta.get("stated")
    if not isinstance(stated, dict) or "current" in run.channels:
        return None
    said = tuple(
        f"{name} as stated at import, not measured" for name in ("field", "frequency") if stated.get(name)
    )
    assumed = (run.meta.get("imported") or {}).get("notes") or ()
    return _Field(
        field=None if stated.get("field") is None else float(stated["field"]),
        u_field=_number(stated, "u_field", 0.0),
        frequency=None if stated.get("frequency") is None else float(stated["frequency"]),
        u_frequency=_number(stated, "u_frequency", 0.0),
        notes=(*map(str, assumed), *said),
    )


def _field_while_on(run: Run, on: Intervals) -> _Field:
    """Field and frequency while on, from the channels of the supply."""
    from amfdaq.field import CoilLine

    settle = _number(run.meta, "settle", 0.0)
    on = tuple((start + settle, stop) for start, stop in on)
    if not on:
        return _Field()
    notes: list[str] = []
    frequency = _while_on(run, "frequency", on)
    f, u_f = (float(frequency.mean()), _u_mean(frequency)) if frequency.size else (None, 0.0)
    if f is None and isinstance(run.meta.get("frequency"), (int, float)):
        f = float(run.meta["frequency"])
        notes.append("frequency as set, it was not measured")
    line_json = run.calibrations["coil"].extra.get("line") if "coil" in run.calibrations else None
    current = _while_on(run, "current", on)
    if not line_json or not current.size:
        missing = "the coil has no calibration line" if current.size else "no supply current was recorded"
        return _Field(frequency=f, u_frequency=u_f, notes=(*notes, f"field unknown: {missing}"))
    line = CoilLine.from_json(line_json)
    mean = float(current.mean())
    u_field = math.hypot(line.u_field(mean), line.gain * _u_mean(current))
    if f is not None and not line.frequency_min <= f <= line.frequency_max:
        notes.append(
            f"the coil line holds from {line.frequency_min:g} to {line.frequency_max:g} Hz, not at {f:g} Hz"
        )
    return _Field(line.field(mean), u_field, f, u_f, tuple(notes))


def _while_on(run: Run, name: str, on: Intervals) -> FloatArray:
    """Valid values of a channel that were taken while the field was on."""
    if name not in run.channels:
        return np.empty(0)
    data = run.channel(name)
    inside = np.zeros(data.time.shape, bool)
    for start, stop in on:
        inside |= (data.sent >= start) & (data.received <= stop)
    return np.asarray(data.value[inside & data.good], np.float64)


def _u_mean(values: FloatArray) -> float:
    """Standard uncertainty of the mean (JCGM 100:2008, 4.2.3)."""
    return float(values.std(ddof=1) / math.sqrt(values.size)) if values.size > 1 else 0.0
