"""Marks of single patients or visits in a plane: drawing, ringing and naming them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from data.trial import BoolArray, FloatArray, IntArray
from report.charts.parts import Names
from report.look import Look, annotation, escape

HEIGHT: Final = 330
MARGIN: Final = {"l": 64, "r": 24, "t": 14, "b": 52}
MOST_POINTS: Final = 4_000
MOST_NAMES: Final = 3
_CROWD: Final = 60


def marker(symbol: str, colour: str, fill: str, size: float) -> dict[str, Any]:
    """Return a mark of plotly with an outline."""
    return {
        "symbol": symbol,
        "size": size,
        "color": fill,
        "line": {"color": colour, "width": 1.4},
    }


def draw_marks(
    fig: go.Figure,
    place: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    marker: dict[str, Any],
    customdata: list[list[str]],
) -> None:
    """Draw marks whose ``customdata`` holds the patient to open and the hover text."""
    fig.add_scatter(
        x=place[0],
        y=place[1],
        mode="markers",
        marker=marker,
        customdata=customdata,
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def draw_ring(fig: go.Figure, look: Look, x: FloatArray, y: FloatArray, chosen: BoolArray) -> None:
    """Ring the marks of one patient."""
    if chosen.any():
        fig.add_scatter(
            x=x[chosen],
            y=y[chosen],
            mode="markers",
            marker={
                "symbol": "circle-open",
                "size": 14,
                "color": look.ink,
                "line": {"color": look.ink, "width": 2},
            },
            hoverinfo="skip",
        )


def name_marks(
    fig: go.Figure,
    look: Look,
    names: Names,
    chosen: BoolArray,
    marks: tuple[FloatArray, FloatArray, IntArray],
    colour: str = "",
) -> None:
    """Write the names of up to three marks beside them, those farthest from 0 first.

    Parameters
    ----------
    fig, look, names
        Figure, colours, and what patients are called.
    chosen
        Which marks are named.
    marks
        Places of all marks and their patients; a name stands on the side where fewest of them are.
    colour
        Colour of the names; amber by default.
    """
    x, y, patient = marks
    at = np.flatnonzero(chosen)
    for k in at[np.argsort(-np.abs(y[at]), kind="stable")][:MOST_NAMES]:
        sideways, upwards = _free_side(x, y, int(k))
        fig.add_annotation(
            annotation(
                f"<b>{escape(names[patient[k]])}</b>",
                float(x[k]),
                float(y[k]),
                look,
                xref="x",
                yref="y",
                xanchor={-1: "right", 0: "center", 1: "left"}[sideways],
                yanchor={-1: "top", 0: "middle", 1: "bottom"}[upwards],
                xshift=10 * sideways,
                yshift=8 * upwards,
                font={"size": 13, "color": colour or look.amber},
                bgcolor=look.bg if len(x) > _CROWD else None,
            )
        )


def _free_side(x: FloatArray, y: FloatArray, k: int) -> tuple[int, int]:
    """Return on which side of mark ``k`` a name would be farthest from other marks and the edge."""
    across = (x - x.min()) / (np.ptp(x) or 1.0)
    up = (y - y.min()) / (np.ptp(y) or 1.0)
    others = np.arange(len(x)) != k
    best, widest = (1, 0), -1.0
    for side in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        place = (across[k] + 0.1 * side[0], up[k] + 0.07 * side[1])
        edge = min(*place, 1 - place[0], 1 - place[1]) + 0.06
        near = np.hypot(across[others] - place[0], up[others] - place[1])
        free = min(float(near.min()) if near.size else 1.0, 0.15) + min(edge, 0.0)
        if free > widest + 1e-9:
            best, widest = side, free
    return best
