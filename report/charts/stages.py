"""Stage at day 0 against the last stage after it, as a matrix of counts."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go

from analysis.stage_transitions import DEATH, SYSTEMS, Transitions
from report.charts.parts import empty
from report.charts.rows import headed
from report.look import Look, annotation
from report.numbers import count

_CELL: Final = 44
_HEIGHT_EMPTY: Final = 220
_MARGIN: Final = {"l": 88, "r": 72, "t": 44, "b": 40}
_SHARES: Final = (0.0, 0.25, 0.5, 0.75)
"""Shares of the largest count above which a cell takes the next darker tone."""


def stages_figure(found: Transitions, look: Look) -> go.Figure:
    """Draw how many patients went from each stage at day 0 to each last stage or to death.

    Parameters
    ----------
    found
        The counts.
    look
        Colours; a cell is the darker the more patients are in it.
    """
    name = SYSTEMS[found.system]
    if not found.counted:
        return empty(
            look,
            _HEIGHT_EMPTY,
            f"{name}: no patient has a certain stage in the 3 months up to day 0 and a later one.",
        )
    fig = headed(
        look,
        5 * _CELL + _MARGIN["t"] + _MARGIN["b"],
        dict(_MARGIN),
        f"<b>{name} stage</b>, at day 0 and at the last visit",
        f"n = {found.counted:,}. Outlined: same stage; right of it: a later one.",
        width=62,
    )
    columns = [_heading(label, at) for at, label in enumerate(found.labels)]
    fig.update_layout(
        xaxis={
            "range": [-0.5, DEATH + 0.5],
            "tickvals": list(range(DEATH + 1)),
            "ticktext": columns,
            "side": "top",
            "fixedrange": True,
        },
        yaxis={
            "range": [DEATH - 0.5, -0.5],
            "tickvals": list(range(DEATH)),
            "ticktext": [f"<b>{label}</b>" for label in found.labels[:DEATH]],
            "fixedrange": True,
        },
    )
    _cells(fig, look, found)
    _margins(fig, look, found)
    return fig


def stages_alt(found: Transitions) -> str:
    """Return what the figure shows, for those who cannot see it."""
    name = SYSTEMS[found.system]
    if not found.counted:
        return f"{name}: nobody has a stage at day 0 and a later one."
    rows = []
    for at in range(DEATH):
        ends = [
            f"{int(n)} to {'death' if to == DEATH else f'stage {found.labels[to]}'}"
            for to, n in enumerate(found.counts[at])
            if n
        ]
        if ends:
            rows.append(f"from stage {found.labels[at]}: {', '.join(ends)}")
    return f"{name} stage at day 0 and at the last visit, n = {found.counted:,}; {'; '.join(rows)}."


def _heading(label: str, at: int) -> str:
    return "death" if at == DEATH else f"<b>{label}</b>"


def _cells(fig: go.Figure, look: Look, found: Transitions) -> None:
    most = int(found.counts.max())
    shapes, texts, colours, hover = [], [], [], []
    places: list[tuple[int, int]] = []
    for row in range(DEATH):
        for column in range(DEATH + 1):
            n = int(found.counts[row, column])
            tone = sum(n > share * most for share in _SHARES)
            same = row == column
            shapes.append(
                {
                    "type": "rect",
                    "x0": column - 0.47,
                    "x1": column + 0.47,
                    "y0": row - 0.45,
                    "y1": row + 0.45,
                    "layer": "below",
                    "fillcolor": look.stage[tone] if n else look.bg,
                    "line": {
                        "color": look.ink2 if same else look.grid,
                        "width": 1.4 if same else 1,
                    },
                }
            )
            places.append((column, row))
            texts.append(f"<b>{n:,}</b>" if n else "·")
            colours.append(look.stage_text[tone] if n else look.ink3)
            hover.append(_hover(found, row, column, n))
    fig.update_layout(shapes=shapes)
    fig.add_scatter(
        x=[x for x, _ in places],
        y=[y for _, y in places],
        mode="text",
        text=texts,
        textfont={"size": 14, "color": colours},
        customdata=[["", text] for text in hover],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _hover(found: Transitions, row: int, column: int, n: int) -> str:
    total = int(found.counts[row].sum())
    end = "recorded death" if column == DEATH else f"last at stage {found.labels[column]}"
    return (
        f"stage {found.labels[row]} at day 0 · {end}<br>"
        f"{count(n, 'patient')} of {total:,} at that stage"
    )


def _margins(fig: go.Figure, look: Look, found: Transitions) -> None:
    """Write how many there are in each row and column, and what rows and columns are."""
    small = {"size": 13, "color": look.ink3}
    for row in range(DEATH):
        n = int(found.counts[row].sum())
        place = {"yref": "y", "xanchor": "left", "yanchor": "middle"}
        fig.add_annotation(annotation(f"n = {n:,}", 1, row, look, xshift=10, font=small, **place))
    for column in range(DEATH + 1):
        n = int(found.counts[:, column].sum())
        place = {"xref": "x", "xanchor": "center", "yanchor": "top"}
        fig.add_annotation(
            annotation(f"n = {n:,}", column, 0, look, yshift=-6, font=small, **place)
        )
    fig.add_annotation(
        annotation("at day 0 ↓", 0, 1, look, xanchor="right", xshift=-8, yshift=5, font=small)
    )
    fig.add_annotation(
        annotation("last →", 1, 1, look, xanchor="left", xshift=8, yshift=5, font=small)
    )
