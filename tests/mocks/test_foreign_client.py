"""A Modbus client that we did not write agrees with the bench, on both links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import minimalmodbus
import pytest
import serial


@pytest.fixture(params=["tcp", "pty"])
def instrument(bench: Any, request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    if request.param == "tcp":
        url = bench.ready["osensa"]["tcp"].replace("tcp://", "socket://")
    else:
        url = bench.control("addresses")["osensa"]["serial"].removeprefix("serial://")
    port = serial.serial_for_url(url, baudrate=115200, timeout=0.3)
    yield bench, minimalmodbus.Instrument(port, 247)
    port.close()


def test_reads_what_is_true(instrument: tuple[Any, Any]) -> None:
    bench, client = instrument
    assert client.read_long(2) == 20417
    assert client.read_register(10) == 247
    shown = client.read_long(4096) / 65536.0 - 273.0
    assert shown == pytest.approx(bench.control("state")["temperatures"]["probe"], abs=0.15)
    bench.control("force", temperature_C=37.25)
    assert client.read_long(4096) / 65536.0 - 273.0 == 37.25
    assert client.read_registers(4096, 8)[7] == 0


def test_understands_what_goes_wrong(instrument: tuple[Any, Any]) -> None:
    bench, client = instrument
    with pytest.raises(minimalmodbus.IllegalRequestError):
        client.read_register(99)
    bench.fault("osensa", "bad-crc", count=1)
    with pytest.raises(minimalmodbus.InvalidResponseError):
        client.read_register(10)
    bench.fault("osensa", "silent", count=1)
    with pytest.raises(minimalmodbus.NoResponseError):
        client.read_register(10)
    assert client.read_register(10) == 247
