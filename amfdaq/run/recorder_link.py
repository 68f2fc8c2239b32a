"""The engine's side of the recorder: start it, start it again when it dies, wait for the finished file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from amfdaq.errors import StoreError
from amfdaq.run.guard_link import detached

MAX_RESTARTS = 5


class RecorderLink:
    """A running recorder; its death never stops a run, because the journal is the truth.

    Args:
        journal: of the engine.
        guard_journal: of the guard.
        out: the run file to write.
    """

    def __init__(self, journal: Path, guard_journal: Path, out: Path) -> None:
        self._arguments = [str(journal), str(guard_journal), str(out)]
        self.restarts = 0
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Process number of the recorder."""
        return self._process.pid

    def keep_alive(self) -> str | None:
        """Start a dead recorder again; a sentence for the record when that happened, else None."""
        code = self._process.poll()
        if code is None or self.restarts >= MAX_RESTARTS:
            return None
        self.restarts += 1
        self._release()
        self._process = self._start()
        return f"the recorder ended unexpectedly (code {code}) and was started again ({self.restarts} of {MAX_RESTARTS})"

    def finish(self, timeout: float) -> None:
        """Wait until the file is finished.

        Raises:
            StoreError: it could not be finished in time; the journals are still there.
        """
        output = self._finished(timeout)
        if (
            self._process.returncode != 0
        ):  # it had died, perhaps long ago: the journals are closed now, so once more
            self._process = self._start()
            output = self._finished(timeout)
        if self._process.returncode != 0:
            raise StoreError(
                f"{self._arguments[2]} could not be finished ({_last_message(output)}); the journals hold every "
                "sample: run amfdaq recover on the folder"
            )

    def _finished(self, timeout: float) -> bytes:
        try:
            output, _ = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise StoreError(
                f"{self._arguments[2]} was not finished within {timeout:g} s; the journals hold every sample: "
                "run amfdaq recover on the folder"
            ) from None
        return output

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "amfdaq.store.recorder", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            **detached(),
        )

    def _release(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def _last_message(output: bytes) -> str:
    for line in reversed(output.splitlines()):
        try:
            return str(json.loads(line).get("message", "no message"))
        except ValueError:
            continue
    return "it said nothing"
