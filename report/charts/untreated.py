"""The mean changes of simulated untreated trials as 100 dots, cut at the one that was observed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.signed_rank import rounded
from analysis.untreated.outcome import UntreatedEndpoint
from data.trial import FloatArray, IntArray
from report.charts.parts import empty, nice_ticks, tick_texts
from report.charts.rows import headed
from report.look import Look, annotation
from report.numbers import count, plain, signed
from report.untreated_words import of_100

DOTS: Final = 100
"""Dots of a figure: each stands for one in so many of the simulated trials."""

_EMPTY: Final = 220
_MARGIN: Final = {"l": 20, "r": 20, "t": 44, "b": 50}
_PLOT: Final = 252
"""Pixels of the plot's height; the figure's subtitle of two lines takes the rest."""

_NARROWEST: Final = 370
"""Pixels of the plot's width in the narrowest card."""

_COLUMNS: Final = range(18, 75)
_LARGEST: Final = 10.0
_LETTERS: Final = 58


@dataclass(frozen=True, slots=True)
class Dots:
    """Simulated trials as dots in columns.

    Parameters
    ----------
    x
        Middle of each dot's column, in the unit of the changes.
    row
        Place of each dot in its column, from 0 upwards.
    filled
        How many dots, the last ones, are at least the observed change.
    low, high
        Ends of the changes that each dot stands for.
    trials
        How many simulated trials each dot stands for, on average.
    width
        Of a column.
    """

    x: FloatArray
    row: IntArray
    filled: int
    low: FloatArray
    high: FloatArray
    trials: FloatArray
    width: float

    @property
    def tallest(self) -> int:
        """Dots of the tallest column."""
        return int(self.row.max()) + 1


def filled_dots(found: UntreatedEndpoint) -> int:
    """Return how many of the dots are filled: the share as words give it, of 100.

    Less than 1 of 100 is no dot, more than 99 are all of them.
    """
    share = found.at_least.share
    if share < 1 / DOTS or share > 1 - 1 / DOTS:
        return 0 if share < 0.5 else DOTS
    return math.floor(DOTS * share + 0.5)


def dots_of(found: UntreatedEndpoint) -> Dots:
    """Return the simulated mean changes as dots whose columns are cut at the observed change.

    The trials below the observed change and those from it upwards are each cut into as many equal
    parts as they have dots, so that exactly the filled dots lie right of the cut.

    Parameters
    ----------
    found
        One endpoint with simulated trials.
    """
    changes = np.sort(found.changes)
    below = len(changes) - found.at_least.count
    filled = filled_dots(found)
    parts = [
        _parts(changes[:below] if below else changes, DOTS - filled),
        _parts(changes[below:] if below < len(changes) else changes, filled),
    ]
    middle, low, high, trials = (np.concatenate(column) for column in zip(*parts, strict=True))
    reach = [float(middle.min()), float(middle.max()), found.observed, 0.0]
    span = max(reach) - min(reach)
    is_filled = np.arange(DOTS) >= DOTS - filled
    for columns in _COLUMNS:
        width = span / (columns - 2) if span > 0 else 1.0
        column = np.floor(rounded((middle - found.observed) / width)).astype(np.int64)
        column = np.where(is_filled, np.maximum(column, 0), np.minimum(column, -1))
        row = _row_in(column)
        if (row.max() + 1) * _NARROWEST / columns <= _PLOT:
            break
    x = np.asarray(found.observed + (column + 0.5) * width, dtype=np.float64)
    return Dots(x, row, filled, low, high, trials, width)


def _parts(changes: FloatArray, dots: int) -> tuple[FloatArray, ...]:
    """Return middle, both ends and number of trials of equal parts of sorted changes."""
    cuts = np.arange(dots + 1) / max(dots, 1)
    middle = np.quantile(changes, (cuts[:-1] + cuts[1:]) / 2)
    ends = np.quantile(changes, cuts)
    return middle, ends[:-1], ends[1:], np.full(dots, len(changes) / max(dots, 1))


def _row_in(column: IntArray) -> IntArray:
    """Return the place of each entry among the equal ones before it."""
    order = np.argsort(column, kind="stable")
    first = np.searchsorted(column[order], column[order], side="left")
    row = np.empty(len(column), dtype=np.int64)
    row[order] = np.arange(len(column)) - first
    return row


