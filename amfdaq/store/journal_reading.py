"""Reading journals: whole ones, and ones that still grow."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from amfdaq.errors import DataFileError
from amfdaq.store.records import (
    HEADER,
    ROW_DTYPE,
    ChannelSpec,
    End,
    Event,
    Frame,
    RecordType,
    Rows,
    decode_channel,
    decode_end,
    decode_event,
    decode_header,
    next_frame,
)


@dataclass(frozen=True, slots=True)
class JournalContent:
    """What a journal, or a part of it, holds.

    Attributes:
        origin_ns: origin of the run's times, ns of the run's clock; None before the header was read.
        meta: metadata of the run, or None when no META record was in it.
        channels: those declared in it.
        rows: channel name -> its readings in the order they were written (`ROW_DTYPE`).
        events: in the order they were written.
        end: how the run was closed, or None when it was not.
        good_bytes: length of the part of the file that was understood.
        lost_bytes: what stands behind it.
        problem: why reading stopped there, a sentence; "" when nothing is wrong.
        sha256: of the good bytes, hexadecimal (of a whole journal only, otherwise "").
    """

    origin_ns: int | None = None
    meta: dict[str, Any] | None = None
    channels: tuple[ChannelSpec, ...] = ()
    rows: dict[str, Rows] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    end: End | None = None
    good_bytes: int = 0
    lost_bytes: int = 0
    problem: str = ""
    sha256: str = ""

    @property
    def row_count(self) -> int:
        """Number of readings of all channels."""
        return sum(len(rows) for rows in self.rows.values())


class _Collector:
    """Collects records into a `JournalContent`."""

    def __init__(self, names: dict[int, str], source: str) -> None:
        self._names = names
        self._source = source
        self._chunks: list[bytes] = []
        self._events: list[Event] = []
        self._channels: list[ChannelSpec] = []
        self._meta: dict[str, Any] | None = None
        self._end: End | None = None

    def take(self, kind: int, payload: bytes) -> None:
        """Add a record; types of later versions are passed over.

        Raises:
            ValueError, KeyError, TypeError: its CRC is right but its content is not.
        """
        if kind == RecordType.READINGS:
            numbers = np.frombuffer(payload, ROW_DTYPE)["channel"]
            if not self._names.keys() >= set(numbers.tolist()):
                raise ValueError("readings of a channel that was not declared")
            self._chunks.append(payload)
        elif kind == RecordType.EVENT:
            self._events.append(decode_event(payload, self._source))
        elif kind == RecordType.CHANNEL:
            number, channel = decode_channel(payload)
            self._names[number] = channel.name
            self._channels.append(channel)
        elif kind == RecordType.META:
            self._meta = dict(json.loads(payload))
        elif kind == RecordType.END:
            self._end = decode_end(payload)

    def content(self) -> JournalContent:
        """What was collected."""
        table = np.frombuffer(b"".join(self._chunks), ROW_DTYPE)
        present = set(np.unique(table["channel"]).tolist())
        return JournalContent(
            meta=self._meta,
            channels=tuple(self._channels),
            rows={self._names[number]: table[table["channel"] == number] for number in sorted(present)},
            events=tuple(self._events),
            end=self._end,
        )


class JournalTail:
    """Follows a journal that another process writes.

    Args:
        path: the journal; it may not exist yet.
        source: what to call the process that writes it, in its events.

    Attributes:
        offset: bytes of the file that were understood so far.
        ended: True once its END record was read.
        problem: why nothing more will be read, a sentence; "" while all is well.
    """

    def __init__(self, path: Path, source: str = "engine") -> None:
        self.path = path
        self.offset = 0
        self.ended = False
        self.problem = ""
        self._source = source
        self._origin_ns: int | None = None
        self._names: dict[int, str] = {}
        self._doubtful = -1  # where a record looked damaged at the last poll

    def poll(self) -> JournalContent:
        """The records that were completed since the last call.

        A record that is only partly there is waited for. Nothing comes any more after a damaged one: see
        ``problem``.
        """
        if self.problem:
            return self._state(JournalContent(), 0)
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return JournalContent()
        if self.offset > 0:
            return self._take(data, 0)
        if len(data) < HEADER.size:
            return self._state(JournalContent(problem=Frame.TORN.value if data else ""), len(data))
        try:
            self._origin_ns = decode_header(data)
        except ValueError as error:
            self.problem = str(error)
            return self._state(JournalContent(), len(data))
        return self._take(data, HEADER.size)

    def _take(self, data: bytes, position: int) -> JournalContent:
        collector = _Collector(self._names, self._source)
        before = Frame.END
        while True:
            found = next_frame(data, position)
            if isinstance(found, Frame):
                before = found
                break
            kind, payload, following = found
            try:
                collector.take(kind, payload)
            except (ValueError, KeyError, TypeError) as error:
                self.problem = f"the record at byte {self.offset + position} cannot be understood ({error})"
                break
            position = following
        self.offset += position
        if before is Frame.BAD:
            # The writer may just be taking back a torn record and writing another in its place: look twice.
            if self._doubtful == self.offset:
                self.problem = f"the record at byte {self.offset} is damaged"
            self._doubtful = self.offset
        content = collector.content()
        self.ended = self.ended or content.end is not None
        waiting = f"{before.value} at byte {self.offset}" if before is not Frame.END else ""
        return self._state(replace(content, problem=waiting), len(data) - position)

    def _state(self, content: JournalContent, left: int) -> JournalContent:
        return replace(
            content,
            origin_ns=self._origin_ns,
            good_bytes=self.offset,
            lost_bytes=left,
            problem=self.problem or content.problem,
        )


def read_journal(path: Path, source: str = "engine") -> JournalContent:
    """Everything a journal holds up to the first record that is incomplete or damaged.

    Args:
        path: the journal.
        source: what to call the process that wrote it, in its events.

    Returns:
        its content; ``problem`` and ``lost_bytes`` tell of a damaged or torn end, also of a damaged header.

    Raises:
        DataFileError: it does not exist or cannot be read.
    """
    tail = JournalTail(path, source)
    try:
        content = tail.poll()
        with path.open("rb") as file:
            digest = hashlib.sha256(file.read(content.good_bytes)).hexdigest()
    except FileNotFoundError:
        raise DataFileError(f"{path}: there is no such journal") from None
    except OSError as error:
        raise DataFileError(f"{path}: the journal cannot be read ({error.strerror})") from error
    return replace(content, sha256=digest)
