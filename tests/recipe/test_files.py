"""Files that cannot be read at all, and TOML that is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amfdaq.config import Field, Section, load_toml, read_toml
from amfdaq.errors import ConfigError, Problem

Check = Callable[[Callable[[Path], Any], str], None]


def only_problem(path: Path) -> Problem:
    with pytest.raises(ConfigError) as caught:
        read_toml(path)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def test_a_missing_file_names_its_neighbours(folder: Path) -> None:
    problem = only_problem(folder / "rigg.toml")
    assert problem.line is None
    assert "no such file" in problem.message
    assert "coil.toml" in problem.message
    assert "does not exist either" in only_problem(folder / "no" / "rig.toml").message


def test_a_folder_is_not_a_file(folder: Path) -> None:
    assert "is a folder" in only_problem(folder).message


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(folder: Path) -> None:
    path = folder / "secret.toml"
    path.write_text("a = 1", encoding="utf-8")
    path.chmod(0)
    assert "cannot be read: Permission denied" in only_problem(path).message


@pytest.mark.parametrize("content", [b"", b"  \n\n", b"\xef\xbb\xbf\r\n"])
def test_an_empty_file(folder: Path, content: bytes) -> None:
    path = folder / "empty.toml"
    path.write_bytes(content)
    assert only_problem(path).message == "the file is empty"


def test_text_that_is_not_utf8_is_found_at_its_line(folder: Path) -> None:
    path = folder / "latin.toml"
    path.write_bytes("[rig]\nname = 'Käfer'\n".encode("latin-1"))
    problem = only_problem(path)
    assert problem.line == 2
    assert "UTF-8" in problem.message


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(folder: Path) -> None:
    path = folder / "windows.toml"
    path.write_bytes(b'\xef\xbb\xbf[rig]\r\nname = "x"\r\n')
    file = read_toml(path)
    assert file.data == {"rig": {"name": "x"}}
    assert file.lines["rig", "name"] == 2


SYNTAX = {
    "quantity without quotes": 'a = 1\nfield = 15 kA/m #! -: here field = "15 kA/m"',
    "text without quotes": 'a = 1\nname = sample #! -: here name = "sample"',
    "quote not closed": 'name = "sample #! -: a quote is opened and not closed\nb = 2',
    "key twice": "[a]\nx = 1\nx = 2 #! -: twice in the same table\ny = 3",
    "table twice": "[a]\nx = 1\n[a] #! -: [a]\n",
    "no equals sign": "[a]\nx 1 #! -: neither a [table] nor a key = value\n",
    "a remark without its sign": "[a]\nthis is a remark #! -: begin a remark with\n",
    "bracket not closed": "[a]\nx = [1, 2 #! -: a bracket is opened and not closed\ny = 3\n",
    "header not closed": "[a #! -: a bracket is opened and not closed\ny = 3\n",
    "backslash in a path": '[a]\nx = "C:\\data\\probe.toml" #! -: write paths with /\n',
    "decimal comma": '[a]\nx = 1,5 #! -: here x = "1,5"\n',
}


@pytest.mark.parametrize("text", SYNTAX.values(), ids=SYNTAX)
def test_syntax_errors_are_reported_at_their_line(check_broken: Check, text: str) -> None:
    check_broken(read_toml, text)


def test_a_value_that_is_missing(folder: Path) -> None:
    path = folder / "missing.toml"
    path.write_text("[a]\nx =\ny = 2\n", encoding="utf-8")
    problem = only_problem(path)
    assert problem.line == 2
    assert "the value is missing" in problem.message


class Tube(Section):
    amplitude: Field


def test_a_model_of_ones_own(folder: Path) -> None:
    path = folder / "tube.toml"
    path.write_text('amplitude = "18.8 mT"', encoding="utf-8")
    assert load_toml(path, Tube).amplitude.value == pytest.approx(14960.6, abs=0.1)
    path.write_text('amplitude = "18.8 s"', encoding="utf-8")
    with pytest.raises(ConfigError, match=r'tube\.toml:1: amplitude: "18\.8 s" is a time; a field is needed'):
        load_toml(path, Tube)
