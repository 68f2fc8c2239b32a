"""Instruments at the other end of a real wire: a thread that answers on a pty or on a TCP socket."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
import tty
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

Part = bytes | float | None  # send bytes; wait some seconds; hang up
Answer = Callable[[bytes], Iterable[Part]]


def _line(buffer: bytearray) -> int:
    """Length of the first complete line."""
    return buffer.find(b"\n") + 1


def _modbus(buffer: bytearray) -> int:
    """A request of function 3 has eight bytes."""
    return 8 if len(buffer) >= 8 else 0


class Peer:
    """Answers each complete request with the parts that ``answer`` gives for it; keeps what came, and when."""

    def __init__(self, answer: Answer, complete: Callable[[bytearray], int]) -> None:
        self.answer = answer
        self.received: list[bytes] = []
        self.times: list[float] = []
        self.connections = 0
        self.trouble: list[BaseException] = []
        self.address = ""
        self._complete = complete
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stop.set()

    def stop(self) -> None:
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._serve()
        except BaseException as error:  # noqa: BLE001 - handed to the test, which fails with it
            self.trouble.append(error)

    def _serve(self) -> None:
        raise NotImplementedError

    def _talk(self, fd: int, send: Callable[[bytes], object]) -> None:
        """Until the other side hangs up, or an answer says so."""
        buffer = bytearray()
        while not self._stop.is_set():
            if not select.select([fd], [], [], 0.02)[0]:
                continue
            try:
                data = os.read(fd, 4096)
            except OSError:
                return
            if not data:
                return
            buffer += data
            while length := self._complete(buffer):
                request = bytes(buffer[:length])
                del buffer[:length]
                self.received.append(request)
                self.times.append(time.monotonic())
                for part in self.answer(request):
                    if part is None:
                        return
                    if isinstance(part, bytes):
                        send(part)
                    else:
                        self._stop.wait(part)


class TcpPeer(Peer):
    def __init__(self, answer: Answer, complete: Callable[[bytearray], int]) -> None:
        super().__init__(answer, complete)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.02)
        self.address = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"

    def _serve(self) -> None:
        try:
            connection, _ = self._server.accept()
        except TimeoutError:
            return
        self.connections += 1
        with connection, contextlib.suppress(ConnectionError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._talk(connection.fileno(), connection.sendall)

    def stop(self) -> None:
        super().stop()
        self._server.close()


class PtyPeer(Peer):
    """A serial port that vanishes when an answer hangs up, and is there again under its name at once."""

    def __init__(self, answer: Answer, complete: Callable[[bytearray], int], name: Path) -> None:
        super().__init__(answer, complete)
        self._name = name
        self.address = f"serial://{name}"
        self._plug_in()

    def _plug_in(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._name.unlink(missing_ok=True)
        self._name.symlink_to(os.ttyname(self._slave))
        self.connections += 1

    def _unplug(self) -> None:
        self._name.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)

    def _serve(self) -> None:
        self._talk(self._master, lambda data: os.write(self._master, data))
        if not self._stop.is_set():
            self._unplug()
            self._plug_in()

    def stop(self) -> None:
        super().stop()
        self._unplug()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Peer]]:
    """``serve(answer, wire="tcp" or "pty", frame="line" or "modbus")`` starts a peer; what went wrong in it fails the test."""
    peers: list[Peer] = []

    def start(answer: Answer, *, wire: str = "tcp", frame: str = "line") -> Peer:
        complete = {"line": _line, "modbus": _modbus}[frame]
        peer = (
            TcpPeer(answer, complete)
            if wire == "tcp"
            else PtyPeer(answer, complete, tmp_path / f"tty{len(peers)}")
        )
        peers.append(peer)
        peer.start()
        return peer

    yield start
    for peer in peers:
        peer.ask_to_stop()
    for peer in peers:
        peer.stop()
    for peer in peers:
        for error in peer.trouble:
            raise error


@pytest.fixture
def script() -> Callable[..., Answer]:
    """``script((request, part, ...), ...)``: these requests in this order and no other, each with its answer."""

    def make(*steps: tuple[Part, ...]) -> Answer:
        left = list(steps)

        def answer(request: bytes) -> Iterable[Part]:
            assert left, f"nothing more was expected, but {request!r} came"
            expected, *parts = left.pop(0)
            assert request == expected
            return parts

        return answer

    return make
