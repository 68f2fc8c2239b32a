"""The command line of the bench: ``python -P -m mocks [CONFIG.toml] [options]``.

When everything listens, exactly one line of JSON goes to standard output; it names all links and the truth
of the nominal working point. SIGINT, SIGTERM and the control command ``quit`` end the process with exit
code 0.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from mocks.bench import Bench, Ports
from mocks.clock import LabClock
from mocks.config import DEMO_BENCH, load_bench
from mocks.errors import ConfigError, StartError

if TYPE_CHECKING:
    from typing import TextIO

OK, BAD_INPUT, FAILED = 0, 2, 3
FASTEST = 1e4  # beyond, the noise of all conversions passed by takes longer than the time between two looks


def main(argv: list[str] | None = None) -> int:
    """Run the bench until it is told to stop.

    Args:
        argv: Arguments without the program name; those of the process if None.

    Returns:
        0 after a clean end, 2 for a wrong bench file, 3 if it cannot start or breaks.
    """
    options = _parser().parse_args(argv)
    with contextlib.ExitStack() as stack:
        try:
            nominal = load_bench(options.config)
            if options.osensa_unit:
                nominal = dataclasses.replace(
                    nominal, osensa=dataclasses.replace(nominal.osensa, unit=options.osensa_unit)
                )
            log = stack.enter_context(_open_log(options.log)) if options.log else None
            clock = LabClock(options.speed)
            bench = Bench(nominal, options.seed, clock, _ports(options), pty=not options.no_pty, log=log)
        except ConfigError as error:
            return _complain(str(error), BAD_INPUT)
        except StartError as error:
            return _complain(str(error), FAILED)
        stack.callback(bench.close)
        return _serve(bench, with_parent=options.with_parent)


def _serve(bench: Bench, *, with_parent: bool) -> int:
    """Open the links, say so, and wait for the end."""
    broken = threading.Event()

    def on_thread_failure(failure: threading.ExceptHookArgs) -> None:
        # a bench with a dead thread would look like a fault of an instrument: end it instead
        broken.set()
        bench.stopping.set()
        kind = failure.exc_type.__name__
        name = failure.thread.name if failure.thread else "unknown"
        _complain(f"internal failure in thread {name}: {kind}: {failure.exc_value}.", FAILED)

    threading.excepthook = on_thread_failure
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda _number, _frame: bench.stopping.set())
    bench.start()
    try:
        sys.stdout.write(json.dumps(bench.ready()) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return _complain("nobody reads the start line; the bench ends.", FAILED)
    if with_parent:
        threading.Thread(target=_follow_parent, args=(bench,), name="parent", daemon=True).start()
    bench.run()
    return FAILED if broken.is_set() else OK


def _follow_parent(bench: Bench) -> None:
    """End with the process that holds the other end of standard input."""
    with contextlib.suppress(OSError):  # no standard input is as good as one that has ended
        # not sys.stdin: a thread that blocks in its buffer would keep the interpreter from ending
        while os.read(0, 4096):
            pass
    bench.stopping.set()


def _open_log(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise StartError(f"{path}: the wire log cannot be written ({error.strerror}).") from error


def _complain(sentence: str, code: int) -> int:
    sys.stderr.write(f"mocks: {sentence}\n")
    return code


def _ports(options: argparse.Namespace) -> Ports:
    """Ports one by one, or four in a row from ``--ports``."""
    base = options.ports
    row = Ports() if base is None else Ports(base, base + 1, base + 2, base + 3)
    chosen = {
        name: getattr(options, f"{name}_port")
        for name in ("osensa", "generator", "psu", "control")
        if getattr(options, f"{name}_port") is not None
    }
    return dataclasses.replace(row, **chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -P -m mocks",
        description="Simulated bench: supply, tank, sample, thermometer on real wire protocols.",
    )
    parser.add_argument("config", nargs="?", type=Path, default=DEMO_BENCH, help="bench file (TOML)")
    parser.add_argument("--speed", type=_speed, default=1.0, help="lab seconds per second (default 1)")
    parser.add_argument("--seed", type=_whole, default=0, help="true values and noise; 0 is exactly nominal")
    parser.add_argument(
        "--osensa-unit", choices=("single", "triple"), help="instead of the one in the bench file"
    )
    parser.add_argument("--no-pty", action="store_true", help="TCP only")
    parser.add_argument(
        "--ports", type=_port, metavar="BASE", help="osensa, generator, psu, control from here on"
    )
    for name in ("osensa", "generator", "psu", "control"):
        parser.add_argument(f"--{name}-port", type=_port, metavar="PORT", help="0 takes a free one")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    parser.add_argument(
        "--log", type=Path, metavar="FILE", help="write everything on the wire, as JSON lines"
    )
    return parser


def _speed(text: str) -> float:
    value = float(text)
    if not 0.0 < value <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text} is not a speed; give a number above 0, up to {FASTEST:g}")
    return value


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is not a seed; give 0 or more")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a TCP port")
    return value
