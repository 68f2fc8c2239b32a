"""The wires under a link: TCP socket, serial port, VISA resource, and a Python function.

A transport moves bytes and knows nothing else. It reports trouble as ``OSError`` (``TimeoutError`` for a
write that did not get out in time); the link turns that into the errors of amfdaq and adds who, where and
what to do.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from drivers.addresses import Address, SerialAddress, TcpAddress, VisaAddress

if TYPE_CHECKING:
    import serial

try:
    from termios import error as _termios_error
except ImportError:  # Windows has no termios
    _PORT_ERRORS: tuple[type[Exception], ...] = (OSError, ValueError)
else:
    _PORT_ERRORS = (OSError, ValueError, _termios_error)  # termios.error is not an OSError

# A command has a few bytes and every output buffer holds thousands: a write that takes longer than this is
# stuck, and a command to switch off must not wait behind it.
WRITE_TIMEOUT: Final = 0.1  # s
# Changing the timeout of an open pyserial port reconfigures the port, so longer waits are made of slices.
_SERIAL_SLICE: Final = 0.02  # s
_CHUNK: Final = 4096

_PARITY_OF_VISA: Final = {"N": 0, "O": 1, "E": 2, "M": 3, "S": 4}  # VPP-4.3, VI_ATTR_ASRL_PARITY


class Transport(Protocol):
    """What a link needs of a wire."""

    def send(self, data: bytes) -> None:
        """Send all of it within `WRITE_TIMEOUT`.

        Raises:
            TimeoutError: it did not get out in time.
            OSError: the wire is gone.
        """
        ...

    def receive(self, timeout: float) -> bytes:
        """Wait up to ``timeout`` s for bytes; what has arrived, or ``b""`` when nothing has.

        Raises:
            OSError: the wire is gone.
        """
        ...

    def close(self) -> None:
        """Let go of the wire; never raises."""
        ...


Opener = Callable[[float], Transport]  # takes the time allowed for connecting, in s; raises OSError


def opener_for(address: Address) -> Opener:
    """What opens the wire of an address."""
    match address:
        case TcpAddress():
            return _TcpOpener(address)
        case SerialAddress():
            return lambda _: SerialTransport(address)
        case VisaAddress():
            return lambda connect_timeout: VisaTransport(address, connect_timeout)


class _TcpOpener:
    """Connects to a TCP server; looks the name up once, because a name server may hang beyond any timeout."""

    def __init__(self, address: TcpAddress) -> None:
        self._address = address
        self._resolved: list[tuple[Any, ...]] = []

    def __call__(self, connect_timeout: float) -> Transport:
        if not self._resolved:
            where = self._address
            self._resolved = list(socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM))
        trouble: OSError = ConnectionRefusedError(f"{self._address.host} has no address")
        for family, kind, protocol, _, place in self._resolved:
            connection = socket.socket(family, kind, protocol)
            connection.settimeout(connect_timeout / len(self._resolved))
            try:
                connection.connect(place)
            except OSError as error:
                connection.close()
                trouble = error
            else:
                return SocketTransport(connection)
        raise trouble


class SocketTransport:
    """A connected TCP socket. A peer that closes is noticed at once."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        connection.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )  # a command must not wait for the next one

    def send(self, data: bytes) -> None:
        """See `Transport`."""
        self._socket.settimeout(WRITE_TIMEOUT)
        self._socket.sendall(data)

    def receive(self, timeout: float) -> bytes:
        """See `Transport`."""
        self._socket.settimeout(timeout)
        try:
            data = self._socket.recv(_CHUNK)
        except (TimeoutError, BlockingIOError):
            return b""
        if not data:
            raise ConnectionResetError("the other side closed the connection")
        return data

    def close(self) -> None:
        """See `Transport`."""
        self._socket.close()


