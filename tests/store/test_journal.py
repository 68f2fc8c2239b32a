from __future__ import annotations

import errno
import math
import os
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from amfdaq.clock import ManualClock
from amfdaq.errors import DataFileError, StoreError
from amfdaq.reading import NAN, Reading, Status
from amfdaq.store.files import is_locked
from amfdaq.store.journal import ChannelSpec, JournalContent, JournalTail, JournalWriter, read_journal
from amfdaq.store.records import HEADER


def rows_of(content: JournalContent) -> dict[str, list[tuple[Any, ...]]]:
    return {name: [tuple(row)[1:] for row in rows.tolist()] for name, rows in content.rows.items()}


def test_what_was_written_is_read_back_exactly(stored: Any, example: Any) -> None:
    stored.write(slots=40)
    content = read_journal(stored.journal)
    assert content.meta == example.meta
    assert content.origin_ns == example.origin
    assert [spec.name for spec in content.channels] == ["core", "shell"]
    assert {spec.instrument for spec in content.channels} == {"osensa"}
    expected = [reading for k in range(40) for reading in example.batch(k) if reading.channel == "core"]
    core = content.rows["core"]
    assert core["scheduled"].tolist() == [r.scheduled_ns for r in expected]
    assert core["sent"].tolist() == [r.sent_ns for r in expected]
    assert core["received"].tolist() == [r.received_ns for r in expected]
    assert core["status"].tolist() == [r.status for r in expected]
    np.testing.assert_array_equal(core["value"], [r.value for r in expected])
    assert np.isnan(core["value"]).sum() == 2
    assert content.events[0].data == {"step": "heat", "number": 2}
    assert content.end is not None
    assert content.end.status == "finished"
    assert (content.lost_bytes, content.problem) == (0, "")
    guard = read_journal(stored.guard, "guard")
    assert [event.kind for event in guard.events] == ["field-on", "field-off"]
    assert {event.source for event in guard.events} == {"guard"}


def test_an_event_without_a_time_happens_now(tmp_path: Path) -> None:
    clock = ManualClock(123)
    with JournalWriter(tmp_path / "a.journal", clock) as writer:
        clock.advance(2.0)
        writer.event("note", "text", nothing=math.nan)
    (event,) = read_journal(tmp_path / "a.journal").events
    assert event.time_ns == 2_000_000_123
    assert event.data == {"nothing": None}


def test_every_prefix_gives_the_records_before_it(stored: Any, tmp_path: Path) -> None:
    stored.write(slots=8)
    data = stored.journal.read_bytes()
    whole = rows_of(read_journal(stored.journal))
    cut = tmp_path / "cut.journal"
    seen = 0
    for length in (*range(HEADER.size, 200), *range(len(data) - 500, len(data))):
        cut.write_bytes(data[:length])
        content = read_journal(cut)
        rows = rows_of(content)
        assert content.good_bytes + content.lost_bytes == length
        assert all(rows[name] == whole[name][: len(rows[name])] for name in rows)
        assert content.row_count >= seen  # a longer prefix never shows less
        assert bool(content.problem) == bool(content.lost_bytes)
        seen = content.row_count
    assert seen == sum(map(len, whole.values()))


def test_a_flipped_byte_never_gives_a_wrong_row(stored: Any, tmp_path: Path) -> None:
    stored.write(slots=8)
    data = stored.journal.read_bytes()
    whole = rows_of(read_journal(stored.journal))
    flipped = tmp_path / "flipped.journal"
    rng = random.Random(7)
    for position in (*range(60), *range(len(data) - 900, len(data))):
        damaged = bytearray(data)
        damaged[position] ^= 1 << rng.randrange(8)
        flipped.write_bytes(damaged)
        content = read_journal(flipped)
        assert content.lost_bytes > 0, position
        assert content.good_bytes <= position
        rows = rows_of(content)
        assert all(rows[name] == whole[name][: len(rows[name])] for name in rows)


def test_a_tail_sees_each_record_once_however_the_bytes_arrive(stored: Any, tmp_path: Path) -> None:
    stored.write(slots=30)
    data = stored.journal.read_bytes()
    growing = tmp_path / "growing.journal"
    tail = JournalTail(growing)
    assert tail.poll().row_count == 0  # it does not exist yet
    rng = random.Random(3)
    rows: list[int] = []
    events = 0
    position = 0
    with growing.open("ab", buffering=0) as file:
        while position < len(data):
            step = rng.randrange(1, 90)
            file.write(data[position : position + step])
            position += step
            part = tail.poll()
            rows += part.rows["core"]["scheduled"].tolist() if "core" in part.rows else []
            events += len(part.events)
    assert rows == read_journal(stored.journal).rows["core"]["scheduled"].tolist()
    assert events == 1
    assert tail.ended
    assert tail.problem == ""


