"""One patient: every endpoint around day 0 on one time axis, with lines, bands and projection."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from analysis.comparison import Comparison, EndpointComparison
from analysis.course import Course, Line, course
from analysis.results import Interval
from data.endpoints import Endpoint
from data.trial import DAYS_PER_MONTH, Trial
from report.charts.parts import (
    day0_rule,
    empty,
    figure,
    month_range,
    month_text,
    month_ticks,
    panel_title,
    value_words,
)
from report.look import Look, annotation, escape, spread
from report.numbers import count, interval_text, plain, signed

PANEL: Final = 210
GAP: Final = 46
TOP: Final = 62
BOTTOM: Final = 56
_LABEL_LINE: Final = 18
_HOVER: Final = {"hovertemplate": "%{customdata[1]}<extra></extra>"}


def patient_figure(
    trial: Trial,
    comparison: Comparison,
    results: Sequence[EndpointComparison],
    patient: int,
    name: str,
    look: Look,
    *,
    zoom: bool = False,
) -> go.Figure:
    """Draw one patient's course, one panel an endpoint.

    Parameters
    ----------
    trial, comparison
        The trial, and its comparison under the current settings.
    results
        The endpoints of the comparison to draw, from top to bottom.
    patient
        Position in ``Trial.patient_ids``.
    name
        What the patient is called in the figure.
    look
        Colours.
    zoom
        Whether value axes fit the data instead of showing the whole scale.
    """
    if not results:
        return empty(look, 2 * PANEL, "The trial has no value of the chosen endpoints.")
    courses = [course(trial, result, patient, comparison.settings) for result in results]
    inner = PANEL * len(results) + GAP * (len(results) - 1)
    fig = figure(look, inner + TOP + BOTTOM, {"l": 56, "r": 168, "t": TOP, "b": BOTTOM})
    has_day0 = courses[0].has_day0
    low, high = month_range(np.concatenate([c.month for c in courses]))
    _time_axis(fig, look, low, high, len(results), has_day0=has_day0)
    for k, (result, one) in enumerate(zip(results, courses, strict=True)):
        top = 1 - k * (PANEL + GAP) / inner
        domain = (max(0.0, top - PANEL / inner), top)
        panel = _Panel(fig, look, comparison, result, one, patient, k, domain)
        panel.draw(trial, name, zoom=zoom)
    if has_day0:
        axes = [fig.layout["yaxis" if k == 0 else f"yaxis{k + 1}"] for k in range(len(results))]
        names = ["y" if k == 0 else f"y{k + 1}" for k in range(len(results))]
        day0_rule(fig, look, [(n, *a.range) for n, a in zip(names, axes, strict=True)])
        _other_transplants(fig, look, trial, comparison, patient)
    return fig


def _time_axis(
    fig: go.Figure, look: Look, low: float, high: float, panels: int, *, has_day0: bool
) -> None:
    ticks = month_ticks(low, high)
    words = "months from the transplant" if has_day0 else "months from the first visit"
    fig.update_layout(
        xaxis={
            "range": [low, high],
            "tickvals": ticks,
            "ticktext": [month_text(t) for t in ticks],
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "anchor": "y" if panels == 1 else f"y{panels}",
            "title": {"text": words, "font": {"size": 13, "color": look.ink2}, "standoff": 6},
        }
    )


def _other_transplants(
    fig: go.Figure, look: Look, trial: Trial, comparison: Comparison, patient: int
) -> None:
    """Draw a dotted hairline for every transplant that is not day 0."""
    days = trial.patients_frame["transplant_days"].iloc[patient]
    chosen = comparison.settings.transplant
    zero = days[chosen if chosen >= 0 else len(days) - 1] + comparison.settings.shift_days
    for number, day in enumerate(days, start=1):
        month = (day - zero) / DAYS_PER_MONTH
        if abs(month) < 1e-6:
            continue
        line = {"color": look.ink3, "width": 1, "dash": "2px,3px"}
        fig.add_shape(
            type="line", xref="x", yref="paper", x0=month, x1=month, y0=0, y1=1, line=line
        )
        place = {"xref": "x", "xanchor": "center", "yshift": 20}
        font = {"size": 12.5, "color": look.ink2}
        fig.add_annotation(annotation(f"transplant {number}", month, 1, look, **place, font=font))


class _Panel:
    """Draws one endpoint into its part of the figure."""

    def __init__(
        self,
        fig: go.Figure,
        look: Look,
        comparison: Comparison,
        result: EndpointComparison,
        one: Course,
        patient: int,
        number: int,
        domain: tuple[float, float],
    ) -> None:
        self.fig, self.look, self.comparison = fig, look, comparison
        self.result, self.course, self.patient, self.domain = result, one, patient, domain
        self.endpoint: Endpoint = result.endpoint
        self.axis = "y" if number == 0 else f"y{number + 1}"
        self.limits = self.endpoint.axis

    def draw(self, trial: Trial, name: str, *, zoom: bool) -> None:
        """Draw bands, lines, visits and words, from back to front."""
        low, high = self._value_axis(zoom=zoom)
        look, one = self.look, self.course
        self._band(one.projection, look.projection_band)
        self._band(one.before_line, look.before_band)
        self._band(one.after_line, look.after_band)
        self._line(one.projection, look.before, 2, "2px,4px", self._projected(one.projection))
        self._line(one.before_line, look.before, 2.5)
        self._line(one.after_line, look.after, 2.5)
        self._visits(trial, name)
        self._words(low, high)

    def _value_axis(self, *, zoom: bool) -> tuple[float, float]:
        endpoint = self.endpoint
        low, high = endpoint.axis
        values = self.course.value[np.isfinite(self.course.value)]
        if zoom and self.course.projection is not None:
            shown = self.course.projection
            bands = np.concatenate((shown.value, shown.low, shown.high))
            values = np.concatenate((values, bands[np.isfinite(bands)]))
        words = value_words(endpoint)
        if zoom and values.size:
            room = max(0.04 * (high - low), 0.1 * float(np.ptp(values)))
            whole = 1.0 if high > 20 else 0.1
            low = max(low, whole * math.floor((float(values.min()) - room) / whole))
            high = whole * math.ceil((float(values.max()) + room) / whole)
            words += f", axis from {low:g}"
        elif values.size and float(values.max()) > high:
            high = min(endpoint.high, float(values.max()) * 1.02)
        ticks = None if zoom else [t for t in endpoint.ticks if low <= t <= high]
        edge = 0.0 if zoom else 0.015 * (high - low)
        self.limits = (low, high)
        axis = {
            "domain": list(self.domain),
            "range": [low - edge, high + edge],
            "tickvals": ticks,
            "showgrid": True,
            "anchor": "x",
        }
        self.fig.update_layout({"yaxis" + self.axis[1:]: axis})
        self.fig.add_annotation(
            annotation(
                panel_title(endpoint, words),
                0,
                self.domain[1],
                self.look,
                xshift=-48,
                yshift=6,
                font={"size": 14, "color": self.look.ink},
            )
        )
        return low, high

    def _band(self, line: Line | None, colour: str) -> None:
        if line is None or not np.isfinite(line.low).all():
            return
        self.fig.add_scatter(
            x=np.concatenate((line.month, line.month[::-1])),
            y=np.concatenate((line.high, line.low[::-1])),
            yaxis=self.axis,
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=colour,
            hoverinfo="skip",
        )

    def _projected(self, line: Line | None) -> list[list[str]] | None:
        """Return the hover texts of the projection: what the run-in says for each month."""
        if line is None:
            return None
        per_cent = f"{100 * self.comparison.settings.confidence:g} % prediction"
        points = zip(line.month, line.value, line.low, line.high, strict=True)
        return [
            [
                "",
                f"had the run-in gone on: {plain(value, 1)} {self.endpoint.unit}<br>"
                f"{signed(month, 1)} months · {per_cent} {plain(low, 1)} to {plain(high, 1)}",
            ]
            for month, value, low, high in points
        ]

    def _line(
        self,
        line: Line | None,
        colour: str,
        width: float,
        dash: str = "solid",
        hover: list[list[str]] | None = None,
    ) -> None:
        if line is None:
            return
        self.fig.add_scatter(
            x=line.month,
            y=line.value,
            yaxis=self.axis,
            mode="lines",
            line={"color": colour, "width": width, "dash": dash},
            **(_HOVER | {"customdata": hover} if hover is not None else {"hoverinfo": "skip"}),
        )

    def _visits(self, trial: Trial, name: str) -> None:
        one, look = self.course, self.look
        groups = (
            (one.before, look.bg, look.before),
            (one.after & ~one.before, look.after, look.after),
            (~one.before & ~one.after, look.bg, look.dim),
        )
        for chosen, fill, edge in groups:
            if chosen.any():
                self.fig.add_scatter(
                    x=one.month[chosen],
                    y=np.clip(one.value[chosen], *self.limits),
                    yaxis=self.axis,
                    mode="markers",
                    marker={
                        "symbol": self.endpoint.marker,
                        "size": 8,
                        "color": fill,
                        "line": {"color": edge, "width": 1.6},
                    },
                    customdata=[["", text] for text in self._hover(trial, name, chosen)],
                    hovertemplate="%{customdata[1]}<extra></extra>",
                )

    def _hover(self, trial: Trial, name: str, chosen: npt.NDArray[np.bool_]) -> list[str]:
        frame = trial.measurements_frame
        one, decimals = self.course, self.endpoint.decimals
        texts = []
        order = np.argsort(np.argsort(one.month))
        for k in np.flatnonzero(chosen):
            state = "" if one.analysable[k] else " · not analysed"
            outside = one.analysable[k] and not one.before[k] and not one.after[k]
            state += " · outside the windows" if outside and one.has_day0 else ""
            score = f"{plain(float(one.value[k]), decimals)} {self.endpoint.unit}"
            when = f"{signed(float(one.month[k]), 1)} months"
            texts.append(
                f"{escape(name)} · {self.endpoint.label} {score}{state}<br>{when} · visit "
                f"{order[k] + 1} · source row {frame['row'].iloc[int(one.position[k])]}"
            )
        return texts

    def _words(self, low: float, high: float) -> None:
        """Say slopes, intervals and n beside the lines."""
        look, result, level = self.look, self.result, self.comparison.settings.confidence
        one = self.course
        if one.before_line is not None:
            slope = float(result.before[self.patient])
            interval = result.slope_interval("before", self.patient, level)
            text = self._slope_words("before", slope, interval, int(one.before.sum()))
            lowest = one.value[one.month <= 0]
            clear = lowest.size and float(lowest.min()) - low > 0.36 * (high - low)
            corner = {"y": self.domain[0], "yanchor": "bottom", "yshift": 4}
            if not clear:
                corner = {"y": self.domain[1], "yanchor": "top", "yshift": -4}
            place = corner | {"xshift": 4, "font": {"size": 13, "color": look.before_text}}
            base = annotation(text, 0, 0, look)
            self.fig.add_annotation(base | place)
        self._end_labels(low, high)

    def _end_labels(self, low: float, high: float) -> None:
        look, one, level = self.look, self.course, self.comparison.settings.confidence
        labels: list[tuple[float, str, str]] = []
        if one.after_line is not None:
            slope = float(self.result.after[self.patient])
            interval = self.result.slope_interval("after", self.patient, level)
            text = self._slope_words("after", slope, interval, int(one.after.sum()))
            labels.append((float(one.after_line.value[-1]), text, look.after))
        if one.projection is not None:
            band = np.isfinite(one.projection.low).all()
            words = "run-in projected"
            words += f",<br>{100 * level:g} % prediction band" if band else ""
            labels.append((float(one.projection.value[-1]), words, look.before_text))
        pixels = [PANEL * (value - low) / (high - low) for value, _, _ in labels]
        tallest = max((text.count("<br>") + 1 for _, text, _ in labels), default=1)
        placed = spread(pixels, _LABEL_LINE * tallest + 2)
        for (_, text, colour), at in zip(labels, placed, strict=True):
            share = min(1.05, max(0.02, at / PANEL))
            y = self.domain[0] + share * (self.domain[1] - self.domain[0])
            font = {"size": 13, "color": colour}
            self.fig.add_annotation(
                annotation(text, 1, y, look, xshift=10, yanchor="middle", font=font)
            )

    def _slope_words(self, word: str, slope: float, interval: Interval | None, n: int) -> str:
        per = f"/{self.comparison.rate.per}"
        ends, visits = interval_text(interval), count(n, "visit")
        return f"<b>{word} {signed(slope)}</b> {per}<br>{ends}<br>{visits}"
