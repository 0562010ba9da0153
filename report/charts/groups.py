"""The changes of two groups, and the difference of their means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.group_values import GroupComparison, GroupSummary
from analysis.grouping import Grouping
from analysis.results import Interval, TestResult
from analysis.settings import Alternative
from data.endpoints import Endpoint
from data.trial import FloatArray, IntArray
from report.charts.paired import swarm
from report.charts.parts import SAMPLE_LINES, Names, empty, nice_ticks, tick_texts
from report.charts.rows import chosen_evenly, headed
from report.look import Look, escape
from report.numbers import interval_text, level, p_value, signed

HEIGHT: Final = 350
_MEAN: Final = 0.36
_WIDEST: Final = 0.28
_EMPTY: Final = 220


@dataclass(frozen=True, slots=True)
class GroupChanges:
    """The changes of one group.

    Parameters
    ----------
    name
        What the group is called.
    patient
        Positions of its compared patients.
    change
        Their changes.
    mean, interval
        Mean change, and its interval if it has one.
    """

    name: str
    patient: IntArray
    change: FloatArray
    mean: float
    interval: Interval | None


def changes_of(
    result: EndpointComparison, grouping: Grouping, found: GroupComparison
) -> tuple[GroupChanges, GroupChanges]:
    """Return the changes of the two groups whose difference was tested, reference first."""
    assert found.difference is not None
    labels = (found.difference.reference, found.difference.other)
    first, second = (_members(result, grouping, found.group(label)) for label in labels)
    return first, second


def _members(result: EndpointComparison, grouping: Grouping, group: GroupSummary) -> GroupChanges:
    at = np.flatnonzero(result.paired & grouping.members(grouping.labels.index(group.label)))
    change = group.change
    return GroupChanges(group.label, at, result.change[at], change.mean, change.interval)


def groups_figure(
    endpoint: Endpoint,
    unit: str,
    groups: tuple[GroupChanges, GroupChanges],
    difference: TestResult,
    names: Names,
    look: Look,
    selected: int | None = None,
    alternative: Alternative = "two-sided",
) -> go.Figure:
    """Draw the changes of two groups and, on a floating axis, the difference second minus first.

    Parameters
    ----------
    endpoint, unit
        What changed, and in which unit.
    groups
        The two groups; zero of the difference lies at the mean of the first.
    difference
        Estimate, interval and P of the difference.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    alternative
        Direction of the test.
    """
    if not all(len(g.change) for g in groups):
        nobody = " and ".join(escape(g.name) for g in groups if not len(g.change))
        return empty(look, _EMPTY, f"{endpoint.label}: nobody can be compared in {nobody}.")
    fig = headed(
        look,
        HEIGHT,
        {"l": 64, "r": 58, "t": 20, "b": 64},
        f"<b>{endpoint.label}</b>, change of slope, {unit}",
        _subtitle(groups, difference, alternative),
    )
    low, high = _range(groups, difference)
    _axes(fig, look, groups, (low, high))
    for place, group in enumerate(groups, start=1):
        shown = chosen_evenly(len(group.change), SAMPLE_LINES)
        hover = [
            f"{escape(names[i])} · change {signed(float(d))} {unit}<br>click: open patient"
            for i, d in zip(group.patient[shown], group.change[shown], strict=True)
        ]
        aside = swarm(group.change[shown], high - low)
        x = place - 0.05 + aside * min(0.75, _WIDEST / max(float(np.abs(aside).max()), 1e-9))
        _dots(fig, look, (x, group.change[shown]), endpoint.marker, group.patient[shown], hover)
        if selected is not None and (group.patient[shown] == selected).any():
            k = int(np.flatnonzero(group.patient[shown] == selected)[0])
            _select(fig, look, endpoint.marker, float(x[k]), float(group.change[shown][k]))
        _mean(fig, look, group, place + _MEAN, unit)
    for value in (g.mean for g in groups):
        fig.add_shape(
            type="line", xref="paper", yref="y", x0=0, x1=1, y0=value, y1=value,
            line={"color": look.axis, "width": 1, "dash": "2px,3px"},
        )  # fmt: skip
    _difference(fig, look, difference, unit, alternative)
    return fig


def groups_alt(
    endpoint: Endpoint,
    unit: str,
    groups: tuple[GroupChanges, GroupChanges],
    difference: TestResult,
    alternative: Alternative = "two-sided",
) -> str:
    """Return what the figure shows, for those who cannot see it."""
    means = "; ".join(f"{g.name} {signed(g.mean)} (n = {len(g.change)})" for g in groups)
    return (
        f"{endpoint.label}, mean change of slope in {unit}: {means}. Difference "
        f"{signed(difference.estimate)}, {interval_text(difference.interval)}, "
        f"{p_value(difference.p, alternative)}."
    )


def _range(
    groups: tuple[GroupChanges, GroupChanges], difference: TestResult
) -> tuple[float, float]:
    base = groups[0].mean
    values = [*groups[0].change, *groups[1].change, base + difference.estimate, base]
    for interval, shift in (
        (groups[0].interval, 0.0),
        (groups[1].interval, 0.0),
        (difference.interval, base),
    ):
        if interval is not None:
            values += [interval.low + shift, interval.high + shift]
    known = [v for v in values if math.isfinite(v)]
    room = 0.06 * (max(known) - min(known)) or 1.0
    return min(known) - room, max(known) + room


def _axes(
    fig: go.Figure,
    look: Look,
    groups: tuple[GroupChanges, GroupChanges],
    ends: tuple[float, float],
) -> None:
    base = groups[0].mean
    left = nice_ticks(*ends, 6)
    right = nice_ticks(ends[0] - base, ends[1] - base, 6)
    names = [f"{_cut(g.name)}<br>n = {len(g.change):,}" for g in groups]
    fig.update_layout(
        xaxis={
            "domain": [0, 0.72],
            "range": [0.4, 2.6],
            "fixedrange": True,
            "tickvals": [1, 2],
            "ticktext": names,
        },
        xaxis2={
            "domain": [0.76, 1],
            "range": [0, 2],
            "fixedrange": True,
            "anchor": "y2",
            "tickvals": [1],
            "ticktext": ["difference<br>of means"],
        },
        yaxis={
            "range": ends,
            "showgrid": True,
            "tickvals": left,
            "ticktext": tick_texts(left),
            "zeroline": True,
            "zerolinecolor": look.ink,
            "zerolinewidth": 1.2,
        },
        yaxis2={
            "range": (ends[0] - base, ends[1] - base),
            "side": "right",
            "anchor": "x2",
            "tickvals": right,
            "ticktext": tick_texts(right),
        },
    )


def _cut(name: str) -> str:
    """Return a group's name in at most 16 letters: two stand side by side under the plot."""
    return escape(name if len(name) <= 16 else f"{name[:15]}…")


