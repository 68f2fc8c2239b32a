"""Where a run is read from: its HDF5 file, or its journals while they are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from amfdaq.clock import NS
from amfdaq.errors import DataFileError
from amfdaq.store.content import RunContent, merge
from amfdaq.store.files import is_locked
from amfdaq.store.finish import GUARD, JOURNAL, RECORDER, is_finished
from amfdaq.store.journal_reading import read_journal
from amfdaq.store.layout import COLUMNS, LAYOUT, VERSION, columns_of, safe_name
from amfdaq.store.records import ChannelSpec
from amfdaq.store.run_data import ChannelData, Header, RunEvent

if TYPE_CHECKING:
    import h5py


class Source(Protocol):
    """Where a run is read from."""

    path: Path

    def header(self) -> Header:
        """Everything but the readings."""
        ...

    def channel(self, spec: ChannelSpec, rate: float | None) -> ChannelData:
        """The readings of one channel."""
        ...


@contextmanager
def open_run_file(path: Path) -> Iterator[h5py.File]:
    """Open a run file for reading and check that it is one.

    Raises:
        DataFileError: it is not there, not HDF5, cut off, not a run file, or of a newer layout; also when
            something that the caller looks for in it is missing.
    """
    import h5py

    if path.is_dir():
        raise DataFileError(f"{path}: this is a folder; name a run file (*.h5) in it")
    if not path.exists():
        raise DataFileError(f"{path}: no such file")
    try:
        file = h5py.File(path, "r", locking=False)  # finished files are never changed in place
    except OSError as error:
        raise DataFileError(f"{path}: {_not_opened(path, error)}") from error
    try:
        with file:
            _check_layout(path, file)
            yield file
    except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:  # h5py's, on damaged content
        raise DataFileError(f"{path}: the run file is damaged ({error}); look for a copy of it") from error


def _check_layout(path: Path, file: h5py.File) -> None:
    if file.attrs.get("layout") != LAYOUT:
        raise DataFileError(
            f"{path}: this HDF5 file was not written by amfdaq; import tables with amfdaq import"
        )
    version = int(file.attrs.get("layout_version", 0))
    if version > VERSION:
        raise DataFileError(
            f"{path}: its layout has version {version}, newer than this amfdaq knows: update amfdaq"
        )


def _not_opened(path: Path, error: OSError) -> str:
    import h5py

    if isinstance(error, PermissionError):
        return "you may not read this file: check its permissions"
    if path.stat().st_size == 0:
        return "the file is empty"
    if not h5py.is_hdf5(path):
        return "this is not an HDF5 file; if it is a table of another logger, give its name the ending .csv or .txt"
    if "truncated" in str(error):
        return "the file is cut off, perhaps while it was copied: copy it again"
    return f"the file is damaged and HDF5 cannot open it ({error}); use a copy"


class FileSource:
    """A run in its HDF5 file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def header(self) -> Header:
        """Everything but the readings.

        Raises:
            DataFileError: the file cannot be used.
        """
        with open_run_file(self.path) as file:
            entry = file["entry"]
            events = read_events(entry["events"])
            specs = tuple(ChannelSpec(**spec) for spec in json.loads(entry["channels"].attrs["declared"]))
            last = entry.attrs.get("duration")
            if last is None:  # of a growing file that lost its journals
                ends = [column(file, spec, "received")[-1:] for spec in specs]
                last = max(
                    [float(event.time) for event in events[-1:]] + np.concatenate([[0.0], *ends]).tolist()
                )
            status = text(entry, "run_status")
            reason = text(entry, "run_reason")
            if status == "running":
                reason = "the file was never finished and its journals are not beside it"
            return Header(
                status=status,
                reason=reason,
                title=text(entry, "title"),
                end_time=text(entry, "end_time") if "end_time" in entry else "",
                meta=dict(json.loads(text(entry, "metadata"))),
                specs=specs,
                events=events,
                sha256=str(entry.attrs.get("raw_sha256", "")),
                last=float(last),
                version=int(file.attrs["layout_version"]),
            )

    def channel(self, spec: ChannelSpec, rate: float | None) -> ChannelData:
        """The readings of one channel.

        Raises:
            DataFileError: the file cannot be used.
        """
        with open_run_file(self.path) as file:
            columns = {name: column(file, spec, name) for name in COLUMNS}
        return ChannelData(spec, rate, **columns)


