from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from amfdaq.store.check import check_file
from amfdaq.store.reader import add_analysis

CORE = "entry/channels/core"


def test_nothing_is_wrong_with_a_finished_file(finished: Path) -> None:
    assert check_file(finished) == []
    add_analysis(finished, {}, {"sar": 1.0}, {"time": [0.0, 1.0], "temperature": [20.0, 21.0]})
    assert check_file(finished) == []


def _set(path: str, index: int, value: float) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[path][index] = value

    return change


def _replace(path: str, value: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[path]
        file[path] = value

    return change


def _attribute(path: str, name: str, value: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[path].attrs[name] = value

    return change


def _unitless(file: h5py.File) -> None:
    del file[f"{CORE}/value"].attrs["units"]


def _dangling(file: h5py.File) -> None:
    file["entry/somewhere"] = h5py.SoftLink("/entry/nowhere")


def _delete(path: str) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[path]

    return change


def _shorter_plot(file: h5py.File) -> None:
    del file["entry/temperature/shell"]
    file["entry/temperature/shell"] = np.zeros(3)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_set(f"{CORE}/value", 3, 99.0), "raw_sha256 differs"),
        (_set("entry/channels/current/status", 3, 200), "a status that means nothing"),
        (_set(f"{CORE}/value", 3, np.nan), "numbers for failed readings, or none for good ones"),
        (_set(f"{CORE}/value", 16, 25.0), "numbers for failed readings, or none for good ones"),
        (_set(f"{CORE}/time", 5, 0.0), '"time" of channel "core" goes backwards'),
        (_set(f"{CORE}/scheduled", 5, 0.0), '"scheduled" of channel "core" goes backwards'),
        (_set(f"{CORE}/sent", 5, 50.0), "replies from before their request"),
        (_set(f"{CORE}/received", 5, np.inf), "not finite"),
        (_attribute(f"{CORE}/value", "units", "furlong"), 'unknown unit "furlong"'),
        (_attribute(f"{CORE}/time", "units", "ms"), '"time" of channel "core" is not in s'),
        (_unitless, 'channel "core" has no unit'),
        (_replace(f"{CORE}/sent", np.zeros(7)), "different lengths"),
        (_delete(f"{CORE}/received"), 'channel "core" lacks received'),
        (_delete(CORE), 'channel "core" is declared but missing'),
        (_attribute("entry", "default", "pressure"), '"pressure", which is not there'),
        (_attribute("entry", "default", "rig"), "not an NXdata"),
        (_attribute("entry/temperature", "signal", "kern"), "lacks its signal or axis: kern"),
        (_shorter_plot, "different lengths"),
        (_dangling, "leads nowhere"),
        (_replace("entry/run_status", "splendid"), 'run_status is "splendid"'),
        (_replace("entry/run_status", "running"), "never finished"),
        (_replace("entry/start_time", "yesterday"), 'start_time is "yesterday"'),
        (_delete("entry/end_time"), "end_time is missing"),
        (_replace("entry/metadata", "{"), "damaged"),
        (_set("entry/events/time", 0, 99.0), "not sorted"),
        (_delete("entry/events/kind"), "damaged"),
        (_attribute("/", "layout_version", 2), "update amfdaq"),
        (_delete("entry/analysis_1/result"), "damaged"),
    ],
)
def test_what_is_wrong_is_said(finished: Path, change: Callable[[h5py.File], None], sentence: str) -> None:
    add_analysis(finished, {}, {"sar": 1.0}, {"time": [0.0, 1.0], "temperature": [20.0, 21.0]})
    with h5py.File(finished, "r+") as file:
        change(file)
    problems = check_file(finished)
    assert any(sentence in problem for problem in problems), problems


def test_journals_beside_the_file_are_a_problem(stored: Any, example: Any) -> None:
    stored.write(end=None)
    problems = check_file(stored.file)
    assert any("run1.journal is still beside it" in problem for problem in problems)
    assert "no such file" in problems
    for journal in (stored.journal, stored.guard):
        journal.unlink()
    with stored.writer() as writer:
        writer.append(example.batch(0))
        assert any("still goes on" in problem for problem in check_file(stored.file))


def test_it_is_only_read(finished: Path) -> None:
    before = finished.read_bytes()
    check_file(finished)
    assert finished.read_bytes() == before
