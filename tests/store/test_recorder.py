from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from amfdaq.store.check import check_file
from amfdaq.store.reader import Run

Start = Callable[..., subprocess.Popen[bytes]]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def said(process: subprocess.Popen[bytes], timeout: float = 20) -> list[dict[str, Any]]:
    """What the recorder said until it ended."""
    output, _ = process.communicate(timeout=timeout)
    return [json.loads(line) for line in output.splitlines()]


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.01)


def first_line(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


def test_a_run_that_ends_well(stored: Any, example: Any, start_recorder: Start) -> None:
    writer, guard = stored.writer(), stored.guard_writer()
    recorder = start_recorder()
    assert first_line(recorder) == {"state": "writing"}
    for k in range(50):
        writer.append(example.batch(k))
        guard.append(example.supply(k))

    def complete() -> bool:
        with h5py.File(stored.file) as file:  # plain, while the recorder has it open
            assert file["entry/run_status"].asstr()[()] == "running"
            channels = file["entry/channels"]
            return all(len(channels[name]["value"]) == 50 for name in ("core", "current"))

    def values_in_file() -> Any:
        try:
            with h5py.File(stored.file) as file:
                return file["entry/temperature/core"][()]
        except OSError:  # in the middle of a flush the newest rows cannot be read: docs/file-format.md
            return np.empty(0)

    wait_for(complete, "the growing file")
    wait_for(lambda: len(values_in_file()) == 50, "a moment without a flush")
    np.testing.assert_array_equal(values_in_file(), [example.batch(k)[0].value for k in range(50)])

    live = Run.open(stored.file)
    assert (live.live, live.status) == (True, "running")
    assert live.channel("core").time.size == 50
    guard.end("finished", "off")
    guard.close()
    writer.end("finished", "", time_ns=example.origin + 10**10)
    writer.close()
    assert said(recorder)[-1] == {
        "state": "finished",
        "file": str(stored.file),
        "rows": 200,
        "status": "finished",
    }
    assert recorder.returncode == 0
    assert names(stored.file.parent) == ["run1.h5"]
    assert check_file(stored.file) == []


def test_the_engine_dies_and_the_guard_switches_off(stored: Any, example: Any, start_recorder: Start) -> None:
    writer, guard = stored.writer(), stored.guard_writer()
    recorder = start_recorder()
    first_line(recorder)
    writer.append(example.batch(0))
    guard.event("field-on", "on", time_ns=example.origin)
    assert recorder.stdin is not None
    writer.close()  # what the death of the engine looks like: no END, lock released, pipe closed
    recorder.stdin.close()
    recorder.stdin = None
    time.sleep(0.5)
    assert recorder.poll() is None  # it waits for the guard
    guard.append(example.supply(0))
    guard.event("field-off", "the engine is gone", time_ns=example.origin + 3 * 10**9)
    guard.end("finished", "off after the engine died")
    guard.close()
    assert said(recorder)[-1]["status"] == "failed"
    run = Run.open(stored.file)
    assert "without closing the run (killed or crashed); the guard switched the field off" in run.reason
    assert run.field_on == ((0.0, 3.0),)
    assert run.channel("current").time.size == 1


def test_the_wait_for_a_busy_guard_is_bounded(stored: Any, example: Any, start_recorder: Start) -> None:
    with stored.writer() as writer:
        writer.append(example.batch(0))
    guard = stored.guard_writer()
    recorder = start_recorder("--guard-wait", "0.5")
    assert said(recorder)[-1]["state"] == "finished"
    run = Run.open(stored.file)
    assert "the guard was still busy" in run.reason
    assert stored.guard.exists()  # somebody still writes to it: it stays, and recovery will take it in
    guard.append(example.supply(0))
    guard.close()
    assert not run.live


def test_no_guard_and_no_end(stored: Any, example: Any, start_recorder: Start) -> None:
    with stored.writer() as writer:
        writer.append(example.batch(0))
    begun = time.monotonic()
    assert said(start_recorder())[-1]["rows"] == 2
    assert time.monotonic() - begun < 5  # nobody to wait for
    assert "it had no guard" in Run.open(stored.file).reason


def test_signals_of_the_terminal_do_not_end_it(stored: Any, example: Any, start_recorder: Start) -> None:
    writer = stored.writer()
    recorder = start_recorder()
    first_line(recorder)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        recorder.send_signal(number)
    writer.append(example.batch(0))
    writer.end("aborted", "stopped from the keyboard")
    writer.close()
    assert said(recorder)[-1]["status"] == "aborted"


def test_a_late_guard_gets_its_channels(stored: Any, example: Any, start_recorder: Start) -> None:
    writer = stored.writer()
    recorder = start_recorder()
    first_line(recorder)
    for k in range(20):
        writer.append(example.batch(k))
    guard = stored.guard_writer()
    guard.append(example.supply(0))

    def complete() -> bool:
        with h5py.File(stored.file) as file:
            channels = file["entry/channels"]
            return "current" in channels and channels["core/value"].shape[0] == 20

    wait_for(complete, "the channels of the guard")
    guard.close()
    writer.close()
    said(recorder)


def test_a_second_recorder_refuses(stored: Any, start_recorder: Start) -> None:
    writer = stored.writer()
    first_line(start_recorder())
    second = start_recorder()
    assert "another recorder" in said(second)[-1]["message"]
    assert second.returncode == 3
    writer.close()


def test_no_journal_is_an_error(start_recorder: Start) -> None:
    recorder = start_recorder()
    assert "neither a finished file nor a journal" in said(recorder)[-1]["message"]
    assert recorder.returncode == 3


@pytest.mark.parametrize("trial", range(3))
def test_killed_at_any_moment_and_started_again(
    stored: Any, example: Any, start_recorder: Start, trial: int
) -> None:
    rng = random.Random(trial)
    writer = stored.writer()
    recorder = start_recorder()
    written = 0
    deaths = 0
    first_line(recorder)
    until = time.monotonic() + rng.uniform(0.0, 1.1)
    while deaths < 2:
        for _ in range(50):
            writer.append(example.batch(written))
            written += 1
        time.sleep(0.002)
        if time.monotonic() > until:
            recorder.kill()  # SIGKILL
            recorder.wait()
            deaths += 1
            with h5py.File(stored.file) as file:  # what it left behind opens
                assert file["entry/run_status"].asstr()[()] == "running"
            recorder = start_recorder()
            until = time.monotonic() + rng.uniform(0.2, 0.6)
    writer.end("finished", "")
    writer.close()
    if trial % 2:
        time.sleep(rng.uniform(0, 0.3))  # this time it dies while it finishes the file, or just after
        recorder.kill()
        recorder.wait()
        recorder = start_recorder()
    assert said(recorder)[-1]["state"] == "finished"
    run = Run.open(stored.file)
    assert run.status == "finished"
    np.testing.assert_array_equal(
        run.channel("core").value, [example.batch(k)[0].value for k in range(written)]
    )
    assert names(stored.file.parent) == ["run1.h5"]
