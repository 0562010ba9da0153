"""One endpoint of one patient: bands, lines, projections, visits and words in one panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analysis.cohort import Middle
from analysis.comparison import Comparison, EndpointComparison
from analysis.course import Course, Line
from analysis.projection import Gap
from data.endpoints import Endpoint
from data.trial import Trial
from report.charts.parts import nice_ticks, panel_title, value_words
from report.charts.patient_hover import line_hovers, visit_hovers
from report.charts.patient_labels import (
    SHAPES,
    plain_lines,
    projection_words,
    short_name,
    slope_words,
)
from report.charts.patient_space import (
    LEFT,
    LINE,
    NARROWEST,
    PANEL,
    RIGHT,
    pixels_of,
    stack,
    text_width,
)
from report.charts.sketch import Sketch
from report.look import Look, annotation, escape
from report.patient_words import FVC_GUIDES

_GUIDED: Final = ("fvc", "svc")
"""Endpoints with guides: vital capacity in % predicted."""

_GUIDED_TICKS: Final = (0.0, *FVC_GUIDES, 120.0)
_HOVER: Final = {"hovertemplate": "%{customdata[1]}<extra></extra>"}
_ROOM: Final = 8.0
"""Pixels left of and right of the words on the slope before."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one panel shows.

    Parameters
    ----------
    result, course, gap
        The endpoint, the patient's course, and observed minus projected at the last visit.
    patient, name
        Position in ``Trial.patient_ids``, and what the patient is called.
    middle
        Middle half of the cohort, or ``None``.
    second, second_name
        Course of a second patient, or ``None``, and what that one is called.
    zoom
        Whether the value axis fits the data.
    """

    result: EndpointComparison
    course: Course
    gap: Gap | None
    patient: int
    name: str
    middle: Middle | None
    second: Course | None
    second_name: str
    zoom: bool


class Panel:
    """Draws one endpoint into its part of the figure.

    Parameters
    ----------
    fig, look, axis, domain
        The figure, its colours, the value axis and where it lies in paper coordinates.
    comparison, shown
        Settings and unit, and what is shown.

    Notes
    -----
    The words are left in ``notes``: plotly checks all annotations anew at each one that is added.
    """

    def __init__(
        self,
        fig: Sketch,
        look: Look,
        axis: str,
        domain: tuple[float, float],
        comparison: Comparison,
        shown: Shown,
    ) -> None:
        self.fig, self.look, self.axis, self.domain = fig, look, axis, domain
        self.comparison, self.shown = comparison, shown
        self.course = shown.course
        self.endpoint: Endpoint = shown.result.endpoint
        self.limits = self.endpoint.axis
        self.title = ""
        self.notes: list[dict[str, object]] = []

    def draw(self, trial: Trial) -> None:
        """Draw bands, lines and visits, from back to front, and gather the words in ``notes``."""
        self._value_axis()
        look, one = self.look, self.course
        self._middle()
        self._band(one.projection, look.projection_band)
        self._band(one.before_line, look.before_band)
        self._band(one.after_line, look.after_band)
        toward = "by the run-in shrunken toward the natural history"
        self._line(one.shrunken, look.before, 1.2, "1px,4px", toward)
        self._line(one.projection, look.before, 2, "2px,4px", "had the run-in gone on")
        self._line(one.before_line, look.before, 2.5)
        self._line(one.after_line, look.after, 2.5)
        self._second()
        self._visits(trial)
        self._end_labels(self._before_words())

    def _value_axis(self) -> None:
        endpoint = self.endpoint
        low, high = endpoint.axis
        values = self._values()
        words = value_words(endpoint)
        if self.shown.zoom and values.size:
            room = max(0.04 * (high - low), 0.1 * float(np.ptp(values)))
            whole = 1.0 if high > 20 else 0.1
            low = max(low, whole * math.floor((float(values.min()) - room) / whole))
            high = whole * math.ceil((float(values.max()) + room) / whole)
            words += f", axis from {low:g}"
        elif values.size and float(values.max()) > high:
            high = min(endpoint.high, float(values.max()) * 1.02)
        edge = 0.0 if self.shown.zoom else 0.015 * (high - low)
        self.limits = (low, high)
        axis = {
            "domain": list(self.domain),
            "range": [low - edge, high + edge],
            "tickvals": self._ticks(low, high),
            "showgrid": True,
            "anchor": "x",
        }
        self.fig.update_layout({"yaxis" + self.axis[1:]: axis})
        self.title = panel_title(endpoint, words)
        font = {"size": 14, "color": self.look.ink}
        place = {"xshift": 8 - LEFT, "yshift": 6, "font": font}
        self.notes.append(annotation(self.title, 0, self.domain[1], self.look, **place))
        for guide in self._guides(low, high):
            ends = dict(zip(("x0", "x1"), self.fig.layout.xaxis.range, strict=True))
            line = {"color": self.look.ink3, "width": 1, "dash": "2px,3px"}
            place = {"xref": "x", "yref": self.axis, "y0": guide, "y1": guide} | ends
            self.fig.add_shape(type="line", layer="between", line=line, **place)

    def _values(self) -> npt.NDArray[np.float64]:
        """Return the values that the axis must hold; not those set aside as impossible."""
        one, second = self.course, self.shown.second
        low, high = self.endpoint.axis
        values = [
            shown.value[shown.analysable | ((shown.value >= low) & (shown.value <= high))]
            for shown in (one, second)
            if shown is not None
        ]
        if self.shown.zoom and one.projection is not None:
            values += [one.projection.value, one.projection.low, one.projection.high]
        every = np.concatenate(values)
        return every[np.isfinite(every)]

    def _guides(self, low: float, high: float) -> list[float]:
        return [g for g in FVC_GUIDES if self.endpoint.key in _GUIDED and low < g < high]

    def _ticks(self, low: float, high: float) -> list[float]:
        guides = self._guides(low, high)
        if not self.shown.zoom:
            ticks = _GUIDED_TICKS if self.endpoint.key in _GUIDED else self.endpoint.ticks
            return [t for t in ticks if low <= t <= high]
        near = 0.09 * (high - low)
        usual = nice_ticks(low, high).tolist()
        return sorted(guides + [t for t in usual if all(abs(t - g) >= near for g in guides)])

    def _middle(self) -> None:
        """Draw the middle half of the cohort, in pieces where too few are there."""
        middle = self.shown.middle
        if middle is None:
            return
        for piece in _pieces(np.isfinite(middle.lower)):
            month, low, high = (a[piece] for a in (middle.month, middle.lower, middle.upper))
            line = Line(month, middle.median[piece], low, high)
            self._band(line, self.look.middle_band)

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

    def _line(
        self, line: Line | None, colour: str, width: float, dash: str = "solid", words: str = ""
    ) -> None:
        if line is None:
            return
        hover: dict[str, Any] = {"hoverinfo": "skip"}
        if words:
            confidence = self.comparison.settings.confidence
            hover = _HOVER | {"customdata": line_hovers(line, words, self.endpoint, confidence)}
        self.fig.add_scatter(
            x=line.month,
            y=line.value,
            yaxis=self.axis,
            mode="lines",
            line={"color": colour, "width": width, "dash": dash},
            **hover,
        )

    def _second(self) -> None:
        """Draw a second patient in thin ink: visits small and hollow, fits dashed."""
        second, look = self.shown.second, self.look
        if second is None:
            return
        for line in (second.before_line, second.after_line):
            self._line(line, look.ink, 1.2, "6px,3px")
        style = (look.bg, look.ink, 5, 1.0)
        self._markers(second, second.analysable, style, self.shown.second_name)

    def _visits(self, trial: Trial) -> None:
        one, look = self.course, self.look
        groups = (
            (one.before, look.bg, look.before),
            (one.after & ~one.before, look.after, look.after),
            (~one.before & ~one.after, look.bg, look.dim),
        )
        for chosen, fill, edge in groups:
            if chosen.any():
                self._markers(one, chosen, (fill, edge, 8, 1.6), self.shown.name, trial)

    def _markers(
        self,
        course: Course,
        chosen: npt.NDArray[np.bool_],
        style: tuple[str, str, float, float],
        name: str,
        trial: Trial | None = None,
    ) -> None:
        fill, edge, size, width = style
        # A click on a visit of the patient's own says which row of the measurements it is.
        rows = [str(k) if trial is not None else "" for k in course.position[chosen].tolist()]
        texts = visit_hovers(self.shown.result, course, chosen, name, trial)
        self.fig.add_scatter(
            x=course.month[chosen],
            y=np.clip(course.value[chosen], *self.limits),
            yaxis=self.axis,
            mode="markers",
            marker={
                "symbol": self.endpoint.marker,
                "size": size,
                "color": fill,
                "line": {"color": edge, "width": width},
            },
            customdata=list(zip(rows, texts, strict=True)),
            **_HOVER,
        )

    def _before_words(self) -> str:
        """Say the slope before, its interval and n in the emptier of the two left corners.

        Words wider than the run-in is drawn are returned instead: right of day 0 they would be
        taken for the slope after.
        """
        one, result, look = self.course, self.shown.result, self.look
        if one.before_line is None:
            return ""
        room = pixels_of(0.0, tuple(self.fig.layout.xaxis.range)) - _ROOM
        visits = int(one.before.sum())
        for shape in SHAPES:
            text = slope_words(self.comparison, result, "before", self.shown.patient, visits, shape)
            width = max(map(text_width, plain_lines(text))) + _ROOM
            if width <= room:
                break
        else:
            return text
        start, end = self.fig.layout.xaxis.range
        reach = start + (end - start) * width / (NARROWEST - LEFT - RIGHT)
        near = one.value[(one.month <= reach) & np.isfinite(one.value)]
        line = one.before_line
        drawn = [line.value, line.low, line.high]
        every = np.concatenate((near, *(part[line.month <= reach] for part in drawn)))
        every = every[np.isfinite(every)]
        low, high = self.limits
        bottom = not every.size or float(every.min()) - low >= high - float(every.max())
        place = {"y": self.domain[0], "yanchor": "bottom", "yshift": 4}
        if not bottom:
            place = {"y": self.domain[1], "yanchor": "top", "yshift": -4}
        # On a ground of their own: hairlines of events and the grid lie behind them.
        place |= {"xshift": 4, "font": {"size": 13, "color": look.before_text}, "bgcolor": look.bg}
        self.notes.append(annotation(text, 0, 0, look) | place)
        return ""

    def _end_labels(self, before: str) -> None:
        """Name every line at its right end, pushed apart; the run-in too where it is too short."""
        labels = self._labels()
        if before and self.course.before_line is not None:
            at = float(self.course.before_line.value[0])
            labels.insert(0, (at, before, self.look.before_text))
        low, high = self.limits
        heights = [LINE * (text.count("<br>") + 1.0) for _, text, _ in labels]
        wanted = [PANEL * (value - low) / (high - low) for value, _, _ in labels]
        placed = stack(wanted, heights, PANEL + 4.0, 5.0)
        for (_, text, colour), at in zip(labels, placed, strict=True):
            y = self.domain[0] + at / PANEL * (self.domain[1] - self.domain[0])
            place = {"xshift": 10, "yanchor": "middle", "font": {"size": 13, "color": colour}}
            self.notes.append(annotation(text, 1, y, self.look, **place))

    def _labels(self) -> list[tuple[float, str, str]]:
        look, one, shown = self.look, self.course, self.shown
        labels: list[tuple[float, str, str]] = []
        if one.after_line is not None:
            text = slope_words(
                self.comparison, shown.result, "after", shown.patient, int(one.after.sum())
            )
            labels.append((float(one.after_line.value[-1]), text, look.after))
        if one.projection is not None:
            end = float(one.projection.value[-1])
            words = projection_words(self.comparison, shown.result, one.projection, shown.gap)
            labels.append((end, words, look.before_text))
        if one.shrunken is not None:
            words = "run-in shrunken toward<br>the natural history"
            labels.append((float(one.shrunken.value[-1]), words, look.before_text))
        if shown.middle is not None:
            known = np.flatnonzero(np.isfinite(shown.middle.lower))
            if known.size:
                k, seen = known[-1], shown.middle.n[known]
                n = f"{seen.min()}" if seen.min() == seen.max() else f"{seen.min()}–{seen.max()}"
                at = float(shown.middle.lower[k] + shown.middle.upper[k]) / 2
                labels.append((at, f"middle half, n = {n}", look.ink3))
        return labels + self._second_label()

    def _second_label(self) -> list[tuple[float, str, str]]:
        second = self.shown.second
        if second is None:
            return []
        line = second.after_line or second.before_line
        known = np.flatnonzero(second.analysable & np.isfinite(second.month))
        if line is not None:
            at = float(line.value[-1])
        elif known.size:
            at = float(second.value[known[np.argmax(second.month[known])]])
        else:
            return []
        return [(at, escape(short_name(self.shown.second_name)), self.look.ink)]


def _pieces(known: npt.NDArray[np.bool_]) -> Sequence[slice]:
    """Return the stretches of at least two neighbours that are known."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    return [slice(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 1]
