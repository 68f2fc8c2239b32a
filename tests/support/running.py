"""Running ``amfdaq`` as its users do: as a process, against a bench that is another process."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECIPE = """
[recipe]
name = "test"

[[step]]
kind = "equilibrate"
duration = "{baseline} s"

[[step]]
kind = "heat"
duration = "{heat} s"
field = "10 kA/m"
frequency = "265 kHz"

[[step]]
kind = "cool"
duration = "{cool} s"
"""


def amfdaq(
    *arguments: str | Path, timeout: float = 120.0, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "amfdaq.cli.main", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=cwd,
    )


def start_amfdaq(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start a command; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "amfdaq.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_run(
    lab: Path, out: Path, *, baseline: float = 4, heat: float = 300, cool: float = 8
) -> subprocess.Popen[str]:
    """Start ``amfdaq run --json`` on the rig of a bench with a recipe of these durations (bench seconds)."""
    recipe = lab / "test.toml"
    recipe.write_text(RECIPE.format(baseline=baseline, heat=heat, cool=cool))
    return start_amfdaq(
        "run", recipe, "--rig", lab / "rig.toml", "--sample", lab / "sample.toml", "-o", out, "--json"
    )


def finish(process: subprocess.Popen[str], timeout: float = 60.0) -> tuple[int, dict[str, Any], str]:
    """Exit code, JSON document and messages of a run that ends by itself."""
    out, err = process.communicate(timeout=timeout)
    return process.returncode, json.loads(out), err


def wait_for(what: Callable[[], object], timeout: float, message: str) -> None:
    """Wait until something is true.

    Raises:
        AssertionError: it is not, in time.
    """
    end = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < end, message
        time.sleep(0.01)
