"""How much worse the missing would have to change for the result to go."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.dropout_sensitivity import DeltaCurve, DropoutSensitivity
from report.charts.parts import empty, nice_ticks, tick_texts
from report.charts.rows import headed
from report.dropout_words import tipping_sentence
from report.look import Look, annotation
from report.numbers import signed

_EMPTY: Final = 120
_HEIGHT: Final = 320


def tipping_figure(result: EndpointComparison, found: DropoutSensitivity, look: Look) -> go.Figure:
    """Draw the mean change of all, with its interval, by the shift of the missing.

    Parameters
    ----------
    result, found
        Comparison of one endpoint, and its dropouts.
    look
        Colours.
    """
    label, curve = result.endpoint.label, found.delta
    if curve is None:
        why = found.tipping.reason or "the mean change has no interval"
        return empty(look, _EMPTY, f"{label}, tipping point: not applicable, {why}.")
    fig = headed(
        look,
        _HEIGHT,
        {"l": 62, "r": 24, "t": 32, "b": 52},
        f"<b>{label}</b>, if the missing had changed differently (sensitivity)",
        f"Mean change of all {found.tipping.n_before} with its interval, by the shift δ of the "
        f"{found.tipping.n_missing} without a slope after.",
        width=84,
    )
    _axes(fig, look, curve, result.unit)
    fig.add_scatter(
        x=[*curve.delta, *reversed(curve.delta)],
        y=[*curve.low, *reversed(curve.high)],
        mode="lines",
        fill="toself",
        fillcolor=look.after_tint,
        line={"width": 0, "color": look.after_tint},
        hoverinfo="skip",
    )
    fig.add_scatter(
        x=curve.delta,
        y=curve.estimate,
        mode="lines",
        line={"color": look.after, "width": 2.4},
        customdata=[
            ["", f"δ {signed(d)}: mean change {signed(e)} ({signed(a)} to {signed(b)})"]
            for d, e, a, b in zip(curve.delta, curve.estimate, curve.low, curve.high, strict=True)
        ],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )
    for at, words in (
        (found.tipping.to_interval, "interval touches 0"),
        (found.tipping.to_zero, "mean is 0"),
    ):
        if math.isfinite(at):
            _mark(fig, look, curve, at, f"{words}: {signed(at)}")
    # The band would cover the line of the axis where it matters most: where the interval ends at 0.
    fig.add_shape(
        type="line", xref="paper", yref="y", x0=0, x1=1, y0=0, y1=0,
        line={"color": look.ink, "width": 1.4},
    )  # fmt: skip
    return fig


def tipping_alt(result: EndpointComparison, found: DropoutSensitivity) -> str:
    """Return what the figure shows, for those who cannot see it."""
    return f"{result.endpoint.label}: {tipping_sentence(result, found.tipping)}"


def tipping_numbers(result: EndpointComparison, found: DropoutSensitivity) -> pd.DataFrame:
    """Return the numbers of the figure, one row a shift."""
    curve = found.delta
    columns = ["shift_of_the_missing", "mean_change", "low", "high"]
    if curve is None:
        return pd.DataFrame(columns=[*columns, "unit"])
    rows = zip(curve.delta, curve.estimate, curve.low, curve.high, strict=True)
    return pd.DataFrame(rows, columns=columns).assign(unit=result.unit)


def _axes(fig: go.Figure, look: Look, curve: DeltaCurve, unit: str) -> None:
    ends = (float(min(curve.low.min(), 0.0)), float(max(curve.high.max(), 0.0)))
    room = 0.1 * (ends[1] - ends[0])
    span = (float(curve.delta.min()), float(curve.delta.max()))
    ticks, shifts = nice_ticks(ends[0] - room, ends[1] + 2 * room, 5), nice_ticks(*span, 6)
    fig.update_layout(
        xaxis={
            "range": list(reversed(span)) if curve.delta[-1] < 0 else list(span),
            "tickvals": shifts,
            "ticktext": tick_texts(shifts),
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "title": {
                "text": f"δ: change of the missing against that of the others, {unit}",
                "standoff": 6,
                "font": {"size": 13, "color": look.ink2},
            },
        },
        yaxis={
            "range": [ends[0] - room, ends[1] + 2 * room],
            "tickvals": ticks,
            "ticktext": tick_texts(ticks),
            "showgrid": True,
            "zeroline": False,
        },
    )
    font = {"size": 12.5, "color": look.ink3}
    fig.add_annotation(
        annotation(f"mean change of all, {unit}", 0, 1, look, xshift=-54, yshift=8, font=font)
    )


def _mark(fig: go.Figure, look: Look, curve: DeltaCurve, at: float, words: str) -> None:
    low = words.startswith("interval")
    fig.add_shape(
        type="line", xref="x", yref="paper", x0=at, x1=at, y0=0, y1=1,
        line={"color": look.amber, "width": 1.2, "dash": "2px,3px"},
    )  # fmt: skip
    font = {"size": 12.5, "color": look.amber}
    # Left of a line that stands far left, the words would run over the numbers of the axis.
    left = at / float(curve.delta[-1]) > 0.5
    place = {
        "xref": "x",
        "xanchor": "right" if left else "left",
        "xshift": -4 if left else 4,
        "yshift": -16 if low else -34,
    }
    fig.add_annotation(annotation(words, at, 1, look, font=font, **place))
