"""The OSENSA transmitter, byte by byte, against the published frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

LINKS = ["tcp", "pty"]


def crc(data: bytes) -> bytes:
    """Independent of the bench: bit by bit from the definition, checked against the published value."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            carry = value & 1
            value >>= 1
            if carry:
                value ^= 0xA001
    return bytes([value & 0xFF, value >> 8])


def read_request(start: int, count: int, slave: int = 247, function: int = 3) -> bytes:
    body = bytes([slave, function]) + start.to_bytes(2, "big") + count.to_bytes(2, "big")
    return body + crc(body)


def words(answer: bytes) -> list[int]:
    assert crc(answer[:-2]) == answer[-2:]
    data = answer[3:-2]
    assert len(data) == answer[2]
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]


def test_the_check_sum_is_the_published_one() -> None:
    assert crc(b"123456789") == bytes([0x37, 0x4B])
    assert read_request(4096, 2) == bytes.fromhex("F7 03 10 00 00 02 D4 5D")


@pytest.mark.parametrize("link", LINKS)
def test_published_temperature_frame(bench: Any, link: str) -> None:
    bench.control("force", temperature_C=37.25)
    wire = bench.wire("osensa", link)
    answer = wire.ask(bytes.fromhex("F7 03 10 00 00 02 D4 5D"), 9)
    assert answer == bytes.fromhex("F7 03 04 01 36 40 00 BC 0E")


@pytest.mark.parametrize("link", LINKS)
def test_published_fast_frame_of_the_triple_unit(start_bench: Callable[..., Any], link: str) -> None:
    bench = start_bench("--osensa-unit", "triple")
    bench.control("force", channel="A", temperature_C=37.2)
    bench.control("force", channel="B", temperature_C=25.0)
    bench.control("force", channel="C", temperature_C=21.5, status=3)
    answer = bench.wire("osensa", link).ask(bytes.fromhex("28 03 04 00 00 03 03 02"), 11)
    assert answer == bytes.fromhex("28 03 06 0E 88 09 C4 08 69 B6 5A")


def test_published_block_request_and_exception(bench: Any) -> None:
    bench.control("force", temperature_C=-12.5)
    wire = bench.tcp("osensa")
    block = words(wire.ask(bytes.fromhex("F7 03 10 00 00 08 54 5A"), 21))
    assert (block[0] << 16 | block[1]) / 65536.0 - 273.0 == -12.5  # the block can show values below zero
    assert block[4] > 0
    assert block[7] == 0
    assert wire.ask(read_request(20, 1), 5) == bytes.fromhex("F7 83 02 20 C3")
    assert words(wire.ask(read_request(1024, 1), 7)) == [0]  # the fast register cannot


def test_every_documented_register_answers(bench: Any) -> None:
    wire = bench.tcp("osensa")
    assert words(wire.ask(read_request(2, 2), 9)) == [0, 20417]
    assert words(wire.ask(read_request(10, 1), 7)) == [247]
    assert len(words(wire.ask(read_request(1024, 6), 17))) == 6
    assert len(words(wire.ask(read_request(4096, 49), 103))) == 49
    board = words(wire.ask(read_request(4144, 1), 7))[0] / 10.0 - 273.0
    assert board == pytest.approx(30.0, abs=0.2)
    temperature = words(wire.ask(read_request(4096, 2), 9))
    shown = (temperature[0] << 16 | temperature[1]) / 65536.0 - 273.0
    assert shown == pytest.approx(bench.control("state")["temperatures"]["probe"], abs=0.2)


def test_unused_channels_have_a_bad_status(bench: Any) -> None:
    wire = bench.tcp("osensa")
    fast = words(wire.ask(read_request(1024, 6), 17))
    assert fast[0] % 10 == 0
    assert all(value % 10 != 0 for value in fast[1:])
    for start in (4104, 4112, 4120, 4128, 4136):
        assert words(wire.ask(read_request(start, 8), 21))[7] != 0


def test_the_triple_unit_shows_sample_environment_vessel(start_bench: Callable[..., Any]) -> None:
    bench = start_bench("--osensa-unit", "triple", "--speed", "200")
    bench.field_on()
    deadline = time.monotonic() + 5.0
    while bench.control("state")["temperatures"]["sample"] < 35.0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    wire = bench.tcp("osensa")
    fast = words(wire.ask(read_request(1024, 6, slave=40), 17))
    true = bench.control("state")["temperatures"]
    sample, environment, vessel = (value // 10 / 10.0 for value in fast[:3])
    assert environment == pytest.approx(true["environment"], abs=0.3)
    assert environment < vessel < sample + 0.2
    assert [value % 10 for value in fast] == [0, 0, 0, 3, 3, 3]


@pytest.mark.parametrize("link", LINKS)
def test_silence_for_others_and_for_bad_frames_and_then_an_answer(bench: Any, link: str) -> None:
    wire = bench.wire("osensa", link)
    good = read_request(10, 1)
    wire.send(read_request(10, 1, slave=40))
    wire.send(good[:-1] + bytes([good[-1] ^ 1]))
    assert wire.quiet()
    assert words(wire.ask(good, 7)) == [247]
    wire.send(b"\x00\xff\x12" + good)  # noise in front
    assert words(wire.take(7)) == [247]


@pytest.mark.parametrize("link", LINKS)
def test_frames_may_come_in_pieces_or_together(bench: Any, link: str) -> None:
    wire = bench.wire("osensa", link)
    good = read_request(10, 1)
    for byte in good[:-1]:
        wire.send(bytes([byte]))
        time.sleep(0.005)
    assert wire.quiet(0.05)
    assert words(wire.ask(good[-1:], 7)) == [247]
    assert wire.ask(good + good, 14) == 2 * wire.ask(good, 7)


def test_a_piece_of_a_dead_client_does_not_spoil_the_next_on_the_line(bench: Any) -> None:
    wire = bench.pty("osensa")
    wire.send(read_request(10, 1)[:5])
    time.sleep(0.3)
    assert words(wire.ask(read_request(10, 1), 7)) == [247]


def test_exceptions_for_function_and_count(bench: Any) -> None:
    wire = bench.tcp("osensa")
    for function in (1, 4, 6, 16, 100):
        frame = read_request(10, 1, function=function)
        if function == 16:
            body = bytes([247, 16, 0, 10, 0, 1, 2, 0, 247])
            frame = body + crc(body)
        body = bytes([247, function | 0x80, 1])
        assert wire.ask(frame, 5) == body + crc(body)
    assert wire.ask(read_request(10, 0), 5)[:3] == bytes([247, 0x83, 3])
    assert wire.ask(read_request(4096, 126), 5)[:3] == bytes([247, 0x83, 3])
    assert wire.ask(read_request(4140, 6), 5)[:3] == bytes([247, 0x83, 2])


def test_an_answer_takes_about_ten_milliseconds(bench: Any) -> None:
    wire = bench.tcp("osensa")
    times = []
    for _ in range(20):
        begin = time.monotonic()
        wire.ask(read_request(4096, 8), 21)
        times.append(time.monotonic() - begin)
    assert 0.0095 < sorted(times)[10] < 0.05
