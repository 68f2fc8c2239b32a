"""Switching off: both told at once, whatever the links do, and only what is read back counts as off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from amfdaq.clock import SystemClock
from amfdaq.errors import LinkError
from amfdaq.instruments import OffReport
from drivers.magnetherm import MagneTherm
from drivers.magnetherm_options import MagneThermOptions

Serve = Callable[..., Any]
Part = bytes | float | None
WIRES = pytest.mark.parametrize("wire", ["tcp", "pty"])
LIMIT = 2.5  # s, whatever happens


class Supply:
    """A TTi instrument that knows its identity, its output and its error register, and can be told to misbehave."""

    def __init__(self, identity: bytes) -> None:
        self.identity = identity
        self.on = True
        self.ignore = 0  # so many commands to switch off are ignored
        self.mute = False
        self.hang_up = 0  # so many times the next message ends the connection
        self.leak = 0.0  # A that flow although the output is off

    def __call__(self, request: bytes) -> Iterable[Part]:
        command = request.decode().strip()
        if command in {"OUTPUT OFF", "OP1 0"}:
            if self.ignore:
                self.ignore -= 1
            else:
                self.on = False
        if self.hang_up:
            self.hang_up -= 1
            return [None]
        if self.mute or not command.endswith("?"):
            return []
        amps = 12.0 if self.on else self.leak
        return [
            {"*IDN?": self.identity, "EER?": b"0", "OP1?": b"%d" % self.on, "I1O?": b"%.2fA" % amps}[command]
            + b"\r\n"
        ]


class Bench:
    def __init__(self, serve: Serve, wire: str, **more: Any) -> None:
        self.generator = Supply(b"THURLBY THANDAR, TG1010A, 0, 1.0")
        self.psu = Supply(b"THURLBY THANDAR, QPX1200SP, 1, 1.0")
        self.ends = [serve(self.generator, wire=wire), serve(self.psu, wire=wire)]
        options = {
            "generator": self.ends[0].address,
            "psu": self.ends[1].address,
            "coil": 2,
            "capacitor": "26 nF",
            "amplitude": "10 V",
            "wave": "SINE",
        }
        self.driver = MagneTherm(MagneThermOptions.model_validate(options | more), SystemClock())

    def off(self) -> OffReport:
        """Switch off, in the time allowed."""
        self.called = time.monotonic()
        report = self.driver.off()
        self.took = time.monotonic() - self.called
        assert self.took < LIMIT
        return report

    def told_after(self, end: int, command: bytes) -> float:
        """Seconds from the call to the first arrival of a command."""
        lines: list[bytes] = self.ends[end].received
        times: list[float] = self.ends[end].times
        return times[lines.index(command + b"\r\n")] - self.called


@pytest.fixture
def bench(serve: Serve, request: pytest.FixtureRequest) -> Iterable[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(wire: str = "tcp", *, opened: bool = True, **more: Any) -> Bench:
        made.append(Bench(serve, wire, **more))
        if opened:
            made[-1].driver.open()
        return made[-1]

    yield make
    for one in made:
        one.driver.close()


@WIRES
def test_both_are_told_at_once_and_read_back(bench: Callable[..., Bench], wire: str) -> None:
    b = bench(wire)
    report = b.off()
    assert report.confirmed
    assert not b.generator.on
    assert not b.psu.on
    assert b.told_after(0, b"OUTPUT OFF") < 0.05
    assert b.told_after(1, b"OP1 0") < 0.05
    assert b.took < 0.4
    generator, psu = report.parts
    assert "signal generator" in generator
    assert "cannot be read back" in generator
    assert "power supply" in psu
    assert "output off" in psu
    commands = [line for end in b.ends for line in end.received if not line.startswith(b"*IDN?")]
    assert commands == [b"OUTPUT OFF\r\n", b"EER?\r\n", b"OP1 0\r\n", b"OP1?\r\n", b"I1O?\r\n"]


@WIRES
def test_off_in_the_pause_after_another_command_does_not_wait(bench: Callable[..., Bench], wire: str) -> None:
    b = bench(wire, pace="0.5 s")
    for device in (b.driver.generator, b.driver.psu):
        device._session.pause(0.5)
    assert b.off().confirmed
    assert b.told_after(0, b"OUTPUT OFF") < 0.05
    assert b.told_after(1, b"OP1 0") < 0.05


@pytest.mark.parametrize(("dead", "wire"), [("generator", "tcp"), ("psu", "pty")])
def test_one_that_hangs_does_not_keep_the_other_on(bench: Callable[..., Bench], dead: str, wire: str) -> None:
    b = bench(wire)
    getattr(b, dead).mute = True
    report = b.off()
    assert report.confirmed is (dead == "generator")
    assert not b.generator.on
    assert not b.psu.on
    assert b.told_after(0, b"OUTPUT OFF") < 0.05
    assert b.told_after(1, b"OP1 0") < 0.05
    sentence = report.parts[0 if dead == "generator" else 1]
    assert "sent 3 times" in sentence
    assert "nothing in time" in sentence


@WIRES
def test_both_hang(bench: Callable[..., Bench], wire: str) -> None:
    b = bench(wire, timeout="5 s")
    b.generator.mute = b.psu.mute = True
    report = b.off()
    assert not report.confirmed
    assert b.told_after(0, b"OUTPUT OFF") < 0.05
    assert b.told_after(1, b"OP1 0") < 0.05
    assert b.ends[1].received.count(b"OP1 0\r\n") == 3


@WIRES
@pytest.mark.parametrize("dead", ["generator", "psu"])
def test_a_link_that_breaks_is_opened_again_and_told_again(
    bench: Callable[..., Bench], wire: str, dead: str
) -> None:
    b = bench(wire)
    broken = getattr(b, dead)
    broken.hang_up = broken.ignore = 1
    report = b.off()
    assert report.confirmed
    assert not b.generator.on
    assert not b.psu.on


@WIRES
def test_a_link_that_was_lost_before_is_opened_for_it(bench: Callable[..., Bench], wire: str) -> None:
    b = bench(wire)
    b.psu.hang_up = 1
    with pytest.raises(LinkError):
        b.driver.read()
    time.sleep(0.05)
    assert b.off().confirmed
    assert not b.psu.on


@WIRES
def test_links_that_were_never_opened_are_opened_for_it(bench: Callable[..., Bench], wire: str) -> None:
    b = bench(wire, opened=False)
    assert b.off().confirmed
    assert not b.generator.on
    assert not b.psu.on


@pytest.mark.parametrize("dead", ["generator", "psu", "both"])
def test_nobody_at_the_other_end(serve: Serve, dead: str) -> None:
    """No such port, no such server: named, bounded, and the other one is switched off."""
    nobody = {"generator": "serial:///dev/does-not-exist", "psu": "tcp://127.0.0.1:9"}
    b = Bench(serve, "tcp", **{name: place for name, place in nobody.items() if dead in {name, "both"}})
    report = b.off()
    assert report.confirmed is (dead == "generator")
    for index, name in enumerate(("generator", "psu")):
        if dead in {name, "both"}:
            assert "could NOT be sent" in report.parts[index]
            assert "cannot be opened" in report.parts[index]
        else:
            assert not getattr(b, name).on
    b.driver.close()


def test_a_supply_that_ignores_the_first_command_is_told_again(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.psu.ignore = 1
    assert b.off().confirmed
    assert b.ends[1].received.count(b"OP1 0\r\n") == 2


def test_an_output_that_stays_on_is_never_called_off(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.psu.ignore = 99
    report = b.off()
    assert not report.confirmed
    assert "still reads back as ON" in report.parts[1]
    assert "hardware stop" in report.parts[1]
    assert b.ends[1].received.count(b"OP1 0\r\n") == 3


def test_a_current_that_goes_on_is_never_called_off(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.psu.leak = 3.0
    report = b.off()
    assert not report.confirmed
    assert "3.00 A are measured" in report.parts[1]


def test_a_late_zero_is_not_taken_for_the_output(bench: Callable[..., Bench]) -> None:
    """The reply to a question before, "0", arrives when ``OP1?`` is asked, while the output stays on."""
    b = bench(timeout="0.1 s")
    b.psu.ignore = 99
    truth = b.psu
    slow = [True]

    def answer(request: bytes) -> Iterable[Part]:
        if request == b"EER?\r\n" and slow.pop():
            return [0.2, b"0\r\n"]
        return truth(request)

    b.ends[1].answer = answer
    with pytest.raises(LinkError):
        b.driver.psu.error_register()
    assert not b.off().confirmed


def test_after_a_break_another_instrument_does_not_confirm(bench: Callable[..., Bench]) -> None:
    """The connection ends between two exchanges, and another supply, which is off, answers on the next one."""
    b = bench()
    first = b.psu

    def answer(request: bytes) -> Iterable[Part]:
        if request == b"EER?\r\n":
            b.ends[1].answer = Supply(b"THURLBY THANDAR, QPX600DP, 2, 1.0")
            return [b"0\r\n", None]
        return first(request)

    b.ends[1].answer = answer
    assert b.driver.psu.error_register() == 0
    time.sleep(0.05)
    report = b.off()
    assert not report.confirmed
    assert "is now" in report.parts[1]
    assert first.on


def test_off_twice(bench: Callable[..., Bench]) -> None:
    b = bench()
    assert b.off().confirmed
    assert b.off().confirmed


def test_an_unforeseen_error_on_one_side_does_not_stop_the_other(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    b = bench()

    def broken(_: float = 0.0) -> bytes:
        raise ZeroDivisionError("not foreseen")

    monkeypatch.setattr(b.driver.generator.link, "flush_input", broken)
    report = b.off()
    assert report.confirmed
    assert not b.psu.on
    assert "not foreseen" in report.parts[0]


def test_a_fragment_of_a_command_is_ended_first(bench: Callable[..., Bench]) -> None:
    """A write that failed half-way may have left "V1 3" in the instrument; OP1 0 must not become its continuation."""
    b = bench()
    b.driver.psu.link._torn = True
    assert b.off().confirmed
    assert b.ends[1].received[2:4] == [b"\r\n", b"OP1 0\r\n"]
