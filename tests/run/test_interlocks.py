"""Each interlock trips on what it is for, and on nothing else."""

import pytest

from amfdaq.clock import NS
from amfdaq.field import CoilLine
from amfdaq.instruments import SupplyState
from amfdaq.limits import Limits
from amfdaq.reading import NAN, Reading, Sample, Status
from amfdaq.run.interlocks import Interlocks, Trip

LIMITS = Limits(
    temperature_max=60.0, rate_max=2.0, field_max=16e3, field_frequency_max=4e9, time_on_max=100.0,
    stale_after=2.0, heartbeat=1.0, lost_readings=3, temperature_min=5.0, current_max=14.0,
)  # fmt: skip
LINE = CoilLine(1000.0, 0.0, 0.0, 0.0, 0.0, 100e3, 500e3, 20.0)


def reading(seconds: float, value: float = NAN, status: Status = Status.OK, channel: str = "core") -> Reading:
    ns = round(seconds * NS)
    return Reading(channel, value, status, ns, ns, ns)


def supply(current: float = 10.0, *, output: bool | None = True, trips: tuple[str, ...] = ()) -> SupplyState:
    return SupplyState(output, Sample(current), Sample(30.0), 265e3, trips)


def heating(frequency: float = 200e3) -> Interlocks:
    interlocks = Interlocks(LIMITS, ("core",), 0)
    assert interlocks.feed(reading(0.0, 25.0)) is None
    interlocks.field_on(0, LINE, frequency)
    return interlocks


def kind(trip: Trip | None) -> str | None:
    return None if trip is None else trip.kind


def test_a_quiet_run_trips_nothing() -> None:
    interlocks = heating()
    for k in range(1, 900):
        t = 0.1 * k
        assert interlocks.feed(reading(t, 25.0 + 0.3 * t)) is None
        assert interlocks.check(round(t * NS)) is None
        assert interlocks.supply(supply()) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(60.0, None), (60.1, "temperature"), (5.0, None), (4.9, "temperature-low")]
)
def test_temperature(value: float, expected: str | None) -> None:
    assert kind(heating().feed(reading(0.1, value))) == expected


def test_a_trip_says_value_and_limit() -> None:
    trip = heating().feed(reading(0.1, 61.25))
    assert trip is not None
    assert "61.25" in trip.reason
    assert "60" in trip.reason


def test_rate_of_rise_trips_above_its_limit_and_not_on_noise() -> None:
    fast, slow, noisy = heating(), heating(), heating()
    tripped = [kind(fast.feed(reading(0.5 * k, 25.0 + 2.2 * 0.5 * k))) for k in range(1, 9)]
    assert "rate" in tripped
    assert all(slow.feed(reading(0.5 * k, 25.0 + 1.8 * 0.5 * k)) is None for k in range(1, 9))
    assert all(noisy.feed(reading(0.1 * k, 25.0 + 0.5 * (k % 2))) is None for k in range(1, 60))


def test_a_probe_is_lost_after_so_many_failed_readings_in_a_row() -> None:
    interlocks = heating()
    for k, status in enumerate(
        [Status.NO_REPLY, Status.BAD_REPLY, Status.OK, Status.NO_REPLY, Status.NO_REPLY]
    ):
        assert interlocks.feed(reading(0.1 * k, 25.0 if status is Status.OK else NAN, status)) is None
    assert kind(interlocks.feed(reading(0.6, NAN, Status.PROBE_FAULT))) == "probe-lost"


def test_a_probe_that_says_nothing_is_stale() -> None:
    interlocks = heating()
    interlocks.feed(reading(1.0, 25.0))
    assert interlocks.check(round(2.9 * NS)) is None
    assert kind(interlocks.check(round(3.1 * NS))) == "probe-stale"


def test_failed_readings_do_not_keep_a_probe_fresh() -> None:
    interlocks = Interlocks(LIMITS, ("core",), 0)
    interlocks.feed(reading(0.0, 25.0))
    interlocks.feed(reading(2.5, NAN, Status.NO_REPLY))
    assert kind(interlocks.check(round(2.6 * NS))) == "probe-stale"


def test_every_probe_counts() -> None:
    interlocks = Interlocks(LIMITS, ("core", "wall"), 0)
    for k in range(30):
        interlocks.feed(reading(0.1 * k, 25.0))
    trip = interlocks.check(round(2.9 * NS))
    assert trip is not None
    assert "wall" in trip.reason


def test_time_on() -> None:
    interlocks = heating()
    for k in range(2000):
        interlocks.feed(reading(0.1 * k, 25.0))
    assert kind(interlocks.check(round(100.5 * NS))) == "time-on"
    interlocks.field_off()
    assert interlocks.check(round(100.5 * NS)) is None


@pytest.mark.parametrize(
    ("current", "frequency", "expected"),
    [(13.0, 200e3, None), (14.1, 200e3, "current"), (13.5, 300e3, "field-frequency")],
)
def test_current_and_h_times_f(current: float, frequency: float, expected: str | None) -> None:
    assert kind(heating(frequency).supply(supply(current))) == expected


def test_field() -> None:
    interlocks = heating()
    interlocks.field_on(0, CoilLine(1500.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1e6, 20.0), 100e3)
    assert kind(interlocks.supply(supply(11.0))) == "field"


def test_supply_faults() -> None:
    assert kind(heating().supply(supply(trips=("over-voltage trip",)))) == "supply-trip"
    assert kind(heating().supply(supply(0.0, output=False))) == "supply-off"
    silent = heating()
    assert silent.supply(None) is None
    assert silent.supply(None) is None
    assert kind(silent.supply(None)) == "supply-lost"


def test_the_field_may_only_go_on_with_every_probe_reading_well() -> None:
    interlocks = Interlocks(LIMITS, ("core",), 0)
    assert kind(interlocks.ready(0)) == "probe-lost"  # nothing has arrived
    interlocks.feed(reading(0.0, 25.0))
    assert interlocks.ready(NS) is None
    assert kind(interlocks.ready(3 * NS)) == "probe-stale"
    interlocks.feed(reading(3.0, NAN, Status.PROBE_FAULT))
    assert kind(interlocks.ready(3 * NS)) == "probe-lost"
    interlocks.feed(reading(3.5, 70.0))
    assert kind(interlocks.ready(round(3.6 * NS))) == "temperature"
