"""Changes of slope, and slopes before day 0, under several run-ins."""

from __future__ import annotations

import math
from typing import Final

import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.other_run_ins import OtherRunIns, RunInRow
from analysis.settings import Alternative
from report.charts.change_rows import mean_rule
from report.charts.rows import (
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
    words_apart,
    write_rows,
)
from report.look import Look, annotation
from report.numbers import bare_p, decimals_for, level, p_value, plain, side_clause, signed, span
from report.run_in_words import run_in_note, run_in_title
from report.words import rises

_FLAG: Final = "⚑"


def other_run_ins_figure(result: EndpointComparison, found: OtherRunIns, look: Look) -> go.Figure:
    """Draw the mean change under each run-in, and below the mean slope before.

    Parameters
    ----------
    result
        The primary comparison of the endpoint.
    found
        Its run-ins.
    look
        Colours.
    """
    k = len(found.rows)
    changes = [
        _change_row(found, row, at, look, result.alternative)
        for at, row in enumerate(found.rows, start=1)
    ]
    start = k + 2.6
    slopes = [_slope_row(found, row, at + start) for at, row in enumerate(found.rows)]
    extent = room_for([v for r in (*changes, *slopes) for v in (r.low, r.value, r.high)])
    apart = words_apart(extent)
    left = left_margin([run_in_title(row) for row in found.rows])
    margin = {"l": max(left, 128), "r": 180, "t": 30 + apart, "b": 52}
    end = start + k
    fig = headed(
        look,
        round(ROW * end) + margin["t"] + margin["b"],
        margin,
        f"<b>{found.endpoint.label}</b>, other run-ins, {found.unit}",
        f"Mean change of everybody by paired t, {level(found.level)} CI"
        f"{side_clause(result.alternative)}; filled where it excludes 0; diamond: the primary "
        f"analysis; {_FLAG}: P crosses 0.05, or the sign turns; grey: no other visits than in the "
        "whole run-in. Below: mean slope before day 0 of the same patients, hollow.",
        width=76,
    )
    row_axes(fig, look, end, extent, f"slope and change of slope, {found.unit}")
    for row in changes:
        if row.tone == "amber":
            row_tint(fig, row.at, look.amber_fill)
    own = next(drawn for drawn, row in zip(changes, found.rows, strict=True) if row.primary)
    if math.isfinite(own.low):
        _band(fig, look, own, (0.5, k + 0.5))
    mean_through(fig, look, Row(0.5, "", own.low, own.value, own.high), k + 0.5)
    draw_rows(fig, look, [row for row in changes if row is not own], result.endpoint.marker, 9)
    draw_mean(fig, look, own)
    _draw_before(fig, look, slopes, result.endpoint.marker)
    mean_rule(fig, look, k + 1)
    columns = (
        Column("mean", 62, look.ink2),
        Column("P", 126, look.ink2),
        Column("n", 170, look.ink2),
    )
    for text, at in (("change of slope", 0.1), ("slope before", k + 1.65)):
        font = {"size": 12.5, "color": look.ink3}
        place = {"yref": "y", "yanchor": "middle", "xshift": 8 - margin["l"], "font": font}
        fig.add_annotation(annotation(text, 0, at, look, **place))
    direction_words(fig, look, apart, rising=rises(result))
    write_rows(fig, look, [*changes, *slopes], columns)
    return fig


def other_run_ins_alt(result: EndpointComparison, found: OtherRunIns) -> str:
    """Return what the figure shows, for those who cannot see it."""
    parts, decimals = [], decimals_for(found.primary.test.interval)
    for row in found.rows:
        mark = ", primary" if row.primary else ""
        parts.append(
            f"{run_in_title(row)}{mark}: slope before {signed(row.before.mean, decimals)}, "
            f"change {signed(row.test.estimate, decimals)}, "
            f"{p_value(row.test.p, result.alternative)}, n = {row.test.n:,}"
        )
    return f"{found.endpoint.label}, {found.unit}. {'; '.join(parts)}."


def _change_row(
    found: OtherRunIns, row: RunInRow, at: float, look: Look, alternative: Alternative
) -> Row:
    test = row.test
    interval, decimals = test.interval, decimals_for(found.primary.test.interval)
    turns = row.crosses or row.flips
    mean = signed(test.estimate, decimals)
    texts = (
        f"{_FLAG} {mean}" if row.flips else mean,
        f"{_FLAG} {bare_p(test.p)}" if row.crosses else bare_p(test.p),
        f"{test.n:,}",
    )
    colour = (
        look.after if row.primary else look.amber if turns else look.ink3 if row.same_visits else ""
    )
    label, *cells = (
        _written(text, colour, bold=row.primary or turns) for text in (run_in_title(row), *texts)
    )
    ends = "no interval" if interval is None else span(interval, decimals)
    return Row(
        at=at,
        label=label,
        low=math.nan if interval is None else interval.low,
        value=test.estimate,
        high=math.nan if interval is None else interval.high,
        cells=tuple(cells),
        hover=(
            f"{run_in_title(row)}: change {signed(test.estimate, decimals)} ({ends}) {found.unit}"
            f"<br>{p_value(test.p, alternative)}, n = {test.n:,}, {len(row.missing):,} not in it"
            + (f"<br>{note}" if (note := run_in_note(row)) else "")
        ),
        tone="amber" if turns else "plain",
        filled=interval is not None and interval.excludes_zero,
    )


def _slope_row(found: OtherRunIns, row: RunInRow, at: float) -> Row:
    before = row.before
    interval, decimals = before.interval, decimals_for(found.primary.before.interval)
    ends = "no interval" if interval is None else span(interval, decimals)
    visits = "1 visit and onset" if row.run_in == "onset" else f"{plain(row.visits, 1)} visits"
    return Row(
        at=at,
        label=run_in_title(row),
        low=math.nan if interval is None else interval.low,
        value=before.mean,
        high=math.nan if interval is None else interval.high,
        cells=(signed(before.mean, decimals), "", f"{before.n:,}"),
        hover=(
            f"{run_in_title(row)}: slope before {signed(before.mean, decimals)} ({ends}) "
            f"{found.unit}<br>n = {before.n:,}, on average {visits}"
        ),
        filled=False,
    )


def _draw_before(fig: go.Figure, look: Look, rows: list[Row], marker: str) -> None:
    """Draw the slopes before: hollow, in the colour of the period before."""
    for row in rows:
        if math.isfinite(row.low):
            fig.add_scatter(
                x=[row.low, row.high],
                y=[row.at, row.at],
                mode="lines",
                line={"color": look.before, "width": 1.6},
                hoverinfo="skip",
            )
    fig.add_scatter(
        x=[row.value for row in rows],
        y=[row.at for row in rows],
        mode="markers",
        marker={
            "symbol": marker,
            "size": 9,
            "color": look.bg,
            "line": {"color": look.before, "width": 1.8},
        },
        customdata=[["", row.hover] for row in rows],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _band(fig: go.Figure, look: Look, row: Row, ends: tuple[float, float]) -> None:
    """Tint the interval of the primary analysis over the rows of changes."""
    top, bottom = ends
    fig.add_shape(
        type="rect", xref="x", yref="y", layer="below", fillcolor=look.after_tint,
        line={"width": 0}, opacity=0.7, x0=row.low, x1=row.high, y0=top, y1=bottom,
    )  # fmt: skip


def _written(text: str, colour: str, *, bold: bool) -> str:
    text = f"<b>{text}</b>" if bold else text
    return f'<span style="color:{colour}">{text}</span>' if colour else text
