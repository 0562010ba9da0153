"""The space of one patient's figure: its parts from top to bottom, and room for words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LEFT: Final = 56
RIGHT: Final = 184
NARROWEST: Final = 500
"""Width in pixels at which no words of the figure may lie on each other."""

PANEL: Final = 210
GAP: Final = 46
LINE: Final = 17
"""Height in pixels of one line of text at 13 px."""

_CHARACTER: Final = 6.7
"""Width in pixels of a character at 13 px, on the safe side."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the figure.

    Parameters
    ----------
    height
        In pixels.
    gap
        Room above it, in pixels; that of the first part counts for nothing.
    """

    height: int
    gap: int


def domains(parts: Sequence[Part]) -> tuple[int, list[tuple[float, float]]]:
    """Return the height of all parts together, and where each lies in paper coordinates."""
    inner = sum(part.height for part in parts) + sum(part.gap for part in parts[1:])
    found, top = [], 0
    for k, part in enumerate(parts):
        top += part.gap if k else 0
        found.append((max(0.0, 1 - (top + part.height) / inner), 1 - top / inner))
        top += part.height
    return inner, found


def text_width(text: str) -> float:
    """Return a width in pixels that one line of text does not exceed at 13 px."""
    return _CHARACTER * len(text)


def pixels_of(month: float, months: tuple[float, float]) -> float:
    """Return the distance in pixels from the left axis where the figure is narrowest."""
    low, high = months
    return (NARROWEST - LEFT - RIGHT) * (month - low) / (high - low)


def rows_for(
    centres: Sequence[float], widths: Sequence[float], taken: Sequence[tuple[float, float]]
) -> list[int]:
    """Return a row for each word so that no two of a row come near each other.

    Parameters
    ----------
    centres, widths
        Of the words, in pixels, in the order in which they choose.
    taken
        Ends of what already lies in the lowest row.

    Returns
    -------
    list of int
        Rows from 0, the lowest. Words whose centres are closer than 60 px never share one.
    """
    rows: list[list[tuple[float, float]]] = [list(taken)]
    chosen = []
    for centre, width in zip(centres, widths, strict=True):
        half = max(width / 2 + 4, 30.0)
        low, high = centre - half, centre + half
        row = next(
            (k for k, r in enumerate(rows) if all(high <= a or low >= b for a, b in r)), len(rows)
        )
        if row == len(rows):
            rows.append([])
        rows[row].append((low, high))
        chosen.append(row)
    return chosen


def stack(
    wanted: Sequence[float], heights: Sequence[float], room: float, gap: float
) -> list[float]:
    """Return the centres of blocks of text, near where they want to be and not on each other.

    Parameters
    ----------
    wanted, heights
        Wanted centres from the bottom, and heights, in pixels.
    room
        Blocks lie between 0 and this as far as they fit.
    gap
        Smallest distance of two blocks.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    centres, floor = [0.0] * len(wanted), 0.0
    for i in order:
        centres[i] = max(wanted[i], floor + heights[i] / 2)
        floor = centres[i] + heights[i] / 2 + gap
    ceiling = room
    for i in reversed(order):
        centres[i] = min(centres[i], ceiling - heights[i] / 2)
        ceiling = centres[i] - heights[i] / 2 - gap
    return centres
