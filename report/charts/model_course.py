"""The mean course of the mixed model with its band, and the observed means beside it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from analysis.hinge_course import CourseByMonth, HingeCourse
from analysis.hinge_values import ModelCourse
from data.endpoints import Endpoint
from data.trial import FloatArray
from report.charts.parts import (
    day0_rule,
    month_range,
    month_text,
    month_ticks,
    value_words,
)
from report.charts.points import draw_marks, marker
from report.charts.rows import headed
from report.look import Look
from report.numbers import count, level, plain

HEIGHT: Final = 320
_MARGIN: Final = {"l": 64, "r": 24, "t": 34, "b": 54}


def model_course_figure(endpoint: Endpoint, course: HingeCourse, look: Look) -> go.Figure:
    """Draw the mean course before and after day 0, the run-in continued, and the observed means.

    Parameters
    ----------
    endpoint
        What is measured; nothing is drawn outside its scale.
    course
        Course of a model that could be estimated.
    look
        Colours.
    """
    fig = headed(
        look,
        HEIGHT,
        _MARGIN,
        f"<b>{endpoint.label}</b>, mean {value_words(endpoint)}, by the mixed model",
        f"Lines and bands: mean course of the model, {level(course.after.level)} CI at each month; "
        "dotted: the course before, continued; ○ mean of the visits of a month.",
    )
    low, high = _axes(fig, look, endpoint, course)
    _band(fig, course.before, look.before_band)
    _band(fig, course.after, look.after_band)
    dotted = {"color": look.before, "width": 2, "dash": "2px,4px"}
    _line(fig, (course.after.month, course.continued), dotted, _continued_hovers(endpoint, course))
    for side, colour in ((course.before, look.before), (course.after, look.after)):
        line = {"color": colour, "width": 2.5}
        _line(fig, (side.month, side.mean), line, _hovers(endpoint, side))
    seen = course.by_month
    for chosen, colour in (
        (seen.month <= 0, look.before),
        (seen.month > 0, look.after),
    ):
        at = np.flatnonzero(chosen & np.isfinite(seen.observed))
        texts = [["", _seen_hover(endpoint, seen, int(k))] for k in at]
        place = (seen.month[at], seen.observed[at])
        draw_marks(fig, place, marker("circle", colour, look.bg, 7), texts)
    day0_rule(fig, look, [("y", low, high)])
    return fig


def model_course_alt(endpoint: Endpoint, course: HingeCourse) -> str:
    """Return what the figure shows, for those who cannot see it."""
    first, last = course.before, course.after
    where = (
        (first, 0, f"at month {month_text(round(float(first.month[0]), 1))}"),
        (last, 0, "at day 0"),
        (last, -1, f"at month {month_text(round(float(last.month[-1]), 1))}"),
    )
    points = [
        f"{_text(endpoint, side.mean[k])} {at} ({level(side.level)} CI "
        f"{_text(endpoint, side.low[k])} to {_text(endpoint, side.high[k])})"
        for side, k, at in where
    ]
    return (
        f"{endpoint.label}, mean course by the mixed model in {endpoint.unit}: "
        f"{', '.join(points)}. The course before, continued, would be at "
        f"{_text(endpoint, course.continued[-1])} then. {count(course.n_patients, 'patient')}, "
        f"{count(course.n_rows, 'visit')}."
    )


def _axes(
    fig: go.Figure, look: Look, endpoint: Endpoint, course: HingeCourse
) -> tuple[float, float]:
    seen = course.by_month
    ends = (course.before.month[0], course.after.month[-1])
    left, right = month_range(np.asarray([*ends, *seen.month[np.isfinite(seen.observed)]]))
    shown = np.concatenate((course.before.high, course.after.high, course.continued, seen.observed))
    top = max(endpoint.axis[1], float(np.nanmax(shown)))
    low, high = endpoint.axis[0] - 0.015 * top, 1.015 * top
    ticks = month_ticks(left, right)
    fig.update_layout(
        xaxis={
            "range": (left, right),
            "tickvals": ticks,
            "ticktext": [month_text(float(t) + 0.0) for t in ticks],
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "title": {
                "text": "months from the transplant",
                "standoff": 6,
                "font": {"size": 13, "color": look.ink2},
            },
        },
        yaxis={
            "range": (low, high),
            "tickvals": list(endpoint.ticks),
            "ticktext": [f"{t:g}" for t in endpoint.ticks],
            "showgrid": True,
            "zeroline": False,
        },
    )
    return low, high


def _band(fig: go.Figure, course: ModelCourse, colour: str) -> None:
    fig.add_scatter(
        x=np.concatenate((course.month, course.month[::-1])),
        y=np.concatenate((course.high, course.low[::-1])),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=colour,
        hoverinfo="skip",
    )


def _line(
    fig: go.Figure, place: tuple[FloatArray, FloatArray], line: dict[str, Any], texts: list[str]
) -> None:
    fig.add_scatter(
        x=place[0],
        y=place[1],
        mode="lines",
        line=line,
        customdata=[["", text] for text in texts],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _text(endpoint: Endpoint, value: float) -> str:
    return plain(float(value), max(1, endpoint.decimals))


def _month(month: float) -> str:
    return f"month {month_text(round(month, 1) + 0.0)}"


def _hovers(endpoint: Endpoint, course: ModelCourse) -> list[str]:
    return [
        f"{_month(m)} · model {_text(endpoint, mean)} {endpoint.unit}<br>"
        f"{level(course.level)} CI {_text(endpoint, low)} to {_text(endpoint, high)}"
        for m, mean, low, high in np.column_stack(
            (course.month, course.mean, course.low, course.high)
        ).tolist()
    ]


def _continued_hovers(endpoint: Endpoint, course: HingeCourse) -> list[str]:
    places = zip(course.after.month.tolist(), course.continued.tolist(), strict=True)
    return [
        f"{_month(m)} · the course before, continued: {_text(endpoint, value)} {endpoint.unit}"
        for m, value in places
    ]


def _seen_hover(endpoint: Endpoint, seen: CourseByMonth, k: int) -> str:
    return (
        f"{_month(float(seen.month[k]))} · mean of the visits "
        f"{_text(endpoint, seen.observed[k])} {endpoint.unit}<br>"
        f"{count(int(seen.n[k]), 'patient')}"
    )
