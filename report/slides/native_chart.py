"""A scene on a slide: each panel one native, editable chart, with the words around it as text.

A series of a scene becomes series of an XY chart, so that visits keep their true distance. Lines
between two points that run straight up, such as intervals, become error bars. Areas,
rules and words are shapes of the slide, under and over the chart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree  # type: ignore[import-untyped]
from pptx.chart.data import XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_MARKER_STYLE,
)
from pptx.oxml.ns import qn
from pptx.util import Pt

from report.look import LIGHT
from report.scene.axes import axis_strokes, axis_words
from report.scene.model import Marker, Panel, Point, Scene, Series, Shape, Stroke, Words
from report.scene.runs import polylines
from report.slides.native_axis import axis_format, dress_axis, is_aligned
from report.slides.parts import FONT, Place, add_area, add_shape, add_words, paint, pen

MOST_SERIES: Final = 240
"""Beyond it a chart opens slowly and nobody edits it: the figure is set in as a picture."""

MOST_SHAPES: Final = 1_500
"""Likewise for shapes and texts around the chart, such as the cells of a density."""

MOST_LOOKS: Final = 6
"""Looks of loose marks in one series of a scene that become series of their own."""

_MARKERS: Final = {
    "circle": XL_MARKER_STYLE.CIRCLE,
    "square": XL_MARKER_STYLE.SQUARE,
    "diamond": XL_MARKER_STYLE.DIAMOND,
    "pentagon": XL_MARKER_STYLE.CIRCLE,
    "hexagon": XL_MARKER_STYLE.CIRCLE,
    "triangle-up": XL_MARKER_STYLE.TRIANGLE,
    "triangle-down": XL_MARKER_STYLE.TRIANGLE,
    "triangle-left": XL_MARKER_STYLE.TRIANGLE,
    "triangle-right": XL_MARKER_STYLE.TRIANGLE,
    "x": XL_MARKER_STYLE.X,
    "x-thin": XL_MARKER_STYLE.X,
    "cross": XL_MARKER_STYLE.PLUS,
    "line-ns": XL_MARKER_STYLE.DASH,
    "line-ew": XL_MARKER_STYLE.DASH,
}
_AROUND: Final = (46.0, 10.0, 46.0, 34.0)
"""Pixels of a chart beyond its panel, left, top, right and bottom: room for its own axes."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Upright intervals of one pen: middles, and half lengths."""

    points: tuple[Point, ...]
    halves: tuple[float, ...]
    stroke: Stroke
    kind: str = "intervals"


@dataclass(frozen=True, slots=True)
class Line:
    """One unbroken line, or loose marks."""

    points: tuple[Point, ...]
    stroke: Stroke | None
    markers: tuple[Marker, ...]
    kind: str = "line"


def fits(scene: Scene) -> bool:
    """Tell whether a scene can be native charts that a person would edit."""
    few = len(scene.shapes) + len(scene.words) <= MOST_SHAPES
    return few and all(len(_pieces(panel)) <= MOST_SERIES for panel in scene.panels)


def add_scene(slide: Any, scene: Scene, place: Place) -> None:
    """Draw a scene on a slide.

    Parameters
    ----------
    slide
        Of the library.
    scene
        One that :func:`fits`.
    place
        Where it stands.
    """
    shapes = slide.shapes
    for shape in scene.shapes:
        if shape.below:
            add_shape(shapes, shape, place)
    for panel in scene.panels:
        for series in panel.series:
            if series.area is not None:
                for run in polylines(series):
                    if len(run) > 2:
                        spots = [panel.at(*_inside(panel, spot)) for spot in run]
                        add_area(shapes, spots, series.area, place)
    for panel in scene.panels:
        _rules(shapes, panel, place)
    own: list[Words] = []
    for k, panel in enumerate(scene.panels):
        native = _add_chart(shapes, panel, place, f"Chart {k + 1}")
        bare = Scene(scene.width, scene.height, (panel,), (), ())
        own += [words for words in axis_words(bare) if not native]
        if native:
            own += [words for words in axis_words(bare) if _is_title(panel, words)]
    for shape in scene.shapes:
        if not shape.below:
            add_shape(shapes, shape, place)
    for words in (*scene.words, *own):
        add_words(shapes, words, place)


