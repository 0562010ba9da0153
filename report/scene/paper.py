"""Scenes as PNG, SVG and PDF at a chosen size, drawn without a browser."""

from __future__ import annotations

import io
from typing import Any, Final, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle

from report.print_figures import font_for
from report.scene.axes import LEADING, axis_strokes, axis_words
from report.scene.model import Fill, Panel, Scene, Series, Shape, Stroke, Words
from report.scene.runs import polylines

Kind = Literal["png", "svg", "pdf"]

MIME: Final[dict[Kind, str]] = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}

_INCH: Final = 25.4
_DASHES: Final[dict[str, Any]] = {"solid": "-", "dash": (0, (4, 2.5)), "dot": (0, (1.5, 2.5))}
_SYMBOLS: Final = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "pentagon": "p",
    "triangle-up": "^",
    "triangle-down": "v",
    "triangle-left": "<",
    "triangle-right": ">",
    "hexagon": "h",
    "x": "X",
    "x-thin": "x",
    "cross": "P",
    "line-ns": "|",
    "line-ew": "_",
}
_BELOW, _GRID, _DATA, _ABOVE, _TEXT = 1, 2, 3, 5, 6


def scene_bytes(
    scene: Scene,
    kind: Kind,
    *,
    width_mm: float,
    dpi: int = 300,
    grey: bool = False,
    background: str = "#FFFFFF",
) -> bytes:
    """Draw a scene.

    Parameters
    ----------
    scene
        What is drawn.
    kind
        ``"png"``, ``"svg"`` or ``"pdf"``.
    width_mm
        Width on paper; the height follows.
    dpi
        Dots an inch of a PNG.
    grey
        Whether colours become the greys that a copier makes of them.
    background
        Colour of the page.
    """
    # One pixel of the scene is one point of matplotlib on a page that is then scaled as a whole.
    scale = width_mm / _INCH * 72 / scene.width
    page = _Page(scene, scale, grey)
    page.figure.set_facecolor(background)
    page.draw()
    buffer = io.BytesIO()
    # A date would make two equal drawings differ.
    about: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind, {})
    page.figure.savefig(buffer, format=kind, dpi=dpi if kind == "png" else 72, metadata=about)
    return buffer.getvalue()


