"""The comparison without each patient in turn."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.leave_one_out import FEWEST, LeaveOneOut
from analysis.results import Interval
from data.trial import IntArray
from report.charts.parts import Names, empty
from report.charts.rows import (
    MOST_ROWS,
    ROW,
    Column,
    Row,
    direction_words,
    draw_mean,
    draw_rows,
    headed,
    left_margin,
    mean_through,
    room_for,
    row_axes,
    row_tint,
    short,
    value_band,
    words_apart,
    write_rows,
)
from report.look import Look, escape
from report.numbers import bare_p, either_of, level, p_value, side_clause, signed, span
from report.words import rises

_EMPTY: Final = 220
_FLAG: Final = "⚑"
_APART: Final = 0.3
"""Rows by which everybody stands apart from the others."""

_MOST_INFLUENTIAL: Final = 24
"""Rows that are drawn where there are too many for all."""


def leave_one_out_figure(
    result: EndpointComparison,
    left_out: LeaveOneOut,
    names: Names,
    look: Look,
    selected: int | None = None,
) -> go.Figure:
    """Draw the mean change with everybody and without each patient, smallest first.

    Parameters
    ----------
    result, left_out
        Comparison of one endpoint, and its repetitions.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    """
    n = len(left_out.patient)
    if n < FEWEST:
        return empty(
            look,
            _EMPTY,
            f"{result.endpoint.label}: leaving one patient out needs {FEWEST} compared patients; "
            f"there {'is' if n == 1 else 'are'} {n}.",
        )
    shown = _shown(left_out, selected)
    rows = [
        _row(result, left_out, k, at + _APART, names, look, selected == left_out.patient[k])
        for at, k in enumerate(shown.tolist(), start=1)
    ]
    everybody = _everybody(result, left_out, look)
    ends = [v for r in (everybody, *rows) for v in (r.low, r.value, r.high)]
    extent = room_for(ends)
    apart = words_apart(extent)
    margin = {
        "l": max(left_margin([f"without {names[left_out.patient[k]]}" for k in shown]), 128),
        "r": 250,
        "t": 30 + apart,
        "b": 52,
    }
    bottom = len(rows) + 1 + _APART
    fig = headed(
        look,
        round(ROW * bottom) + margin["t"] + margin["b"],
        margin,
        f"<b>{result.endpoint.label}</b>, mean change without one patient, {result.unit}",
        _subtitle(result, left_out, names, len(rows)),
        width=76,
    )
    row_axes(fig, look, bottom, extent, f"mean change of slope, {result.unit}")
    value_band(fig, look, everybody.low, everybody.high)
    mean_through(fig, look, everybody, bottom - 0.4)
    for row in rows:
        if row.tone == "amber":
            row_tint(fig, row.at, look.amber_fill)
        elif row.key == str(selected):
            row_tint(fig, row.at, look.after_tint)
    draw_rows(fig, look, rows, result.endpoint.marker, 9)
    draw_mean(fig, look, everybody)
    columns = (
        Column("mean", 64, look.ink2),
        Column("P", 132, look.ink2),
        Column("", 242, look.amber),
    )
    direction_words(fig, look, apart, rising=rises(result))
    write_rows(fig, look, [everybody, *rows], columns)
    return fig


def leave_one_out_alt(result: EndpointComparison, left_out: LeaveOneOut, names: Names) -> str:
    """Return what the figure shows, for those who cannot see it."""
    low, high = left_out.estimate_range
    return (
        f"{result.endpoint.label}, n = {len(left_out.patient)}: mean change "
        f"{signed(left_out.full.estimate)} {result.unit} with everybody, between {signed(low)} and "
        f"{signed(high)} without one patient. {_crossing(left_out, names)}."
    )


def leave_one_out_numbers(
    result: EndpointComparison, left_out: LeaveOneOut, names: Names
) -> pd.DataFrame:
    """Return the numbers of the figure: everybody, then without each patient, smallest first."""
    full, n = left_out.full, len(left_out.patient)
    interval = full.interval
    order = np.argsort(left_out.estimate, kind="stable")
    rows = [
        {
            "without": "",
            "unit": result.unit,
            "mean_change": full.estimate,
            "low": interval.low if interval is not None else math.nan,
            "high": interval.high if interval is not None else math.nan,
            "p": full.p,
            "n": n,
        }
    ]
    rows += [
        {
            "without": names[left_out.patient[k]],
            "unit": result.unit,
            "mean_change": left_out.estimate[k],
            "low": left_out.low[k],
            "high": left_out.high[k],
            "p": left_out.p[k],
            "n": n - 1,
            "own_change": left_out.change[k],
            "dfbetas": left_out.dfbetas[k],
            "influential": "yes" if left_out.influential[k] else "no",
            "p_crosses_0.05": "yes" if left_out.crosses[k] else "no",
            "sign_turns": "yes" if left_out.flips[k] else "no",
        }
        for k in order.tolist()
    ]
    return pd.DataFrame(rows)


def _shown(left_out: LeaveOneOut, selected: int | None) -> IntArray:
    """Return the rows to draw, smallest mean first: all, or those with the most influence."""
    weight = np.abs(np.nan_to_num(left_out.dfbetas, posinf=1e9, neginf=-1e9))
    weight = weight + 1e12 * (left_out.crosses | left_out.flips)
    if selected is not None:
        weight = weight + 1e13 * (left_out.patient == selected)
    n = len(weight)
    most = np.argsort(-weight, kind="stable")[: n if n <= MOST_ROWS else _MOST_INFLUENTIAL]
    order = np.argsort(left_out.estimate[most], kind="stable")
    return np.asarray(most[order])


def _row(
    result: EndpointComparison,
    left_out: LeaveOneOut,
    k: int,
    at: float,
    names: Names,
    look: Look,
    chosen: bool,
) -> Row:
    patient = int(left_out.patient[k])
    name = escape(names[patient])
    interval = Interval(
        float(left_out.low[k]), float(left_out.high[k]), left_out.level, left_out.level
    )
    p = p_value(float(left_out.p[k]), result.alternative)
    flag = _flag(left_out, k, look)
    turns = bool(left_out.crosses[k] or left_out.flips[k])
    label, short_p = short(names[patient]), bare_p(float(left_out.p[k]))
    return Row(
        at=at,
        label=f"without <b>{label}</b>" if chosen or turns else f"without {label}",
        low=interval.low,
        value=float(left_out.estimate[k]),
        high=interval.high,
        cells=(
            signed(float(left_out.estimate[k])),
            f"<b>{short_p}</b>" if left_out.crosses[k] else short_p,
            flag,
        ),
        key=str(patient),
        hover=(
            f"without {name}: {signed(float(left_out.estimate[k]))} ({span(interval)}), {p}<br>"
            f"own change {signed(float(left_out.change[k]))} {result.unit} · click: open patient"
        ),
        tone="amber" if turns else "plain",
        filled=interval.excludes_zero,
    )


def _flag(left_out: LeaveOneOut, k: int, look: Look) -> str:
    if left_out.flips[k]:
        return f"<b>{_FLAG} turns the sign</b>"
    if left_out.crosses[k]:
        return f"<b>{_FLAG} crosses 0.05</b>"
    if left_out.influential[k]:
        return f'<span style="color:{look.ink3}">influential</span>'
    return ""


def _everybody(result: EndpointComparison, left_out: LeaveOneOut, look: Look) -> Row:
    full, n = left_out.full, len(left_out.patient)
    interval = full.interval
    ends = (interval.low, interval.high) if interval is not None else (math.nan, math.nan)
    texts = (signed(full.estimate), bare_p(full.p))
    label, mean, p = (
        f'<span style="color:{look.after}"><b>{text}</b></span>'
        for text in (f"all {n:,} patients", *texts)
    )
    return Row(
        at=0,
        label=label,
        low=ends[0],
        value=full.estimate,
        high=ends[1],
        cells=(mean, p, ""),
        hover=(
            f"all {n:,}: {signed(full.estimate)} {result.unit} ({span(interval)})<br>"
            f"{p_value(full.p, result.alternative)}"
        ),
        filled=interval is not None and interval.excludes_zero,
    )


def _subtitle(result: EndpointComparison, left_out: LeaveOneOut, names: Names, drawn: int) -> str:
    low, high = left_out.estimate_range
    n = len(left_out.patient)
    sample = (
        f" {drawn} of {n:,} patients drawn: those whose omission moves most." if drawn < n else ""
    )
    shown = f"{level(left_out.level)} CI{side_clause(result.alternative)}"
    return (
        f"Paired t, {shown}; filled where it excludes 0. The mean stays "
        f"between {signed(low)} and {signed(high)}; {escape(_crossing(left_out, names))}.{sample}"
    )


def _crossing(left_out: LeaveOneOut, names: Names) -> str:
    """Return who moves P across 0.05 or turns the sign."""
    parts = []
    for mask, words in (
        (left_out.crosses, "P crosses 0.05"),
        (left_out.flips, "the sign turns"),
    ):
        who = [names[i] for i in left_out.patient[mask]]
        if len(who) > 4:
            parts.append(f"{words} without {either_of(len(who))} patients")
        elif who:
            parts.append(f"{words} without {' or '.join(who)}")
    if parts:
        return "; ".join(parts)
    if not (math.isfinite(left_out.full.p) and np.isfinite(left_out.p).any()):
        return "the sign does not turn, and there is no P to compare"
    some = "" if np.isfinite(left_out.p).all() else ", where there is one,"
    return f"P{some} stays on its side of 0.05 whoever is left out"
