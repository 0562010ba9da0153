"""All patients around day 0: thin courses, the middle of the cohort, and one patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.attendance import Attendance
from analysis.cohort import Density, Middle, Overview, last_values, overview
from analysis.comparison import EndpointComparison
from analysis.slopes import Points
from data.endpoints import Endpoint
from data.trial import BoolArray, FloatArray, IntArray
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
    wrap,
)
from report.charts.points import draw_marks
from report.charts.rows import short
from report.look import Look, annotation, escape, spread
from report.numbers import signed

HEIGHT: Final = 338
"""Height of the plot with its axis, without the lines above it."""

_HEAD: Final = 46
_LINE: Final = 18
_EDGE: Final = 0.015
_NOBODY: Final = np.empty(0, dtype=np.int64)


def spaghetti_figure(
    result: EndpointComparison,
    names: Names,
    look: Look,
    selected: int | None = None,
    seen: Attendance | None = None,
    whole: Overview | None = None,
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
    seen
        Who died and who was seen no longer; their last values are marked.
    whole
        Middle and density of the cohort, where they are at hand.

    Returns
    -------
    plotly.graph_objects.Figure
        Above 500 patients a fixed sample of lines over the middle half and the middle four fifths;
        above 2,000 a raster of all courses in their place. The figure says so.
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
    top = max(result.endpoint.axis[1], float(points.value[visible].max()))
    if whole is None:
        whole = overview(points, (result.endpoint.axis[0], top))
    low, high = month_range(points.month[visible])
    shown = _sample(np.unique(points.patient[visible])) if whole.density is None else _NOBODY
    marks = _Ends.of(points, visible, shown, seen)
    subtitle = wrap(_subtitle(whole, len(shown), marks), 88)
    head = _HEAD + _LINE * len(subtitle)
    fig = figure(look, HEIGHT + head, {"l": 56, "r": 122, "t": head, "b": 84})
    # Long numbers of patients need the room of two ticks.
    wide = 2 if whole.n >= 1000 else 1
    ticks = month_ticks(low, high, whole.spacing * wide)
    _axes(fig, look, result.endpoint, (low, high), ticks, whole.middle, top)
    if whole.density is not None:
        _raster(fig, look, whole.density)
    else:
        _lines(fig, look, points, visible, shown, names)
    _middle(fig, look, whole.middle, outer=whole.n > MAX_LINES)
    marks.draw(fig, look, result.endpoint, names)
    labels = []
    last_known = np.flatnonzero(np.isfinite(whole.middle.median))
    if len(last_known):
        k = last_known[-1]
        near = whole.middle.n[last_known]
        n = f"{near.min()}" if near.min() == near.max() else f"{near.min()}–{near.max()}"
        # Long numbers do not fit beside the plot; they stand under the axis.
        n = f", n = {n}" if near.max() < 1000 else ""
        labels.append((float(whole.middle.median[k]), f"<b>median</b>{n}", look.after))
    if selected is not None:
        labels += _selected_line(fig, look, result, visible, selected, names[selected])
    _side_labels(fig, look, labels, top)
    day0_rule(fig, look, [("y", -_EDGE * top, (1 + _EDGE) * top)])
    title = panel_title(result.endpoint, value_words(result.endpoint))
    font = {"size": 14, "color": look.ink}
    at = head - 22
    fig.add_annotation(annotation(title, 0, 1, look, xshift=-48, yshift=at, font=font))
    for k, text in enumerate(subtitle, start=1):
        fig.add_annotation(annotation(text, 0, 1, look, xshift=-48, yshift=at - _LINE * k))
    return fig


def _sample(patients: IntArray) -> IntArray:
    """Return whose lines are drawn: everybody, or always the same part of many."""
    if len(patients) <= MAX_LINES:
        return patients
    return patients[np.linspace(0, len(patients) - 1, SAMPLE_LINES).round().astype(np.int64)]


def _subtitle(whole: Overview, drawn: int, marks: _Ends) -> str:
    """Return what stands under the title: who is drawn, and what marks mean."""
    parts = []
    if whole.density is not None:
        parts.append(f"Shade: courses of all {whole.n:,} patients.")
    elif drawn < whole.n:
        parts.append(f"{drawn} of {whole.n:,} patients drawn, always the same.")
    if whole.n > MAX_LINES:
        parts.append("Bands: middle half and middle four fifths.")
    if marks.died.any():
        parts.append(f"× last visit before death ({marks.died.sum()}).")
    if marks.gone.any():
        parts.append(f"○ last visit of those seen no longer ({marks.gone.sum()}).")
    return " ".join(parts)


@dataclass(frozen=True, slots=True)
class _Ends:
    """The last values of patients who died or were seen no longer."""

    patient: IntArray
    month: FloatArray
    value: FloatArray
    died: BoolArray
    gone: BoolArray
    when: FloatArray

    @classmethod
    def of(
        cls, points: Points, visible: BoolArray, shown: IntArray, seen: Attendance | None
    ) -> _Ends:
        none = np.empty(0)
        if seen is None or not len(shown):
            nobody = none.astype(np.bool_)
            return cls(_NOBODY, none, none, nobody, nobody, none)
        last = last_values(points)
        place = np.full(int(max(last.patient.max(), seen.patient.max(initial=0))) + 1, -1)
        place[seen.patient] = np.arange(len(seen.patient))
        at = place[last.patient]
        known = (at >= 0) & np.isin(last.patient, shown)
        at, rows = at[known], np.flatnonzero(known)
        died = seen.died[at]
        lost = np.asarray([status == "lost" for status in seen.status], dtype=np.bool_)
        gone = ~died & (seen.early | lost)[at]
        return cls(
            last.patient[rows], last.month[rows], last.value[rows], died, gone, seen.death[at]
        )

    def draw(self, fig: go.Figure, look: Look, endpoint: Endpoint, names: Names) -> None:
        for chosen, symbol, colour, said in (
            (self.died, "x-thin-open", look.ink, "last visit before death"),
            (self.gone, "circle-open", look.ink3, "last visit, seen no longer"),
        ):
            if not chosen.any():
                continue
            hovers = [
                [
                    str(self.patient[k]),
                    f"{escape(names[self.patient[k]])} · {endpoint.label} {self.value[k]:g} "
                    f"{endpoint.unit}<br>{signed(float(self.month[k]), 1)} months · {said}"
                    + (f" at {signed(float(self.when[k]), 1)}" if self.died[k] else "")
                    + "<br>click: open patient",
                ]
                for k in np.flatnonzero(chosen)
            ]
            draw_marks(
                fig,
                (np.round(self.month[chosen], 3), self.value[chosen]),
                {"symbol": symbol, "size": 9, "color": colour, "line": {"width": 2}},
                hovers,
            )


def _raster(fig: go.Figure, look: Look, density: Density) -> None:
    """Shade each cell by the share of the courses at its month that pass it."""
    at_month = density.courses.sum(axis=0)
    shade = ",".join(str(int(look.axis[k : k + 2], 16)) for k in (1, 3, 5))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(density.courses > 0, density.courses / at_month, np.nan)
    fig.add_heatmap(
        x=np.round(density.month, 3),
        y=density.value,
        z=np.round(share, 4),
        zmin=0,
        zmax=float(np.nanquantile(share, 0.98)),
        # See-through, so that the grid and the rule at day 0 stay visible.
        colorscale=[[0, f"rgba({shade},0)"], [1, f"rgba({shade},0.9)"]],
        showscale=False,
        hoverinfo="skip",
    )


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
    counts = [f'<span style="color:{look.ink3}">{n_at.get(float(t), 0):,}</span>' for t in ticks]
    fig.update_layout(
        xaxis={
            "range": months,
            "tickvals": ticks,
            "ticktext": [f"{month_text(t)}<br>{n}" for t, n in zip(ticks, counts, strict=True)],
            "tickangle": 0,
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
    visible: BoolArray,
    shown: IntArray,
    names: Names,
) -> None:
    """Draw the patients' lines as one trace, clickable at their visits."""
    chosen = visible & np.isin(points.patient, shown)
    who = points.patient[chosen]
    order = np.lexsort((points.month[chosen], who))
    who = who[order]
    month, value = np.round(points.month[chosen][order], 3), points.value[chosen][order]
    breaks = np.flatnonzero(np.diff(who)) + 1
    x, y = gaps([month, value], breaks)
    fig.add_scatter(
        x=x, y=y, mode="lines", line={"color": look.dim, "width": 1.2}, hoverinfo="skip"
    )
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


