"""Progress on the terminal: one line that is rewritten, or one line every few seconds where there is no terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

from amfdaq.quantity import format_pm

if TYPE_CHECKING:
    from amfdaq.run.acquire import Acquired
    from amfdaq.run.live import Progress

QUIET_PERIOD_S = 5.0


class Terminal:
    """Shows a run on stderr; a context manager that leaves the cursor on a fresh line.

    Args:
        quiet: show nothing but messages.
        stream: where to write; stderr by default.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = quiet
        self._tty = self._stream.isatty()
        self._width = 0
        self._next = 0.0
        self._last_step = ("", 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self._clear()

    def show(self, progress: Progress) -> None:
        """Observer of the engine."""
        if progress.message:
            self._clear()
            self._write(f"  ! {progress.message}\n")
        if self._quiet:
            return
        line = describe(progress)
        if self._tty:
            self._write("\r" + line + " " * max(0, self._width - len(line)))
            self._width = len(line)
            return
        step = (progress.label, progress.step_number)
        if step != self._last_step or time.monotonic() >= self._next:
            self._last_step, self._next = step, time.monotonic() + QUIET_PERIOD_S
            self._write(line + "\n")

    def finished(self, item: Acquired) -> None:
        """A run is over."""
        self._clear()
        if not self._quiet:
            self._write(f"  {item.outcome.file.name}: {item.outcome.status}\n")

    def _clear(self) -> None:
        if self._tty and self._width:
            self._write("\r" + " " * self._width + "\r")
            self._width = 0

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def describe(progress: Progress) -> str:
    """One line: state of the field, step, temperature, field, live SAR, time left."""
    arming = "arming   " if progress.step == "heat" else "field off"
    state = "FIELD ON " if progress.field_on else arming
    parts = [
        state,
        f"{progress.step} {progress.step_number}/{progress.steps}",
        "--.-- degC" if progress.temperature != progress.temperature else f"{progress.temperature:6.2f} degC",
    ]
    if progress.field_on:
        parts.append(f"{progress.field / 1e3:5.2f} kA/m")
    if progress.sar is not None:
        parts.append(f"SAR so far {format_pm(*progress.sar)} W/g")
    elif progress.rate is not None:
        parts.append(f"{format_pm(progress.rate[0] * 1e3, progress.rate[1] * 1e3)} mK/s")
    minutes, seconds = divmod(round(progress.remaining), 60)
    parts.append(f"{minutes}:{seconds:02d} left")
    label = f"{progress.label}: " if progress.label else ""
    return label + "  ".join(parts)
