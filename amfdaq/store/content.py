"""The content of a run file, wherever it came from: two journals, or a table of another logger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from amfdaq.clock import NS
from amfdaq.curve import FloatArray
from amfdaq.reading import Status
from amfdaq.store.journal_reading import JournalContent
from amfdaq.store.records import ROW_DTYPE, ChannelSpec, Event, Rows

RUN_STATUSES: Final = ("running", "finished", "aborted", "failed", "recovered")


@dataclass(frozen=True, slots=True)
class ChannelRows:
    """A channel with its readings, in the order they were taken.

    Attributes:
        spec: what the channel is.
        rows: its readings (`ROW_DTYPE`); the number of the channel in them means nothing here.
    """

    spec: ChannelSpec
    rows: Rows


@dataclass(frozen=True, slots=True)
class RunContent:
    """Everything that goes into a run file.

    Attributes:
        meta: metadata of the run (docs/file-format.md, "The metadata").
        origin_ns: origin of the run's times, ns of the run's clock.
        channels: with their readings.
        events: sorted by time.
        status: one of `RUN_STATUSES`.
        reason: why, in a sentence; "" when there is nothing to say.
        end_ns: when the run ended, or the last time that is known of it; None when nothing is.
        journals: role ("engine", "guard") -> {"bytes", "sha256"} of the journals it was built from.
    """

    meta: dict[str, Any]
    origin_ns: int
    channels: tuple[ChannelRows, ...]
    events: tuple[Event, ...] = ()
    status: str = "finished"
    reason: str = ""
    end_ns: int | None = None
    journals: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Number of readings of all channels."""
        return sum(len(channel.rows) for channel in self.channels)

    def end_time(self) -> str | None:
        """When the run ended on the wall, ISO 8601 with offset; None when start or end are not known."""
        start, end_ns = self.meta.get("start_time"), self.end_ns
        if not isinstance(start, str) or end_ns is None:
            return None
        speed = float(self.meta.get("clock", {}).get("speed", 1.0))
        elapsed = dt.timedelta(seconds=(end_ns - self.origin_ns) / NS / speed)
        return (dt.datetime.fromisoformat(start) + elapsed).isoformat()


def seconds(ns: Any, origin_ns: int) -> FloatArray:
    """Times of the run's clock in ns as seconds from the origin of the run."""
    return np.asarray((np.asarray(ns, np.int64) - origin_ns) / NS, np.float64)


def time_ns(rows: Rows) -> Any:
    """The instants that readings stand for, ns: midway between request and reply (`Reading.time_ns`)."""
    return rows["sent"] + (rows["received"] - rows["sent"]) // 2


def missed_slots(rows: Rows, rate: float | None) -> int:
    """Slots of a channel's grid that have no value because nobody asked.

    Args:
        rows: readings of the channel.
        rate: slots per second, or None when it is not known (then only readings marked MISSED are counted).
    """
    marked = int(np.count_nonzero(rows["status"] == Status.MISSED))
    if not rate or len(rows) < 2:
        return marked
    slots = np.unique(rows["scheduled"])
    expected = round(int(slots[-1] - slots[0]) * rate / NS) + 1
    return marked + max(0, expected - len(slots))


def merge(
    engine: JournalContent | None, guard: JournalContent | None, status: str | None, reason: str | None
) -> RunContent:
    """One run out of the journals of its engine and its guard.

    Args:
        engine: journal of the engine, or None when there is none.
        guard: journal of the guard, or None when there is none.
        status: how the run counts; None takes what the engine's journal says at its end.
        reason: why; None takes what the journals show.
    """
    parts = [part for part in (engine, guard) if part is not None]
    meta = dict(engine.meta) if engine is not None and engine.meta else {}
    origin = next((int(p.origin_ns) for p in parts if p.origin_ns), None)
    origin_ns = int(meta.get("origin_ns", 0)) or origin or _first_ns(parts)
    channels = list(_channels(engine, ""))
    taken = {channel.spec.name for channel in channels}
    channels += [
        channel if channel.spec.name not in taken else _renamed(channel)
        for channel in _channels(guard, "guard")
    ]
    end = engine.end if engine is not None else None
    found, why = _how_it_ended(engine, guard, origin_ns)
    said = why if reason is None else reason
    for damage in (f"{part.problem}, {part.lost_bytes} bytes lost" for part in parts if part.lost_bytes):
        if damage not in said:
            said = f"{said}; {damage}" if said else damage
    return RunContent(
        meta=meta,
        origin_ns=origin_ns,
        channels=tuple(channels),
        events=tuple(
            sorted((event for part in parts for event in part.events), key=lambda event: event.time_ns)
        ),
        status=status or found,
        reason=said,
        end_ns=end.time_ns if end is not None else _last_ns(parts),
        journals={
            role: {"bytes": part.good_bytes + part.lost_bytes, "sha256": part.sha256}
            for role, part in (("engine", engine), ("guard", guard))
            if part is not None
        },
    )


def _how_it_ended(
    engine: JournalContent | None, guard: JournalContent | None, origin_ns: int
) -> tuple[str, str]:
    """Status and reason as the journals show them, without their damage."""
    if engine is not None and engine.end is not None:
        return engine.end.status, engine.end.reason
    if engine is None:
        return "failed", "only the journal of the guard was found"
    parts = [part for part in (engine, guard) if part is not None]
    last = _last_ns(parts)
    when = f"{(last - origin_ns) / NS:.1f} s" if last is not None else "the start"
    rows = sum(part.row_count for part in parts)
    text = f"the run was not closed: its journal ends at {when} after {rows} readings"
    events = engine.events + (guard.events if guard is not None else ())
    if events:
        newest = max(events, key=lambda event: event.time_ns)
        text += f', the last event is "{newest.kind}" ({newest.text})'
    if guard is not None and guard.end is not None:
        text += f"; the guard closed with: {guard.end.reason or guard.end.status}"
    return "failed", text


def _channels(part: JournalContent | None, instrument: str) -> Iterable[ChannelRows]:
    if part is None:
        return
    empty = np.empty(0, ROW_DTYPE)
    for spec in part.channels:
        known = (
            spec
            if spec.instrument
            else ChannelSpec(spec.name, spec.unit, spec.long_name, spec.quantity, instrument)
        )
        yield ChannelRows(known, part.rows.get(spec.name, empty))


def _renamed(channel: ChannelRows) -> ChannelRows:
    spec = channel.spec
    name = f"{spec.name}_guard"  # both processes measured something of this name: neither is dropped
    return ChannelRows(
        ChannelSpec(name, spec.unit, spec.long_name, spec.quantity, spec.instrument), channel.rows
    )


def _first_ns(parts: list[JournalContent]) -> int:
    times = [int(rows["scheduled"].min()) for part in parts for rows in part.rows.values()]
    times += [event.time_ns for part in parts for event in part.events]
    return min(times, default=0)


def _last_ns(parts: list[JournalContent]) -> int | None:
    times = [int(rows["received"].max()) for part in parts for rows in part.rows.values()]
    times += [event.time_ns for part in parts for event in part.events]
    times += [part.end.time_ns for part in parts if part.end is not None]
    return max(times, default=None)
