"""The distance of every visit from its own line, over time."""

from __future__ import annotations

from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.diagnostics_visits import FAR, VisitResiduals
from data.trial import DAYS_PER_MONTH, FloatArray
from report.charts.parts import (
    Names,
    day0_rule,
    empty,
    month_range,
    month_text,
    month_ticks,
    nice_ticks,
    tick_texts,
)
from report.charts.points import (
    HEIGHT,
    MARGIN,
    MOST_NAMES,
    MOST_POINTS,
    draw_marks,
    draw_ring,
    marker,
    name_marks,
)
from report.charts.rows import chosen_evenly, headed, room_for
from report.look import Look, escape
from report.numbers import count, plain, signed

_EMPTY: Final = 220


def residuals_figure(
    result: EndpointComparison,
    residuals: VisitResiduals,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw the studentised residual of every visit against its time, and name those far off.

    Parameters
    ----------
    result, residuals
        Comparison of one endpoint, and the residuals of its lines.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    """
    known = np.flatnonzero(np.isfinite(residuals.studentised))
    if not known.size:
        return empty(
            look,
            _EMPTY,
            f"{result.endpoint.label}: no residual to show. Residuals need lines by least squares "
            "with 3 visits or more.",
        )
    far = known[residuals.far[known]]
    show = np.union1d(known[chosen_evenly(len(known), MOST_POINTS)], far)
    fig = headed(
        look,
        HEIGHT + 20,
        MARGIN | {"t": 34},
        f"<b>{result.endpoint.label}</b>, studentised residual of each visit",
        _residual_subtitle(residuals, len(known), len(show)),
    )
    month, value = residuals.month[show], residuals.studentised[show]
    hover = [_visit_hover(result, residuals, int(k), names) for k in show]
    for after, colour, fill in ((False, look.before, look.bg), (True, look.after, look.after)):
        side = (residuals.after[show] == after) & ~residuals.far[show]
        if side.any():
            draw_marks(
                fig,
                (month[side], value[side]),
                marker(result.endpoint.marker, colour, fill, 7 if len(show) <= 800 else 4),
                [[str(residuals.patient[show[k]]), hover[k]] for k in np.flatnonzero(side)],
            )
    far_here = residuals.far[show]
    if far_here.any():
        draw_marks(
            fig,
            (month[far_here], value[far_here]),
            marker(result.endpoint.marker, look.amber, look.amber, 9),
            [[str(residuals.patient[show[k]]), hover[k]] for k in np.flatnonzero(far_here)],
        )
    if selected is not None:
        draw_ring(fig, look, month, value, residuals.patient[show] == selected)
    name_marks(fig, look, names, far_here, (month, value, residuals.patient[show]))
    _residual_axes(fig, look, month, value)
    return fig


def residuals_alt(result: EndpointComparison, residuals: VisitResiduals, names: Names) -> str:
    """Return what the figure shows, for those who cannot see it."""
    days = residuals.month * DAYS_PER_MONTH
    far = [
        f"{names[residuals.patient[k]]} on day {plain(float(days[k]), 0)}"
        for k in np.flatnonzero(residuals.far)
    ]
    named = ", ".join(far[:MOST_NAMES]) + (" and more" if len(far) > MOST_NAMES else "")
    known = int(np.isfinite(residuals.studentised).sum())
    return (
        f"{result.endpoint.label}: studentised residuals of {count(known, 'visit')}; "
        f"{len(far)} beyond ±{FAR:g}{': ' + named if far else ''}."
    )


def _residual_subtitle(residuals: VisitResiduals, known: int, drawn: int) -> str:
    far = int(residuals.far.sum())
    beyond = f"{count(far, 'visit')} beyond ±{FAR:g}" if far else f"none beyond ±{FAR:g}"
    none = len(residuals.studentised) - known
    rest = f"; {none:,} on lines without room for a residual" if none else ""
    sample = f"; {drawn:,} drawn" if drawn < known else ""
    return f"○ before, ● after. {count(known, 'visit')}, {beyond}{rest}{sample}."


def _visit_hover(
    result: EndpointComparison, residuals: VisitResiduals, k: int, names: Names
) -> str:
    endpoint = result.endpoint
    value = plain(float(residuals.value[k]), endpoint.decimals)
    side = "after" if residuals.after[k] else "before"
    return (
        f"{escape(names[residuals.patient[k]])} · {endpoint.label} {value} {endpoint.unit}, "
        f"{signed(float(residuals.residual[k]))} from the line {side}<br>"
        f"{signed(float(residuals.month[k]), 1)} months · studentised "
        f"{signed(float(residuals.studentised[k]), 1)} · click: open patient"
    )


def _residual_axes(fig: go.Figure, look: Look, month: FloatArray, value: FloatArray) -> None:
    low, high = month_range(month)
    ticks = month_ticks(low, high)
    # ±4 always in range, so that the picture says how far off everything is.
    ends = room_for([FAR, -FAR, *value.tolist()])
    y = nice_ticks(*ends, 6)
    fig.update_layout(
        xaxis={
            "range": (low, high),
            "tickvals": ticks,
            "ticktext": [month_text(t) for t in ticks],
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
            "range": ends,
            "tickvals": y,
            "ticktext": tick_texts(y),
            "showgrid": True,
            "zeroline": True,
            "zerolinecolor": look.ink,
            "zerolinewidth": 1.2,
        },
    )
    for at in (-FAR, FAR):
        fig.add_shape(
            type="line", xref="paper", yref="y", x0=0, x1=1, y0=at, y1=at,
            line={"color": look.ink3, "width": 1, "dash": "2px,3px"},
        )  # fmt: skip
    day0_rule(fig, look, [("y", *ends)])
