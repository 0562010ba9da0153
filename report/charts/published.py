"""The forest of published changes, with this trial on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from analysis.published.rows import ChangeRow
from report import published_words as words
from report.charts.parts import empty, wrap
from report.charts.rows import (
    ROW,
    Row,
    Tone,
    direction_words,
    draw_rows,
    headed,
    room_for,
    row_axes,
    row_tint,
    words_apart,
)
from report.look import Look, annotation, escape

MIN_WIDTH: Final = 620
MOST_ROWS: Final = 60
_LEFT: Final = 286
_RIGHT: Final = 168
_LETTERS: Final = 40
_LINE: Final = 17
"""Height of one line of text in pixels."""
_TONES: Final[dict[str, Tone]] = {
    "trial": "accent",
    "treated": "plain",
    "untreated": "untreated",
    "other_scale": "untreated",
}


def forest_figure(
    label: str, rows: Sequence[ChangeRow], own: str, look: Look, confidence: float
) -> go.Figure:
    """Draw each change with its interval by block, and list below what cannot be drawn.

    Parameters
    ----------
    label
        Name of the endpoint.
    rows
        This trial's first.
    own
        What this trial compares, such as "6 v 10 months".
    look
        Colours.
    confidence
        Level of the intervals.
    """
    shown = list(rows)[:MOST_ROWS]
    if not any(row.source for row in shown):
        return empty(look, 200, f"The library holds no published change of {label}.")
    places, heads, lines = _places(shown, own)
    drawn = [(row, at) for row, at in zip(shown, places, strict=True) if row.block != "listed"]
    extent = room_for([x for row, _ in drawn for x in _ends(row)])
    apart = words_apart(extent)
    fig = headed(
        look,
        round(ROW * lines) + 34 + apart + 56,
        {"l": _LEFT, "r": _RIGHT, "t": 34 + apart, "b": 56},
        f"<b>{escape(words.forest_heading(label))}</b>",
        words.forest_subtitle(confidence),
        width=84,
    )
    unit = drawn[0][0].unit if drawn else ""
    row_axes(fig, look, lines, extent, f"change of {label} slope, {unit}")
    fig.update_yaxes(showgrid=False)
    for row, at in drawn:
        if row.block == "trial":
            row_tint(fig, at, look.after_tint, _rows_high(row, own))
    _bands(fig, look, drawn)
    draw_rows(fig, look, [_row(row, at, own) for row, at in drawn], "circle", 9)
    fig.data[-1].marker.symbol = [
        "diamond" if row.block == "trial" else "circle" for row, _ in drawn
    ]
    direction_words(fig, look, apart, rising=False)
    _write(fig, look, shown, places, heads, own)
    return fig


def forest_alt(label: str, rows: Sequence[ChangeRow]) -> str:
    """Return what the figure shows, for those who cannot see it."""
    parts = [
        f"{words.BLOCKS[block]}: "
        + "; ".join(f"{r.name} {words.full_change_text(r)}, n {words.n_text(r.n)}" for r in found)
        for block, found in words.blocks_of(rows)
    ]
    return f"{words.forest_heading(label)}. {'. '.join(parts)}."


def _places(
    rows: Sequence[ChangeRow], own: str
) -> tuple[list[float], list[tuple[str, float]], float]:
    """Return the place of each row, the head of each block with its place, and how many rows."""
    places: list[float] = []
    heads: list[tuple[str, float]] = []
    at, block = 0.0, ""
    for row in rows:
        if row.block != block:
            at += 0.8 if block else 0.0
            heads.append((words.BLOCKS[row.block], at))
            block, at = row.block, at + 0.5
        high = _rows_high(row, own)
        places.append(at + high / 2)
        at += high
    return places, heads, at + 0.4


def _rows_high(row: ChangeRow, own: str) -> float:
    """Return the height of a row's text, in rows of usual height."""
    return (_LINE * len(_name_lines(row, own)) + 8) / ROW


def _name_lines(row: ChangeRow, own: str) -> list[str]:
    """Return the name of a row and below it what it compares and how many people it holds."""
    people = "n not given" if row.n is None else f"n = {row.n:,}"
    below = _cut(f"{words.periods_text(row, own)}, {people}", _LETTERS + 4)
    return [*(_cut(line, _LETTERS) for line in wrap(row.name, _LETTERS)[:2]), below]


def _ends(row: ChangeRow) -> list[float]:
    ends = row.interval or (row.band[0] if row.band else (row.estimate, row.estimate))
    return [row.estimate, *ends]


def _row(row: ChangeRow, at: float, own: str) -> Row:
    low, high = row.interval or (row.band[1] if row.band else (float("nan"), float("nan")))
    excludes = row.interval is not None and (low > 0 or high < 0)
    lines = words.hover(row, f"{words.full_change_text(row)}, n {words.n_text(row.n)}", own)
    said = "<br>".join(escape(line) for line in lines)
    return Row(
        at=at,
        label="",
        low=low,
        value=row.estimate,
        high=high,
        hover=said,
        tone=_TONES[row.block],
        filled=excludes,
    )


def _bands(fig: go.Figure, look: Look, drawn: Sequence[tuple[ChangeRow, float]]) -> None:
    """Draw the wide end of a row without an SD of the change as a dashed line."""
    for row, at in drawn:
        if row.band is not None:
            fig.add_scatter(
                x=list(row.band[0]),
                y=[at, at],
                mode="lines",
                line={"color": look.ink3, "width": 1.2, "dash": "dash"},
                hoverinfo="skip",
            )


def _write(
    fig: go.Figure,
    look: Look,
    rows: Sequence[ChangeRow],
    places: Sequence[float],
    heads: Sequence[tuple[str, float]],
    own: str,
) -> None:
    colours = {"trial": look.after, "treated": look.ink, "listed": look.ink3}
    for head, at in heads:
        _text(fig, look, f"<b>{escape(head)}</b>", at, 8 - _LEFT, look.ink)
    for row, at in zip(rows, places, strict=True):
        colour = colours.get(row.block, look.untreated_text)
        bold = ("<b>", "</b>") if row.block == "trial" else ("", "")
        *names, below = (escape(line) for line in _name_lines(row, own))
        quiet = f'<span style="color:{look.ink3}">{below}</span>'
        name = f"{bold[0]}{'<br>'.join(names)}{bold[1]}<br>{quiet}"
        _text(fig, look, name, at, 20 - _LEFT, colour)
        if row.block == "listed":
            # On the background, so that no rule of the plot crosses the words.
            _text(fig, look, escape(row.reason), at, 6, look.ink3, bgcolor=look.bg)
        change = f"{bold[0]}{escape(words.change_text(row))}{bold[1]}"
        _text(fig, look, change, at, 14, colour, x=1)
    place = {"xshift": 14, "yshift": 6, "font": {"size": 12.5, "color": look.ink3}}
    fig.add_annotation(annotation("change (CI)", 1, 1, look, **place))


def _text(
    fig: go.Figure, look: Look, text: str, at: float, shift: int, colour: str, **more: Any
) -> None:
    place = {
        "yref": "y",
        "yanchor": "middle",
        "xshift": shift,
        "font": {"size": 13, "color": colour},
    }
    x = more.pop("x", 0)
    fig.add_annotation(annotation(text, x, at, look, **(place | more)))


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