def _middle(fig: go.Figure, look: Look, middle: Middle, *, outer: bool) -> None:
    """Draw bands and median, broken where too few patients were seen."""
    bands = [(middle.lower, middle.upper)]
    if outer:
        bands.insert(0, (middle.tenth, middle.ninetieth))
    known = np.isfinite(middle.median)
    runs = np.split(np.arange(len(known)), np.flatnonzero(np.diff(known)) + 1)
    for run in runs:
        if not run.size or not known[run[0]]:
            continue
        month = middle.month[run]
        for lower, upper in bands:
            fig.add_scatter(
                x=np.concatenate((month, month[::-1])),
                y=np.concatenate((upper[run], lower[run][::-1])),
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
                # One month between two without a median would not be seen as a line.
                mode="lines" if len(run) > 1 else "markers",
                line={"color": colour, "width": 3.2},
                marker={
                    "symbol": "line-ew-open",
                    "size": 12,
                    "color": colour,
                    "line": {"color": colour, "width": 3.2},
                },
                hoverinfo="skip",
            )


def _selected_line(
    fig: go.Figure,
    look: Look,
    result: EndpointComparison,
    visible: BoolArray,
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
    return [(float(value[order][-1]), f"<b>{short(name)}</b> selected", look.ink)]


def _side_labels(
    fig: go.Figure, look: Look, labels: list[tuple[float, str, str]], top: float
) -> None:
    height = HEIGHT - 84
    placed = spread([height * value / top for value, _, _ in labels], 19)
    for (_, text, colour), at in zip(labels, placed, strict=True):
        place = min(1.0, max(0.0, at / height))
        font = {"size": 13, "color": colour}
        fig.add_annotation(annotation(text, 1, place, look, xshift=10, yanchor="middle", font=font))
