"""Tables that cannot be used: one sentence each, with file, line and what to do."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from amfdaq.errors import DataFileError
from amfdaq.store.tables import read_table

HEAD = "time (s);core (°C);wall (°C)"
GOOD = [f"{t};{20 + t / 10:.1f};21.5" for t in range(60)]


def stamped(first: str, seconds: range) -> list[str]:
    return ["Time;T (°C)", *[f"{first} 10:00:{s:02};{20 + s / 10:.1f}" for s in seconds]]


def changed(row: int, text: str) -> list[str]:
    return [HEAD, *GOOD[:row], text, *GOOD[row + 1 :]]


# lines of the file, what the sentence must say, and the line it must name (0: none)
TEXTS: dict[str, tuple[list[str], str, int]] = {
    "header only": ([HEAD], "no row of data", 1),
    "logger's header only": (
        ["sep=;", ";Unit:C", ";", "24000732-COM5;2", "Time stamp;c1;c2"],
        "no row of data",
        5,
    ),
    "prose": (["There was a table here.", "It went away."] * 20, "no rows of a time and a temperature", 0),
    "one column": (["T (°C)", *[f"{20 + t / 10}" for t in range(30)]], "one column", 2),
    "times only": (["Time", *[f"2025-06-11 10:00:{t:02}" for t in range(30)]], "no temperatures", 2),
    "two rows": ([HEAD, *GOOD[:2]], "2 usable rows", 2),
    "clock goes back": (changed(30, "12;23.0;21.5"), "goes back by 17 s", 32),
    "two recordings": ([HEAD, *GOOD, HEAD, *GOOD], "goes back", 63),
    "clock stands still": ([HEAD, *["5;20.0;21.5"] * 30], "same time", 2),
    "clock stops": ([HEAD, *GOOD, *["60;20.0;21.5"] * 30], "same time", 62),
    "only no-probe codes": ([HEAD, *[f"{t};-303.0;-303.0" for t in range(60)]], "no reading in", 2),
    "only words": ([HEAD, *[f"{t};OPEN;---" for t in range(60)]], "no reading in", 2),
    "much text": (
        ["time (s);T", *[f"{t};{20 if (t + 1) % 3 else 'oops'}" for t in range(60)]],
        "cells of column",
        4,
    ),
    "damaged lines": (
        [HEAD, *[row if i % 4 else "###" for i, row in enumerate(GOOD, 1)]],
        "cannot be read as rows",
        5,
    ),
    "comma for both": ([f"{t},0,{20 + t},5" for t in range(30)], "both separator and decimal sign", 1),
    "comma for both, headed": (["time,T", *[f"{t},{20 + t},5" for t in range(30)]], "both separator", 2),
    "points and commas": (changed(20, "20;1,234;21.5"), "decimal comma", 22),
    "points and commas in the time": (
        [HEAD, "0.5;20;21", *GOOD[1:20], "20,0;22;21"],
        "has a decimal comma",
        22,
    ),
    "day or month": (stamped("05/06/2025", range(30)), "DMY", 2),
    "two-digit year": (stamped("05/06/07", range(30)), "MDY", 2),
    "dates of two kinds": (
        ["Time;T", *stamped("25/06/2025", range(9))[1:], *stamped("06/25/2025", range(10, 20))[1:]],
        "no reading in common",
        2,
    ),
    "hours or minutes": (
        ["Time;T", *[f"10:{m:02};{20 + m}" for m in range(30)]],
        "hours and minutes or minutes",
        2,
    ),
    "kelvin or not": (["time (s);T", *[f"{t};{293 + t}" for t in range(30)]], "kelvin", 2),
    "not kelvin": (["time (s);T (K)", *[f"{t};{20 + t}" for t in range(30)]], "stated to be in kelvin", 2),
    "Fahrenheit": (["time (s);T (°F)", *[f"{t};{70 + t}" for t in range(30)]], "Fahrenheit", 1),
    "minutes somewhere": (
        ["Sampling in minutes", "a;b;c;d", *[f"{t};{20 + t}" for t in range(30)]],
        'time_unit="s"',
        1,
    ),
    "no temperature": (
        ["time (s);power (W)", *[f"{t};{20 + t}" for t in range(30)]],
        "no column that is a temperature",
        0,
    ),
}


@pytest.mark.parametrize(("lines", "says", "line"), TEXTS.values(), ids=TEXTS.keys())
def test_a_useless_table_is_refused_in_one_sentence(
    lines: list[str], says: str, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "useless.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataFileError) as caught:
        read_table(path)
    sentence = str(caught.value)
    assert says in sentence
    assert sentence.startswith(f"{path}:{line}: " if line else str(path))
    assert "\n" not in sentence
    assert any(mark in sentence for mark in (";", "?"))  # what to do follows


def an_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["temperature"] = np.arange(10.0)


OTHER_KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda p: p.write_bytes(b""), "is empty"),
    "blank": (lambda p: p.write_bytes(b"\n \r\n\t\n"), "is empty"),
    "mark only": (lambda p: p.write_bytes(b"\xef\xbb\xbf"), "is empty"),
    "NUL bytes": (lambda p: p.write_bytes(b"\0" * 5000), "is empty"),
    "noise": (lambda p: p.write_bytes(random.Random(3).randbytes(20_000)), "binary data"),
    "text, then noise": (
        lambda p: p.write_bytes("\n".join([HEAD, *GOOD]).encode() + random.Random(3).randbytes(4000)),
        "binary data from line 6",
    ),
    "spreadsheet": (lambda p: p.write_bytes(b"PK\x03\x04" + bytes(200)), "save the sheet as CSV"),
    "old spreadsheet": (lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200)), "as CSV"),
    "HDF5": (an_hdf5, "HDF5"),
    "compressed": (lambda p: p.write_bytes(b"\x1f\x8b\x08" + bytes(100)), "gzip"),
    "folder": (lambda p: p.mkdir(), "is a folder"),
    "missing": (lambda _: None, "no such file"),
    "pipe": (os.mkfifo, "not a file"),
    "dangling link": (lambda p: p.symlink_to(p.with_name("gone")), "no such file"),
}


@pytest.mark.parametrize(("make", "says"), OTHER_KINDS.values(), ids=OTHER_KINDS.keys())
def test_what_is_no_table_is_named(make: Callable[[Path], object], says: str, tmp_path: Path) -> None:
    path = tmp_path / "recording.csv"
    make(path)
    with pytest.raises(DataFileError, match=says) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="only a plain user can be denied a file")
def test_a_denied_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "locked.csv"
    path.write_text("0;1\n")
    path.chmod(0)
    with pytest.raises(DataFileError, match="permissions"):
        read_table(path)


def test_the_wrong_channel_is_answered_with_the_right_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join([HEAD, *GOOD]), encoding="utf-8")
    with pytest.raises(DataFileError, match='"time", "core", "wall"'):
        read_table(path, channel="vessel")
    with pytest.raises(DataFileError, match="is the time"):
        read_table(path, channel="time")
    path.write_text("\n".join(stamped("25/06/2025", range(30))), encoding="utf-8")
    with pytest.raises(DataFileError, match="no date in the order MDY"):
        read_table(path, date_order="MDY")


def test_any_cut_of_a_good_file_is_read_or_refused(tmp_path: Path) -> None:
    """A recording cut anywhere gives its whole rows or a sentence, never a wrong temperature."""
    whole = "\r\n".join(
        [
            "sep=;",
            ";Unit:C",
            "Time stamp;T1;T2",
            *[f"2025/06/11 10:42:{s:02};{20 + s}.5;-303.0" for s in range(40)],
        ]
    )
    path = tmp_path / "cut.csv"
    allowed = {20 + s + 0.5 for s in range(40)}
    read = 0
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length].encode())
        with contextlib.suppress(DataFileError):
            found = read_table(path).columns["T1"][:-1]  # the last number may be cut; its row is then short
            assert set(found[np.isfinite(found)]) <= allowed
            read += 1
    assert read > 300
