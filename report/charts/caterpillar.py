"""Caterpillar: the change of slope patient by patient, sorted, a page of rows at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.cohort import change_bounds
from analysis.comparison import Comparison, EndpointComparison
from data.trial import IntArray
from report.charts.parts import Names, empty
from report.charts.rows import (
    MOST_ROWS,
    ROW,
    Column,
    direction_words,
    draw_mean,
    draw_rows,
    headed,
    left_margin,
    room_for,
    row_axes,
    row_tint,
    value_band,
    words_apart,
    write_rows,
)
from report.charts.waterfall import change_row, mean_row, mean_rule
from report.look import Look
from report.numbers import level
from report.words import nobody_sentence, rises

_EMPTY: Final = 220


def ranked_changes(result: EndpointComparison) -> IntArray:
    """Return the compared patients, largest change first; equal ones in the order of the trial."""
    paired = np.flatnonzero(result.paired)
    return paired[np.argsort(-result.change[paired], kind="stable")]


def pages_of(result: EndpointComparison) -> int:
    """Return how many pages of rows the compared patients fill, at least 1."""
    return max(1, -(-int(result.paired.sum()) // MOST_ROWS))


def caterpillar_figure(
    comparison: Comparison,
    result: EndpointComparison,
    names: Names,
    look: Look,
    selected: int | None = None,
    page: int = 1,
) -> go.Figure:
    """Draw one page of changes with their intervals, largest first, and the mean of all below.

    Parameters
    ----------
    comparison, result
        The result of one endpoint and the comparison it belongs to.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    page
        Which 40 of the sorted patients are drawn, counted from 1.

    Returns
    -------
    plotly.graph_objects.Figure
        The axis holds the intervals of all patients, so that pages can be compared.
    """
    if result.n == 0:
        return empty(look, _EMPTY, nobody_sentence(result))
    confidence = comparison.settings.confidence
    order = ranked_changes(result)
    first = (page - 1) * MOST_ROWS
    shown = order[first : first + MOST_ROWS]
    rows = [change_row(result, int(i), at, names, confidence) for at, i in enumerate(shown)]
    rows = [replace(r, label=f"<b>{r.label}</b>") if r.key == str(selected) else r for r in rows]
    mean = mean_row(result, len(rows) + 0.4)
    mean = replace(mean, cells=mean_row(result, 0).cells)
    columns = (
        Column("before", 66, look.before_text),
        Column("after", 130, look.after),
        Column("change", 196, look.ink),
    )
    if len(mean.cells) < len(columns):
        mean = replace(mean, cells=("", "", *mean.cells))
    extent = room_for([float(v) for v in change_bounds(result, confidence)])
    apart = words_apart(extent)
    margin = {"l": left_margin([names[i] for i in shown]), "r": 206, "t": 30 + apart, "b": 52}
    bottom = mean.at + 0.7
    fig = headed(
        look,
        round(ROW * (bottom + 0.6)) + margin["t"] + margin["b"],
        margin,
        f"<b>{result.endpoint.label}</b>, change of slope patient by patient, {result.unit}",
        _subtitle(result, confidence, first, len(shown)),
        width=92,
    )
    row_axes(fig, look, bottom, extent, f"change of slope, {result.unit}")
    fig.update_yaxes(range=[bottom, -0.6])
    value_band(fig, look, mean.low, mean.high)
    mean_rule(fig, look, len(rows) - 0.35)
    for row in rows:
        if row.key == str(selected):
            row_tint(fig, row.at, look.after_tint)
    draw_rows(fig, look, rows, result.endpoint.marker, 9)
    draw_mean(fig, look, mean)
    # Before the many words of the rows, which plotly would check again.
    direction_words(fig, look, apart, rising=rises(result))
    write_rows(fig, look, [*rows, mean], columns)
    return fig


def _subtitle(result: EndpointComparison, confidence: float, first: int, drawn: int) -> str:
    part = ""
    if drawn < result.n:
        part = f" Rows {first + 1:,} to {first + drawn:,} of {result.n:,}; the mean is of all."
    if not result.slopes.residual_sd > 0:
        return f"n = {result.n:,}.{part} No interval: no residual SD can be estimated."
    return (
        f"n = {result.n:,}.{part} Bars: {level(confidence)} CI from the pooled residual SD; filled "
        "where it excludes 0."
    )
