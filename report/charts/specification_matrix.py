"""The matrix below a specification curve: which analysis took which option of each choice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from analysis.specification import SpecificationCurve
from data.trial import BoolArray, FloatArray
from report.charts.parts import wrap
from report.look import Look, annotation, escape
from report.numbers import level, signed
from report.specification_words import curve_decimals

USUAL_WIDTH: Final = 640
"""Width in pixels for which marks are sized; the reader's screen is not known here."""

DENSE: Final = 120
"""Analyses beyond which squares become the bars of a barcode."""

ROW: Final = 20
LINE: Final = 18
_GROUP: Final = 10
_VEIL: Final = 0.5
_LETTER: Final = 6.6
_LONGEST: Final = 24
_CHOICE: Final = 17


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One row of the matrix: its middle in pixels below the matrix's top, and what it says.

    ``choice`` are the lines of the choice's name, beside the first of its options only; ``taken``
    are the drawn analyses that took the option; ``median`` is that of all combinations with it, NaN
    where none could be run.
    """

    at: float
    choice: tuple[str, ...]
    label: str
    primary: bool
    taken: BoolArray
    median: float
    shows_median: bool = True


@dataclass(frozen=True, slots=True)
class Sizes:
    """Pixels of the marks; bars and ticks of width 0 are blocks as wide as their column."""

    dot: float
    edge: float
    bar: float
    tick: float
    half: float

    @classmethod
    def of(cls, k: int) -> Sizes:
        """Return the sizes for ``k`` analyses."""
        step = USUAL_WIDTH / max(k, 1)
        if k > DENSE:
            return cls(dot=max(min(0.9 * step, 5.0), 3.4), edge=0.8, bar=0, tick=0, half=6.0)
        return cls(
            dot=min(0.7 * step, 8.5),
            edge=1.2 if step < 8 else 1.6,
            bar=min(max(0.25 * step, 1), 2.4),
            tick=min(0.62 * step, 8.0),
            half=4.0,
        )


def option_rows(curve: SpecificationCurve, confidence: float) -> list[OptionRow]:
    """Return the rows of the matrix, choices apart.

    Where the dots are too small to show whether they are filled, a row on top says it.
    """
    rows: list[OptionRow] = []
    at = ROW / 2
    if len(curve.estimate) > DENSE:
        excludes = (curve.low > 0) | (curve.high < 0)
        words = (f"{level(confidence)} CI",)
        rows.append(OptionRow(at, words, "excludes 0", False, excludes, math.nan, False))
        at += ROW + _GROUP
    for c, choice in enumerate(curve.choices):
        lines = tuple(wrap(choice.label, _CHOICE))
        medians = curve.option_medians(c)
        for o, option in enumerate(choice.options):
            taken: BoolArray = curve.option[:, c] == o
            said = () if o else lines
            rows.append(OptionRow(at, said, option.label, option.primary, taken, medians[o]))
            at += ROW
        at += _GROUP + LINE * max(0, len(lines) - len(choice.options))
    return rows


def left_margin(curve: SpecificationCurve) -> int:
    """Return a left margin that holds the names of choices and of options side by side."""
    longest = max((len(line) for c in curve.choices for line in wrap(c.label, _CHOICE)), default=0)
    option = max((len(_short(o.label)) for c in curve.choices for o in c.options), default=0)
    return int(max(8 + 7.2 * longest + 20 + _LETTER * option + 10, 150))


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def bars(x: FloatArray, low: FloatArray, high: FloatArray) -> tuple[list[Any], list[Any]]:
    """Return vertical bars as one line with gaps."""
    xs: list[Any] = []
    ys: list[Any] = []
    for at, bottom, top in zip(x.tolist(), low.tolist(), high.tolist(), strict=True):
        xs += [at, at, None]
        ys += [bottom, top, None]
    return xs, ys


def blocks(x: FloatArray, low: FloatArray, high: FloatArray) -> tuple[list[Any], list[Any]]:
    """Return columns as closed outlines; neighbours of equal height are one block."""
    xs: list[Any] = []
    ys: list[Any] = []
    if not len(x):
        return xs, ys
    new = (np.diff(x) > 1) | (np.diff(low) != 0) | (np.diff(high) != 0)
    starts = np.flatnonzero(np.concatenate(([True], new)))
    ends = np.concatenate((starts[1:], [len(x)])) - 1
    for first, last in zip(starts.tolist(), ends.tolist(), strict=True):
        left, right = float(x[first]) - 0.5, float(x[last]) + 0.5
        bottom, top = float(low[first]), float(high[first])
        xs += [left, left, right, right, left, None]
        ys += [bottom, top, top, bottom, bottom, None]
    return xs, ys


def line_trace(
    fig: go.Figure, xs: list[Any], ys: list[Any], colour: str, width: float, y: str
) -> None:
    """Draw bars of a width in pixels, or blocks where the width is 0."""
    if not xs:
        return
    # Simplified, plotly leaves out columns that are narrower than a pixel.
    options: dict[str, Any] = {"line": {"color": colour, "width": width, "simplify": False}}
    if not width:
        options |= {"fill": "toself", "fillcolor": colour}
        options["opacity"] = _VEIL if y == "y" else 1.0
    fig.add_scatter(
        x=xs[:-1], y=ys[:-1], mode="lines", hoverinfo="skip", hoveron="points", yaxis=y, **options
    )


def draw_matrix(
    fig: go.Figure,
    look: Look,
    curve: SpecificationCurve,
    rows: list[OptionRow],
    sizes: Sizes,
) -> None:
    """Draw who took which option: squares, or blocks like a barcode where analyses are many."""
    k = len(curve.estimate)
    at = np.arange(k, dtype=np.float64)
    taken: tuple[list[Any], list[Any]] = ([], [])
    others: tuple[list[Any], list[Any]] = ([], [])
    own: list[float] = []
    draw = bars if sizes.bar else blocks
    for row in rows:
        mine = row.taken
        if curve.primary >= 0 and mine[curve.primary]:
            own.append(row.at)
        groups = [(taken, mine & (at != curve.primary) if sizes.bar else mine, sizes.half)]
        if sizes.bar:
            groups.append((others, ~mine, 2.4))
        else:
            fig.add_shape(
                type="rect", xref="x", yref="y2", layer="below", fillcolor=look.surface,
                x0=-0.5, x1=k - 0.5, y0=row.at - 7, y1=row.at + 7, line={"width": 0},
            )  # fmt: skip
        for (xs, ys), mask, half in groups:
            height = np.full(int(mask.sum()), row.at)
            more = draw(at[mask], height - half, height + half)
            xs += more[0]
            ys += more[1]
    line_trace(fig, *others, look.grid, min(4.8, sizes.tick), "y2")
    line_trace(fig, *taken, look.ink2, sizes.tick, "y2")
    place, height = np.full(len(own), float(curve.primary)), np.array(own)
    half = sizes.half + 1
    xs, ys = bars(place, height - half, height + half)
    line_trace(fig, xs, ys, look.after, max(sizes.tick + 2, 3.2), "y2")


def matrix_texts(
    look: Look, curve: SpecificationCurve, rows: list[OptionRow], left: int
) -> list[dict[str, object]]:
    """Write choices and options on the left and the median of each option on the right."""
    decimals = curve_decimals(curve)
    fine = {"size": 12.5, "color": look.ink3}
    middle: dict[str, object] = {"yref": "y2", "yanchor": "middle"}
    texts = [
        annotation(
            "median with<br>this option", 1, 0, look,
            yref="y2", yanchor="bottom", xshift=10, yshift=2, font=fine,
        )
    ]  # fmt: skip
    for row in rows:
        colour = look.after if row.primary else look.ink2
        label = escape(_short(row.label))
        text = f"<b>{label}</b>" if row.primary else label
        font = {"size": 13, "color": colour}
        texts.append(
            annotation(text, 0, row.at, look, xanchor="right", xshift=-10, font=font, **middle)
        )
        if row.shows_median:
            lacking = f'<span style="color:{look.ink3}">not run</span>'
            shown = signed(row.median, decimals) if math.isfinite(row.median) else lacking
            texts.append(annotation(shown, 1, row.at, look, xanchor="right", xshift=56, **middle))
        for line, words in enumerate(row.choice):
            text, place = f"<b>{escape(words)}</b>", row.at + LINE * line
            font = {"size": 13, "color": look.ink}
            texts.append(annotation(text, 0, place, look, xshift=8 - left, font=font, **middle))
    return texts