def _rules(shapes: Any, panel: Panel, place: Place) -> None:
    """Draw what the axes of a chart do not: the line at 0, and ticks that no axis would hit."""
    for drawn in axis_strokes(panel):
        if drawn.kind == "zero" or (drawn.kind != "line" and not is_aligned(drawn.axis)):
            add_shape(shapes, Shape(drawn.start, drawn.end, drawn.pen, None, True, True), place)


def _is_title(panel: Panel, words: Words) -> bool:
    return words.text in (panel.x.title, panel.y.title)


def _inside(panel: Panel, spot: Point) -> Point:
    """Return the nearest point inside the axes: a shape of a slide is not clipped."""
    x, y = spot
    xs, ys = sorted((panel.x.low, panel.x.high)), sorted((panel.y.low, panel.y.high))
    return min(max(x, xs[0]), xs[1]), min(max(y, ys[0]), ys[1])


def _pieces(panel: Panel) -> list[Bars | Line]:
    found: list[Bars | Line] = []
    for series in panel.series:
        found += _of_series(series)
    return found


def _of_series(series: Series) -> list[Bars | Line]:
    """Return a series as error bars or as lines, with its marks."""
    found: list[Bars | Line] = []
    runs = polylines(series)
    if series.line is not None:
        bars = _bars(runs, series.line)
        if bars is not None:
            found.append(bars)
        else:
            found += [Line(tuple(run), series.line, ()) for run in runs if len(run) > 1]
    if series.markers:
        points = [point for run in runs for point in run]
        found += _by_look(points, _kept(series))
    return found


def _by_look(points: Sequence[Point], markers: Sequence[Marker]) -> list[Line]:
    """Return loose marks as one series for each look they have, where these are few.

    Not every program draws the looks of single points of a series: LibreOffice does not.
    """
    looks = tuple(dict.fromkeys(markers))
    if len(looks) > MOST_LOOKS:
        return [Line(tuple(points), None, tuple(markers), "marks")]
    alike = [[k for k, marker in enumerate(markers) if marker == look] for look in looks]
    return [
        Line(tuple(points[k] for k in same), None, tuple(markers[k] for k in same), "marks")
        for same in alike
    ]


def _kept(series: Series) -> tuple[Marker, ...]:
    """Return the markers of the points that are no gaps."""
    pairs = zip(series.x, series.y, series.markers, strict=True)
    return tuple(marker for x, y, marker in pairs if x is not None and y is not None)


def _bars(runs: Sequence[Sequence[Point]], stroke: Stroke) -> Bars | None:
    """Return runs as error bars if each of them is one straight step up.

    Steps across stay lines: LibreOffice draws no error bars across.
    """
    if not runs or stroke.dash != "solid" or any(len(run) != 2 for run in runs):
        return None
    if any(run[0][0] != run[1][0] for run in runs):
        return None
    middles = tuple((run[0][0], (run[0][1] + run[1][1]) / 2) for run in runs)
    return Bars(middles, tuple(abs(run[1][1] - run[0][1]) / 2 for run in runs), stroke)


def _add_chart(shapes: Any, panel: Panel, place: Place, name: str) -> bool:
    """Add the chart of one panel; tell whether it writes its own tick texts."""
    pieces = _pieces(panel)
    if not pieces:
        pieces = [Line(((panel.x.low, panel.y.low),), None, ())]
    data = XyChartData()
    longest = max(len(piece.points) for piece in pieces)
    for k, piece in enumerate(pieces):
        series = data.add_series(f"{piece.kind} {k + 1}")
        # LibreOffice draws no series that is longer than the first one.
        more = longest - len(piece.points) if k == 0 else 0
        for x, y in (*piece.points, *piece.points[-1:] * more):
            series.add_data_point(x, y)
    left, top, right, bottom = _AROUND
    corner = panel.left - left, panel.top - top
    size = panel.right - panel.left + left + right, panel.bottom - panel.top + top + bottom
    frame = shapes.add_chart(
        XL_CHART_TYPE.XY_SCATTER_LINES,
        *place.at(corner),
        place.length(size[0]),
        place.length(size[1]),
        data,
    )
    frame.name = name
    chart = frame.chart
    chart.has_legend = chart.has_title = False
    chart.font.size = Pt(round(place.points(panel.x.size), 1))
    chart.font.name = FONT
    _lay_out(chart, (left / size[0], top / size[1]), (panel, size))
    native = axis_format(panel.x) is not None and axis_format(panel.y) is not None
    pairs = ((chart.category_axis, panel.x, panel.y), (chart.value_axis, panel.y, panel.x))
    for axis, plain, other in pairs:
        dress_axis(axis, plain, place, native=native, other_side=other.opposite)
    for series, piece in zip(chart.plots[0].series, pieces, strict=True):
        if isinstance(piece, Bars):
            _dress_bars(series, piece, place)
        else:
            _dress_line(series, piece, place)
    return native


