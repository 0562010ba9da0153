"""Lay out a plotly figure of this project as a scene.

Only what the charts of this project use is understood: scatter traces, horizontal bars, density
rasters, straight shapes, texts, and axes with a fixed range. Anything else raises, so that no part
of a figure is lost in silence.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from report.charts.parts import nice_ticks, tick_texts
from report.scene.cells import edges_of, ink_on, tint
from report.scene.markup import fill_of, runs_of, solid
from report.scene.model import (
    Axis,
    Fill,
    Panel,
    Point,
    Scene,
    Series,
    Shape,
    Stroke,
    Words,
)
from report.scene.series import Plain, SceneProblem, each, series_of, stroke_of

_TRACES: Final = ("scatter", "bar", "heatmap")
_SHAPES: Final = ("line", "rect")
_DASHES: Final = {"solid": "solid", "dash": "dash", "dot": "dot", "longdash": "dash"}
_INK: Final = "#4F5B66"
_ASIDE: Final = {"left": -5.0, "center": 0.0, "right": 5.0}
_ABOVE: Final = {"top": -5.0, "middle": 0.0, "bottom": 5.0}
_OTHER_SIDE: Final = {
    "left": "right",
    "right": "left",
    "center": "center",
    "top": "bottom",
    "bottom": "top",
    "middle": "middle",
}


def scene_of(figure: go.Figure, width: float) -> Scene:
    """Lay a figure out at a width.

    Parameters
    ----------
    figure
        With a height, margins and ranges of its own.
    width
        Pixels.

    Raises
    ------
    SceneProblem
        If it has a part that is not understood.
    """
    plain = json.loads(str(figure.to_json(engine="json")), object_hook=_unpacked)
    return _Layout(plain, width).scene()


def _unpacked(value: dict[str, Any]) -> Any:
    """Return the numbers of an array that plotly has packed; anything else as it is."""
    if "bdata" not in value:
        return value
    flat = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
    shape = [int(part) for part in str(value.get("shape", flat.size)).split(",")]
    table = flat.astype(float).reshape(shape)
    return table.tolist()


class _Layout:
    """Coordinates of one figure."""

    def __init__(self, plain: Plain, width: float) -> None:
        self.traces: list[Plain] = plain["data"]
        self.layout: Plain = plain["layout"]
        base = self.layout.get("template", {}).get("layout", {})
        self.axis_base: dict[str, Plain] = {k: base.get(f"{k}axis", {}) for k in "xy"}
        margin = dict(base.get("margin", {})) | dict(self.layout.get("margin", {}))
        self.width, self.height = float(width), float(self.layout["height"])
        self.left, self.right = float(margin["l"]), self.width - float(margin["r"])
        self.top, self.bottom = float(margin["t"]), self.height - float(margin["b"])
        self.axes = {
            name: self._merged(name)
            for name in ("xaxis", "yaxis", *self.layout)
            if name[:5] in ("xaxis", "yaxis")
        }

    def scene(self) -> Scene:
        pairs = self._pairs()
        series: dict[tuple[str, str], list[Series]] = {pair: [] for pair in pairs}
        inside: list[Words] = []
        last: dict[tuple[str, str], Plain] = {}
        if self.layout.get("images"):
            raise SceneProblem("images cannot be laid out")
        shapes = [self._shape(one) for one in self.layout.get("shapes", [])]
        for trace in self.traces:
            kind = trace.get("type", "scatter")
            if kind not in _TRACES:
                raise SceneProblem(f"traces of type {kind} cannot be laid out")
            pair = _axes_of(trace)
            if kind == "scatter":
                series[pair] += series_of(trace, last.get(pair))
                last[pair] = trace
                inside += self._point_words(trace, pair)
            elif kind == "bar":
                shapes += self._bars(trace, pair)
                inside += self._bar_words(trace)
            else:
                cells = self._cells(trace, pair)
                shapes += [shape for shape, _ in cells]
                inside += [text for _, text in cells if text is not None]
        panels = tuple(self._panel(pair, series[pair], self._stands(pair, pairs)) for pair in pairs)
        words = tuple(self._words(one) for one in self.layout.get("annotations", []))
        return Scene(self.width, self.height, panels, tuple(shapes), (*words, *inside))

    def _pairs(self) -> list[tuple[str, str]]:
        """Return the panels: where traces lie, and where an axis stands that they share."""
        pairs = list(dict.fromkeys(_axes_of(trace) for trace in self.traces)) or [("x", "y")]
        for x in dict.fromkeys(x for x, _ in pairs):
            anchor = self.axes[self._axis_name(x)].get("anchor", "")
            if self._axis_name(anchor or "y") in self.axes and anchor and (x, anchor) not in pairs:
                pairs.append((x, anchor))
        return pairs

    def _stands(self, pair: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> tuple[bool, bool]:
        """Return whether an axis that several panels share is written at this one, x and y."""
        found = []
        for mine, other in ((0, 1), (1, 0)):
            sharing = [one for one in pairs if one[mine] == pair[mine]]
            anchor = self.axes[self._axis_name(pair[mine])].get("anchor", "")
            home = next((one for one in sharing if one[other] == anchor), None)
            found.append(home is None or home == pair)
        return found[0], found[1]

    def _merged(self, name: str) -> Plain:
        return dict(self.axis_base[name[0]]) | dict(self.layout.get(name, {}))

    def _axis_name(self, short: str) -> str:
        return f"{short[0]}axis{short[1:]}"

    def _domain(self, short: str) -> tuple[float, float]:
        """Return where an axis begins and ends, in pixels: left and right, or top and bottom."""
        low, high = self.axes[self._axis_name(short)].get("domain", (0.0, 1.0))
        if short[0] == "x":
            span = self.right - self.left
            return self.left + low * span, self.left + high * span
        span = self.bottom - self.top
        return self.bottom - high * span, self.bottom - low * span

    def _panel(
        self, pair: tuple[str, str], series: Sequence[Series], stands: tuple[bool, bool]
    ) -> Panel:
        (left, right), (top, bottom) = self._domain(pair[0]), self._domain(pair[1])
        bare: Plain = {"labelled": False, "line": None, "tick_length": 0.0, "title": ""}
        x, y = (
            self._axis(short) if here else replace(self._axis(short), **bare)
            for short, here in zip(pair, stands, strict=True)
        )
        return Panel(left, top, right, bottom, x, y, tuple(series))

    def _axis(self, short: str) -> Axis:
        plain = self.axes[self._axis_name(short)]
        if "range" not in plain:
            raise SceneProblem(f"axis {short} has no range of its own")
        low, high = (float(end) for end in plain["range"])
        shown = plain.get("visible", True)
        title = plain.get("title") or {}
        font = plain.get("tickfont", {})
        return Axis(
            low,
            high,
            _ticks(plain, low, high),
            bool(shown and plain.get("showticklabels", True)),
            plain.get("side") in ("top", "right"),
            _pen(plain, "linecolor", "linewidth") if shown and plain.get("showline") else None,
            _pen(plain, "gridcolor", "gridwidth") if shown and plain.get("showgrid") else None,
            _pen(plain, "zerolinecolor", "zerolinewidth") if plain.get("zeroline") else None,
            float(plain.get("ticklen", 5)) if shown and plain.get("ticks") == "outside" else 0.0,
            float(font.get("size", 13)),
            solid(font.get("color"), _INK),
            str(title.get("text") or ""),
            solid(title.get("font", {}).get("color"), _INK),
        )

    def _place(self, ref: str, value: float) -> float:
        """Return a coordinate in pixels, of the paper or of an axis."""
        across = ref[0] == "x"
        if ref.endswith("paper"):
            if across:
                return self.left + value * (self.right - self.left)
            return self.bottom - value * (self.bottom - self.top)
        low, high = (float(end) for end in self.axes[self._axis_name(ref)]["range"])
        share = (value - low) / (high - low)
        start, end = self._domain(ref)
        return start + share * (end - start) if across else end - share * (end - start)

    def _point(self, plain: Plain, suffix: str = "") -> Point:
        x = self._place(_ref(plain, "x"), float(plain[f"x{suffix}"]))
        y = self._place(_ref(plain, "y"), float(plain[f"y{suffix}"]))
        return x, y

    def _on_page(self, point: Point) -> Point:
        """Return the nearest point of the page: some tints reach beyond it."""
        return min(max(point[0], 0.0), self.width), min(max(point[1], 0.0), self.height)

    def _shape(self, plain: Plain) -> Shape:
        kind = plain.get("type")
        if kind not in _SHAPES:
            raise SceneProblem(f"shapes of type {kind} cannot be laid out")
        pen = plain.get("line", {})
        opacity = float(plain.get("opacity", 1))
        area = fill_of(plain.get("fillcolor")) if kind == "rect" else None
        line = None
        if float(pen.get("width", 2)) > 0 and (kind == "line" or "color" in pen):
            line = stroke_of(pen)
        return Shape(
            self._on_page(self._point(plain, "0")),
            self._on_page(self._point(plain, "1")),
            line,
            Fill(area.color, area.opacity * opacity) if area else None,
            kind == "line",
            plain.get("layer") in ("below", "between"),
        )

    def _words(self, plain: Plain) -> Words:
        if plain.get("showarrow", True):
            raise SceneProblem("texts with arrows cannot be laid out")
        x, y = self._point(plain)
        font = plain.get("font", {})
        size, color = float(font.get("size", 13)), solid(font.get("color"), _INK)
        return Words(
            (x + float(plain.get("xshift", 0)), y - float(plain.get("yshift", 0))),
            runs_of(str(plain.get("text", "")), color),
            size,
            plain.get("xanchor", "center"),
            plain.get("yanchor", "middle"),
            fill_of(plain.get("bgcolor")),
        )

    def _bar_ends(self, trace: Plain) -> list[tuple[Point, Point]]:
        """Return opposite corners of each horizontal bar."""
        if trace.get("orientation") != "h":
            raise SceneProblem("only horizontal bars can be laid out")
        pair = _axes_of(trace)
        n = len(trace["y"])
        bases, widths = each(trace.get("base", 0), n), each(trace.get("width", 0.8), n)
        ends = []
        for base, length, y, width in zip(bases, trace["x"], trace["y"], widths, strict=True):
            x0, x1 = (self._place(pair[0], float(v)) for v in (base, base + length))
            y0, y1 = (self._place(pair[1], float(v)) for v in (y + width / 2, y - width / 2))
            ends.append(((x0, y0), (x1, y1)))
        return ends

    def _bars(self, trace: Plain, pair: tuple[str, str]) -> list[Shape]:
        marker = trace.get("marker", {})
        edge = marker.get("line", {})
        ends = self._bar_ends(trace)
        colors = each(marker.get("color"), len(ends))
        line = stroke_of(edge) if float(edge.get("width", 0) or 0) > 0 else None
        return [
            Shape(start, end, line, fill_of(color), False, True)
            for (start, end), color in zip(ends, colors, strict=True)
        ]

    def _bar_words(self, trace: Plain) -> list[Words]:
        if "text" not in trace:
            return []
        font = trace.get("insidetextfont", {})
        ends = self._bar_ends(trace)
        colors, texts = each(font.get("color"), len(ends)), each(trace["text"], len(ends))
        size = float(font.get("size", 12))
        found = []
        for (start, end), text, color in zip(ends, texts, colors, strict=True):
            # A label that does not fit its bar is left out, as on the screen.
            if text and 0.55 * size * len(str(text)) <= abs(end[0] - start[0]):
                middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
                runs = runs_of(str(text), solid(color, _INK))
                found.append(Words(middle, runs, size, "center", "middle"))
        return found

    def _point_words(self, trace: Plain, pair: tuple[str, str]) -> list[Words]:
        """Return the texts at the points of a trace."""
        if "text" not in str(trace.get("mode", "")):
            return []
        n = len(trace["x"])
        font = trace.get("textfont", {})
        columns = (
            trace["x"],
            trace["y"],
            each(trace.get("text"), n),
            each(trace.get("textposition", "middle center"), n),
            each(font.get("color"), n),
        )
        size = float(font.get("size", 12))
        found = []
        for x, y, text, where, color in zip(*columns, strict=True):
            if x is None or y is None or not text:
                continue
            down, across = str(where).split(" ")
            left = self._place(pair[0], float(x)) + _ASIDE[across]
            top = self._place(pair[1], float(y)) + _ABOVE[down]
            # The place of a text is said from the point, its anchor from the text.
            anchors = _OTHER_SIDE[across], _OTHER_SIDE[down]
            runs = runs_of(str(text), solid(color, _INK))
            found.append(Words((left, top), runs, size, *anchors))
        return found

    def _cells(self, trace: Plain, pair: tuple[str, str]) -> list[tuple[Shape, Words | None]]:
        """Return the tinted cells of a grid, each with its text if it has one."""
        low, high = float(trace["zmin"]), float(trace["zmax"])
        rows = trace["z"]
        x = [self._place(pair[0], v) for v in edges_of(trace["x"], len(rows[0]))]
        y = [self._place(pair[1], v) for v in edges_of(trace["y"], len(rows))]
        gap = 0.5 if trace.get("xgap") else 0.0
        shown = bool(trace.get("texttemplate"))
        size = float(trace.get("textfont", {}).get("size", 12))
        found: list[tuple[Shape, Words | None]] = []
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if value is None or math.isnan(value):
                    continue
                fill = tint(trace["colorscale"], (float(value) - low) / ((high - low) or 1))
                if fill is None:
                    continue
                start = x[column] + gap, y[row] - gap
                end = x[column + 1] - gap, y[row + 1] + gap
                text = str(trace["text"][row][column]) if shown else ""
                words = None
                if text:
                    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
                    words = Words(middle, runs_of(text, ink_on(fill)), size, "center", "middle")
                found.append((Shape(start, end, None, fill, False, True), words))
        return found


def _axes_of(trace: Plain) -> tuple[str, str]:
    return str(trace.get("xaxis", "x")), str(trace.get("yaxis", "y"))


def _ref(plain: Plain, letter: str) -> str:
    """Return "xpaper", or the name of an axis."""
    ref = str(plain.get(f"{letter}ref", letter))
    return f"{letter}paper" if ref == "paper" else ref


def _ticks(plain: Plain, low: float, high: float) -> tuple[tuple[float, str], ...]:
    values = plain.get("tickvals")
    if values is None and "dtick" in plain:
        step = float(plain["dtick"])
        first, last = math.ceil(min(low, high) / step), math.floor(max(low, high) / step)
        values = [k * step for k in range(first, last + 1)]
        return tuple((v, f"{v:g}".replace("-", "−")) for v in values)
    if values is None:
        values = nice_ticks(min(low, high), max(low, high)).tolist()
    texts = plain.get("ticktext") or [t.removeprefix("+") for t in tick_texts(values)]
    pairs = zip(map(float, values), map(str, texts), strict=True)
    small, large = min(low, high), max(low, high)
    room = 1e-9 * (large - small)
    return tuple((v, text) for v, text in pairs if small - room <= v <= large + room)


def _pen(plain: Plain, color: str, width: str) -> Stroke:
    return Stroke(solid(plain.get(color), "#9AA5AE"), float(plain.get(width, 1)))
