"""The field of a run is that of the readings of its supply while it was on and settled."""

from pathlib import Path

import numpy as np
import pytest

from amfdaq.field import CoilLine
from amfdaq.store.content import ChannelRows, RunContent
from amfdaq.store.finish import write_file
from amfdaq.store.reader import Run
from amfdaq.store.records import ROW_DTYPE, ChannelSpec, Event

LINE = CoilLine(1000.0, 0.0, 10.0, 0.0, 0.0, 200e3, 300e3, 20.0)
S = 10**9


def channel(name: str, unit: str, quantity: str, values: list[float]) -> ChannelRows:
    rows = np.zeros(len(values), ROW_DTYPE)
    rows["sent"] = rows["received"] = rows["scheduled"] = np.arange(len(values)) * S
    rows["value"] = values
    return ChannelRows(ChannelSpec(name, unit, name, quantity, "bench"), rows)


@pytest.mark.parametrize(("settle", "field"), [(0.0, 8.75e3), (2.5, 10e3)])
def test_readings_of_a_settling_supply_do_not_count(tmp_path: Path, settle: float, field: float) -> None:
    rising = [0.0, 0.0, 2.5, 7.5, *[10.0] * 6, 0.0, 0.0]  # on from 1.5 s to 9.5 s
    content = RunContent(
        meta={
            "run_id": "x", "core": "core", "settle": settle,
            "calibrations": {"coil": {"toml": "", "json": {}, "line": LINE.to_json()}},
        },
        origin_ns=0,
        channels=(
            channel("core", "degC", "temperature", [20.0 + 0.1 * k for k in range(12)]),
            channel("current", "A", "current", rising),
        ),
        events=(Event(3 * S // 2, "field-on", "", {}), Event(19 * S // 2, "field-off", "", {})),
    )  # fmt: skip
    write_file(tmp_path / "x.h5", content)
    assert Run.open(tmp_path / "x.h5").heating_curve().field == pytest.approx(field)
