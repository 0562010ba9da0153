"""One patient: every endpoint around day 0 on one time axis, with events, items and stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.cohort import middle_course, visit_spacing
from analysis.comparison import Comparison, EndpointComparison
from analysis.course import Course, course
from analysis.events import event_table
from analysis.item_course import DomainCourse, ItemCourse, domain_courses, item_course
from analysis.projection import gap_at_last_visit
from analysis.staging import stage_visits
from data.trial import FloatArray, Trial
from report.charts.parts import empty, month_range, month_text, month_ticks
from report.charts.patient_events import draw_day0, draw_events, marks_of, near_visits, rows_of
from report.charts.patient_panel import Panel, Shown
from report.charts.patient_ribbons import (
    DOMAIN,
    ITEM_ROW,
    ITEMS,
    RIBBON,
    RIBBON_GAP,
    Ribbon,
    draw_domain,
    draw_items,
    draw_ribbons,
    ribbons_of,
)
from report.charts.patient_space import GAP, LEFT, LINE, PANEL, RIGHT, Part, domains
from report.charts.sketch import Sketch
from report.look import Look, annotation
from report.patient_card import Background

TOP: Final = 62
BOTTOM: Final = 56
_STRIP_GAP: Final = 24
_TITLED_GAP: Final = 40
_DOMAIN_GAP: Final = 14
_TAIL: Final = 0.06
"""Share of the time axis that the last visit's cell of a strip takes."""


@dataclass(frozen=True, slots=True)
class PatientView:
    """What stands beside a patient's own course.

    Parameters
    ----------
    cohort_band
        Whether the middle half of the cohort lies behind it.
    second, second_name
        Position of a second patient to compare with, and what that one is called.
    items
        Whether the items, or else the domains, stand below.
    stages
        Whether the stage ribbons stand below.
    cautious
        For files that leave the room: events by their kind instead of in the words of the file.
    known
        Stages and events of everybody under the settings of the comparison; worked out where it is
        ``None``, which takes long in a large trial.
    """

    cohort_band: bool = False
    second: int | None = None
    second_name: str = ""
    items: bool = True
    stages: bool = True
    cautious: bool = False
    known: Background | None = None


@dataclass(frozen=True, slots=True)
class _Strips:
    """What stands under the panels of the endpoints."""

    items: ItemCourse | None
    domains: tuple[DomainCourse, ...]
    ribbons: tuple[Ribbon, ...]

    @property
    def parts(self) -> list[Part]:
        found = [Part(len(ITEMS) * ITEM_ROW, _TITLED_GAP)] if self.items else []
        for k in range(len(self.domains)):
            found.append(Part(DOMAIN, _DOMAIN_GAP if k else _TITLED_GAP))
        if self.ribbons:
            found.append(Part(len(self.ribbons) * (RIBBON + RIBBON_GAP), _STRIP_GAP))
        return found

    @property
    def months(self) -> list[FloatArray]:
        items = [] if self.items is None else [self.items.month]
        return [*items, *(r.month for r in self.ribbons), *(d.month for d in self.domains)]


def patient_figure(
    trial: Trial,
    comparison: Comparison,
    results: Sequence[EndpointComparison],
    patient: int,
    name: str,
    look: Look,
    *,
    zoom: bool = False,
    view: PatientView | None = None,
) -> go.Figure:
    """Draw one patient's course, one panel an endpoint, with events above and strips below.

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
    view
        What stands beside the course; by default items and stages where there are any.
    """
    if not results:
        return empty(look, 2 * PANEL, "The trial has no value of the chosen endpoints.")
    view, settings = view or PatientView(), comparison.settings
    courses = [course(trial, result, patient, settings) for result in results]
    has_day0 = courses[0].has_day0
    others = _second_courses(trial, comparison, results, view) if has_day0 else None
    strips = _strips(trial, comparison, results, patient, view)
    known = view.known
    events = (known.events if known else event_table(trial, settings)).of(patient)
    seen = np.concatenate([c.month for c in (*courses, *(others or ()))] + strips.months)
    months = _months(seen, near_visits(events, seen), strips)
    parts = [Part(PANEL, GAP) for _ in results] + strips.parts
    inner, places = domains(parts)
    marks = marks_of(events, months, name, cautious=view.cautious) if has_day0 else []
    fig = Sketch(look, inner, {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM})
    _time_axis(fig, look, months, f"y{len(parts)}" if len(parts) > 1 else "y", has_day0=has_day0)
    title, notes = "", []
    for k, (result, one) in enumerate(zip(results, courses, strict=True)):
        gap = gap_at_last_visit(result, patient, settings.confidence)
        points = result.slopes.points
        middle = middle_course(points, visit_spacing(points)) if view.cohort_band else None
        second = others[k] if others else None
        shown = Shown(
            result, one, gap, patient, name, middle if has_day0 else None, second,
            view.second_name, zoom,
        )  # fmt: skip
        panel = Panel(fig, look, _axis(k), places[k], comparison, shown)
        panel.draw(trial)
        notes += panel.notes
        title = title or panel.title
    axes = [_axis(k) for k in range(len(results) + len(strips.domains))]
    notes += _draw_strips(fig, look, strips, places[len(results) :], len(results), name)
    rows, day0_row = rows_of(marks, months, _plain(title), has_day0=has_day0)
    if has_day0:
        draw_day0(fig, look, axes, day0_row)
        notes += draw_events(fig, look, marks, rows, "y")
    top = TOP + (LINE + 1) * max(0, max([day0_row, *rows]) - 1)
    fig.layout.annotations = [*fig.layout.annotations, *notes]
    fig.update_layout(height=inner + top + BOTTOM, margin={"t": top})
    return fig.figure()


