"""Small multiples: every patient in a panel of their own, all on one scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from analysis.comparison import Comparison, EndpointComparison
from analysis.course import Course, course
from data.trial import Trial
from report.charts.parts import Names, empty, month_range, month_text, wrap
from report.charts.sketch import Sketch
from report.look import Look, annotation, escape
from report.numbers import signed, span

PER_PAGE: Final = 24
_COLUMNS: Final = 3
_ROW: Final = 150
_ROW_GAP: Final = 62
_COLUMN_GAP: Final = 0.11
_LETTERS: Final = 22
"""Letters of a line above a panel: more would reach the next one where a figure is narrowest."""


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
    comparison: Comparison,
    result: EndpointComparison,
    patients: npt.NDArray[np.int64],
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw one small panel a patient, all on one scale.

    Parameters
    ----------
    trial, comparison, result
        The trial, its comparison, and the endpoint to draw.
    patients
        Positions in ``Trial.patient_ids``, at most 24, in reading order.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to frame.
    """
    if not len(patients):
        return empty(look, 300, "No patient to show.")
    rows = math.ceil(len(patients) / _COLUMNS)
    inner = rows * _ROW + (rows - 1) * _ROW_GAP
    fig = Sketch(look, inner + 56 + 56, {"l": 40, "r": 16, "t": 56, "b": 56})
    level = comparison.settings.confidence
    courses = [course(trial, result, int(i), comparison.settings) for i in patients]
    used = [c.value[c.analysable] for c in courses if c.analysable.any()]
    highest = max((float(values.max()) for values in used), default=0.0)
    reasons = {patient: why for step in result.flow for patient, why in step.left}
    timed = [c.month for c in courses if c.has_day0] or [np.asarray([0.0])]
    low, high = month_range(np.concatenate(timed))
    sheet = _Sheet([], {}, [], [])
    for k, (i, one) in enumerate(zip(patients, courses, strict=True)):
        row, column = divmod(k, _COLUMNS)
        top = 1 - row * (_ROW + _ROW_GAP) / inner
        left = column * (1 + _COLUMN_GAP) / (_COLUMNS * (1 + _COLUMN_GAP) - _COLUMN_GAP)
        width = 1 / (_COLUMNS * (1 + _COLUMN_GAP) - _COLUMN_GAP)
        box = (left, min(1.0, left + width), max(0.0, top - _ROW / inner), top)
        last_row = k + _COLUMNS >= len(patients)
        small = _Small(sheet, look, result, k, box, max(result.endpoint.axis[1], highest))
        small.axes(low, high, with_values=column == 0, with_months=last_row)
        small.draw(one)
        why = reasons.get(comparison.patient_ids[i], "")
        small.words(int(i), names[i], level, why=why, framed=selected == i)
    fig.traces += sheet.traces
    fig.update_layout(**sheet.axes, annotations=sheet.annotations, shapes=sheet.shapes)
    return fig.figure()


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What the panels of one figure draw, collected."""

    traces: list[dict[str, Any]]
    axes: dict[str, Any]
    annotations: list[dict[str, Any]]
    shapes: list[dict[str, Any]]


class _Small:
    """Draws one small panel."""

    def __init__(
        self,
        sheet: _Sheet,
        look: Look,
        result: EndpointComparison,
        number: int,
        box: tuple[float, float, float, float],
        top: float,
    ) -> None:
        self.sheet, self.look, self.result, self.box, self.top = sheet, look, result, box, top
        self.suffix = "" if number == 0 else str(number + 1)

    def axes(self, low: float, high: float, *, with_values: bool, with_months: bool) -> None:
        endpoint = self.result.endpoint
        step = next((s for s in (5, 10, 12, 24, 60) if (high - low) / s <= 4), 120)
        ticks = np.arange(math.ceil(low / step) * step, high + 1e-9, step)
        room = 0.02 * self.top
        self.sheet.axes.update(
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
                    "range": [endpoint.axis[0] - room, self.top + room],
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
                self._scatter(
                    x=line.month,
                    y=line.value,
                    mode="lines",
                    line={"color": colour, "width": width, "dash": dash},
                    hoverinfo="skip",
                    **place,
                )
        colours = np.where(one.before, look.before, np.where(one.after, look.after, look.dim))
        fills = np.where(one.after & ~one.before, look.after, look.bg)
        self._scatter(
            x=one.month,
            y=np.clip(one.value, self.result.endpoint.axis[0], self.top),
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

    def _scatter(self, **trace: Any) -> None:
        self.sheet.traces.append({"type": "scatter", **trace})

    def words(self, patient: int, name: str, level: float, *, why: str, framed: bool) -> None:
        """Write name and change above the panel, and make the whole panel clickable."""
        look, result = self.look, self.result
        name = escape(name)
        change = float(result.change[patient])
        interval = result.change_interval(patient, level)
        text = signed(change)
        if not math.isfinite(change):
            first, *rest = wrap(f"not compared: {why}", _LETTERS)
            second = wrap(" ".join(rest), _LETTERS - 2)
            more = " …" if len(second) > 1 else ""
            text = "<br>".join(escape(line) for line in (first, second[0] + more) if line)
        elif interval is not None:
            bold = interval.excludes_zero
            text = f"<b>{text}</b> ({span(interval)})" if bold else f"{text} ({span(interval)})"
        head = {"size": 13, "color": look.ink}
        self.sheet.annotations.append(
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
        self._scatter(
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
            left, right, bottom, top = self.box
            frame = {
                "type": "rect",
                "xref": "paper",
                "yref": "paper",
                "x0": left - 0.002,
                "x1": right + 0.008,
                "y0": bottom - 0.02 * (top - bottom),
                "y1": top + (0.365 if "<br>" in text else 0.27) * (top - bottom),
                "line": {"color": look.ink, "width": 1.6},
            }
            self.sheet.shapes.append(frame)
