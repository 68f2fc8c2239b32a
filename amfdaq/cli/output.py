"""What the commands print: one JSON document on stdout, or tables for people; messages go to stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from amfdaq.quantity import format_pm

if TYPE_CHECKING:
    from amfdaq.analysis.result import SarResult


def print_json(document: dict[str, Any]) -> None:
    """The one JSON document of a command, in ASCII, which every terminal and every pipe can take.

    NaN is an error of ours, not something to print.
    """
    click.echo(json.dumps(document, allow_nan=False, indent=1))


def say(text: str) -> None:
    """A message for the person at the terminal."""
    click.echo(text, err=True)


def warn(texts: Iterable[str]) -> None:
    """What a person should know before the result is believed: one line each, none twice."""
    for text in dict.fromkeys(texts):
        say(f"amfdaq: {text}")


def show_result(result: SarResult, *, details: bool = True) -> None:
    """Print one result for a person.

    Args:
        result: what was found.
        details: estimators, gates and budget too.
    """
    data = result.to_json()
    accepted = data["verdict"] == "accepted"
    click.secho(f"{data['source']}: {data['verdict'].upper()}", bold=True, fg="green" if accepted else "red")
    for label, key, unit in (("SAR", "sar", "W/g"), ("ILP", "ilp", "nH m2/kg")):
        if data.get(key):
            value, basis = data[key], data[key].get("basis")
            per = f" (per gram of {basis})" if basis else ""
            low, high = value["value"] - value["U"], value["value"] + value["U"]
            click.echo(
                f"  {label:5s}{format_pm(value['value'], value['u'], unit)}{per}"
                f"   95 %: {format_range(low, high)} (k = {value['k']:g})"
            )
    if data.get("rate"):
        click.echo(
            f"  rate {format_pm(data['rate']['value'] * 1e3, data['rate']['u'] * 1e3, 'mK/s')}   (loss-free heating rate)"
        )
    for reason in data["reasons"]:
        click.echo(f"  - {reason}")
    for note in data.get("notes", []):
        click.echo(f"  note: {note}")
    if details:
        _show_details(data)


def _show_details(data: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 110)
    if data["estimators"]:
        table = Table(
            "estimator", "rate mK/s (stat. u)", "remark", box=None, pad_edge=True, title_justify="left"
        )
        for item in data["estimators"]:
            rate = "-" if item["rate"] is None else format_pm(item["rate"] * 1e3, (item["u"] or 0.0) * 1e3)
            remark = "; ".join(item.get("reasons", [])) or _worth(item)
            variant = (item.get("parameters") or {}).get("variant") or item.get("variant") or ""
            table.add_row(f"{item['name']} {variant}".strip(), rate, remark)
        console.print(table)
    if data["budget"]:
        table = Table("uncertainty budget", "relative (k = 1)", "enters", box=None, pad_edge=True)
        for row in sorted(data["budget"], key=lambda row: -(row["relative"] or 0.0)):
            twice = " (counted twice)" if row.get("sensitivity") == -2.0 else ""
            enters = {"rate": "rate, SAR, ILP", "SAR": "SAR, ILP", "ILP": "ILP"}[row["of"]]
            size = f"{100 * row['relative']:.2f} %" if row["relative"] else "none stated"
            table.add_row(f"{row['source']}{twice}", size, enters)
        console.print(table)


def _worth(item: dict[str, Any]) -> str:
    """What an estimate is good for, in a few words."""
    if not item["accepted"]:
        return "not used"
    percent = round(100 * (item.get("predicted_bias") or 0.0))
    expected = f", expected to read {abs(percent)} % {'low' if percent < 0 else 'high'}" if percent else ""
    return f"{'for comparison' if item.get('legacy') else 'accepted'}{expected}"


def format_range(low: float, high: float) -> str:
    """``64.7 to 72.0``: both ends to a hundredth of the width, or a tenth where that is enough."""
    decimals = max(0, 1 - math.floor(math.log10((high - low) / 2))) if high > low else 4
    return f"{low:.{decimals}f} to {high:.{decimals}f}"
