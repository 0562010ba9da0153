"""The paired slope plot: every patient before and after, each change, and the mean change."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from analysis.comparison import Comparison, EndpointComparison
from analysis.results import Interval, Summary
from data.trial import DAYS_PER_MONTH
from report.charts.parts import (
    MAX_LINES,
    SAMPLE_LINES,
    Names,
    empty,
    figure,
    gaps,
    nice_ticks,
    panel_title,
    tick_texts,
)
from report.look import Look, annotation, escape
from report.numbers import count, interval_text, plain, signed, span
from report.numbers import level as level_text
from report.words import nobody_sentence, rises

HEIGHT = 390
_BEFORE, _AFTER = 1.0, 2.0
_MEAN_BEFORE, _MEAN_AFTER = 0.56, 2.42
_EACH, _MEAN = 1.0, 2.0


def paired_figure(
    comparison: Comparison,
    result: EndpointComparison,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw slopes before and after, joined per patient, with the changes on a floating axis.

    Parameters
    ----------
    comparison, result
        The result of one endpoint and the comparison it belongs to.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.

    Returns
    -------
    plotly.graph_objects.Figure
        The change axis has its zero at the mean before, and the same pixels per unit as the slope
        axis, so that a change reads as a distance.
    """
    if result.n == 0:
        return empty(
            look,
            HEIGHT,
            nobody_sentence(result),
        )
    shown = _shown(result, selected)
    fig = figure(look, HEIGHT, {"l": 56, "r": 58, "t": 44, "b": 56})
    low, high = _range(result)
    _axes(fig, look, result, (low, high), len(shown))
    _reference_lines(fig, look, result)
    level = comparison.settings.confidence
    _patients(fig, look, result, shown, names, level)
    _changes(fig, look, result, shown, names, level)
    if selected is not None and result.paired[selected]:
        _highlight(fig, look, result, selected, names[selected])
    _mean_bar(fig, look.before, "x", _MEAN_BEFORE, result.before_summary)
    _mean_bar(fig, look.after, "x", _MEAN_AFTER, result.after_summary)
    _mean_change(fig, look, result)
    _titles(fig, look, result)
    return fig


def _shown(result: EndpointComparison, selected: int | None) -> npt.NDArray[np.int64]:
    """Return the patients that are drawn: all, or a fixed sample of many."""
    paired = np.flatnonzero(result.paired)
    if len(paired) <= MAX_LINES:
        return paired
    step = np.linspace(0, len(paired) - 1, SAMPLE_LINES).round().astype(int)
    extra = [selected] if selected is not None and result.paired[selected] else []
    return np.union1d(paired[step], np.asarray(extra, dtype=np.int64))


def _range(result: EndpointComparison) -> tuple[float, float]:
    centre = result.before_summary.mean
    values = [
        *result.before[result.paired],
        *result.after[result.paired],
        *(centre + result.change[result.paired]),
        centre,
    ]
    for summary, shift in (
        (result.before_summary, 0.0),
        (result.after_summary, 0.0),
        (result.change_summary, centre),
    ):
        if summary.interval is not None:
            values += [summary.interval.low + shift, summary.interval.high + shift]
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _axes(
    fig: go.Figure,
    look: Look,
    result: EndpointComparison,
    ends: tuple[float, float],
    drawn: int,
) -> None:
    low, high = ends
    left = nice_ticks(low, high, 6)
    centre = result.before_summary.mean
    right = nice_ticks(low - centre, high - centre, 6)
    fig.update_layout(
        xaxis={
            "domain": [0, 0.62],
            "range": [0.3, 2.7],
            "fixedrange": True,
            "tickvals": [_BEFORE, _AFTER],
            "ticktext": [
                _two_lines("before", signed(result.before_summary.mean), look.before_text),
                _two_lines("after", signed(result.after_summary.mean), look.after),
            ],
        },
        xaxis2={
            "domain": [0.68, 1],
            "range": [0.3, 2.6],
            "fixedrange": True,
            "anchor": "y2",
            "tickvals": [_EACH, _MEAN],
            "ticktext": [
                "each<br>patient" if drawn == result.n else f"{drawn:,} drawn<br>of {result.n:,}",
                _two_lines("mean", signed(result.change_summary.mean), look.after),
            ],
        },
        yaxis={
            "range": [low, high],
            "showgrid": True,
            "tickvals": left,
            "ticktext": tick_texts(left),
        },
        yaxis2={
            "range": [low - centre, high - centre],
            "side": "right",
            "anchor": "x2",
            "tickvals": right,
            "ticktext": tick_texts(right),
        },
    )


