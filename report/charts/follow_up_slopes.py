"""Slopes after day 0 by the length of follow-up, and who has none."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.dropout_sensitivity import DropoutSensitivity
from data.trial import FloatArray, IntArray
from report.charts.parts import Names, empty, nice_ticks, tick_texts
from report.charts.points import MOST_POINTS
from report.charts.rows import chosen_evenly, headed
from report.dropout_words import association_sentence
from report.look import Look, annotation, escape
from report.numbers import plain, signed

_EMPTY: Final = 220
_HEIGHT: Final = 340
_STRIP: Final = 0.2
"""Share of the height for those without a slope after."""

_NEAR: Final = 0.03
"""Share of the months shown within which two marks would hide each other."""


def follow_up_figure(
    result: EndpointComparison,
    found: DropoutSensitivity,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw each patient’s slope after against the last visit; those without one stand below.

    Parameters
    ----------
    result, found
        Comparison of one endpoint, and its dropouts.
    names, look
        What patients are called in the figure, and colours.
    selected
        Position of the patient to highlight.
    """
    label = result.endpoint.label
    if not len(found.stopped.patient):
        return empty(look, _EMPTY, f"{label}: nobody has a slope before day 0.")
    fig = headed(
        look,
        _HEIGHT + (60 if len(found.missing) else 0),
        {"l": 62, "r": 24, "t": 32, "b": 52},
        f"<b>{label}</b>, slope after by length of follow-up",
        _subtitle(found),
        width=84,
    )
    there = np.flatnonzero(np.isfinite(found.after))
    _axes(fig, look, found, result.unit)
    for places, axis in ((there, "y"), (found.missing, "y2")):
        if len(places):
            shown = _shown(found, places, selected)
            _marks(fig, look, result, found, names, (shown, axis, selected))
    if len(found.missing):
        _name(fig, look, found, names)
    return fig


def follow_up_alt(result: EndpointComparison, found: DropoutSensitivity, names: Names) -> str:
    """Return what the figure shows, for those who cannot see it."""
    stopped = found.stopped
    missing = [
        f"{names[stopped.patient[k]]} (last visit in month {plain(stopped.last_month[k], 1)})"
        for k in found.missing[:10]
    ]
    without = f" Without a slope after: {', '.join(missing)}." if missing else ""
    return f"{result.endpoint.label}: {association_sentence(found.after_by_length)}{without}"


def follow_up_numbers(
    result: EndpointComparison, found: DropoutSensitivity, names: Names
) -> pd.DataFrame:
    """Return the numbers of the figure, one row a patient."""
    stopped = found.stopped
    return pd.DataFrame(
        {
            "patient": [names[i] for i in stopped.patient],
            "last_visit_month": stopped.last_month,
            "slope_before": result.before[stopped.patient],
            "slope_after": found.after,
            "change": found.change,
            "unit": result.unit,
            "end": list(found.end),
        }
    )


def _subtitle(found: DropoutSensitivity) -> str:
    sentence = association_sentence(found.after_by_length).replace("P = ", "P\u00a0=\u00a0")
    drawn = [
        f"{MOST_POINTS:,} of {n:,} {which}"
        for n, which in (
            (int(np.isfinite(found.after).sum()), "slopes"),
            (len(found.missing), "without one"),
        )
        if n > MOST_POINTS
    ]
    return f"{sentence} Drawn: {', '.join(drawn)}." if drawn else sentence


def _shown(found: DropoutSensitivity, places: IntArray, selected: int | None) -> IntArray:
    """Return whom to draw: all, or so many that the figure stays quick, and the selected one."""
    if len(places) <= MOST_POINTS:
        return places
    few = places[chosen_evenly(len(places), MOST_POINTS)]
    return np.union1d(few, places[found.stopped.patient[places] == selected])


