"""The document of ``amfdaq analyze --json``: other programs parse it, so every key and kind of it is pinned here."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from amfdaq.analysis.result import ilp

Cli = Callable[..., Any]

TRUTH = 0.030  # K/s, of the curves in conftest.py
ESTIMATORS = {"joint-fit", "corrected-slope", "box-lucas", "initial-slope", "equilibrium-crossing"}
TIMES = ("--on", "60", "--off", "260")
FULL = (*TIMES, "--sample", "sample.toml", "--field", "15 kA/m +- 2 %", "--frequency", "300 kHz +- 1 kHz")


def numbers(value: Any) -> Iterator[float]:
    """Every number in a document."""
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def follows_the_contract(document: dict[str, Any]) -> None:
    assert isinstance(document["runs"], list)
    assert all(math.isfinite(number) for number in numbers(document))
    for run in document["runs"]:
        assert isinstance(run["source"], str)
        assert run["verdict"] in {"accepted", "refused"}
        assert all(isinstance(reason, str) and reason for reason in run["reasons"])
        assert bool(run["reasons"]) == (run["verdict"] == "refused")
        for estimator in run["estimators"]:
            assert estimator["name"] in ESTIMATORS
            assert isinstance(estimator["accepted"], bool)
            assert {"rate", "u"} <= estimator.keys()
        for row in run["budget"]:
            assert isinstance(row["source"], str)
            assert row["relative"] is None or row["relative"] >= 0
        if run["verdict"] == "refused":
            assert (run["rate"], run["sar"], run["ilp"]) == (None, None, None)
            assert not any(estimator["accepted"] for estimator in run["estimators"])
        else:
            assert run["rate"].keys() == {"value", "u"}
        for key, keys in (("sar", {"value", "u", "U", "k", "basis"}), ("ilp", {"value", "u", "U", "k"})):
            if run[key] is not None:
                assert run[key].keys() == keys
                assert run[key]["k"] == 2
                assert run[key]["U"] == pytest.approx(2 * run[key]["u"])


def only_run(document: dict[str, Any]) -> dict[str, Any]:
    assert len(document["runs"]) == 1
    run: dict[str, Any] = document["runs"][0]
    return run


def test_an_accepted_curve_with_everything_known(desk: Path, cli: Cli) -> None:
    said = cli("analyze", "good.csv", *FULL, "--json")
    assert (said.code, said.err) == (0, "")
    follows_the_contract(said.json)
    run = only_run(said.json)
    assert (run["source"], run["verdict"]) == ("good.csv", "accepted")
    assert abs(run["rate"]["value"] - TRUTH) < 3 * run["rate"]["u"]
    sar = TRUTH * (4.17e3 * 1.0e-3 + 0.25) / 5.0e-6 / 1e3  # C = c_p rho V + vessel, per gram of iron
    assert abs(run["sar"]["value"] - sar) < run["sar"]["U"]
    assert run["sar"]["basis"] == "Fe"
    assert run["ilp"]["value"] == pytest.approx(run["sar"]["value"] * 1e12 / (15e3**2 * 300e3))
    expected = math.hypot(run["sar"]["u"] / run["sar"]["value"], 2 * 0.02, 1 / 300)
    assert run["ilp"]["u"] / run["ilp"]["value"] == pytest.approx(expected, rel=1e-3)
    assert {item["name"] for item in run["estimators"]} >= {
        "joint-fit",
        "corrected-slope",
        "box-lucas",
        "initial-slope",
    }
    assert run["budget"]


def test_without_a_sample_there_is_a_rate_and_no_sar(desk: Path, cli: Cli) -> None:
    said = cli("analyze", "good.csv", *TIMES, "--field", "15 kA/m", "--frequency", "300 kHz", "--json")
    follows_the_contract(said.json)
    run = only_run(said.json)
    assert said.code == 0
    assert run["rate"]["value"] == pytest.approx(TRUTH, rel=0.01)
    assert (run["sar"], run["ilp"]) == (None, None)
    assert any("sample" in note for note in run["notes"])


def test_without_a_field_there_is_no_ilp(desk: Path, cli: Cli) -> None:
    run = only_run(cli("analyze", "good.csv", *TIMES, "--sample", "sample.toml", "--json").json)
    assert run["sar"] is not None
    assert run["ilp"] is None
    assert any("--field" in note for note in run["notes"])


@pytest.mark.parametrize("sigma", [0.004, 0.0], ids=["noise", "exact"])
def test_a_refused_curve_has_reasons_and_no_number(
    desk: Path, cli: Cli, write_curve: Callable[..., str], sigma: float
) -> None:
    Path("x.csv").write_text(write_curve(sigma=sigma), encoding="utf-8")
    said = cli(
        "analyze", "x.csv", "--on", "200", "--off", "480", "--sample", "sample.toml", "--json"
    )  # wrong times
    assert said.code == 1
    follows_the_contract(said.json)
    assert only_run(said.json)["verdict"] == "refused"


def test_unknown_field_times_are_refused_with_the_options_that_help(desk: Path, cli: Cli) -> None:
    run = only_run(cli("analyze", "good.csv", "--json").json)
    assert run["verdict"] == "refused"
    assert "--on" in run["reasons"][0]


def test_one_broken_file_among_several(desk: Path, cli: Cli, write_curve: Callable[..., str]) -> None:
    Path("other.csv").write_text(write_curve(seed=2), encoding="utf-8")
    Path("broken.csv").write_text("time (s),T (degC)\n", encoding="utf-8")
    said = cli("analyze", "good.csv", "broken.csv", "lost.csv", "other.csv", *FULL, "--json")
    assert said.code == 2
    document = said.json
    follows_the_contract(document)
    assert [run["source"] for run in document["runs"]] == ["good.csv", "other.csv"]
    assert all(run["verdict"] == "accepted" for run in document["runs"])
    assert [error["source"] for error in document["errors"]] == ["lost.csv", "broken.csv"]
    assert said.err.count("\n") == 2
    joint = next(row for row in document["summary"] if row["estimator"].startswith("joint-fit"))
    assert joint["n"] == 2
    assert joint["mean"] == pytest.approx(TRUTH, rel=0.01)


def test_a_folder_of_run_files(desk: Path, cli: Cli, write_curve: Callable[..., str]) -> None:
    for seed in (2, 3):
        Path(f"c{seed}.csv").write_text(write_curve(seed=seed), encoding="utf-8")
    assert cli("import", "good.csv", "c2.csv", "c3.csv", "-o", "runs/deep", *FULL).code == 0
    (desk / "runs" / "damaged.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    said = cli("analyze", "runs", "runs/deep/c2.h5", "--json")
    document = said.json
    follows_the_contract(document)
    assert [Path(run["source"]).name for run in document["runs"]] == [
        "c2.h5",
        "c3.h5",
        "good.h5",
    ]  # each once
    assert all(run["ilp"] is not None for run in document["runs"])
    assert [Path(error["source"]).name for error in document["errors"]] == ["damaged.h5"]
    assert said.code == 2


def test_what_is_printed_for_people_and_for_programs_agrees(desk: Path, cli: Cli) -> None:
    run = only_run(cli("analyze", "good.csv", *FULL, "--json").json)
    shown = cli("analyze", "good.csv", *FULL).out
    assert "ACCEPTED" in shown
    assert f"{run['sar']['value']:.2f}" in shown
    for row in run["budget"]:
        assert row["source"] in shown


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("15 kA/m", ""),
        ("15000 A/m peak", ""),
        ("18.85 mT", "converted to H = 15 kA/m"),
        ("188.5 Oe", "converted to H = 15 kA/m"),
        ("10.607 kA/m rms", "is rms: taken as a sine, H = 15 kA/m"),
    ],
)
def test_the_same_field_in_other_words(desk: Path, cli: Cli, field: str, says: str) -> None:
    options = (*TIMES, "--sample", "sample.toml", "--frequency", "300 kHz", "--json")
    plain = only_run(cli("analyze", "good.csv", *options, "--field", "15 kA/m").json)
    run = only_run(cli("analyze", "good.csv", *options, "--field", field).json)
    assert run["ilp"]["value"] == pytest.approx(plain["ilp"]["value"], rel=2e-4)
    conversions = [note for note in run["notes"] if "converted" in note or "taken as" in note]
    assert len(conversions) == bool(says)
    assert all(field in note and says in note for note in conversions)


def test_ilp_of_a_published_value() -> None:
    """705.86 W/g at 27 kA/m and 650 kHz give 1.49 nH m2/kg."""
    assert ilp(705.86, 27e3, 650e3) == pytest.approx(1.49, abs=0.005)


def test_ilp_by_the_command_line(desk: Path, cli: Cli) -> None:
    options = (*TIMES, "--sample", "sample.toml", "--field", "27 kA/m", "--frequency", "650 kHz", "--json")
    run = only_run(cli("analyze", "good.csv", *options).json)
    assert run["ilp"]["value"] == pytest.approx(1.489 * run["sar"]["value"] / 705.86, rel=1e-3)


def test_an_imported_run_file_keeps_its_analyses(desk: Path, cli: Cli) -> None:
    import h5py

    assert cli("import", "good.csv", "-o", "out", *FULL).code == 0
    for _ in range(2):
        assert cli("analyze", "out/good.h5", "--save", "--json").code == 0
    with h5py.File("out/good.h5") as file:
        stored = [json.loads(file[f"entry/analysis_{n}/result"].asstr()[()]) for n in (1, 2)]
    follows_the_contract({"runs": stored})
    assert stored[0]["sar"] == stored[1]["sar"]
    assert cli("check", "out/good.h5").code == 0


@pytest.mark.parametrize("noise", [10.0, 1e5])
def test_a_curve_of_noise_has_no_nan_in_its_document(
    desk: Path, cli: Cli, write_curve: Callable[..., str], noise: float
) -> None:
    Path("x.csv").write_text(write_curve(sigma=noise), encoding="utf-8")
    said = cli("analyze", "x.csv", *FULL, "--json")
    assert said.code == 1
    follows_the_contract(said.json)


@pytest.mark.parametrize("rows", [3, 4, 5, 10])
def test_very_short_tables(desk: Path, cli: Cli, rows: int) -> None:
    lines = "\n".join(f"{t},{22 + t / 10}" for t in range(rows))
    Path("x.csv").write_text(f"time (s),T (degC)\n{lines}\n", encoding="utf-8")
    said = cli("analyze", "x.csv", "--on", "1", "--off", "2", "--json")
    assert said.code == 1
    follows_the_contract(said.json)