def _two_lines(word: str, number: str, colour: str) -> str:
    return f'{word}<br><span style="color:{colour}"><b>{number}</b></span>'


def _reference_lines(fig: go.Figure, look: Look, result: EndpointComparison) -> None:
    for value, colour in (
        (result.before_summary.mean, look.before),
        (result.after_summary.mean, look.after),
    ):
        fig.add_shape(
            type="line",
            xref="paper",
            yref="y",
            x0=0,
            x1=1,
            y0=value,
            y1=value,
            line={"color": colour, "width": 1, "dash": "2px,3px"},
        )


def _patients(
    fig: go.Figure,
    look: Look,
    result: EndpointComparison,
    shown: npt.NDArray[np.int64],
    names: Names,
    level: float,
) -> None:
    pairs = np.stack((result.before[shown], result.after[shown]), axis=1).ravel()
    places = np.tile([_BEFORE, _AFTER], len(shown))
    x, y = gaps([places, pairs], np.arange(2, len(pairs), 2))
    fig.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": look.dim, "width": 1.2},
        hoverinfo="skip",
    )
    for place, values, side, colour, fill in (
        (_BEFORE, result.before, "before", look.before, look.bg),
        (_AFTER, result.after, "after", look.after, look.after),
    ):
        fig.add_scatter(
            x=np.full(len(shown), place),
            y=values[shown],
            mode="markers",
            marker={
                "symbol": result.endpoint.marker,
                "size": 8,
                "color": fill,
                "line": {"color": colour, "width": 1.6},
            },
            customdata=[
                [str(i), _slope_hover(result, side, int(i), names[i], level)] for i in shown
            ],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )


def _slope_hover(
    result: EndpointComparison, side: str, patient: int, name: str, level: float
) -> str:
    line = result.slopes.before if side == "before" else result.slopes.after
    values = result.before if side == "before" else result.after
    interval = result.slope_interval(side, patient, level)
    return (
        f"{escape(name)} · {side} {signed(float(values[patient]))} "
        f"{result.unit}<br>{_interval(interval)}{count(int(line.n[patient]), 'visit')}, "
        f"{plain(float(line.span_days[patient]) / DAYS_PER_MONTH, 1)} months"
    )


def _interval(interval: Interval | None) -> str:
    return f"{interval_text(interval)} · " if interval is not None else ""


