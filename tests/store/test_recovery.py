from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from amfdaq.errors import StoreError
from amfdaq.store import finish
from amfdaq.store.check import check_file
from amfdaq.store.finish import build_file
from amfdaq.store.journal import JournalWriter, read_journal
from amfdaq.store.reader import Run, add_analysis
from amfdaq.store.recovery import find_unfinished, recover


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Appends two readings at a time and says how many rows it was told are safe; never ends by itself.
WRITER = """
import os, sys
from pathlib import Path
from amfdaq.reading import Reading, Status
from amfdaq.store.journal import ChannelSpec, JournalWriter
writer = JournalWriter(Path(sys.argv[1]), origin_ns=1)
writer.meta({"run_id": "killed", "start_time": "2026-11-21T13:00:00+01:00", "origin_ns": 1})
writer.declare([ChannelSpec("core", "degC", "T", "temperature", "t"), ChannelSpec("shell", "degC", "T", "temperature", "t")])
k = 0
while True:
    k += 1
    t = k * 1000
    writer.append([Reading(name, 20.0 + k, Status.OK, t, t, t) for name in ("core", "shell")])
    if k % 50 == 0:
        writer.event("step", "heat", time_ns=t, sync=bool(k % 100))
    os.write(1, b"%d\\n" % k)
"""


