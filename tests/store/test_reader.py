from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from amfdaq.errors import DataFileError, StoreError
from amfdaq.reading import Status
from amfdaq.store.content import ChannelRows, RunContent
from amfdaq.store.finish import build_file, write_file
from amfdaq.store.journal import ChannelSpec, read_journal
from amfdaq.store.reader import Run, add_analysis
from amfdaq.store.records import ROW_DTYPE


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_finished_run(finished: Path, example: Any) -> None:
    with Run.open(finished) as run:
        assert (run.status, run.reason, run.title) == ("finished", "", "ferrite: heating")
        assert run.start_time == dt.datetime.fromisoformat("2026-11-21T13:00:00+01:00")
        assert run.end_time == dt.datetime.fromisoformat("2026-11-21T13:01:00+01:00")
        assert run.channels == ("core", "shell", "current", "frequency")
        assert run.field_on == ((10.0, 40.5),)
        assert run.sample_toml == example.meta["sample"]["toml"]
        assert run.rig.json["limits"] == {"field": "20 kA/m"}
        assert run.recipe.extra == {"label": "12kApm"}
        assert run.calibrations["coil"].extra["line"]["gain"] == 1000.0
        assert run.meta == example.meta
        assert (run.live, run.analyses) == (False, ())
        assert [event.source for event in run.events] == ["engine", "guard", "guard"]
        core = run.channel("core")
        assert (core.unit, core.rate, core.spec.instrument) == ("degC", 5.0, "osensa")
        assert core.time[1] - core.time[0] == pytest.approx(0.2)
        assert np.array_equal(core.good, core.status == Status.OK)
        assert len(run.sha256) == 64


def test_the_same_run_from_journals_and_file(stored: Any) -> None:
    stored.write()
    before = Run.open(stored.file)  # there is no such file yet, only the journals
    assert before.live
    assert Run.open(stored.journal).path == Run.open(stored.guard).path == stored.file
    build_file(stored.journal, stored.guard, stored.file)
    after = Run.open(stored.file)
    assert not after.live
    assert before.channels == after.channels
    assert before.field_on == after.field_on
    assert before.end_time == after.end_time
    for name in before.channels:
        for column in ("time", "value", "status", "scheduled", "sent", "received"):
            np.testing.assert_array_equal(
                getattr(before.channel(name), column), getattr(after.channel(name), column)
            )
    np.testing.assert_array_equal(before.heating_curve().temperature, after.heating_curve().temperature)


def test_a_run_whose_engine_was_killed(stored: Any) -> None:
    stored.write(end=None)
    run = Run.open(stored.file)
    assert run.status == "failed"
    assert "amfdaq recover" in run.reason


def test_the_heating_curve(finished: Path, example: Any) -> None:
    curve = Run.open(finished).heating_curve()
    raw = np.array([example.batch(k)[0].value for k in range(300)])
    np.testing.assert_allclose(curve.temperature, 0.5 + 1.002 * raw)  # the certificate of the probe
    assert np.isnan(curve.temperature).sum() == np.isnan(raw).sum() > 0
    assert curve.on == ((10.0, 40.5),)
    # Only readings that were sent and received while it was on count: 10 A in all of them.
    assert curve.field == pytest.approx(1000.0 * 10 + 50)
    expected = math.sqrt((10 * 10.0) ** 2 + 5.0**2 + (0.01 * 10_050) ** 2)
    assert curve.u_field == pytest.approx(expected)
    assert curve.frequency == pytest.approx(265e3)
    assert (curve.lag, curve.u_lag, curve.u_gain, curve.resolution) == (0.8, 0.2, 0.003, 0.01)
    assert curve.u_switch == pytest.approx(0.06 / math.sqrt(12))
    assert any("certificate" in note for note in curve.notes)
    assert curve.source.endswith("run1.h5 (core)")


def test_another_channel_has_no_certificate(finished: Path, example: Any) -> None:
    curve = Run.open(finished).heating_curve("shell")
    np.testing.assert_array_equal(curve.temperature, [example.batch(k)[1].value for k in range(300)])
    assert curve.lag is None
    with pytest.raises(DataFileError, match='no temperature channel "current"; the run has: core, shell'):
        Run.open(finished).heating_curve("current")
    with pytest.raises(DataFileError, match='no channel "nothing"'):
        Run.open(finished).channel("nothing")


def test_a_field_that_is_still_on_ends_at_the_last_time_known(stored: Any, example: Any) -> None:
    with stored.writer() as writer:
        for k in range(20):
            writer.append(example.batch(k))
    with stored.guard_writer() as guard:
        guard.event("field-on", "on", time_ns=example.origin + 10**9)
    assert Run.open(stored.file).field_on == ((1.0, 3.809),)


def rows(slots: list[int], received: list[int], values: list[float]) -> Any:
    table = np.zeros(len(slots), ROW_DTYPE)
    table["scheduled"], table["sent"], table["received"] = slots, received, received
    table["value"] = values
    table["status"] = np.where(np.isfinite(values), Status.OK, Status.MISSED)
    return table


def test_a_run_without_supply_and_metadata_opens(tmp_path: Path) -> None:
    path = tmp_path / "table.h5"
    spec = ChannelSpec("T1", "degC", "T1", "temperature", "logger")
    table = rows([0, 10**9, 2 * 10**9], [0, 10**9, 2 * 10**9], [20.0, 21.0, 22.0])
    write_file(path, RunContent({"title": "imported"}, 0, (ChannelRows(spec, table),)))
    run = Run.open(path)
    curve = run.heating_curve()
    assert (curve.on, curve.field, curve.lag, run.start_time) == ((), None, None, None)
    assert curve.time.tolist() == [0.0, 1.0, 2.0]


