"""Checks a run file: is it whole, is it consistent, does it open with its plot where others look for it?"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amfdaq.errors import DataFileError
from amfdaq.quantity import dimensions, si_unit
from amfdaq.reading import Status
from amfdaq.store.analyses import read_analyses
from amfdaq.store.content import RUN_STATUSES
from amfdaq.store.files import is_locked
from amfdaq.store.layout import COLUMNS, TIME_COLUMNS, raw_sha256, safe_name
from amfdaq.store.recovery import journals_of
from amfdaq.store.run_source import open_run_file, text

if TYPE_CHECKING:
    import h5py

# SI units of the quantities that people write, and those that only instruments report.
KNOWN_UNITS = frozenset(
    {si_unit(dimension) for dimension in dimensions()} | {"W", "J", "ohm", "H", "Pa", "V/s"}
)


def check_file(path: Path) -> list[str]:
    """Everything that is wrong with a run file, one sentence each; an empty list when nothing is.

    Args:
        path: of the file; it is only read.
    """
    path = Path(path)
    problems = [_journal_left(journal) for journal in journals_of(path) if journal.exists()]
    try:
        with open_run_file(path) as file:
            problems += _check_links(file)
            problems += _check_plot(file)
            problems += _check_entry(file["entry"])
            problems += _check_events(file["entry/events"])
            channels = file["entry/channels"]
            for name in channels:
                problems += _check_channel(name, channels[name])
            problems += _check_declared(channels)
            if not problems and raw_sha256(file) != file["entry"].attrs.get("raw_sha256"):
                problems.append(
                    "the raw data are not those that the run was finished with (raw_sha256 differs)"
                )
        read_analyses(path)
    except DataFileError as error:
        problems.append(str(error).removeprefix(f"{path}: "))
    return problems


def _journal_left(journal: Path) -> str:
    if is_locked(journal):
        return f"the run still goes on: its journal {journal.name} is being written"
    return f"the journal {journal.name} is still beside it: the run was not finished; run amfdaq recover"


def _check_links(file: h5py.File) -> Iterator[str]:
    """Soft and external links that lead nowhere."""
    import h5py

    def walk(group: h5py.Group) -> Iterator[str]:
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                if group.get(name) is None:
                    yield f"the link {group.name}/{name} leads nowhere"
            elif isinstance(group[name], h5py.Group):
                yield from walk(group[name])

    yield from walk(file)


def _check_plot(file: h5py.File) -> Iterator[str]:
    """The chain of defaults that h5web, silx and NeXpy follow to the plot."""
    place = file
    while "default" in place.attrs:
        name = str(place.attrs["default"])
        if name not in place:
            yield f'the default of {place.name} is "{name}", which is not there'
            return
        place = place[name]
    if place.attrs.get("NX_class") != "NXdata":
        yield f"the default plot ends at {place.name}, which is not an NXdata"
        return
    signals = [place.attrs.get("signal"), *place.attrs.get("auxiliary_signals", [])]
    axes = [str(axis) for axis in place.attrs.get("axes", [])]
    missing = [str(name) for name in (*signals, *axes) if name is None or name not in place]
    if missing or len(axes) != 1:
        yield f"the default plot {place.name} lacks its signal or axis: {', '.join(missing) or 'axes'}"
    elif len({place[str(name)].shape for name in (*signals, *axes)}) != 1:
        yield f"signals and axis of the default plot {place.name} have different lengths"


def _check_entry(entry: h5py.Group) -> Iterator[str]:
    status = text(entry, "run_status")
    if status not in RUN_STATUSES:
        yield f'run_status is "{status}", which is none of {", ".join(RUN_STATUSES)}'
    elif status == "running":
        yield "run_status is running: the file was never finished"
    meta = json.loads(text(entry, "metadata"))
    if not isinstance(meta, dict):
        yield "the metadata are not a JSON object"
    for name in ("start_time", "end_time"):
        if name not in entry:
            if "imported" not in meta:  # the clock of another logger may count from nowhere
                yield f"{name} is missing"
        elif not _has_offset(text(entry, name)):
            yield f'{name} is "{text(entry, name)}", not an ISO 8601 time with its offset'
    for section in ("rig", "sample", "recipe"):
        if isinstance(meta, dict) and meta.get(section, {}) and section not in entry:
            yield f"the group {section} is missing"


def _has_offset(written: str) -> bool:
    try:
        return dt.datetime.fromisoformat(written).utcoffset() is not None
    except ValueError:
        return False


def _check_events(events: h5py.Group) -> Iterator[str]:
    lengths = {name: events[name].shape[0] for name in ("time", "kind", "text", "data", "source")}
    if len(set(lengths.values())) != 1:
        yield f"the columns of the events have different lengths: {lengths}"
        return
    if np.any(np.diff(events["time"][()]) < 0):
        yield "the events are not sorted by time"
    for number, data in enumerate(events["data"].asstr()[()]):
        try:
            json.loads(data)
        except ValueError:
            yield f"the data of event {number} are not JSON"


def _check_declared(channels: h5py.Group) -> Iterator[str]:
    declared = {safe_name(spec["name"]) for spec in json.loads(channels.attrs["declared"])}
    for name in sorted(declared ^ set(channels)):
        what = "declared but missing" if name in declared else "there but not declared"
        yield f'channel "{name}" is {what}'


def _check_channel(name: str, group: h5py.Group) -> Iterator[str]:
    absent = [column for column in COLUMNS if column not in group]
    if absent:
        yield f'channel "{name}" lacks {", ".join(absent)}'
        return
    columns: dict[str, Any] = {column: group[column][()] for column in COLUMNS}
    lengths = {column: len(values) for column, values in columns.items()}
    if len(set(lengths.values())) != 1:
        yield f'the columns of channel "{name}" have different lengths: {lengths}'
        return
    unit = group["value"].attrs.get("units")
    if unit is None:
        yield f'channel "{name}" has no unit'
    elif unit not in KNOWN_UNITS:
        yield f'channel "{name}" has the unknown unit "{unit}"'
    for column in TIME_COLUMNS:
        if group[column].attrs.get("units") != "s":
            yield f'"{column}" of channel "{name}" is not in s'
        if not np.all(np.isfinite(columns[column])):
            yield f'"{column}" of channel "{name}" has values that are not finite'
    for column in ("scheduled", "time"):
        if np.any(np.diff(columns[column]) < 0):
            yield f'"{column}" of channel "{name}" goes backwards'
    if np.any(columns["sent"] > columns["received"]):
        yield f'channel "{name}" has replies from before their request'
    known = np.isin(columns["status"], [status.value for status in Status])
    if not np.all(known):
        yield f'channel "{name}" has a status that means nothing'
    elif np.any((columns["status"] == Status.OK) != np.isfinite(columns["value"])):
        yield f'channel "{name}" has numbers for failed readings, or none for good ones'
