"""Addresses of instruments as people write them into ``rig.toml``.

::

    serial:///dev/ttyUSB0?baud=19200&parity=N&bits=8&stop=1      serial://COM3?baud=9600
    tcp://192.168.0.20:9221                                      tcp://[fe80::1]:9221
    visa://TCPIP::192.168.0.20::9221::SOCKET                     visa://ASRL/dev/ttyUSB0::INSTR?baud=9600&backend=@py

What is left out is filled in by the driver, which knows the factory settings of its instrument.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

from pydantic import AfterValidator

from amfdaq.config.quantities import sentence
from amfdaq.errors import BadInput

EXAMPLES: Final = '"serial:///dev/ttyUSB0?baud=9600", "tcp://192.168.0.20:9221" or "visa://ASRL3::INSTR"'
_PARITIES: Final = ("N", "E", "O", "M", "S")
_STOP_BITS: Final = {"1": 1.0, "1.5": 1.5, "2": 2.0}


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """How a serial line is set.

    Attributes:
        baud: bits per second.
        parity: N none, E even, O odd, M mark, S space.
        bits: data bits, 5 to 8.
        stop: stop bits, 1, 1.5 or 2.
    """

    baud: int = 9600
    parity: str = "N"
    bits: int = 8
    stop: float = 1.0


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """A serial port: its device name and its settings."""

    port: str
    settings: SerialSettings


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """A TCP server: an instrument on the network, or a terminal server with a serial line behind it."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class VisaAddress:
    """A VISA resource; the serial settings apply to ``ASRL`` resources only."""

    resource: str
    backend: str
    settings: SerialSettings


Address = SerialAddress | TcpAddress | VisaAddress

_FACTORY: Final = SerialSettings()


def parse_address(text: str, *, serial: SerialSettings = _FACTORY, tcp_port: int | None = None) -> Address:
    """Read an address.

    Args:
        text: as in the head of this file.
        serial: settings of a serial line that the text does not give.
        tcp_port: port for ``tcp://host`` without one; None makes the port obligatory.

    Raises:
        BadInput: it is not an address, or a setting is unknown, doubled or impossible.
    """
    scheme, separator, rest = text.strip().partition("://")
    place, _, query = rest.partition("?")
    if not separator or not place:
        raise BadInput(f'"{text}" is not an instrument address: write it like {EXAMPLES}')
    settings = _settings(text, query)
    match scheme.lower():
        case "serial":
            return SerialAddress(place, _serial_settings(text, settings, serial))
        case "tcp":
            if settings:
                raise BadInput(f'the address "{text}" has settings after "?": a tcp address takes none')
            return _tcp(text, place, tcp_port)
        case "visa":
            backend = settings.pop("backend", "@py")
            if settings and not place.upper().startswith("ASRL"):
                raise BadInput(
                    f'the address "{text}" has serial settings, but only ASRL resources are serial lines'
                )
            return VisaAddress(place, backend, _serial_settings(text, settings, serial))
        case _:
            raise BadInput(f'the address "{text}" starts with "{scheme}://": write it like {EXAMPLES}')


def _settings(text: str, query: str) -> dict[str, str]:
    if not query:
        return {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError as error:
        raise BadInput(
            f'the settings in the address "{text}" must look like "?baud=9600&parity=N"'
        ) from error
    settings = dict(pairs)
    if len(settings) != len(pairs):
        raise BadInput(f'the address "{text}" gives a setting twice: leave one out')
    return settings


def _tcp(text: str, place: str, default_port: int | None) -> TcpAddress:
    host, separator, port = place.rstrip("/").rpartition(":")
    if not separator or port.endswith("]"):  # no port; a bare [v6] address ends with a bracket
        host, port = place.rstrip("/"), "" if default_port is None else str(default_port)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise BadInput(
            f'the address "{text}" has several colons: write an IPv6 address in brackets, "tcp://[::1]:9221"'
        )
    if not host or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
        raise BadInput(
            f'the address "{text}" needs a host and a port from 1 to 65535, such as "tcp://192.168.0.20:9221"'
        )
    return TcpAddress(host, int(port))


def _serial_settings(text: str, given: dict[str, str], default: SerialSettings) -> SerialSettings:
    settings = default
    for key, value in given.items():
        match key:
            case "baud" if value.isascii() and value.isdigit() and 50 <= int(value) <= 4_000_000:
                settings = replace(settings, baud=int(value))
            case "parity" if value.upper() in _PARITIES:
                settings = replace(settings, parity=value.upper())
            case "bits" if value in {"5", "6", "7", "8"}:
                settings = replace(settings, bits=int(value))
            case "stop" if value in _STOP_BITS:
                settings = replace(settings, stop=_STOP_BITS[value])
            case "baud" | "parity" | "bits" | "stop":
                raise BadInput(
                    f'the address "{text}" has {key}={value}: baud is a number such as 9600, parity one of '
                    "N E O M S, bits 5 to 8, stop 1, 1.5 or 2"
                )
            case _:
                raise BadInput(
                    f'the address "{text}" has an unknown setting "{key}": known are baud, parity, bits, stop'
                )
    return settings


def address_check(tcp_port: int | None = None) -> AfterValidator:
    """For an option that holds an address: a bad one is found when the rig file is read, with its line.

    Args:
        tcp_port: port for ``tcp://host`` without one; None makes the port obligatory.
    """

    def check(text: str) -> str:
        try:
            parse_address(text, tcp_port=tcp_port)
        except BadInput as error:
            raise sentence(str(error)) from error
        return text

    return AfterValidator(check)
