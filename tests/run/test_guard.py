"""The guard process against the bench's supply: whatever goes quiet or beyond a limit, the field goes off."""

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from guarding import LIMITS, LINE, Guarded

from amfdaq.store.journal_reading import read_journal


def test_off_on_request_is_confirmed_and_on_record(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    driver.link.off("enough")
    said = driver.until("off")
    assert said["confirmed"] is True
    assert driver.state()["output_on"] is False
    driver.link.finish()
    driver.until("closed")
    assert driver.link.wait(5.0) == 0
    content = read_journal(driver.journal)
    assert [event.kind for event in content.events] == ["supply-opened", "armed", "field-on", "field-off"]
    assert content.events[-1].text == "enough"
    assert content.end is not None
    on = next(event for event in content.events if event.kind == "field-on")
    assert abs(on.time_ns - driver.state()["last_on_ns"]) < 50_000_000


def test_engine_gone_means_off_at_once(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    stream = driver.link._process.stdin
    assert stream is not None
    gone = time.monotonic_ns()
    stream.close()
    assert driver.off_after(gone) < 0.5
    assert driver.link.wait(5.0) == 0  # it ends by itself, no orphan


def test_silence_longer_than_the_heartbeat_means_off(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    silent = time.monotonic_ns()
    assert 0.5 < driver.off_after(silent) < LIMITS.heartbeat + 0.3
    assert driver.until("tripped", beat=False)["interlock"] == "heartbeat"


def test_heartbeats_with_old_stamps_do_not_count(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    hung = time.monotonic_ns()
    while driver.state()["output_on"] and time.monotonic_ns() - hung < 4e9:
        driver.link._send("beat", wall_ns=hung, readings=[])  # beats that waited in the pipe of a hung engine
        time.sleep(0.05)
    assert driver.off_after(hung) < LIMITS.heartbeat + 0.3


def test_sigterm_means_off(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    told = time.monotonic_ns()
    os.kill(driver.link.pid, signal.SIGTERM)
    assert driver.off_after(told) < 0.5
    assert driver.link.wait(5.0) == 0


def test_ctrl_c_and_hang_up_of_the_terminal_do_not_reach_it(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    os.kill(driver.link.pid, signal.SIGINT)
    os.kill(driver.link.pid, signal.SIGHUP)
    for _ in range(10):
        driver.beat()
        time.sleep(0.05)
    assert driver.state()["output_on"] is True
    driver.link.off("done")
    driver.until("off")


def test_a_hot_sample_means_off(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    driver.temperature = 61.0
    hot = time.monotonic_ns()
    assert driver.until("tripped")["interlock"] == "temperature"
    assert driver.off_after(hot) < 0.5


def test_a_lost_probe_means_off(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    driver.temperature = None
    said = driver.until("tripped")
    assert said["interlock"] == "probe-lost"
    assert "core" in said["reason"]
    assert driver.state()["output_on"] is False


def test_heartbeats_without_readings_mean_a_stale_probe(guarded: Guarded) -> None:
    driver = guarded(replace(LIMITS, stale_after=0.6))
    driver.heat()
    stale = time.monotonic_ns()
    while driver.state()["output_on"] and time.monotonic_ns() - stale < 4e9:
        driver.link.beat([])
        time.sleep(0.05)
    assert driver.off_after(stale) < 1.2
    assert driver.until("tripped", beat=False)["interlock"] == "probe-stale"


def test_too_long_on_means_off(guarded: Guarded) -> None:
    driver = guarded(replace(LIMITS, time_on_max=1.0))
    driver.heat()
    began = time.monotonic_ns()
    assert driver.until("tripped")["interlock"] == "time-on"
    assert driver.off_after(began) < 1.5


@pytest.mark.parametrize("fault", ["trip-ovp", "trip-ocp"])
def test_a_trip_of_the_supply_is_noticed(guarded: Guarded, fault: str) -> None:
    driver = guarded()
    driver.heat()
    driver.bench.ask(cmd="fault", device="psu", kind=fault)
    said = driver.until("tripped")
    assert said["interlock"] in {"supply-trip", "supply-off"}


def test_a_supply_that_does_not_answer_is_switched_off_all_the_same(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    driver.bench.ask(cmd="fault", device="psu", kind="silent-off-works")
    silent = time.monotonic_ns()
    driver.until("alarm", timeout=15.0)  # it cannot confirm, and says so
    assert driver.off_after(silent) < 10.0
    driver.bench.ask(cmd="clear", device="psu")
    driver.until("tripped", timeout=10.0)


def test_a_supply_that_stays_on_is_shouted_about_until_it_gives_in(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    for device in ("psu", "generator"):  # neither does what it is told
        driver.bench.ask(cmd="fault", device=device, kind="silent")
    driver.link.off("enough")
    assert "hardware stop" in driver.until("alarm", timeout=10.0)["reason"]
    assert driver.state()["output_on"] is True
    for device in ("psu", "generator"):
        driver.bench.ask(cmd="clear", device=device)
    assert driver.until("off", timeout=10.0)["confirmed"] is True
    assert driver.state()["psu_on"] is False


def test_no_field_without_a_reading_probe(guarded: Guarded) -> None:
    driver = guarded()
    driver.temperature = None
    driver.until("opened")
    driver.link.arm(265e3, 10.0, LINE)
    driver.until("armed")
    driver.link.on()
    assert "does not read" in driver.until("refused")["reason"]
    assert driver.state()["on_count"] == 0


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (replace(LIMITS, field_max=9e3), "9.59 kA/m"),
        (replace(LIMITS, field_frequency_max=2.5e9), "H x f"),
        (replace(LIMITS, current_max=9.5), "10.00 A"),
    ],
)
def test_a_set_point_beyond_the_limits_is_not_armed(guarded: Guarded, limits: object, says: str) -> None:
    driver = guarded(limits)
    driver.until("opened")
    driver.link.arm(265e3, 10.0, LINE)
    assert says in driver.until("refused")["reason"]


def test_nothing_is_switched_on_unarmed(guarded: Guarded) -> None:
    driver = guarded()
    driver.until("opened")
    driver.link.on()
    assert "not armed" in driver.until("refused")["reason"]
    assert driver.state()["on_count"] == 0


def test_a_guard_that_dies_is_noticed_and_the_engine_side_can_take_over(guarded: Guarded) -> None:
    driver = guarded()
    driver.heat()
    os.kill(driver.link.pid, signal.SIGKILL)
    killed = time.monotonic_ns()
    driver.until("died", beat=False)
    assert driver.link.take_over().confirmed
    assert driver.off_after(killed) < 1.5


def test_a_supply_that_is_already_on_is_switched_off_and_refused(guarded: Guarded, tmp_path: Path) -> None:
    first = guarded()
    first.heat()
    os.kill(first.link.pid, signal.SIGKILL)  # nobody switches off
    first.until("died", beat=False)
    assert first.state()["output_on"] is True
    (tmp_path / "again").mkdir()
    second = type(first)(first.bench, tmp_path / "again", LIMITS)
    said = second.until("refused")
    assert "already on" in said["reason"]
    assert second.state()["output_on"] is False
    second.link.wait(5.0)
