"""``amfdaq recover``: finish what a killed run has left."""

from __future__ import annotations

from pathlib import Path

import click

from amfdaq.cli.options import FolderName, json_option
from amfdaq.cli.output import print_json


@click.command("recover")
@click.argument("folder", type=FolderName(exists=True))
@json_option
def command(folder: Path, *, as_json: bool) -> None:
    """Rebuild the run files in FOLDER whose journals are still there; every complete record is kept."""
    from amfdaq.store.recovery import recover

    found = recover(folder)
    if as_json:
        print_json(
            {
                "recovered": [
                    {"file": str(i.file), "rows": i.rows, "status": i.status, "reason": i.reason}
                    for i in found
                ]
            }
        )
        return
    for item in found:
        click.echo(f"recovered {item.file}: {item.rows} rows; {item.reason}")
    if not found:
        click.echo(f"{folder}: nothing to recover")
