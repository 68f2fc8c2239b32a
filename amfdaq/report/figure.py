"""The figure of a run: temperature with the fit, field, residuals, and the verdict in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from amfdaq.errors import StoreError
from amfdaq.quantity import format_pm
from amfdaq.store.reader import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which people with colour-blindness can tell apart.
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"


def draw_run(path: Path, out: Path) -> Path:
    """Draw a run file with its last analysis.

    Args:
        path: run file.
        out: PNG, SVG or PDF to write.

    Returns:
        ``out``.

    Raises:
        DataFileError: the run file cannot be used.
        StoreError: the figure cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    run = Run.open(path)
    curve = run.heating_curve()
    analysis = run.analyses[-1] if run.analyses else None
    figure = Figure(figsize=(8.0, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=[4, 1.1, 1.3])
    _temperature(top, curve.time, curve.temperature, analysis)
    _field(middle, run)
    _residuals(bottom, analysis)
    for axes in (top, middle, bottom):
        for start, stop in curve.on:
            axes.axvspan(start, stop, color=ORANGE, alpha=0.10, lw=0)
        axes.grid(visible=True, alpha=0.25)
        axes.margins(x=0.01)
    bottom.set_xlabel("time / s")
    figure.suptitle(run.title, fontsize=11)
    try:
        figure.savefig(out, dpi=150)
    except OSError as error:
        raise StoreError(f"the figure {out} could not be written: {error.strerror}") from error
    return out


def _temperature(axes: Axes, t: Any, temperature: Any, analysis: Any) -> None:
    axes.plot(t, temperature, ".", ms=2.5, color=BLUE, label="measured")
    if analysis is not None and "fitted" in analysis.arrays:
        axes.plot(
            analysis.arrays["time"], analysis.arrays["fitted"], "-", lw=1.2, color=ORANGE, label="joint fit"
        )
    axes.set_ylabel("temperature / °C")
    axes.legend(loc="lower right", frameon=False)
    if analysis is not None:
        axes.text(
            0.015, 0.96, verdict(analysis.result), transform=axes.transAxes, va="top", fontsize=9, linespacing=1.5,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2},
        )  # fmt: skip


def _field(axes: Axes, run: Run) -> None:
    if "field" in run.channels:
        channel = run.channel("field")
        keep = np.isfinite(channel.value)
        axes.plot(channel.time[keep], channel.value[keep] / 1e3, drawstyle="steps-post", lw=1, color=GREEN)
    axes.set_ylabel("H / kA/m")
    axes.set_ylim(bottom=0)


def _residuals(axes: Axes, analysis: Any) -> None:
    if analysis is not None and "residual" in analysis.arrays:
        axes.plot(
            analysis.arrays["time"], np.asarray(analysis.arrays["residual"]) * 1e3, ".", ms=2, color=GREY
        )
    axes.axhline(0, color="black", lw=0.6)
    axes.set_ylabel("residual / mK")


def verdict(result: dict[str, Any]) -> str:
    """The verdict of an analysis in a few short lines."""
    if result["verdict"] != "accepted":
        return "REFUSED\n" + "\n".join(result["reasons"][:3])
    lines = []
    if result.get("sar"):
        sar = result["sar"]
        lines.append(f"SAR = {format_pm(sar['value'], sar['u'])} W/g ({sar['basis']})")
    if result.get("ilp"):
        lines.append(f"ILP = {format_pm(result['ilp']['value'], result['ilp']['u'])} nH m²/kg")
    if result.get("rate"):
        lines.append(f"rate = {format_pm(result['rate']['value'] * 1e3, result['rate']['u'] * 1e3)} mK/s")
    return "\n".join(lines) + "\n(± standard uncertainty, k = 1)"
