"""The grid: no drift, no burst, missed slots counted."""

from hypothesis import given
from hypothesis import strategies as st

from amfdaq.clock import NS
from amfdaq.run.schedule import Grid


def test_slots_do_not_drift() -> None:
    grid = Grid(1000, 3.0)  # a rate whose period is no whole number of nanoseconds
    slots = [grid.take(grid.peek()) for _ in range(300_000)]
    assert slots[-1] == 1000 + round(299_999 * NS / 3.0)
    assert grid.missed == 0


def test_an_overrun_skips_slots_and_counts_them() -> None:
    grid = Grid(0, 10.0)
    assert grid.take(0) == 0
    late = round(0.55 * NS)  # slots 1 to 4 are over, slot 5 has begun
    assert grid.take(late) == grid.slot_ns(5)
    assert grid.missed == 4
    assert grid.take(late) == grid.slot_ns(6)  # no burst: the next one is in the future
    assert grid.missed == 4


def test_starting_late_is_not_missing() -> None:
    grid = Grid(0, 10.0)
    grid.skip_to(round(2.34 * NS))
    assert grid.take(round(2.34 * NS)) == grid.slot_ns(24)
    assert grid.missed == 0


@given(st.lists(st.integers(0, 3 * NS), min_size=1, max_size=60), st.floats(0.3, 50))
def test_served_and_missed_slots_add_up(delays: list[int], rate: float) -> None:
    grid, now, served = Grid(0, rate), 0, []
    for delay in delays:
        slot = grid.take(now)
        served.append(slot)
        now = max(now, slot) + delay
    assert served == sorted(set(served))
    assert len(served) + grid.missed == round(served[-1] * rate / NS) + 1
