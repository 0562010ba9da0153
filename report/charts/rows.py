"""Figures made of rows: a name, an estimate with its interval, and numbers in columns beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import plotly.graph_objects as go

from report.charts.parts import figure, nice_ticks, tick_texts, wrap
from report.look import Look, annotation, escape

ROW: Final = 27
"""Height of one row in pixels."""

MOST_ROWS: Final = 40
"""Rows that are written out; beyond, names and columns would need a figure of many screens."""

Tone = Literal["plain", "accent", "amber", "untreated"]
_COLUMN_TOP: Final = 6
_LINE: Final = 18
_LETTERS: Final = 22
_TICKS: Final = 3
"""Few enough that their labels are not turned where the column of the values is narrow."""
_DENSE_SIZE: Final = 7


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a figure.

    Parameters
    ----------
    at
        Its place, counted in rows from the top.
    label
        Finished text on the left.
    low, value, high
        Estimate and interval; NaN ends where there is no interval.
    cells
        Finished texts of the columns.
    key
        Position of the patient that a click opens, or empty.
    hover
        Finished text.
    tone
        Colour of the mark.
    filled
        Whether the mark is filled.
    """

    at: float
    label: str
    low: float
    value: float
    high: float
    cells: tuple[str, ...] = ()
    key: str = ""
    hover: str = ""
    tone: Tone = "plain"
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """Where a column ends, in pixels right of the plot, and its head."""

    head: str
    right: int
    colour: str


def headed(
    look: Look, height: int, margin: dict[str, int], title: str, subtitle: str, **options: Any
) -> go.Figure:
    """Return an empty figure with a panel title and a subtitle above it.

    Parameters
    ----------
    look
        Colours.
    height, margin
        Of the figure without title and subtitle, which add to both.
    title, subtitle
        Finished texts; the subtitle is broken into lines.
    options
        ``width``: characters in a line of the subtitle (default 68); anything else goes into the
        layout.
    """
    lines = wrap(subtitle, options.pop("width", 68)) if subtitle else []
    room = 30 + _LINE * len(lines)
    below = margin["t"]
    fig = figure(look, height + room, margin | {"t": below + room}, **options)
    left = 8 - margin["l"]
    at = below + room - 24
    font = {"size": 14, "color": look.ink}
    fig.add_annotation(annotation(title, 0, 1, look, xshift=left, yshift=at, font=font))
    for k, text in enumerate(lines, start=1):
        place = at - _LINE * k
        fig.add_annotation(annotation(text, 0, 1, look, xshift=left, yshift=place))
    return fig


def row_axes(
    fig: go.Figure, look: Look, rows: float, extent: tuple[float, float], title: str
) -> None:
    """Set the axes of a figure of ``rows`` rows over values from ``extent``."""
    low, high = extent
    ticks = nice_ticks(low, high, _TICKS)
    fig.update_layout(
        xaxis={
            "range": [low, high],
            "tickvals": ticks,
            "ticktext": tick_texts(ticks),
            "showgrid": True,
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "zeroline": True,
            "zerolinecolor": look.ink,
            "zerolinewidth": 1.4,
            "title": {"text": title, "standoff": 6, "font": {"size": 13, "color": look.ink2}},
        },
        yaxis={"range": [rows - 0.4, -0.6], "fixedrange": True, "showticklabels": False},
    )


