"""``amfdaq import``: tables of any logger become run files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from amfdaq.cli.messages import error_entry, lines_of
from amfdaq.cli.options import (
    experiment_options,
    json_option,
    out_option,
    reading,
    table_options,
)
from amfdaq.cli.output import print_json, warn
from amfdaq.errors import AmfdaqError
from amfdaq.quantity import Quantity


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@out_option
@experiment_options
@table_options
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    folder: Path,
    sample: Path | None,
    field: Quantity | None,
    frequency: Quantity | None,
    on: Quantity | None,
    off: Quantity | None,
    channel: str | None,
    time_unit: str | None,
    temperature_unit: str | None,
    date_order: str | None,
    *,
    as_json: bool,
) -> None:
    """Turn tables (CSV, TXT) of any logger into run files, which keep the original's name, hash and what was assumed.

    Exit code 0: all imported; 2: a table could not be used (the others are imported).
    """
    from amfdaq.cli.analyze import sample_of
    from amfdaq.cli.run import remarks
    from amfdaq.store.importing import Imported, import_table

    stated = sample_of(sample)
    warn(remarks(sample=stated))
    what = Imported(
        sample=stated.text if stated is not None else "",
        field=field.value if field is not None else None,
        u_field=field.u if field is not None else 0.0,
        frequency=frequency.value if frequency is not None else None,
        u_frequency=frequency.u if frequency is not None else 0.0,
        on=on.value if on is not None else None,
        off=off.value if off is not None else None,
        notes=(field.note,) if field is not None and field.note else (),
        reading={
            **reading(time_unit, temperature_unit, date_order),
            **({"channel": channel} if channel else {}),
        },
    )
    done: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    for path in paths:
        try:
            file, notes = import_table(path, folder, what)
        except AmfdaqError as error:
            errors.append(error_entry(path, error))
            warn(lines_of(error))
            continue
        done.append({"source": str(path), "file": str(file), "notes": list(notes)})
        if not as_json:
            click.echo(f"{path} -> {file}")
            for note in notes:
                click.echo(f"  note: {note}")
    if not as_json and len(paths) > 1:
        click.echo(f"{len(done)} of {len(paths)} tables imported")
    if as_json:
        print_json({"imported": done, **({"errors": errors} if errors else {})})
    ctx.exit(max((error["exit_code"] for error in errors), default=0))
