"""Everything that a tired person can get wrong: exit code 2, a sentence that names the place, and no traceback."""

import os
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import pytest
from running import amfdaq

Edit = Callable[[Path], None]  # makes the desk wrong

AMFDAQ = (sys.executable, "-P", "-m", "amfdaq.cli.main")
RUN = "run recipe.toml --rig rig.toml --sample sample.toml -o out"
ANALYZE = "analyze x.csv --on 60 --off 260"


@dataclass(frozen=True)
class Case:
    """What is done to the desk, the command, and the words that stderr must have."""

    name: str
    command: str | list[str]
    says: tuple[str, ...]
    edits: tuple[Edit, ...] = ()


def swap(name: str, old: str, new: str) -> Edit:
    def edit(desk: Path) -> None:
        text = (desk / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old}"
        (desk / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit


def put(name: str, content: str | bytes) -> Edit:
    def edit(desk: Path) -> None:
        (desk / name).parent.mkdir(parents=True, exist_ok=True)
        (desk / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return edit


def folder(name: str) -> Edit:
    return lambda desk: (desk / name).mkdir()


def copy(old: str, new: str, change: Callable[[bytes], bytes] = bytes) -> Edit:
    def edit(desk: Path) -> None:
        (desk / new).write_bytes(change((desk / old).read_bytes()))

    return edit


def foreign_hdf5(name: str) -> Edit:
    def edit(desk: Path) -> None:
        with h5py.File(desk / name, "w") as file:
            file["spectrum"] = [1.0, 2.0]

    return edit


def spreadsheet(name: str) -> Edit:
    def edit(desk: Path) -> None:
        with zipfile.ZipFile(desk / name, "w") as file:
            file.writestr("xl/workbook.xml", "<workbook/>")

    return edit


def rows(line: str, n: int = 100, head: str = "time (s),T (degC)") -> str:
    """A table; `line` may use {t}, the seconds from 0."""
    return head + "\n" + "\n".join(line.format(t=t) for t in range(n)) + "\n"


CONFIGURATION = [
    Case(
        "missing",
        "run recepie.toml --rig rig.toml --sample sample.toml",
        ("recepie.toml: no such file", "recipe.toml"),
    ),
    Case("folder", RUN.replace("rig.toml", "f"), ('"f" is a folder',), (folder("f"),)),
    Case("empty", RUN, ("rig.toml: the file is empty",), (put("rig.toml", ""),)),
    Case("only-blanks", RUN, ("sample.toml: the file is empty",), (put("sample.toml", "\r\n \r\n"),)),
    Case("syntax", RUN, ("rig.toml:8: ", 'name = "fibre"'), (swap("rig.toml", '"fibre"', "fibre"),)),
    Case("open-quote", RUN, ("sample.toml:4: ", "not closed"), (swap("sample.toml", 'fluid"', "fluid"),)),
    Case(
        "unknown-key",
        RUN,
        ("rig.toml:26: ", 'did you mean "temperature_rate"'),
        (swap("rig.toml", "temperature_rate", "temperatur_rate"),),
    ),
    Case(
        "wrong-unit",
        RUN,
        ("rig.toml:25: limits.temperature: ", '"60 kHz" is a frequency'),
        (swap("rig.toml", "60 degC", "60 kHz"),),
    ),
    Case(
        "number",
        RUN,
        ("recipe.toml:13: ", "10 has no unit", '"15 kA/m"'),
        (swap("recipe.toml", '"10 kA/m"', "10"),),
    ),
    Case(
        "no-unit", RUN, ("recipe.toml:13: ", '"10" has no unit'), (swap("recipe.toml", '"10 kA/m"', '"10"'),)
    ),
    Case(
        "unknown-driver",
        RUN,
        ("rig.toml:9: ", "known drivers: magnetherm, osensa-ftx"),
        (swap("rig.toml", "osensa-ftx", "osensa"),),
    ),
    Case(
        "wrong-kind-of-driver",
        RUN,
        ("rig.toml:9: ", "for a supply"),
        (swap("rig.toml", "osensa-ftx", "magnetherm"),),
    ),
    Case("bad-address", RUN, ("rig.toml:11: ", "tpc://"), (swap("rig.toml", "tcp://127", "tpc://127"),)),
    Case(
        "no-certificate",
        RUN,
        ("rig.toml:21: supply.coil: ", '"c.toml" does not exist'),
        (swap("rig.toml", '"coil.toml"', '"c.toml"'),),
    ),
    Case("certificate", RUN, ("coil.toml:18: ", "coil constant"), (swap("coil.toml", "2 %", "2 kHz"),)),
    Case(
        "certificate-date", RUN, ("coil.toml:7: ", "date"), (swap("coil.toml", "2099-12-31", "2099-02-31"),)
    ),
    Case(
        "expires-before-date",
        "check coil.toml",
        ("coil.toml:7: ", "before the day"),
        (swap("coil.toml", "2099-12-31", "1999-12-31"),),
    ),
    Case("no-basis", RUN, ("sample.toml:7: ", 'basis = "Fe"'), (swap("sample.toml", 'basis = "Fe"\n', ""),)),
    Case(
        "sweep-without-heat",
        RUN,
        ("recipe.toml:7: sweep.field", "no step heats"),
        (
            put(
                "recipe.toml",
                '[recipe]\nname="x"\n[[step]]\nkind="cool"\nduration="10 s"\n[sweep]\nfield=["1 kA/m"]\n',
            ),
        ),
    ),
    Case(
        "field-limit",
        RUN,
        ("recipe.toml: step 2", "limit of 9 kA/m", "rig.toml"),
        (swap("rig.toml", "13.5 kA/m", "9 kA/m"),),
    ),
    Case(
        "field-times-frequency",
        RUN,
        ("recipe.toml: step 2", "limits.field_frequency"),
        (swap("rig.toml", "5e9", "1e9"),),
    ),
    Case("time-on", RUN, ("recipe.toml: step 2", "limits.time_on"), (swap("rig.toml", "10 min", "2 min"),)),
    Case(
        "until",
        RUN,
        ("recipe.toml: step 2", "not below the limit of 60 degC"),
        (swap("recipe.toml", '"10 kA/m"', '"10 kA/m"\nuntil = "70 degC"'),),
    ),
    Case(
        "frequency-not-calibrated",
        RUN,
        ("recipe.toml: step 2", "coil.toml", "265 kHz"),
        (swap("recipe.toml", "265 kHz", "300 kHz"),),
    ),
    Case("stale", RUN, ("rig.toml:31: limits.stale", "at least 1 s"), (swap("rig.toml", "5 s", "0.1 s"),)),
    Case(
        "no-core",
        RUN,
        ("rig.toml:13: ", 'role = "core"'),
        (swap("rig.toml", 'channel = "A"', 'channel = "A"\nrole = "coil"'),),
    ),
    Case(
        "three-files",
        RUN,
        ("recipe.toml:11: ", "rig.toml:25: ", "sample.toml:6: "),
        (
            swap("recipe.toml", '"heat"', '"heating"'),
            swap("rig.toml", "60 degC", "60 kHz"),
            swap("sample.toml", "1.00 mL", "1.00 m"),
        ),
    ),
    Case(
        "exchanged",
        "run rig.toml --rig recipe.toml --sample sample.toml",
        ("rig.toml: this is a rig, not a recipe", "recipe.toml: this is a recipe"),
    ),
    Case(
        "negative",
        RUN,
        ("recipe.toml:13: ", "is negative"),
        (swap("recipe.toml", '"10 kA/m"', '"-10 kA/m"'),),
    ),
    Case(
        "infinite", RUN, ("rig.toml:35: clock.speed: inf",), (swap("rig.toml", "speed = 8.0", "speed = inf"),)
    ),
    Case("nan", RUN, ("recipe.toml:13: ", "nan"), (swap("recipe.toml", '"10 kA/m"', "nan"),)),
    Case(
        "nan-in-quotes",
        RUN,
        ("recipe.toml:13: ", "nan kA/m"),
        (swap("recipe.toml", '"10 kA/m"', '"nan kA/m"'),),
    ),
    Case(
        "beyond-floats",
        RUN,
        ("recipe.toml:12: ", "not a finite time"),
        (swap("recipe.toml", "180 s", "1e400 s"),),
    ),
    Case("years", RUN, ("recipe.toml: step 2", "limits.time_on"), (swap("recipe.toml", "180 s", "1e300 s"),)),
    Case(
        "thousands-of-digits",
        RUN,
        ("recipe.toml: ", "too long"),
        (swap("recipe.toml", '"180 s"', "9" * 5000),),
    ),
    Case(
        "thousands-of-brackets", RUN, ("rig.toml: ", "too long"), (swap("rig.toml", '"fibre"', "[" * 5000),)
    ),
    Case(
        "repeats",
        RUN,
        ("recipe.toml:1: repeat.count", "at most 1000"),
        (copy("recipe.toml", "recipe.toml", lambda b: b"repeat = 1000000000\n" + b),),
    ),
    Case("long-line", RUN, ("rig.toml:10: ", "has no unit"), (swap("rig.toml", "2 Hz", "9" * 100_000),)),
    Case(
        "latin-1",
        RUN,
        ("sample.toml:4: ", "UTF-8"),
        (copy("sample.toml", "sample.toml", lambda b: b.replace(b"ferrofluid", b"L\xf6sung")),),
    ),
    Case(
        "utf-16",
        RUN,
        ("rig.toml:1: ", "UTF-8"),
        (copy("rig.toml", "rig.toml", lambda b: b.decode().encode("utf-16")),),
    ),
    Case(
        "control-character",
        RUN,
        ("sample.toml:4: ", "control character"),
        (swap("sample.toml", "ferrofluid", "ferro\0fluid"),),
    ),
    Case(
        "backslashes",
        RUN,
        ("rig.toml:21: ", "backslash"),
        (swap("rig.toml", "coil.toml", "C:\\coils\\coil.toml"),),
    ),
    Case(
        "crlf-and-wrong",
        RUN,
        ("rig.toml:25: ",),
        (
            swap("rig.toml", "60 degC", "60 kHz"),
            copy("rig.toml", "rig.toml", lambda b: b.replace(b"\n", b"\r\n")),
        ),
    ),
    Case("check-missing", "check lost.toml", ("lost.toml: no such file", "rig.toml")),
    Case("check-missing-run", "check lost.h5", ("lost.h5: no such file",)),
    Case("check-folder", "check f", ("f: is a folder",), (folder("f"),)),
    Case("check-empty", "check x.toml", ("x.toml: the file is empty",), (put("x.toml", ""),)),
    Case("check-binary", "check x.toml", ("x.toml:",), (put("x.toml", bytes(range(256))),)),
    Case("check-table", "check good.csv", ("good.csv: ", "amfdaq import")),
    Case(
        "check-other-toml",
        "check x.toml",
        ("x.toml: ", "[rig], [sample], [recipe] or [certificate]"),
        (put("x.toml", "[tool.black]\nx = 1\n"),),
    ),
    Case("check-bracket", "check x.toml", ("x.toml:1: ", "bracket"), (put("x.toml", '[rig\nname = "a"\n'),)),
    Case("check-quote", "check x.toml", ("x.toml:1: ", "quote"), (put("x.toml", 'name = "a\n'),)),
    Case(
        "check-certificate-syntax",
        "check x.toml",
        ("x.toml:2: ", "quotes"),
        (put("x.toml", "[certificate]\nkind = coil\n"),),
    ),
    Case(
        "check-certificate-kind",
        "check x.toml",
        ("x.toml:2: certificate.kind", '"coil" or "thermometer"'),
        (put("x.toml", '[certificate]\nkind = "coli"\n'),),
    ),
    Case(
        "check-certificate-list",
        "check x.toml",
        ("x.toml:1: certificate: ",),
        (put("x.toml", "certificate = [1]\n"),),
    ),
    Case(
        "check-walk",
        "check --dry-run rig.toml recipe.toml",
        ("recipe.toml: step 2", "limit of 9 kA/m"),
        (swap("rig.toml", "13.5 kA/m", "9 kA/m"),),
    ),
    Case("check-walk-lost-rig", "check --dry-run lost.toml recipe.toml", ("lost.toml: no such file",)),
    Case(
        "check-walk-no-rig",
        "check --dry-run sample.toml recipe.toml",
        ("sample.toml: this is a sample, not a rig",),
    ),
    Case("off-lost-rig", "off lost.toml", ("lost.toml: no such file", "hardware stop")),
    Case("off-no-rig", "off sample.toml", ("sample.toml: this is a sample, not a rig", "hardware stop")),
    Case("sim-bench", "sim -o s --bench b.toml", ("b.toml: unknown key x",), (put("b.toml", "[x]\n"),)),
]

TABLES = [
    Case("missing", "analyze lost.csv", ("lost.csv: no such file",)),
    Case("empty-folder", "analyze f", ("f: no run file",), (folder("f"),)),
    Case("empty", ANALYZE, ("x.csv is empty",), (put("x.csv", ""),)),
    Case("blank", ANALYZE, ("x.csv is empty",), (put("x.csv", "\n\n \n"),)),
    Case("binary", ANALYZE, ("x.csv: binary data",), (put("x.csv", bytes(range(256)) * 9),)),
    Case("header-only", ANALYZE, ("x.csv:1: ", "no row of data"), (put("x.csv", "time (s),T (degC)\n"),)),
    Case("one-column", ANALYZE, ("x.csv:", "one column"), (put("x.csv", rows("2{t}.5", head="T")),)),
    Case("words", ANALYZE, ("x.csv:", "no row of data"), (put("x.csv", "a,b\nfoo,bar\nbar,baz\n"),)),
    Case("no-probe", ANALYZE, ("x.csv:2: ", "no probe"), (put("x.csv", rows("{t},-999.9")),)),
    Case(
        "time-goes-back",
        ANALYZE,
        ("x.csv:", "goes back"),
        (put("x.csv", rows("{t},22.{t}", 60) + "3,22.5\n4,22.6\n5,22.7\n"),),
    ),
    Case(
        "two-temperatures",
        ANALYZE,
        ("x.csv", "--channel", '"T1", "T2"'),
        (put("x.csv", rows("{t},22.{t},21.{t}", head="time (s),T1 (degC),T2 (degC)")),),
    ),
    Case(
        "no-such-channel",
        [*ANALYZE.split(), "--channel", "T9"],
        ("x.csv", '"T9"', '"T"'),
        (copy("good.csv", "x.csv"),),
    ),
    Case(
        "kelvin",
        ANALYZE,
        ("x.csv:2: ", "--temperature-unit K"),
        (put("x.csv", rows("{t},295.{t}", head="t,T")),),
    ),
    Case(
        "date-order",
        ANALYZE,
        ("x.csv:2: ", "--date-order DMY"),
        (put("x.csv", rows("03/04/2025 10:00:{t:02d},22.{t}", 59, "time,T (degC)")),),
    ),
    Case(
        "milliseconds",
        ANALYZE,
        ("x.csv:1: ", "--time-unit s"),
        (put("x.csv", rows("{t},22.{t}", head="# in ms\nt,T")),),
    ),
    Case("spreadsheet", ANALYZE, ("x.csv", "save the sheet as CSV"), (spreadsheet("x.csv"),)),
    Case("spreadsheet-as-run", "analyze x.h5", ("x.h5: this is not an HDF5 file",), (spreadsheet("x.h5"),)),
    Case(
        "table-as-run",
        "analyze x.h5",
        ("x.h5: this is not an HDF5 file", ".csv"),
        (copy("good.csv", "x.h5"),),
    ),
    Case("empty-run", "analyze x.h5", ("x.h5: the file is empty",), (put("x.h5", ""),)),
    Case("foreign-run", "analyze x.h5", ("x.h5: ", "not written by amfdaq"), (foreign_hdf5("x.h5"),)),
    Case("foreign-run-as-table", ANALYZE, ("x.csv is an HDF5 file",), (foreign_hdf5("x.csv"),)),
    Case("foreign-run-checked", "check x.h5", ("x.h5: ", "not written by amfdaq"), (foreign_hdf5("x.h5"),)),
    Case(
        "off-before-on",
        "analyze good.csv --on 260 --off 60",
        ("good.csv: ", "off at 60 s, before it went on at 260 s", "--on and --off"),
    ),
    Case("beyond-the-end", "analyze good.csv --on 60 --off 6000", ("good.csv: ", "6000 s", "560 s")),
    Case("import-off-before-on", "import good.csv -o out --on 260 --off 60", ("good.csv: ", "260 s")),
    Case("import-only-on", "import good.csv -o out --on 60", ("good.csv: ", "both times")),
    Case("import-run", "import x.h5 -o out", ("x.h5 is an HDF5 file",), (foreign_hdf5("x.h5"),)),
    Case("import-folder", "import f -o out", ("f is a folder",), (folder("f"),)),
    Case(
        "import-again",
        "import good.csv -o out",
        ("good.h5 exists already", "-o"),
        (put("out/good.h5", "mine"),),
    ),
    Case(
        "broken-sample",
        "analyze good.csv --sample sample.toml",
        ("sample.toml:6: ",),
        (swap("sample.toml", "1.00 mL", "1.00 m"),),
    ),
    Case("rig-as-sample", "analyze good.csv --sample rig.toml", ("rig.toml: this is a rig, not a sample",)),
    Case("lost-sample", "import good.csv -o out --sample lost.toml", ("lost.toml: no such file",)),
]

USAGE = [
    Case("no-path", "analyze", ("amfdaq analyze: ", "PATHS", "amfdaq analyze --help")),
    Case("no-sample", "run recipe.toml --rig rig.toml", ("amfdaq run: ", "--sample")),
    Case(
        "no-such-option",
        "analyze good.csv --feild 15",
        ("amfdaq analyze: ", '"--feild"', 'did you mean "--field"?'),
    ),
    Case("no-such-command", "analyse good.csv", ('"analyse"', 'did you mean "analyze"?')),
    Case("no-command-like-it", "xyz", ('"xyz"', "analyze, import, check")),
    Case("no-value", "analyze good.csv --field", ("--field", "requires an argument")),
    Case(
        "field-without-unit",
        "analyze good.csv --field 15",
        ("--field: ", '"15" has no unit', "15 kA/m", "quotes"),
    ),
    Case("field-without-quotes", "analyze good.csv --field 15 kA/m", ("--field: ", "keep the quotes")),
    Case("field-in-kilohertz", ["analyze", "good.csv", "--field", "15 kHz"], ("--field: ", "is a frequency")),
    Case(
        "unknown-unit",
        ["analyze", "good.csv", "--field", "15 kAm"],
        ("--field: ", 'unknown unit "kAm"', "kA/m"),
    ),
    Case("comma", ["analyze", "good.csv", "--field", "1,500 A/m"], ("--field: ", "comma")),
    Case("no-field", ["analyze", "good.csv", "--field", "0 kA/m"], ("--field: ", "above zero")),
    Case("infinite-field", ["analyze", "good.csv", "--field", "inf kA/m"], ("--field: ", "inf kA/m")),
    Case("no-frequency", ["import", "good.csv", "--frequency", "0 Hz"], ("--frequency: ", "above zero")),
    Case("negative-time", "analyze good.csv --on -5 --off 60", ("--on: ", "negative")),
    Case("nan-time", "analyze good.csv --on nan --off 60", ("--on: ", "nan")),
    Case("unit-of-time", "analyze good.csv --time-unit sec", ("--time-unit: ", "'min'")),
    Case("sample-folder", "analyze good.csv --sample f", ("--sample: ", '"f" is a folder'), (folder("f"),)),
    Case("out-is-a-file", RUN, ("-o / --out: ", '"out" is a file'), (put("out", "x"),)),
    Case(
        "out-below-a-file", RUN.replace("-o out", "-o x/y"), ("x/y: Not a directory", "-o"), (put("x", "x"),)
    ),
    Case("import-out-is-a-file", "import good.csv -o out", ('"out" is a file',), (put("out", "x"),)),
    Case(
        "import-out-below-a-file", "import good.csv -o x/y", ("x/y: Not a directory", "-o"), (put("x", "x"),)
    ),
    Case("demo-out-is-a-file", "demo -o out", ('"out" is a file',), (put("out", "x"),)),
    Case("recover-nowhere", "recover nowhere", ('no folder "nowhere"',)),
    Case("recover-a-file", "recover rig.toml", ('"rig.toml" is a file',)),
    Case("speed", "sim -o s --speed 0", ("--speed: ", "0.1")),
    Case("seed", "demo -o s --seed -1", ("--seed: ",)),
]


def all_cases() -> list[Any]:
    groups = (("configuration", CONFIGURATION), ("tables", TABLES), ("usage", USAGE))
    return [pytest.param(case, id=f"{name}-{case.name}") for name, cases in groups for case in cases]


def prepare(desk: Path, case: Case) -> list[str]:
    for edit in case.edits:
        edit(desk)
    return case.command.split() if isinstance(case.command, str) else case.command


def is_clear(err: str, says: tuple[str, ...]) -> None:
    """Sentences for a person: the words that matter, one problem a line, nothing of Python."""
    for words in says:
        assert words in err
    assert "Traceback" not in err
    assert "error in amfdaq" not in err
    for line in err.splitlines():
        assert line.startswith("amfdaq"), line
        assert len(line) < 600
        assert "0x" not in line
        assert "_unit=" not in line  # a Python argument in place of an option


@pytest.mark.parametrize("case", all_cases())
def test_is_told_in_a_sentence(case: Case, desk: Path, cli: Callable[..., Any]) -> None:
    said = cli(*prepare(desk, case))
    assert said.code == 2
    assert said.out == ""
    is_clear(said.err, case.says)


@pytest.mark.parametrize("case", all_cases())
def test_is_told_in_one_json_document(case: Case, desk: Path, cli: Callable[..., Any]) -> None:
    said = cli(*prepare(desk, case), "--json")
    assert said.code == 2
    is_clear(said.err, () if case.name == "no-value" else case.says)  # there --json is taken for the value
    if case.name != "no-value":
        document = said.json
        errors = document["errors"] if "errors" in document else [document["error"]]
        told = " ".join(error["message"] for error in errors)
        assert all(error["exit_code"] == 2 for error in errors)
        assert all(words in told for words in case.says if words != "hardware stop")


def test_nothing_is_written_for_a_recipe_that_cannot_be_done(desk: Path, cli: Callable[..., Any]) -> None:
    swap("rig.toml", "13.5 kA/m", "9 kA/m")(desk)
    cli(*RUN.split())
    assert not (desk / "out").exists()


@pytest.mark.parametrize("case", ["bom", "crlf", "greek"])
def test_harmless_oddities_are_accepted(case: str, desk: Path, cli: Callable[..., Any]) -> None:
    for file in desk.glob("*.toml"):
        data = file.read_bytes()
        if case == "bom":
            data = b"\xef\xbb\xbf" + data
        elif case == "crlf":
            data = data.replace(b"\n", b"\r\n")
        else:
            data = data.replace(b"simulated ferrofluid", "γ-Fe₂O₃, Лаб 3 µm".encode())
        file.write_bytes(data)
    said = cli("check", *sorted(desk.glob("*.toml")), "--dry-run", "rig.toml")
    assert (said.code, said.err) == (0, "")
    assert said.out.count(", good") == 6


@pytest.mark.parametrize("seed", range(40))
def test_slips_of_the_hand_are_never_an_error_of_ours(seed: int, desk: Path, cli: Callable[..., Any]) -> None:
    chance = random.Random(seed)
    file = chance.choice(sorted(desk.glob("*.toml")))
    text = file.read_text(encoding="utf-8")
    slips = [
        '"',
        "[",
        "]",
        "=",
        "\n",
        "{",
        ",",
        "-",
        ".",
        "9e999",
        "nan",
        '"""',
        "\\",
        "\0",
        "1979-05-27",
        "[[",
        "%",
        "°",
        "١",
    ]
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(text))
        gone = chance.choice([0, 0, chance.randint(1, 12)])
        text = text[:place] + chance.choice(slips) + text[place + gone :]
    file.write_text(text, encoding="utf-8")
    said = cli("check", "--dry-run", "rig.toml", "recipe.toml", "sample.toml", "coil.toml", "probe.toml")
    assert said.code in {0, 2}
    assert bool(said.err) >= (said.code == 2)
    is_clear(said.err, ())


def test_an_expired_certificate_is_told_and_does_not_stop_the_work(
    desk: Path, cli: Callable[..., Any]
) -> None:
    swap("coil.toml", "2099-12-31", "2026-02-01")(desk)
    said = cli("check", "rig.toml", "coil.toml")
    assert said.code == 0
    assert said.err.count("expired on 2026-02-01") == 2


def test_a_cut_off_run_file(desk: Path, cli: Callable[..., Any]) -> None:
    assert cli("import", "good.csv", "-o", "out").code == 0
    data = Path("out/good.h5").read_bytes()
    for share in (0.3, 0.9):
        Path("out/good.h5").write_bytes(data[: int(share * len(data))])
        for command in ("analyze", "check"):
            said = cli(command, "out/good.h5")
            assert said.code == 2
            is_clear(said.err, ("out/good.h5: ", "cop"))  # copy it again, use a copy


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_run_file_is_never_a_traceback(seed: int, desk: Path, cli: Callable[..., Any]) -> None:
    assert cli("import", "good.csv", "-o", "out").code == 0
    chance = random.Random(seed)
    data = bytearray(Path("out/good.h5").read_bytes())
    for _ in range(40):
        start = chance.randrange(len(data))
        data[start : start + 8] = chance.randbytes(min(8, len(data) - start))
    Path("out/good.h5").write_bytes(data)
    for command in ("analyze", "check"):
        said = cli(command, "out/good.h5")
        assert said.code in {0, 1, 2}  # bytes between the data may be changed without harm
        is_clear(said.err, ())


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read and write everything")
def test_files_and_folders_without_permission(desk: Path, cli: Callable[..., Any]) -> None:
    (desk / "closed").mkdir(mode=0o500)
    for command in ("import good.csv -o closed", RUN.replace("-o out", "-o closed")):
        said = cli(*command.split())
        assert said.code == 2
        is_clear(said.err, ("closed", "-o"))
    (desk / "good.csv").chmod(0)
    is_clear(cli("analyze", "good.csv").err, ("good.csv", "permission"))
    (desk / "rig.toml").chmod(0)
    is_clear(cli(*RUN.split()).err, ("rig.toml", "Permission denied"))


Mount = Callable[[str], Path]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mount]:
    """Mounts an empty disk with these options."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(options: str) -> Path:
        program = shutil.which("mount") or pytest.skip("no disks can be mounted here")
        command = [program, "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:
            pytest.skip("a disk cannot be mounted without being root")
        return disk

    yield mount
    if disk.is_mount():
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("command", ["import good.csv", RUN.replace("-o out", "")])
def test_a_disk_that_cannot_be_written(
    command: str, mounted: Mount, desk: Path, cli: Callable[..., Any]
) -> None:
    said = cli(*command.split(), "-o", mounted("ro"), "--json")
    assert said.code == 2
    is_clear(said.err, ("disk", "choose another with -o"))


def test_a_full_disk(mounted: Mount, desk: Path, cli: Callable[..., Any]) -> None:
    tiny_disk = mounted("size=64k")
    with (tiny_disk / "fill").open("wb") as file:
        file.write(b"x" * 40_000)
    said = cli("import", "good.csv", "-o", tiny_disk, "--json")
    assert said.code == 3  # not the person's mistake
    is_clear(said.err, (str(tiny_disk), "disk is full"))
    assert said.json["errors"][0]["exit_code"] == 3
    assert sorted(item.name for item in tiny_disk.iterdir()) == ["fill"]  # no half of a file is left


def test_names_of_files_that_are_no_text(desk: Path) -> None:
    name = os.fsdecode(b"Kurve\xff\xe4.csv")
    try:
        shutil.copy(desk / "good.csv", desk / name)
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    for arguments in (["analyze", name], ["analyze", name, "--json"], ["import", name, "-o", "out"]):
        done = subprocess.run(
            [*AMFDAQ, *arguments],
            capture_output=True,
            check=False,
            cwd=desk,
        )
        assert done.returncode in {0, 1}, done.stderr
        assert b"Traceback" not in done.stderr + done.stdout
        assert b"error in amfdaq" not in done.stderr


def test_a_terminal_without_unicode(desk: Path) -> None:
    swap("sample.toml", "simulated ferro", "γ-Fe₂O₃")(desk)
    done = subprocess.run(
        [*AMFDAQ, *["analyze", "good.csv", "--on", "60", "--off", "260", "--sample", "sample.toml"]],
        capture_output=True,
        check=False,
        cwd=desk,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert b"SAR" in done.stdout


def test_as_a_process(desk: Path) -> None:
    """What the script of the package does with an error, once with a configuration and once with a usage error."""
    swap("rig.toml", "60 degC", "60 kHz")(desk)
    for arguments, says in ((RUN.split(), "rig.toml:25: "), (["analyze"], "PATHS")):
        done = amfdaq(*arguments, cwd=desk)
        assert (done.returncode, done.stdout) == (2, "")
        is_clear(done.stderr, (says,))
