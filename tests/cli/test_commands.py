"""What each command does, from the outside."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil
import pytest
from running import amfdaq, finish, start_amfdaq, start_run, wait_for

from amfdaq.cli.bench import Bench
from amfdaq.cli.main import COMMANDS
from amfdaq.clock import SystemClock
from amfdaq.instruments import Setpoint, make_driver
from amfdaq.rig import load_rig

Cli = Callable[..., Any]

TIMES = ("--on", "60", "--off", "260")
STATED = (*TIMES, "--field", "18.85 mT +- 2 %", "--frequency", "300 kHz +- 2 kHz", "--sample", "sample.toml")


def test_drivers(cli: Cli) -> None:
    rows = {row["name"]: row for row in cli("drivers", "--json").json["drivers"]}
    assert {name: row["kind"] for name, row in rows.items()} == {
        "osensa-ftx": "thermometer",
        "magnetherm": "supply",
    }
    said = cli("drivers")
    assert (said.code, said.err) == (0, "")
    for row in rows.values():
        for text in (row["family"], *row["models"], row["link"], row["evidence"]):
            assert text in said.out  # whole, not cut to the width of a terminal


def test_version(cli: Cli) -> None:
    from importlib.metadata import version

    assert cli("--version").out.strip().endswith(version("amfdaq"))


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS), []], ids=[*COMMANDS, "amfdaq"])
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    code = (
        "import sys\nfrom amfdaq.cli.main import run\n"
        f"try: run({[*command, '--help']!r})\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'h5py', 'matplotlib', 'pyvisa', 'pydantic', 'serial', 'PySide6'} & set(sys.modules)\n"
        "sys.exit(f'imported: {sorted(heavy)}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--help" in done.stdout
    assert "Usage: amfdaq" in done.stdout


def test_no_command_shows_the_commands(cli: Cli) -> None:
    said = cli()
    assert said.code == 2
    assert all(name in said.err for name in COMMANDS)


def test_check_of_good_files(desk: Path, cli: Cli) -> None:
    said = cli("check", *sorted(desk.glob("*.toml")))
    assert (said.code, said.err) == (0, "")
    assert "sample.toml: sample, good" in said.out
    assert "1 mK/s is 0.884 W/g" in said.out  # (4.17 + 0.25) J/K over 5 mg
    assert "4 run(s), 30 min in all" in said.out
    report = cli("check", *sorted(desk.glob("*.toml")), "--json").json
    kinds = {entry["file"].rpartition("/")[2]: entry["kind"] for entry in report["files"]}
    assert kinds == {
        "coil.toml": "certificate", "probe.toml": "certificate", "recipe.toml": "recipe", "rig.toml": "rig",
        "sample.toml": "sample", "sweep.toml": "recipe",
    }  # fmt: skip
    assert "errors" not in report


def test_check_walks_a_recipe(desk: Path, cli: Cli) -> None:
    said = cli("check", "--dry-run", "rig.toml", "sweep.toml")
    assert said.code == 0
    heats = [line.split() for line in said.out.splitlines() if "heat" in line]
    assert [float(words[words.index("kA/m") - 1]) for words in heats] == [6, 8, 10, 12]
    gain = 1.205674e-3 / (4e-7 * np.pi)  # (A/m)/A of the certificate
    assert [float(words[-2]) for words in heats] == pytest.approx(
        [h / gain for h in (6e3, 8e3, 10e3, 12e3)], abs=0.01
    )
    assert [words[0] for words in heats] == ["60"] * 4
    assert "none among these files" in cli("check", "--dry-run", "rig.toml", "sample.toml").err


def test_good_and_bad_files_together(desk: Path, cli: Cli) -> None:
    Path("bad.toml").write_text("[sample]\n", encoding="utf-8")
    said = cli("check", "rig.toml", "bad.toml", "sample.toml")
    assert said.code == 2
    assert said.out.startswith("rig.toml: rig, good\nsample.toml: sample, good\n")
    assert all(line.startswith("amfdaq: bad.toml") for line in said.err.splitlines())


def test_remarks_go_to_stderr(desk: Path, cli: Cli) -> None:
    sample = Path("sample.toml").read_text(encoding="utf-8").partition("[vessel]")[0]
    Path("sample.toml").write_text(sample.replace("5.0 mg/mL +- 2.5 %", "5.0 mg/mL"), encoding="utf-8")
    for name, old, new in (("rig.toml", "13.5 kA/m", "17 mT"), ("recipe.toml", '"10 kA/m"', '"8 kA/m rms"')):
        Path(name).write_text(Path(name).read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    vessel, concentration = (
        "nothing is known of the vessel",
        'the concentration "5.0 mg/mL" has no uncertainty',
    )
    rig, recipe = '"17 mT" converted to H = 13.53 kA/m', '"8 kA/m rms" is rms'
    checked = cli("check", "sample.toml", "rig.toml", "recipe.toml")
    run = cli(
        "run", "recipe.toml", "--rig", "rig.toml", "--sample", "sample.toml", "-o", "out"
    )  # nobody answers
    assert (checked.code, run.code) == (0, 3)
    for said in (checked, run):
        assert all(words in said.err for words in (vessel, concentration, rig, recipe))
        assert not any(words in said.out for words in (vessel, concentration, rig, recipe))
    analyzed = cli("analyze", "good.csv", *TIMES, "--sample", "sample.toml")
    assert cli("import", "good.csv", *TIMES, "--sample", "sample.toml", "-o", "out").code == 0
    from_run = cli("analyze", "out/good.h5", "--json")
    for said in (analyzed, from_run):
        assert said.code == 0
        assert vessel in said.err
        assert concentration in said.err
    assert from_run.json["runs"]


def test_import_round_trip(desk: Path, cli: Cli) -> None:
    said = cli("import", "good.csv", *STATED, "-o", "out", "--json")
    assert (said.code, said.err) == (0, "")
    (done,) = said.json["imported"]
    assert done["file"] == "out/good.h5"
    with h5py.File("out/good.h5") as file:  # plain h5py: the numbers of the table, bit by bit
        table = np.loadtxt("good.csv", delimiter=",", skiprows=1)
        np.testing.assert_array_equal(file["entry/channels/T/value"][()], table[:, 1])
        np.testing.assert_allclose(file["entry/channels/T/time"][()], table[:, 0], atol=1e-9)
        assert file["entry/run_status"].asstr()[()] == "finished"
    checked = cli("check", "out/good.h5")
    assert (checked.code, checked.out) == (0, "out/good.h5: run, good\n")
    direct = cli("analyze", "good.csv", *STATED, "--json").json["runs"][0]
    stored = cli("analyze", "out/good.h5", "--json").json["runs"][0]  # without a single option
    for key in ("rate", "sar", "ilp", "field", "frequency"):
        for name, value in direct[key].items():
            assert stored[key][name] == (value if name == "basis" else pytest.approx(value, rel=1e-9)), (
                key,
                name,
            )
    notes = " ".join(stored["notes"])
    assert "as stated at import" in notes
    assert '"18.85 mT +- 2 %" converted' in notes


def test_options_go_before_what_was_stated_at_import(desk: Path, cli: Cli) -> None:
    assert cli("import", "good.csv", *STATED, "-o", "out").code == 0
    stated = cli("analyze", "out/good.h5", "--json").json["runs"][0]
    other = cli("analyze", "out/good.h5", "--field", "30 kA/m", "--json").json["runs"][0]
    assert other["ilp"]["value"] == pytest.approx(stated["ilp"]["value"] / 4, rel=1e-3)


def test_times_and_field_may_be_given_after_the_import(desk: Path, cli: Cli) -> None:
    assert cli("import", "good.csv", "--field", "15 kA/m", "--frequency", "300 kHz", "-o", "out").code == 0
    assert cli("analyze", "out/good.h5").code == 1
    run = cli("analyze", "out/good.h5", *TIMES, "--sample", "sample.toml", "--json").json["runs"][0]
    assert run["ilp"] is not None
    assert run["field"]["value"] == 15e3


def test_an_import_with_stamps_keeps_their_coarseness(desk: Path, cli: Cli) -> None:
    """Switching times read off a clock in whole seconds are known to 1 s/sqrt(12), also after the import."""
    lines = Path("good.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[1:]]
    text = "\n".join(f"2025-03-31 10:{int(t) // 60:02d}:{int(t) % 60:02d},{value}" for t, value in rows)
    Path("stamps.csv").write_text(f"time,T (degC)\n{text}\n", encoding="utf-8")
    assert cli("import", "stamps.csv", *STATED, "-o", "out").code == 0
    assert cli("check", "out/stamps.h5").code == 0
    direct = cli("analyze", "stamps.csv", *STATED, "--json").json["runs"][0]
    stored = cli("analyze", "out/stamps.h5", "--json").json["runs"][0]
    assert stored["rate"] == pytest.approx(direct["rate"], rel=1e-9)
    with h5py.File("out/stamps.h5") as file:
        meta = json.loads(file["entry/metadata"].asstr()[()])
        assert meta["stated"]["u_switch"] == pytest.approx(1 / 12**0.5)
        assert file["entry/start_time"].asstr()[()].startswith("2025-03-31T10:00:00")


def test_several_temperatures_are_told_at_import(desk: Path, cli: Cli) -> None:
    lines = Path("good.csv").read_text(encoding="utf-8").splitlines()
    text = "\n".join(f"{line},21.{n % 10}" for n, line in enumerate(lines[1:]))
    Path("two.csv").write_text(f"time (s),core (degC),room (degC)\n{text}\n", encoding="utf-8")
    said = cli("import", "two.csv", *TIMES, "-o", "out")
    assert '"core" is taken as the temperature of the sample; analyze "room" with --channel' in said.out
    assert cli("analyze", "out/two.h5").code == 0
    assert cli("analyze", "out/two.h5", "--channel", "room").code == 1  # it does not warm
    assert cli("analyze", "out/two.h5", "--channel", "lid").code == 2


def kill_all(process: subprocess.Popen[str]) -> None:
    """kill -9 of a run: engine, guard and recorder, children before they can notice."""
    family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    for member in family:
        member.suspend()
    for member in family:
        member.kill()
    process.communicate()
    psutil.wait_procs(family, timeout=5)


@pytest.fixture
def killed(bench: Bench, lab: Path, tmp_path: Path) -> Iterator[Path]:
    """The folder of a run whose three processes were killed while it heated; the supply is left on."""
    out = tmp_path / "data"
    process = start_run(lab, out)
    wait_for(lambda: bench.ask(cmd="state")["output_on"], 20, "the field did not go on")
    time.sleep(1.0)
    kill_all(process)
    assert list(out.glob("*.journal"))
    yield out
    amfdaq("off", lab / "rig.toml")


def test_recover_and_off_after_everything_was_killed(killed: Path, lab: Path, bench: Bench) -> None:
    assert bench.ask(cmd="state")[
        "output_on"
    ]  # no process is left that could switch it off: hence `amfdaq off`
    off = amfdaq("off", lab / "rig.toml", "--json")
    assert off.returncode == 0
    assert json.loads(off.stdout)["confirmed"] is True
    assert not bench.ask(cmd="state")["output_on"]
    done = amfdaq("recover", killed, "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["recovered"]
    assert (found["status"], found["rows"] > 10) == ("recovered", True)
    assert "the run was not closed" in found["reason"]
    assert [item.suffix for item in killed.iterdir()] == [".h5"]
    with h5py.File(found["file"]) as file:
        assert file["entry/run_status"].asstr()[()] == "recovered"
    checked = amfdaq("check", found["file"])
    assert (checked.returncode, checked.stderr) == (0, "")
    again = amfdaq("recover", killed)
    assert (again.returncode, again.stderr) == (0, "")
    assert "nothing to recover" in again.stdout
    assert json.loads(amfdaq("recover", killed, "--json").stdout) == {"recovered": []}


def test_the_next_run_recovers_by_itself(killed: Path, lab: Path) -> None:
    assert amfdaq("off", lab / "rig.toml").returncode == 0
    code, document, messages = finish(start_run(lab, killed, baseline=4, heat=10, cool=4))
    assert code == 0, messages
    assert "recovered" in messages
    files = sorted(killed.iterdir())
    assert [item.suffix for item in files] == [".h5", ".h5"]
    statuses = []
    for path in files:
        with h5py.File(path) as file:
            statuses.append(file["entry/run_status"].asstr()[()])
    assert sorted(statuses) == ["finished", "recovered"]
    assert document["runs"][0]["status"] == "finished"


def test_off_with_nobody_there(desk: Path) -> None:
    began = time.monotonic()
    done = amfdaq("off", "rig.toml", "--json", cwd=desk)
    assert time.monotonic() - began < 15
    assert done.returncode == 3
    assert json.loads(done.stdout)["confirmed"] is False
    assert "use the hardware stop" in done.stderr
    parts = json.loads(done.stdout)["parts"]
    assert len(parts) == 2  # each device was tried on its own
    assert all("could NOT be sent" in part for part in parts)


@pytest.fixture
def mute() -> Iterator[str]:
    """An instrument that takes the connection and never says a word."""
    server = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def accept() -> None:
        try:
            while True:
                taken.append(server.accept()[0])
        except OSError:
            return  # the server was closed

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)
    for link in taken:
        link.close()


def test_off_when_the_supply_is_mute(desk: Path, mute: str) -> None:
    text = Path("rig.toml").read_text(encoding="utf-8")
    Path("rig.toml").write_text(text.replace("tcp://127.0.0.1:9", mute), encoding="utf-8")
    began = time.monotonic()
    done = amfdaq("off", "rig.toml", cwd=desk)
    assert time.monotonic() - began < 30
    assert done.returncode == 3
    assert "use the hardware stop" in done.stderr


def test_off_with_a_rig_that_is_wrong_elsewhere(bench: Bench, lab: Path) -> None:
    """In an emergency a typing error in a limit must not keep the field on."""
    supply = load_rig(lab / "rig.toml").supply
    assert supply is not None
    driver = make_driver(supply.driver, supply.options, SystemClock())
    driver.open()
    driver.configure(Setpoint(265e3, 5.0))
    driver.on()
    driver.close()
    assert bench.ask(cmd="state")["output_on"]
    text = (lab / "rig.toml").read_text(encoding="utf-8")
    wrong = text.replace('"60 degC"', '"60 kHz"').replace('"coil.toml"', '"lost.toml"')
    (lab / "rig.toml").write_text(wrong, encoding="utf-8")
    done = amfdaq("off", lab / "rig.toml")
    assert done.returncode == 0, done.stderr
    assert "limits.temperature" in done.stderr
    assert "the supply has confirmed it" in done.stderr
    assert not bench.ask(cmd="state")["output_on"]
    (lab / "rig.toml").write_text(
        wrong.replace('driver = "magnetherm"', 'driver = "magneterm"'), encoding="utf-8"
    )
    done = amfdaq("off", lab / "rig.toml")
    assert done.returncode == 2
    assert "NOTHING WAS SWITCHED OFF" in done.stderr


def test_off_without_a_supply(desk: Path, cli: Cli) -> None:
    text = Path("rig.toml").read_text(encoding="utf-8")
    Path("rig.toml").write_text(
        text.partition("[supply]")[0] + "[limits]" + text.partition("[limits]")[2], encoding="utf-8"
    )
    said = cli("off", "rig.toml")
    assert said.code == 0
    assert "no supply" in said.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sim_writes_its_files_and_ends_on_a_signal(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "bench"
    process = start_amfdaq("sim", "-o", folder, "--speed", "8", "--json")
    assert process.stdout is not None
    ready = ""
    while not ready.rstrip().endswith("\n}"):
        line = process.stdout.readline()
        assert line, "it ended before it was ready"
        ready += line
    document = json.loads(ready)
    assert sorted(item.name for item in folder.iterdir()) == [
        "coil.toml", "probe.toml", "recipe.toml", "rig.toml", "sample.toml", "sweep.toml",
    ]  # fmt: skip
    assert document["rig"] == str(folder / "rig.toml")
    assert amfdaq("off", document["rig"]).returncode == 0  # the rig reaches it
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, ""), err
    host, _, port = str(document["control"]).rpartition(":")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=2)  # the bench is gone as well


def test_a_bench_that_dies_is_not_a_good_end(tmp_path: Path) -> None:
    process = start_amfdaq("sim", "-o", tmp_path / "bench")
    assert process.stdout is not None
    process.stdout.readline()
    (child,) = psutil.Process(process.pid).children()
    child.kill()
    _, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "simulated bench" in err


def test_a_reader_that_goes_away(desk: Path) -> None:
    """``amfdaq ... | head -1`` ends without a traceback."""
    script = (
        f'"{sys.executable}" -P -m amfdaq.cli.main check *.toml *.toml *.toml --dry-run rig.toml | head -1'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=desk)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_ctrl_c_of_an_analysis(desk: Path) -> None:
    """A long command stops on Ctrl-C with exit code 1 and one sentence."""
    fifo = desk / "x.toml"
    os.mkfifo(fifo)
    process = start_amfdaq("check", fifo)
    with fifo.open("wb"):  # it reads and waits
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.strip() == "amfdaq: stopped from the keyboard"


@pytest.mark.slow
def test_demo(tmp_path: Path) -> None:
    done = amfdaq("demo", "--json", "--speed", "8", "-o", tmp_path / "demo", timeout=200)
    assert done.returncode == 0, done.stderr
    (run,) = json.loads(done.stdout)["runs"]
    assert run["verdict"] == "accepted"
    assert run["status"] == "finished"
    for key in ("sar", "ilp"):
        assert abs(run[key]["value"] - run["truth"][key]) <= run[key]["U"]
        assert run[key]["U"] < 0.15 * run[key]["value"]
    assert Path(run["figure"]).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert 20_000 < Path(run["figure"]).stat().st_size < 2_000_000
    with h5py.File(run["file"]) as file:
        assert len(file["entry/channels/core/value"]) > 800
    assert amfdaq("check", run["file"]).returncode == 0
    again = amfdaq("analyze", run["file"], "--json")
    assert json.loads(again.stdout)["runs"][0]["sar"] == run["sar"]
