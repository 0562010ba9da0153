"""Rows of changes of slope, largest first: what the figures of single changes share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.results import Interval
from data.trial import IntArray
from report.charts.parts import Names
from report.charts.rows import (
    MOST_ROWS,
    Column,
    Row,
    headed,
    left_margin,
    row_axes,
    short,
    value_band,
)
from report.look import Look, escape
from report.numbers import level, signed, span

EMPTY: Final = 220
"""Height in pixels of the figure that says that nobody can be compared."""

_NO_INTERVAL: Final = Interval(math.nan, math.nan, math.nan, math.nan)


def ranked_changes(result: EndpointComparison) -> IntArray:
    """Return the compared patients, largest change first; equal ones in the order of the trial."""
    paired = np.flatnonzero(result.paired)
    return paired[np.argsort(-result.change[paired], kind="stable")]


def change_rows(
    result: EndpointComparison,
    shown: IntArray,
    names: Names,
    confidence: float,
    selected: int | None,
) -> list[Row]:
    """Return the rows of some patients from the top, the highlighted one in bold."""
    rows = [_change_row(result, int(i), at, names, confidence) for at, i in enumerate(shown)]
    return [replace(r, label=f"<b>{r.label}</b>") if r.key == str(selected) else r for r in rows]


def change_columns(look: Look) -> tuple[Column, Column, Column]:
    """Return the columns of numbers beside the rows."""
    return (
        Column("before", 66, look.before_text),
        Column("after", 130, look.after),
        Column("change", 196, look.ink),
    )


def change_margin(labels: Sequence[str], apart: int) -> dict[str, int]:
    """Return the margins of a figure whose rows are written out; ``apart`` is room on top."""
    return {"l": left_margin(labels), "r": 206, "t": 30 + apart, "b": 52}


def change_axes(
    look: Look,
    result: EndpointComparison,
    mean: Row,
    space: tuple[int, dict[str, int]],
    ends: tuple[float, tuple[float, float]],
    subtitle: str,
) -> go.Figure:
    """Return the empty figure of changes with its axes and the band of the mean.

    Parameters
    ----------
    look, result
        Colours, and the endpoint.
    mean
        Row of the mean.
    space
        Height of the rows in pixels, and the margins.
    ends
        Bottom of the rows, and the ends of the value axis.
    subtitle
        Words under the title.
    """
    height, margin = space
    bottom, extent = ends
    fig = headed(
        look,
        height + margin["t"] + margin["b"],
        margin,
        f"<b>{result.endpoint.label}</b>, change of slope patient by patient, {result.unit}",
        subtitle,
        width=92,
    )
    row_axes(fig, look, bottom, extent, f"change of slope, {result.unit}")
    fig.update_yaxes(range=[bottom, -0.6])
    value_band(fig, look, mean.low, mean.high)
    return fig


def bar_words(result: EndpointComparison, confidence: float) -> str:
    """Return what the bars are, or why there are none."""
    if not result.slopes.residual_sd > 0:
        return "No interval: no residual SD can be estimated."
    return f"Bars: {level(confidence)} CI from the pooled residual SD; filled where it excludes 0."


def _change_row(
    result: EndpointComparison, i: int, at: int, names: Names, confidence: float
) -> Row:
    """Return the row of one patient: change with interval, and both slopes beside it."""
    interval = result.change_interval(i, confidence) or _NO_INTERVAL
    change = float(result.change[i])
    name = escape(names[i])
    known = math.isfinite(interval.low)
    ends = f" ({span(interval)})" if known else ""
    return Row(
        at=at,
        label=short(names[i]),
        low=interval.low,
        value=change,
        high=interval.high,
        cells=(
            signed(float(result.before[i])),
            signed(float(result.after[i])),
            f"<b>{signed(change)}</b>",
        ),
        key=str(i),
        hover=f"{name} · change {signed(change)} {result.unit}{ends}<br>click: open patient",
        filled=known and interval.excludes_zero,
    )


def mean_row(result: EndpointComparison, at: float) -> Row:
    """Return the row of the mean of all compared patients."""
    summary = result.change_summary
    interval = summary.interval or _NO_INTERVAL
    known = math.isfinite(interval.low)
    numbers = (result.before_summary.mean, result.after_summary.mean, summary.mean)
    cells = tuple(f"<b>{signed(value)}</b>" for value in numbers)
    ends = f" ({span(interval)})" if known else ""
    return Row(
        at=at,
        label="<b>mean</b>",
        low=interval.low,
        value=summary.mean,
        high=interval.high,
        cells=cells if result.n <= MOST_ROWS else cells[-1:],
        hover=f"mean change {signed(summary.mean)} {result.unit}{ends}<br>n = {result.n:,}",
        filled=known and interval.excludes_zero,
    )


def mean_rule(fig: go.Figure, look: Look, at: float) -> None:
    """Draw the rule that sets the mean apart."""
    fig.add_shape(
        type="line", xref="paper", yref="y", x0=-3, x1=4, y0=at, y1=at,
        line={"color": look.axis, "width": 1.2},
    )  # fmt: skip
