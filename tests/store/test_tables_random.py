"""Random recordings in random ways of writing come back as they went in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amfdaq.errors import DataFileError
from amfdaq.store.tables import read_table

SLOW_FOLDER = [HealthCheck.function_scoped_fixture]  # each example overwrites the same file on purpose
NO_READING = ["-303.0", "-274", "NaN", "---", ""]

steps = st.lists(st.integers(1, 50), min_size=5, max_size=60)
separators = st.sampled_from([";", "\t", "|", " ; "])
decimals = st.sampled_from([".", ","])
ends = st.sampled_from(["\n", "\r\n", "\r"])
encodings = st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"])


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW_FOLDER)
@given(steps=steps, separator=separators, decimal=decimals, end=ends, encoding=encodings, data=st.data())
def test_random_recordings_come_back(
    steps: list[int],
    separator: str,
    decimal: str,
    end: str,
    encoding: str,
    data: st.DataObject,
    tmp_path: Path,
) -> None:
    ticks = np.cumsum(steps)
    n = ticks.size
    first = np.array(data.draw(st.lists(st.integers(-2500, 1500), min_size=n, max_size=n))) / 10
    lost = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    lost[0] = False
    code = data.draw(st.sampled_from(NO_READING))
    second = np.arange(n) / 4

    def number(value: float, digits: int) -> str:
        return f"{value:.{digits}f}".replace(".", decimal)

    lines = [separator.join(["Time (s)", "core (°C)", "wall (°C)"])]
    for tick, core, wall, gone in zip(ticks, first, second, lost, strict=True):
        lines.append(
            separator.join([number(tick / 10, 1), code if gone else number(core, 1), number(wall, 2)])
        )
    path = tmp_path / "random.csv"
    path.write_bytes(end.join(lines).encode(encoding))
    if float(np.median(first[~lost])) < -200.0:
        return  # colder than liquid nitrogen: rightly taken for the wrong unit
    table = read_table(path)
    np.testing.assert_array_equal(table.time, ticks / 10)
    np.testing.assert_array_equal(table.columns["core"], np.where(lost, np.nan, first))
    np.testing.assert_array_equal(table.columns["wall"], second)
    assert table.n_bad == {"core": int(lost.sum()), "wall": 0}


def damage_bytes(content: bytes, position: int, junk: bytes) -> bytes:
    return content[:position] + junk + content[position + len(junk) :]


def cut_out(content: bytes, position: int, junk: bytes) -> bytes:
    return content[:position] + content[position + 7 * len(junk) :]


def insert(content: bytes, position: int, junk: bytes) -> bytes:
    return content[:position] + junk + content[position:]


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW_FOLDER)
@given(
    damage=st.sampled_from([damage_bytes, cut_out, insert]),
    position=st.integers(0, 1200),
    junk=st.binary(min_size=1, max_size=20),
)
def test_damaged_files_never_crash_and_never_give_infinite_times(
    damage: Callable[[bytes, int, bytes], bytes], position: int, junk: bytes, tmp_path: Path
) -> None:
    rows = [f"2025/06/11 10:4{s // 60}:{s % 60:02};{20 + s / 10:.1f};-303.0" for s in range(40)]
    content = "\r\n".join(["sep=;", ";Unit:C", "Time stamp;T1;T2", *rows, ""]).encode()
    path = tmp_path / "damaged.csv"
    path.write_bytes(damage(content, position, junk))
    with contextlib.suppress(DataFileError):
        table = read_table(path)
        assert np.isfinite(table.time).all()
        assert (np.diff(table.time) > 0).all()
        for name, values in table.columns.items():
            assert (np.isfinite(values) == (table.status[name] == 0)).all()


@settings(max_examples=300, deadline=None, suppress_health_check=SLOW_FOLDER)
@given(text=st.text(alphabet=st.sampled_from("0123456789.,;:/- \t\n\rTC°\"'abE+#"), max_size=400))
def test_any_text_gives_a_table_or_a_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "anything.csv"
    path.write_bytes(text.encode())
    with contextlib.suppress(DataFileError):
        table = read_table(path)
        assert (np.diff(table.time) > 0).all()
