"""Each fault does what it is called, on every link, and ends when it should."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

READ = bytes.fromhex("F7 03 10 00 00 08 54 5A")
SIZE = 21
LINKS = ["tcp", "pty"]


def temperature(answer: bytes) -> float:
    return int.from_bytes(answer[3:7], "big") / 65536.0 - 273.0


@pytest.mark.parametrize("link", LINKS)
def test_silent_means_not_heard(bench: Any, link: str) -> None:
    bench.field_on()
    wire = bench.wire("psu", link)
    bench.fault("psu", "silent")
    wire.send(b"OP1 0\nOP1?\n")
    assert wire.quiet()
    assert bench.control("state")["output_on"]
    assert bench.control("clear", device="psu") == {"ok": True}
    wire.send(b"OP1 0\n")
    assert wire.line("OP1?") == "0"


@pytest.mark.parametrize("link", LINKS)
def test_silent_but_working(bench: Any, link: str) -> None:
    bench.field_on()
    wire = bench.wire("psu", link)
    bench.fault("psu", "silent-off-works")
    wire.send(b"OP1 0\nOP1?\n")
    assert wire.quiet()
    assert not bench.control("state")["output_on"]


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("device", ["osensa", "psu", "generator"])
def test_garbage_half_reply_and_count(bench: Any, device: str, link: str) -> None:
    wire = bench.wire(device, link)
    request = READ if device == "osensa" else b"*IDN?\n"
    bench.control("force", temperature_C=37.25)
    good = wire.ask(request, SIZE) if device == "osensa" else wire.line("*IDN?").encode() + b"\r\n"
    bench.fault(device, "garbage", count=1)
    spoiled = wire.ask(request, 1)
    spoiled += wire.take(100, 0.1)
    assert spoiled
    assert spoiled != good
    bench.fault(device, "half-reply", count=1)
    assert wire.ask(request, 100, timeout=0.15) == good[: len(good) // 2]
    assert wire.ask(request, len(good)) == good  # the count is used up
    assert bench.control("faults")[device] == []


@pytest.mark.parametrize("link", LINKS)
def test_bad_check_sum(bench: Any, link: str) -> None:
    wire = bench.wire("osensa", link)
    bench.control("force", temperature_C=37.25)
    good = wire.ask(READ, SIZE)
    bench.fault("osensa", "bad-crc", count=1)
    bad = wire.ask(READ, SIZE)
    assert bad[:-2] == good[:-2]
    assert bad[-2:] != good[-2:]
    assert wire.ask(READ, SIZE) == good


@pytest.mark.parametrize("link", LINKS)
def test_slow(bench: Any, link: str) -> None:
    wire = bench.wire("generator", link)
    bench.fault("generator", "slow", delay=0.5)
    begin = time.monotonic()
    assert wire.line("EER?") == "0"
    assert 0.5 <= time.monotonic() - begin < 1.0
    bench.control("clear")
    begin = time.monotonic()
    wire.line("EER?")
    assert time.monotonic() - begin < 0.2


def test_slow_does_not_hold_up_other_clients(bench: Any) -> None:
    psu, other = bench.field_on(), bench.tcp("psu")
    bench.fault("psu", "slow", delay=1.0, count=1)
    psu.send(b"V1?\n")
    time.sleep(0.1)
    begin = time.monotonic()
    other.send(b"OP1 0\n")
    assert other.line("OP1?") == "0"
    assert time.monotonic() - begin < 0.4


def test_refused_in_the_words_of_the_protocol(bench: Any) -> None:
    psu = bench.field_on()
    osensa, generator = bench.tcp("osensa"), bench.tcp("generator")
    for device in ("osensa", "psu", "generator"):
        bench.fault(device, "exception")
    assert osensa.ask(READ, 5) == bytes.fromhex("F7 83 02 20 C3")
    psu.send(b"OP1 0\n")
    assert psu.line("EER?;OP1?") == "200\r\n1"
    generator.send(b"OUTPUT OFF\n")
    assert generator.line("EER?") == "200"
    assert bench.control("state")["output_on"]


@pytest.mark.parametrize("device", ["osensa", "psu", "generator"])
def test_disconnect_lasts_until_cleared(bench: Any, device: str) -> None:
    wire = bench.tcp(device)
    bench.fault(device, "disconnect")
    with pytest.raises(ConnectionError):
        wire.take(1)
    again = bench.tcp(device)
    with pytest.raises(ConnectionError):
        again.take(1)
    bench.control("clear", device=device)
    request, size = (READ, SIZE) if device == "osensa" else (b"EER?\n", 3)
    assert len(bench.tcp(device).ask(request, size)) == size


def test_disconnect_once(bench: Any) -> None:
    wire = bench.tcp("psu")
    assert wire.line("OP1?") == "0"  # the bench has taken the connection up
    bench.fault("psu", "disconnect", count=1)
    with pytest.raises(ConnectionError):
        wire.take(1)
    assert bench.tcp("psu").line("OP1?") == "0"


def test_a_pulled_terminal_is_gone_and_comes_back(bench: Any) -> None:
    wire = bench.pty("osensa")
    assert len(wire.ask(READ, SIZE)) == SIZE
    bench.fault("osensa", "disconnect", seconds=0.4)
    with pytest.raises(OSError, match="Input/output"):  # noqa: PT012 # a hung-up terminal may first read as empty
        for _ in range(50):
            os_read = wire.read(0.1)
            assert os_read == b""
            wire.send(READ)
    time.sleep(0.6)
    again = bench.pty("osensa")
    assert len(again.ask(READ, SIZE)) == SIZE


def test_a_fault_ends_by_itself(bench: Any) -> None:
    wire = bench.tcp("osensa")
    bench.fault("osensa", "silent", seconds=0.4)
    wire.send(READ)
    assert wire.quiet(0.2)
    time.sleep(0.3)
    assert len(wire.ask(READ, SIZE)) == SIZE


def test_a_pulled_probe_is_seen(bench: Any) -> None:
    wire = bench.tcp("osensa")
    good = wire.ask(READ, SIZE)
    bench.fault("osensa", "probe-pulled")
    pulled = wire.ask(READ, SIZE)
    assert int.from_bytes(good[17:19], "big") == 0
    assert int.from_bytes(pulled[17:19], "big") != 0
    assert int.from_bytes(pulled[11:13], "big") < 0.1 * int.from_bytes(good[11:13], "big")
    assert abs(temperature(pulled) - temperature(good)) > 100.0
    bench.control("clear", device="osensa")
    true = bench.control("state")["temperatures"]["probe"]
    assert temperature(wire.ask(READ, SIZE)) == pytest.approx(true, abs=0.2)


def test_a_frozen_thermometer_repeats_itself(bench: Any) -> None:
    wire = bench.tcp("osensa")

    def values() -> set[bytes]:
        seen = set()
        for _ in range(5):
            seen.add(wire.ask(READ, SIZE))
            time.sleep(0.11)
        return seen

    assert len(values()) > 2
    bench.fault("osensa", "frozen")
    assert len(values()) == 1
    bench.control("clear", device="osensa")
    assert len(values()) > 2


@pytest.mark.parametrize(("kind", "bit"), [("trip-ovp", "8"), ("trip-ocp", "16")])
def test_a_trip_drops_the_output_once(bench: Any, kind: str, bit: str) -> None:
    psu = bench.field_on()
    psu.line("LSR1?")
    bench.fault("psu", kind)
    state = bench.control("state")
    assert not state["output_on"]
    assert state["last_off_ns"] > state["last_on_ns"]
    assert psu.line("OP1?;LSR1?") == f"0\r\n{bit}"
    psu.send(b"OP1 1\n")
    assert psu.line("EER?;OP1?") == "103\r\n0"
    psu.send(b"TRIPRST\nOP1 1\n")
    assert psu.line("EER?;OP1?") == "0\r\n1"
    assert bench.control("state")["output_on"]


def test_an_output_that_sticks_is_seen_only_in_the_current(bench: Any) -> None:
    psu = bench.field_on()
    bench.fault("psu", "stuck-on")
    psu.send(b"OP1 0\n")
    assert psu.line("EER?;OP1?;I1O?") == "0\r\n0\r\n14.100A"
    state = bench.control("state")
    assert (state["output_on"], state["psu_on"]) == (True, True)
    generator = bench.tcp("generator")
    generator.send(b"OUTPUT OFF\n")  # the other way to take the field away
    assert generator.line("EER?") == "0"
    assert not bench.control("state")["output_on"]
    bench.control("clear", device="psu")
    assert not bench.control("state")["psu_on"]


def test_without_power_nobody_answers(bench: Any) -> None:
    psu = bench.field_on()
    bench.control("power", device="psu", on=False)
    psu.send(b"V1?\n")
    assert psu.quiet()
    assert not bench.control("state")["output_on"]
    bench.control("power", device="psu", on=True)
    assert psu.line("V1?;OP1?;*ESR?") == "V1 0.000\r\n0\r\n128"


def test_what_makes_no_sense_is_said_in_a_sentence(bench: Any) -> None:
    for fields, word in (
        ({"cmd": "fault", "device": "psu", "kind": "explode"}, "explode"),
        ({"cmd": "fault", "device": "psu", "kind": "bad-crc"}, "trip-ovp"),
        ({"cmd": "fault", "device": "toaster", "kind": "silent"}, "toaster"),
        ({"cmd": "fault", "device": "psu", "kind": "slow", "delay": -1}, "delay"),
        ({"cmd": "force", "temperature_C": "hot"}, "temperature_C"),
        ({"cmd": "force", "channel": "G", "temperature_C": 1}, "channel"),
        ({"cmd": "truth", "current": -1}, "current"),
        ({"cmd": "power", "device": "psu"}, "true or false"),
        ({"cmd": "dance"}, "known are"),
    ):
        assert word in bench.control(**fields)["error"]
    wire = bench.tcp("psu")
    assert wire.line("OP1?") == "0"
    assert bench.control("faults") == {"osensa": [], "generator": [], "psu": []}


def test_listing(bench: Any) -> None:
    bench.fault("psu", "slow", seconds=9.0, count=3, delay=0.2)
    (entry,) = bench.control("faults")["psu"]
    assert 8.0 < entry.pop("seconds_left") <= 9.0
    assert entry == {"kind": "slow", "count_left": 3, "delay": 0.2}
    assert Path(bench.ready["psu"]["serial"].removeprefix("serial://")).exists()
