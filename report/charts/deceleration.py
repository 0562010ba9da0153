"""What decline that slows by itself does to the comparison with untreated trials."""

from __future__ import annotations

import math
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from analysis.untreated.deceleration import Deceleration
from analysis.untreated.outcome import RARE
from data.endpoints import Endpoint
from report.charts.parts import empty, nice_ticks, tick_texts
from report.charts.rows import headed
from report.look import Look, annotation
from report.numbers import plain, signed
from report.untreated_words import of_100

_EMPTY: Final = 220
_HEIGHT: Final = 470
_UPPER, _LOWER = (0.56, 1.0), (0.0, 0.41)


def deceleration_figure(
    found: Deceleration, endpoint: Endpoint, unit: str, look: Look
) -> go.Figure:
    """Draw the untreated change, and the share of untreated trials, by curvature.

    Parameters
    ----------
    found
        One endpoint with more and more curvature.
    endpoint
        Which one.
    unit
        Of changes.
    look
        Colours.
    """
    if not found.rows:
        return empty(look, _EMPTY, f"{endpoint.label}: no natural history is known.")
    bends = [row.bend for row in found.rows]
    fig = headed(
        look,
        _HEIGHT,
        {"l": 60, "r": 24, "t": 26, "b": 52},
        f"<b>{endpoint.label}</b>, if every decline slows by itself",
        "Above: mean untreated change. Below: untreated trials with a change at least as high as "
        "in this trial.",
        width=62,
    )
    common = {"mode": "lines+markers", "line": {"color": look.untreated, "width": 2}}
    common["marker"] = {"size": 8, "color": look.untreated_fill,
                        "line": {"color": look.untreated, "width": 1.6}}  # fmt: skip
    hover = {"hovertemplate": "%{customdata[1]}<extra></extra>"}
    texts = [["", _hover(found, k, unit)] for k in range(len(bends))]
    means = [row.mean for row in found.rows]
    shares = [100 * row.at_least.share for row in found.rows]
    fig.add_scatter(x=bends, y=means, yaxis="y", customdata=texts, **common, **hover)
    fig.add_scatter(x=bends, y=shares, yaxis="y2", customdata=texts, **common, **hover)
    room = 0.04 * (bends[-1] - bends[0])
    extent = (bends[0] - room, bends[-1] + room)
    _axes(fig, look, extent, [*means, found.observed], max(shares), found.unit)
    _observed(fig, look, found.observed, extent)
    _chance(fig, look, extent)
    _panel(fig, look, f"mean untreated change, {unit}", _UPPER[1])
    _panel(fig, look, "of 100 untreated trials", _LOWER[1])
    if math.isfinite(found.enough) and 0 < found.enough <= bends[-1]:
        _enough(fig, look, found)
    return fig


def deceleration_alt(found: Deceleration, endpoint: Endpoint, unit: str) -> str:
    """Return what the figure shows, for those who cannot see it."""
    if not found.rows:
        return f"{endpoint.label}: no natural history is known."
    parts = [
        f"curvature {row.bend:g}: mean {signed(row.mean)}, {of_100(row.at_least)} as large"
        for row in found.rows
    ]
    return (
        f"{endpoint.label}, change observed {signed(found.observed)} {unit}. Untreated trials by "
        f"curvature in {found.unit}. {'; '.join(parts)}."
    )


def deceleration_numbers(found: Deceleration, unit: str) -> pd.DataFrame:
    """Return the numbers of the figure, one row a curvature."""
    columns = [
        "curvature", "curvature_unit", "mean_untreated_change", "unit",
        "share_at_least_as_large", "share_p_below_0_05_in_favour", "simulated_trials",
    ]  # fmt: skip
    rows = [
        (r.bend, found.unit, r.mean, unit, r.at_least.share, r.in_favour.share, r.at_least.trials)
        for r in found.rows
    ]
    return pd.DataFrame(rows, columns=columns)