def _marks(
    fig: go.Figure,
    look: Look,
    result: EndpointComparison,
    found: DropoutSensitivity,
    names: Names,
    which: tuple[np.ndarray, str, int | None],
) -> None:
    places, axis, selected = which
    stopped = found.stopped
    seen = axis == "y"
    colours = [look.after if stopped.patient[k] == selected else look.ink2 for k in places.tolist()]
    fig.add_scatter(
        x=stopped.last_month[places],
        y=found.after[places]
        if seen
        else _apart(stopped.last_month[places], _NEAR * np.ptp(stopped.last_month)),
        yaxis=axis,
        mode="markers",
        marker={
            "symbol": result.endpoint.marker if seen else "x-thin",
            "size": 9,
            "color": colours if seen else look.amber,
            "line": {"color": colours if seen else look.amber, "width": 1.6},
        },
        customdata=[
            [str(stopped.patient[k]), _hover(result, found, names, k)] for k in places.tolist()
        ],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _apart(months: FloatArray, room: float) -> FloatArray:
    """Return heights on the strip, from −0.8 to 0.8, that keep marks nearer than ``room`` apart."""
    order = np.argsort(months, kind="stable")
    heights = np.zeros(len(months))
    for group in np.split(order, np.flatnonzero(np.diff(months[order]) > room) + 1):
        if len(group) > 1:
            heights[group] = np.linspace(0.8, -0.8, len(group))
    return heights


def _hover(result: EndpointComparison, found: DropoutSensitivity, names: Names, k: int) -> str:
    patient = int(found.stopped.patient[k])
    after = f"slope after {signed(found.after[k])} {result.unit}"
    said = after if np.isfinite(found.after[k]) else "no slope after"
    end = f", {escape(found.end[k])}" if found.end[k] else ""
    return (
        f"{escape(names[patient])} · last visit in month {plain(found.stopped.last_month[k], 1)}"
        f"{end}<br>{said} · click: open patient"
    )


def _axes(fig: go.Figure, look: Look, found: DropoutSensitivity, unit: str) -> None:
    values = np.append(found.after[np.isfinite(found.after)], 0.0)
    months = found.stopped.last_month
    low, high = float(values.min()), float(values.max())
    room = 0.08 * (high - low) or 1.0
    first, last = float(min(0.0, months.min())), float(max(1.0, months.max()))
    ticks, times = nice_ticks(low - room, high + room, 5), nice_ticks(first, last, 6)
    bottom = _STRIP if len(found.missing) else 0.0
    words = {"size": 13, "color": look.ink2}
    fig.update_layout(
        xaxis={
            "range": [first - 0.04 * (last - first), last + 0.04 * (last - first)],
            "tickvals": times,
            "ticktext": [f"{t:g}" for t in times],
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "anchor": "free",
            "position": 0,
            "title": {
                "text": "month of the last visit, from day 0",
                "standoff": 6,
                "font": words,
            },
        },
        yaxis={
            "range": [low - room, high + room],
            "tickvals": ticks,
            "ticktext": tick_texts(ticks),
            "showgrid": True,
            "zeroline": True,
            "zerolinecolor": look.ink,
            "zerolinewidth": 1.2,
            "domain": [bottom, 1.0],
        },
        yaxis2={
            "range": [-1, 1],
            "domain": [0.02, max(0.03, bottom - 0.06)],
            "showticklabels": False,
            "showgrid": False,
            "fixedrange": True,
        },
    )
    font = {"size": 12.5, "color": look.ink3}
    fig.add_annotation(
        annotation(f"slope after, {unit}", 0, 1, look, xshift=-54, yshift=8, font=font)
    )


def _name(fig: go.Figure, look: Look, found: DropoutSensitivity, names: Names) -> None:
    """Write on the strip what it is, and the names of those in it where they are few."""
    stopped = found.stopped
    font = {"size": 12.5, "color": look.amber}
    who = [escape(names[stopped.patient[k]]) for k in found.missing[:6]]
    more = f" and {len(found.missing) - 6} more" if len(found.missing) > 6 else ""
    fig.add_annotation(
        annotation(
            f"no slope after: {', '.join(who)}{more}",
            0,
            _STRIP - 0.06,
            look,
            yshift=2,
            font=font,
        )
    )