class JournalSource:
    """A run in its journals: it still goes on, or was never finished.

    Args:
        file: the run file that the journals belong to.
    """

    def __init__(self, file: Path) -> None:
        self.path = file
        self._journals = {"engine": file.with_suffix(JOURNAL), "guard": file.with_suffix(GUARD + JOURNAL)}
        self._content: RunContent | None = None

    def header(self) -> Header:
        """Everything but the readings.

        Raises:
            DataFileError: a journal cannot be used.
        """
        alive = any(map(is_locked, (*self._journals.values(), self.path.with_suffix(RECORDER))))
        parts = {role: read_journal(path, role) for role, path in self._journals.items() if path.exists()}
        if not parts:
            raise DataFileError(f"{self.path}: no such file")
        for role, part in parts.items():
            if part.problem and not part.good_bytes and not alive:
                raise DataFileError(f"{self._journals[role]}: {part.problem}")
        content = self._content = merge(parts.get("engine"), parts.get("guard"), None, None)
        engine = parts.get("engine")
        status, reason = content.status, content.reason
        if engine is None or engine.end is None:
            status = "running" if alive else "failed"
            reason = "the run is going on" if alive else f"{reason}; finish its file with amfdaq recover"
        origin = content.origin_ns
        return Header(
            status=status,
            reason=reason,
            title=str(content.meta.get("title", "untitled run")),
            end_time=(content.end_time() or "") if status != "running" else "",
            meta=content.meta,
            specs=tuple(channel.spec for channel in content.channels),
            events=tuple(
                RunEvent((event.time_ns - origin) / NS, event.kind, event.text, event.data, event.source)
                for event in content.events
            ),
            last=((content.end_ns or origin) - origin) / NS,
        )

    def channel(self, spec: ChannelSpec, rate: float | None) -> ChannelData:
        """The readings of one channel, as they were when the run was opened."""
        content = self._content
        found = next(c for c in content.channels if c.spec.name == spec.name) if content is not None else None
        if content is None or found is None:
            raise DataFileError(f"{self.path}: the run was not opened")
        return ChannelData(spec, rate, **columns_of(found.rows, content.origin_ns))


def find_source(path: Path) -> Source:
    """Where to read a run from: ``path`` is its file, or one of its journals."""
    if path.suffix == JOURNAL:
        path = path.with_name(path.name.removesuffix(JOURNAL).removesuffix(GUARD) + ".h5")
    journals = (path.with_suffix(JOURNAL), path.with_suffix(GUARD + JOURNAL))
    if any(journal.exists() for journal in journals) and not is_finished(path):
        return JournalSource(path)
    return FileSource(path)


def column(file: h5py.File, spec: ChannelSpec, name: str) -> npt.NDArray[Any]:
    """A column of a channel, by HDF5's own calls: a third of the time of ``file[path][()]``."""
    from h5py import h5d, h5s

    dataset = h5d.open(file.id, f"/entry/channels/{safe_name(spec.name)}/{name}".encode())
    values = np.empty(dataset.shape, dataset.dtype)
    dataset.read(h5s.ALL, h5s.ALL, values)
    return values


def text(group: h5py.Group, name: str) -> str:
    """A text of the file."""
    return str(group[name].asstr()[()])


def read_events(group: h5py.Group) -> tuple[RunEvent, ...]:
    """The events of a file."""
    columns = [group[name].asstr()[()] for name in ("kind", "text", "data", "source")]
    rows = zip(group["time"][()].tolist(), *columns, strict=True)
    return tuple(
        RunEvent(time, str(kind), str(words), dict(json.loads(data)), str(source))
        for time, kind, words, data, source in rows
    )
