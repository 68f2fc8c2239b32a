"""Starting the simulated bench as a process of its own, and the rig that reaches it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from amfdaq.errors import AmfdaqError, BadInput
from amfdaq.packages import require_package

READY_S = 20.0
FILES = ("sample.toml", "recipe.toml", "sweep.toml", "coil.toml", "probe.toml")


@dataclass
class Bench:
    """A running bench.

    Attributes:
        process: the bench.
        ready: what it said when it began to listen: addresses, speed, truth.
    """

    process: subprocess.Popen[bytes]
    ready: dict[str, Any]

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a command to the control port and return the reply.

        Raises:
            AmfdaqError: the bench does not answer.
        """
        import socket

        host, _, port = str(self.ready["control"]).rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=5) as link:
                link.sendall(json.dumps(request).encode() + b"\n")
                reply = link.makefile().readline()
            return dict(json.loads(reply))
        except (OSError, ValueError) as error:
            raise AmfdaqError(f"the simulated bench does not answer: {error}") from error

    def last_words(self) -> str:
        """What the bench wrote to stderr before it ended by itself."""
        assert self.process.stderr is not None  # noqa: S101 a pipe, for the type checker
        return self.process.stderr.read().decode(errors="replace").strip()

    def stop(self) -> None:
        """End the bench."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def start_bench(*, speed: float, seed: int, config: Path | None = None, extra: tuple[str, ...] = ()) -> Bench:
    """Start the bench and wait until it listens.

    Args:
        speed: bench seconds per second on the wall.
        seed: of noise and of the hidden true values; 0 leaves everything at its nominal value.
        config: bench.toml, or None for the built-in bench.
        extra: more options for ``python -m mocks``.

    Raises:
        BadInput: the bench refused its configuration.
        AmfdaqError: it did not start.
    """
    require_package("mocks")
    arguments = [sys.executable, "-P", "-m", "mocks", *([str(config)] if config else [])]
    arguments += ["--speed", repr(speed), "--seed", str(seed), "--with-parent", *extra]
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None  # noqa: S101, PT018 both are pipes, for the type checker
    line = process.stdout.readline()
    if not line:
        bench = Bench(process, {})
        message = bench.last_words().removeprefix("mocks: ").removesuffix(".")
        code = process.wait()
        bench.stop()
        raise (BadInput if code == 2 else AmfdaqError)(message or "the simulated bench did not start")
    return Bench(process, json.loads(line))


def write_rig(folder: Path, ready: dict[str, Any], *, serial: bool = False) -> Path:
    """Write rig, sample, recipes and certificates of the bench into a folder; returns the rig's path.

    Args:
        folder: created when missing; existing files of these names are replaced.
        ready: what the bench said.
        serial: use its pseudo-terminals in place of TCP, where it has them.
    """
    source = resources.files("mocks") / "demo"
    text = (source / "rig.toml").read_text(encoding="utf-8")
    kind = "serial" if serial else "tcp"
    for name in ("osensa", "generator", "psu"):
        text = text.replace(f"@{name.upper()}@", str(ready[name].get(kind) or ready[name]["tcp"]))
    text = text.replace("@SPEED@", repr(float(ready["speed"])))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (folder / name).write_text((source / name).read_text(encoding="utf-8"), encoding="utf-8")
        (folder / "rig.toml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"cannot write to the folder {folder}: {error.strerror}; choose another with -o"
        ) from error
    return folder / "rig.toml"
