"""The links: TCP ports and pseudo-terminals, each with its own threads, all speaking to a `Conversation`."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
from typing import TYPE_CHECKING

from mocks import faults as kinds
from mocks.errors import StartError
from mocks.wire import Conversation, HangUpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mocks.wire import Device

    Talk = Callable[[str, Callable[[bytes], None]], Conversation]

CHUNK = 4096


class TcpEndpoint:
    """A device on a TCP port of this machine; any number of clients at a time, each in its own thread.

    Args:
        device: Asked whether it takes connections now.
        talk: Opens a conversation on a new connection.
        port: 0 takes a free one.

    Raises:
        StartError: The port is taken.
    """

    def __init__(self, device: Device, talk: Talk, port: int = 0) -> None:
        self._device = device
        self._talk = talk
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if sys.platform != "win32":  # there the option would let two benches share a port
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", port))
        except OSError as error:
            self._listener.close()
            raise StartError(
                f"{device.name}: TCP port {port} is not available ({error.strerror}); "
                "choose another one, or 0 for a free one."
            ) from error
        self._listener.listen(16)
        self.port: int = self._listener.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to accept clients."""
        threading.Thread(target=self._accept, name=f"{self._device.name} tcp", daemon=True).start()

    def hang_up(self) -> None:
        """Close all connections; the port stays."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):  # the peer may have gone first
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the port and all connections."""
        with contextlib.suppress(OSError):  # a listening socket cannot be shut down on every system
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self._listener.accept()
            except OSError:
                return  # closed by close()
            if not self._device.powered or self._device.faults.take(frozenset({kinds.DISCONNECT})):
                connection.close()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.add(connection)
            name = f"tcp:{peer[1]}"
            threading.Thread(target=self._serve, args=(connection, name), name=name, daemon=True).start()

    def _serve(self, connection: socket.socket, name: str) -> None:
        conversation = self._talk(name, connection.sendall)
        # a client that dies, even in the middle of a command, ends its own connection and nothing else
        with connection, contextlib.suppress(OSError, HangUpError):
            while chunk := connection.recv(CHUNK):
                conversation.receive(chunk)
        with self._lock:
            self._connections.discard(connection)
        conversation.close()


class PtyEndpoint:
    """A device on a pseudo-terminal in raw mode, which a client opens like a serial port.

    One end of it stays open here, so that clients may come and go. After a hang-up (a pulled USB cable) the
    port is gone; it comes back, perhaps under another name, with `refresh`.

    Args:
        device: For its name and its faults.
        talk: Opens a conversation each time the port appears.
    """

    def __init__(self, device: Device, talk: Talk) -> None:
        self._device = device
        self._talk = talk
        self._lock = threading.Lock()
        self._fds: tuple[int, int] | None = None
        self._wake = os.pipe()
        self.address = ""

    def start(self) -> None:
        """Create the port and begin to listen on it."""
        import tty

        with self._lock:
            if self._fds is not None:
                return
            ours, theirs = os.openpty()
            tty.setraw(theirs)
            os.set_blocking(ours, False)
            self._fds = (ours, theirs)
            self.address = f"serial://{os.ttyname(theirs)}"
        threading.Thread(
            target=self._serve, args=(ours,), name=f"{self._device.name} pty", daemon=True
        ).start()

    def refresh(self) -> None:
        """Bring the port back when nothing keeps it away any more."""
        if self._fds is None and self._device.powered and not self._device.faults.has(kinds.DISCONNECT):
            self.start()

    def hang_up(self) -> None:
        """The port disappears under its client."""
        with self._lock:
            if self._fds is not None:
                os.write(self._wake[1], b"x")  # the thread that reads it also closes it

    def close(self) -> None:
        """End the thread of this port."""
        self.hang_up()

    def _serve(self, ours: int) -> None:
        conversation = self._talk("pty", lambda data: self._write(ours, data))
        with contextlib.suppress(OSError, HangUpError):
            while True:
                readable, _, _ = select.select([ours, self._wake[0]], [], [])
                if self._wake[0] in readable:
                    os.read(self._wake[0], CHUNK)
                    break
                conversation.receive(os.read(ours, CHUNK))
        with self._lock:
            if self._fds is not None:
                for fd in self._fds:
                    os.close(fd)
            self._fds = None
        conversation.close()

    @staticmethod
    def _write(ours: int, data: bytes) -> None:
        # nobody reads and the buffer is full: a serial line loses bytes as well
        with contextlib.suppress(BlockingIOError):
            os.write(ours, data)
