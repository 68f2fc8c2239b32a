"""The layout of a run file: "amfdaq-run", version 1 (docs/file-format.md has the tree).

HDF5 with NeXus conventions: ``/entry`` is an NXentry whose default plot is the temperature. Every column of
a channel is a dataset of its own; the default plot links to them. The raw text of the rig, sample, recipe
and certificates stands beside their parsed form; the metadata of the run is kept whole, unknown keys too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from amfdaq.clock import NS
from amfdaq.reading import Status
from amfdaq.store.content import ChannelRows, RunContent, missed_slots, seconds, time_ns
from amfdaq.store.records import ChannelSpec, Event, Rows, dump_json

if TYPE_CHECKING:
    import h5py

LAYOUT: Final = "amfdaq-run"
VERSION: Final = 1
COLUMNS: Final = ("time", "value", "status", "scheduled", "sent", "received")
TIME_COLUMNS: Final = ("time", "scheduled", "sent", "received")
SECTIONS: Final = {"rig": "NXcollection", "sample": "NXsample", "recipe": "NXcollection"}
STATUS_MEANING: Final = "; ".join(f"{status.value}: {status.text}" for status in Status)
PLOT: Final = "temperature"

_ATTRIBUTE_LIMIT: Final = 1000  # characters; longer texts are in the JSON dataset only


def columns_of(rows: Rows, origin_ns: int) -> dict[str, Any]:
    """The columns of a channel as the file holds them: times in s from the origin of the run."""
    return {
        "time": seconds(time_ns(rows), origin_ns),
        "value": rows["value"].astype("<f8"),
        "status": rows["status"].astype("u1"),
        "scheduled": seconds(rows["scheduled"], origin_ns),
        "sent": seconds(rows["sent"], origin_ns),
        "received": seconds(rows["received"], origin_ns),
    }


def write_run(file: h5py.File, content: RunContent) -> None:
    """Write a whole run into an empty file."""
    write_frame(file, content.meta, content.origin_ns, content.status, content.reason)
    entry = file["entry"]
    end_time = content.end_time()
    if end_time is not None:
        entry["end_time"] = end_time
    rates = content.meta.get("rates", {})
    for channel in content.channels:
        group = write_channel(file, channel.spec, columns_of(channel.rows, content.origin_ns), content.meta)
        group.attrs["missed_slots"] = missed_slots(channel.rows, rates.get(channel.spec.name))
    declare_order(file, [channel.spec for channel in content.channels])
    link_plot(file, plotted(content.channels))
    write_events(entry["events"], content.events, content.origin_ns)
    entry["journals"] = dump_json(content.journals)
    if content.end_ns is not None:
        entry.attrs["duration"] = (content.end_ns - content.origin_ns) / NS  # s of the run's clock
    entry.attrs["raw_sha256"] = raw_sha256(file)


def write_frame(file: h5py.File, meta: Mapping[str, Any], origin_ns: int, status: str, reason: str) -> None:
    """Write everything but the readings: who, what, with which instruments."""
    import h5py

    file.attrs.update(
        NX_class="NXroot",
        default="entry",
        creator="amfdaq",
        creator_version=software_version(),
        file_time=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        HDF5_Version=h5py.version.hdf5_version,
        h5py_version=h5py.version.version,
        layout=LAYOUT,
        layout_version=VERSION,
    )
    entry = _group(file, "entry", "NXentry")
    entry.attrs["default"] = PLOT
    entry["title"] = str(meta.get("title", "untitled run"))
    if isinstance(meta.get("start_time"), str):
        entry["start_time"] = meta["start_time"]
    entry["run_id"] = str(meta.get("run_id", ""))
    entry["run_status"] = status
    entry["run_reason"] = reason
    entry["metadata"] = dump_json(meta)
    for name, kind in SECTIONS.items():
        _write_section(_group(entry, name, kind), meta.get(name) or {})
    sample = entry["sample"]
    if "name" not in sample and isinstance(sample.attrs.get("name", sample.attrs.get("sample.name")), str):
        sample["name"] = sample.attrs.get("name", sample.attrs.get("sample.name"))
    for name in ("calibrations", "instruments"):
        parent = _group(entry, name, "NXcollection")
        for key, value in meta.get(name, {}).items():
            _write_section(_group(parent, safe_name(key), "NXcollection"), {"name": key, **value})
    _write_section(_group(entry, "software", "NXcollection"), meta.get("software", {}))
    clock = _group(entry, "clock", "NXcollection")
    _write_section(clock, meta.get("clock", {}))
    clock["origin_ns"] = np.int64(origin_ns)
    clock["origin_time"] = str(meta.get("start_time", ""))
    events = _group(entry, "events", "NXcollection")
    events.attrs["description"] = "what happened: one row per event, data as JSON"
    _group(entry, "channels", "NXcollection")


def write_channel(
    file: h5py.File,
    spec: ChannelSpec,
    columns: Mapping[str, Any],
    meta: Mapping[str, Any],
    chunk: int | None = None,
) -> h5py.Group:
    """Write a channel with its readings.

    Args:
        file: with its frame.
        spec: what the channel is.
        columns: by the names in `COLUMNS`, equally long.
        meta: of the run.
        chunk: rows per chunk where the channel still grows; None writes it once and for all.
    """
    group = _group(file["entry/channels"], safe_name(spec.name), "NXlog")
    group.attrs.update(
        name=spec.name,
        long_name=spec.long_name or spec.name,
        units=spec.unit,
        instrument=spec.instrument,
        quantity=spec.quantity,
    )
    rate = meta.get("rates", {}).get(spec.name)
    if rate is not None:
        group.attrs["rate"] = float(rate)  # slots per second
    growing: dict[str, Any] = {} if chunk is None else {"maxshape": (None,), "chunks": (chunk,)}
    for name in COLUMNS:
        group.create_dataset(name, data=columns[name], **growing)
    for name in TIME_COLUMNS:
        group[name].attrs["units"] = "s"
    group["time"].attrs["long_name"] = "time (s)"
    if isinstance(meta.get("start_time"), str):
        group["time"].attrs["start"] = meta["start_time"]
    group["value"].attrs.update(units=spec.unit, long_name=f"{spec.long_name or spec.name} ({spec.unit})")
    group["status"].attrs["meaning"] = STATUS_MEANING
    group["time"].make_scale("time")
    for name in COLUMNS[1:]:
        group[name].dims[0].attach_scale(group["time"])
    return group


def declare_order(file: h5py.File, specs: Sequence[ChannelSpec]) -> None:
    """List the channels in the order of their declaration, as JSON: HDF5 itself sorts them by name."""
    file["entry/channels"].attrs["declared"] = dump_json([asdict(spec) for spec in specs])


def plotted(channels: Sequence[ChannelRows]) -> list[str]:
    """Names of the channels in the default plot: the first temperature, and those on the very same times."""
    found = [channel for channel in channels if channel.spec.quantity == "temperature"]
    return [
        channel.spec.name
        for channel in found
        if channel.spec.instrument == found[0].spec.instrument
        and np.array_equal(time_ns(channel.rows), time_ns(found[0].rows))
    ]


def link_plot(file: h5py.File, names: Sequence[str]) -> None:
    """Make the default plot: hard links to the columns of the channels, all on the times of the first."""
    if not names:
        return
    plot = _group(file["entry"], PLOT, "NXdata")
    safe = [safe_name(name) for name in names]
    plot.attrs.update(signal=safe[0], axes=["time"], time_indices=0)
    if len(safe) > 1:
        plot.attrs["auxiliary_signals"] = safe[1:]
    plot["title"] = str(file["entry/title"].asstr()[()])
    for link, target in [("time", f"{safe[0]}/time"), *((name, f"{name}/value") for name in safe)]:
        path = f"/entry/channels/{target}"
        file[path].attrs["target"] = path  # NeXus: the original of a hard link names itself
        plot[link] = file[path]


def write_events(group: h5py.Group, events: Sequence[Event], origin_ns: int) -> None:
    """Write the events as columns."""
    import h5py

    text = h5py.string_dtype()
    group["time"] = seconds([event.time_ns for event in events], origin_ns)
    group["time"].attrs["units"] = "s"
    for name in ("kind", "text", "source"):
        group.create_dataset(name, data=[getattr(event, name) for event in events], dtype=text)
    group.create_dataset("data", data=[dump_json(event.data) for event in events], dtype=text)


def raw_sha256(file: h5py.File) -> str:
    """SHA-256 over the raw data of all channels; the recipe is in docs/file-format.md."""
    digest = hashlib.sha256()
    channels = file["entry/channels"]
    for key in sorted(channels, key=lambda key: str(key).encode()):
        group = channels[key]
        digest.update(str(key).encode() + b"\0" + int(group["value"].shape[0]).to_bytes(8, "little"))
        for name in COLUMNS:
            kind = "u1" if name == "status" else "<f8"
            digest.update(np.ascontiguousarray(group[name][()], kind).tobytes())
    return digest.hexdigest()


def file_image(write: Callable[[h5py.File], None]) -> bytes:
    """The bytes of an HDF5 file made in memory: unlike HDF5, plain writes of them survive a full disk."""
    import h5py

    with h5py.File("run.h5", "w", driver="core", backing_store=False, block_size=1 << 20) as file:
        write(file)
        file.flush()
        return bytes(file.id.get_file_image())


def safe_name(name: str) -> str:
    """A name as NeXus allows it for a group; the exact name stands in the attribute ``name``."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name) or "_"


