"""``amfdaq run`` from beginning to end against the bench, undisturbed and disturbed."""

import csv
import os
import signal
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest
from running import amfdaq, finish, start_run, wait_for

from amfdaq.cli.bench import Bench, write_rig
from amfdaq.store.check import check_file
from amfdaq.store.reader import Run


def heating(bench: Bench) -> None:
    wait_for(lambda: bench.ask(cmd="state")["output_on"], 20, "the field did not go on")


def field_is_off(bench: Bench) -> bool:
    return not bench.ask(cmd="state")["output_on"]


def child(pid: int, module: str) -> int:
    for process in psutil.Process(pid).children(recursive=True):
        if module in process.cmdline():
            return int(process.pid)
    raise AssertionError(f"no child {module}")


def only_run(document: dict[str, Any]) -> dict[str, Any]:
    assert len(document["runs"]) == 1
    run: dict[str, Any] = document["runs"][0]
    return run


def test_a_run_is_done_stored_and_analysed(bench: Bench, lab: Path, tmp_path: Path) -> None:
    code, document, messages = finish(start_run(lab, tmp_path / "data", baseline=20, heat=60, cool=60))
    run = only_run(document)
    assert code == 0, messages
    assert run["status"] == "finished"
    assert run["missed"] < 30  # of about 290: 16 readings per real second, on a machine that may be busy
    assert field_is_off(bench)
    file = Path(run["file"])
    assert check_file(file) == []
    assert sorted(p.suffix for p in file.parent.iterdir()) == [".h5"]  # the journals are gone
    with h5py.File(file, "r") as opened:  # plain h5py, nothing else
        time_ = opened["entry/channels/core/time"][:]
        assert np.all(np.diff(time_) > 0)
        assert opened["entry/run_status"].asstr()[()] == "finished"
        assert "analysis_1" in opened["entry"]
    stored = Run.open(file)
    assert "bench-coil-2" in stored.calibrations["coil"].toml
    assert "simulated ferrofluid" in stored.sample_toml
    assert "FIELD ON" in messages
    assert "left" in messages


def test_ctrl_c_switches_off_and_closes_the_file(bench: Bench, lab: Path, tmp_path: Path) -> None:
    process = start_run(lab, tmp_path / "data")
    heating(bench)
    time.sleep(0.5)
    pressed = time.monotonic_ns()
    process.send_signal(signal.SIGINT)
    code, document, _ = finish(process)
    assert code == 1
    assert (bench.ask(cmd="state")["last_off_ns"] - pressed) / 1e9 < 0.5
    run = only_run(document)
    assert run["status"] == "aborted"
    assert "Ctrl-C" in run["reason"]
    assert Run.open(run["file"]).status == "aborted"
    assert check_file(Path(run["file"])) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_a_run_in_order_too(bench: Bench, lab: Path, tmp_path: Path, number: int) -> None:
    process = start_run(lab, tmp_path / "data")
    heating(bench)
    process.send_signal(number)
    code, document, _ = finish(process)
    assert code == 1
    assert field_is_off(bench)
    assert only_run(document)["status"] == "aborted"


@pytest.mark.parametrize(
    ("device", "kind", "says"),
    [
        ("osensa", "probe-pulled", "probe core"),
        ("osensa", "silent", "probe core"),
        ("osensa", "garbage", "probe core"),
        ("psu", "trip-ovp", "supply"),
        ("psu", "trip-ocp", "supply"),
    ],
)
def test_a_fault_while_heating_switches_off_and_says_why(
    bench: Bench, lab: Path, tmp_path: Path, device: str, kind: str, says: str
) -> None:
    process = start_run(lab, tmp_path / "data")
    heating(bench)
    time.sleep(0.5)
    bench.ask(cmd="fault", device=device, kind=kind)
    faulty = time.monotonic_ns()
    code, document, messages = finish(process)
    assert code == 1, messages
    run = only_run(document)
    assert run["status"] == "aborted"
    assert says in run["reason"]
    state = bench.ask(cmd="state")
    assert not state["output_on"]
    assert (state["last_off_ns"] - faulty) / 1e9 < 2.5
    core = Run.open(run["file"]).channel("core")
    assert np.all(np.isfinite(core.value) == (core.status == 0))


def test_a_hung_engine_means_off_within_the_heartbeat(bench: Bench, lab: Path, tmp_path: Path) -> None:
    process = start_run(lab, tmp_path / "data")
    heating(bench)
    time.sleep(0.5)
    process.send_signal(signal.SIGSTOP)
    stopped = time.monotonic_ns()
    wait_for(lambda: field_is_off(bench), 5, "the field stays on while the engine hangs")
    assert (bench.ask(cmd="state")["last_off_ns"] - stopped) / 1e9 < 1.3
    process.send_signal(signal.SIGCONT)
    code, document, _ = finish(process)
    assert code == 1
    reason = only_run(document)[
        "reason"
    ]  # 5 s of stale readings pass in 0.6 s at this speed: either may come first
    assert "heartbeat" in reason or "stale" in reason


