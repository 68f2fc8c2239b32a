"""What the store asks of the file system: locks that die with their process, files whole or absent."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from amfdaq.errors import StoreError

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 40  # a lock there never covers bytes that somebody reads

    def _lock(fd: int, *, wait: bool) -> None:
        os.lseek(fd, _FAR, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(fd: int, *, wait: bool) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock(fd: int, *, wait: bool) -> bool:
    """Lock an open file for this process, waiting if asked; False where it could not be had.

    The lock ends when the descriptor is closed, hence also with the death of the process. A child that was
    forked without exec shares it, so amfdaq starts its processes with exec.
    """
    try:
        _lock(fd, wait=wait)
    except OSError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock of a file (False when the file does not exist)."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not lock(fd, wait=False)
    finally:
        os.close(fd)


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the right to finish, recover or extend run files in a folder; waits for whoever holds it.

    Raises:
        StoreError: the folder cannot be opened.
    """
    try:
        if sys.platform == "win32":
            fd = os.open(folder / ".amfdaq.lock", os.O_RDWR | os.O_CREAT)
        else:
            fd = os.open(folder, os.O_RDONLY)  # a folder can be locked itself: nothing is left behind
    except OSError as error:
        raise StoreError(
            f"{folder}: the folder cannot be opened ({error.strerror}): check its permissions"
        ) from error
    try:
        _lock(fd, wait=True)
        yield
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power loss (nothing to do on Windows, which has no such call)."""
    if sys.platform != "win32":
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write all of it, however short the single writes are.

    Raises:
        OSError: the system refused the rest.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_durable(path: Path, data: bytes) -> None:
    """Create a file with this content and force it to the disk; what was there is overwritten.

    Raises:
        StoreError: it could not be written whole; nothing is left of it.
    """
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise StoreError(f"{path}: cannot be written: {advice(error)}") from error


def advice(error: OSError) -> str:
    """What the system said, and what to do about it."""
    import errno

    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "the disk is full; free some space, what was written before is safe"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"{error.strerror}; choose a folder that you may write to"
    return f"{error.strerror}; check the disk and its connection"
