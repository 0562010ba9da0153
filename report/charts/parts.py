"""Pieces that several figures share: ticks, time axis, day-0 rule, empty figure, print frame."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from data.endpoints import Endpoint
from report.charts.late_notes import LateNotes
from report.charts.sketch import Sketch
from report.look import Look, annotation, escape, template
from report.numbers import MINUS, signed

MAX_LINES = 500
SAMPLE_LINES = 200


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a figure that leaves the screen.

    Parameters
    ----------
    title, subtitle
        The two lines on top.
    footer
        Trial, n, settings, version and date, in small type below.
    note
        What must stand beside the figure on the screen and in its numbers, such as the equation of
        values derived from litres; part of the footer too.
    untreated
        What untreated trials with this run-in look like, where the figure shows the result; part of
        the footer too, and of the numbers.
    """

    title: str
    subtitle: str
    footer: str
    note: str = ""
    untreated: str = ""


Names = tuple[str, ...]
"""What each patient is called in a figure, in the order of the trial."""


def figure(look: Look, height: int, margin: dict[str, int], **layout: Any) -> go.Figure:
    """Return an empty figure in the look, with a fixed height so that nothing jumps."""
    return LateNotes(
        layout={"template": template(look), "height": height, "margin": margin} | layout
    )


def empty(look: Look, height: int, sentence: str) -> go.Figure:
    """Return a figure that says in its centre why there is nothing to show."""
    fig = figure(look, height, {"l": 24, "r": 24, "t": 24, "b": 24})
    fig.update_xaxes(visible=False)
    fig.update_yaxes(visible=False)
    fig.add_annotation(
        annotation(
            "<br>".join(wrap(sentence, 52)),
            0.5,
            0.5,
            look,
            xanchor="center",
            yanchor="middle",
            align="center",
            font={"size": 14, "color": look.ink2},
        )
    )
    return fig


def wrap(text: str, width: int) -> list[str]:
    """Break a sentence into lines of at most ``width`` characters; plotly does not wrap."""
    lines, line = [], ""
    # Only at plain spaces: what a no-break space joins stays on one line.
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line]


def nice_ticks(low: float, high: float, about: int = 5) -> npt.NDArray[np.float64]:
    """Return round tick values inside a range."""
    if not high > low:
        return np.asarray([low])
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return np.asarray([round(k * step, 10) for k in range(first, last + 1)])


def tick_texts(ticks: Iterable[float]) -> list[str]:
    """Write ticks with their sign and as many decimals as their step needs."""
    values = list(ticks)
    step = min((b - a for a, b in itertools.pairwise(values)), default=1.0)
    decimals = next((d for d in (0, 1, 2) if abs(step * 10**d - round(step * 10**d)) < 1e-6), 3)
    return [signed(value, decimals) for value in values]


