"""The recorder: the process that writes the run file.

Run as ``python -P -m amfdaq.store.recorder JOURNAL GUARD_JOURNAL OUT``. It follows the journals of engine
and guard, keeps a growing HDF5 file beside them for whoever wants to look, and builds the finished file
when the run ends. It is a process of its own because HDF5 holds the interpreter during slow writes and can
take its process down when the disk is full. It may die and be started again at any time: it starts over
from the journals. It ignores Ctrl-C, SIGTERM and a closed terminal; what ends it is the end of the run,
which it sees as an END record, or as the end of its standard input when the engine died.

Standard output has one JSON object per line: ``{"state": "writing"}``, ``{"state": "finished", "file",
"rows", "status"}`` or ``{"state": "error", "message"}``; "writing" may carry a "warning". The exit code is
0 or 3.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from amfdaq.clock import NS, SystemClock
from amfdaq.errors import AmfdaqError, StoreError
from amfdaq.store.files import is_locked, lock
from amfdaq.store.finish import RECORDER, build_file, is_finished
from amfdaq.store.journal_reading import JournalContent, JournalTail
from amfdaq.store.live_file import LiveFile, create_live
from amfdaq.store.records import ChannelSpec

FLUSH_S = 1.0  # between two bursts into the growing file
LOOK_S = 0.05  # between two looks for the end of the guard
GUARD_WAIT_S = 6.0  # how long the guard may take to switch off and say so
SPACE_LEFT = 16 << 20  # bytes; HDF5 is kept away from a disk that is nearly full, because it crashes there
KILLED = "the acquisition process ended without closing the run (killed or crashed)"


class Recorder:
    """Follows two journals and writes one file.

    Args:
        journal: of the engine.
        guard_journal: of the guard; may not exist yet, or never.
        out: the run file.
        guard_wait: s to wait for the guard's END record when the engine is done or dead.
    """

    def __init__(
        self, journal: Path, guard_journal: Path, out: Path, guard_wait: float = GUARD_WAIT_S
    ) -> None:
        self._paths = {"engine": journal, "guard": guard_journal}
        self._tails = {role: JournalTail(path, role) for role, path in self._paths.items()}
        self._out = out
        self._guard_wait = guard_wait
        self._clock = SystemClock()
        self._meta: dict[str, Any] | None = None
        self._declared: list[tuple[str, ChannelSpec]] = []
        self._waiting: list[tuple[str, JournalContent]] = []  # read, but not yet in the growing file
        self._live: LiveFile | None = None
        self._growing = not is_finished(out)  # a finished file is never overwritten by a growing one
        self._warning = ""

    def run(self, engine_gone: threading.Event) -> None:
        """Record until the run ends or the engine is gone, then finish the file.

        Raises:
            StoreError: the file could not be finished; the journals are still there.
        """
        self._follow()
        gone = False
        while not (gone or self._tails["engine"].ended):
            gone = engine_gone.wait(FLUSH_S)
            self._follow()
        self._wait_for_guard()
        self._close_live()
        killed = None if self._tails["engine"].ended else self._obituary()
        built = build_file(
            self._paths["engine"], self._paths["guard"], self._out, status=killed and "failed", reason=killed
        )
        say(state="finished", file=str(built.file), rows=built.rows, status=built.status)

    def _follow(self) -> None:
        """Read what is new in the journals, and put it into the growing file."""
        self._read_tails()
        if not self._growing:
            self._waiting.clear()
            return
        if shutil.disk_usage(self._out.parent).free < SPACE_LEFT:
            self._warn(f"{self._out}: the disk is nearly full; only the journals are written now")
            return
        try:
            self._write_waiting()
        except (OSError, RuntimeError, StoreError) as error:
            # Nothing more is asked of this HDF5 file, not even to close: the journals have everything.
            self._growing = False
            self._warn(f"{self._out}: HDF5 cannot write ({error}); only the journals are written now")

    def _read_tails(self) -> None:
        for role, tail in self._tails.items():
            part = tail.poll()
            self._meta = self._meta if part.meta is None else part.meta
            self._declared += [(role, spec) for spec in part.channels]
            if part.rows or part.events:
                self._waiting.append((role, part))

    def _write_waiting(self) -> None:
        if self._meta is None or not self._declared:
            return
        if self._live is not None and not all(self._live.knows(role, spec) for role, spec in self._declared):
            self._start_over()
        if self._live is None:
            origin_ns = int(self._meta.get("origin_ns", 0))
            self._live = create_live(self._out, self._meta, origin_ns, self._declared)
            say(state="writing")
        for role, part in self._waiting:
            self._live.add(role, part)
        self._waiting.clear()

    def _start_over(self) -> None:
        """A channel was declared late (the guard begins after the engine): begin a new growing file."""
        if self._live is not None:
            self._live.close()
        self._live = None
        self._waiting.clear()
        self._declared.clear()
        self._tails = {role: JournalTail(path, role) for role, path in self._paths.items()}
        self._read_tails()

    def _wait_for_guard(self) -> None:
        """Wait until the guard has closed its journal, is dead, or had enough time."""
        deadline = self._clock.now_ns() + round(self._guard_wait * NS)
        while self._clock.now_ns() < deadline:
            locked = is_locked(self._paths["guard"])
            self._follow()
            if self._tails["guard"].ended or not locked:
                return
            self._clock.wait_until(self._clock.now_ns() + round(LOOK_S * NS))

    def _close_live(self) -> None:
        """Close the growing file where HDF5 can still be trusted (Windows cannot replace an open file)."""
        if self._live is not None and self._growing:
            with contextlib.suppress(OSError, RuntimeError):
                self._live.close()

    def _obituary(self) -> str:
        """The reason of a run whose engine died."""
        guard, path = self._tails["guard"], self._paths["guard"]
        if guard.ended:
            return f"{KILLED}; the guard switched the field off and closed its journal"
        if not path.exists():
            return f"{KILLED}; it had no guard: no supply was armed"
        if is_locked(path):
            return f"{KILLED}; the guard was still busy {self._guard_wait:g} s later: see its messages"
        return f"{KILLED}; the guard ended without closing its journal: CHECK THAT THE SUPPLY IS OFF"

    def _warn(self, text: str) -> None:
        if text != self._warning:
            self._warning = text
            say(state="writing", warning=text)


def say(**message: Any) -> None:
    """Write one line for the engine; when it is dead nobody listens, and that is no reason to stop."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(message).encode() + b"\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the recorder; returns its exit code."""
    parser = argparse.ArgumentParser(description="Write a run file from its journals.")
    parser.add_argument("journal", type=Path)
    parser.add_argument("guard_journal", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--guard-wait", type=float, default=GUARD_WAIT_S, metavar="S")
    options = parser.parse_args(arguments)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    engine_gone = threading.Event()
    threading.Thread(target=_watch_engine, args=(engine_gone,), daemon=True).start()
    try:
        with _alone(options.out.with_suffix(RECORDER)):
            Recorder(options.journal, options.guard_journal, options.out, options.guard_wait).run(engine_gone)
    except (AmfdaqError, OSError) as error:
        say(state="error", message=str(error))
        return 3
    return 0


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the recorder lock of a run: recovery leaves the run alone, and there is no second recorder."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise StoreError(f"{path}: cannot be created: {error.strerror}") from error
    try:
        if not lock(fd, wait=False):
            raise StoreError(f"{path}: another recorder writes this run")
        yield
    finally:
        os.close(fd)
    with contextlib.suppress(OSError):
        path.unlink()


def _watch_engine(engine_gone: threading.Event) -> None:
    """Set the event when standard input ends: the engine closed it, or died."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    engine_gone.set()


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # HDF5's own clean-up at exit would crash on a file that it could not write