def _axis(number: int) -> str:
    return "y" if number == 0 else f"y{number + 1}"


def _plain(title: str) -> str:
    return title.replace("<b>", "").replace("</b>", "")


def _second_courses(
    trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison], view: PatientView
) -> list[Course] | None:
    """Return the courses of the second patient; none without a day 0 to set them side by side."""
    if view.second is None:
        return None
    found = [course(trial, result, view.second, comparison.settings) for result in results]
    return found if found[0].has_day0 else None


def _strips(
    trial: Trial,
    comparison: Comparison,
    results: Sequence[EndpointComparison],
    patient: int,
    view: PatientView,
) -> _Strips:
    settings = comparison.settings
    items = item_course(trial, settings, patient) if view.items else None
    shown = tuple(result.endpoint.key for result in results)
    parts = domain_courses(trial, settings, patient, shown) if view.items and not items else ()
    if not view.stages:
        return _Strips(items, parts, ())
    stages = view.known.stages if view.known else stage_visits(trial, settings)
    return _Strips(items, parts, ribbons_of(stages, patient))


def _months(seen: FloatArray, events: FloatArray, strips: _Strips) -> tuple[float, float]:
    """Return the ends of the time axis: visits, near events, and room for the last visit's cell."""
    low, high = month_range(np.concatenate((seen, events)))
    cells = np.concatenate([np.empty(0), *strips.months])
    if cells.size and (strips.items or strips.ribbons):
        high = max(high, float(cells.max()) + _TAIL * (high - low))
    return low, high


def _time_axis(
    fig: Sketch, look: Look, months: tuple[float, float], anchor: str, *, has_day0: bool
) -> None:
    ticks = month_ticks(*months)
    words = "months from the transplant" if has_day0 else "months from the first visit"
    fig.update_layout(
        xaxis={
            "range": list(months),
            "tickvals": ticks,
            "ticktext": [month_text(t) for t in ticks],
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "anchor": anchor,
            "title": {"text": words, "font": {"size": 13, "color": look.ink2}, "standoff": 6},
        }
    )


def _draw_strips(
    fig: Sketch,
    look: Look,
    strips: _Strips,
    places: Sequence[tuple[float, float]],
    first: int,
    name: str,
) -> list[dict[str, object]]:
    """Draw items or domains, then ribbons, into the value axes from number ``first`` on.

    Returns the words that belong to them.
    """
    low, high = fig.layout.xaxis.range
    tail = _TAIL * (high - low)
    axes = [_axis(first + k) for k in range(len(places))]
    for axis, ends in zip(axes, places, strict=True):
        fig.update_layout({"yaxis" + axis[1:]: {"domain": list(ends), "anchor": "x"}})
    notes = []
    title = ""
    if strips.items is not None:
        draw_items(fig, look, axes[0], strips.items, name, tail)
        title = "<b>Items</b> 0 to 4, stronger where more is lost"
    for axis, domain in zip(axes, strips.domains, strict=False):
        notes.append(draw_domain(fig, look, axis, domain, name))
        title = "<b>Domains</b> points"
    if strips.ribbons:
        draw_ribbons(fig, look, axes[-1], strips.ribbons, name, tail)
    if title:
        place = {"xshift": 8 - LEFT, "yshift": 6, "font": {"size": 14, "color": look.ink}}
        notes.append(annotation(title, 0, places[0][1], look, **place))
    return notes
