"""All patients: the courses around day 0 with one highlighted, and small multiples."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from analysis.cohort import Middle, middle_course
from analysis.compare import Comparison, EndpointComparison
from analysis.course import Course, course
from analysis.slopes import Points
from data.trial import Trial
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
from report.numbers import signed, span

SPAGHETTI_HEIGHT: Final = 400
COLUMNS: Final = 3
PER_PAGE: Final = 24
_ROW: Final = 150
_ROW_GAP: Final = 62
_COLUMN_GAP: Final = 0.11


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
            SPAGHETTI_HEIGHT,
            f"No {result.endpoint.label} value has a time from the transplant. "
            "Add transplant dates, or look at single patients.",
        )
    fig = figure(look, SPAGHETTI_HEIGHT, {"l": 56, "r": 122, "t": 62, "b": 84})
    low, high = month_range(points.month[visible])
    ticks = month_ticks(low, high)
    step = float(ticks[1] - ticks[0]) if len(ticks) > 1 else 2.0
    middle = middle_course(points, step)
    n_at = dict(zip(middle.month.tolist(), middle.n.tolist(), strict=True))
    top = max(result.endpoint.axis[1], float(points.value[visible].max()))
    fig.update_layout(
        xaxis={
            "range": [low, high],
            "tickvals": ticks,
            "ticktext": [
                f'{month_text(t)}<br><span style="color:{look.ink3}">{n_at.get(float(t), 0)}</span>'
                for t in ticks
            ],
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
            "range": [-0.015 * top, 1.015 * top],
            "tickvals": list(result.endpoint.ticks),
            "showgrid": True,
        },
    )
    drawn = _lines(fig, look, points, visible, names)
    _middle(fig, look, middle)
    labels = []
    last_known = np.flatnonzero(np.isfinite(middle.median))
    if len(last_known):
        k = last_known[-1]
        labels.append((float(middle.median[k]), f"<b>median</b>, n = {middle.n[k]}", look.after))
    if selected is not None:
        labels += _selected_line(fig, look, result, visible, selected, names[selected])
    _side_labels(fig, look, labels, top)
    fig.add_annotation(
        annotation("n", 0, 0, look, xanchor="right", yanchor="top", xshift=-10, yshift=-24)
    )
    day0_rule(fig, look, [("y", -0.015 * top, 1.015 * top)])
    total = len(np.unique(points.patient[visible]))
    note = f", {drawn} of {total} patients drawn" if drawn < total else ""
    fig.add_annotation(
        annotation(
            panel_title(result.endpoint, value_words(result.endpoint) + note),
            0,
            1,
            look,
            xshift=-48,
            yshift=24,
            font={"size": 14, "color": look.ink},
        )
    )
    return fig


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
    known = np.isfinite(middle.median)
    month = middle.month[known]
    fig.add_scatter(
        x=np.concatenate((month, month[::-1])),
        y=np.concatenate((middle.upper[known], middle.lower[known][::-1])),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=look.middle_band,
        hoverinfo="skip",
    )
    for side, colour in ((month <= 0, look.before), (month >= 0, look.after)):
        fig.add_scatter(
            x=month[side],
            y=middle.median[known][side],
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
    height = SPAGHETTI_HEIGHT - 62 - 84
    placed = spread([height * value / top for value, _, _ in labels], 19)
    for (_, text, colour), at in zip(labels, placed, strict=True):
        place = min(1.0, max(0.0, at / height))
        font = {"size": 13, "color": colour}
        fig.add_annotation(annotation(text, 1, place, look, xshift=10, yanchor="middle", font=font))


def sorted_patients(
    comparison: Comparison, result: EndpointComparison, order: str
) -> npt.NDArray[np.int64]:
    """Return patients sorted by ``"change"`` (largest first), ``"before"`` (fastest) or ``"name"``.

    Patients without the number come last, in the order of the trial.
    """
    if order == "name":
        return np.arange(len(comparison.patient_ids))
    values = -result.change if order == "change" else result.before
    return np.argsort(np.where(np.isfinite(values), values, np.inf), kind="stable")


def multiples_figure(
    trial: Trial,
    result: EndpointComparison,
    patients: npt.NDArray[np.int64],
    names: Names,
    level: float,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw one small panel a patient, all on one scale.

    Parameters
    ----------
    trial, result
        The trial, and the comparison of the endpoint to draw.
    patients
        Positions in ``Trial.patient_ids``, at most 24, in reading order.
    names
        What each patient is called in the figure.
    level
        Level of the intervals.
    look
        Colours.
    selected
        Position of the patient to frame.
    """
    if not len(patients):
        return empty(look, 300, "No patient to show.")
    rows = math.ceil(len(patients) / COLUMNS)
    inner = rows * _ROW + (rows - 1) * _ROW_GAP
    fig = figure(look, inner + 56 + 56, {"l": 40, "r": 16, "t": 56, "b": 56})
    courses = [course(trial, result, int(i), level) for i in patients]
    timed = [c.month for c in courses if c.has_day0] or [np.asarray([0.0])]
    low, high = month_range(np.concatenate(timed))
    for k, (i, one) in enumerate(zip(patients, courses, strict=True)):
        row, column = divmod(k, COLUMNS)
        top = 1 - row * (_ROW + _ROW_GAP) / inner
        left = column * (1 + _COLUMN_GAP) / (COLUMNS * (1 + _COLUMN_GAP) - _COLUMN_GAP)
        width = 1 / (COLUMNS * (1 + _COLUMN_GAP) - _COLUMN_GAP)
        box = (left, min(1.0, left + width), max(0.0, top - _ROW / inner), top)
        last_row = k + COLUMNS >= len(patients)
        small = _Small(fig, look, result, k, box)
        small.axes(low, high, with_values=column == 0, with_months=last_row)
        small.draw(one)
        small.words(int(i), names[i], level, framed=selected == i)
    return fig