def _dots(
    fig: go.Figure,
    look: Look,
    place: tuple[FloatArray, FloatArray],
    symbol: str,
    patient: IntArray,
    hover: list[str],
) -> None:
    fig.add_scatter(
        x=place[0],
        y=place[1],
        mode="markers",
        marker={"symbol": symbol, "size": 8 if len(hover) <= 80 else 5, "color": look.ink3},
        customdata=[[str(i), text] for i, text in zip(patient, hover, strict=True)],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _select(fig: go.Figure, look: Look, symbol: str, x: float, y: float) -> None:
    fig.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"symbol": symbol, "size": 10, "color": look.ink},
        hoverinfo="skip",
    )


def _mean(fig: go.Figure, look: Look, group: GroupChanges, place: float, unit: str) -> None:
    hover = f"{escape(group.name)} · mean change {signed(group.mean)} {unit}"
    if group.interval is not None:
        hover += f"<br>{interval_text(group.interval)} · n = {len(group.change):,}"
    _diamond(fig, look.ink2, look.bg, (place, group.mean), group.interval, hover)


def _difference(
    fig: go.Figure, look: Look, difference: TestResult, unit: str, alternative: Alternative
) -> None:
    hover = (
        f"difference {signed(difference.estimate)} {unit}<br>"
        f"{interval_text(difference.interval)} · {p_value(difference.p, alternative)}"
    )
    at = (1.0, difference.estimate)
    _diamond(fig, look.ink, look.bg, at, difference.interval, hover, axes=("x2", "y2"))


def _diamond(
    fig: go.Figure,
    colour: str,
    empty_fill: str,
    at: tuple[float, float],
    interval: Interval | None,
    hover: str,
    axes: tuple[str, str] = ("x", "y"),
) -> None:
    """Draw a mean with its interval, filled where the interval excludes 0."""
    where = {"xaxis": axes[0], "yaxis": axes[1]}
    if interval is not None:
        line = {"color": colour, "width": 3.2}
        ends = [interval.low, interval.high]
        fig.add_scatter(x=[at[0]] * 2, y=ends, mode="lines", line=line, hoverinfo="skip", **where)
    filled = interval is not None and interval.excludes_zero
    fig.add_scatter(
        x=[at[0]],
        y=[at[1]],
        mode="markers",
        marker={
            "symbol": "diamond",
            "size": 13,
            "color": colour if filled else empty_fill,
            "line": {"color": colour, "width": 2.2},
        },
        customdata=[["", hover]],
        hovertemplate="%{customdata[1]}<extra></extra>",
        **where,
    )


def _subtitle(
    groups: tuple[GroupChanges, GroupChanges], difference: TestResult, alternative: Alternative
) -> str:
    first, second = (escape(g.name) for g in groups)
    drawn = sum(min(len(g.change), SAMPLE_LINES) for g in groups)
    total = sum(len(g.change) for g in groups)
    sample = f" {drawn} of {total:,} patients drawn." if drawn < total else ""
    p = p_value(difference.p, alternative) if math.isfinite(difference.p) else "no test"
    known = [g.interval for g in groups if g.interval is not None]
    bars = f" Bars: {level(known[0].level)} CI." if known else ""
    return (
        f"{second} minus {first}: {signed(difference.estimate)} "
        f"({interval_text(difference.interval)}), {p}.{bars}{sample}"
    )
