"""Checks of the changes as pictures: their shape, and how they hang together with the slopes."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.diagnostics import BeforeAndChange, NormalPlot
from data.trial import BoolArray, FloatArray, IntArray
from report.charts.parts import Names, empty, nice_ticks, tick_texts
from report.charts.points import (
    HEIGHT,
    MARGIN,
    MOST_POINTS,
    draw_marks,
    draw_ring,
    name_marks,
)
from report.charts.rows import chosen_evenly, headed
from report.look import Look, escape
from report.numbers import count, level, p_value, signed
from report.words import nobody_sentence

_EMPTY: Final = 220


def qq_figure(
    result: EndpointComparison,
    plot: NormalPlot,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw the changes against normal quantiles, with the line and band of a normal sample.

    Parameters
    ----------
    result, plot
        Comparison of one endpoint, and its normal plot.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    """
    n = len(plot.change)
    if not math.isfinite(plot.sd) or n < 3:
        why = plot.reason or "there is nothing to draw"
        return empty(look, _EMPTY, f"{result.endpoint.label}: no normal plot, {why}.")
    fig = headed(
        look,
        HEIGHT,
        MARGIN,
        f"<b>{result.endpoint.label}</b>, change of slope, {result.unit}",
        _qq_subtitle(plot),
    )
    z = plot.quantile
    line = plot.mean + plot.sd * z
    if np.isfinite(plot.low).all():
        _band(fig, look, z, plot.low, plot.high)
    fig.add_scatter(
        x=[z[0], z[-1]],
        y=[line[0], line[-1]],
        mode="lines",
        line={"color": look.before, "width": 1.6},
        hoverinfo="skip",
    )
    show = chosen_evenly(n, MOST_POINTS)
    hover = [
        f"{escape(names[i])} · change {signed(float(d))} {result.unit}<br>"
        f"normal quantile {signed(float(q))} · click: open patient"
        for i, d, q in zip(plot.patient[show], plot.change[show], z[show], strict=True)
    ]
    marks = (z[show], plot.change[show], plot.patient[show], plot.outside[show])
    _points(fig, look, result.endpoint.marker, *marks, hover=hover, selected=selected)
    marked = (z, plot.change, plot.patient)
    name_marks(fig, look, names, plot.outside, marked)
    if selected is not None:
        chosen = (plot.patient == selected) & ~plot.outside
        name_marks(fig, look, names, chosen, marked, colour=look.ink)
    _square_axes(
        fig,
        (z, np.concatenate((plot.change, plot.low, plot.high, line))),
        "normal quantile",
        look,
    )
    return fig


def qq_alt(result: EndpointComparison, plot: NormalPlot) -> str:
    """Return what the figure shows, for those who cannot see it."""
    outside = int(plot.outside.sum())
    return (
        f"{result.endpoint.label}: normal quantile plot of {count(len(plot.change), 'change')}. "
        f"{outside} outside the band. {_shapiro(plot)}."
    )


