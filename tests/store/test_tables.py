"""One truth, written the way many loggers would: every variant gives the same times and temperatures."""

from __future__ import annotations

import time as wall
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from amfdaq.errors import BadInput, DataFileError
from amfdaq.reading import Status
from amfdaq.store.tables import Table, read_table

START = datetime(2025, 6, 21, 10, 42, 37)  # noqa: DTZ001 - loggers write local time without a zone
TIMES = np.arange(40.0)  # s
CORE = np.round(20.0 + 0.13 * TIMES + 0.4 * np.sin(TIMES), 1)  # degC
WALL = np.round(19.5 + 0.07 * TIMES, 1)


def stamp(seconds: float, form: str = "%Y/%m/%d %H:%M:%S") -> str:
    return (START + timedelta(seconds=seconds)).strftime(form)


@dataclass
class Style:
    """How a logger writes."""

    separator: str = ";"
    decimal: str = "."
    end: str = "\n"
    header: str = "time (s){s}core (°C){s}wall (°C)"
    time: Callable[[float], str] = lambda seconds: f"{seconds:.1f}"
    encoding: str = "utf-8"
    tail: str = ""
    final_newline: bool = True
    quote: str = ""
    offset: float = 0.0  # added to the temperatures: 273.15 for kelvin

    def write(self, path: Path) -> Path:
        def number(value: float) -> str:
            return f"{value + self.offset:.{2 if self.offset else 1}f}"

        def cell(text: str) -> str:
            return f"{self.quote}{text.replace('.', self.decimal)}{self.quote}"

        lines = [self.header.format(s=self.separator)] if self.header else []
        for t, core, wall_value in zip(TIMES, CORE, WALL, strict=True):
            cells = [cell(self.time(t)), cell(number(core)), cell(number(wall_value))]
            lines.append(self.separator.join(cells) + self.tail)
        text = self.end.join(lines) + (self.end if self.final_newline else "")
        path.write_bytes(text.encode(self.encoding))
        return path


