"""Reading runs: finished files of any layout version, and runs that still go on or were never finished.

``Run.open`` gives a snapshot: it keeps no file open. While the journals of a run exist they are the truth,
and the snapshot is made from them; otherwise it comes from the HDF5 file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from amfdaq.errors import DataFileError
from amfdaq.store.analyses import Analysis, add_analysis, read_analyses
from amfdaq.store.records import ChannelSpec
from amfdaq.store.run_curve import field_intervals, heating_curve
from amfdaq.store.run_data import ChannelData, RunEvent
from amfdaq.store.run_source import FileSource, JournalSource, Source, find_source

if TYPE_CHECKING:
    from amfdaq.curve import HeatingCurve

__all__ = ["Analysis", "ChannelData", "Run", "RunEvent", "Section", "add_analysis"]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what a run was started from: rig, sample, recipe or a certificate.

    Attributes:
        toml: the file as it was written; "" when there was none.
        json: its parsed form.
        extra: what else the run stored with it, such as ``line`` of the coil.
    """

    toml: str = ""
    json: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class Run:
    """A snapshot of a run. Make it with `open`.

    Args:
        source: where it is read from.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._header = source.header()
        self._data: dict[str, ChannelData] = {}

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Read a run.

        Args:
            path: its file (``*.h5``) or one of its journals; the run may still go on.

        Raises:
            DataFileError: there is no such file, it is not a run file, or it is damaged.
        """
        return cls(find_source(Path(path)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close: a snapshot holds no file open."""

    @property
    def path(self) -> Path:
        """The run file."""
        return self._source.path

    @property
    def live(self) -> bool:
        """True when it was read from the journals because the file is not finished."""
        return isinstance(self._source, JournalSource)

    @property
    def status(self) -> str:
        """One of ``running``, ``finished``, ``aborted``, ``failed``, ``recovered``."""
        return self._header.status

    @property
    def reason(self) -> str:
        """Why it has that status."""
        return self._header.reason

    @property
    def title(self) -> str:
        """Title of the run."""
        return self._header.title

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return str(self.meta.get("run_id", ""))

    @property
    def start_time(self) -> dt.datetime | None:
        """When the run began on the wall (the origin of all its times); None when unknown."""
        return _moment(self.meta.get("start_time"))

    @property
    def end_time(self) -> dt.datetime | None:
        """When the run ended on the wall; None when unknown."""
        return _moment(self._header.end_time)

    @property
    def meta(self) -> dict[str, Any]:
        """The whole metadata record of the run."""
        return self._header.meta

    @property
    def specs(self) -> tuple[ChannelSpec, ...]:
        """What the channels are."""
        return self._header.specs

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        return tuple(spec.name for spec in self._header.specs)

    def channel(self, name: str) -> ChannelData:
        """The readings of a channel; read when first asked for.

        Raises:
            DataFileError: there is no such channel, or the file cannot be read any more.
        """
        if name not in self._data:
            spec = next((spec for spec in self._header.specs if spec.name == name), None)
            if spec is None:
                known = ", ".join(self.channels) or "none"
                raise DataFileError(f'{self.path}: no channel "{name}"; the run has: {known}')
            rate = self.meta.get("rates", {}).get(name)
            self._data[name] = self._source.channel(spec, None if rate is None else float(rate))
        return self._data[name]

    @property
    def events(self) -> tuple[RunEvent, ...]:
        """What happened, sorted by time."""
        return self._header.events

    @property
    def rig(self) -> Section:
        """The rig the run was done with."""
        return _section(self.meta.get("rig"))

    @property
    def sample(self) -> Section:
        """What was heated."""
        return _section(self.meta.get("sample"))

    @property
    def sample_toml(self) -> str:
        """The sample file as it was written; "" when the run has none."""
        return self.sample.toml

    @property
    def recipe(self) -> Section:
        """What was to be done."""
        return _section(self.meta.get("recipe"))

    @property
    def calibrations(self) -> dict[str, Section]:
        """Certificates by name: ``"coil"``, and the thermometer channels."""
        return {name: _section(value) for name, value in (self.meta.get("calibrations") or {}).items()}

    @property
    def field_on(self) -> tuple[tuple[float, float], ...]:
        """Field-on intervals in s; one that is open at the end is closed at the last time known."""
        return field_intervals(self.events, self._header.last)

    @property
    def analyses(self) -> tuple[Analysis, ...]:
        """Analyses stored in the file, oldest first (none while the run is not finished).

        Raises:
            DataFileError: the file cannot be read any more.
        """
        return read_analyses(self.path) if isinstance(self._source, FileSource) else ()

    @property
    def sha256(self) -> str:
        """Hash of the raw data, as stored when the file was finished; "" before that."""
        return self._header.sha256

    def heating_curve(self, channel: str | None = None) -> HeatingCurve:
        """The heating curve of a temperature channel (see `amfdaq.store.run_curve.heating_curve`).

        Args:
            channel: its name; None takes the core channel of the run.

        Raises:
            DataFileError: there is no such channel, or nothing valid in it.
        """
        return heating_curve(self, channel)


def _section(data: Any) -> Section:
    if not isinstance(data, Mapping):
        return Section()
    extra = {key: value for key, value in data.items() if key not in {"toml", "json"}}
    return Section(str(data.get("toml") or ""), dict(data.get("json") or {}), extra)


def _moment(written: object) -> dt.datetime | None:
    if not isinstance(written, str) or not written:
        return None
    try:
        return dt.datetime.fromisoformat(written)
    except ValueError:
        return None
