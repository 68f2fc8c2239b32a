"""Addresses as people write them."""

from __future__ import annotations

import pytest

from amfdaq.errors import BadInput
from drivers.addresses import SerialAddress, SerialSettings, TcpAddress, VisaAddress, parse_address

GENERATOR = SerialSettings(baud=19200)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("serial:///dev/ttyUSB0", SerialAddress("/dev/ttyUSB0", GENERATOR)),
        (
            "serial:///dev/ttyUSB0?baud=9600&parity=E&bits=7&stop=2",
            SerialAddress("/dev/ttyUSB0", SerialSettings(9600, "E", 7, 2.0)),
        ),
        ("serial://COM3?baud=115200", SerialAddress("COM3", SerialSettings(baud=115200))),
        (
            "serial:///dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0?parity=o",
            SerialAddress("/dev/serial/by-id/usb-FTDI_FT232R_A1-if00-port0", SerialSettings(19200, "O")),
        ),
        ("tcp://10.0.0.7:5000", TcpAddress("10.0.0.7", 5000)),
        ("tcp://psu.lab.example", TcpAddress("psu.lab.example", 9221)),
        ("tcp://[::1]:5000", TcpAddress("::1", 5000)),
        ("tcp://[::1]", TcpAddress("::1", 9221)),
        (
            "visa://TCPIP::10.0.0.7::9221::SOCKET",
            VisaAddress("TCPIP::10.0.0.7::9221::SOCKET", "@py", GENERATOR),
        ),
        (
            "visa://ASRL/dev/ttyUSB0::INSTR?baud=9600&backend=@ivi",
            VisaAddress("ASRL/dev/ttyUSB0::INSTR", "@ivi", SerialSettings(9600)),
        ),
    ],
)
def test_an_address_is_understood(text: str, expected: object) -> None:
    assert parse_address(text, serial=GENERATOR, tcp_port=9221) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "write it like"),
        ("/dev/ttyUSB0", "write it like"),
        ("serial://", "write it like"),
        ("usb://1", 'starts with "usb://"'),
        ("serial://COM3?baud=fast", "baud=fast"),
        ("serial://COM3?baud=0", "baud=0"),
        ("serial://COM3?baud=²", "baud=²"),
        ("serial://COM3?parity=X", "parity=X"),
        ("serial://COM3?bits=9", "bits=9"),
        ("serial://COM3?stop=3", "stop=3"),
        ("serial://COM3?baut=9600", 'unknown setting "baut"'),
        ("serial://COM3?baud=9600&baud=19200", "twice"),
        ("serial://COM3?9600", "must look like"),
        ("tcp://host", "needs a host and a port"),
        ("tcp://host:", "needs a host and a port"),
        ("tcp://host:70000", "needs a host and a port"),
        ("tcp://host:http", "needs a host and a port"),
        ("tcp://:9221", "needs a host and a port"),
        ("tcp://::1:9221", "brackets"),
        ("tcp://host:1?baud=9600", "takes none"),
        ("visa://GPIB0::5::INSTR?baud=9600", "only ASRL"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_in_one_line(text: str, hint: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_address(text)
    assert hint in str(caught.value)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
