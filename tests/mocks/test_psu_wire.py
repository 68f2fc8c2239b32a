"""The TTi supply, byte by byte."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("link", ["tcp", "pty"])
def test_power_on_state(bench: Any, link: str) -> None:
    wire = bench.wire("psu", link)
    assert wire.line("*IDN?").startswith("THURLBY THANDAR, QPX1200SP, ")
    assert wire.line("V1?;I1?;OVP1?;OCP1?;OP1?") == "V1 0.000\r\nI1 1.000\r\nVP1 65.0\r\nCP1 55.0\r\n0"
    assert wire.line("V1O?;I1O?") == "0.000V\r\n0.000A"
    assert wire.line("*ESR?;*ESR?") == "128\r\n0"
    assert wire.line("EER?;QER?;LSR1?;*OPC?") == "0\r\n0\r\n0\r\n1"


def test_settings_are_read_back_and_measured(bench: Any) -> None:
    psu = bench.field_on(current=10.0)
    assert psu.line("V1?;I1?;OP1?") == "V1 39.000\r\nI1 10.000\r\n1"
    assert psu.line("I1O?;V1O?") == "10.000A\r\n26.000V"  # ten amperes in 2.6 ohm
    assert psu.line("LSR1?;LSR1?") == "2\r\n0"
    psu.send(b"V1V 13\n")
    assert psu.line("I1O?;V1O?;LSR1?") == "5.000A\r\n13.000V\r\n1"
    psu.send(b"OPALL 0\n")
    assert psu.line("OP1?;I1O?") == "0\r\n0.000A"


def test_verify_times_out_where_the_current_limit_holds_the_voltage(bench: Any) -> None:
    psu = bench.field_on(current=5.0)
    assert psu.line("*ESR?") == "128"
    psu.send(b"V1V 39;V1?\n")
    assert psu.quiet(0.4)  # it waits for a voltage that will not come
    other = bench.tcp("psu")
    assert other.line("*ESR?") == "8"
    other.send(b"OP1 0\n")  # and meanwhile the output can be switched off
    assert other.line("OP1?") == "0"


@pytest.mark.parametrize("bad", ["V1 61", "V1 -1", "I1 51", "OVP1 99", "OCP1 99"])
def test_out_of_range_is_refused(bench: Any, bad: str) -> None:
    wire = bench.tcp("psu")
    wire.line("*ESR?")
    wire.send(bad.encode() + b"\n")
    assert wire.line("*ESR?;EER?;EER?") == "16\r\n100\r\n0"
    assert wire.line("V1?;I1?;OVP1?;OCP1?") == "V1 0.000\r\nI1 1.000\r\nVP1 65.0\r\nCP1 55.0"


@pytest.mark.parametrize(
    "bad", ["V1", "V1 x", "OP1 2", "OP1", "VOLT 3", "*RST 1", "V1O", "V1?7", "TRIPRST 1"]
)
def test_what_is_not_understood_sets_the_command_error(bench: Any, bad: str) -> None:
    wire = bench.tcp("psu")
    wire.line("*ESR?")
    wire.send(bad.encode() + b"\n")
    assert wire.line("*ESR?;EER?;*ESR?") == "32\r\n0\r\n0"


@pytest.mark.parametrize(("level", "bit"), [("OVP1 30", "8"), ("OCP1 14", "16")], ids=["voltage", "current"])
def test_a_protection_switches_off_until_it_is_reset(bench: Any, level: str, bit: str) -> None:
    psu = bench.field_on()
    psu.line("LSR1?")
    psu.send(level.encode() + b"\n")
    assert psu.line("OP1?;I1O?;LSR1?;LSR1?") == f"0\r\n0.000A\r\n{bit}\r\n0"
    assert not bench.control("state")["output_on"]
    psu.send(b"OP1 1\n")
    assert psu.line("EER?;OP1?") == "103\r\n0"
    psu.send(b"TRIPRST\n")
    assert psu.line("OP1?") == "0"
    psu.send(b"OVP1 65;OCP1 55;OP1 1\n")
    assert psu.line("EER?;OP1?;I1O?") == "0\r\n1\r\n14.100A"


def test_reset_and_clear(bench: Any) -> None:
    psu = bench.field_on()
    psu.send(b"V1 99\n*CLS\n")
    assert psu.line("EER?;*ESR?;LSR1?") == "0\r\n0\r\n0"
    psu.send(b"*RST\n")
    assert psu.line("V1?;I1?;OP1?;I1O?") == "V1 0.000\r\nI1 1.000\r\n0\r\n0.000A"


def test_a_second_client_can_switch_off_while_the_first_holds_the_connection(bench: Any) -> None:
    first = bench.field_on()
    first.send(b"V1")  # even in the middle of a command
    second = bench.tcp("psu")
    second.send(b"OP1 0\n")
    assert second.line("OP1?;I1O?") == "0\r\n0.000A"
    assert not bench.control("state")["output_on"]
    first.send(b" 20\n")
    assert first.line("V1?") == "V1 20.000"


def test_clients_may_die_in_the_middle_of_a_command(bench: Any) -> None:
    bench.field_on()
    for piece in (b"OP1 ", b"V1", b"\x00\xff", b"V1?;V1?\n"):
        client = bench.tcp("psu")
        client.send(piece)
        client.close()
    client = bench.tcp("psu")
    client.send(b"OP1 0\n")
    assert client.line("OP1?") == "0"


def test_a_terminal_and_sockets_share_one_instrument(bench: Any) -> None:
    bench.field_on()
    terminal = bench.pty("psu")
    assert terminal.line("I1O?") == "14.100A"
    terminal.send(b"OP1 0\r\n")
    assert terminal.line("OP1?") == "0"
    assert bench.tcp("psu").line("OP1?") == "0"


def test_the_interface_lock_keeps_others_out_until_it_is_released(bench: Any) -> None:
    owner, other = bench.field_on(), bench.tcp("psu")
    assert owner.line("IFLOCK") == "1"
    other.send(b"OP1 0\n")
    assert other.line("EER?;OP1?") == "200\r\n1"
    owner.close()
    deadline = time.monotonic() + 2.0
    while other.line("OP1 0;EER?;OP1?") != "0\r\n0":
        assert time.monotonic() < deadline


def test_many_clients_at_once(start_bench: Callable[..., Any]) -> None:
    bench = start_bench("--no-pty")
    clients = [bench.tcp("psu") for _ in range(12)]
    for number, client in enumerate(clients):
        client.send(f"V1 {number}\n".encode())
        assert client.line("V1?") == f"V1 {number}.000"