def before_change_figure(
    result: EndpointComparison,
    found: BeforeAndChange,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw the change against the mean of both slopes, the axes that are free of coupling.

    Parameters
    ----------
    result, found
        Comparison of one endpoint, and its correlations.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    """
    if result.n == 0:
        return empty(look, _EMPTY, nobody_sentence(result))
    paired = np.flatnonzero(result.paired)
    before, after = result.before[paired], result.after[paired]
    mean, change = (before + after) / 2, result.change[paired]
    fig = headed(
        look,
        HEIGHT,
        MARGIN,
        f"<b>{result.endpoint.label}</b>, change of slope, {result.unit}",
        _coupling_subtitle(found),
    )
    show = chosen_evenly(len(paired), MOST_POINTS)
    hover = [
        f"{escape(names[i])} · change {signed(float(result.change[i]))} {result.unit}<br>"
        f"before {signed(float(result.before[i]))}, after {signed(float(result.after[i]))} · "
        "click: open patient"
        for i in paired[show]
    ]
    nobody = np.zeros(len(show), dtype=np.bool_)
    marks = (mean[show], change[show], paired[show], nobody)
    _points(fig, look, result.endpoint.marker, *marks, hover=hover, selected=selected)
    title = f"mean of the slopes before and after, {result.unit}"
    _square_axes(fig, (mean, np.append(change, 0.0)), title, look)
    fig.update_yaxes(zeroline=True, zerolinecolor=look.ink, zerolinewidth=1.4)
    if selected is not None and result.paired[selected]:
        chosen = paired == selected
        name_marks(fig, look, names, chosen, (mean, change, paired), colour=look.ink)
    return fig


def before_change_alt(result: EndpointComparison, found: BeforeAndChange) -> str:
    """Return what the figure shows, for those who cannot see it."""
    return f"{result.endpoint.label}: change of slope against the mean of both slopes. " + (
        _coupling_subtitle(found)
    )


# ---- words ---------------------------------------------------------------------------------------


def _qq_subtitle(plot: NormalPlot) -> str:
    band = (
        f" Band: {level(plot.level)} of normal samples lie inside everywhere."
        if np.isfinite(plot.low).all()
        else f" {plot.reason[:1].upper()}{plot.reason[1:]}."
    )
    return f"n = {len(plot.change):,}. {_shapiro(plot)}.{band}"


def _shapiro(plot: NormalPlot) -> str:
    if not math.isfinite(plot.w):
        return "Shapiro–Wilk not computed"
    return f"Shapiro–Wilk W = {plot.w:.3f}, {p_value(plot.p)}"


def _coupling_subtitle(found: BeforeAndChange) -> str:
    if not math.isfinite(found.oldham):
        why = found.reason or "too few patients"
        return f"n = {found.n:,}. No correlation: {why}."
    coupled = ""
    if math.isfinite(found.coupled):
        r = signed(found.coupled)
        coupled = f" With the slope before itself r = {r}, pulled below 0 by construction."
    return (
        f"n = {found.n:,}. Oldham r = {signed(found.oldham)}; equal spread before and after "
        f"(Pitman–Morgan): {p_value(found.p)}.{coupled}"
    )


# ---- marks ---------------------------------------------------------------------------------------


def _points(
    fig: go.Figure,
    look: Look,
    symbol: str,
    x: FloatArray,
    y: FloatArray,
    patient: IntArray,
    amber: BoolArray,
    **more: Any,
) -> None:
    """Draw one mark a patient; ``more`` holds the ``hover`` texts and who is ``selected``."""
    colours = np.where(amber, look.amber, look.ink3).tolist()
    size = 8 if len(x) <= 300 else 4
    hover = more["hover"]
    data = [[str(i), text] for i, text in zip(patient, hover, strict=True)]
    draw_marks(fig, (x, y), {"symbol": symbol, "size": size, "color": colours}, data)
    if more["selected"] is not None:
        draw_ring(fig, look, x, y, patient == more["selected"])


def _band(fig: go.Figure, look: Look, x: FloatArray, low: FloatArray, high: FloatArray) -> None:
    fig.add_scatter(
        x=np.concatenate((x, x[::-1])),
        y=np.concatenate((high, low[::-1])),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=look.before_band,
        hoverinfo="skip",
    )


def _square_axes(
    fig: go.Figure, values: tuple[FloatArray, FloatArray], title: str, look: Look
) -> None:
    ranges = []
    for column in values:
        known = column[np.isfinite(column)]
        low, high = float(known.min()), float(known.max())
        room = 0.07 * (high - low) or 1.0
        ranges.append((low - room, high + room))
    x, y = (nice_ticks(*ends, 6) for ends in ranges)
    fig.update_layout(
        xaxis={
            "range": ranges[0],
            "tickvals": x,
            "ticktext": tick_texts(x),
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "title": {"text": title, "standoff": 6, "font": {"size": 13, "color": look.ink2}},
        },
        yaxis={"range": ranges[1], "tickvals": y, "ticktext": tick_texts(y), "showgrid": True},
    )
