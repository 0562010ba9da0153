"""Caterpillar: the change of slope patient by patient, sorted, a page of rows at a time."""

from __future__ import annotations

from dataclasses import replace

import plotly.graph_objects as go

from analysis.cohort import change_bounds
from analysis.comparison import Comparison, EndpointComparison
from report.charts.change_rows import (
    EMPTY,
    bar_words,
    change_axes,
    change_columns,
    change_margin,
    change_rows,
    mean_row,
    mean_rule,
    ranked_changes,
)
from report.charts.parts import Names, empty
from report.charts.rows import (
    MOST_ROWS,
    ROW,
    direction_words,
    draw_mean,
    draw_rows,
    room_for,
    row_tint,
    words_apart,
    write_rows,
)
from report.look import Look
from report.words import nobody_sentence, rises


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
        return empty(look, EMPTY, nobody_sentence(result))
    confidence = comparison.settings.confidence
    order = ranked_changes(result)
    first = (page - 1) * MOST_ROWS
    shown = order[first : first + MOST_ROWS]
    rows = change_rows(result, shown, names, confidence, selected)
    mean = mean_row(result, len(rows) + 0.4)
    mean = replace(mean, cells=mean_row(result, 0).cells)
    columns = change_columns(look)
    if len(mean.cells) < len(columns):
        mean = replace(mean, cells=("", "", *mean.cells))
    extent = room_for([float(v) for v in change_bounds(result, confidence)])
    apart = words_apart(extent)
    bottom = mean.at + 0.7
    fig = change_axes(
        look,
        result,
        mean,
        (round(ROW * (bottom + 0.6)), change_margin([names[i] for i in shown], apart)),
        (bottom, extent),
        _subtitle(result, confidence, first, len(shown)),
    )
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
    return f"n = {result.n:,}.{part} {bar_words(result, confidence)}"
