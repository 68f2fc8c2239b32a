"""Which guards own which supplies on this machine, so that ``amfdaq off`` can tell them.

A guard that holds a serial port lets nobody else in. It leaves a note with the addresses it owns and keeps it locked while it
lives; whoever wants the supply off asks the guard (SIGTERM), which switches off, writes it down and lets go.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

from amfdaq.clock import NS, SystemClock
from amfdaq.store.files import is_locked, lock

LET_GO_S = 4.0  # real seconds; switching off a supply that hangs takes up to 2.5 s


def register(options: dict[str, Any]) -> Path | None:
    """Note that this process owns the addresses in the options of a driver; None where no note can be left.

    The note stays locked until the process ends, however it ends.
    """
    try:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{os.getpid()}.json"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        lock(fd, wait=False)
        os.write(fd, json.dumps({"pid": os.getpid(), "addresses": sorted(addresses(options))}).encode())
    except OSError:
        return None  # a full or read-only temporary folder must not keep a guard from working
    return path


def addresses(options: dict[str, Any]) -> set[str]:
    """Every link address in the options of a driver."""
    return {value for value in options.values() if isinstance(value, str) and "://" in value}


def owners_of(options: dict[str, Any]) -> list[int]:
    """Processes of living guards that own one of the addresses in the options of a driver."""
    wanted, found = addresses(options), []
    for path in sorted(_folder().glob("*.json")):
        try:
            note = json.loads(path.read_text(encoding="utf-8"))
            if not is_locked(path):
                path.unlink(missing_ok=True)  # its guard is dead
            elif wanted & set(note["addresses"]):
                found.append(int(note["pid"]))
        except (OSError, ValueError, KeyError):
            continue  # a note of another user, or one that is just being written or removed
    return found


def tell_guards_of(options: dict[str, Any]) -> list[int]:
    """Tell every living guard that owns one of these addresses to switch off, and wait until it has let go.

    Args:
        options: of the driver of the supply, as plain data.

    Returns:
        the processes that were told.
    """
    told = []
    for pid in owners_of(options):
        with contextlib.suppress(OSError):  # it has just ended by itself
            os.kill(pid, signal.SIGTERM)
            told.append(pid)
    wall = SystemClock()
    until = wall.now_ns() + round(LET_GO_S * NS)
    while told and wall.now_ns() < until and any(is_locked(_folder() / f"{pid}.json") for pid in told):
        wall.wait_until(wall.now_ns() + NS // 50)
    return told


def forget(path: Path | None) -> None:
    """Remove the note of this process."""
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink()


def _folder() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"amfdaq-guards-{user}"