def room_for(values: Sequence[float]) -> tuple[float, float]:
    """Return a range that holds all finite values and 0, with a little room."""
    known = [v for v in values if math.isfinite(v)] + [0.0]
    low, high = min(known), max(known)
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def draw_rows(fig: go.Figure, look: Look, rows: Sequence[Row], marker: str, size: float) -> None:
    """Draw intervals and marks; an interval that excludes 0 is thicker.

    Where marks are small because rows are many, the intervals step back into grey.
    """
    dense = size < _DENSE_SIZE
    colours = {
        "plain": look.ink2,
        "accent": look.after,
        "amber": look.amber,
        "untreated": look.untreated,
    }
    for tone, colour in colours.items():
        for excludes, width in ((True, 2.0), (False, 1.4)):
            chosen = [
                r for r in rows if r.tone == tone and bool(r.low > 0 or r.high < 0) == excludes
            ]
            x: list[float | None] = []
            y: list[float | None] = []
            for r in chosen:
                if math.isfinite(r.low) and math.isfinite(r.high):
                    x += [r.low, r.high, None]
                    y += [r.at, r.at, None]
            if x:
                grey = look.ink3 if excludes else look.dim
                line = {"color": grey, "width": 1} if dense else {"color": colour, "width": width}
                fig.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")
    fig.add_scatter(
        x=[r.value for r in rows],
        y=[r.at for r in rows],
        mode="markers",
        marker={
            "symbol": marker,
            "size": size,
            "color": [colours[r.tone] if r.filled else look.bg for r in rows],
            "line": {"color": [colours[r.tone] for r in rows], "width": 0.8 if dense else 1.6},
        },
        customdata=[[r.key, r.hover] for r in rows],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def draw_mean(fig: go.Figure, look: Look, row: Row) -> None:
    """Draw the mean of all as a diamond with its thick interval."""
    if math.isfinite(row.low):
        fig.add_scatter(
            x=[row.low, row.high],
            y=[row.at, row.at],
            mode="lines",
            line={"color": look.after, "width": 3.2},
            hoverinfo="skip",
        )
    fig.add_scatter(
        x=[row.value],
        y=[row.at],
        mode="markers",
        marker={
            "symbol": "diamond",
            "size": 14,
            "color": look.after if row.filled else look.bg,
            "line": {"color": look.after, "width": 2.4},
        },
        customdata=[["", row.hover]],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def mean_through(fig: go.Figure, look: Look, mean: Row, bottom: float) -> None:
    """Draw the mean of all as a dotted line down through the other rows."""
    fig.add_shape(
        type="line", xref="x", yref="y", x0=mean.value, x1=mean.value, y0=mean.at, y1=bottom,
        layer="below", line={"color": look.after, "width": 1.3, "dash": "dot"},
    )  # fmt: skip


def write_rows(fig: go.Figure, look: Look, rows: Sequence[Row], columns: Sequence[Column]) -> None:
    """Write labels on the left and columns on the right of the plot."""
    texts = []
    for row in rows:
        place = {"yref": "y", "yanchor": "middle", "xanchor": "right"}
        texts.append(annotation(row.label, 0, row.at, look, xshift=-10, **place))
        for cell, column in zip(row.cells, columns, strict=True):
            font = {"size": 13, "color": column.colour}
            if cell:
                shift = column.right
                texts.append(annotation(cell, 1, row.at, look, xshift=shift, font=font, **place))
    for column in columns:
        font = {"size": 12.5, "color": look.ink3}
        head = {"xanchor": "right", "xshift": column.right, "yshift": _COLUMN_TOP, "font": font}
        texts.append(annotation(column.head, 1, 1, look, **head))
    # Added one by one, plotly would check all earlier ones again for each.
    fig.layout.annotations = [*fig.layout.annotations, *texts]


def words_apart(extent: tuple[float, float]) -> int:
    """Return by how much the direction words must stand above the heads of columns.

    Where 0 lies far on the right, the words beside it would run into the first column.
    """
    low, high = extent
    return _LINE if -low > 0.6 * (high - low) else 0


def direction_words(fig: go.Figure, look: Look, apart: int, *, rising: bool) -> None:
    """Write at the zero line what its two sides mean."""
    sides = ("lower", "higher") if rising else ("faster", "slower decline")
    font = {"size": 12.5, "color": look.ink3}
    above = _COLUMN_TOP + apart
    for text, anchor, shift in ((f"← {sides[0]}", "right", -8), (f"{sides[1]} →", "left", 8)):
        place = {"xref": "x", "xanchor": anchor, "xshift": shift, "yshift": above}
        fig.add_annotation(annotation(text, 0, 1, look, font=font, **place))


def value_band(fig: go.Figure, look: Look, low: float, high: float) -> None:
    """Tint the interval of the mean over all rows."""
    if math.isfinite(low) and math.isfinite(high):
        ends = {"x0": low, "x1": high, "y0": 0, "y1": 1}
        fig.add_shape(
            type="rect", xref="x", yref="paper", layer="below", fillcolor=look.after_tint,
            line={"width": 0}, opacity=0.7, **ends,
        )  # fmt: skip


def row_tint(fig: go.Figure, at: float, colour: str, high: float = 0.92) -> None:
    """Tint one row over the whole width of the figure; ``high`` is its height in rows."""
    # Far beyond both edges of the plot: the figure's own edge cuts it.
    fig.add_shape(
        type="rect", xref="paper", yref="y", x0=-3, x1=4, y0=at - high / 2, y1=at + high / 2,
        layer="below", fillcolor=colour, line={"width": 0},
    )  # fmt: skip


def short(name: str) -> str:
    """Return a name that fits beside its row, escaped; its end tells numbered names apart."""
    if len(name) <= _LETTERS:
        return escape(name)
    half = _LETTERS // 2
    return escape(f"{name[: half - 1]}…{name[-half:]}")


def left_margin(labels: Sequence[str]) -> int:
    """Return a left margin that holds the longest label."""
    return int(max(64, 24 + 7 * max((min(len(t), _LETTERS + 8) for t in labels), default=0)))


def chosen_evenly(n: int, most: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return up to ``most`` positions of ``n``, evenly, with both ends."""
    if n <= most:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, most).round().astype(np.int64))