def test_no_acknowledged_row_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    rng = random.Random(11)
    for trial in range(20):
        folder = tmp_path / f"trial{trial}"
        folder.mkdir()
        with subprocess.Popen(
            [sys.executable, "-P", "-c", WRITER, str(folder / "run.journal")], stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None
            output = child.stdout.readline()  # it writes
            time.sleep(rng.uniform(0, 0.08))
            child.kill()
            output += child.stdout.read()
        complete = output[: output.rfind(b"\n")]
        acknowledged = int(complete.split(b"\n")[-1])
        (built,) = recover(folder)
        assert built.status == "recovered"
        run = Run.open(built.file)
        for name in run.channels:
            values = run.channel(name).value
            assert len(values) >= acknowledged
            np.testing.assert_array_equal(values, 20.0 + np.arange(1, len(values) + 1))
        assert check_file(built.file) == []
        assert names(folder) == ["run.h5"]


def test_recovery_says_how_the_run_ended(stored: Any) -> None:
    stored.write(end=None)
    (built,) = recover(stored.file.parent)
    assert built.rows == 300 * 2 + 120 * 2
    assert built.status == "recovered"
    for part in ("was not closed", "60.0 s after 840 readings", '"field-off"', "switched off"):
        assert part in built.reason
    assert Run.open(stored.file).reason == built.reason
    assert recover(stored.file.parent) == []


def test_recovery_of_a_run_whose_recorder_died(stored: Any) -> None:
    stored.write(end="aborted")
    (built,) = recover(stored.file.parent)
    assert built.status == "recovered"
    assert "had ended as aborted" in built.reason


def test_a_living_run_is_left_alone(stored: Any, example: Any) -> None:
    writer = stored.writer()
    writer.append(example.batch(0))
    (found,) = find_unfinished(stored.file.parent)
    assert found.alive
    assert recover(stored.file.parent) == []
    assert stored.journal.exists()
    writer.close()
    assert len(recover(stored.file.parent)) == 1


def test_a_guard_that_is_still_busy_keeps_the_run_alive(stored: Any, example: Any) -> None:
    with stored.writer() as writer:
        writer.append(example.batch(0))
    guard = stored.guard_writer()
    assert recover(stored.file.parent) == []
    guard.append(example.supply(0))
    guard.close()
    assert recover(stored.file.parent)[0].rows == 4


def test_a_guard_that_wrote_after_the_file_was_finished(stored: Any, example: Any) -> None:
    with stored.writer() as writer:
        writer.append(example.batch(0))
        writer.end("finished", "")
    guard = stored.guard_writer()
    guard.append(example.supply(0))
    build_file(stored.journal, stored.guard, stored.file)
    name = add_analysis(stored.file, {}, {"sar": 1.0})
    guard.append(example.supply(1))
    guard.close()
    (built,) = recover(stored.file.parent)
    run = Run.open(stored.file)
    assert run.channel("current").value.size == 2
    assert built.rows == 6
    assert run.channel("core").value.size == 1
    assert names(stored.file.parent) == ["run1.h5"]
    assert [analysis.name for analysis in run.analyses] == [name]


def test_interrupted_at_every_step_and_done_again(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash after each step of finishing is played by stopping there; the next recovery completes the work."""

    class Crash(BaseException):
        pass

    reference: list[Any] = []
    for step in ("read_journal", "write_durable", "_verify", "sync_folder", "_retire"):
        for when in ("before", "after"):
            for path in stored.file.parent.iterdir():
                path.unlink()
            stored.write(slots=60)
            original = getattr(finish, step)

            def crash(*arguments: Any, when: str = when, original: Any = original) -> None:
                if when == "after":
                    original(*arguments)
                raise Crash

            monkeypatch.setattr(finish, step, crash)
            with pytest.raises(Crash):
                build_file(stored.journal, stored.guard, stored.file)
            monkeypatch.setattr(finish, step, original)
            recover(stored.file.parent)
            assert recover(stored.file.parent) == []
            left = set(names(stored.file.parent)) - {"run1.h5.part"}
            assert left == {"run1.h5"}, (step, when)
            with h5py.File(stored.file) as file:
                reference.append(file["entry"].attrs["raw_sha256"])
    assert len(set(reference)) == 1


def test_a_finished_file_keeps_its_status_when_its_journals_come_back(stored: Any, tmp_path: Path) -> None:
    stored.write(slots=60)
    aside = tmp_path / "aside"
    aside.mkdir()
    for journal in (stored.journal, stored.guard):
        shutil.copy(journal, aside)
    build_file(stored.journal, stored.guard, stored.file)
    before = stored.file.read_bytes()
    for journal in (stored.journal, stored.guard):
        shutil.copy(aside / journal.name, journal)
    shutil.rmtree(aside)
    (built,) = recover(stored.file.parent)  # as after a crash between the renaming and the removal
    assert built.status == "finished"
    assert stored.file.read_bytes() == before
    assert names(stored.file.parent) == ["run1.h5"]


def test_a_damaged_journal_is_kept(stored: Any) -> None:
    stored.write(slots=100, guard=False)
    data = bytearray(stored.journal.read_bytes())
    data[len(data) // 2] ^= 1
    stored.journal.write_bytes(data)
    good = read_journal(stored.journal)
    (built,) = recover(stored.file.parent)
    assert 0 < built.rows == good.row_count < 200
    assert built.lost_bytes == good.lost_bytes > 0
    assert f"{built.lost_bytes} bytes lost" in built.reason
    assert names(stored.file.parent) == ["run1.h5", "run1.journal.damaged"]
    assert recover(stored.file.parent) == []
    assert stored.file.with_name("run1.journal.damaged").read_bytes() == bytes(data)


def test_a_journal_that_is_none_stops_only_itself(stored: Any, tmp_path: Path) -> None:
    stored.write(slots=10)
    (tmp_path / "a.journal").write_bytes(b"something else of somebody else")
    (tmp_path / "b.journal").write_bytes(b"")  # its process died before the first byte
    with pytest.raises(StoreError, match=r"a\.journal.*not a journal"):
        recover(tmp_path)
    assert Run.open(stored.file).status == "recovered"
    assert names(tmp_path) == ["a.journal", "run1.h5"]


def test_only_the_guard_left_something(stored: Any, example: Any) -> None:
    with stored.guard_writer() as guard:
        guard.append(example.supply(3))
    (built,) = recover(stored.file.parent)
    run = Run.open(built.file)
    assert run.channel("current").time.tolist() == pytest.approx([1.502])
    assert "only the journal of the guard" in run.reason


def test_a_full_disk_leaves_the_journals(stored: Any, tmp_path: Path) -> None:
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount the small tmpfs that this test fills")
    small = tmp_path / "small"
    small.mkdir()
    arguments = [mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    if subprocess.run(arguments, check=False).returncode != 0:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        stored.write()
        for journal in (stored.journal, stored.guard):
            shutil.move(journal, small)
        ballast = small / "ballast"
        ballast.write_bytes(bytes(150_000))
        with pytest.raises(StoreError, match="the disk is full"):
            recover(small)
        assert names(small) == ["ballast", "run1.guard.journal", "run1.journal"]
        recorder = subprocess.run(  # and the recorder says it too, and does not crash
            [
                sys.executable,
                *("-P", "-m", "amfdaq.store.recorder"),
                *(str(small / name) for name in ("run1.journal", "run1.guard.journal", "run1.h5")),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert recorder.returncode == 3
        assert b"the disk is full" in recorder.stdout
        ballast.unlink()
        assert recover(small)[0].rows == 840
        assert check_file(small / "run1.h5") == []
    finally:
        subprocess.run([umount, str(small)], check=True)


def test_a_finished_file_is_never_replaced_by_less(stored: Any, example: Any) -> None:
    stored.write(slots=60)
    build_file(stored.journal, stored.guard, stored.file)
    before = stored.file.read_bytes()
    with stored.guard_writer() as guard:
        guard.append(example.supply(0))
    with pytest.raises(StoreError, match="left as it is"):
        recover(stored.file.parent)
    assert stored.file.read_bytes() == before
    assert stored.guard.exists()


def test_two_writers_cannot_share_a_journal(stored: Any) -> None:
    with stored.writer(), pytest.raises(StoreError, match="exists already"):
        JournalWriter(stored.journal)


def test_the_damage_of_a_journal_is_told_once(stored: Any) -> None:
    stored.write(slots=20, end=None, guard=False)
    stored.journal.write_bytes(stored.journal.read_bytes()[:-5])
    (built,) = recover(stored.file.parent)
    assert built.reason.count("bytes lost") == 1
