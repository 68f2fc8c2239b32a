"""OSENSA FTX over real wires: every byte, every kind of trouble, and back to reading."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from amfdaq.clock import ManualClock, SystemClock
from amfdaq.errors import AmfdaqError, InstrumentRefused, LinkLost, LinkTimeout, ReplyError, WrongInstrument
from amfdaq.instruments import Thermometer
from amfdaq.reading import Sample, Status
from drivers.link import FunctionLink
from drivers.modbus_rtu import with_crc
from drivers.osensa import OsensaFtx, OsensaOptions, sample_of_block

Serve = Callable[..., Any]
Script = Callable[..., Any]
Part = bytes | float | None
WIRES = pytest.mark.parametrize("wire", ["tcp", "pty"])

START = {"A": 4096, "B": 4112, "C": 4128, "D": 4104, "E": 4120, "F": 4136}
SERIAL = 0x0001E240  # 123456


def ask(start: int, count: int, slave: int = 40) -> bytes:
    return with_crc(struct.pack(">BBHH", slave, 3, start, count))


def reply(*registers: int, slave: int = 40) -> bytes:
    return with_crc(struct.pack(f">BBB{len(registers)}H", slave, 3, 2 * len(registers), *registers))


def block(celsius: float, status: int = 0) -> bytes:
    raw = round((celsius + 273.0) * 65536)
    return reply(raw >> 16, raw & 0xFFFF, 0, 0x1234, 500, 200, 0, status)


WHO = (ask(2, 2), reply(SERIAL >> 16, SERIAL & 0xFFFF))
DEVICE = (ask(10, 1), reply(40))
OPEN = (WHO, DEVICE)
A, B, C = ask(4096, 8), ask(4112, 8), ask(4128, 8)


def thermometer(address: str, *channels: str, **options: Any) -> OsensaFtx:
    made = OsensaOptions.model_validate(
        {"address": address, "slave": 40, "channels": list(channels or "A"), "timeout": "0.15 s"} | options
    )
    return OsensaFtx(made, SystemClock())


def test_it_is_a_thermometer() -> None:
    assert isinstance(thermometer("tcp://localhost:1"), Thermometer)
    assert "B" in OsensaFtx.card.evidence


@WIRES
def test_every_byte_of_a_good_dialogue(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(
        script(
            *OPEN,
            (A, block(37.25)),
            (B, block(-12.5)),
            (C, block(20.0)),
            (A, block(37.5)),
            (B, block(0)),
            (C, block(1)),
        ),
        wire=wire,
        frame="modbus",
    )
    driver = thermometer(peer.address, "A", "B", "C")
    identity = driver.open()
    assert identity.serial == "123456"
    assert identity.text == "OSENSA FTX, serial number 123456, device id 40"
    assert driver.channels == ("A", "B", "C")
    assert driver.read() == (Sample(37.25), Sample(-12.5), Sample(20.0))
    assert driver.read() == (Sample(37.5), Sample(0.0), Sample(1.0))
    driver.close()
    driver.close()


def test_the_bytes_of_the_sheet_for_slave_247(serve: Serve, script: Script) -> None:
    """Block A, id 247: F7 03 10 00 00 08 54 5A; 0x01364000 is 37.25 degC."""
    peer = serve(
        script(
            (ask(2, 2, slave=247), reply(0, 7, slave=247)),
            (ask(10, 1, slave=247), reply(247, slave=247)),
            (bytes.fromhex("F7 03 10 00 00 08 54 5A"), reply(0x0136, 0x4000, 0, 0, 0, 0, 0, 0, slave=247)),
        ),
        frame="modbus",
    )
    driver = OsensaFtx(OsensaOptions(address=peer.address), SystemClock())
    assert driver.open().serial == "7"
    assert driver.read() == (Sample(37.25),)
    driver.close()


def test_every_channel_has_its_own_block(serve: Serve, script: Script) -> None:
    steps = [(ask(start, 8), block(20.0 + number)) for number, start in enumerate(START.values())]
    peer = serve(script(*OPEN, *steps), frame="modbus")
    driver = thermometer(peer.address, *START)
    driver.open()
    assert [sample.value for sample in driver.read()] == [20, 21, 22, 23, 24, 25]
    driver.close()


def test_status_and_range_take_the_number_away() -> None:
    good = (0x0136, 0x4000, 0, 0, 0, 0, 0)
    assert sample_of_block((*good, 0)) == Sample(37.25)
    for status in (1, 3, 0xFFFF):
        assert sample_of_block((*good, status)).status is Status.PROBE_FAULT
    assert sample_of_block((0, 0, 0, 0, 0, 0, 0, 0)).status is Status.OUT_OF_RANGE
    assert sample_of_block((0xFFFF, 0xFFFF, 0, 0, 0, 0, 0, 0)).status is Status.OUT_OF_RANGE
    assert math.isnan(sample_of_block((0, 0, 0, 0, 0, 0, 0, 0)).value)


@WIRES
def test_a_damaged_reply_is_asked_for_again(serve: Serve, script: Script, wire: str) -> None:
    damaged = bytearray(block(21.0))
    damaged[4] ^= 1
    peer = serve(
        script(*OPEN, (A, bytes(damaged)), WHO, (A, block(22.0)), (A, block(23.0))), wire=wire, frame="modbus"
    )
    driver = thermometer(peer.address)
    driver.open()
    assert driver.read() == (Sample(22.0),)
    assert driver.read() == (Sample(23.0),)
    driver.close()


def test_retries_are_limited_and_one_bad_channel_does_not_hide_the_others(
    serve: Serve, script: Script
) -> None:
    bad = block(21.0)[:-1] + b"\x00"
    peer = serve(
        script(*OPEN, (A, bad), WHO, (A, bad), WHO, (B, block(22.0)), (A, bad), WHO, (B, block(23.0))),
        frame="modbus",
    )
    driver = thermometer(peer.address, "A", "B")
    driver.open()
    first, second = driver.read()
    assert first.status is Status.BAD_REPLY
    assert second == Sample(22.0)
    driver._retries = 0
    assert [sample.status for sample in driver.read()] == [Status.BAD_REPLY, Status.OK]
    driver.close()


@WIRES
@pytest.mark.parametrize("trouble", [b"\xf7\x03", b"garbage that is long enough to be a frame", b"\x00" * 21])
def test_half_replies_and_garbage_end_in_time_and_reading_goes_on(
    serve: Serve, script: Script, wire: str, trouble: bytes
) -> None:
    peer = serve(
        script(*OPEN, (A, trouble), (WHO[0], trouble), (WHO[0], trouble), WHO, (A, block(25.0))),
        wire=wire,
        frame="modbus",
    )
    driver = thermometer(peer.address)
    driver.open()
    start = time.monotonic()
    with pytest.raises(ReplyError):
        driver.read()
    assert time.monotonic() - start < 1.0
    assert driver.read() == (Sample(25.0),)
    driver.close()


@WIRES
def test_silence_ends_in_time_and_reading_goes_on(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(
        script(*OPEN, (A,), (WHO[0],), WHO, (A, block(24.0)), (B, block(25.0)), (A, block(26.0)), (B,)),
        wire=wire,
        frame="modbus",
    )
    driver = thermometer(peer.address, "A", "B")
    driver.open()
    for _ in range(2):
        start = time.monotonic()
        with pytest.raises(LinkTimeout):
            driver.read()
        assert time.monotonic() - start < 0.35
    assert driver.read() == (Sample(24.0), Sample(25.0))
    first, second = driver.read()
    assert first == Sample(26.0)
    assert second.status is Status.NO_REPLY
    driver.close()


@WIRES
def test_a_late_reply_of_one_channel_is_never_taken_for_another(serve: Serve, wire: str) -> None:
    """The reply to A comes after its time; without asking who is there first, B or the next scan would get it."""
    replies = dict((*OPEN, (A, block(24.0)), (B, block(25.0)), (C, block(26.0))))
    delays = [0.22]

    def answer(request: bytes) -> Iterable[Part]:
        delay = delays.pop() if request == A and delays else 0.0
        return (delay, replies[request])

    peer = serve(answer, wire=wire, frame="modbus")
    driver = thermometer(peer.address, "B", "A", "C")
    driver.open()
    assert [sample.status for sample in driver.read()] == [Status.OK, Status.NO_REPLY, Status.NO_REPLY]
    assert driver.read() == (Sample(25.0), Sample(24.0), Sample(26.0))
    assert peer.received.count(WHO[0]) > 1
    driver.close()


def test_an_instrument_that_is_always_a_scan_late_never_gets_a_number_through(serve: Serve) -> None:
    """Every reply comes 0.2 s late while 0.15 s are allowed: nothing may be believed."""

    def late(request: bytes) -> Iterable[Part]:
        start, count = struct.unpack(">HH", request[2:6])
        value = {2: WHO[1], 10: DEVICE[1], 4096: block(11.0), 4112: block(88.0)}[start]
        assert count in {1, 2, 8}
        return (0.2 if slow else 0.0, value)

    slow = False
    peer = serve(late, frame="modbus")
    driver = thermometer(peer.address, "A", "B")
    driver.open()
    assert driver.read() == (Sample(11.0), Sample(88.0))
    slow = True
    for _ in range(6):
        try:
            first, second = driver.read()
        except AmfdaqError:
            continue
        assert first.status is not Status.OK or first.value == 11.0
        assert second.status is not Status.OK or second.value == 88.0
    driver.close()


@WIRES
def test_a_lost_link_is_opened_again(serve: Serve, script: Script, wire: str) -> None:
    peer = serve(
        script(*OPEN, (A, block(20.0)), (B, None), WHO, (A, block(21.0)), (B, block(22.0))),
        wire=wire,
        frame="modbus",
    )
    driver = thermometer(peer.address, "A", "B")
    driver.open()
    assert [sample.status for sample in driver.read()] == [Status.OK, Status.LINK_LOST]
    time.sleep(0.1)
    assert driver.read() == (Sample(21.0), Sample(22.0))
    assert peer.connections == 2
    driver.close()


def test_three_failures_open_the_link_again(serve: Serve, script: Script) -> None:
    peer = serve(script(*OPEN, (A,), (WHO[0],), (WHO[0],), WHO, (A, block(21.0))), frame="modbus")
    driver = thermometer(peer.address)
    driver.open()
    for _ in range(3):
        with pytest.raises(LinkTimeout):
            driver.read()
    assert peer.connections == 1
    assert driver.read() == (Sample(21.0),)
    assert peer.connections == 2
    driver.close()


def test_an_exception_reply_is_a_refusal(serve: Serve, script: Script) -> None:
    no_such_register = with_crc(bytes((40, 0x83, 2)))
    peer = serve(
        script(*OPEN, (A, block(20.0)), (C, no_such_register), (A, no_such_register), (C, no_such_register)),
        frame="modbus",
    )
    driver = thermometer(peer.address, "A", "C")
    driver.open()
    assert [sample.status for sample in driver.read()] == [Status.OK, Status.REFUSED]
    with pytest.raises(InstrumentRefused, match="no such register"):
        driver.read()
    driver.close()


def test_another_serial_number_is_another_instrument(serve: Serve, script: Script) -> None:
    peer = serve(script(WHO, *OPEN, (A, None), (WHO[0], reply(0, 99))), frame="modbus")
    with pytest.raises(WrongInstrument, match="serial number 123456, not 5"):
        thermometer(peer.address, serial_number="5").open()
    driver = thermometer(peer.address)
    driver.open()
    with pytest.raises(LinkLost):
        driver.read()
    with pytest.raises(WrongInstrument, match="serial number 99, not 123456"):
        driver.read()
    driver.close()


def test_nobody_there(serve: Serve, script: Script) -> None:
    peer = serve(script((WHO[0],)), frame="modbus")
    with pytest.raises(LinkTimeout):
        thermometer(peer.address).open()
    with pytest.raises(LinkLost):
        thermometer("serial:///dev/does-not-exist").open()


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"slave": 0}, "slave"),
        ({"slave": 248}, "slave"),
        ({"channels": []}, "each channel once"),
        ({"channels": ["A", "A"]}, "each channel once"),
        ({"channels": ["G"]}, "channels"),
        ({"timeout": "0 s"}, "above zero"),
        ({"timeout": 0.3}, "unit"),
        ({"address": "COM3"}, "is not an instrument address"),
        ({"adress": "x"}, "adress"),
        ({"retries": -1}, "retries"),
    ],
)
def test_bad_options_are_found_when_the_rig_is_read(options: dict[str, Any], hint: str) -> None:
    with pytest.raises(ValidationError, match=hint):
        OsensaOptions.model_validate({"address": "serial://COM3"} | options)


@given(st.lists(st.binary(max_size=30), max_size=12))
@settings(max_examples=500, deadline=None)
def test_garbage_gives_no_number_and_only_our_errors(replies: list[bytes]) -> None:
    left = [WHO[1], DEVICE[1], *replies]

    def connect(address: str, **settings: Any) -> FunctionLink:
        return FunctionLink(lambda _: left.pop(0) if left else b"", name=settings["name"])

    options = OsensaOptions.model_validate({"address": "tcp://x:1", "slave": 40, "channels": ["A", "B"]})
    driver = OsensaFtx(options, ManualClock(), connect)
    driver.open()
    for _ in range(2):
        try:
            samples = driver.read()
        except AmfdaqError:
            continue
        assert all(math.isnan(sample.value) for sample in samples)
