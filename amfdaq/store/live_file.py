"""The run file while it grows: default HDF5 format, uncompressed, flushed after every burst of rows.

Its groups are all there before it appears under its name; from then on rows are only appended, so that it opens
after a crash between any two writes (adding a group to an open file is not safe in that way). It is opened without
a file lock, so that a plain ``h5py.File`` can look at it during the run. It is never the truth: the journals are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amfdaq.store.content import seconds
from amfdaq.store.files import write_durable
from amfdaq.store.journal_reading import JournalContent
from amfdaq.store.layout import (
    columns_of,
    declare_order,
    file_image,
    link_plot,
    safe_name,
    write_channel,
    write_frame,
)
from amfdaq.store.records import ROW_DTYPE, ChannelSpec, Event, dump_json

if TYPE_CHECKING:
    import h5py

_ROWS_PER_CHUNK = 512
_EVENTS_PER_CHUNK = 32
Declared = Sequence[tuple[str, ChannelSpec]]  # (journal: "engine" or "guard", channel)


class LiveFile:
    """Appends to a growing run file.

    Args:
        file: with the structure of `live_image`.
        origin_ns: origin of the run's times, ns of the run's clock.
        declared: the channels in it.
    """

    def __init__(self, file: h5py.File, origin_ns: int, declared: Declared) -> None:
        self._file = file
        self._origin_ns = origin_ns
        self._groups = {
            (role, spec.name): known for (role, spec), known in zip(declared, _names(declared), strict=True)
        }

    def knows(self, role: str, spec: ChannelSpec) -> bool:
        """Whether a channel has its place in the file."""
        return (role, spec.name) in self._groups

    def add(self, role: str, part: JournalContent) -> None:
        """Append what came from a journal (``"engine"`` or ``"guard"``) and flush.

        Raises:
            OSError, RuntimeError: HDF5 could not write.
        """
        for name, rows in part.rows.items():
            group = self._file["entry/channels"][safe_name(self._groups[role, name].name)]
            for column, values in columns_of(rows, self._origin_ns).items():
                _append(group[column], values)
        self._add_events(part.events)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _add_events(self, events: Sequence[Event]) -> None:
        if not events:
            return
        group = self._file["entry/events"]
        _append(group["time"], seconds([event.time_ns for event in events], self._origin_ns))
        for name in ("kind", "text", "source"):
            _append(group[name], [getattr(event, name) for event in events])
        _append(group["data"], [dump_json(event.data) for event in events])


def create_live(path: Path, meta: dict[str, Any], origin_ns: int, declared: Declared) -> LiveFile:
    """Put a run file without rows in its place (what is there is replaced), and open it to append.

    Args:
        path: of the run file.
        meta: metadata of the run.
        origin_ns: origin of the run's times, ns of the run's clock.
        declared: every channel it shall have.

    Raises:
        StoreError, OSError: it could not be written.
    """
    import h5py

    part = path.with_name(path.name + ".part")
    write_durable(part, live_image(meta, origin_ns, declared))
    part.replace(path)
    return LiveFile(h5py.File(path, "r+", locking=False), origin_ns, declared)


def live_image(meta: dict[str, Any], origin_ns: int, declared: Declared) -> bytes:
    """The bytes of a running file without rows."""

    def write(file: h5py.File) -> None:
        write_frame(file, meta, origin_ns, "running", "the run is going on")
        _write_empty_events(file["entry/events"])
        specs = _names(declared)
        empty = columns_of(np.empty(0, ROW_DTYPE), origin_ns)
        for spec in specs:
            write_channel(file, spec, empty, meta, chunk=_ROWS_PER_CHUNK)
        declare_order(file, specs)
        # The channels of one thermometer are written together, so they stay equally long.
        found = [spec for spec in specs if spec.quantity == "temperature"]
        link_plot(file, [spec.name for spec in found if spec.instrument == found[0].instrument])

    return file_image(write)


def _names(declared: Declared) -> list[ChannelSpec]:
    """The channels as they are called in the file: a name that both processes use is kept apart."""
    specs: list[ChannelSpec] = []
    for role, spec in declared:
        taken = any(known.name == spec.name for known in specs)
        name = f"{spec.name}_{role}" if taken else spec.name
        specs.append(replace(spec, name=name, instrument=spec.instrument or role))
    return specs


def _write_empty_events(group: h5py.Group) -> None:
    import h5py

    for name in ("time", "kind", "text", "source", "data"):
        kind = "f8" if name == "time" else h5py.string_dtype()
        group.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(_EVENTS_PER_CHUNK,))
    group["time"].attrs["units"] = "s"


def _append(dataset: Any, values: Any) -> None:
    count = dataset.shape[0]
    dataset.resize(count + len(values), axis=0)
    dataset[count:] = values
