"""Events of one patient: dotted hairlines through all panels, with words on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.events import EventTable
from data.trial import FloatArray
from report.charts.parts import day0_rule
from report.charts.patient_space import LINE, pixels_of, rows_for, text_width
from report.charts.sketch import Sketch
from report.event_names import event_name
from report.look import Look, annotation, escape
from report.numbers import signed

DAY0_WORD: Final = "transplant"
_EARLIER, _LATER = 3.0, 6.0
"""Months before the first and after the last visit in which events widen the time axis."""

_LONGEST: Final = 24
_FIRST_ROW: Final = 8
_LEFTMOST: Final = -50.0


@dataclass(frozen=True, slots=True)
class Mark:
    """An event on the time axis.

    Parameters
    ----------
    month
        Where it is drawn; an end of the axis for events beyond it.
    words, hover
        What stands above it, and on it.
    drawn
        Whether it has a hairline; not beyond the axis, nor at day 0, which has a rule.
    """

    month: float
    words: str
    hover: str
    drawn: bool


def near_visits(events: EventTable, months: FloatArray) -> FloatArray:
    """Return the months of events that are near enough to the visits to widen the time axis."""
    known = months[np.isfinite(months)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    at = events.month[np.isfinite(events.month)]
    return at[(at >= min(low, 0.0) - _EARLIER) & (at <= max(high, 0.0) + _LATER)]


def marks_of(
    events: EventTable, months: tuple[float, float], name: str, *, cautious: bool = False
) -> list[Mark]:
    """Return the marks of one patient's events, sorted by time; events without a day have none.

    Parameters
    ----------
    events
        Of the patient.
    months
        Ends of the time axis.
    name
        What the patient is called.
    cautious
        Whether events are called by their kind instead of in the words of the file.
    """
    low, high = months
    found = []
    every = zip(events.month.tolist(), events.kind, events.label, strict=True)
    for month, kind, label in every:
        if not np.isfinite(month):
            continue
        whole = " ".join(event_name(kind, label, cautious=cautious).split())
        text = escape(whole if len(whole) <= _LONGEST else whole[: _LONGEST - 1].rstrip() + "…")
        when = signed(month, 1)
        hover = f"{escape(name)} · {escape(whole)}<br>{when if when != '0' else '0'} months"
        if month < low:
            found.append(Mark(low, f"◂ {text} {when}", hover, drawn=False))
        elif month > high:
            found.append(Mark(high, f"{text} {when} ▸", hover, drawn=False))
        else:
            found.append(Mark(month, text, hover, drawn=True))
    return found


def rows_of(
    marks: list[Mark], months: tuple[float, float], title: str, *, has_day0: bool
) -> tuple[list[int], int]:
    """Return the row of each mark's words, and that of the word at day 0, above the panel's title.

    Parameters
    ----------
    marks, months
        The marks, and the ends of the time axis.
    title
        Title of the first panel, in whose line the words of the lowest row stand.
    has_day0
        Whether there is a word at day 0.
    """
    taken = [(-60.0, text_width(title) - 40.0)]
    words = [mark.words for mark in marks]
    centres = [_centre(mark, months) for mark in marks]
    if has_day0:
        words, centres = [DAY0_WORD, *words], [pixels_of(0.0, months), *centres]
    rows = rows_for(centres, [text_width(word) for word in words], taken)
    return (rows[1:], rows[0]) if has_day0 else (rows, 0)


def _centre(mark: Mark, months: tuple[float, float]) -> float:
    """Return where the middle of the words lies; those at the left edge move into the figure."""
    return max(pixels_of(mark.month, months), _LEFTMOST + text_width(mark.words) / 2)


def draw_events(
    fig: Sketch, look: Look, marks: list[Mark], rows: list[int], axis: str
) -> list[dict[str, object]]:
    """Draw hairlines and ▾, and return the words; ``axis`` is that of the first panel's values."""
    months = tuple(fig.layout.xaxis.range)
    top = float(fig.layout["yaxis" + axis[1:]].range[1])
    shown = [mark for mark in marks if mark.drawn]
    hairline = {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "line": {"color": look.ink3, "width": 1, "dash": "2px,3px"},
    }
    lines = [hairline | {"x0": mark.month, "x1": mark.month} for mark in shown]
    fig.layout.shapes = [*fig.layout.shapes, *lines]
    if shown:
        fig.add_scatter(
            x=[mark.month for mark in shown],
            y=[top] * len(shown),
            yaxis=axis,
            mode="markers",
            cliponaxis=False,
            marker={"symbol": "triangle-down", "size": 7, "color": look.ink2},
            customdata=[["", mark.hover] for mark in shown],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )
    notes = []
    for mark, row in zip(marks, rows, strict=True):
        place = {"xref": "x", "xanchor": "center", "yshift": _FIRST_ROW + (LINE + 1) * row}
        place["xshift"] = _centre(mark, months) - pixels_of(mark.month, months)
        font = {"size": 12.5, "color": look.ink2}
        notes.append(annotation(mark.words, mark.month, 1, look, **place, font=font))
    return notes


def draw_day0(fig: Sketch, look: Look, axes: list[str], row: int) -> None:
    """Draw the rule of day 0 through all value axes, its word in the row given."""
    ranges = [fig.layout["yaxis" + axis[1:]].range for axis in axes]
    day0_rule(fig, look, [(axis, *ends) for axis, ends in zip(axes, ranges, strict=True)])
    fig.layout.annotations[-1].yshift = _FIRST_ROW - 2 + (LINE + 1) * row