def null_figure(found: UntreatedEndpoint, look: Look) -> go.Figure:
    """Draw simulated untreated trials as dots, with the observed change as a rule through them.

    Parameters
    ----------
    found
        One endpoint.
    look
        Colours.

    Returns
    -------
    plotly.graph_objects.Figure
        Of a fixed height; filled dots are the share of trials with a change at least as high.
    """
    title = f"<b>{found.endpoint.label}</b>, {found.unit}"
    if found.reason:
        return empty(look, _EMPTY, f"{found.endpoint.label}: {found.reason}.")
    dots = dots_of(found)
    said, bold = _subtitle(found), f'<b><span style="color:{look.untreated_text}">'
    share = sentence_case(of_100(found.at_least))
    marked = said.replace(share, f"{bold}{share}</span></b>", 1)
    letters = _LETTERS + len(marked) - len(said)
    fig = headed(look, _PLOT, _MARGIN, title, marked, width=letters)
    margin = fig.layout.margin
    fig.update_layout(height=_PLOT + int(margin.t) + int(margin.b))
    ends = [*dots.x.tolist(), found.observed, 0.0]
    low, high = min(ends) - 0.8 * dots.width, max(ends) + 0.8 * dots.width
    pitch = min(_NARROWEST * dots.width / (high - low), _PLOT / dots.tallest)
    size = min(_LARGEST, 0.8 * pitch)
    step = min(1.6 * size, _PLOT / dots.tallest)
    _axes(fig, look, (low, high), _PLOT / step, f"mean change of slope, {found.unit}")
    _rule(fig, look, 0.0, look.before_text, 1.2, 1.0)
    _rule(fig, look, found.observed, look.after, 3.0, 1.0 + 24 / _PLOT)
    filled = np.arange(DOTS) >= DOTS - dots.filled
    fig.add_scatter(
        x=dots.x,
        y=dots.row + 0.5,
        mode="markers",
        marker={
            "symbol": "circle",
            "size": size,
            "color": np.where(filled, look.untreated_text, look.untreated_fill).tolist(),
            "line": {
                "color": np.where(filled, look.untreated_text, look.untreated).tolist(),
                "width": 1.2,
            },
        },
        customdata=[["", _hover(found, dots, k)] for k in range(DOTS)],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )
    place = (found.observed - low) / (high - low)
    this = f'<b><span style="color:{look.after}">this trial {signed(found.observed)}</span></b>'
    _label(fig, look, this, found.observed, "left" if place < 0.6 else "right", 20)
    at_zero = -low / (high - low)
    side = "center" if 0.12 < at_zero < 0.88 else "left" if at_zero <= 0.12 else "right"
    _label(fig, look, "no change", 0.0, side, 2)
    return fig


def null_numbers(found: UntreatedEndpoint) -> pd.DataFrame:
    """Return what the dots stand for, one row a dot, and the observed change beside each."""
    columns = ("from", "to", "simulated_trials", "at_least_observed", "observed", "unit")
    if found.reason:
        return pd.DataFrame(columns=list(columns))
    dots = dots_of(found)
    filled = np.arange(DOTS) >= DOTS - dots.filled
    values = (dots.low, dots.high, dots.trials, filled, found.observed, found.unit)
    return pd.DataFrame(dict(zip(columns, values, strict=True)))


def _axes(fig: go.Figure, look: Look, extent: tuple[float, float], rows: float, title: str) -> None:
    ticks = nice_ticks(*extent, 5)
    fig.update_xaxes(
        range=list(extent),
        tickvals=ticks,
        ticktext=tick_texts(ticks),
        showline=True,
        ticks="outside",
        ticklen=5,
        title={"text": title, "standoff": 6, "font": {"size": 13, "color": look.ink2}},
    )
    fig.update_yaxes(range=[0, rows], fixedrange=True, showticklabels=False)


def _rule(fig: go.Figure, look: Look, at: float, colour: str, width: float, top: float) -> None:
    fig.add_shape(
        type="line", xref="x", yref="paper", x0=at, x1=at, y0=0, y1=top, layer="below",
        line={"color": colour, "width": width},
    )  # fmt: skip


def _label(fig: go.Figure, look: Look, text: str, at: float, side: str, above: int) -> None:
    shift = {"left": 7, "center": 0, "right": -7}[side]
    fig.add_annotation(
        annotation(
            text, at, 1, look, xref="x", xanchor=side, xshift=shift, yshift=above,
            font={"size": 13, "color": look.ink3},
        )
    )  # fmt: skip


def _subtitle(found: UntreatedEndpoint) -> str:
    share = found.at_least
    error = ""
    if 0 < share.count < share.trials:
        error = f", MCSE {plain(100 * share.error, 1 if share.error >= 0.0005 else 2)}"
    return (
        f"{sentence_case(of_100(share))} untreated trials show this change or more "
        f"({share.trials:,} simulated{error})"
    )


def sentence_case(text: str) -> str:
    """Return a text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _hover(found: UntreatedEndpoint, dots: Dots, k: int) -> str:
    about = plain(float(dots.trials[k]), 0 if dots.trials[k] >= 10 else 1)
    total = count(found.at_least.trials, "trial")
    return (
        f"about {about} of {total}, {signed(float(dots.low[k]))} to {signed(float(dots.high[k]))}"
    )
