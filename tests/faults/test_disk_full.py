"""A disk that fills up while the field is on: off first, nothing of what was written before is lost."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from running import amfdaq, finish, start_run, wait_for

from amfdaq.cli.bench import Bench
from amfdaq.store.reader import Run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


def test_a_full_disk_switches_the_field_off_and_keeps_what_was_written(
    bench: Bench, lab: Path, small_disk: Path
) -> None:
    out = small_disk / "data"
    process = start_run(lab, out)
    wait_for(lambda: bench.ask(cmd="state")["output_on"], 20, "the field did not go on")
    time.sleep(0.5)
    ballast = os.open(small_disk / "ballast", os.O_WRONLY | os.O_CREAT)
    full = time.monotonic_ns()
    for size in (65536, 4096, 512, 1):
        try:
            while True:
                os.write(ballast, b"x" * size)
        except OSError:
            continue
    os.close(ballast)
    wait_for(lambda: not bench.ask(cmd="state")["output_on"], 10, "the field stays on with a full disk")
    # Until the journal's last page is full (4 kB, about a hundred rows) every row still reaches the disk.
    assert (bench.ask(cmd="state")["last_off_ns"] - full) / 1e9 < 8.0
    code, document, messages = finish(process)
    assert code == 3, messages
    assert "Traceback" not in messages
    assert "disk" in document["error"]["message"] or "space" in document["error"]["message"]

    (small_disk / "ballast").unlink()
    recovered = amfdaq("recover", out)
    assert recovered.returncode == 0, recovered.stderr
    run = Run.open(next(out.glob("*.h5")))
    assert run.status in {"failed", "recovered"}
    core = run.channel("core")
    assert core.value.size > 20
    assert np.all(np.isfinite(core.value))
