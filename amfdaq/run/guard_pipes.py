"""The guard's ends of the pipes to the engine; neither a hung nor a dead engine may block the guard."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from typing import Any

from amfdaq.run import messages


class Outbox:
    """Writes messages to the engine from a thread of its own: a hung engine fills the pipe, and must not block the guard."""

    LIMIT = 1000  # messages waiting; beyond that the engine hangs and they are dropped

    def __init__(self) -> None:
        self._queue: queue.Queue[bytes | None] = queue.Queue(self.LIMIT)
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def send(self, line: bytes) -> None:
        """Queue one message; never waits."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(line)

    def close(self, timeout: float = 1.0) -> None:
        """Give the last messages a moment to leave."""
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (line := self._queue.get()) is not None:
            try:
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()
            except OSError:
                return  # the engine is gone; end of file says so on the other pipe


def read_engine(inbox: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    """Put every message of the engine into the inbox, and None at the end of file."""
    for line in sys.stdin.buffer:
        try:
            inbox.put(messages.decode(line))
        except ValueError:
            break  # a torn line: the engine died while writing it
    inbox.put(None)