def month_range(months: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return a time range that holds every month given, with a little room at both ends."""
    known = months[np.isfinite(months)]
    if not known.size:
        return -6.0, 6.0
    low, high = float(known.min()), float(known.max())
    low, high = min(low, 0.0), max(high, 0.0)
    room = max(0.4, 0.03 * (high - low))
    return low - room, high + room


def month_ticks(low: float, high: float, unit: float = 2.0) -> npt.NDArray[np.float64]:
    """Return ticks every ``unit`` months, or at wider multiples of it where that would crowd."""
    step = next(
        (unit * k for k in (1, 2, 3, 4, 6, 12, 24) if (high - low) / (unit * k) <= 12), 120.0
    )
    return np.arange(math.ceil(low / step) * step, high + 1e-9, step, dtype=np.float64)


def month_text(month: float) -> str:
    """Write a month on an axis."""
    return f"{month:g}".replace("-", MINUS)


def panel_title(endpoint: Endpoint, words: str) -> str:
    """Return the title of a panel: the endpoint in bold, the unit regular, the equation if any."""
    derived = f" · {endpoint.equation}" if endpoint.equation else ""
    return f"<b>{endpoint.label}</b> {words}{derived}"


def value_words(endpoint: Endpoint) -> str:
    """Return what an endpoint's values are, such as "total, points"."""
    return f"total, {endpoint.unit}" if endpoint.key == "alsfrs_r" else endpoint.unit


def day0_rule(
    fig: go.Figure | Sketch,
    look: Look,
    panels: Sequence[tuple[str, float, float]],
    top: float = 1.0,
) -> None:
    """Draw the vertical rule at day 0 through a stack of panels, with its label on top.

    Parameters
    ----------
    fig, look
        Figure and colours.
    panels
        Value axis of each panel and the ends of its range. Between the panels the rule lies on
        paper coordinates; inside one it must use the panel's own axis to lie over the grid and
        under the data.
    top
        Upper end of the stack in paper coordinates.
    """
    line = {"color": look.ink, "width": 1.3}
    rule = {"type": "line", "xref": "x", "x0": 0, "x1": 0, "line": line}
    fig.add_shape(**rule, yref="paper", y0=0, y1=top, layer="below")
    for axis, low, high in panels:
        fig.add_shape(**rule, yref=axis, y0=low, y1=high, layer="between")
    font = {"size": 13, "color": look.ink}
    fig.add_annotation(
        annotation(
            "<b>transplant</b>", 0, top, look, xref="x", xanchor="center", yshift=2, font=font
        )
    )


def gaps(columns: list[npt.NDArray[Any]], breaks: npt.NDArray[np.int64]) -> list[list[Any]]:
    """Return columns as lists with ``None`` at each break, so that one trace holds many lines."""
    result = []
    for column in columns:
        pieces: list[Any] = []
        for piece in np.split(column, breaks):
            pieces.extend(piece.tolist())
            pieces.append(None)
        result.append(pieces[:-1])
    return result


def with_frame(
    fig: go.Figure, frame: Frame, look: Look, *, width: int, simulated: bool
) -> go.Figure:
    """Add title, subtitle and footer for print at some width, and make room for them."""
    margin = fig.layout.margin
    top, bottom = int(margin.t or 0), int(margin.b or 0)
    subtitle = wrap(frame.subtitle, round(width / 6.6)) if frame.subtitle else []
    footer = wrap(frame.footer, round(width / 5.4))
    head, foot = 50 + 19 * len(subtitle), 20 + 14 * len(footer)
    fig.update_layout(
        height=int(fig.layout.height) + head + foot,
        margin={"t": top + head, "b": bottom + foot},
    )
    left = 8 - int(margin.l or 0)
    line = annotation(
        f"<b>{escape(frame.title)}</b>",
        0,
        1,
        look,
        xshift=left,
        yshift=top + head - 34,
        font={"size": 17, "color": look.ink},
    )
    notes = [line]
    for k, text in enumerate(subtitle):
        at = top + head - 56 - 19 * k
        notes.append(annotation(escape(text), 0, 1, look, xshift=left, yshift=at))
    notes.append(
        annotation(
            "<br>".join(escape(text) for text in footer),
            0,
            0,
            look,
            yanchor="top",
            xshift=left,
            yshift=-(bottom + 12),
            font={"size": 11, "color": look.ink3},
        )
    )
    if simulated:
        notes.append(simulated_note(look, yshift=top + head - 30, margin=margin))
    # Plotly checks all annotations anew at each one that is added.
    fig.layout.annotations = [*fig.layout.annotations, *notes]
    return fig


def simulated_note(look: Look, *, yshift: int, margin: Any) -> dict[str, Any]:
    """Return the words "simulated data" for the top right corner."""
    return annotation(
        "simulated data",
        1,
        1,
        look,
        xanchor="right",
        xshift=int(margin.r or 0) - 8,
        yshift=yshift,
        font={"size": 12.5, "color": look.ink3},
    )
