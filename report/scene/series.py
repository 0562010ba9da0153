"""The points of one plotly trace as series of a scene."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any, Final

from report.scene.markup import fill_of, solid
from report.scene.model import Fill, Marker, Series, Stroke

Plain = Mapping[str, Any]

_DASHES: Final = {"solid": "solid", "dash": "dash", "dot": "dot", "longdash": "dash"}
_INK: Final = "#4F5B66"


class SceneProblem(ValueError):
    """A figure with a part that no scene has."""


def stroke_of(pen: Plain) -> Stroke:
    """Return a pen of plotly."""
    dash = str(pen.get("dash", "solid"))
    if dash not in _DASHES:
        lengths = [float(part.removesuffix("px")) for part in dash.split(",")]
        dash = "dot" if lengths[0] <= 3 else "dash"
    return Stroke(solid(pen.get("color"), _INK), float(pen.get("width", 2)), _DASHES[dash])


def each(value: Any, n: int) -> list[Any]:
    """Return one entry a point, of a list or of one value for all."""
    return list(islice(cycle(value), n)) if isinstance(value, list) and value else [value] * n


def _gappy(values: Any) -> tuple[float | None, ...]:
    return tuple(None if v is None or math.isnan(v) else float(v) for v in values)


def series_of(trace: Plain, before: Plain | None = None) -> list[Series]:
    """Return what a scatter trace draws.

    Parameters
    ----------
    trace
        Of plotly, as plain values.
    before
        The trace before it in the same panel: an area may reach to it.

    Raises
    ------
    SceneProblem
        If its line or its area is of a kind that is not understood.
    """
    mode = str(trace.get("mode", "lines"))
    x, y = _points(trace)
    fill = trace.get("fill")
    area = fill_of(trace.get("fillcolor")) if fill in ("toself", "tonexty") else None
    if fill not in (None, "none", "toself", "tonexty"):
        raise SceneProblem(f"areas filled {fill} cannot be laid out")
    found: list[Series] = []
    if fill == "tonexty" and area is not None and before is not None:
        x0, y0 = _points(before)
        found.append(Series(x0 + x[::-1], y0 + y[::-1], area=area))
        area = None
    pen = trace.get("line", {})
    drawn = "lines" in mode and float(pen.get("width", 2)) > 0
    line = stroke_of(pen) if drawn else None
    markers: tuple[Marker, ...] = ()
    if "markers" in mode:
        markers = tuple(_markers(trace.get("marker", {}), len(x)))
    if line or markers or area:
        found.append(Series(x, y, line, markers, area))
    return found


def _points(trace: Plain) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    """Return the coordinates of a trace, with the corners of its steps."""
    x, y = _gappy(trace["x"]), _gappy(trace["y"])
    shape = trace.get("line", {}).get("shape", "linear")
    if shape == "linear":
        return x, y
    if shape != "hv" or "markers" in str(trace.get("mode", "")):
        raise SceneProblem(f"lines of shape {shape} cannot be laid out")
    across: list[float | None] = []
    up: list[float | None] = []
    for k, (at, value) in enumerate(zip(x, y, strict=True)):
        if k and at is not None and y[k - 1] is not None:
            across.append(at)
            up.append(y[k - 1])
        across.append(at)
        up.append(value)
    return tuple(across), tuple(up)


def _markers(marker: Plain, n: int) -> list[Marker]:
    edge = marker.get("line", {})
    columns = (
        each(marker.get("symbol", "circle"), n),
        each(marker.get("size", 6), n),
        each(marker.get("color"), n),
        each(edge.get("width", 0), n),
        each(edge.get("color"), n),
        each(marker.get("opacity", 1), n),
    )
    found = []
    for symbol, size, color, width, outline, opacity in zip(*columns, strict=True):
        name, fill = str(symbol), fill_of(color)
        pen = Stroke(solid(outline, _INK), float(width)) if float(width or 0) > 0 else None
        if name.endswith("-open") or name in ("x-thin", "cross-thin"):
            pen = pen or Stroke(fill.color if fill else _INK, 2.0)
            fill = None
        if fill is not None and float(opacity) < 1:
            fill = Fill(fill.color, fill.opacity * float(opacity))
        found.append(Marker(name.removesuffix("-open"), float(size), fill, pen))
    return found
