"""The journal: the truth about a run while it goes on.

Engine and guard append to one each. Every append is one ``write()`` of a framed record, so that the death
of the process loses nothing; about once a second, and after every change of state, a side thread calls
``fdatasync``, so that a power loss costs at most the last second. The recorder turns the journals into the
HDF5 file; docs/file-format.md has the bytes.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from amfdaq.clock import Clock, SystemClock
from amfdaq.errors import StoreError
from amfdaq.reading import Reading
from amfdaq.store.files import advice, lock, sync_folder, write_all
from amfdaq.store.journal_reading import JournalContent, JournalTail, read_journal
from amfdaq.store.records import (
    MAX_PAYLOAD,
    ROW,
    ChannelSpec,
    End,
    Event,
    RecordType,
    dump_json,
    encode_channel,
    encode_event,
    encode_header,
    frame,
)

__all__ = [
    "ChannelSpec",
    "End",
    "Event",
    "JournalContent",
    "JournalTail",
    "JournalWriter",
    "read_journal",
]

SYNC_INTERVAL_S = 1.0  # real seconds: what a power loss may cost
_ROWS_PER_RECORD = MAX_PAYLOAD // ROW.size
_datasync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have fsync only


class JournalWriter:
    """Appends to a new journal; any thread may call it.

    The file is locked for as long as the writer lives: recovery leaves a locked journal alone.

    Args:
        path: the journal; it must not exist yet.
        clock: of the run, for events without a time of their own.
        origin_ns: origin of the run's times on that clock.

    Raises:
        StoreError: the file exists, or it cannot be created.
    """

    def __init__(self, path: Path, clock: Clock | None = None, *, origin_ns: int = 0) -> None:
        self.path = Path(path)
        self._clock = clock or SystemClock()
        self._numbers: dict[str, int] = {}
        self._lock = threading.Lock()
        self._failure: StoreError | None = None  # of the side thread, for the next caller
        self._ended = False
        self._fd = self._create()
        self._size = self._synced = 0
        self._wake = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._keep_syncing, name="journal sync", daemon=True)
        try:
            self._append(encode_header(origin_ns))
            sync_folder(self.path.parent)
        except OSError as error:
            self._give_up()
            raise self._error(error) from error
        except StoreError:
            self._give_up()
            raise
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    def meta(self, data: Mapping[str, Any]) -> None:
        """Write the metadata of the run (plain data; docs/file-format.md lists the keys with a meaning).

        Raises:
            StoreError: it could not be written.
            TypeError: something in it has no JSON form.
        """
        self._record(RecordType.META, dump_json(data).encode())
        self._wake.set()

    def declare(self, channels: Iterable[ChannelSpec], instrument: str = "") -> None:
        """Declare channels; each must be declared before its first reading.

        Args:
            channels: what they are; one that was declared before is passed over.
            instrument: name of the instrument, for those that do not say.

        Raises:
            StoreError: it could not be written.
        """
        for channel in channels:
            if channel.name not in self._numbers:
                number = len(self._numbers)
                spec = channel if channel.instrument else replace(channel, instrument=instrument)
                self._record(RecordType.CHANNEL, encode_channel(number, spec))
                self._numbers[channel.name] = number
        self._wake.set()

    def append(self, readings: Iterable[Reading]) -> None:
        """Write a batch of readings as one record; they survive the death of the process once this returns.

        Raises:
            StoreError: nothing of the batch was written (what was written before is safe), a channel was
                not declared, or the disk failed earlier.
        """
        numbers, pack = self._numbers, ROW.pack
        try:
            rows = [
                pack(numbers[r.channel], r.status, r.scheduled_ns, r.sent_ns, r.received_ns, r.value)
                for r in readings
            ]
        except KeyError as error:
            raise StoreError(f"{self.path}: readings of {error} before it was declared") from None
        for first in range(0, len(rows), _ROWS_PER_RECORD):
            self._record(RecordType.READINGS, b"".join(rows[first : first + _ROWS_PER_RECORD]))

    def event(
        self, kind: str, text: str, *, time_ns: int | None = None, sync: bool = True, **data: Any
    ) -> None:
        """Write an event.

        Args:
            kind: a word for programs, such as ``"field-on"``.
            text: a sentence for people.
            time_ns: when it happened, ns of the run's clock; now when not given.
            sync: ask for an ``fdatasync`` at once (this call does not wait for it).
            data: plain data that belongs to it.

        Raises:
            StoreError: it could not be written.
        """
        when = self._clock.now_ns() if time_ns is None else time_ns
        self._record(RecordType.EVENT, encode_event(Event(when, kind, text, data)))
        if sync:
            self._wake.set()

    def end(self, status: str, reason: str, *, time_ns: int | None = None) -> None:
        """Write how the run ended, and wait until all of it is on the disk; then the journal takes no more.

        Raises:
            StoreError: it could not be written; it may be tried again when there is space.
        """
        when = self._clock.now_ns() if time_ns is None else time_ns
        payload = dump_json({"status": status, "reason": reason, "time_ns": when}).encode()
        failure, self._failure = self._failure, None  # the record comes first, the complaint after it
        self._record(RecordType.END, payload)
        self._ended = True
        self.sync()
        if failure is not None:
            raise failure

    def sync(self) -> None:
        """Wait until everything written so far is on the disk.

        Raises:
            StoreError: the disk failed.
        """
        size = self._size
        try:
            _datasync(self._fd)
        except OSError as error:
            raise self._error(error) from error
        self._synced = max(self._synced, size)

    def close(self) -> None:
        """Close the file and release its lock; does not write an END record. May be called twice."""
        if self._thread.is_alive():
            self._stop = True
            self._wake.set()
            self._thread.join()
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _create(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            fd = os.open(self.path, flags, 0o666)
        except FileExistsError:
            raise StoreError(
                f"{self.path}: this journal of another run exists already; run amfdaq recover on its folder"
            ) from None
        except OSError as error:
            raise self._error(error) from error
        lock(fd, wait=True)  # the file is new: only somebody's look at its lock can be in the way, shortly
        return fd

    def _give_up(self) -> None:
        os.close(self._fd)
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _record(self, kind: RecordType, payload: bytes) -> None:
        try:
            record = frame(kind, payload)
        except ValueError as error:
            raise StoreError(f"{self.path}: {error}") from None
        with self._lock:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            if self._fd < 0 or self._ended:
                raise StoreError(f"{self.path}: the journal is closed, nothing can be written to it any more")
            self._append(record)

    def _append(self, record: bytes) -> None:
        try:
            write_all(self._fd, record)
        except OSError as error:
            self._take_back()
            raise self._error(error) from error
        self._size += len(record)

    def _take_back(self) -> None:
        """Cut off what a failed write left behind, so that later records stay readable."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self._size)
            return
        # A torn record that stays would hide all later ones from every reader.
        self._ended = True

    def _keep_syncing(self) -> None:
        while not self._stop:
            self._wake.wait(SYNC_INTERVAL_S)
            self._wake.clear()
            if self._size != self._synced:
                try:
                    self.sync()
                except StoreError as error:
                    self._failure = error

    def _error(self, error: OSError) -> StoreError:
        return StoreError(f"{self.path}: the journal cannot be written: {advice(error)}")
