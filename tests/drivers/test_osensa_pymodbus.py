"""OSENSA FTX against the Modbus server of another project, so that not only our own framing agrees with itself."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from amfdaq.clock import SystemClock
from amfdaq.errors import InstrumentRefused
from amfdaq.reading import Sample, Status
from drivers.osensa import OsensaFtx, OsensaOptions


def registers() -> list[int]:
    """Registers 0 to 4199 of a transmitter with channels A and B; C has a probe fault."""
    memory = [0] * 4200
    memory[2:4] = [0x0001, 0xE240]
    memory[10] = 40
    for start, celsius, status in ((4096, 37.25, 0), (4112, -20.5, 0), (4128, 21.0, 3)):
        raw = round((celsius + 273.0) * 65536)
        memory[start : start + 2] = [raw >> 16, raw & 0xFFFF]
        memory[start + 7] = status
    return memory


@pytest.fixture
def address() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ready = threading.Event()
    ends: list[Callable[[], object]] = []

    async def serve() -> None:
        device = SimDevice(id=40, simdata=[SimData(0, values=registers(), datatype=DataType.REGISTERS)])
        server = ModbusTcpServer(device, framer=FramerType.RTU, address=("127.0.0.1", port))
        await server.serve_forever(background=True)
        over = asyncio.Event()
        loop = asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(over.set))
        ready.set()
        await over.wait()
        await server.shutdown()  # type: ignore[no-untyped-call] # pymodbus gives no type here

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(5)
    yield f"tcp://127.0.0.1:{port}"
    ends[0]()
    thread.join(5)
    assert not thread.is_alive()


def test_a_foreign_server_is_read(address: str) -> None:
    options = OsensaOptions.model_validate({"address": address, "slave": 40, "channels": ["A", "B", "C"]})
    driver = OsensaFtx(options, SystemClock())
    assert driver.open().serial == "123456"
    first, second, third = driver.read()
    assert (first, second) == (Sample(37.25), Sample(-20.5))
    assert third.status is Status.PROBE_FAULT
    driver.close()


def test_an_exception_of_a_foreign_server_is_a_refusal(address: str) -> None:
    """The registers end at 4199; a driver that asks beyond them is told so."""
    options = OsensaOptions.model_validate({"address": address, "slave": 40})
    driver = OsensaFtx(options, SystemClock())
    driver.open()
    with pytest.raises(InstrumentRefused, match="no such register"):
        driver._registers(4196, 8)
    assert driver.read() == (Sample(37.25),)
    driver.close()