class _Page:
    """One drawing in progress; all coordinates are pixels of the scene."""

    def __init__(self, scene: Scene, scale: float, grey: bool) -> None:
        self.scene, self.scale, self.grey = scene, scale, grey
        size = scene.width * scale / 72, scene.height * scale / 72
        self.figure = Figure(figsize=size)
        self.canvas: Any = FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_xlim(0, scene.width)
        self.axes.set_ylim(scene.height, 0)
        self.axes.axis("off")

    def draw(self) -> None:
        """Draw everything, from the back to the front."""
        for shape in self.scene.shapes:
            self._shape(shape)
        for panel in self.scene.panels:
            self._axis_lines(panel)
            for series in panel.series:
                self._series(panel, series)
        for words in self.scene.words:
            self._words(words)
        for words in axis_words(self.scene):
            self._words(words)

    def _color(self, color: str) -> str:
        if not self.grey:
            return color
        red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
        tone = round(0.2126 * red + 0.7152 * green + 0.0722 * blue)
        return f"#{tone:02X}{tone:02X}{tone:02X}"

    def _pen(self, stroke: Stroke | None) -> dict[str, Any]:
        if stroke is None:
            return {"linewidth": 0, "edgecolor": "none"}
        return {
            "linewidth": stroke.width * self.scale,
            "edgecolor": self._color(stroke.color),
            "linestyle": _DASHES[stroke.dash],
        }

    def _inside(self, fill: Fill | None) -> dict[str, Any]:
        if fill is None:
            return {"facecolor": "none"}
        red, green, blue = (int(self._color(fill.color)[k : k + 2], 16) / 255 for k in (1, 3, 5))
        return {"facecolor": (red, green, blue, fill.opacity)}

    def _line(self, x: Any, y: Any, stroke: Stroke, level: int, **more: Any) -> Line2D:
        line = Line2D(
            x,
            y,
            color=self._color(stroke.color),
            linewidth=stroke.width * self.scale,
            linestyle=_DASHES[stroke.dash],
            zorder=level,
            solid_capstyle="butt",
            **more,
        )
        self.axes.add_line(line)
        return line

    def _shape(self, shape: Shape) -> None:
        (x0, y0), (x1, y1) = shape.start, shape.end
        level = _BELOW if shape.below else _ABOVE
        if shape.is_line:
            if shape.line is not None:
                self._line([x0, x1], [y0, y1], shape.line, level)
            return
        corner, size = (min(x0, x1), min(y0, y1)), (abs(x1 - x0), abs(y1 - y0))
        style = self._inside(shape.area) | self._pen(shape.line)
        self.axes.add_patch(Rectangle(corner, *size, zorder=level, **style))

    def _axis_lines(self, panel: Panel) -> None:
        for drawn in axis_strokes(panel):
            stroke, (x0, y0), (x1, y1) = drawn.pen, drawn.start, drawn.end
            self._line([x0, x1], [y0, y1], stroke, _GRID)

    def _series(self, panel: Panel, series: Series) -> None:
        window = Rectangle(
            (panel.left, panel.top),
            panel.right - panel.left,
            panel.bottom - panel.top,
            transform=self.axes.transData,
        )
        for run in polylines(series):
            spots = [panel.at(x, y) for x, y in run]
            if series.area is not None:
                patch = Polygon(spots, closed=True, zorder=_DATA - 0.5, linewidth=0)
                patch.set(**self._inside(series.area))
                self.axes.add_patch(patch)
                patch.set_clip_path(window)
            if series.line is not None and len(spots) > 1:
                x, y = zip(*spots, strict=True)
                line = self._line(x, y, series.line, _DATA)
                line.set_clip_path(window)
        for place, marker in enumerate(series.markers):
            at_x, at_y = series.x[place], series.y[place]
            if at_x is None or at_y is None or marker.size <= 0:
                continue
            x_at, y_at = panel.at(at_x, at_y)
            edge = marker.edge
            slim = marker.symbol == "diamond"
            self.axes.plot(
                [x_at],
                [y_at],
                marker=_SYMBOLS[marker.symbol],
                markersize=marker.size * self.scale * (0.72 if slim else 0.95),
                markerfacecolor=self._inside(marker.fill)["facecolor"],
                markeredgecolor=self._color(edge.color) if edge else "none",
                markeredgewidth=edge.width * self.scale if edge else 0,
                linestyle="none",
                zorder=_DATA + 0.5,
                clip_on=False,
            )

    def _words(self, words: Words) -> None:
        x, y = words.at
        size, step = words.size * self.scale, words.size * LEADING
        up = {"top": 0.0, "middle": 0.5, "bottom": 1.0}[words.down]
        first = y - up * step * len(words.lines)
        widths = [sum(self._width(r.text, r.bold, size) for r in line) for line in words.lines]
        back = {"left": 0.0, "center": 0.5, "right": 1.0}[words.across]
        if words.background is not None:
            corner = (x - back * max(widths, default=0) - 2, first)
            box = Rectangle(corner, max(widths, default=0) + 4, step * len(words.lines))
            box.set(zorder=_TEXT - 0.5, linewidth=0, **self._inside(words.background))
            self.axes.add_patch(box)
        for k, (line, width) in enumerate(zip(words.lines, widths, strict=True)):
            at = x - back * width
            base = first + step * (k + 0.5) + 0.35 * words.size
            for run in line:
                self.axes.text(
                    at,
                    base,
                    run.text.replace("$", r"\$"),
                    fontproperties=font_for(run.text, bold=run.bold),
                    fontsize=size,
                    color=self._color(run.color),
                    va="baseline",
                    zorder=_TEXT,
                )
                at += self._width(run.text, run.bold, size)

    def _width(self, text: str, bold: bool, size: float) -> float:
        """Return the width of letters in pixels of the scene."""
        style = font_for(text, bold=bold).copy()
        style.set_size(size)
        width = self.canvas.get_renderer().get_text_width_height_descent(text, style, ismath=False)[
            0
        ]
        return float(width) * 72 / self.figure.dpi / self.scale