def software_version() -> str:
    """Version of the installed amfdaq."""
    try:
        return metadata.version("amfdaq")
    except metadata.PackageNotFoundError:  # run from a source tree that was never installed
        return "unknown"


def _group(parent: h5py.Group, name: str, nx_class: str) -> h5py.Group:
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    return group


def _write_section(group: h5py.Group, section: Mapping[str, Any]) -> None:
    """Write a part of the metadata: texts as they are, the rest as JSON, single values also as attributes."""
    for key, value in section.items():
        name = safe_name(key)
        if isinstance(value, (Mapping, list, tuple)):
            group[name] = dump_json(value)
        elif value is not None:
            group[name] = value
    flat = _scalars(section.get("json", section))
    group.attrs.update(
        {key: value for key, value in flat.items() if key not in {"NX_class", "target", "default"}}
    )


def _scalars(data: Any, prefix: str = "") -> dict[str, Any]:
    """Single values of nested tables, by dotted names."""
    if not isinstance(data, Mapping):
        return {}
    found: dict[str, Any] = {}
    for key, value in data.items():
        short = isinstance(value, str) and len(value) <= _ATTRIBUTE_LIMIT
        if isinstance(value, Mapping):
            found.update(_scalars(value, f"{prefix}{key}."))
        elif short or isinstance(value, (bool, int, float)):
            found[f"{prefix}{key}"] = value
    return found
