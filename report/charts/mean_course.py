"""The mean of a cohort month by month, with its interval and the number of patients behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.change_from_day0 import MeanCourse as Means
from data.endpoints import Endpoint
from data.trial import BoolArray, FloatArray, IntArray
from report.charts.parts import (
    day0_rule,
    empty,
    gaps,
    month_range,
    month_text,
    nice_ticks,
    tick_texts,
    value_words,
)
from report.charts.rows import headed, room_for
from report.look import Look, annotation
from report.numbers import count, level, plain, signed

HEIGHT: Final = 350
FEWEST: Final = 3
"""Patients below which a month has no mean: it would be the course of one or two people."""

_MOST_TICKS: Final = 13


@dataclass(frozen=True, slots=True)
class MeanCourse:
    """Means at some months.

    Parameters
    ----------
    month
        Months from day 0, increasing.
    n
        Patients behind each mean.
    mean, low, high
        Mean and the ends of its interval; NaN where there is none.
    level
        Level of the interval.
    change
        Whether the means are changes from day 0; else they are scores.
    """

    month: FloatArray
    n: IntArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    level: float
    change: bool


def course_of(means: Means, level: float) -> MeanCourse:
    """Return the means of the scores by visit month, ready to be drawn."""
    return MeanCourse(means.month, means.n, means.mean, means.low, means.high, level, change=False)


def mean_course_figure(endpoint: Endpoint, course: MeanCourse, look: Look) -> go.Figure:
    """Draw the mean of each month with its interval, and n under it.

    Parameters
    ----------
    endpoint
        What is measured.
    course
        The means. Months with fewer than 3 patients keep their n and lose their mean.
    look
        Colours.
    """
    drawn = np.isfinite(course.mean) & (course.n >= FEWEST)
    if not drawn.any():
        return empty(
            look, HEIGHT, f"{endpoint.label}: no month has {FEWEST} patients with a value."
        )
    what = "mean change from day 0" if course.change else f"mean {value_words(endpoint)}"
    unit = f", {endpoint.change_unit}" if course.change else ""
    fig = headed(
        look,
        HEIGHT,
        {"l": 64, "r": 24, "t": 34, "b": 84},
        f"<b>{endpoint.label}</b>, {what}{unit}",
        f"◇ before, ◆ after; bars: {level(course.level)} CI. Not the same patients in each month: "
        "n stands under it.",
    )
    _axes(fig, look, endpoint, course, drawn)
    x, y = gaps([course.month, np.where(drawn, course.mean, np.nan)], _breaks(drawn))
    line = {"color": look.dim, "width": 1.2}
    fig.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", connectgaps=False)
    for side, colour, fill in (
        (course.month <= 0, look.before, look.bg),
        (course.month > 0, look.after, look.after),
    ):
        _means(fig, endpoint, course, drawn & side, colour, fill)
    return fig


def mean_course_alt(endpoint: Endpoint, course: MeanCourse) -> str:
    """Return what the figure shows, for those who cannot see it."""
    drawn = np.flatnonzero(np.isfinite(course.mean) & (course.n >= FEWEST))
    if not drawn.size:
        return f"{endpoint.label}: no month has {FEWEST} patients with a value."
    first, last = drawn[0], drawn[-1]
    write = signed if course.change else plain
    return (
        f"{endpoint.label}: mean {'change from day 0' if course.change else 'value'} from "
        f"{write(float(course.mean[first]), 1)} at month {month_text(float(course.month[first]))} "
        f"(n = {course.n[first]}) to {write(float(course.mean[last]), 1)} at month "
        f"{month_text(float(course.month[last]))} (n = {course.n[last]})."
    )


def _breaks(drawn: BoolArray) -> IntArray:
    return np.flatnonzero(np.diff(drawn.astype(np.int64))) + 1


def _means(
    fig: go.Figure,
    endpoint: Endpoint,
    course: MeanCourse,
    chosen: BoolArray,
    colour: str,
    fill: str,
) -> None:
    at = np.flatnonzero(chosen)
    if not at.size:
        return
    x: list[float | None] = []
    y: list[float | None] = []
    for k in at[np.isfinite(course.low[at]) & np.isfinite(course.high[at])]:
        x += [float(course.month[k])] * 2 + [None]
        y += [float(course.low[k]), float(course.high[k]), None]
    fig.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 2}, hoverinfo="skip")
    fig.add_scatter(
        x=course.month[at],
        y=course.mean[at],
        mode="markers",
        marker={
            "symbol": "diamond",
            "size": 11,
            "color": fill,
            "line": {"color": colour, "width": 1.8},
        },
        customdata=[["", _hover(endpoint, course, int(k))] for k in at],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _hover(endpoint: Endpoint, course: MeanCourse, k: int) -> str:
    mean = float(course.mean[k])
    number = signed(mean) if course.change else plain(mean, 1)
    unit = endpoint.change_unit if course.change else endpoint.unit
    ends = ""
    if np.isfinite(course.low[k]):
        low, high = plain(float(course.low[k])), plain(float(course.high[k]))
        ends = f"{level(course.level)} CI {low} to {high} · "
    return (
        f"month {month_text(float(course.month[k]))} · mean {number} {unit}<br>"
        f"{ends}{count(int(course.n[k]), 'patient')}"
    )


def _axes(
    fig: go.Figure, look: Look, endpoint: Endpoint, course: MeanCourse, drawn: BoolArray
) -> None:
    values = np.concatenate((course.mean[drawn], course.low[drawn], course.high[drawn]))
    if course.change:
        ends = room_for(values.tolist())
        ticks = nice_ticks(*ends, 6)
        texts = tick_texts(ticks)
    else:
        top = max(endpoint.axis[1], float(np.nanmax(values)))
        ends = (endpoint.axis[0] - 0.015 * top, 1.015 * top)
        ticks = np.asarray(endpoint.ticks, dtype=np.float64)
        texts = [f"{t:g}" for t in ticks]
    every = -(-len(course.month) // _MOST_TICKS)
    # Day 0 keeps its tick where months are left out.
    first = int(np.argmin(np.abs(course.month))) % every
    at = slice(first, None, every)
    labels = [
        f'{month_text(float(m) + 0.0)}<br><span style="color:{look.ink3}">{n}</span>'
        for m, n in zip(course.month[at], course.n[at], strict=True)
    ]
    low, high = month_range(course.month)
    title = {
        "text": "months from the transplant",
        "standoff": 4,
        "font": {"size": 13, "color": look.ink2},
    }
    fig.update_layout(
        xaxis={
            "range": (low, high),
            "tickvals": course.month[at],
            "ticktext": labels,
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "title": title,
        },
        yaxis={
            "range": ends,
            "tickvals": ticks,
            "ticktext": texts,
            "showgrid": True,
            "zeroline": course.change,
            "zerolinecolor": look.ink,
            "zerolinewidth": 1.2,
        },
    )
    day0_rule(fig, look, [("y", *ends)])
    fig.add_annotation(
        annotation("n", 0, 0, look, xanchor="right", yanchor="top", xshift=-10, yshift=-24)
    )