class _Small:
    """Draws one small panel."""

    def __init__(
        self,
        fig: go.Figure,
        look: Look,
        result: EndpointComparison,
        number: int,
        box: tuple[float, float, float, float],
    ) -> None:
        self.fig, self.look, self.result, self.box = fig, look, result, box
        self.suffix = "" if number == 0 else str(number + 1)

    def axes(self, low: float, high: float, *, with_values: bool, with_months: bool) -> None:
        endpoint = self.result.endpoint
        step = next((s for s in (5, 10, 12, 24, 60) if (high - low) / s <= 4), 120)
        ticks = np.arange(math.ceil(low / step) * step, high + 1e-9, step)
        room = 0.02 * endpoint.axis[1]
        self.fig.update_layout(
            {
                f"xaxis{self.suffix}": {
                    "domain": self.box[:2],
                    "range": [low, high],
                    "anchor": f"y{self.suffix}",
                    "tickvals": ticks,
                    "ticktext": [month_text(float(t)) for t in ticks],
                    "showticklabels": with_months,
                    "showline": with_months,
                    "zeroline": True,
                    "zerolinecolor": self.look.ink2,
                    "zerolinewidth": 1.2,
                    "fixedrange": True,
                },
                f"yaxis{self.suffix}": {
                    "domain": self.box[2:],
                    "range": [endpoint.axis[0] - room, endpoint.axis[1] + room],
                    "anchor": f"x{self.suffix}",
                    "tickvals": list(endpoint.ticks),
                    "showticklabels": with_values,
                    "showgrid": True,
                    "fixedrange": True,
                },
            }
        )

    def draw(self, one: Course) -> None:
        """Draw visits, lines and the projected run-in."""
        look, place = self.look, {"xaxis": f"x{self.suffix}", "yaxis": f"y{self.suffix}"}
        if not one.has_day0:
            return
        for line, colour, width, dash in (
            (one.projection, look.before, 1.6, "2px,4px"),
            (one.before_line, look.before, 2.5, "solid"),
            (one.after_line, look.after, 2.5, "solid"),
        ):
            if line is not None:
                self.fig.add_scatter(
                    x=line.month[[0, -1]] if dash == "solid" else line.month,
                    y=line.value[[0, -1]] if dash == "solid" else line.value,
                    mode="lines",
                    line={"color": colour, "width": width, "dash": dash},
                    hoverinfo="skip",
                    **place,
                )
        colours = np.where(one.before, look.before, np.where(one.after, look.after, look.dim))
        fills = np.where(one.after & ~one.before, look.after, look.bg)
        self.fig.add_scatter(
            x=one.month,
            y=one.value,
            mode="markers",
            marker={
                "symbol": self.result.endpoint.marker,
                "size": 5,
                "color": fills.tolist(),
                "line": {"color": colours.tolist(), "width": 1.2},
            },
            hoverinfo="skip",
            **place,
        )

    def words(self, patient: int, name: str, level: float, *, framed: bool) -> None:
        """Write name and change above the panel, and make the whole panel clickable."""
        look, result = self.look, self.result
        name = escape(name)
        change = float(result.change[patient])
        interval = result.change_interval(patient, level)
        text = "no change: too few visits" if not math.isfinite(change) else signed(change)
        if interval is not None and math.isfinite(change):
            bold = interval.excludes_zero
            text = f"<b>{text}</b> ({span(interval)})" if bold else f"{text} ({span(interval)})"
        head = {"size": 13, "color": look.ink}
        self.fig.add_annotation(
            annotation(
                f"<b>{name}</b><br>{text}",
                self.box[0],
                self.box[3],
                look,
                xshift=2,
                yshift=3,
                font=head,
            )
        )
        low, high = result.endpoint.axis
        self.fig.add_scatter(
            x=[0],
            y=[(low + high) / 2],
            mode="markers",
            marker={"size": 110, "color": "rgba(0,0,0,0)", "symbol": "square"},
            customdata=[[str(patient), f"{name} · click: open patient"]],
            hovertemplate="%{customdata[1]}<extra></extra>",
            xaxis=f"x{self.suffix}",
            yaxis=f"y{self.suffix}",
        )
        if framed:
            self.fig.add_shape(
                type="rect",
                xref="paper",
                yref="paper",
                x0=self.box[0] - 0.008,
                x1=self.box[1] + 0.008,
                y0=self.box[2] - 0.02 * (self.box[3] - self.box[2]),
                y1=self.box[3] + 0.27 * (self.box[3] - self.box[2]),
                line={"color": look.ink, "width": 1.6},
            )