def _lay_out(chart: Any, start: Point, spread: tuple[Panel, Point]) -> None:
    """Set the inner plot area to just the panel, and leave the background clear."""
    panel, (wide, high) = spread
    area = chart._chartSpace.chart.plotArea
    for old in area.findall(qn("c:layout")):
        area.remove(old)
    layout = etree.Element(qn("c:layout"))
    manual = etree.SubElement(layout, qn("c:manualLayout"))
    numbers = (
        ("layoutTarget", "inner"),
        ("xMode", "edge"),
        ("yMode", "edge"),
        ("x", start[0]),
        ("y", start[1]),
        ("w", (panel.right - panel.left) / wide),
        ("h", (panel.bottom - panel.top) / high),
    )
    for tag, value in numbers:
        entry = etree.SubElement(manual, qn(f"c:{tag}"))
        entry.set("val", value if isinstance(value, str) else f"{value:.6f}")
    area.insert(0, layout)


def _dress_line(series: Any, line: Line, place: Place) -> None:
    series.smooth = False
    pen(series.format.line, line.stroke, place)
    if not line.markers:
        series.marker.style = XL_MARKER_STYLE.NONE
        return
    first = line.markers[0]
    _dress_marker(series.marker, first, place)
    if all(marker == first for marker in line.markers):
        return
    for k, marker in enumerate(line.markers):
        if marker != first:
            _dress_marker(series.points[k].marker, marker, place)


def _dress_marker(target: Any, marker: Marker, place: Place) -> None:
    if marker.size <= 0:
        target.style = XL_MARKER_STYLE.NONE
        return
    target.style = _MARKERS[marker.symbol]
    target.size = min(72, max(2, round(place.points(marker.size))))
    # LibreOffice draws no outline: a white mark would not be seen there. It is left unfilled, which
    # LibreOffice shows filled with the colour of the outline.
    edge, fill = marker.edge, marker.fill
    hollow = edge is not None and fill is not None and fill.color == LIGHT.bg
    paint(target.format.fill, None if hollow else fill)
    pen(target.format.line, edge, place)


def _dress_bars(series: Any, bars: Bars, place: Place) -> None:
    """Make a series of middles into error bars without marks."""
    series.smooth = False
    series.format.line.fill.background()
    series.marker.style = XL_MARKER_STYLE.NONE
    node = series._element
    error = etree.Element(qn("c:errBars"))
    for tag, value in (
        ("errDir", "y"),
        ("errBarType", "both"),
        ("errValType", "cust"),
        ("noEndCap", "1"),
    ):
        etree.SubElement(error, qn(f"c:{tag}")).set("val", value)
    for tag in ("plus", "minus"):
        literal = etree.SubElement(etree.SubElement(error, qn(f"c:{tag}")), qn("c:numLit"))
        etree.SubElement(literal, qn("c:formatCode")).text = "General"
        etree.SubElement(literal, qn("c:ptCount")).set("val", str(len(bars.halves)))
        for k, half in enumerate(bars.halves):
            point = etree.SubElement(literal, qn("c:pt"))
            point.set("idx", str(k))
            etree.SubElement(point, qn("c:v")).text = repr(half)
    style = etree.SubElement(error, qn("c:spPr"))
    width = round(max(0.25, place.points(bars.stroke.width)) * 12_700)
    line = etree.SubElement(style, qn("a:ln"))
    line.set("w", str(width))
    color = etree.SubElement(etree.SubElement(line, qn("a:solidFill")), qn("a:srgbClr"))
    color.set("val", str(RGBColor.from_string(bars.stroke.color.removeprefix("#"))))
    # The order of children is fixed by the schema: error bars stand before the values.
    node.insert(node.index(node.find(qn("c:xVal"))), error)


def largest_scale(scene: Scene, wide: float, high: float) -> float:
    """Return the inches a pixel with which a scene fits a box of inches."""
    found = min(wide / scene.width, high / scene.height)
    return found if math.isfinite(found) else 0.0
