"""The tints of a density and the edges of its cells."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from report.scene.markup import fill_of
from report.scene.model import Fill


def edges_of(values: Sequence[float], cells: int) -> list[float]:
    """Return the edges of cells, of edges or of their centres."""
    known = [float(value) for value in values]
    if len(known) == cells + 1:
        return known
    if len(known) == 1:
        return [known[0] - 0.5, known[0] + 0.5]
    inner = [(a + b) / 2 for a, b in itertools.pairwise(known)]
    return [2 * known[0] - inner[0], *inner, 2 * known[-1] - inner[-1]]


def tint(scale: Sequence[Sequence[Any]], share: float) -> Fill | None:
    """Return the colour of a share of a scale; between two colours the opacity is a mean."""
    at = min(max(share, 0.0), 1.0)
    stops = [(float(place), str(color)) for place, color in scale]
    place, color = next(s for s in reversed(stops) if s[0] <= at + 1e-9)
    above = next((s for s in stops if s[0] > at + 1e-9), (place, color))
    low, high = fill_of(color), fill_of(above[1])
    if low is not None and high is not None and low.opacity == high.opacity:
        return low
    shade = (high or low or Fill("#000000")).color
    weight = (at - place) / (above[0] - place) if above[0] > place else 0.0
    ends = [0.0 if fill is None else fill.opacity for fill in (low, high)]
    opacity = ends[0] + weight * (ends[1] - ends[0])
    return Fill(shade, opacity) if opacity > 0.004 else None


def ink_on(fill: Fill) -> str:
    """Return black or white, whichever is read more easily on a colour."""
    red, green, blue = (int(fill.color[k : k + 2], 16) for k in (1, 3, 5))
    return "#1B242C" if 0.3 * red + 0.59 * green + 0.11 * blue > 140 else "#FFFFFF"
