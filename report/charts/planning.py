"""A planned trial: shares of simulated trials by number of patients, and by visits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from analysis.untreated.plan_visits import VisitDesign
from analysis.untreated.planning import Planning, PlanPoint
from report.charts.parts import empty, nice_ticks
from report.charts.rows import headed
from report.look import Look, annotation, spread
from report.numbers import count, plain

HEIGHT: Final = 350
_EMPTY: Final = 220
_MARGIN: Final = {"l": 56, "r": 150, "t": 10, "b": 52}
_PLOT: Final = HEIGHT - _MARGIN["t"] - _MARGIN["b"]
_LABEL: Final = 18
_EXPECTED: Final = 2.5
_LOWEST, _HIGHEST = 6.0, 96.0
"""Where on the axis of per cent the lowest and the highest label may stand."""

_DASH: Final = "2px,3px"


def curves_figure(found: Planning, look: Look) -> go.Figure:
    """Draw the shares of trials that succeed, with and without an effect, by patients.

    Parameters
    ----------
    found
        The simulated plan.
    look
        Colours.
    """
    if found.reason:
        return empty(look, _EMPTY, f"Nothing can be shown: {found.reason}.")
    fig = headed(
        look,
        HEIGHT,
        _MARGIN,
        f"<b>{found.plan.measured.label}</b>, of 100 simulated trials",
        f"● the planned {found.plan.n} patients. Dotted lines: the {_EXPECTED:g} of 100 that a "
        "test at 0.05 lets expect in favour by chance, and 80. Stands out: a mean change that 2.5 "
        "of 100 untreated trials exceed.",
    )
    points = found.points
    lines = _lines(found, look)
    _axes(fig, look, points, (0.0, 100.0), nice_ticks(0, 100, 5))
    for at in (_EXPECTED, 80.0):
        _reference(fig, look, at)
    _plan_rule(fig, look, found.plan.n, 100.0)
    for k, line in enumerate(lines):
        _line(fig, points, line.shares, line.colour, line.width, [_hover(p, k) for p in points])
        _planned_mark(fig, found, points, line.shares, line.colour)
    places = spread([line.shares[-1] for line in lines], 104 * (2 * _LABEL + 4) / _PLOT)
    # Together, so that labels at an end of the axis keep their distance.
    shift = min(0.0, _HIGHEST - max(places)) + max(0.0, _LOWEST - min(places))
    for place, line in zip(places, lines, strict=True):
        _end_label(fig, look, line.words, place + shift, line.text)
    return fig


@dataclass(frozen=True, slots=True)
class _Curve:
    """One line of the first figure; shares in per cent."""

    shares: list[float]
    colour: str
    text: str
    width: float
    words: str


def _lines(found: Planning, look: Look) -> tuple[_Curve, _Curve, _Curve]:
    points, less = found.points, f"{100 * found.plan.reduction:g} % less steep"
    return (
        _Curve(
            [100 * one.calibrated.share for one in points],
            look.after,
            look.after,
            3.2,
            f"<b>stands out,<br>{less}</b>",
        ),
        _Curve(
            [100 * one.power.share for one in points],
            look.ink2,
            look.ink2,
            2.0,
            f"P &lt; 0.05,<br>{less}",
        ),
        _Curve(
            [100 * one.false_success.share for one in points],
            look.untreated,
            look.untreated_text,
            2.5,
            "P &lt; 0.05,<br>no effect",
        ),
    )


def curves_alt(found: Planning) -> str:
    """Return what the figure shows, for those who cannot see it."""
    if found.reason:
        return f"No figure of the plan: {found.reason}."
    first, last, planned = found.points[0], found.points[-1], found.planned
    middle = "" if planned is None or planned in (first, last) else f"; {_three(planned)}"
    return (
        f"{found.plan.measured.label}: shares of simulated trials by number of patients. "
        f"{_three(first)}{middle}; {_three(last)}."
    )


def _three(one: PlanPoint) -> str:
    return (
        f"{count(one.n, 'patient')}: P < 0.05 in favour in {_percent(one.power.share)} with the "
        f"less steep decline and in {_percent(one.false_success.share)} without any effect, "
        f"{_percent(one.calibrated.share)} stand out from untreated trials"
    )


def visits_figure(found: Planning, designs: Sequence[VisitDesign], look: Look) -> go.Figure:
    """Draw the smallest change that stands out, by patients and visits.

    Parameters
    ----------
    found
        The simulated plan.
    designs
        The plan with other visits, and as it is.
    look
        Colours.
    """
    drawn = [one for one in designs if not one.reason and _known(one)]
    planned = found.planned
    if found.reason or not drawn or planned is None:
        return empty(look, _EMPTY, f"Nothing can be shown: {found.reason or 'too few people'}.")
    unit = f"{found.plan.measured.change_unit}/month"
    fig = headed(
        look,
        HEIGHT,
        _MARGIN,
        f"<b>{found.plan.measured.label}</b>, smallest change that stands out, {unit}",
        "One line for each number of visits. Dotted: the smallest change of the plan; where it "
        "meets a line, so many patients find the same.",
    )
    top = 1.05 * max(one.smallest.value for design in drawn for one in _known(design))
    _axes(fig, look, found.points, (0.0, top), nice_ticks(0, top, 5))
    if math.isfinite(planned.smallest.value):
        _reference(fig, look, planned.smallest.value)
    _plan_rule(fig, look, found.plan.n, top)
    for design in drawn:
        colour = look.after if design.planned else look.before
        known = _known(design)
        values = [one.smallest.value for one in known]
        hovers = [_visit_hover(design, one, unit) for one in known]
        _line(fig, known, values, colour, 3.2 if design.planned else 1.6, hovers)
        if design.planned:
            _planned_mark(fig, found, known, values, colour)
    places = spread(
        [_known(design)[-1].smallest.value for design in drawn], 1.04 * top * _LABEL / _PLOT
    )
    for place, design in zip(places, drawn, strict=True):
        words = f"{visits_name(design)}{' (plan)' if design.planned else ''}"
        shown = f"<b>{words}</b>" if design.planned else words
        _end_label(fig, look, shown, place, look.after if design.planned else look.before_text)
    return fig


def visits_alt(found: Planning, designs: Sequence[VisitDesign]) -> str:
    """Return what the figure shows, for those who cannot see it."""
    unit = f"{found.plan.measured.change_unit}/month"
    texts = [
        f"{visits_name(design)}: {plain(one.smallest.value)} ± {plain(one.smallest.error)}"
        for design in designs
        if (one := design.at(found.plan.n)) is not None and math.isfinite(one.smallest.value)
    ]
    if not texts:
        return "No figure of visits and patients: too few people were simulated."
    return (
        f"{found.plan.measured.label}: smallest change that stands out in 80 of 100 trials of "
        f"{count(found.plan.n, 'patient')}, {unit}, with {'; '.join(texts)}."
    )


def visits_name(design: VisitDesign) -> str:
    """Return how many visits a design has, such as "4 + 6 visits"."""
    if design.before == design.after:
        return f"{design.before} visits a side"
    return f"{design.before} + {count(design.after, 'visit')}"


def _known(design: VisitDesign) -> list[PlanPoint]:
    return [one for one in design.points if math.isfinite(one.smallest.value)]


def _percent(share: float) -> str:
    return f"{plain(100 * share, 1)} %"


def _axes(
    fig: go.Figure,
    look: Look,
    points: Sequence[PlanPoint],
    extent: tuple[float, float],
    ticks: Any,
) -> None:
    most = max(one.n for one in points)
    font = {"size": 13, "color": look.ink2}
    room = 0.02 * (extent[1] - extent[0])
    fig.update_layout(
        xaxis={
            "range": [0, most * 1.01],
            "tickvals": nice_ticks(0, most, 6),
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "title": {"text": "patients who start", "standoff": 6, "font": font},
        },
        yaxis={
            "range": [extent[0] - room, extent[1] + room],
            "tickvals": ticks,
            "showgrid": True,
        },
    )


def _reference(fig: go.Figure, look: Look, at: float) -> None:
    line = {"color": look.ink3, "width": 1, "dash": _DASH}
    fig.add_shape(
        type="line", xref="paper", x0=0, x1=1, yref="y", y0=at, y1=at, line=line, layer="below"
    )


def _plan_rule(fig: go.Figure, look: Look, n: int, top: float) -> None:
    line = {"color": look.axis, "width": 1}
    fig.add_shape(
        type="line", xref="x", x0=n, x1=n, yref="y", y0=0, y1=top, line=line, layer="below"
    )


def _line(
    fig: go.Figure,
    points: Sequence[PlanPoint],
    values: Sequence[float],
    colour: str,
    width: float,
    hovers: Sequence[str],
) -> None:
    fig.add_scatter(
        x=[one.n for one in points],
        y=list(values),
        mode="lines",
        line={"color": colour, "width": width},
        customdata=[["", text] for text in hovers],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _planned_mark(
    fig: go.Figure,
    found: Planning,
    points: Sequence[PlanPoint],
    values: Sequence[float],
    colour: str,
) -> None:
    at = [k for k, one in enumerate(points) if one.n == found.plan.n]
    fig.add_scatter(
        x=[points[k].n for k in at],
        y=np.asarray(values)[at],
        mode="markers",
        marker={"symbol": "circle", "size": 9, "color": colour},
        hoverinfo="skip",
    )


def _end_label(fig: go.Figure, look: Look, text: str, at: float, colour: str) -> None:
    font = {"size": 13, "color": colour}
    fig.add_annotation(
        annotation(text, 1, at, look, yref="y", yanchor="middle", xshift=8, font=font)
    )


def _hover(one: PlanPoint, line: int) -> str:
    share, error, words = (
        (one.calibrated, one.calibrated_error, "stand out from untreated trials"),
        (one.power, one.power.error, "reach P < 0.05 with the less steep decline"),
        (one.false_success, one.false_success.error, "reach P < 0.05 without any effect"),
    )[line]
    return (
        f"{count(one.n, 'patient')} · {_percent(share.share)} {words}<br>"
        f"Monte Carlo SE {plain(100 * error, 1)} · {count(share.trials, 'simulated trial')}"
    )


def _visit_hover(design: VisitDesign, one: PlanPoint, unit: str) -> str:
    return (
        f"{count(one.n, 'patient')} · {visits_name(design)} · {plain(one.smallest.value)} {unit}"
        f"<br>Monte Carlo SE {plain(one.smallest.error)} · "
        f"{count(one.calibrated.trials, 'simulated trial')}"
    )
