"""The link over real ptys and sockets: terminators, time limits, stale bytes, hang-ups, opening again."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amfdaq.errors import LinkLost, LinkTimeout, ReplyError
from drivers.deadline import Deadline
from drivers.link import FunctionLink, Link, open_link, show

Serve = Callable[..., Any]
Script = Callable[..., Any]
WIRES = pytest.mark.parametrize("wire", ["tcp", "pty"])


def visa_address(address: str) -> str:
    scheme, _, place = address.partition("://")
    if scheme == "tcp":
        host, port = place.split(":")
        return f"visa://TCPIP::{host}::{port}::SOCKET"
    return f"visa://ASRL{place}::INSTR?baud=115200"


@WIRES
def test_messages_end_where_they_end(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(script((b"a\n", b"one\r\ntw", 0.05, b"o\r\n"), (b"b\n", b"\x01\x02\x03\x04\x05")), wire=wire)
    link = open_link(peer.address)
    link.write(b"a\n")
    assert link.read_until(b"\r\n") == b"one"
    assert link.read_until(b"\r\n") == b"two"
    link.write(b"b\n")
    assert link.read_exactly(2) == b"\x01\x02"
    assert link.read_exactly(3) == b"\x03\x04\x05"
    link.close()
    link.close()
    assert not link.is_open


@WIRES
@pytest.mark.parametrize("pause", [0.0, 0.2])
def test_a_visa_link_is_the_same_link(serve: Serve, script: Script, wire: str, pause: float) -> None:
    peer = serve(script((b"a\n", pause, b"one\r\ntwo\r\n"), (b"b\n", b"\x0a\x00\x0d")), wire=wire)
    link = open_link(visa_address(peer.address), timeout=0.5)
    link.write(b"a\n")
    assert link.read_until(b"\r\n") == b"one"
    assert link.flush_input(0.05) == b"two\r\n"
    with pytest.raises(LinkTimeout):
        link.read_exactly(1, timeout=0.05)
    link.write(b"b\n")
    assert link.read_exactly(3) == b"\x0a\x00\x0d"
    link.close()


def test_a_visa_link_to_nobody_is_lost() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(LinkLost):
        open_link(f"visa://TCPIP::127.0.0.1::{port}::SOCKET").write(b"*IDN?\n")
    with pytest.raises(LinkLost, match="cannot be opened"):
        open_link("visa://ASRL/dev/does-not-exist::INSTR")


@WIRES
def test_silence_ends_in_time(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(script((b"a\n",), (b"b\n", b"half")), wire=wire)
    link = open_link(peer.address, name="thermometer", timeout=0.15)
    link.write(b"a\n")
    start = time.monotonic()
    with pytest.raises(LinkTimeout, match=r'thermometer \(.*\) sent nothing in time after "a"'):
        link.read_until(b"\n")
    assert 0.1 < time.monotonic() - start < 0.3
    link.write(b"b\n")
    with pytest.raises(LinkTimeout, match='only "half"'):
        link.read_until(b"\n", timeout=0.1)
    assert link.pending == 4
    link.close()


@WIRES
def test_stale_bytes_are_thrown_away(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(script((b"a\n", 0.1, b"late\n"), (b"b\n", b"now\n")), wire=wire)
    link = open_link(peer.address)
    link.write(b"a\n")
    with pytest.raises(LinkTimeout):
        link.read_until(b"\n", timeout=0.05)
    time.sleep(0.15)
    assert link.flush_input() == b"late\n"
    link.write(b"b\n")
    assert link.read_until(b"\n") == b"now"
    link.close()


@WIRES
def test_waiting_for_quiet_catches_what_trickles_in(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(script((b"a\n", b"1", 0.02, b"2", 0.02, b"3\n")), wire=wire)
    link = open_link(peer.address)
    link.write(b"a\n")
    early = link.read_available(0.01)
    assert early in {b"", b"1", b"12"}
    assert early + link.flush_input(quiet=0.1) == b"123\n"
    link.close()


@WIRES
def test_a_hang_up_is_noticed_at_once_and_the_link_opens_again(
    serve: Serve, script: Script, wire: str
) -> None:
    peer = serve(script((b"a\n", None), (b"b\n", b"back\n")), wire=wire)
    link = open_link(peer.address, timeout=2.0)
    link.write(b"a\n")
    start = time.monotonic()
    with pytest.raises(LinkLost, match="is lost"):
        link.read_until(b"\n")
    assert time.monotonic() - start < 0.3
    assert not link.is_open
    with pytest.raises(LinkLost, match="not open"):
        link.write(b"b\n")
    time.sleep(0.05)
    link.reopen()
    link.write(b"b\n")
    assert link.read_until(b"\n") == b"back"
    assert link.openings == 2
    link.close()


def test_nobody_there_is_a_lost_link(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(LinkLost, match="cannot be opened"):
        open_link(f"tcp://127.0.0.1:{port}")
    with pytest.raises(LinkLost, match="cannot be opened"):
        open_link(f"serial://{tmp_path}/ttyUSB0")


def test_connecting_has_its_own_time_limit() -> None:
    """A server whose queue is full swallows connections; nobody answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        waiting = []
        for _ in range(3):
            extra = socket.socket()
            extra.setblocking(False)
            extra.connect_ex(("127.0.0.1", port))
            waiting.append(extra)
        start = time.monotonic()
        with pytest.raises(LinkLost, match="timed out"):
            open_link(f"tcp://127.0.0.1:{port}", connect_timeout=0.2, timeout=5.0)
        assert time.monotonic() - start < 0.5
        for extra in waiting:
            extra.close()


