"""The specification curve: every declared analysis, sorted, above the choices that made it."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.results import Interval
from analysis.specification import SpecificationCurve
from report.charts.parts import empty, nice_ticks, tick_texts, wrap
from report.charts.rows import headed
from report.charts.specification_matrix import (
    DENSE,
    LINE,
    ROW,
    USUAL_WIDTH,
    Sizes,
    bars,
    blocks,
    draw_matrix,
    left_margin,
    line_trace,
    matrix_texts,
    option_rows,
)
from report.look import Look, annotation, escape, spread
from report.numbers import decimals_for, level, p_value, signed, span
from report.specification_words import (
    analyses_heading,
    curve_decimals,
    differing,
    not_run_sentence,
    sides,
)
from report.words import rises

MIN_WIDTH: Final = 760
"""Width in pixels that labels and columns need; a narrower screen scrolls."""

_EMPTY: Final = 220
_PANEL: Final = 280
"""Height of the curve in pixels."""
_BETWEEN: Final = 52
_NARROWEST: Final = 3.5
_WIDEST: Final = 11.0
_FAR: Final = 1.5


def specification_figure(
    result: EndpointComparison, curve: SpecificationCurve, look: Look, confidence: float
) -> go.Figure:
    """Draw every analysis that could be run, sorted by its estimate, above a matrix of its choices.

    A click on a dot gives the position of the analysis in the curve.

    Parameters
    ----------
    result
        Primary analysis of the endpoint.
    curve
        All analyses.
    look
        Colours.
    confidence
        Level of the intervals.
    """
    k = len(curve.estimate)
    if not k:
        why = curve.reason or "no analysis could be run"
        return empty(look, _EMPTY, f"{result.endpoint.label}: {escape(why.removesuffix('.'))}.")
    rows = option_rows(curve, confidence)
    matrix = rows[-1].at + ROW / 2 if rows else 0.0
    low, high, cut = _extent(curve)
    margin = {"l": left_margin(curve), "r": 112, "t": 34, "b": 14}
    plot = _PANEL + _BETWEEN + matrix
    fig = headed(
        look,
        int(plot) + margin["t"] + margin["b"],
        margin,
        f"<b>{result.endpoint.label}</b>, {analyses_heading(curve, confidence, rises(result))}",
        _subtitle(result, curve, confidence, cut),
        width=100,
    )
    _axes(fig, look, k, (low, high), plot, matrix)
    sizes = Sizes.of(k)
    _tint_primary(fig, look, curve, sizes)
    _intervals(fig, look, curve, sizes)
    draw_matrix(fig, look, curve, rows, sizes)
    _dots(fig, look, curve, sizes, confidence)
    texts = [
        *_curve_texts(look, result, curve, (low, high), margin["l"]),
        *matrix_texts(look, curve, rows, margin["l"]),
    ]
    # Added one by one, plotly would check all earlier ones again for each.
    fig.layout.annotations = [*fig.layout.annotations, *texts]
    return fig


def _extent(curve: SpecificationCurve) -> tuple[float, float, int]:
    """Return the range of the value axis, and how many intervals reach beyond it.

    All estimates, 0 and the primary interval always fit; very wide intervals are cut, because else
    a single analysis of few patients would press the curve into a line.
    """
    known = curve.estimate[np.isfinite(curve.estimate)]
    core = [0.0, *known.tolist()]
    if curve.primary >= 0:
        ends = (float(curve.low[curve.primary]), float(curve.high[curve.primary]))
        core += [v for v in ends if math.isfinite(v)]
    low, high = min(core), max(core)
    room = (high - low) or 1.0
    lows, highs = curve.low[np.isfinite(curve.low)], curve.high[np.isfinite(curve.high)]
    bottom = max(min(float(lows.min(initial=low)), low), low - _FAR * room)
    top = min(max(float(highs.max(initial=high)), high), high + _FAR * room)
    cut = int(np.sum((curve.low < bottom) | (curve.high > top)))
    edge = 0.04 * (top - bottom)
    return bottom - edge, top + edge, cut


def _subtitle(
    result: EndpointComparison, curve: SpecificationCurve, confidence: float, cut: int
) -> str:
    parts = [
        "Each column is one analysis, sorted by its estimate; bars: "
        f"{level(confidence)} CI, filled dots exclude 0."
    ]
    if curve.primary >= 0:
        parts.append("Blue: primary.")
    if cut:
        parts.append(f"{cut:,} of the bars {'goes' if cut == 1 else 'go'} on beyond the axis.")
    if curve.unit != result.unit:
        parts.append(f"In {curve.unit}, because windows differ.")
    if curve.note:
        parts.append(f"{curve.note[0].upper()}{curve.note[1:]}.")
    parts.append(not_run_sentence(curve))
    return escape(" ".join(part for part in parts if part))


def _axes(
    fig: go.Figure, look: Look, k: int, extent: tuple[float, float], plot: float, matrix: float
) -> None:
    ticks = nice_ticks(*extent, 5)
    fig.update_layout(
        xaxis={
            "range": [-0.7, k - 0.3],
            "showticklabels": False,
            "anchor": "y2",
            "fixedrange": k <= DENSE,
        },
        yaxis={
            "range": list(extent),
            "domain": [1 - _PANEL / plot, 1],
            "tickvals": ticks,
            "ticktext": tick_texts(ticks),
            "showgrid": True,
            "fixedrange": True,
        },
        yaxis2={
            "range": [max(matrix, 1), 0],
            "domain": [0, max(matrix, 1) / plot],
            "showticklabels": False,
            "fixedrange": True,
        },
    )


def _tint_primary(fig: go.Figure, look: Look, curve: SpecificationCurve, sizes: Sizes) -> None:
    if curve.primary < 0:
        return
    k = len(curve.estimate)
    step = USUAL_WIDTH / k
    half = min(max(0.5, _NARROWEST / step), _WIDEST / step)
    fig.add_shape(
        type="rect", xref="x", yref="paper", layer="below", fillcolor=look.after_tint,
        x0=curve.primary - half, x1=curve.primary + half, y0=0, y1=1, line={"width": 0},
    )  # fmt: skip


def _intervals(fig: go.Figure, look: Look, curve: SpecificationCurve, sizes: Sizes) -> None:
    at = np.arange(len(curve.estimate), dtype=np.float64)
    known = np.isfinite(curve.low) & np.isfinite(curve.high)
    own = at == curve.primary
    draw = bars if sizes.bar else blocks
    others = known & ~own if sizes.bar else known
    line_trace(
        fig, *draw(at[others], curve.low[others], curve.high[others]), look.dim, sizes.bar, "y"
    )
    if curve.primary >= 0:
        mine = known & own
        line_trace(fig, *bars(at[mine], curve.low[mine], curve.high[mine]), look.after, 3.2, "y")
    ends: list[Any] = [-0.7, len(at) - 0.3, None]
    # Not the axis's own zero line, over which the bars would lie.
    line_trace(fig, ends, [0.0, 0.0, None], look.ink, 1.4, "y")
    line_trace(fig, ends, [curve.median, curve.median, None], look.ink3, 1, "y")
    fig.data[-1].line.dash = "2px,3px"


def _dots(
    fig: go.Figure, look: Look, curve: SpecificationCurve, sizes: Sizes, confidence: float
) -> None:
    k = len(curve.estimate)
    excludes = (curve.low > 0) | (curve.high < 0)
    order = [i for i in range(k) if i != curve.primary]
    for chosen, colour, size, edge in (
        (order, look.ink2, sizes.dot, sizes.edge),
        ([curve.primary] if curve.primary >= 0 else [], look.after, 12, 2.2),
    ):
        if not chosen:
            continue
        fig.add_scatter(
            x=chosen,
            y=curve.estimate[chosen].tolist(),
            mode="markers",
            cliponaxis=False,
            marker={
                "symbol": "circle",
                "size": size,
                "color": [colour if excludes[i] else look.bg for i in chosen],
                "line": {"color": colour, "width": edge},
            },
            customdata=[
                ["" if i == curve.primary else str(i), _hover(curve, i, confidence)] for i in chosen
            ],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )


def _key(curve: SpecificationCurve, k: int) -> str:
    """Return what a click on a dot sends: nothing for the primary analysis, which is open."""
    return "" if k == curve.primary else str(k)


def _hover(curve: SpecificationCurve, k: int, confidence: float) -> str:
    low, high = float(curve.low[k]), float(curve.high[k])
    known = math.isfinite(low) and math.isfinite(high)
    interval = Interval(low, high, confidence, confidence) if known else None
    decimals = decimals_for(interval)
    said = escape("; ".join(differing(curve, k)))
    ends = f" ({span(interval, decimals)})" if interval else ""
    if k == curve.primary:
        first, last = "primary: ", ""
    else:
        first = ""
        last = f"<br>{'<br>'.join(wrap(said, 62))}<br>click: open this analysis"
    return (
        f"{first}{signed(float(curve.estimate[k]), decimals)} {curve.unit}{ends}, "
        f"{p_value(float(curve.p[k]), curve.base.alternative)}, n = {int(curve.n[k])}{last}"
    )


def _curve_texts(
    look: Look,
    result: EndpointComparison,
    curve: SpecificationCurve,
    extent: tuple[float, float],
    left: int,
) -> list[dict[str, object]]:
    """Write axis title, direction words, the median and the primary estimate."""
    low, high = extent
    decimals = curve_decimals(curve)

    def pixel(value: float) -> float:
        return _PANEL * (value - low) / (high - low)

    zero = pixel(0.0)
    title, up, down = spread([_PANEL - 4.0, zero + 12, zero - 12], 0.0)
    up, down = max(up, 12), max(down, -12)
    title = max(title, up + 2.6 * LINE) if up + 2.6 * LINE > _PANEL - 4 else title
    place = {"xref": "paper", "yref": "y", "xshift": 8 - left, "yanchor": "middle"}
    fine = {"size": 12.5, "color": look.ink3}
    worse, better = sides(rises(result))
    texts = [
        annotation(
            f"change of slope,<br>{escape(curve.unit)}", 0, low, look,
            **place | {"yshift": title, "yanchor": "top"},
        ),
        annotation(f"{better} ↑", 0, low, look, font=fine, **place | {"yshift": up}),
        annotation(f"{worse} ↓", 0, low, look, font=fine, **place | {"yshift": down}),
        annotation(
            f"median {signed(curve.median, decimals)}", 1, curve.median, look,
            yref="y", yanchor="middle", xshift=10,
        ),
    ]  # fmt: skip
    if curve.primary >= 0:
        right = curve.primary > (len(curve.estimate) - 1) / 2
        texts.append(
            annotation(
                f"<b>primary {signed(float(curve.estimate[curve.primary]), decimals)}</b>",
                curve.primary,
                1,
                look,
                xref="x",
                xanchor="right" if right else "left",
                yshift=3,
                font={"size": 13, "color": look.after},
            )
        )
    return texts
