from __future__ import annotations

import io
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from amfdaq.reading import Status
from amfdaq.store.finish import build_file
from amfdaq.store.journal import JournalTail
from amfdaq.store.live_file import LiveFile, live_image


def test_the_columns_hold_what_was_measured(finished: Path, example: Any) -> None:
    expected = [r for k in range(300) for r in example.batch(k) if r.channel == "core"]
    with h5py.File(finished) as file:
        core = file["entry/channels/core"]
        assert core.attrs["NX_class"] == "NXlog"
        assert (core.attrs["units"], core.attrs["instrument"]) == ("degC", "osensa")
        assert core.attrs["quantity"] == "temperature"
        for column in ("scheduled", "sent", "received"):
            ns = np.array([getattr(r, f"{column}_ns") for r in expected]) - example.origin
            np.testing.assert_allclose(core[column][()], ns / 1e9, rtol=0, atol=1e-9)
            assert core[column].attrs["units"] == "s"
        ns = np.array([r.time_ns for r in expected]) - example.origin
        np.testing.assert_allclose(core["time"][()], ns / 1e9, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(core["value"][()], [r.value for r in expected])
        np.testing.assert_array_equal(core["status"][()], [r.status for r in expected])
        assert f"{Status.NO_REPLY.value}: {Status.NO_REPLY.text}" in core["status"].attrs["meaning"]


def test_the_file_tells_where_everything_came_from(finished: Path, example: Any) -> None:
    meta = example.meta
    with h5py.File(finished) as file:
        entry = file["entry"]
        assert json.loads(entry["metadata"].asstr()[()]) == meta
        for section in ("rig", "sample", "recipe"):
            assert entry[section]["toml"].asstr()[()] == meta[section]["toml"]
            assert json.loads(entry[section]["json"].asstr()[()]) == meta[section]["json"]
        assert entry["rig"].attrs["limits.field"] == "20 kA/m"
        assert entry["sample/name"].asstr()[()] == "ferrite µ"
        line = json.loads(entry["calibrations/coil/line"].asstr()[()])
        assert line == meta["calibrations"]["coil"]["line"]
        assert entry["instruments/osensa/address"].asstr()[()] == "serial:///dev/ttyUSB0"
        assert entry["software/python"].asstr()[()] == "3.11"
        assert entry["clock/origin_ns"][()] == example.origin
        assert entry["run_status"].asstr()[()] == "finished"
        assert entry["start_time"].asstr()[()] == "2026-11-21T13:00:00+01:00"
        assert entry["end_time"].asstr()[()] == "2026-11-21T13:01:00+01:00"
        events = entry["events"]
        assert events["kind"].asstr()[()].tolist() == ["step", "field-on", "field-off"]
        np.testing.assert_allclose(events["time"][()], [9.0, 10.0, 40.5])


def test_the_default_plot_is_the_temperature(finished: Path) -> None:
    with h5py.File(finished) as file:
        entry = file[file.attrs["default"]]
        plot = entry[entry.attrs["default"]]
        assert plot.attrs["NX_class"] == "NXdata"
        assert plot.attrs["signal"] == "core"
        assert list(plot.attrs["auxiliary_signals"]) == ["shell"]
        assert list(plot.attrs["axes"]) == ["time"]
        assert plot["title"].asstr()[()] == "ferrite: heating"
        assert plot["core"] == file["entry/channels/core/value"]  # a hard link: the data are there once
        assert plot["time"] == file["entry/channels/core/time"]
        assert plot["core"].dims[0][0] == plot["time"]  # the dimension scale that xarray looks for


def test_the_recipe_of_the_hash_in_the_docs_is_right(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[2] / "docs" / "file-format.md"
    recipe = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(finished.parent)
    finished.rename("run.h5")
    exec(recipe, {})  # noqa: S102 - the code is our own page
    with h5py.File("run.h5", "r+") as file:
        file["entry/channels/shell/value"][7] += 1e-9
    with pytest.raises(AssertionError):
        exec(recipe, {})  # noqa: S102 - the code is our own page


def test_missed_slots_are_counted(stored: Any, example: Any) -> None:
    with stored.writer() as writer:
        for k in (0, 1, 2, 5, 6, 9):
            writer.append(example.batch(k))
        writer.end("finished", "", time_ns=example.origin + 2 * 10**9)
    build_file(stored.journal, stored.guard, stored.file)
    with h5py.File(stored.file) as file:
        assert file["entry/channels/core"].attrs["missed_slots"] == 4


def test_nexus_validator_finds_no_error(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the validator's own imports warn of their age, not of our file
        from nexusformat.nexus.validate import validate_file
    try:
        found, errors = validate_file(str(finished))
    finally:
        logging.getLogger("NXValidate").handlers.clear()
    assert errors == 0
    # The only warnings are of names beyond the NeXus definitions, such as "status" beside the value of an NXlog.
    said = [line for line in capsys.readouterr().out.splitlines() if "not defined" in line]
    assert said == [] or len(said) == found


class _Recorded(io.BytesIO):
    """A file that remembers every call that changes it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.log: list[tuple[int, bytes]] = []

    def write(self, data: Any) -> int:
        self.log.append((self.tell(), bytes(data)))
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        self.log.append((self.tell() if size is None else size, b""))
        return super().truncate(size)


def test_a_growing_file_opens_after_a_crash_between_any_two_writes(stored: Any, example: Any) -> None:
    declared = [("engine", spec) for spec in example.channels]
    start = live_image(example.meta, example.origin, declared)
    disk = _Recorded(start)
    writer = stored.writer()
    tail = JournalTail(stored.journal)
    live = LiveFile(h5py.File(disk, "r+"), example.origin, declared)
    flushed = [(0, 0)]
    for burst in range(12):
        for k in range(burst * 70, (burst + 1) * 70):
            writer.append(example.batch(k))
        writer.event("step", f"step {burst} " + "x" * 40 * burst, time_ns=example.origin)
        live.add("engine", tail.poll())
        flushed.append((len(disk.log), (burst + 1) * 70))
    live.close()
    writer.close()
    image = bytearray(start)
    opened = 0
    for number, (position, data) in enumerate(disk.log, 1):
        if data:
            image[len(image) :] = bytes(max(0, position + len(data) - len(image)))
            image[position : position + len(data)] = data
        else:
            image[position:] = bytes(max(0, position - len(image)))
        acknowledged = max(rows for at, rows in flushed if at <= number)
        with h5py.File(io.BytesIO(bytes(image)), "r") as file:
            assert file["entry/title"].asstr()[()] == "ferrite: heating"
            if acknowledged:
                values = file["entry/channels/core/value"][:acknowledged]
                np.testing.assert_array_equal(
                    values, [example.batch(k)[0].value for k in range(acknowledged)]
                )
        opened += 1
    assert opened > 100