def test_a_port_that_is_in_use_is_refused(serve: Serve, script: Script) -> None:
    peer = serve(script(), wire="pty")
    link = open_link(peer.address)
    with pytest.raises(LinkLost, match="no other program"):
        open_link(peer.address)
    link.close()
    open_link(peer.address).close()


def fill(link: Link) -> None:
    for _ in range(10_000):
        link.write(bytes(4096))


def test_a_stuck_write_ends_in_time() -> None:
    """The other side takes nothing: the buffers fill, and the write after that does not wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = open_link(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        connection, _ = server.accept()
        start = time.monotonic()
        with pytest.raises(LinkTimeout, match="does not take"):
            fill(link)
        assert time.monotonic() - start < 2.0
        assert link.torn
        link.close()
        connection.close()


def test_a_stuck_serial_write_ends_in_time() -> None:
    master, slave = os.openpty()
    link = open_link(f"serial://{os.ttyname(slave)}")
    start = time.monotonic()
    with pytest.raises(LinkTimeout, match="does not take"):
        fill(link)
    assert time.monotonic() - start < 1.0
    link.close()
    os.close(slave)
    os.close(master)


@WIRES
def test_bytes_without_an_end_are_an_error(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(script((b"a\n", *([b"x" * 500] * 12))), wire=wire)
    link = open_link(peer.address, timeout=1.0)
    link.write(b"a\n")
    with pytest.raises(ReplyError, match="without an end"):
        link.read_until(b"\n")
    link.close()


@WIRES
def test_in_a_hurry_everything_together_has_one_limit(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(script((b"a\n",)), wire=wire)
    link = open_link(peer.address, timeout=5.0)
    start = time.monotonic()
    with link.hurry(0.1, Deadline(0.25)):
        link.write(b"a\n")
        for _ in range(5):
            with pytest.raises(LinkTimeout):
                link.read_until(b"\n", timeout=0.1)
    assert time.monotonic() - start < 0.4
    assert link.timeout == 5.0
    link.close()


def test_a_function_can_be_the_instrument() -> None:
    def instrument(sent: bytes) -> bytes:
        if sent == b"break\n":
            raise OSError("unplugged")
        return sent.upper()

    link = FunctionLink(instrument)
    link.write(b"abc\n")
    assert link.read_until(b"\n") == b"ABC"
    with pytest.raises(LinkTimeout):
        link.read_exactly(1)
    with pytest.raises(LinkLost, match="unplugged"):
        link.write(b"break\n")
    assert not link.is_open


def test_bytes_are_shown_as_what_they_are() -> None:
    assert show(b"OP1?\r\n") == '"OP1?"'
    assert show(bytes.fromhex("F7 03 10")) == "F7 03 10"
    assert show(b"a" * 100) == '"' + "a" * 60 + '" ...'
    assert show(b"\r\n") == "0D 0A"
