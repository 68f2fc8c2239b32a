"""A real bench process and plain byte-level clients for it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Wire:
    """Bytes out, bytes in, on a socket or a file descriptor of a terminal."""

    def __init__(
        self, send: Callable[[bytes], Any], read: Callable[[float], bytes], close: Callable[[], Any]
    ) -> None:
        self.send = send
        self.read = read
        self.close = close

    def ask(self, request: bytes, size: int, timeout: float = 2.0) -> bytes:
        """Send, then read until ``size`` bytes are there or the time is over."""
        self.send(request)
        return self.take(size, timeout)

    def take(self, size: int, timeout: float = 2.0) -> bytes:
        data, end = b"", time.monotonic() + timeout
        while len(data) < size and (left := end - time.monotonic()) > 0.0:
            data += self.read(left)
        return data

    def line(self, command: str, timeout: float = 2.0) -> str:
        """A text query: the answer without its CR LF, which must be there."""
        self.send(command.encode() + b"\r\n")
        data, end = b"", time.monotonic() + timeout
        while not data.endswith(b"\r\n") and (left := end - time.monotonic()) > 0.0:
            data += self.read(left)
        assert data.endswith(b"\r\n"), data
        return data[:-2].decode()

    def quiet(self, seconds: float = 0.15) -> bool:
        """Whether nothing arrives for a while."""
        return self.take(1, seconds) == b""


def tcp_wire(address: str) -> Wire:
    host, port = address.removeprefix("tcp://").split(":")
    sock = socket.create_connection((host, int(port)), timeout=5.0)

    def read(timeout: float) -> bytes:
        sock.settimeout(max(timeout, 1e-3))
        with contextlib.suppress(TimeoutError):
            data = sock.recv(4096)
            if not data:
                raise ConnectionResetError("the bench has closed the connection")
            return data
        return b""

    return Wire(sock.sendall, read, sock.close)


def pty_wire(address: str) -> Wire:
    import select
    import termios

    fd = os.open(address.removeprefix("serial://"), os.O_RDWR | os.O_NOCTTY)
    termios.tcflush(fd, termios.TCIOFLUSH)  # as every serial client does first

    def read(timeout: float) -> bytes:
        ready, _, _ = select.select([fd], [], [], timeout)
        return os.read(fd, 4096) if ready else b""

    return Wire(lambda data: os.write(fd, data), read, lambda: os.close(fd))


class BenchProcess:
    """A running bench with its start line."""

    def __init__(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "mocks", *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline() or b"{}")
        self._wires: list[Wire] = []
        self._control: Wire | None = None

    def control(self, cmd: str, **fields: Any) -> dict[str, Any]:
        """One request on the control port."""
        if self._control is None:
            self._control = self._keep(tcp_wire(self.ready["control"]))
        self._control.send(json.dumps({"cmd": cmd, **fields}).encode() + b"\n")
        data = b""
        while not data.endswith(b"\n"):
            piece = self._control.read(5.0)
            assert piece, "no answer on the control port"
            data += piece
        document: dict[str, Any] = json.loads(data)
        return document

    def fault(self, device: str, kind: str, **fields: Any) -> None:
        assert self.control("fault", device=device, kind=kind, **fields) == {"ok": True}

    def tcp(self, device: str) -> Wire:
        """A new TCP client."""
        return self._keep(tcp_wire(self.ready[device]["tcp"]))

    def pty(self, device: str) -> Wire:
        """A new client on the pseudo-terminal of now."""
        return self._keep(pty_wire(self.control("addresses")[device]["serial"]))

    def wire(self, device: str, link: str) -> Wire:
        return self.tcp(device) if link == "tcp" else self.pty(device)

    def field_on(self, current: float = 14.1) -> Wire:
        """Switch the field on as a laboratory would; returns the client of the supply."""
        generator, psu = self.tcp("generator"), self.tcp("psu")
        generator.send(b"WAVFREQ 265000\nAMPUNIT VPP;AMPL 5\nWAVE SQUARE\nOUTPUT ON\n")
        assert generator.line("EER?") == "0"  # it drives before the supply comes on
        psu.send(f"V1 39\nI1 {current}\nOP1 1\n".encode())
        assert psu.line("EER?") == "0"
        return psu

    def end(self) -> tuple[int, str]:
        """Stop it by SIGTERM if it runs; returns exit code and standard error."""
        self.drop_wires()
        if self.process.poll() is None:
            self.process.terminate()
        out, err = self.process.communicate(timeout=5.0)
        assert out == b"", "more than the start line on standard output"
        return self.process.returncode, err.decode()

    def drop_wires(self) -> None:
        """Close every client."""
        for wire in self._wires:
            with contextlib.suppress(OSError):
                wire.close()
        self._wires.clear()
        self._control = None

    def _keep(self, wire: Wire) -> Wire:
        self._wires.append(wire)
        return wire


@pytest.fixture
def start_bench() -> Iterator[Callable[..., BenchProcess]]:
    """Start benches; each must end cleanly and in silence, unless the test has ended it itself."""
    started: list[BenchProcess] = []

    def start(*arguments: str, stdin: int = subprocess.DEVNULL) -> BenchProcess:
        started.append(BenchProcess(*arguments, stdin=stdin))
        return started[-1]

    yield start
    for bench in started:
        if not bench.process.stdout or not bench.process.stdout.closed:
            assert bench.end() == (0, "")


@pytest.fixture(scope="session")
def running_bench() -> Iterator[BenchProcess]:
    """The built-in bench in real time, for all tests that take it as they find it after a power cycle."""
    bench = BenchProcess()
    yield bench
    assert bench.end() == (0, "")


@pytest.fixture
def bench(running_bench: BenchProcess) -> BenchProcess:
    """The running bench, whole again: no faults, nothing forced, every instrument freshly powered."""
    running_bench.drop_wires()
    running_bench.control("clear")
    running_bench.control("force", temperature_C=None)
    for device in ("psu", "generator"):
        for on in (False, True):
            assert running_bench.control("power", device=device, on=on) == {"ok": True}
    return running_bench