def _changes(
    fig: go.Figure,
    look: Look,
    result: EndpointComparison,
    shown: npt.NDArray[np.int64],
    names: Names,
    level: float,
) -> None:
    changes = result.change[shown]
    hover = []
    for i in shown:
        interval = result.change_interval(int(i), level)
        ends = f" ({span(interval)})" if interval is not None else ""
        hover.append(
            f"{escape(names[i])} · change {signed(float(result.change[i]))} "
            f"{result.unit}{ends}<br>click: open patient"
        )
    fig.add_scatter(
        x=_EACH + swarm(changes, float(np.ptp(_range(result)))),
        y=changes,
        xaxis="x2",
        yaxis="y2",
        mode="markers",
        marker={"symbol": result.endpoint.marker, "size": 8, "color": look.ink3},
        customdata=[[str(i), text] for i, text in zip(shown, hover, strict=True)],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def swarm(values: npt.NDArray[np.float64], extent: float) -> npt.NDArray[np.float64]:
    """Return sideways offsets that keep close values from hiding each other."""
    offsets = np.zeros(len(values))
    step, near = 0.16, extent * 0.028
    order = np.argsort(values)
    placed: list[int] = []
    for i in order:
        close = [j for j in placed[-24:] if abs(values[i] - values[j]) < near]
        taken = {round(float(offsets[j]) / step) for j in close}
        slot = next(s for s in (0, 1, -1, 2, -2, 3, -3, 4, -4, *range(5, 60)) if s not in taken)
        offsets[i] = max(-4, min(4, slot)) * step
        placed.append(int(i))
    return offsets


def _highlight(fig: go.Figure, look: Look, result: EndpointComparison, i: int, name: str) -> None:
    fig.add_scatter(
        x=[_BEFORE, _AFTER],
        y=[result.before[i], result.after[i]],
        mode="lines+markers",
        line={"color": look.ink, "width": 2},
        marker={
            "symbol": result.endpoint.marker,
            "size": 9,
            "color": [look.bg, look.ink],
            "line": {"color": look.ink, "width": 2},
        },
        hoverinfo="skip",
    )
    fig.add_scatter(
        x=[_EACH],
        y=[result.change[i]],
        xaxis="x2",
        yaxis="y2",
        mode="markers",
        marker={"symbol": result.endpoint.marker, "size": 10, "color": look.ink},
        hoverinfo="skip",
    )
    fig.add_annotation(
        annotation(
            f"<b>{escape(name)}</b>",
            _BEFORE,
            float(result.before[i]),
            look,
            xref="x",
            yref="y",
            xanchor="right",
            yanchor="middle",
            xshift=-9,
            font={"size": 13, "color": look.ink},
            bgcolor=look.bg,
        )
    )


def _mean_bar(fig: go.Figure, colour: str, axis: str, place: float, summary: Summary) -> None:
    if summary.interval is not None:
        fig.add_scatter(
            x=[place, place],
            y=[summary.interval.low, summary.interval.high],
            mode="lines",
            line={"color": colour, "width": 2.5},
            hoverinfo="skip",
        )
    if math.isfinite(summary.mean):
        fig.add_scatter(
            x=[place - 0.13, place + 0.13],
            y=[summary.mean, summary.mean],
            xaxis=axis,
            mode="lines",
            line={"color": colour, "width": 4},
            hoverinfo="skip",
        )


def _mean_change(fig: go.Figure, look: Look, result: EndpointComparison) -> None:
    summary = result.change_summary
    place = {"xaxis": "x2", "yaxis": "y2"}
    interval = summary.interval
    if interval is not None:
        fig.add_scatter(
            x=[_MEAN, _MEAN],
            y=[interval.low, interval.high],
            mode="lines",
            line={"color": look.after, "width": 3.2},
            hoverinfo="skip",
            **place,
        )
    ends = f"<br>{interval_text(interval)}" if interval is not None else ""
    filled = interval is not None and interval.excludes_zero
    fig.add_scatter(
        x=[_MEAN],
        y=[summary.mean],
        mode="markers",
        marker={
            "symbol": "diamond",
            "size": 14,
            "color": look.after if filled else look.bg,
            "line": {"color": look.after, "width": 2.4},
        },
        customdata=[
            ["", f"mean change {signed(summary.mean)} {result.unit}{ends}<br>n = {summary.n:,}"]
        ],
        hovertemplate="%{customdata[1]}<extra></extra>",
        **place,
    )


def _titles(fig: go.Figure, look: Look, result: EndpointComparison) -> None:
    interval = result.change_summary.interval
    note = f" · bars: {level_text(interval.level)} CI" if interval is not None else ""
    title = panel_title(result.endpoint, f"{result.unit}{note}").replace("</b> ", "</b>, ", 1)
    fig.add_annotation(
        annotation(title, 0, 1, look, xshift=-48, yshift=14, font={"size": 14, "color": look.ink})
    )
    fig.add_annotation(
        annotation(
            "change · higher ↑" if rises(result) else "change · slower decline ↑",
            1,
            1,
            look,
            xanchor="right",
            xshift=50,
            yshift=14,
            font={"size": 12.5, "color": look.ink3},
        )
    )
