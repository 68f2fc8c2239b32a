"""The TTi generator, byte by byte."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("link", ["tcp", "pty"])
def test_identity_and_terminators(bench: Any, link: str) -> None:
    wire = bench.wire("generator", link)
    for request in (
        b"*IDN?\n",
        b"*idn?\r\n",
        b"  *IDN ?\r\n",
        bytes(byte | 0x80 for byte in b"*IDN?") + b"\n",
    ):
        answer = wire.ask(request, 39)
        assert answer.startswith(b"THURLBY THANDAR, TG")
        assert answer.endswith(b"\r\n")
    assert wire.ask(b"EER?;EER?\n", 6) == b"0\r\n0\r\n"


def test_commands_make_the_drive(bench: Any) -> None:
    wire = bench.tcp("generator")
    wire.send(b"WAVFREQ 265.5e3\nAMPUNIT VPP;AMPL 5\nwave square;symm 50\nOUTPUT on\n")
    assert wire.line("EER?") == "0"
    state = bench.control("state")
    assert (state["frequency_Hz"], state["generator_on"]) == (265500.0, True)
    wire.send(b"OUTPUT OFF\n")
    assert wire.line("EER?") == "0"
    assert not bench.control("state")["generator_on"]


def test_it_drives_only_with_amplitude_and_a_waveform(bench: Any) -> None:
    wire = bench.tcp("generator")
    for commands, driven in (
        ("WAVFREQ 265000;OUTPUT ON", False),  # no amplitude was ever set
        ("AMPUNIT DBM;AMPL 10", True),
        ("WAVE DC", False),
        ("WAVE SINE", True),
        ("AMPUNIT VRMS;AMPL 1.5", True),
    ):
        wire.send(commands.encode() + b"\n")
        assert wire.line("EER?") == "0"
        assert bench.control("state")["generator_on"] is driven


NUMBERS = ["AMPL 25", "AMPL 0.001", "WAVFREQ 0", "WAVFREQ -5", "WAVFREQ 1e99", "SYMM 101"]
WORDS = [
    "AMPL abc",
    "AMPL",
    "WAVFREQ nan",
    "WAVFREQ 1_0",
    "WAVE ROUND",
    "OUTPUT 2",
    "AMPUNIT V",
    "NONSENSE",
    "*RST",
    "EER",
]


@pytest.mark.parametrize("bad", [*NUMBERS, *WORDS])
def test_a_bad_command_changes_nothing_and_sets_the_error_register_once(bench: Any, bad: str) -> None:
    wire = bench.tcp("generator")
    wire.send(b"WAVFREQ 265000;AMPL 5;OUTPUT ON\n")
    assert wire.line("EER?") == "0"
    wire.send(bad.encode() + b"\n")
    assert wire.line("EER?") != "0"
    assert wire.line("EER?") == "0"
    state = bench.control("state")
    assert (state["frequency_Hz"], state["generator_on"]) == (265000.0, True)


def test_nothing_is_answered_to_settings(bench: Any) -> None:
    wire = bench.tcp("generator")
    wire.send(b"WAVFREQ 265000\r\n\x11AMPL 5\x13\r\n;;\r\n\r\n")
    assert wire.quiet()
    assert wire.line("EER?") == "0"
