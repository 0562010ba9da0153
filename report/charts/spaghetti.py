"""All patients around day 0: thin courses, the middle of the cohort, and one patient."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from analysis.cohort import Middle, middle_course, visit_spacing
from analysis.comparison import EndpointComparison
from analysis.slopes import Points
from data.endpoints import Endpoint
from data.trial import FloatArray
from report.charts.parts import (
    MAX_LINES,
    SAMPLE_LINES,
    Names,
    day0_rule,
    empty,
    figure,
    gaps,
    month_range,
    month_text,
    month_ticks,
    panel_title,
    value_words,
)
from report.look import Look, annotation, escape, spread

HEIGHT: Final = 400
_EDGE: Final = 0.015


def spaghetti_figure(
    result: EndpointComparison,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw every patient's course around day 0, the middle of the cohort, and one patient.

    Parameters
    ----------
    result
        Comparison of the endpoint to draw.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    """
    points = result.slopes.points
    visible = np.isfinite(points.month) & points.analysable
    if not visible.any():
        return empty(
            look,
            HEIGHT,
            f"No {result.endpoint.label} value has a time from the transplant. "
            "Add transplant dates, or look at single patients.",
        )
    fig = figure(look, HEIGHT, {"l": 56, "r": 122, "t": 62, "b": 84})
    low, high = month_range(points.month[visible])
    step = visit_spacing(points)
    ticks = month_ticks(low, high, step)
    middle = middle_course(points, step)
    top = max(result.endpoint.axis[1], float(points.value[visible].max()))
    _axes(fig, look, result.endpoint, (low, high), ticks, middle, top)
    drawn = _lines(fig, look, points, visible, names)
    _middle(fig, look, middle)
    labels = []
    last_known = np.flatnonzero(np.isfinite(middle.median))
    if len(last_known):
        k = last_known[-1]
        seen = middle.n[last_known]
        n = f"{seen.min()}" if seen.min() == seen.max() else f"{seen.min()}–{seen.max()}"
        labels.append((float(middle.median[k]), f"<b>median</b>, n = {n}", look.after))
    if selected is not None:
        labels += _selected_line(fig, look, result, visible, selected, names[selected])
    _side_labels(fig, look, labels, top)
    day0_rule(fig, look, [("y", -_EDGE * top, (1 + _EDGE) * top)])
    total = len(np.unique(points.patient[visible]))
    note = f", {drawn} of {total} patients drawn" if drawn < total else ""
    title = panel_title(result.endpoint, value_words(result.endpoint) + note)
    font = {"size": 14, "color": look.ink}
    fig.add_annotation(annotation(title, 0, 1, look, xshift=-48, yshift=24, font=font))
    return fig


def _axes(
    fig: go.Figure,
    look: Look,
    endpoint: Endpoint,
    months: tuple[float, float],
    ticks: FloatArray,
    middle: Middle,
    top: float,
) -> None:
    """Set both axes; the second line under each tick is the number of patients seen near it."""
    n_at = dict(zip(middle.month.tolist(), middle.n.tolist(), strict=True))
    counts = [f'<span style="color:{look.ink3}">{n_at.get(float(t), 0)}</span>' for t in ticks]
    fig.update_layout(
        xaxis={
            "range": months,
            "tickvals": ticks,
            "ticktext": [f"{month_text(t)}<br>{n}" for t, n in zip(ticks, counts, strict=True)],
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "title": {
                "text": "months from the transplant",
                "standoff": 4,
                "font": {"size": 13, "color": look.ink2},
            },
        },
        yaxis={
            "range": [-_EDGE * top, (1 + _EDGE) * top],
            "tickvals": list(endpoint.ticks),
            "showgrid": True,
        },
    )
    fig.add_annotation(
        annotation("n", 0, 0, look, xanchor="right", yanchor="top", xshift=-10, yshift=-24)
    )


def _lines(
    fig: go.Figure,
    look: Look,
    points: Points,
    visible: npt.NDArray[np.bool_],
    names: Names,
) -> int:
    """Draw the patients' lines as one trace, clickable at their visits; return how many."""
    patients = np.unique(points.patient[visible])
    shown = patients
    if len(patients) > MAX_LINES:
        picks = np.linspace(0, len(patients) - 1, SAMPLE_LINES).round().astype(int)
        shown = patients[picks]
    chosen = visible & np.isin(points.patient, shown)
    who = points.patient[chosen]
    order = np.lexsort((points.month[chosen], who))
    who = who[order]
    month, value = points.month[chosen][order], points.value[chosen][order]
    breaks = np.flatnonzero(np.diff(who)) + 1
    x, y = gaps([np.round(month, 3), value], breaks)
    fig.add_scatter(
        x=x, y=y, mode="lines", line={"color": look.dim, "width": 1.2}, hoverinfo="skip"
    )
    if len(shown) <= MAX_LINES // 2:
        fig.add_scatter(
            x=month,
            y=value,
            mode="markers",
            marker={"size": 9, "color": "rgba(0,0,0,0)"},
            customdata=[
                [str(i), f"{escape(names[i])} · {v:g}<br>click: open patient"]
                for i, v in zip(who, value, strict=True)
            ],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    return len(shown)


def _middle(fig: go.Figure, look: Look, middle: Middle) -> None:
    """Draw band and median, broken where too few patients were seen."""
    known = np.isfinite(middle.median)
    runs = np.split(np.arange(len(known)), np.flatnonzero(np.diff(known)) + 1)
    for run in runs:
        if not run.size or not known[run[0]]:
            continue
        month = middle.month[run]
        fig.add_scatter(
            x=np.concatenate((month, month[::-1])),
            y=np.concatenate((middle.upper[run], middle.lower[run][::-1])),
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=look.middle_band,
            hoverinfo="skip",
        )
        for side, colour in ((month <= 0, look.before), (month >= 0, look.after)):
            fig.add_scatter(
                x=month[side],
                y=middle.median[run][side],
                mode="lines",
                line={"color": colour, "width": 3.2},
                hoverinfo="skip",
            )


def _selected_line(
    fig: go.Figure,
    look: Look,
    result: EndpointComparison,
    visible: npt.NDArray[np.bool_],
    selected: int,
    name: str,
) -> list[tuple[float, str, str]]:
    points = result.slopes.points
    mine = visible & (points.patient == selected)
    if not mine.any():
        return []
    month, value = points.month[mine], points.value[mine]
    order = np.argsort(month)
    fig.add_scatter(
        x=month[order],
        y=value[order],
        mode="lines+markers",
        line={"color": look.ink, "width": 2},
        marker={
            "symbol": result.endpoint.marker,
            "size": 8,
            "color": np.where(month[order] <= 0, look.bg, look.ink).tolist(),
            "line": {"color": look.ink, "width": 1.6},
        },
        hoverinfo="skip",
    )
    return [(float(value[order][-1]), f"<b>{escape(name)}</b> selected", look.ink)]


def _side_labels(
    fig: go.Figure, look: Look, labels: list[tuple[float, str, str]], top: float
) -> None:
    height = HEIGHT - 62 - 84
    placed = spread([height * value / top for value, _, _ in labels], 19)
    for (_, text, colour), at in zip(labels, placed, strict=True):
        place = min(1.0, max(0.0, at / height))
        font = {"size": 13, "color": colour}
        fig.add_annotation(annotation(text, 1, place, look, xshift=10, yanchor="middle", font=font))
