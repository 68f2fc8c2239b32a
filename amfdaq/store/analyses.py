"""Analyses in a run file: each is appended with its settings, none is ever overwritten."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from amfdaq.errors import DataFileError, StoreError
from amfdaq.store.files import advice, folder_lock, sync_folder, write_durable
from amfdaq.store.finish import is_finished
from amfdaq.store.layout import safe_name, software_version
from amfdaq.store.records import dump_json
from amfdaq.store.run_source import open_run_file, text

if TYPE_CHECKING:
    import h5py

PREFIX = "analysis_"
_UNITS = {"time": "s", "temperature": "degC", "fitted": "degC", "residual": "K"}


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis of a run.

    Attributes:
        name: of its group, such as ``"analysis_1"``.
        program: that made it.
        version: of the program.
        date: ISO 8601 with offset.
        settings: it was made with.
        result: as the program gave it.
        arrays: such as ``time``, ``temperature``, ``fitted``, ``residual``.
    """

    name: str
    program: str
    version: str
    date: str
    settings: dict[str, Any]
    result: dict[str, Any]
    arrays: dict[str, npt.NDArray[Any]]


def add_analysis(
    path: Path,
    settings: Mapping[str, Any],
    result: Mapping[str, Any],
    arrays: Mapping[str, npt.ArrayLike] | None = None,
    *,
    program: str = "amfdaq",
) -> str:
    """Append an analysis to a finished run file.

    The file is replaced as a whole, so that a crash leaves the old one.

    Args:
        path: of the run file.
        settings: plain data.
        result: plain data.
        arrays: name -> values; those as long as ``time`` are put into one plot with it.
        program: that made it.

    Returns:
        the name of its group.

    Raises:
        DataFileError: this is not a run file, or the run is not finished.
        StoreError: the new file could not be written; the old one is as it was.
    """
    import h5py

    path = Path(path)
    with folder_lock(path.parent):
        with open_run_file(path):
            pass  # a sentence for whatever is wrong with it
        if not is_finished(path):
            raise DataFileError(f"{path}: the run is not finished; wait for its end, or run amfdaq recover")
        image = io.BytesIO(path.read_bytes())
        with h5py.File(image, "r+") as file:
            entry = file["entry"]
            name = f"{PREFIX}{1 + max((_number(key) for key in entry), default=0)}"
            _write(entry.create_group(name), settings, result, arrays or {}, program)
        part = path.with_name(path.name + ".part")
        write_durable(part, image.getvalue())
        try:
            part.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            raise StoreError(f"{path}: the file cannot be replaced: {advice(error)}") from error
    return name


def read_analyses(path: Path) -> tuple[Analysis, ...]:
    """The analyses in a run file, oldest first.

    Raises:
        DataFileError: the file cannot be used.
    """
    with open_run_file(path) as file:
        entry = file["entry"]
        names = sorted((key for key in entry if _number(key)), key=_number)
        return tuple(_read(name, entry[name]) for name in names)


def _number(key: str) -> int:
    tail = key.removeprefix(PREFIX)
    return int(tail) if key.startswith(PREFIX) and tail.isdecimal() else 0


def _write(
    group: h5py.Group,
    settings: Mapping[str, Any],
    result: Mapping[str, Any],
    arrays: Mapping[str, npt.ArrayLike],
    program: str,
) -> None:
    group.attrs["NX_class"] = "NXprocess"
    group["program"] = program
    group["version"] = software_version()
    group["date"] = dt.datetime.now().astimezone().isoformat(timespec="seconds")
    group["settings"] = dump_json(settings)
    group["result"] = dump_json(result)
    values = {safe_name(name): np.asarray(value, np.float64) for name, value in arrays.items()}
    time = values.get("time")
    along = [name for name, value in values.items() if time is not None and value.shape == time.shape]
    others = [name for name in values if name not in along]
    if len(along) > 1:
        curve = group.create_group("curve")
        series = [name for name in along if name != "time"]
        signal = "temperature" if "temperature" in series else series[0]
        curve.attrs.update(NX_class="NXdata", signal=signal, axes=["time"], time_indices=0)
        if auxiliary := [name for name in series if name not in {signal, "residual"}]:
            curve.attrs["auxiliary_signals"] = auxiliary
        _store(curve, values, along)
        curve["time"].make_scale("time")
        for name in series:
            curve[name].dims[0].attach_scale(curve["time"])
    else:
        others = list(values)
    if others:
        more = group.create_group("arrays")
        more.attrs["NX_class"] = "NXcollection"
        _store(more, values, others)


def _store(group: h5py.Group, values: Mapping[str, npt.NDArray[np.float64]], names: list[str]) -> None:
    for name in names:
        group[name] = values[name]
        if name in _UNITS:
            group[name].attrs["units"] = _UNITS[name]
        group[name].attrs["long_name"] = f"{name} ({_UNITS[name]})" if name in _UNITS else name


def _read(name: str, group: h5py.Group) -> Analysis:
    arrays = {
        key: group[part][key][()] for part in ("curve", "arrays") if part in group for key in group[part]
    }
    return Analysis(
        name=name,
        program=text(group, "program"),
        version=text(group, "version"),
        date=text(group, "date"),
        settings=dict(json.loads(text(group, "settings"))),
        result=dict(json.loads(text(group, "result"))),
        arrays=arrays,
    )
