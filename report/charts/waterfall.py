"""The change of every patient with its interval, largest first, and the mean of all."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import plotly.graph_objects as go

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
from report.charts.parts import SAMPLE_LINES, Names, empty
from report.charts.rows import (
    MOST_ROWS,
    ROW,
    Column,
    Row,
    chosen_evenly,
    direction_words,
    draw_mean,
    draw_rows,
    room_for,
    row_tint,
    words_apart,
    write_rows,
)
from report.look import Look
from report.numbers import signed
from report.words import nobody_sentence, rises

_DENSE: Final = 640


def waterfall_figure(
    comparison: Comparison,
    result: EndpointComparison,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw every patient's change with its interval, largest on top, and the mean below a rule.

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

    Returns
    -------
    plotly.graph_objects.Figure
        Above 40 patients the rows are thin and without names; above 200 an even part of the sorted
        patients is drawn, and the subtitle says so.
    """
    if result.n == 0:
        return empty(look, EMPTY, nobody_sentence(result))
    confidence = comparison.settings.confidence
    order = ranked_changes(result)
    written = len(order) <= MOST_ROWS
    shown = order[chosen_evenly(len(order), SAMPLE_LINES)]
    if selected is not None and result.paired[selected] and selected not in shown:
        shown = order[np.isin(order, [*shown, selected])]
    rows = change_rows(result, shown, names, confidence, selected)
    height = ROW if written else min(14.0, _DENSE / len(rows))
    # The mean keeps a full row below the rule, however thin the patients' rows are.
    mean = mean_row(result, len(rows) - 0.5 + 0.9 * ROW / height)
    bottom = mean.at + 0.7 * ROW / height
    ends = [v for r in (mean, *rows) for v in (r.low, r.value, r.high)]
    extent = room_for(ends)
    apart = words_apart(extent)
    margin = change_margin([names[i] for i in shown], apart)
    if not written:
        margin |= {"l": 110, "r": 90}
    fig = change_axes(
        look,
        result,
        mean,
        (round(height * (bottom + 0.6)), margin),
        (bottom, extent),
        _subtitle(result, confidence, len(rows)),
    )
    mean_rule(fig, look, len(rows) - 0.5 + 0.15 * ROW / height)
    _select(fig, look, rows, selected, written=written)
    draw_rows(fig, look, rows, result.endpoint.marker, 9 if written else min(6, height))
    draw_mean(fig, look, mean)
    direction_words(fig, look, apart, rising=rises(result))
    if written:
        write_rows(fig, look, [*rows, mean], change_columns(look))
    else:
        write_rows(fig, look, [mean], [Column("", 70, look.ink)])
    return fig


def waterfall_alt(result: EndpointComparison, confidence: float) -> str:
    """Return what the figure shows, for those who cannot see it."""
    changes = result.change[result.paired]
    apart = sum(
        interval is not None and interval.excludes_zero
        for interval in (
            result.change_interval(int(i), confidence) for i in np.flatnonzero(result.paired)
        )
    )
    if not len(changes):
        return nobody_sentence(result)
    return (
        f"{result.endpoint.label}, n = {result.n:,}: changes of slope from "
        f"{signed(float(changes.min()))} to {signed(float(changes.max()))} {result.unit}; "
        f"{int(np.sum(changes > 0))} above 0, {int(np.sum(changes < 0))} below; {apart} with an "
        f"interval that excludes 0. Mean {signed(result.change_summary.mean)}."
    )


def _select(
    fig: go.Figure, look: Look, rows: list[Row], selected: int | None, *, written: bool
) -> None:
    for row in rows:
        if row.key == str(selected):
            row_tint(fig, row.at, look.after_tint)
            if not written:
                write_rows(fig, look, [replace(row, cells=())], ())


def _subtitle(result: EndpointComparison, confidence: float, drawn: int) -> str:
    sample = f" {drawn} of {result.n:,} patients drawn, evenly." if drawn < result.n else ""
    return f"n = {result.n:,}. {bar_words(result, confidence)}{sample}"
