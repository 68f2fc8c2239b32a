"""The bench as a process: start line, options, ends."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
Start = Callable[..., Any]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "mocks", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_the_start_line_says_all_that_a_client_needs(bench: Any) -> None:
    ready = bench.ready
    assert ready["ready"] is True
    assert ready["pid"] == bench.process.pid
    assert (ready["speed"], ready["seed"]) == (1.0, 0)
    assert abs(time.monotonic_ns() - ready["start_ns"]) < 20 * 10**9
    for device in ("osensa", "generator", "psu"):
        assert ready[device]["tcp"].startswith("tcp://127.0.0.1:")
        assert ready[device]["serial"].startswith("serial:///dev/")
    assert ready["bench"]["sample"]["concentration_mg_per_mL"] == 5.0
    truth = ready["truth"]
    assert (truth["basis"], truth["frequency"], truth["ilp"]) == ("Fe", 265e3, pytest.approx(2.6))
    assert truth["field"] == pytest.approx(13528.0, rel=1e-4)
    assert bench.control("truth") == truth
    assert {"tcp", "serial"} == set(bench.control("addresses")["psu"])


def test_a_seed_changes_the_truth_and_not_what_is_declared(start_bench: Start) -> None:
    one, same, other = start_bench("--seed", "3"), start_bench("--seed", "3"), start_bench("--seed", "4")
    assert one.ready["truth"] == same.ready["truth"]
    assert one.ready["truth"]["field"] != other.ready["truth"]["field"]
    assert one.ready["bench"] == other.ready["bench"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_signals_end_it_cleanly_and_fast(start_bench: Start, name: str) -> None:
    bench = start_bench()
    bench.field_on()
    bench.fault("psu", "slow", delay=30.0)
    bench.tcp("psu").send(b"V1?\n")
    begin = time.monotonic()
    bench.process.send_signal(getattr(signal, name))
    assert bench.process.wait(5.0) == 0
    assert time.monotonic() - begin < 1.0
    assert bench.end() == (0, "")


def test_quit_is_answered_and_done(start_bench: Start) -> None:
    bench = start_bench()
    assert bench.control("quit") == {"ok": True}
    assert bench.process.wait(2.0) == 0


def test_it_follows_its_parent(start_bench: Start) -> None:
    bench = start_bench("--with-parent", stdin=subprocess.PIPE)
    time.sleep(0.3)
    assert bench.process.poll() is None
    bench.process.stdin.close()
    assert bench.process.wait(2.0) == 0
    bench.process.stdin = None


def test_speed(start_bench: Start) -> None:
    bench = start_bench("--speed", "40", "--no-pty")
    assert "serial" not in bench.ready["psu"]
    first = bench.control("state")
    time.sleep(0.5)
    second = bench.control("state")
    wall = (second["monotonic_ns"] - first["monotonic_ns"]) / 1e9
    assert second["lab_time_s"] - first["lab_time_s"] == pytest.approx(40.0 * wall, rel=1e-6)
    expected = 40.0 * (second["monotonic_ns"] - bench.ready["start_ns"]) / 1e9
    assert second["lab_time_s"] == pytest.approx(expected, rel=1e-9)


def test_the_wire_delivers_the_truth(start_bench: Start) -> None:
    bench = start_bench("--speed", "60", "--seed", "11")
    psu = bench.field_on()
    truth = bench.control("truth")
    time.sleep(1.0)
    before = time.monotonic_ns()
    psu.send(b"OP1 0\n")
    assert psu.line("OP1?") == "0"
    after = time.monotonic_ns()
    state = bench.control("state")
    assert before < state["last_off_ns"] < after
    assert state["on_count"] == 1
    seconds = 60.0 * (state["last_off_ns"] - state["last_on_ns"]) / 1e9
    assert seconds > 50.0
    energy = state["energy_J"]
    assert energy["delivered"] == pytest.approx(truth["power"] * seconds, rel=1e-9)
    assert energy["stored"] + energy["lost"] == pytest.approx(energy["delivered"], rel=1e-9)
    assert state["temperatures"]["sample"] > 24.0
    sample = truth["parameters"]["sample"]
    mass = 1e-3 * sample["volume_mL"] * sample["concentration_mg_per_mL"]
    assert truth["power"] == pytest.approx(truth["sar"] * mass)
    other = bench.control("truth", current=7.05, frequency=265e3)
    assert other["sar"] == pytest.approx(truth["sar"] / 4.0)
    assert state["commands"] == {"osensa": 0, "generator": 6, "psu": 6}


def test_given_ports(start_bench: Start) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    bench = start_bench("--psu-port", str(free))
    assert bench.ready["psu"]["tcp"] == f"tcp://127.0.0.1:{free}"
    assert bench.tcp("psu").line("OP1?") == "0"
    taken = run("--psu-port", str(free))
    assert taken.returncode == 3
    assert taken.stdout == ""
    assert f"port {free}" in taken.stderr
    assert taken.stderr.count("\n") == 1


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_ports_in_a_row(start_bench: Start) -> None:
    base = next(port for port in range(20310, 32000, 10) if all(is_free(port + k) for k in range(4)))
    bench = start_bench("--ports", str(base), "--no-pty")
    ports = [bench.ready[name]["tcp"].rpartition(":")[2] for name in ("osensa", "generator", "psu")]
    assert [*ports, bench.ready["control"].rpartition(":")[2]] == [str(base + k) for k in range(4)]


def test_noise_on_every_port_harms_nothing(start_bench: Start) -> None:
    bench = start_bench()
    noise = random.Random(6)
    host, _, port = bench.ready["control"].partition(":")
    for _ in range(30):
        for device in ("osensa", "generator", "psu"):
            bench.tcp(device).send(noise.randbytes(noise.randrange(1, 400)) + b"\n")
        with socket.create_connection((host, int(port))) as control:
            control.sendall(noise.choice([noise.randbytes(50), b"[" * 60000, b'{"cmd": []}', b"7"]) + b"\n")
            assert b"error" in control.recv(4096)
    for line in (b"V1 1E999", b"V1 " + b"9" * 900, b"AMPL -1E999;AMPUNIT DBM;AMPL 1E999", b";" * 5000):
        bench.tcp("psu").send(line + b"\n")
        bench.tcp("generator").send(line + b"\n")
    assert "error" in bench.control("fault", device="psu", kind="silent", seconds=1e300)
    assert "error" in bench.control("force", temperature_C=20, status=70000)
    assert bench.tcp("psu").line("OP1?") == "0"
    assert bench.tcp("generator").line("*IDN?")


def test_the_wire_log_has_both_directions(start_bench: Start, tmp_path: Path) -> None:
    log = tmp_path / "wire.jsonl"
    bench = start_bench("--log", str(log))
    psu = bench.tcp("psu")
    assert psu.line("V1?") == "V1 0.000"
    bench.fault("psu", "silent")
    bench.control("quit")
    assert bench.process.wait(3.0) == 0
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    psu_entries = [(entry["direction"], entry["text"]) for entry in entries if entry["device"] == "psu"]
    assert psu_entries == [("rx", "V1?\r\n"), ("tx", "V1 0.000\r\n"), ("event", "fault silent")]
    assert entries[0]["monotonic_ns"] < time.monotonic_ns()


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("no-such.toml",), 2, "no-such.toml"),
        (("--speed", "0"), 2, "speed"),
        (("--speed", "1e9"), 2, "speed"),
        (("--speed", "fast"), 2, "speed"),
        (("--seed", "-1"), 2, "seed"),
        (("--psu-port", "70000"), 2, "port"),
        (("--log", "/no/such/folder/log"), 3, "log"),
    ],
)
def test_bad_input_is_one_sentence_and_no_traceback(arguments: tuple[str, ...], code: int, word: str) -> None:
    ended = run(*arguments)
    assert ended.returncode == code
    assert ended.stdout == ""
    assert word in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_bench_file_with_a_wrong_key(tmp_path: Path) -> None:
    text = (ROOT / "mocks" / "demo_bench.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("lag_s = 1.0", "lag_s = -1.0"), encoding="utf-8")
    ended = run(str(path))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "mine.toml" in ended.stderr
    assert "[probe] lag_s" in ended.stderr


def test_a_bench_file_is_used(start_bench: Start, tmp_path: Path) -> None:
    text = (ROOT / "mocks" / "demo_bench.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("temperature_C = 22.0", "temperature_C = 31.0"), encoding="utf-8")
    bench = start_bench(str(path))
    assert bench.control("state")["temperatures"]["sample"] == pytest.approx(31.0, abs=1e-3)


def test_it_stands_alone() -> None:
    script = "import sys, mocks.main; print(sorted({n.split('.')[0] for n in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=20
    ).stdout
    for package in ("amfdaq", "drivers", "calibration", "gui", "scipy"):
        assert f"'{package}'" not in loaded
