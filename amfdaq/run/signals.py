"""Ctrl-C, SIGTERM and a closed terminal end a run in order: field off, file closed. A second Ctrl-C is emergency off."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amfdaq.run.engine import Engine

_WORDS = {
    "SIGINT": "stopped from the keyboard (Ctrl-C)",
    "SIGTERM": "stopped by a signal (SIGTERM)",
    "SIGHUP": "the terminal was closed",
}


@contextmanager
def stop_on_signals(engine: Engine) -> Iterator[None]:
    """While the block runs, signals of the terminal abort the engine's run; only the main thread can catch them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen = 0

    def handler(number: int, frame: object) -> None:
        nonlocal seen
        del frame
        seen += 1
        if seen == 1:
            engine.abort(_WORDS.get(signal.Signals(number).name, "stopped by a signal"))
        else:
            engine.emergency_off()

    previous = {}
    for name in _WORDS:
        if hasattr(signal, name):
            number = getattr(signal, name)
            previous[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