def test_a_killed_guard_is_noticed_and_the_engine_switches_off(
    bench: Bench, lab: Path, tmp_path: Path
) -> None:
    process = start_run(lab, tmp_path / "data")
    heating(bench)
    time.sleep(0.3)
    os.kill(child(process.pid, "amfdaq.run.guard"), signal.SIGKILL)
    killed = time.monotonic_ns()
    code, document, messages = finish(process)
    assert code == 3, messages
    assert (bench.ask(cmd="state")["last_off_ns"] - killed) / 1e9 < 1.0
    run = only_run(document)
    assert run["status"] == "failed"
    assert "guard" in run["reason"]
    assert Run.open(run["file"]).status == "failed"


def test_a_hung_guard_is_noticed_and_the_engine_switches_off(bench: Bench, lab: Path, tmp_path: Path) -> None:
    process = start_run(lab, tmp_path / "data")
    heating(bench)
    os.kill(child(process.pid, "amfdaq.run.guard"), signal.SIGSTOP)
    stopped = time.monotonic_ns()
    code, document, messages = finish(process)
    assert code == 3, messages
    assert (bench.ask(cmd="state")["last_off_ns"] - stopped) / 1e9 < 6.0
    assert "guard" in only_run(document)["reason"]


def test_a_killed_recorder_is_started_again_and_nothing_is_lost(
    bench: Bench, lab: Path, tmp_path: Path
) -> None:
    process = start_run(lab, tmp_path / "data", heat=30)
    heating(bench)
    os.kill(child(process.pid, "amfdaq.store.recorder"), signal.SIGKILL)
    code, document, messages = finish(process)
    assert code == 0, messages
    run = Run.open(only_run(document)["file"])
    core = run.channel("core")
    slots = np.round(core.scheduled * 2).astype(int)  # 2 Hz
    assert np.sum(np.diff(slots) - 1) == only_run(document)["missed"]
    assert "recorder-restarted" in [event.kind for event in run.events]


def test_a_thermometer_that_hangs_up_in_the_baseline_comes_back(
    bench: Bench, lab: Path, tmp_path: Path
) -> None:
    process = start_run(lab, tmp_path / "data", baseline=60, heat=10)
    wait_for(lambda: bench.ask(cmd="state")["commands"]["osensa"] > 10, 20, "no readings")
    bench.ask(cmd="fault", device="osensa", kind="disconnect", seconds=1.0)
    code, document, messages = finish(process)
    assert code == 0, messages
    run = Run.open(only_run(document)["file"])
    kinds = [event.kind for event in run.events]
    assert kinds.count("link-down") == 1  # said once
    assert kinds.count("link-up") == 1
    core = run.channel("core")
    assert np.isnan(core.value).any()
    assert np.isfinite(core.value[-1])


@pytest.mark.parametrize("serial", [False, True], ids=["tcp", "serial"])
def test_off_from_elsewhere_ends_the_run(bench: Bench, tmp_path: Path, serial: bool) -> None:
    lab = write_rig(tmp_path / "lab", bench.ready, serial=serial).parent
    process = start_run(lab, tmp_path / "data")
    heating(bench)
    result = amfdaq("off", lab / "rig.toml")
    assert result.returncode == 0, result.stderr
    assert "confirmed" in result.stderr
    assert field_is_off(bench)
    code, document, _ = finish(process)
    assert code == 1
    assert "guard was told to stop" in only_run(document)["reason"]


def test_a_sweep_makes_a_campaign_with_a_table(bench: Bench, lab: Path, tmp_path: Path) -> None:
    sweep = (lab / "sweep.toml").read_text()
    for old, new in (("60 s", "20 s"), ("150 s", "50 s"), ("240 s", "50 s")):
        sweep = sweep.replace(f'"{old}"', f'"{new}"')
    (lab / "short.toml").write_text(sweep.replace('"8 kA/m", ', ""))
    result = amfdaq(
        "run", lab / "short.toml", "--rig", lab / "rig.toml", "--sample", lab / "sample.toml", "-o", tmp_path / "data",
        timeout=200,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    index = next((tmp_path / "data").glob("*/campaign.csv"))
    with index.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["finished"] * 3
    fields = [float(row["field_kA_per_m"]) for row in rows]
    assert fields == pytest.approx([6.0, 10.0, 12.0], rel=0.01)
    sar = [float(row["SAR_W_per_g"]) for row in rows]
    assert sar == sorted(sar)
    assert "SAR ~ H^n" in result.stdout
    for row in rows:
        assert check_file(index.parent / row["file"]) == []


def test_a_second_run_on_the_same_supply_is_refused_and_the_first_goes_on(
    bench: Bench, lab: Path, tmp_path: Path
) -> None:
    first = start_run(lab, tmp_path / "first", heat=60)
    heating(bench)
    second = start_run(lab, tmp_path / "second")
    code, _, messages = finish(second)
    assert code != 0
    assert "another run" in messages
    assert not list((tmp_path / "second").glob("*"))
    assert bench.ask(cmd="state")["output_on"] is True
    code, _, messages = finish(first)
    assert code == 0, messages
