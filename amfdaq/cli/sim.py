"""``amfdaq sim``: the simulated bench."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import click

from amfdaq.cli.options import FileName, FolderName, json_option
from amfdaq.cli.output import print_json
from amfdaq.errors import AmfdaqError


@click.command("sim")
@click.option("-o", "--out", "folder", type=FolderName(), default=Path("bench"),
              show_default=True, help="Where to write the rig, sample, recipes and certificates of the bench.")  # fmt: skip
@click.option(
    "--bench",
    type=FileName(),
    help="bench.toml: another sample, coil or probe.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 50),
    default=1.0,
    show_default=True,
    help="Bench seconds per real second.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of the noise and of the hidden true values; 0: all nominal.",
)
@click.option(
    "--serial", is_flag=True, help="Use pseudo-terminals in the rig in place of TCP (not on Windows)."
)
@json_option
def command(
    folder: Path, bench: Path | None, speed: float, seed: int, *, serial: bool, as_json: bool
) -> None:
    """Run the simulated bench until Ctrl-C.

    It answers on TCP ports and pseudo-terminals with the bytes of an OSENSA FTX thermometer and a magneTherm (TTi generator and
    supply). The folder gets a rig.toml that reaches it.
    """
    from amfdaq.cli.bench import start_bench, write_rig

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the bench ends, with 0
    running = start_bench(speed=speed, seed=seed, config=bench)
    try:
        rig = write_rig(folder, running.ready, serial=serial)
        if as_json:
            print_json({**running.ready, "rig": str(rig)})
        else:
            click.echo(f"the bench is running (Ctrl-C ends it); its rig is {rig}\n")
            for name in ("osensa", "generator", "psu"):
                click.echo(
                    f"  {name:10s}"
                    + "   ".join(str(address) for address in running.ready[name].values() if address)
                )
            click.echo(f"  {'control':10s}{running.ready['control']}\n\nnow, in another terminal:\n")
            click.echo(f"  amfdaq run {folder}/recipe.toml --rig {rig} --sample {folder}/sample.toml -o data")
        with contextlib.suppress(KeyboardInterrupt):
            if running.process.wait() != 0:
                raise AmfdaqError(running.last_words() or "the simulated bench ended by itself")
    finally:
        running.stop()
