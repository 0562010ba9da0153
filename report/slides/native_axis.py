"""The axes of a native chart: range, ticks, grid and number format."""

from __future__ import annotations

import itertools
from typing import Any

from pptx.enum.chart import XL_AXIS_CROSSES, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.util import Pt

from report.scene.model import Axis
from report.slides.parts import Place, color_of, pen


def is_aligned(axis: Axis) -> bool:
    """Whether the ticks of a native axis, which begin at its end, are those that are wanted."""
    values = [value for value, _ in axis.ticks]
    steps = [b - a for a, b in itertools.pairwise(values)]
    if not steps or max(steps) - min(steps) > 1e-6 * max(abs(s) for s in steps):
        return False
    start = min(axis.low, axis.high) if steps[0] > 0 else max(axis.low, axis.high)
    return _whole((start - values[0]) / steps[0])


def axis_format(axis: Axis) -> str | None:
    """Return the number format that writes the ticks of an axis; nothing if none does."""
    if not axis.labelled or not axis.ticks:
        return ""
    if not is_aligned(axis):
        return None
    values = [value for value, _ in axis.ticks]
    for decimals in range(4):
        for plus in ("", "+"):
            made = [_as_tick(value, decimals, plus) for value in values]
            if made == [text for _, text in axis.ticks]:
                digits = "0" if decimals == 0 else f"0.{'0' * decimals}"
                return f"{plus}{digits};−{digits};0"
    return None


def _as_tick(value: float, decimals: int, plus: str) -> str:
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return "0"
    return f"{'−' if value < 0 else plus}{text}"


def _whole(value: float) -> bool:
    return abs(value - round(value)) < 1e-6


def dress_axis(axis: Any, plain: Axis, place: Place, *, native: bool, other_side: bool) -> None:
    """Give an axis its range, ticks and pens; ``other_side`` tells where the other one stands."""
    low, high = min(plain.low, plain.high), max(plain.low, plain.high)
    axis.minimum_scale, axis.maximum_scale = low, high
    axis.reverse_order = plain.low > plain.high
    # Where the other axis crosses this one: at its beginning, which is its highest value if turned.
    turned = plain.low > plain.high
    axis.crosses = XL_AXIS_CROSSES.MAXIMUM if turned != other_side else XL_AXIS_CROSSES.MINIMUM
    axis.has_title = False
    ruled = is_aligned(plain)
    axis.has_major_gridlines = plain.grid is not None and ruled
    values = [value for value, _ in plain.ticks]
    if len(values) > 1:
        axis.major_unit = abs(values[1] - values[0])
    if axis.has_major_gridlines and plain.grid is not None:
        pen(axis.major_gridlines.format.line, plain.grid, place)
    pen(axis.format.line, plain.line, place)
    axis.minor_tick_mark = XL_TICK_MARK.NONE
    ticked = plain.tick_length > 0 and ruled
    axis.major_tick_mark = XL_TICK_MARK.OUTSIDE if ticked else XL_TICK_MARK.NONE
    shown = native and plain.labelled and bool(plain.ticks)
    near, none = XL_TICK_LABEL_POSITION.NEXT_TO_AXIS, XL_TICK_LABEL_POSITION.NONE
    axis.tick_label_position = near if shown else none
    if shown:
        labels = axis.tick_labels
        labels.number_format, labels.number_format_is_linked = axis_format(plain), False
        labels.font.size = Pt(round(place.points(plain.size), 1))
        labels.font.color.rgb = color_of(plain.color)