LOGGER_HEADER = "sep=;\n;Unit:C\n;\n24000732-COM5;2\nTime stamp;core;wall\n ;1;2"
STYLES = {
    "semicolon": Style(),
    "comma": Style(separator=","),
    "tab": Style(separator="\t"),
    "bar": Style(separator="|"),
    "blanks": Style(separator="   ", header="time_s core wall"),
    "blanks, units in brackets": Style(separator="  ", header="Time (s)  core (°C)  wall (°C)"),
    "comma between blanks": Style(separator=" , "),
    "decimal comma, semicolon": Style(decimal=","),
    "decimal comma, tab": Style(decimal=",", separator="\t"),
    "decimal comma, blanks": Style(decimal=",", separator=" ", header="t core wall"),
    "decimal comma, quoted": Style(decimal=",", separator=",", quote='"'),
    "quoted": Style(quote='"'),
    "CRLF": Style(end="\r\n"),
    "CR": Style(end="\r"),
    "no final newline": Style(final_newline=False),
    "two final newlines": Style(tail="", end="\n\n"),
    "separator at the end": Style(tail=";"),
    "UTF-8 with mark": Style(encoding="utf-8-sig"),
    "latin-1": Style(encoding="latin-1"),
    "UTF-16 with mark": Style(encoding="utf-16"),
    "UTF-16 without mark": Style(encoding="utf-16-le"),
    "damaged degree sign": Style(header="time (s){s}core (Â°C){s}wall (�C)"),
    "sep= line": Style(header="sep=;\ntime (s);core;wall"),
    "logger's header": Style(header=LOGGER_HEADER, time=stamp),
    "logger's header, CRLF, decimal comma": Style(header=LOGGER_HEADER, time=stamp, end="\r\n", decimal=","),
    "long header": Style(header="Probe type: FOT\nRate: 1 Hz\nOperator; nobody; 12\n\nZeit [s];core;wall"),
    "comment header": Style(separator=" ", header="# 3 columns\n# time core wall"),
    "line of units": Style(header="time;core;wall\ns;°C;°C"),
    "milliseconds": Style(header="t_ms;core;wall", time=lambda t: f"{1000 * t:.0f}"),
    "milliseconds below": Style(header="t;core;wall\n[ms];[°C];[°C]", time=lambda t: f"{1000 * t:.0f}"),
    "minutes": Style(header="elapsed (min);core;wall", time=lambda t: f"{t / 60:.12f}"),
    "hours": Style(header="Time/h;core;wall", time=lambda t: f"{t / 3600:.14f}"),
    "exponents": Style(time=lambda t: f"{t:.17e}"),
    "ISO": Style(time=lambda t: stamp(t, "%Y-%m-%dT%H:%M:%S")),
    "ISO, zone": Style(time=lambda t: stamp(t, "%Y-%m-%dT%H:%M:%S.000+02:00")),
    "ISO, UTC": Style(time=lambda t: stamp(t, "%Y-%m-%d %H:%M:%SZ")),
    "day first": Style(time=lambda t: stamp(t, "%d/%m/%Y %H:%M:%S")),
    "month first": Style(time=lambda t: stamp(t, "%m/%d/%Y %H:%M:%S")),
    "12 hours": Style(time=lambda t: stamp(t, "%m/%d/%Y %I:%M:%S %p")),
    "month by name": Style(time=lambda t: stamp(t, "%d-%b-%Y %H:%M:%S")),
    "date with points": Style(separator=";", time=lambda t: stamp(t, "%d.%m.%Y %H:%M:%S")),
    "date and time apart": Style(header="Date;Time;core;wall", time=lambda t: stamp(t, "%Y-%m-%d;%H:%M:%S")),
    "stamp between blanks": Style(separator=" ", header="date time core wall", time=stamp),
    "row counter": Style(header="No.;time (s);core;wall", time=lambda t: f"{t:.0f};{t:.1f}"),
    "counter without heading": Style(separator=",", header=",t,core,wall", time=lambda t: f"{t:.0f},{t:.1f}"),
    "time of day": Style(header="Time;core;wall", time=lambda t: stamp(t, "%H:%M:%S")),
    "seconds since 1970": Style(time=lambda t: f"{1750502557 + t:.1f}"),
    "kelvin": Style(header="time (s);core (K);wall (K)", offset=273.15),
    "kelvin below": Style(header="time;core;wall\ns;K;K", offset=273.15),
    "kelvin for the file": Style(header="Unit: K\ntime (s);core;wall", offset=273.15),
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_every_way_of_writing_gives_the_same_table(style: Style, tmp_path: Path) -> None:
    path = style.write(tmp_path / "any.csv")
    if style.decimal == "," and style.header == LOGGER_HEADER:
        assert "," in path.read_text()
    table = read_table(path)
    np.testing.assert_allclose(table.time, TIMES, atol=1e-6 if "ISO" in str(style) else 1e-8)
    core, wall_value = table.columns.values()
    np.testing.assert_allclose(core, CORE, atol=1e-9)
    np.testing.assert_allclose(wall_value, WALL, atol=1e-9)
    assert tuple(name.lower() for name in table.columns) == ("core", "wall")
    assert set(table.units.values()) == {"degC"}
    assert table.n_bad == dict.fromkeys(table.columns, 0)
    assert table.skipped == 0


def test_a_table_without_header_is_numbered(tmp_path: Path) -> None:
    table = read_table(Style(header="").write(tmp_path / "bare.csv"))
    np.testing.assert_array_equal(table.columns["column 2"], CORE)
    assert any("taken as seconds" in note for note in table.notes)
    assert any("taken as degree Celsius" in note for note in table.notes)


def test_dot_and_comma_give_identical_numbers(tmp_path: Path) -> None:
    dot = read_table(Style().write(tmp_path / "dot.csv"))
    comma = read_table(Style(decimal=",", end="\r\n").write(tmp_path / "comma.csv"))
    np.testing.assert_array_equal(dot.time, comma.time)
    np.testing.assert_array_equal(dot.columns["core"], comma.columns["core"])


def test_the_start_is_the_wall_clock_of_the_first_row(tmp_path: Path) -> None:
    assert read_table(Style(time=stamp).write(tmp_path / "a.csv")).start == START
    zoned = read_table(Style(time=lambda t: stamp(t, "%Y-%m-%dT%H:%M:%S+02:00")).write(tmp_path / "b.csv"))
    assert zoned.start == START.replace(tzinfo=timezone(timedelta(hours=2)))
    epoch = read_table(STYLES["seconds since 1970"].write(tmp_path / "c.csv"))
    assert epoch.start == START.replace(tzinfo=UTC)
    assert read_table(Style().write(tmp_path / "d.csv")).start is None


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


NO_PROBE = ["-303.0", "-303", "-303,0", "-274", "-273.1", "-999", "NaN", "OPEN", "---", "no probe", "OL", ""]


@pytest.mark.parametrize("code", NO_PROBE)
def test_codes_for_no_probe_become_nan_with_a_status(code: str, tmp_path: Path) -> None:
    rows = [f"{t};{20 + t / 10};{code if 3 <= t < 6 else 21.5}" for t in range(30)]
    table = read_table(write(tmp_path / "codes.csv", "time (s);core;wall", *rows))
    assert table.n_bad == {"core": 0, "wall": 3}
    assert np.flatnonzero(np.isnan(table.columns["wall"])).tolist() == [3, 4, 5]
    assert Status.OK not in table.status["wall"][3:6]
    assert set(table.status["wall"][6:]) == {Status.OK}
    assert np.nanmin(table.columns["wall"]) == 21.5


def test_a_kelvin_table_knows_zero_as_no_reading(tmp_path: Path) -> None:
    rows = [f"{t},{0 if t == 4 else 293.15 + t}" for t in range(10)]
    table = read_table(write(tmp_path / "k.csv", "time (s),T (K)", *rows))
    assert np.isnan(table.columns["T"][4])
    assert table.columns["T"][5] == pytest.approx(25.0)
    assert table.status["T"][4] == Status.PROBE_FAULT


def test_cold_samples_are_not_taken_for_codes(tmp_path: Path) -> None:
    rows = [f"{t};{-196.0 + t}" for t in range(20)]
    table = read_table(write(tmp_path / "nitrogen.csv", "time (s);T (°C)", *rows))
    assert table.columns["T"][0] == -196.0
    assert table.n_bad["T"] == 0


def test_a_missing_second_channel_leaves_the_first(tmp_path: Path) -> None:
    empty = read_table(write(tmp_path / "a.csv", "t;core;wall", *[f"{t};{20 + t}" for t in range(9)]))
    np.testing.assert_array_equal(empty.heating_curve().temperature, 20.0 + np.arange(9))
    absent = read_table(
        write(tmp_path / "b.csv", "time (s);T1;T2", *[f"{t};{20 + t};-303.0" for t in range(9)])
    )
    assert absent.n_bad == {"T1": 0, "T2": 9}
    assert absent.heating_curve().source.endswith("[T1]")
    late = read_table(
        write(
            tmp_path / "c.csv",
            "time (s);T1;T2",
            *[f"{t};{20 + t}" + (";30" if t > 4 else "") for t in range(9)],
        )
    )
    assert late.n_bad == {"T1": 0, "T2": 5}


def test_a_cut_off_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    path = Style(time=stamp).write(tmp_path / "cut.csv")
    path.write_bytes(path.read_bytes().rstrip(b"\n")[:-9])
    table = read_table(path)
    np.testing.assert_array_equal(table.columns["core"], CORE[:-1])
    assert any("cut off" in note for note in table.notes)


def test_a_few_disturbed_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [f"{t};{20 + t / 10:.1f};21.5" for t in range(60)]
    rows[20] = "# stirrer on"
    rows[30] = "xx\x07;;garbage"
    rows[40] = "40;2?.1;21.5"
    table = read_table(write(tmp_path / "d.csv", "time (s);T1 (°C);T2 (°C)", *rows))
    assert table.skipped == 2
    assert table.time.size == 58
    assert table.n_bad == {"T1": 1, "T2": 0}
    assert Status.BAD_REPLY in table.status["T1"]
    assert any("first line 22" in note for note in table.notes)


def test_rows_that_share_a_stamp_are_spread_over_it(tmp_path: Path) -> None:
    true = 0.5 + 0.5 * np.arange(60)  # 2 Hz, first row half a second into its stamp
    rows = [f"{stamp(float(int(t)))};{20 + 0.1 * t:.2f}" for t in true]
    table = read_table(write(tmp_path / "2hz.csv", "time stamp;T (°C)", *rows))
    np.testing.assert_allclose(table.time - table.time[0], true - true[0], atol=1e-9)
    assert any("spread evenly" in note for note in table.notes)
    assert table.time_resolution == 1.0
    curve = table.heating_curve(on=5.0, off=20.0)
    assert curve.u_switch == pytest.approx(1 / np.sqrt(12))


def test_a_jittering_logger_keeps_each_row_inside_its_second(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    true = np.cumsum(rng.uniform(0.6, 1.4, 200))
    rows = [f"{stamp(float(int(t)))};{20 + 0.01 * t:.3f}" for t in true]
    table = read_table(write(tmp_path / "jitter.csv", "time stamp;T (°C)", *rows))
    assert np.all(np.diff(table.time) > 0)
    offset = int(true[0])
    assert np.max(np.abs(table.time + offset - true)) <= 1.0


def test_midnight_is_passed_with_and_without_a_date(tmp_path: Path) -> None:
    begin = datetime(2025, 12, 31, 23, 59, 50)  # noqa: DTZ001 - as the logger writes it
    for form in ("%H:%M:%S", "%Y-%m-%d %H:%M:%S"):
        rows = [f"{(begin + timedelta(seconds=t)).strftime(form)};{20 + t}" for t in range(20)]
        table = read_table(write(tmp_path / "night.csv", "Time;T (°C)", *rows))
        np.testing.assert_allclose(table.time, np.arange(20.0))


@pytest.mark.parametrize(("order", "month"), [("DMY", 6), ("MDY", 5)])
def test_an_ambiguous_date_is_read_as_told(order: str, month: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Time;T (°C)", *[f"05/06/2025 10:00:{t:02};{20 + t}" for t in range(20)])
    table = read_table(path, date_order="DMY" if order == "DMY" else "MDY")
    assert table.start is not None
    assert table.start.month == month


def test_a_date_with_equal_day_and_month_is_not_ambiguous(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Time;T (°C)", *[f"06/06/2025 10:00:{t:02};{20 + t}" for t in range(20)])
    assert read_table(path).start == datetime(2025, 6, 6, 10)  # noqa: DTZ001 - as the logger writes it


def test_numbers_keep_the_zero_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "time (s);T (°C)", *[f"{t};{20 + t / 10}" for t in range(-5, 30)])
    assert read_table(path).time[0] == -5.0


def test_what_is_no_temperature_is_kept_apart(tmp_path: Path) -> None:
    rows = [f"{t},{t % 3},15.0,25.0,{20 + t},HEAT" for t in range(12)]
    head = "Time (sec), Heater (%), field (kA/m), Set Point (degC), Temperature (degC), comment"
    table = read_table(write(tmp_path / "a.csv", head, *rows))
    assert list(table.columns) == ["Temperature"]
    assert list(table.others) == ["Heater", "field", "Set Point"]
    assert table.units["field"] == "kA/m"
    assert any("comment" in note for note in table.notes)


def test_kelvin_without_a_unit_needs_a_word(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", *[f"{t},0,{293.15 + t}" for t in range(12)])
    with pytest.raises(DataFileError, match='temperature_unit="K"'):
        read_table(path)
    table = read_table(path, channel="3", temperature_unit="K")
    np.testing.assert_allclose(table.columns["column 3"], 20.0 + np.arange(12))
    np.testing.assert_array_equal(table.others["column 2"], 0.0)


def test_the_time_unit_can_be_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "t,T", *[f"{t},{20 + t}" for t in range(12)])
    np.testing.assert_array_equal(read_table(path, time_unit="min").time, 60.0 * np.arange(12))
    with pytest.raises(BadInput, match="days"):
        read_table(path, time_unit="days")


def two_probes(tmp_path: Path) -> Table:
    return read_table(Style().write(tmp_path / "two.csv"))


def test_several_channels_demand_a_choice(tmp_path: Path) -> None:
    table = two_probes(tmp_path)
    with pytest.raises(DataFileError, match='choose a channel, one of "core", "wall"'):
        table.heating_curve()
    np.testing.assert_array_equal(table.heating_curve("WALL").temperature, WALL)
    with pytest.raises(DataFileError, match='"core", "wall"'):
        table.heating_curve("vessel")


def test_the_curve_carries_what_is_known(tmp_path: Path) -> None:
    curve = two_probes(tmp_path).heating_curve("core", on=5.0, off=30.0, field=15e3, frequency=300e3, lag=2.0)
    assert curve.on == ((5.0, 30.0),)
    assert (curve.field, curve.frequency, curve.lag) == (15e3, 300e3, 2.0)
    assert curve.resolution == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("on", "off", "says"),
    [(5.0, None, "both"), (None, 5.0, "both"), (9.0, 5.0, "before"), (5.0, 500.0, "goes from 0 s to 39 s")],
)
def test_field_times_that_do_not_fit_are_refused(
    on: float | None, off: float | None, says: str, tmp_path: Path
) -> None:
    with pytest.raises(DataFileError, match=says):
        two_probes(tmp_path).heating_curve("core", on=on, off=off)


def test_the_step_of_the_thermometer_is_found(tmp_path: Path) -> None:
    steps = np.round(np.round((20 + 0.02 * np.arange(400)) / 0.3223) * 0.3223, 2)
    smooth = 20 + 0.02 * np.arange(400) + np.random.default_rng(1).normal(0, 0.01, 400)
    rows = [f"{t},{a:.2f},{b:.9f}" for t, (a, b) in enumerate(zip(steps, smooth, strict=True))]
    table = read_table(write(tmp_path / "a.csv", "time (s),T1 (°C),T2 (°C)", *rows))
    assert table.resolution["T1"] == pytest.approx(0.322, abs=0.002)
    assert table.resolution["T2"] == 0.0


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    import hashlib

    path = Style().write(tmp_path / "a.csv")
    assert read_table(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("decimal", [".", ","])
def test_a_hundred_thousand_rows_do_not_take_long(decimal: str, tmp_path: Path) -> None:
    rows = [f"{stamp(t / 10, '%Y/%m/%d %H:%M:%S.%f')};{20 + t * 1e-4:.1f};-303.0" for t in range(100_000)]
    text = "\n".join(row.replace(".", decimal) for row in rows)
    path = write(tmp_path / "long.csv", "Time stamp;T1;T2", text)
    began = wall.perf_counter()
    table = read_table(path)
    took = wall.perf_counter() - began
    assert table.time[-1] == pytest.approx(9999.9)
    assert took < 10.0  # about 0.5 s on an idle machine; a quadratic reader would take minutes
