"""The lines and words of axes, in pixels of a scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from report.scene.markup import runs_of
from report.scene.model import Axis, Panel, Point, Scene, Stroke, Words

LEADING: Final = 1.3
"""Distance of two lines of text in heights of a letter."""


@dataclass(frozen=True, slots=True)
class AxisStroke:
    """One straight line of an axis.

    Parameters
    ----------
    kind
        ``grid``, ``zero``, ``line`` or ``tick``.
    axis
        Whose it is.
    pen
        How it is drawn.
    start, end
        Its ends, in pixels.
    """

    kind: str
    axis: Axis
    pen: Stroke
    start: Point
    end: Point


def axis_strokes(panel: Panel) -> list[AxisStroke]:
    """Return the lines of both axes: grid, lines at 0, axis lines and ticks."""
    found: list[AxisStroke] = []
    for axis, across in ((panel.x, True), (panel.y, False)):
        for value, _ in axis.ticks:
            if axis.grid is not None:
                found.append(AxisStroke("grid", axis, axis.grid, *_through(panel, value, across)))
        if axis.zero is not None and min(axis.low, axis.high) < 0 < max(axis.low, axis.high):
            found.append(AxisStroke("zero", axis, axis.zero, *_through(panel, 0.0, across)))
        edge = _edge(panel, axis, across)
        if axis.line is not None:
            ends = ((panel.left, edge), (panel.right, edge))
            if not across:
                ends = ((edge, panel.top), (edge, panel.bottom))
            found.append(AxisStroke("line", axis, axis.line, *ends))
        length = -axis.tick_length if axis.opposite == across else axis.tick_length
        if axis.tick_length:
            pen = axis.line or Stroke("#9AA5AE", 1)
            for value, _ in axis.ticks:
                at = panel.at(value, panel.y.low) if across else panel.at(panel.x.low, value)
                start, end = ((at[0], edge), (at[0], edge + length))
                if not across:
                    start, end = (edge, at[1]), (edge - length, at[1])
                found.append(AxisStroke("tick", axis, pen, start, end))
    return found


def axis_words(scene: Scene) -> list[Words]:
    """Return the tick texts and titles of all axes."""
    found = []
    for panel in scene.panels:
        for axis, across in ((panel.x, True), (panel.y, False)):
            edge = _edge(panel, axis, across)
            gap = axis.tick_length + 4
            lines = 1
            for value, text in axis.ticks if axis.labelled else ():
                runs = runs_of(text, axis.color)
                lines = max(lines, len(runs))
                if across:
                    at = (panel.at(value, panel.y.low)[0], edge + (-gap if axis.opposite else gap))
                    found.append(
                        Words(at, runs, axis.size, "center", "bottom" if axis.opposite else "top")
                    )
                else:
                    side = "left" if axis.opposite else "right"
                    at = (edge + (gap if axis.opposite else -gap), panel.at(panel.x.low, value)[1])
                    found.append(Words(at, runs, axis.size, side, "middle"))
            if axis.title and across:
                below = edge + gap + LEADING * axis.size * lines + 4
                at = ((panel.left + panel.right) / 2, below)
                found.append(
                    Words(at, runs_of(axis.title, axis.title_color), axis.size, "center", "top")
                )
    return found


def _edge(panel: Panel, axis: Axis, across: bool) -> float:
    """Return where an axis stands: a height for one across, else a distance from the left."""
    if across:
        return panel.top if axis.opposite else panel.bottom
    return panel.right if axis.opposite else panel.left


def _through(
    panel: Panel, value: float, across: bool
) -> tuple[tuple[float, float], tuple[float, float]]:
    x, y = panel.at(value if across else panel.x.low, panel.y.low if across else value)
    if across:
        return (x, panel.top), (x, panel.bottom)
    return (panel.left, y), (panel.right, y)
