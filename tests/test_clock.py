"""Clocks: the scaled one keeps step with a bench of the same speed, the manual one jumps."""

import threading
import time

import pytest

from amfdaq.clock import NS, ManualClock, ScaledClock, SystemClock, make_clock


def test_scaled_clock_runs_faster_by_its_factor() -> None:
    clock = ScaledClock(20.0, time.monotonic_ns())
    before, wall = clock.now_ns(), time.monotonic()
    clock.wait_until(before + 2 * NS)
    passed = time.monotonic() - wall
    assert 0.099 <= passed < 0.5
    assert (clock.now_ns() - before) / NS == pytest.approx(20 * passed, abs=0.5)
    assert clock.to_wall_seconds(2.0) == pytest.approx(0.1)


def test_two_scaled_clocks_with_one_origin_agree() -> None:
    origin = time.monotonic_ns() - 3 * NS
    one, other = make_clock(8.0, origin), make_clock(8.0, origin)
    assert abs(one.now_ns() - other.now_ns()) < NS // 10


def test_waiting_ends_early_when_woken() -> None:
    clock, wake = SystemClock(), threading.Event()
    threading.Timer(0.05, wake.set).start()
    began = time.monotonic()
    assert clock.wait_until(clock.now_ns() + 10 * NS, wake) is True
    assert time.monotonic() - began < 5


def test_manual_clock_jumps_and_never_goes_back() -> None:
    clock = ManualClock(5 * NS)
    began = time.monotonic()
    clock.wait_until(100 * NS)
    assert clock.now_ns() == 100 * NS
    clock.wait_until(50 * NS)
    assert clock.now_ns() == 100 * NS
    clock.advance(1.5)
    assert clock.now_ns() == 101_500_000_000
    assert time.monotonic() - began < 1


def test_a_clock_needs_a_positive_speed() -> None:
    with pytest.raises(ValueError, match="positive"):
        ScaledClock(0.0, 0)
