"""The change of every patient with its interval, largest first, and the mean of all."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.comparison import Comparison, EndpointComparison
from analysis.results import Interval
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
    headed,
    left_margin,
    room_for,
    row_axes,
    row_tint,
    short,
    value_band,
    words_apart,
    write_rows,
)
from report.look import Look, escape
from report.numbers import level, signed, span
from report.words import nobody_sentence, rises

_EMPTY: Final = 220
_DENSE: Final = 640
_NO_INTERVAL: Final = Interval(math.nan, math.nan, math.nan, math.nan)


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
        return empty(look, _EMPTY, nobody_sentence(result))
    confidence = comparison.settings.confidence
    paired = np.flatnonzero(result.paired)
    order = paired[np.argsort(-result.change[paired], kind="stable")]
    written = len(order) <= MOST_ROWS
    shown = order[chosen_evenly(len(order), SAMPLE_LINES)]
    if selected is not None and result.paired[selected] and selected not in shown:
        shown = order[np.isin(order, [*shown, selected])]
    rows = [change_row(result, int(i), at, names, confidence) for at, i in enumerate(shown)]
    rows = [replace(r, label=f"<b>{r.label}</b>") if r.key == str(selected) else r for r in rows]
    height = ROW if written else min(14.0, _DENSE / len(rows))
    # The mean keeps a full row below the rule, however thin the patients' rows are.
    mean = mean_row(result, len(rows) - 0.5 + 0.9 * ROW / height)
    bottom = mean.at + 0.7 * ROW / height
    ends = [v for r in (mean, *rows) for v in (r.low, r.value, r.high)]
    extent = room_for(ends)
    apart = words_apart(extent)
    margin = {"l": left_margin([names[i] for i in shown]), "r": 206, "t": 30 + apart, "b": 52}
    if not written:
        margin |= {"l": 110, "r": 90}
    fig = headed(
        look,
        round(height * (bottom + 0.6)) + margin["t"] + margin["b"],
        margin,
        f"<b>{result.endpoint.label}</b>, change of slope patient by patient, {result.unit}",
        _subtitle(result, confidence, len(rows)),
        width=92,
    )
    row_axes(fig, look, bottom, extent, f"change of slope, {result.unit}")
    fig.update_yaxes(range=[bottom, -0.6])
    value_band(fig, look, mean.low, mean.high)
    mean_rule(fig, look, len(rows) - 0.5 + 0.15 * ROW / height)
    _select(fig, look, rows, selected, written=written)
    draw_rows(fig, look, rows, result.endpoint.marker, 9 if written else min(6, height))
    draw_mean(fig, look, mean)
    columns = (
        Column("before", 66, look.before_text),
        Column("after", 130, look.after),
        Column("change", 196, look.ink),
    )
    if written:
        write_rows(fig, look, [*rows, mean], columns)
    else:
        write_rows(fig, look, [mean], [Column("", 70, look.ink)])
    direction_words(fig, look, apart, rising=rises(result))
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
        f"{result.endpoint.label}, n = {result.n}: changes of slope from "
        f"{signed(float(changes.min()))} to {signed(float(changes.max()))} {result.unit}; "
        f"{int(np.sum(changes > 0))} above 0, {int(np.sum(changes < 0))} below; {apart} with an "
        f"interval that excludes 0. Mean {signed(result.change_summary.mean)}."
    )


def change_row(result: EndpointComparison, i: int, at: int, names: Names, confidence: float) -> Row:
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
        hover=f"mean change {signed(summary.mean)} {result.unit}{ends}<br>n = {result.n}",
        filled=known and interval.excludes_zero,
    )


def mean_rule(fig: go.Figure, look: Look, at: float) -> None:
    """Draw the rule that sets the mean apart."""
    fig.add_shape(
        type="line", xref="paper", yref="y", x0=-3, x1=4, y0=at, y1=at,
        line={"color": look.axis, "width": 1.2},
    )  # fmt: skip


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
    if not result.slopes.residual_sd > 0:
        return f"n = {result.n}. No interval: no residual SD can be estimated.{sample}"
    return (
        f"n = {result.n:,}. Bars: {level(confidence)} CI from the pooled residual SD; filled where "
        f"it excludes 0.{sample}"
    )
