"""Survival from the transplant with numbers at risk, and the function of who is still there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.survival import Curve, Survival
from analysis.survivor_function import FunctionCourse
from data.trial import FloatArray
from report.charts.parts import (
    Names,
    empty,
    figure,
    month_range,
    month_text,
    month_ticks,
)
from report.look import Look, annotation, escape, spread
from report.numbers import count, level, plain

_TOP: Final = 64
_CURVES: Final = 230
_COURSE: Final = 150
_GAP: Final = 42
_BELOW: Final = 44
_TIME: Final = 22
_RISK_ROW: Final = 17
_RIGHT: Final = 150
_LEFT: Final = 66
_HEIGHT_EMPTY: Final = 220
_RUN_IN_SHARE: Final = 0.5
_MOST_MARKS: Final = 2_000
_LABEL: Final = 18


def survival_figure(
    found: Survival, courses: Sequence[FunctionCourse], names: Names, look: Look
) -> go.Figure:
    """Draw the Kaplan–Meier curves and, below on the same months, the median course of function.

    Parameters
    ----------
    found
        The curves; at least one with an event is needed for a figure.
    courses
        Median courses of endpoints over the same patients.
    names
        What each patient is called in the figure.
    look
        Colours.
    """
    curves = [curve for curve in found.curves if curve.n]
    if not curves:
        return empty(look, _HEIGHT_EMPTY, "No patient is followed from a day 0.")
    courses = [course for course in courses if np.isfinite(course.middle.median).any()]
    months = _months(curves, courses)
    rows = len(curves)
    risk = _BELOW + _RISK_ROW * (rows - 1)
    height = _TOP + _CURVES + risk + len(courses) * (_GAP + _COURSE + _BELOW) + _TIME
    bottom = (_BELOW if courses else risk) + _TIME
    fig = figure(look, height, {"l": _LEFT, "r": _RIGHT, "t": _TOP, "b": bottom})
    plot = height - _TOP - bottom
    ticks = month_ticks(*months, courses[0].step if courses else 2.0)
    _time_axis(fig, look, "xaxis", "y", months, ticks, _risk_texts(curves, ticks, look, found))
    tops = [(1.0, 1 - _CURVES / plot)]
    for _ in courses:
        upper = tops[-1][1] - (_GAP + risk if len(tops) == 1 else _GAP + _BELOW) / plot
        tops.append((upper, upper - _COURSE / plot))
    fig.update_layout(
        yaxis={
            "domain": [tops[0][1], 1],
            "range": [-2, 102],
            "tickvals": [0, 25, 50, 75, 100],
            "showgrid": True,
            "fixedrange": True,
        }
    )
    _curves(fig, look, curves, names, grouped=bool(found.by))
    band = f", with {level(found.level)} CI (log–log)" if rows <= 2 else ""
    _title(fig, look, f"<b>Alive without tracheostomy</b>, %{band}", 1)
    _row_name(fig, look, tops[0][1], "at risk")
    panels = [("y", -2.0, 102.0)]
    for at, (course, (upper, lower)) in enumerate(zip(courses, tops[1:], strict=True), start=2):
        panels.append(_course(fig, look, course, at, (max(lower, 0.0), upper), (months, ticks)))
    _day0(fig, look, panels)
    last = {"text": "months from the transplant", "standoff": 6}
    font = {"size": 13, "color": look.ink2}
    name = f"xaxis{len(panels)}" if courses else "xaxis"
    fig.update_layout({name: {"title": {**last, "font": font}}})
    return fig


def _day0(fig: go.Figure, look: Look, panels: Sequence[tuple[str, float, float]]) -> None:
    """Draw the rule at day 0 in each panel, not through the numbers between them.

    A shape between grid and data must name both axes of one panel, or plotly draws nothing at all.
    """
    line = {"color": look.ink, "width": 1.3}
    for axis, low, high in panels:
        fig.add_shape(
            type="line", xref=axis.replace("y", "x"), x0=0, x1=0, yref=axis, y0=low, y1=high,
            line=line, layer="between",
        )  # fmt: skip
    font = {"size": 13, "color": look.ink}
    place = {"xref": "x", "xanchor": "center", "yshift": 2, "font": font}
    fig.add_annotation(annotation("<b>transplant</b>", 0, 1, look, **place))


def _months(curves: Sequence[Curve], courses: Sequence[FunctionCourse]) -> tuple[float, float]:
    """Return the range of months: follow-up, and as much of the run-in as helps to see it."""
    last = max(float(curve.time.max()) for curve in curves)
    seen = [course.middle.month[np.isfinite(course.middle.median)] for course in courses]
    last = max([last, *(float(month.max()) for month in seen)], default=last)
    first = min((float(month.min()) for month in seen), default=0.0)
    return month_range(np.asarray([max(first, -_RUN_IN_SHARE * max(last, 1.0)), last]))


def _time_axis(
    fig: go.Figure,
    look: Look,
    name: str,
    anchor: str,
    months: tuple[float, float],
    ticks: FloatArray,
    texts: list[str],
) -> None:
    axis = {
        "range": months,
        "tickvals": ticks,
        "ticktext": texts,
        "showline": True,
        "ticks": "outside",
        "ticklen": 5,
        "anchor": anchor,
    }
    if name != "xaxis":
        axis["matches"] = "x"
    fig.update_layout({name: axis})


def _risk_texts(
    curves: Sequence[Curve], ticks: FloatArray, look: Look, found: Survival
) -> list[str]:
    """Return ticks with the numbers at risk below, one line a curve; none before day 0."""
    counts = [curve.at_risk_at(ticks) for curve in curves]
    result = []
    for at, tick in enumerate(ticks):
        lines = [month_text(float(tick) + 0.0)]
        for code, n in enumerate(counts):
            colour = look.group[code] if found.by else look.ink2
            shown = f"{int(n[at]):,}" if tick > -1e-9 else " "
            lines.append(f'<span style="color:{colour}">{shown}</span>')
        result.append("<br>".join(lines))
    return result


def _row_name(fig: go.Figure, look: Look, bottom: float, words: str) -> None:
    """Write what the numbers under an axis are."""
    font = {"size": 12.5, "color": look.ink3}
    place = {"xanchor": "right", "yanchor": "top", "yshift": -23, "xshift": -8}
    fig.add_annotation(annotation(words, 0, bottom, look, font=font, **place))


def _title(fig: go.Figure, look: Look, text: str, at: float) -> None:
    font = {"size": 14, "color": look.ink}
    shift = 24 if at == 1 else 6
    fig.add_annotation(annotation(text, 0, at, look, xshift=8 - _LEFT, yshift=shift, font=font))


def _curves(
    fig: go.Figure, look: Look, curves: Sequence[Curve], names: Names, *, grouped: bool
) -> None:
    colours = [look.group[k] if grouped else look.after for k in range(len(curves))]
    if len(curves) <= 2:
        for curve, colour in zip(curves, colours, strict=True):
            _band(fig, curve, _faint(colour) if grouped else look.after_band)
    for curve, colour in zip(curves, colours, strict=True):
        x = np.concatenate(([0.0], curve.month, [curve.time.max()]))
        y = 100 * np.concatenate(([1.0], curve.survival, curve.survival[-1:]))
        line = {"color": colour, "width": 2.5, "shape": "hv"}
        fig.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")
        if curve.n <= _MOST_MARKS:
            _marks(fig, look, curve, colour, names)
    ends = [100 * float(curve.survival[-1]) for curve in curves]
    gap = 100 * 2 * _LABEL / _CURVES
    for curve, colour, at in zip(curves, colours, spread(ends, gap), strict=True):
        first = escape(_cut(curve.label)) if grouped else "survival"
        text = f"<b>{first}</b><br>n = {curve.n:,}, {count(curve.n_events, 'event')}"
        fig.add_annotation(
            annotation(
                text,
                1,
                min(max(at, 5.0), 95.0),
                look,
                yref="y",
                yanchor="middle",
                xshift=10,
                font={"size": 13, "color": colour},
            )
        )


def _cut(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:15]}…"


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"


def _band(fig: go.Figure, curve: Curve, fill: str) -> None:
    """Tint the pointwise interval, as steps, where it exists."""
    known = np.flatnonzero(np.isfinite(curve.low))
    if not known.size:
        return
    after = known[-1] + 1
    end = curve.month[after] if after < len(curve.month) else curve.time.max()
    x = np.append(curve.month[known], end)
    flat = {"width": 0, "shape": "hv"}
    for ends, filled in ((curve.low, None), (curve.high, "tonexty")):
        y = 100 * np.append(ends[known], ends[known[-1]])
        options = {"fill": filled, "fillcolor": fill} if filled else {}
        fig.add_scatter(x=x, y=y, mode="lines", line=flat, hoverinfo="skip", **options)


def _marks(fig: go.Figure, look: Look, curve: Curve, colour: str, names: Names) -> None:
    """Draw ends of follow-up as ticks on the curve, and events as marks that can be clicked."""
    height = 100 * np.asarray([curve.survival_at(float(t)) for t in curve.time])
    for event in (False, True):
        at = np.flatnonzero(curve.event == event)
        if not at.size:
            continue
        marker = (
            {"symbol": "circle", "size": 7, "color": colour}
            if event
            else {"symbol": "line-ns", "size": 9, "line": {"color": look.ink2, "width": 1.4}}
        )
        fig.add_scatter(
            x=curve.time[at],
            y=height[at],
            mode="markers",
            marker=marker,
            customdata=[[str(curve.patient[k]), _hover(curve, int(k), names)] for k in at],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )


def _hover(curve: Curve, k: int, names: Names) -> str:
    ended = "death" if curve.death[k] else "tracheostomy"
    what = ended if curve.event[k] else "last known alive"
    return (
        f"{escape(names[int(curve.patient[k])])} · {what} at {plain(float(curve.time[k]), 1)} "
        "months<br>click: open patient"
    )


def _course(
    fig: go.Figure,
    look: Look,
    course: FunctionCourse,
    at: int,
    domain: tuple[float, float],
    time: tuple[tuple[float, float], FloatArray],
) -> tuple[str, float, float]:
    """Draw the median of an endpoint with its middle half; return the panel of its axis."""
    months, ticks = time
    middle, endpoint = course.middle, course.endpoint
    seen = dict(zip(np.round(middle.month, 6).tolist(), middle.n.tolist(), strict=True))
    texts = [
        f'{month_text(float(t) + 0.0)}<br><span style="color:{look.ink2}">'
        f"{seen.get(round(float(t), 6), 0)}</span>"
        for t in ticks
    ]
    _time_axis(fig, look, f"xaxis{at}", f"y{at}", months, ticks, texts)
    known = np.isfinite(middle.median)
    top = max(endpoint.axis[1], float(np.nanmax(middle.upper)))
    low, high = -0.02 * top, 1.02 * top
    fig.update_layout(
        {
            f"yaxis{at}": {
                "domain": list(domain),
                "range": [low, high],
                "tickvals": list(endpoint.ticks),
                "showgrid": True,
                "anchor": f"x{at}",
                "fixedrange": True,
            }
        }
    )
    where = {"xaxis": f"x{at}", "yaxis": f"y{at}", "hoverinfo": "skip", "mode": "lines"}
    runs = np.split(np.arange(len(known)), np.flatnonzero(np.diff(known)) + 1)
    for run in runs:
        if not run.size or not known[run[0]]:
            continue
        month = middle.month[run]
        fig.add_scatter(
            x=np.concatenate((month, month[::-1])),
            y=np.concatenate((middle.upper[run], middle.lower[run][::-1])),
            line={"width": 0},
            fill="toself",
            fillcolor=look.middle_band,
            **where,
        )
        for side, colour in ((month <= 0, look.before), (month >= 0, look.after)):
            line = {"color": colour, "width": 3}
            # A month between months with too few people would be no line at all.
            mode = "markers" if len(run) == 1 else "lines"
            mark = {"symbol": endpoint.marker, "size": 8, "color": colour}
            fig.add_scatter(
                x=month[side],
                y=middle.median[run][side],
                line=line,
                marker=mark,
                **(where | {"mode": mode}),
            )
    last = np.flatnonzero(known)[-1]
    place = min(max(float(middle.median[last]), 0.06 * top), 0.94 * top)
    font = {"size": 13, "color": look.after}
    fig.add_annotation(
        annotation(
            f"<b>median</b>, n = {middle.n[last]}",
            float(middle.month[last]),
            place,
            look,
            xref=f"x{at}",
            yref=f"y{at}",
            yanchor="middle",
            xshift=10,
            font=font,
        )
    )
    some = "" if known.all() else f", where {middle.fewest} or more were seen"
    words = f"<b>{endpoint.label}</b>, {endpoint.unit}: median and middle half{some}"
    _title(fig, look, words, domain[1])
    _row_name(fig, look, domain[0], "seen")
    return f"y{at}", low, high
