"""A table of another logger becomes a run file: its numbers as they are, and what is known of it beside them."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amfdaq.clock import NS
from amfdaq.errors import BadInput
from amfdaq.store.content import ChannelRows, RunContent
from amfdaq.store.finish import write_file
from amfdaq.store.layout import software_version
from amfdaq.store.records import ROW_DTYPE, ChannelSpec, Event, Rows
from amfdaq.store.tables import Table, read_table

STATED = "stated at import"


@dataclass(frozen=True, slots=True)
class Imported:
    """What a person says about a table.

    Attributes:
        sample: sample.toml as text, or "".
        field: peak field while on, A/m, or None.
        u_field: its standard uncertainty, A/m.
        frequency: Hz, or None.
        u_frequency: its standard uncertainty, Hz.
        on: when the field went on, s on the clock of the table, or None.
        off: when it went off, s, or None.
        notes: what the conversions of these assumed.
        reading: options for `read_table`.
    """

    sample: str = ""
    field: float | None = None
    u_field: float = 0.0
    frequency: float | None = None
    u_frequency: float = 0.0
    on: float | None = None
    off: float | None = None
    notes: tuple[str, ...] = ()
    reading: dict[str, Any] | None = None


def import_table(path: Path, folder: Path, what: Imported) -> tuple[Path, tuple[str, ...]]:
    """Write a run file beside or away from a table.

    Args:
        path: the table; it is not touched.
        folder: where the run file goes, created when missing; it gets the table's name.
        what: what a person says about it.

    Returns:
        the run file, and what was assumed on the way.

    Raises:
        DataFileError: the table cannot be used, or on and off do not fit it.
        BadInput: the run file exists already, or the folder cannot be written.
        StoreError: the file could not be written.
    """
    table = read_table(path, **(what.reading or {}))
    interval = table.heating_curve(next(iter(_with_data(table))), on=what.on, off=what.off).on
    out = folder / (path.stem + ".h5")
    if out.exists():
        raise BadInput(f"{out} exists already: remove it or choose another folder with -o")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"cannot write to the folder {folder}: {error.strerror}; choose another with -o"
        ) from error
    if not os.access(folder, os.W_OK):
        raise BadInput(f"cannot write to the folder {folder}: no permission; choose another with -o")
    notes = (*table.notes, *what.notes, *_choice(table))
    events = tuple(
        Event(round(t * NS), kind, STATED, {"source": STATED})
        for on, off in interval
        for t, kind in ((on, "field-on"), (off, "field-off"))
    )
    meta = _meta(table, path, what, notes)
    write_file(
        out,
        RunContent(
            meta=meta,
            origin_ns=0,
            channels=tuple(_channel(table, name) for name in table.columns),
            events=events,
            status="finished",
            reason=f"imported from {meta['imported']['file']}",
            end_ns=round(float(table.time[-1]) * NS),
        ),
    )
    return out, notes


def _with_data(table: Table) -> list[str]:
    return [name for name, values in table.columns.items() if bool(np.isfinite(values).any())]


def _choice(table: Table) -> tuple[str, ...]:
    """Which temperature was taken for the sample, where there are several."""
    names = _with_data(table)
    if len(names) < 2:
        return ()
    others = ", ".join(f'"{name}"' for name in names[1:])
    return (f'"{names[0]}" is taken as the temperature of the sample; analyze {others} with --channel',)


def _meta(table: Table, path: Path, what: Imported, notes: tuple[str, ...]) -> dict[str, Any]:
    start = table.start
    if start is not None and start.tzinfo is None:
        start = start.astimezone()
    core = _with_data(table)[0]
    name, stem = (part.encode("utf-8", "backslashreplace").decode() for part in (path.name, path.stem))
    return {
        "run_id": stem,
        "title": stem,
        **(
            {"start_time": start.isoformat()} if start is not None else {}
        ),  # a numeric time has no clock time
        "clock": {"speed": 1.0, "kind": "of the logger"},
        "sample": {"toml": what.sample, "json": {}},
        "core": core,
        "stated": {
            "field": what.field,
            "u_field": what.u_field,
            "frequency": what.frequency,
            "u_frequency": what.u_frequency,
            "u_switch": table.time_resolution / 12**0.5,
        },
        "probes": {name: {"resolution": table.resolution[name]} for name in table.columns},
        "imported": {
            "file": name,
            "sha256": table.sha256,
            "skipped_rows": table.skipped,
            "notes": list(notes),
            "at": dt.datetime.now().astimezone().isoformat(),
        },
        "software": {"amfdaq": software_version()},
    }


def _channel(table: Table, name: str) -> ChannelRows:
    rows: Rows = np.zeros(len(table.time), dtype=ROW_DTYPE)
    ns = np.round(table.time * NS).astype(np.int64)
    rows["scheduled"] = rows["sent"] = rows["received"] = ns
    rows["value"] = table.columns[name]
    rows["status"] = table.status[name]
    return ChannelRows(ChannelSpec(name, "degC", name, "temperature", "imported table"), rows)