class SerialTransport:
    """A serial port (pyserial), without flow control.

    Software flow control stays off on purpose: with it, one byte of interference that looks like XOFF (0x13)
    would hold back every later command, and the one that switches off is the worst to lose. The commands of
    amfdaq are short and the next is sent only after a reply or a pause, so that no input buffer overflows.
    """

    def __init__(self, address: SerialAddress) -> None:
        import serial

        settings = address.settings
        try:
            self._port: serial.Serial = serial.Serial(
                address.port,
                baudrate=settings.baud,
                bytesize=settings.bits,
                parity=settings.parity,
                stopbits=settings.stop,
                timeout=_SERIAL_SLICE,
                write_timeout=WRITE_TIMEOUT,
                exclusive=True,
            )
        except _PORT_ERRORS as error:
            raise OSError(str(error)) from error
        self._timeout_type = serial.SerialTimeoutException

    def send(self, data: bytes) -> None:
        """See `Transport`."""
        try:
            self._port.write(data)
        except self._timeout_type as error:
            raise TimeoutError("the port did not take the bytes") from error

    def receive(self, timeout: float) -> bytes:
        """See `Transport`; an empty wait is rounded to 20 ms, bytes are returned as soon as they come."""
        slices = max(1, round(timeout / _SERIAL_SLICE)) if timeout > 0 else 0
        first = b""
        while not first and slices:
            first = self._port.read(1)
            slices -= 1
        waiting = self._port.in_waiting
        return first + self._port.read(waiting) if waiting else first

    def close(self) -> None:
        """See `Transport`; what has not left yet is dropped.

        Linux would otherwise wait up to half a minute in ``close`` for an adapter that is stuck. The drivers here
        close only after a reply, or after waiting for one, so that nothing good is lost.
        """
        for step in (self._port.reset_output_buffer, self._port.close):
            with contextlib.suppress(*_PORT_ERRORS):  # a port that vanished has nothing to let go of
                step()


class VisaTransport:
    """A VISA resource (pyvisa), read byte by byte, because only the link knows where a message ends.

    pyvisa-py reports a closed TCP connection as a timeout: such a link is found dead only by drivers that
    open it again after several timeouts. ``tcp://`` is the better address for an instrument on the network.
    """

    def __init__(self, address: VisaAddress, connect_timeout: float) -> None:
        import pyvisa

        self._errors = (pyvisa.errors.Error, OSError, ValueError)
        self._is_timeout: Final = pyvisa.constants.StatusCode.error_timeout
        self._resource: Any = None
        try:
            manager = pyvisa.ResourceManager(
                address.backend
            )  # shared by all links of the process: never closed here
            self._resource = manager.open_resource(
                address.resource, open_timeout=round(connect_timeout * 1000)
            )
            if address.resource.upper().startswith("ASRL"):
                self._resource.baud_rate = address.settings.baud
                self._resource.data_bits = address.settings.bits
                self._resource.parity = pyvisa.constants.Parity(_PARITY_OF_VISA[address.settings.parity])
                self._resource.stop_bits = pyvisa.constants.StopBits(round(address.settings.stop * 10))
        except self._errors as error:
            self.close()
            raise OSError(str(error)) from error

    def send(self, data: bytes) -> None:
        """See `Transport`."""
        self._resource.timeout = WRITE_TIMEOUT * 1000
        try:
            self._resource.write_raw(data)
        except self._errors as error:
            if getattr(error, "error_code", None) == self._is_timeout:
                raise TimeoutError(str(error)) from error
            raise OSError(str(error)) from error

    def receive(self, timeout: float) -> bytes:
        """See `Transport`."""
        try:
            self._resource.timeout = max(1.0, timeout * 1000)
            return bytes(self._resource.read_bytes(1, break_on_termchar=False))
        except self._errors as error:
            if getattr(error, "error_code", None) == self._is_timeout:
                return b""
            raise OSError(str(error)) from error

    def close(self) -> None:
        """See `Transport`."""
        try:
            if self._resource is not None:
                self._resource.close()
        except self._errors:
            return  # the resource vanished; there is nothing left to let go of


class FunctionTransport:
    """A Python function as the instrument: it gets the bytes sent and returns the bytes to receive.

    It may raise ``OSError`` to play a wire that breaks. Nothing waits: what the function has not returned
    will not come.
    """

    def __init__(self, handler: Callable[[bytes], bytes]) -> None:
        self._handler = handler
        self._input = b""

    def send(self, data: bytes) -> None:
        """See `Transport`."""
        self._input += self._handler(data)

    def receive(self, timeout: float) -> bytes:
        """See `Transport`."""
        del timeout
        data, self._input = self._input, b""
        return data

    def close(self) -> None:
        """See `Transport`."""
