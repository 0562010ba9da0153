"""One patient on one page: figure, numbers and visits for print, without anything that names them.

The page carries months instead of dates, the name that exports use, and kinds of events instead of
the words of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from analysis.comparison import Comparison, EndpointComparison
from analysis.course import Course, course
from analysis.staging import StageTable
from data.trial import Trial
from report import patient_words as words
from report.charts.parts import month_range, month_ticks
from report.frames import frame_for
from report.look import LIGHT
from report.numbers import count, signed
from report.patient_card import (
    Background,
    background,
    endpoint_card,
    event_words,
    status_lines,
)
from report.print_figures import (
    HEIGHT,
    MARGIN,
    WIDTH,
    Segment,
    axes_at,
    draw_course,
    draw_ribbon,
    page,
    panel_words,
    pdf_bytes,
    text_width,
    wrapped,
    write,
    write_months,
)
from report.stage_words import runs_of
from report.tables import course_numbers, export_names

MOST_ENDPOINTS: Final = 3
"""Endpoints that have room on the page; the others are counted."""

_ROOM: Final = WIDTH - 2 * MARGIN
_LEFT: Final = MARGIN + 7
_LINE: Final = 3.5
_FIGURE: Final = 104.0
_ROW: Final = 3.7
_FOOT: Final = HEIGHT - 16


def patient_sheet(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
    day: date,
) -> bytes:
    """Return one patient's page as PDF, A4 upright.

    Parameters
    ----------
    trial, comparison
        The trial, and its comparison under the current settings.
    results
        The endpoints to show; the first ``MOST_ENDPOINTS`` of them.
    patient
        Position in ``Trial.patient_ids``.
    day
        Date on the page; the same day gives the same bytes.

    Returns
    -------
    bytes
        The file, with its fonts.
    """
    fig = sheet_page(trial, comparison, results, patient, day)
    return pdf_bytes(fig, f"Patient {export_names(trial)[patient]}", day)


def sheet_page(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
    day: date,
) -> Figure:
    """Return the page of :func:`patient_sheet` before it is written to a file."""
    known = background(trial, comparison.settings)
    shown, name = results[:MOST_ENDPOINTS], export_names(trial)[patient]
    fig = page()
    at = _head(fig, trial, patient, name)
    at = _cards(fig, trial, comparison, shown, patient, at)
    courses = [course(trial, result, patient, comparison.settings) for result in shown]
    at = _courses(fig, shown, courses, known, patient, at + 6)
    at = _facts(fig, trial, results, patient, known, at + 4)
    _visits(fig, trial, comparison, known, patient, at + 5)
    footer = frame_for("", "", comparison, trial, made=day).footer
    for k, line in enumerate(wrapped(footer, _ROOM, 6.5)[:3]):
        write(fig, line, (MARGIN, _FOOT + 5 + 2.8 * k), 6.5, colour=LIGHT.ink3)
    return fig


def _head(fig: Figure, trial: Trial, patient: int, name: str) -> float:
    title = wrapped(f"Patient {name}", _ROOM - 32, 15)
    head = title[0] if len(title) == 1 else f"{title[0]} …"
    write(fig, head, (MARGIN, 17), 15, bold=True, colour=LIGHT.ink)
    if trial.simulated:
        write(fig, "simulated data", (WIDTH - MARGIN, 17), 9, colour=LIGHT.ink3, align="right")
    about = " · ".join([trial.title, *words.who(trial, patient, cautious=True)])
    lines = wrapped(about, _ROOM, 8.5)[:2]
    for k, line in enumerate(lines):
        write(fig, line, (MARGIN, 22.5 + 4 * k), 8.5)
    return 22.5 + 4 * len(lines) + 3


def _cards(
    fig: Figure,
    trial: Trial,
    comparison: Comparison,
    results: Sequence[EndpointComparison],
    patient: int,
    top: float,
) -> float:
    """Write the cards side by side; return where the longest one ends."""
    gap, n = 6.0, max(1, len(results))
    width = (_ROOM - gap * (n - 1)) / n
    lowest = top
    for k, result in enumerate(results):
        card = endpoint_card(trial, comparison, result, patient)
        left, y = MARGIN + k * (width + gap), top
        for line in wrapped(card.heading, width, 9.5):
            write(fig, line, (left, y), 9.5, bold=True, colour=LIGHT.ink)
            y += 4.2
        for label, text in card.lines:
            for line in wrapped(f"{label}: {text}" if label else text, width, 7.5):
                write(fig, line, (left, y), 7.5)
                y += _LINE
        lowest = max(lowest, y)
    return lowest


def _courses(
    fig: Figure,
    results: Sequence[EndpointComparison],
    courses: Sequence[Course],
    known: Background,
    patient: int,
    top: float,
) -> float:
    """Draw a panel an endpoint and the ribbons under them; return where the figure ends."""
    if not courses:
        return top
    has_day0 = courses[0].has_day0
    months = month_range(np.concatenate([one.month for one in courses]))
    ticks = month_ticks(*months).tolist()
    width = _ROOM - (_LEFT - MARGIN) - 16
    panel = (_FIGURE - 9.0 * (len(courses) - 1) - 8) / len(courses)
    for k, (result, one) in enumerate(zip(results, courses, strict=True)):
        head = top + k * (panel + 9)
        bold, plain_words = panel_words(result.endpoint)
        write(fig, bold, (MARGIN, head - 2.5), 9, bold=True, colour=LIGHT.ink)
        after = MARGIN + text_width(bold, 9, bold=True) + 2
        write(fig, plain_words, (after, head - 2.5), 9)
        draw_course(axes_at(fig, (_LEFT, head, width, panel)), result.endpoint, one, months, ticks)
    if has_day0:
        at = _LEFT + width * (0 - months[0]) / (months[1] - months[0])
        write(fig, "transplant", (at, top - 2), 7.5, bold=True, colour=LIGHT.ink, align="center")
    y = top + len(courses) * (panel + 9) - 9 + 2
    y = _ribbons(fig, known.stages, patient, months, (_LEFT, width, y)) if has_day0 else y
    write_months(fig, ticks, months, (_LEFT, width, y + 2.5))
    start = "the transplant" if has_day0 else "the first visit"
    write(fig, f"months from {start}", (_LEFT + width / 2, y + 6), 7.5, align="center")
    legend = (
        "Hollow: before; filled: after; pale: not used. Bands: confidence of each line. Dotted: "
        "the run-in projected beyond the transplant, with its prediction band."
    )
    write(fig, legend, (MARGIN, y + 10), 7, colour=LIGHT.ink3)
    return y + 10


def _ribbons(
    fig: Figure,
    stages: StageTable | None,
    patient: int,
    months: tuple[float, float],
    place: tuple[float, float, float],
) -> float:
    left, width, top = place
    if stages is None or not (mine := stages.rows_of(patient)).size:
        return top
    for name, system in (("King’s", stages.kings), ("MiToS", stages.mitos)):
        labels = [(int(system.stage[i]), system.label(int(i))) for i in mine]
        pieces = stage_segments(stages.month[mine].tolist(), labels)
        draw_ribbon(axes_at(fig, (left, top, width, 4)), pieces, months)
        write(fig, name, (left + width + 2, top + 3), 7.5)
        top += 4.8
    return top


def stage_segments(months: Sequence[float], labels: Sequence[tuple[int, str]]) -> list[Segment]:
    """Join visits of one stage to segments; each stage holds until the next visit.

    Parameters
    ----------
    months
        Months of the visits, in their order.
    labels
        Stage (−1 where it is not certain) and label of each visit.
    """
    ends = [*months[1:], months[-1] + 0.3]
    return [(months[first], ends[last], *labels[first]) for first, last in runs_of(labels)]


def _facts(
    fig: Figure,
    trial: Trial,
    results: tuple[EndpointComparison, ...],
    patient: int,
    known: Background,
    top: float,
) -> float:
    lines = [f"{label}: {text}" for label, text in status_lines(trial, results[:3], patient, known)]
    if events := event_words(known.events, patient, cautious=True):
        lines.append(f"Events, months from day 0: {', '.join(events)}")
    if len(results) > MOST_ENDPOINTS:
        lines.append(f"{count(len(results) - MOST_ENDPOINTS, 'more endpoint')} not on this page")
    for text in lines:
        for line in wrapped(text, _ROOM, 7.5):
            write(fig, line, (MARGIN, top), 7.5)
            top += _LINE
    return top


def _visits(
    fig: Figure,
    trial: Trial,
    comparison: Comparison,
    known: Background,
    patient: int,
    top: float,
) -> None:
    """Write the table of visits in as many columns as fit; say how many did not."""
    rows = _visit_rows(trial, comparison, known, patient)
    write(fig, "Visits", (MARGIN, top), 9, bold=True, colour=LIGHT.ink)
    high = max(1, int((_FOOT - 2 - top - 2 * _ROW) // _ROW))
    columns = 2
    width = _ROOM / columns
    places = (0.0, 15.0, 44.0, 62.0)
    room = high * columns
    kept = rows if len(rows) <= room else rows[: room - 1]
    heads = ("month", "endpoint", "value", "used")
    for column in range(min(columns, -(-len(kept) // high)) if kept else 0):
        left = MARGIN + column * width
        for place, text in zip(places, heads, strict=True):
            write(fig, text, (left + place, top + _ROW), 7, colour=LIGHT.ink3)
        for k, row in enumerate(kept[column * high : (column + 1) * high]):
            for place, text in zip(places, row, strict=True):
                write(fig, text, (left + place, top + (k + 2) * _ROW), 7.5, colour=LIGHT.ink)
    if len(kept) < len(rows):
        more = f"and {len(rows) - len(kept)} more, in the table of the page"
        at = (MARGIN + width * (columns - 1), top + (high + 1) * _ROW)
        write(fig, more, at, 7.5)
    if not rows:
        write(fig, "no value", (MARGIN, top + _ROW), 7.5)


def _visit_rows(
    trial: Trial, comparison: Comparison, known: Background, patient: int
) -> list[tuple[str, str, str, str]]:
    table = course_numbers(trial, comparison, [patient], export_names(trial))
    if table.empty:
        return []
    with_day0 = bool(np.isfinite(known.zero[patient]))
    rows = []
    for label, month, value, used in zip(
        *(table[name].tolist() for name in ("endpoint", "month", "value", "counts")), strict=True
    ):
        when = signed(month, 1) if with_day0 and np.isfinite(month) else "–"
        rows.append((when, str(label).replace(", ", " ", 1), f"{value:g}", str(used)))
    return rows
