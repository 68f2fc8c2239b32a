"""Function 3 of Modbus RTU, byte by byte; the CRC is compared with that of another library."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import minimalmodbus
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amfdaq.errors import AmfdaqError, InstrumentRefused, LinkTimeout, ReplyError
from drivers.link import FunctionLink, open_link
from drivers.modbus_rtu import crc16, read_registers, read_request, with_crc

# Frames with checked CRC: request, reply, slave, first register, registers
VECTORS = [
    ("F7 03 10 00 00 02 D4 5D", "F7 03 04 01 36 40 00 BC 0E", 247, 4096, (0x0136, 0x4000)),
    ("28 03 04 00 00 03 03 02", "28 03 06 0E 88 09 C4 08 69 B6 5A", 40, 1024, (0x0E88, 0x09C4, 0x0869)),
]
BLOCK_REQUEST = "F7 03 10 00 00 08 54 5A"
EXCEPTION_2 = "F7 83 02 20 C3"


def answering(reply: bytes) -> FunctionLink:
    return FunctionLink(lambda _: reply)


def test_the_check_value_of_the_crc() -> None:
    assert crc16(b"123456789") == 0x4B37


@given(st.binary(max_size=40))
@settings(max_examples=300, deadline=None)
def test_the_crc_is_that_of_minimalmodbus(data: bytes) -> None:
    assert struct.pack("<H", crc16(data)) == minimalmodbus._calculate_crc(data)


@pytest.mark.parametrize("wire", ["tcp", "pty"])
@pytest.mark.parametrize(("request_hex", "reply_hex", "slave", "start", "registers"), VECTORS)
def test_the_vectors_of_the_sheet(
    serve: Callable[..., Any],
    script: Callable[..., Any],
    wire: str,
    request_hex: str,
    reply_hex: str,
    slave: int,
    start: int,
    registers: tuple[int, ...],
) -> None:
    peer = serve(script((bytes.fromhex(request_hex), bytes.fromhex(reply_hex))), wire=wire, frame="modbus")
    link = open_link(peer.address)
    assert read_registers(link, slave, start, len(registers)) == registers
    link.close()


def test_the_block_request_of_the_sheet() -> None:
    assert read_request(247, 4096, 8) == bytes.fromhex(BLOCK_REQUEST)


def test_an_exception_reply_says_what_it_means() -> None:
    with pytest.raises(
        InstrumentRefused, match=r"registers 4096 to 4097.*exception 2 \(it has no such register\)"
    ):
        read_registers(answering(bytes.fromhex(EXCEPTION_2)), 247, 4096, 2)


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        ("F7 03 04 01 36 40 01 BC 0E", "damaged"),  # a bit of the value
        ("F7 03 04 01 36 40 00 BC 0F", "damaged"),  # a bit of the CRC
        ("F7 03 04 01 36 40", "incomplete"),
        ("F7", "incomplete"),
        ("00 F7 03 04 01 36 40 00 BC 0E", "damaged"),  # a byte of noise in front
        (with_crc(bytes.fromhex("28 03 04 01 36 40 00")).hex(), "damaged|slave 40"),
        (with_crc(bytes.fromhex("28 83 02")).hex(), "slave 40"),
        (with_crc(bytes.fromhex("F7 03 02 01 36")).hex(), "damaged|something else"),
        (with_crc(bytes.fromhex("F7 03 00")).hex(), "something else"),
        (with_crc(bytes.fromhex("F7 04 00")).hex(), "something else"),
    ],
)
def test_a_bad_reply_is_an_error_and_never_a_value(reply: str, hint: str) -> None:
    with pytest.raises(ReplyError, match=hint):
        read_registers(answering(bytes.fromhex(reply)), 247, 4096, 2)


def test_silence_is_a_timeout() -> None:
    with pytest.raises(LinkTimeout):
        read_registers(answering(b""), 247, 4096, 2)


@given(st.binary(max_size=30))
@settings(max_examples=1000, deadline=None)
def test_garbage_raises_only_our_errors(reply: bytes) -> None:
    with pytest.raises(AmfdaqError):
        read_registers(answering(reply), 247, 4096, 8)


@given(
    st.lists(st.integers(0, 0xFFFF), min_size=8, max_size=8),
    st.lists(st.integers(0, 21 * 8 - 1), min_size=1, max_size=3, unique=True),
)
@settings(max_examples=600, deadline=None)
def test_up_to_three_wrong_bits_never_give_a_wrong_value(registers: list[int], wrong_bits: list[int]) -> None:
    frame = bytearray(with_crc(struct.pack(">BBB8H", 247, 3, 16, *registers)))
    for bit in wrong_bits:
        frame[bit // 8] ^= 1 << bit % 8
    with pytest.raises(AmfdaqError):
        read_registers(answering(bytes(frame)), 247, 4096, 8)
    for bit in wrong_bits:
        frame[bit // 8] ^= 1 << bit % 8
    assert read_registers(answering(bytes(frame)), 247, 4096, 8) == tuple(registers)
