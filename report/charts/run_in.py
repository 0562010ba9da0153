"""Run-in slopes as they were seen, and as regression to the mean lets expect them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.natural_shrinkage import ShrunkenSlopes
from analysis.paired_tests import summarise
from analysis.results import Summary
from analysis.untreated.regression import RegressionReport
from data.trial import FloatArray, IntArray
from report.charts.parts import SAMPLE_LINES, Names, empty, nice_ticks, tick_texts
from report.charts.points import marker
from report.charts.rows import chosen_evenly, headed
from report.look import Look, annotation, escape
from report.numbers import mean_sd, signed

_EMPTY: Final = 220
_HEIGHT: Final = 420
_HEADS: Final = ("as seen", "drawn to<br>these patients", "given the<br>natural history")


@dataclass(frozen=True, slots=True)
class RunInValues:
    """Slopes before in the unit of the comparison, ready to be drawn.

    Parameters
    ----------
    each
        Seen, shrunken and expected slope of each compared patient, patients × 3; NaN where one is
        not known.
    columns
        Mean and SD of each of the three; of nobody where it is not known.
    """

    each: FloatArray
    columns: tuple[Summary, ...]


def run_in_values(
    result: EndpointComparison, shrunken: ShrunkenSlopes, report: RegressionReport
) -> RunInValues:
    """Return seen, shrunken and expected slope of each compared patient.

    Parameters
    ----------
    result
        The comparison of the endpoint; its unit is that of the result.
    shrunken
        The slopes drawn to the mean of these patients.
    report
        Regression to the mean, with the slopes to expect under the natural history.
    """
    expected = report.slopes.expected * result.rate.months_before
    columns = (shrunken.before, shrunken.shrunken, expected)
    known = [column[np.isfinite(column)] for column in columns]
    return RunInValues(
        np.stack(columns, axis=1), tuple(summarise(values, 0.95) for values in known)
    )


def run_in_figure(
    result: EndpointComparison,
    found: RunInValues,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw each patient's slope before as seen and as drawn together, joined by a line.

    Parameters
    ----------
    result
        The comparison of the endpoint.
    found
        Of :func:`run_in_values`.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    """
    patient, values = np.flatnonzero(result.paired), found.each
    label = result.endpoint.label
    columns = [k for k in range(3) if found.columns[k].n]
    if len(patient) == 0 or len(columns) < 2:
        return empty(look, _EMPTY, f"{label}: no slopes before that could be drawn together.")
    shown = _sample(values[:, 0], patient, selected)
    fig = headed(
        look,
        _HEIGHT,
        {"l": 60, "r": 24, "t": 30, "b": 56},
        f"<b>{label}</b>, slope before, {result.unit}",
        _subtitle(len(patient), len(shown)),
        width=62,
    )
    _lines(fig, look, values[shown], columns, patient[shown] == selected)
    for k in columns:
        seen = k == 0
        fig.add_scatter(
            x=np.full(len(shown), k),
            y=values[shown, k],
            mode="markers",
            marker=marker(
                result.endpoint.marker,
                look.before if seen else look.untreated_text,
                look.bg if seen else look.untreated_fill,
                8,
            ),
            customdata=[_custom(names, patient[i], values[i], result.unit) for i in shown],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
        words = f"{_HEADS[k]}<br><b>{signed(found.columns[k].mean)}</b>"
        place = {"xref": "x", "xanchor": "center", "yanchor": "top", "align": "center"}
        fig.add_annotation(annotation(words, k, 0, look, yshift=-4, font={"size": 12.5}, **place))
    _axes(fig, look, values[shown][:, columns], columns)
    return fig


def run_in_alt(result: EndpointComparison, found: RunInValues) -> str:
    """Return what the figure shows, for those who cannot see it."""
    parts = [
        f"{head.replace('<br>', ' ')} {mean_sd(column)}"
        for head, column in zip(_HEADS, found.columns, strict=True)
        if column.n
    ]
    return (
        f"{result.endpoint.label}, n = {len(found.each)}: slope before in {result.unit}, mean ± "
        f"SD: {', '.join(parts) or 'not known'}."
    )


def run_in_numbers(result: EndpointComparison, found: RunInValues, names: Names) -> pd.DataFrame:
    """Return the numbers of the figure, one row a patient."""
    who = [names[i] for i in np.flatnonzero(result.paired)]
    columns = ("seen", "drawn_to_these_patients", "given_natural_history")
    table = pd.DataFrame(found.each, columns=list(columns))
    table.insert(0, "patient", who)
    table["unit"] = result.unit
    return table


def _sample(seen: FloatArray, patient: IntArray, selected: int | None) -> IntArray:
    """Return which patients are drawn: all, or an even part of the sorted ones and the chosen."""
    order = np.argsort(seen, kind="stable")
    some = order[chosen_evenly(len(order), SAMPLE_LINES)]
    return np.union1d(some, np.flatnonzero(patient == selected))


def _lines(
    fig: go.Figure, look: Look, values: FloatArray, columns: Sequence[int], chosen: FloatArray
) -> None:
    for wanted, colour, width in ((False, look.dim, 1.2), (True, look.ink, 2.0)):
        x: list[float | None] = []
        y: list[float | None] = []
        for line in values[chosen == wanted]:
            x += [*columns, None]
            y += [*line[list(columns)].tolist(), None]
        if x:
            fig.add_scatter(
                x=x, y=y, mode="lines", line={"color": colour, "width": width}, hoverinfo="skip"
            )


def _axes(fig: go.Figure, look: Look, values: FloatArray, columns: Sequence[int]) -> None:
    known = values[np.isfinite(values)]
    low, high = float(known.min()), max(0.0, float(known.max()))
    room = 0.05 * (high - low) or 1.0
    ticks = nice_ticks(low - room, high + room, 5)
    fig.update_xaxes(
        range=[min(columns) - 0.4, max(columns) + 0.4], showticklabels=False, fixedrange=True
    )
    fig.update_yaxes(
        range=[low - room, high + room],
        tickvals=ticks,
        ticktext=tick_texts(ticks),
        showgrid=True,
        zeroline=True,
        zerolinecolor=look.ink,
        zerolinewidth=1.2,
    )


def _custom(names: Names, patient: int, values: FloatArray, unit: str) -> list[str]:
    seen, drawn, expected = (signed(float(value)) for value in values)
    parts = [f"drawn to these patients {drawn}"] if math.isfinite(values[1]) else []
    parts += [f"given the natural history {expected}"] if math.isfinite(values[2]) else []
    return [
        str(patient),
        f"{escape(names[patient])} · before as seen {seen} {unit}<br>{', '.join(parts)}",
    ]


def _subtitle(n: int, drawn: int) -> str:
    sample = f" {drawn} of {n:,} patients drawn, evenly." if drawn < n else ""
    return f"n = {n:,}. One line a patient; below each column its mean.{sample}"
