"""Small pieces of slides: lengths, text boxes, lines, rectangles and areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lxml import etree  # type: ignore[import-untyped]
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_LINE
from pptx.enum.shapes import MSO_CONNECTOR, MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Pt

from report.scene.axes import LEADING
from report.scene.model import Fill, Point, Run, Shape, Stroke, Words

FONT: Final = "Source Sans Pro"
"""Where it is not installed, PowerPoint takes another; nothing depends on exact widths."""

EMU_PER_INCH: Final = 914_400
_DASHES: Final = {"dash": MSO_LINE.DASH, "dot": MSO_LINE.ROUND_DOT}
_ALIGN: Final = {"left": PP_ALIGN.LEFT, "center": PP_ALIGN.CENTER, "right": PP_ALIGN.RIGHT}
_ANCHOR: Final = {"top": MSO_ANCHOR.TOP, "middle": MSO_ANCHOR.MIDDLE, "bottom": MSO_ANCHOR.BOTTOM}
_LETTER: Final = 0.56
"""Mean width of a letter in heights; boxes do not wrap, so that it need not be exact."""


class Place:
    """Where a scene stands on a slide.

    Parameters
    ----------
    left, top
        Of the scene, in inches.
    inch
        Inches a pixel of the scene.
    """

    def __init__(self, left: float, top: float, inch: float) -> None:
        self.left, self.top, self.inch = left, top, inch

    def at(self, point: Point) -> tuple[Emu, Emu]:
        """Return a point of the scene on the slide."""
        x, y = point
        return emu(self.left + x * self.inch), emu(self.top + y * self.inch)

    def length(self, pixels: float) -> Emu:
        """Return a length of the scene on the slide."""
        return emu(pixels * self.inch)

    def points(self, pixels: float) -> float:
        """Return a height of letters or a width of a line in points."""
        return pixels * self.inch * 72


def emu(inches: float) -> Emu:
    """Return inches in the unit of the file."""
    return Emu(round(inches * EMU_PER_INCH))


def color_of(text: str) -> RGBColor:
    """Return ``#rrggbb`` as the library wants it."""
    return RGBColor.from_string(text.removeprefix("#"))


def pen(line: Any, stroke: Stroke | None, place: Place) -> None:
    """Give a line of the library the look of a stroke."""
    if stroke is None:
        line.fill.background()
        return
    line.color.rgb = color_of(stroke.color)
    line.width = Pt(max(0.25, place.points(stroke.width)))
    if stroke.dash in _DASHES:
        line.dash_style = _DASHES[stroke.dash]


def paint(fill: Any, found: Fill | None) -> None:
    """Give a fill of the library a colour and its opacity."""
    if found is None:
        fill.background()
        return
    fill.solid()
    fill.fore_color.rgb = color_of(found.color)
    if found.opacity < 1:
        solid = fill._xPr.find(qn("a:solidFill"))
        alpha = etree.SubElement(solid[0], qn("a:alpha"))
        alpha.set("val", str(round(found.opacity * 100_000)))


def add_shape(shapes: Any, shape: Shape, place: Place) -> None:
    """Add a straight line or a rectangle of a scene."""
    (x0, y0), (x1, y1) = place.at(shape.start), place.at(shape.end)
    if shape.is_line:
        if shape.line is not None:
            line = shapes.add_connector(MSO_CONNECTOR.STRAIGHT, x0, y0, x1, y1)
            _unstyled(line)
            pen(line.line, shape.line, place)
        return
    size = Emu(abs(x1 - x0)), Emu(abs(y1 - y0))
    box = shapes.add_shape(MSO_SHAPE.RECTANGLE, min(x0, x1), min(y0, y1), *size)
    _unstyled(box)
    paint(box.fill, shape.area)
    pen(box.line, shape.line, place)


def _unstyled(shape: Any) -> None:
    """Take away the theme's shadow and line."""
    style = shape._element.find(qn("p:style"))
    if style is not None:
        shape._element.remove(style)


def add_area(shapes: Any, spots: Sequence[Point], area: Fill, place: Place) -> None:
    """Add a polygon."""
    first, *rest = (place.at(spot) for spot in spots)
    builder = shapes.build_freeform(*first, scale=1.0)
    builder.add_line_segments(rest, close=True)
    drawn = builder.convert_to_shape()
    _unstyled(drawn)
    paint(drawn.fill, area)
    drawn.line.fill.background()


def add_words(shapes: Any, words: Words, place: Place) -> None:
    """Add a text of a scene."""
    longest = max((sum(len(run.text) for run in line) for line in words.lines), default=0)
    if not longest:
        return
    wide = words.size * (_LETTER * longest + 0.4)
    high = words.size * LEADING * len(words.lines)
    x, y = words.at
    left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[words.across] * wide
    top = y - {"top": 0.0, "middle": 0.5, "bottom": 1.0}[words.down] * high
    box = shapes.add_textbox(*place.at((left, top)), place.length(wide), place.length(high))
    frame = plain_frame(box.text_frame, wrap=False)
    frame.vertical_anchor = _ANCHOR[words.down]
    if words.background is not None:
        paint(box.fill, words.background)
    write(frame, words.lines, place.points(words.size), _ALIGN[words.across])


def plain_frame(frame: Any, *, wrap: bool) -> Any:
    """Return a text frame without margins that keeps its size."""
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    frame.word_wrap = wrap
    frame.auto_size = MSO_AUTO_SIZE.NONE
    return frame


def write(
    frame: Any,
    lines: Sequence[Sequence[Run]],
    points: float,
    align: Any = PP_ALIGN.LEFT,
    leading: float = 1.0,
) -> None:
    """Write lines of runs into a frame, one paragraph a line."""
    for k, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
        paragraph.alignment = align
        paragraph.line_spacing = leading
        for run in line:
            piece = paragraph.add_run()
            piece.text = printable(run.text)
            piece.font.size = Pt(round(points, 1))
            piece.font.bold = run.bold
            piece.font.name = FONT
            piece.font.color.rgb = color_of(run.color)


def printable(text: str) -> str:
    """Return a text without the control characters that no XML file can hold."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
