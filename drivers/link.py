r"""The one seam between drivers and wires: `open_link` gives a `Link`, whatever the wire is.

A link writes bytes and reads them up to a terminator or a count, each call within its own time, and says in
one sentence what went wrong: `LinkTimeout` (asking again may help) or `LinkLost` (it has to be opened again).
Drivers flush stale input before every request, so that a late reply is never taken for the next one;
`drivers.session` does that for them.

For tests, `FunctionLink` is a link whose instrument is a Python function::

    def instrument(sent: bytes) -> bytes:
        return b"THURLBY THANDAR, QPX1200SP, 1, 1.0\r\n" if sent == b"*IDN?\r\n" else b""

    link = FunctionLink(instrument)
    link.write(b"*IDN?\r\n")
    assert link.read_until(b"\n").startswith(b"THURLBY")

and every driver takes a ``connect`` argument in place of `link_to`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from amfdaq.errors import LinkLost, LinkTimeout, ReplyError
from drivers.addresses import SerialSettings, parse_address
from drivers.deadline import Deadline
from drivers.transports import FunctionTransport, Opener, Transport, opener_for

CONNECT_TIMEOUT: Final = 1.0  # s; a network instrument answers in milliseconds, a dead host never
_LONGEST_MESSAGE: Final = 4096  # bytes; no instrument here sends lines of more than some hundred
_FACTORY: Final = SerialSettings()


class Link:
    """A wire to one instrument. One thread at a time.

    Args:
        opener: opens the wire.
        name: what the instrument is called in messages.
        address: what the wire is called in messages.
        timeout: default time for a read, s.
    """

    def __init__(self, opener: Opener, *, name: str, address: str, timeout: float) -> None:
        self.name = name
        self.address = address
        self.timeout = timeout
        self._opener = opener
        self._transport: Transport | None = None
        self._limit: Deadline | None = None
        self._input = bytearray()
        self._sent = b""
        self._torn = False
        self._openings = 0

    @property
    def openings(self) -> int:
        """How often the wire has been opened."""
        return self._openings

    @property
    def is_open(self) -> bool:
        """Whether the wire is open, as far as known."""
        return self._transport is not None

    @property
    def torn(self) -> bool:
        """Whether the last write failed half-way, so that a fragment may stand before the next message."""
        return self._torn

    @property
    def pending(self) -> int:
        """Bytes that have been received and not yet read."""
        return len(self._input)

    def open(self, connect_timeout: float = CONNECT_TIMEOUT) -> None:
        """Open the wire, unless it is open.

        Raises:
            LinkLost: it cannot be opened.
        """
        if self._transport is not None:
            return
        self._input.clear()
        self._sent = b""
        self._torn = False
        try:
            self._transport = self._opener(min(connect_timeout, self._time_left()))
        except OSError as error:
            raise LinkLost(
                f"{self._who} cannot be opened: {error}; check the address, the cable, and that no other "
                "program uses it"
            ) from error
        self._openings += 1

    def reopen(self, connect_timeout: float = CONNECT_TIMEOUT) -> None:
        """Close and open the wire.

        Raises:
            LinkLost: it cannot be opened.
        """
        self.close()
        self.open(connect_timeout)

    def close(self) -> None:
        """Close the wire; never raises, sends nothing, may be called twice."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            LinkTimeout: the wire did not take them (a part may have gone out).
            LinkLost: the wire is gone.
        """
        transport = self._require()
        self._sent = data
        try:
            transport.send(data)
            self._torn = False
        except TimeoutError as error:
            self._torn = True
            raise LinkTimeout(
                f"{self._who} does not take {show(data)}: check the cable and the flow control"
            ) from error
        except OSError as error:
            raise self._lost(error) from error

    def read_until(self, terminator: bytes = b"\n", *, timeout: float | None = None) -> bytes:
        """Read one message.

        Returns:
            the message without its terminator.

        Raises:
            LinkTimeout: it did not come, or not completely.
            LinkLost: the wire is gone.
            ReplyError: bytes come without end and without terminator.
        """
        deadline = self._deadline(timeout)
        while (end := self._input.find(terminator)) < 0:
            if len(self._input) > _LONGEST_MESSAGE:
                raise ReplyError(
                    f"{self._who} sends {len(self._input)} bytes without an end: check the serial settings"
                )
            self._wait(deadline)
        return self._take(end, len(terminator))

    def read_exactly(self, count: int, *, timeout: float | None = None) -> bytes:
        """Read a number of bytes.

        Raises:
            LinkTimeout: fewer came; they stay readable.
            LinkLost: the wire is gone.
        """
        deadline = self._deadline(timeout)
        while len(self._input) < count:
            self._wait(deadline)
        return self._take(count)

    def read_available(self, duration: float) -> bytes:
        """Everything that has arrived or arrives within a duration in s.

        Raises:
            LinkLost: the wire is gone.
        """
        deadline = self._deadline(duration)
        while self._receive(deadline.left()):
            if len(self._input) > _LONGEST_MESSAGE:
                break  # somebody talks without end; the caller will find that it makes no sense
        return self._take(len(self._input))

    def flush_input(self, quiet: float = 0.0) -> bytes:
        """Throw away stale bytes.

        Args:
            quiet: go on until nothing has come for so long, s, but at most ten times as long.

        Returns:
            what was thrown away.

        Raises:
            LinkLost: the wire is gone.
        """
        limit = self._deadline(max(10 * quiet, 0.02))
        while self._receive(quiet) and limit.left():
            continue
        return self._take(len(self._input))

    @contextmanager
    def hurry(self, timeout: float, limit: Deadline) -> Iterator[None]:
        """For a while, allow less time for a read, and let all reads and openings together end by a limit."""
        before = self.timeout
        self.timeout, self._limit = min(before, timeout), limit
        try:
            yield
        finally:
            self.timeout, self._limit = before, None

    def _time_left(self) -> float:
        return math.inf if self._limit is None else self._limit.left()

    def _deadline(self, timeout: float | None) -> Deadline:
        return Deadline(min(self.timeout if timeout is None else timeout, self._time_left()))

    @property
    def _who(self) -> str:
        return f"{self.name} ({self.address})"

    def _require(self) -> Transport:
        if self._transport is None:
            raise LinkLost(f"{self._who} is not open: it is opened again with the next attempt")
        return self._transport

    def _take(self, count: int, skip: int = 0) -> bytes:
        data = bytes(self._input[:count])
        del self._input[: count + skip]
        return data

    def _receive(self, timeout: float) -> bool:
        try:
            data = self._require().receive(timeout)
        except OSError as error:
            raise self._lost(error) from error
        self._input += data
        return bool(data)

    def _wait(self, deadline: Deadline) -> None:
        """Wait for more bytes; what has already arrived counts even when the time is over."""
        if not self._receive(deadline.left()):
            raise self._timed_out()

    def _lost(self, error: OSError) -> LinkLost:
        self.close()
        return LinkLost(
            f"{self._who} is lost{self._after}: {error}; check the cable and that it is switched on"
        )

    def _timed_out(self) -> LinkTimeout:
        got = f"only {show(bytes(self._input))}" if self._input else "nothing"
        return LinkTimeout(
            f"{self._who} sent {got} in time{self._after}: check that it is switched on, the cable and the "
            "serial settings"
        )

    @property
    def _after(self) -> str:
        return f" after {show(self._sent)}" if self._sent else ""


class FunctionLink(Link):
    """A link whose instrument is a Python function; see the head of this file.

    Args:
        handler: gets the bytes of each write and returns what the instrument sends back; may raise OSError.
        name: what the instrument is called in messages.
        timeout: taken for the sake of the signature; a function answers at once or never.
    """

    def __init__(
        self, handler: Callable[[bytes], bytes], *, name: str = "function", timeout: float = 0.3
    ) -> None:
        super().__init__(
            lambda _: FunctionTransport(handler), name=name, address="a function", timeout=timeout
        )
        self.open()


class Connect(Protocol):
    """What drivers call to get a link that is not open yet: `link_to`, or something like it in tests."""

    def __call__(
        self, address: str, *, name: str, timeout: float, serial: SerialSettings, tcp_port: int | None
    ) -> Link:
        """Make the link."""
        ...


def link_to(
    address: str,
    *,
    name: str = "instrument",
    timeout: float = 0.3,
    serial: SerialSettings = _FACTORY,
    tcp_port: int | None = None,
) -> Link:
    """A link that is not open yet.

    Args:
        address: as described in `drivers.addresses`.
        name: what the instrument is called in messages.
        timeout: default time for a read, s.
        serial: settings of a serial line that the address does not give.
        tcp_port: port of a ``tcp://`` address that gives none.

    Raises:
        BadInput: it is not an address.
    """
    parsed = parse_address(address, serial=serial, tcp_port=tcp_port)
    return Link(opener_for(parsed), name=name, address=address, timeout=timeout)


def open_link(
    address: str,
    *,
    name: str = "instrument",
    timeout: float = 0.3,
    connect_timeout: float = CONNECT_TIMEOUT,
    serial: SerialSettings = _FACTORY,
    tcp_port: int | None = None,
) -> Link:
    """An open link; `link_to` and ``open`` in one.

    Raises:
        BadInput: it is not an address.
        LinkLost: it cannot be opened.
    """
    link = link_to(address, name=name, timeout=timeout, serial=serial, tcp_port=tcp_port)
    link.open(connect_timeout)
    return link


def show(data: bytes) -> str:
    """Bytes for a message: quoted where they are text, hex pairs otherwise; long data is cut."""
    text = data[:60].decode("latin-1").rstrip("\r\n")
    tail = " ..." if len(data) > 60 else ""
    if text and text.isascii() and text.isprintable():
        return f'"{text}"{tail}'
    return data[:60].hex(" ").upper() + tail
