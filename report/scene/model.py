"""What a figure is made of once it is laid out: panels with series, lines, areas and words."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]
"""Pixels from the left and from the top."""

Gappy = tuple[float | None, ...]
"""Coordinates of a line; ``None`` lifts the pen."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A pen.

    Parameters
    ----------
    color
        ``#rrggbb``.
    width
        Pixels.
    dash
        ``"solid"``, ``"dash"`` or ``"dot"``.
    """

    color: str
    width: float
    dash: str = "solid"


@dataclass(frozen=True, slots=True)
class Fill:
    """A colour that covers an area.

    Parameters
    ----------
    color
        ``#rrggbb``.
    opacity
        0 to 1.
    """

    color: str
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Marker:
    """One mark.

    Parameters
    ----------
    symbol
        Plotly's name without ``-open``.
    size
        Pixels across.
    fill, edge
        Inside and outline; either may be missing.
    """

    symbol: str
    size: float
    fill: Fill | None
    edge: Stroke | None


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one panel in data coordinates.

    Parameters
    ----------
    x, y
        As long as each other; ``None`` where a line is interrupted.
    line
        Pen through the points, if they are joined.
    markers
        Empty, or one a point.
    area
        Fill of the polygons that the points go around, if they do.
    """

    x: Gappy
    y: Gappy
    line: Stroke | None = None
    markers: tuple[Marker, ...] = ()
    area: Fill | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a panel.

    Parameters
    ----------
    low, high
        Values at its two ends: left and right, or bottom and top.
    ticks
        Value and text of each tick.
    labelled
        Whether the texts are shown.
    opposite
        Whether it stands on top or on the right.
    line, grid, zero
        Pens of the axis line, the grid and the line at 0.
    tick_length
        Pixels; 0 without ticks.
    size, color
        Of the tick texts.
    title, title_color
        Words along the axis, or nothing.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    labelled: bool = True
    opposite: bool = False
    line: Stroke | None = None
    grid: Stroke | None = None
    zero: Stroke | None = None
    tick_length: float = 0.0
    size: float = 13.0
    color: str = "#4F5B66"
    title: str = ""
    title_color: str = "#4F5B66"


@dataclass(frozen=True, slots=True)
class Panel:
    """Two axes, where they stand, and what is drawn in them.

    Parameters
    ----------
    left, top, right, bottom
        Pixels.
    x, y
        Its axes.
    series
        In the order in which they are drawn.
    """

    left: float
    top: float
    right: float
    bottom: float
    x: Axis
    y: Axis
    series: tuple[Series, ...] = ()

    def at(self, x: float, y: float) -> Point:
        """Return where a point in data coordinates lies."""
        across = (x - self.x.low) / (self.x.high - self.x.low)
        up = (y - self.y.low) / (self.y.high - self.y.low)
        return (
            self.left + across * (self.right - self.left),
            self.bottom - up * (self.bottom - self.top),
        )


@dataclass(frozen=True, slots=True)
class Run:
    """Letters in one style.

    Parameters
    ----------
    text
        Without markup and line breaks.
    bold
        Whether semibold.
    color
        ``#rrggbb``.
    """

    text: str
    bold: bool
    color: str


@dataclass(frozen=True, slots=True)
class Words:
    """A text of one or more lines.

    Parameters
    ----------
    at
        The point to which it is attached.
    lines
        Runs of each line.
    size
        Height of the letters in pixels.
    across, down
        Which part of the text stands at the point: ``"left"``, ``"center"`` or ``"right"``, and
        ``"top"``, ``"middle"`` or ``"bottom"``.
    background
        Fill behind the letters, if any.
    """

    at: Point
    lines: tuple[tuple[Run, ...], ...]
    size: float
    across: str = "left"
    down: str = "bottom"
    background: Fill | None = None

    @property
    def text(self) -> str:
        """The letters, lines joined by a space."""
        return " ".join("".join(run.text for run in line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Shape:
    """A straight line or a rectangle between two points, clear of any series.

    Parameters
    ----------
    start, end
        Opposite corners, or the two ends of a line.
    line, area
        Pen and fill; a shape without ``area`` and with ``is_line`` is a line.
    is_line
        Whether it is a line.
    below
        Whether it lies under the series.
    """

    start: Point
    end: Point
    line: Stroke | None
    area: Fill | None
    is_line: bool
    below: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole figure.

    Parameters
    ----------
    width, height
        Pixels.
    panels, shapes, words
        What is in it.
    """

    width: float
    height: float
    panels: tuple[Panel, ...]
    shapes: tuple[Shape, ...]
    words: tuple[Words, ...]

    @property
    def points(self) -> int:
        """How many points all series have."""
        return sum(len(s.x) for panel in self.panels for s in panel.series)