def _axes(
    fig: go.Figure,
    look: Look,
    extent: tuple[float, float],
    values: list[float],
    share: float,
    unit: str,
) -> None:
    known = [value for value in values if math.isfinite(value)] + [0.0]
    low, high = min(known), max(known)
    room = 0.1 * (high - low) or 1.0
    # The label of the observed change stands above its rule.
    low, high = low - room, high + 2 * room
    ticks = nice_ticks(low, high, 4)
    zero = {"zeroline": True, "zerolinecolor": look.ink, "zerolinewidth": 1.2, "showgrid": True}
    top = max(10.0, 1.1 * share)
    shares = nice_ticks(0, top, 4)
    bends = nice_ticks(*extent, 5)
    fig.update_layout(
        xaxis={
            "range": list(extent), "tickvals": bends, "ticktext": [f"{b:g}" for b in bends],
            "anchor": "y2", "showline": True, "ticks": "outside", "ticklen": 5,
            "title": {"text": f"curvature, {unit}", "standoff": 6,
                      "font": {"size": 13, "color": look.ink2}},
        },
        yaxis={"domain": _UPPER, "range": [low, high], "tickvals": ticks,
               "ticktext": tick_texts(ticks), **zero},
        yaxis2={"domain": _LOWER, "range": [0, top], "tickvals": shares,
                "ticktext": [f"{s:g}" for s in shares], "showgrid": True},
    )  # fmt: skip


def _observed(fig: go.Figure, look: Look, observed: float, extent: tuple[float, float]) -> None:
    if not math.isfinite(observed):
        return
    fig.add_shape(
        type="line", xref="x", yref="y", x0=extent[0], x1=extent[1], y0=observed, y1=observed,
        line={"color": look.after, "width": 2.5},
    )  # fmt: skip
    fig.add_annotation(
        annotation(
            f"<b>this trial {signed(observed)}</b>", extent[0], observed, look, xref="x", yref="y",
            font={"size": 13, "color": look.after},
        )
    )  # fmt: skip


def _chance(fig: go.Figure, look: Look, extent: tuple[float, float]) -> None:
    """Draw the share up to which a change counts as rare."""
    at = 100 * RARE
    fig.add_shape(
        type="line", xref="x", yref="y2", x0=extent[0], x1=extent[1], y0=at, y1=at,
        line={"color": look.ink2, "width": 1, "dash": "2px,3px"},
    )  # fmt: skip
    fig.add_annotation(
        annotation(
            f"{at:g} of 100", extent[1], at, look, xref="x", yref="y2", xanchor="right",
            font={"size": 12.5, "color": look.ink3},
        )
    )  # fmt: skip


def _panel(fig: go.Figure, look: Look, words: str, top: float) -> None:
    place: dict[str, Any] = {"xshift": -52, "yshift": 4, "font": {"size": 12.5, "color": look.ink3}}
    fig.add_annotation(annotation(words, 0, top, look, **place))


def _enough(fig: go.Figure, look: Look, found: Deceleration) -> None:
    at = found.enough
    fig.add_shape(
        type="line", xref="x", yref="y", x0=at, x1=at, y0=0, y1=found.observed,
        line={"color": look.ink, "width": 1, "dash": "2px,3px"},
    )  # fmt: skip
    decimals = max(0, 1 - math.floor(math.log10(at)))
    right = at < found.rows[-1].bend / 2
    fig.add_annotation(
        annotation(
            f"{plain(at, decimals)} would do", at, 0, look, xref="x", yref="y",
            xanchor="left" if right else "right", xshift=6 if right else -6, yshift=2,
            font={"size": 12.5, "color": look.ink2},
        )
    )  # fmt: skip


def _hover(found: Deceleration, k: int, unit: str) -> str:
    row = found.rows[k]
    error = plain(100 * row.at_least.error, 1)
    return (
        f"curvature {row.bend:g} {found.unit}: mean {signed(row.mean)} {unit}<br>"
        f"{of_100(row.at_least)} untreated trials as large (MCSE {error})"
    )