def test_two_temperatures_and_no_core_need_a_choice(tmp_path: Path) -> None:
    path = tmp_path / "table.h5"
    table = rows([0, 10**9], [0, 10**9], [20.0, 21.0])
    channels = tuple(ChannelRows(ChannelSpec(n, "degC", n, "temperature"), table) for n in ("a", "b"))
    write_file(path, RunContent({}, 0, channels))
    with pytest.raises(DataFileError, match=r"which channel is the sample.* a, b"):
        Run.open(path).heating_curve()
    assert Run.open(path).heating_curve("b").temperature.tolist() == [20.0, 21.0]


def test_missed_slots_with_the_time_of_a_neighbour_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "table.h5"
    spec = ChannelSpec("core", "degC", "T", "temperature")
    table = rows([0, 1, 2, 3], [100, 300, 300, 500], [20.0, 21.0, math.nan, 22.0])
    write_file(path, RunContent({}, 0, (ChannelRows(spec, table),)))
    assert Run.open(path).heating_curve().temperature.tolist() == [20.0, 21.0, 22.0]
    table = rows([0, 1, 2], [100, 300, 200], [20.0, 21.0, 22.0])
    write_file(path, RunContent({}, 0, (ChannelRows(spec, table),)))
    with pytest.raises(DataFileError, match="go backwards"):
        Run.open(path).heating_curve()
    write_file(path, RunContent({}, 0, (ChannelRows(spec, rows([0], [0], [math.nan])),)))
    with pytest.raises(DataFileError, match="no valid reading"):
        Run.open(path).heating_curve()


def test_analyses_are_appended_and_never_overwritten(finished: Path) -> None:
    time = np.linspace(0, 10, 50)
    first = add_analysis(
        finished,
        settings={"method": "joint", "window": np.float64(30.0)},
        result={"sar": 114.5, "u": math.nan},
        arrays={
            "time": time,
            "temperature": time + 20,
            "fitted": time + 20.1,
            "residual": time * 0,
            "x": [1.0],
        },
    )
    before = Run.open(finished).sha256
    second = add_analysis(finished, {"method": "other"}, {"sar": 115.0}, {}, program="somebody's")
    assert (first, second) == ("analysis_1", "analysis_2")
    run = Run.open(finished)
    one, two = run.analyses
    assert one.settings == {"method": "joint", "window": 30.0}
    assert one.result == {"sar": 114.5, "u": None}
    np.testing.assert_array_equal(one.arrays["fitted"], time + 20.1)
    np.testing.assert_array_equal(one.arrays["x"], [1.0])
    assert (two.program, two.arrays) == ("somebody's", {})
    assert dt.datetime.fromisoformat(one.date).utcoffset() is not None
    assert run.sha256 == before
    with h5py.File(finished) as file:
        curve = file["entry/analysis_1/curve"]
        assert file["entry/analysis_1"].attrs["NX_class"] == "NXprocess"
        assert (curve.attrs["signal"], list(curve.attrs["auxiliary_signals"])) == ("temperature", ["fitted"])
    assert names(finished.parent) == ["run1.h5"]


def test_an_unfinished_run_takes_no_analysis(stored: Any) -> None:
    stored.write(end=None)
    with pytest.raises(DataFileError, match="no such file"):
        add_analysis(stored.file, {}, {})


def test_a_failed_analysis_leaves_the_file_as_it_was(finished: Path) -> None:
    before = finished.read_bytes()
    with pytest.raises(TypeError):
        add_analysis(finished, {"not plain": object()}, {})
    blocked = finished.with_name("run1.h5.part")
    blocked.mkdir()
    with pytest.raises(StoreError, match=r"run1\.h5\.part"):
        add_analysis(finished, {}, {})
    assert finished.read_bytes() == before


def _truncated(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def _foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = 1


def _newer(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["layout_version"] = 99


def _without_channels(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["entry/channels"]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: (path.unlink(), path.mkdir()), "this is a folder"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_text("t;T\n0;20\n"), "not an HDF5 file"),
        (_truncated, "the file is cut off"),
        (_foreign, "not written by amfdaq"),
        (_newer, "update amfdaq"),
        (_without_channels, "the run file is damaged"),
    ],
)
def test_what_is_no_run_file_is_refused_in_one_sentence(
    finished: Path, damage: Callable[[Path], object], sentence: str
) -> None:
    damage(finished)
    with pytest.raises(DataFileError, match=sentence) as caught:
        Run.open(finished)
    assert str(caught.value).startswith(f"{finished}: ")
    assert "\n" not in str(caught.value)


def test_a_reader_during_the_run_sees_whole_batches(stored: Any, example: Any) -> None:
    with stored.writer() as writer:
        seen = 0
        for k in range(120):
            writer.append(example.batch(k))
            if k % 10 == 9:
                run = Run.open(stored.file)
                assert run.status == "running"
                assert run.channel("core").time.size == run.channel("shell").time.size == k + 1
                seen += 1
        assert seen == 12
    assert read_journal(stored.journal).row_count == 240


def test_a_file_with_flipped_bits_never_raises_anything_else(finished: Path) -> None:
    data = finished.read_bytes()
    rng = random.Random(5)
    refused = 0
    for _ in range(80):
        damaged = bytearray(data)
        for _ in range(8):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        finished.write_bytes(damaged)
        try:
            run = Run.open(finished)
            for name in run.channels:
                assert run.channel(name).time.shape == run.channel(name).value.shape
        except DataFileError:
            refused += 1
    assert 0 < refused < 80