def test_a_tail_stops_at_damage_and_says_so(stored: Any) -> None:
    stored.write(slots=30)
    data = bytearray(stored.journal.read_bytes())
    data[len(data) // 2] ^= 4
    stored.journal.write_bytes(data)
    tail = JournalTail(stored.journal)
    first = tail.poll()
    assert 0 < first.row_count < 60
    assert tail.poll().row_count == 0
    assert "damaged" in tail.problem
    assert tail.poll().good_bytes == first.good_bytes


def test_a_torn_record_that_is_taken_back_does_not_confuse_a_tail(stored: Any, tmp_path: Path) -> None:
    stored.write(slots=3, end=None)
    data = stored.journal.read_bytes()
    other = tmp_path / "other.journal"
    other.write_bytes(data[:-20])
    tail = JournalTail(other)
    before = tail.poll()
    other.write_bytes(data[: before.good_bytes])  # what a writer does when the disk is full ...
    other.write_bytes(data)  # ... and when there is space again
    assert tail.poll().lost_bytes == 0
    assert tail.problem == ""


def test_the_writer_holds_the_lock_until_it_closes(stored: Any) -> None:
    writer = stored.writer()
    assert is_locked(stored.journal)
    writer.end("finished", "")
    writer.close()
    writer.close()
    assert not is_locked(stored.journal)
    with pytest.raises(StoreError, match="closed"):
        writer.event("late", "")
    with pytest.raises(StoreError, match="exists already"):
        JournalWriter(stored.journal)


def test_readings_need_a_declared_channel_and_a_writable_folder(stored: Any, tmp_path: Path) -> None:
    with stored.writer() as writer, pytest.raises(StoreError, match="'other' before it was declared"):
        writer.append([Reading("other", 1.0, Status.OK, 0, 0, 0)])
    with pytest.raises(StoreError, match="cannot be written"):
        JournalWriter(tmp_path / "no such folder" / "a.journal")
    with pytest.raises(DataFileError, match="no such journal"):
        read_journal(tmp_path / "nothing.journal")


def test_a_foreign_file_is_not_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(b"time;temperature\n" * 10)
    content = read_journal(path)
    assert content.good_bytes == 0
    assert "not a journal" in content.problem


def test_a_failing_disk_surfaces_at_the_next_call(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def fail(fd: int) -> None:
        asked.set()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    writer = stored.writer()
    monkeypatch.setattr("amfdaq.store.journal._datasync", fail)  # the operating system's call, not ours
    writer.event("step", "heat")
    assert asked.wait(5)
    deadline = time.monotonic() + 5
    with pytest.raises(StoreError, match="check the disk"):  # noqa: PT012 - the error comes with one of the next calls
        while time.monotonic() < deadline:
            writer.event("step", "cool", sync=False)
            time.sleep(0.01)
    with pytest.raises(StoreError, match="check the disk"):
        writer.end("failed", "the disk failed")
    writer.close()
    end = read_journal(stored.journal).end
    assert end is not None  # the record was written before the complaint
    assert end.status == "failed"


def test_many_threads_may_write(stored: Any, example: Any) -> None:
    with stored.writer() as writer:

        def work(part: int) -> None:
            for k in range(part, 400, 4):
                writer.append(example.batch(k))

        threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    content = read_journal(stored.journal)
    assert content.lost_bytes == 0
    expected = [example.origin + k * 10**9 // 5 for k in range(400)]
    assert sorted(content.rows["core"]["scheduled"].tolist()) == expected


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB."""
    place = tmp_path / "small"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount the small tmpfs that this test fills")
    done = subprocess.run([mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], check=False)
    if done.returncode != 0:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        yield place
    finally:
        subprocess.run([umount, str(place)], check=True)


def test_a_full_disk_costs_nothing_that_was_written(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(100_000))
    path = small_disk / "run.journal"
    with JournalWriter(path) as writer:
        writer.declare([ChannelSpec("core", "degC")])
        written = 0
        with pytest.raises(StoreError, match=r"run\.journal.*the disk is full"):  # noqa: PT012 - one of them fails
            while written < 10_000:
                writer.append([Reading("core", NAN, Status.NO_REPLY, written, written, written)] * 7)
                written += 1
        assert 0 < written < 10_000
        content = read_journal(path)
        assert content.rows["core"]["scheduled"].tolist() == [k for k in range(written) for _ in range(7)]
        assert content.lost_bytes == 0  # the torn record was taken back
        ballast.unlink()
        writer.append([Reading("core", 1.5, Status.OK, -1, -1, -1)])  # space again: it goes on
        writer.end("failed", "the disk was full")
    content = read_journal(path)
    assert content.rows["core"]["scheduled"][-1] == -1
    assert content.end is not None
