"""The primary analysis and its variants, one row each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.results import TestResult
from analysis.settings import Alternative
from analysis.variants import SideBySide, VariantEndpoint
from report.charts.parts import nice_ticks, tick_texts
from report.charts.rows import (
    ROW,
    Column,
    Row,
    direction_words,
    draw_mean,
    draw_rows,
    headed,
    room_for,
    row_axes,
    row_tint,
    value_band,
    write_rows,
)
from report.look import Look, escape
from report.numbers import bare_p, decimals_for, level, p_value, side_clause, signed
from report.variant_words import difference_text, estimate_text, flag_text
from report.words import rises

_FLAG: Final = "⚑"
_LETTERS: Final = 26
_TICKS: Final = 3
_APART: Final = 18
"""Height of the direction words above the heads of columns, into which they would run."""
_MANY_DIGITS: Final = 24
"""How much further right the columns stand where n has more than three digits."""


def variants_figure(
    result: EndpointComparison,
    beside: Sequence[tuple[str, SideBySide]],
    look: Look,
    confidence: float,
    chosen: int | None = None,
) -> go.Figure:
    """Draw the primary analysis on top and a row for each variant.

    Parameters
    ----------
    result
        Primary analysis of one endpoint.
    beside
        Name and result of each variant; one in another unit is left to the table.
    look, confidence
        Colours, and the level of the intervals.
    chosen
        Place of the variant that is being changed.
    """
    comparable = [
        (at, title, one)
        for at, (title, side) in enumerate(beside)
        if (one := side.endpoint(result.endpoint.key)) is not None and one.unit == result.unit
    ]
    rows = [
        _row(place, *entry, result.alternative) for place, entry in enumerate(comparable, start=1)
    ]
    first = _primary(result, look)
    extent = room_for([v for r in (first, *rows) for v in (r.low, r.value, r.high)])
    labels = [title for _, title, _ in comparable]
    widest = max((min(len(title), _LETTERS) for title in labels), default=0)
    wider = _MANY_DIGITS if result.n >= 1000 else 0
    margin = {"l": int(max(84, 18 + 6.4 * widest)), "r": 204 + wider, "t": 30 + _APART, "b": 52}
    what = "difference to the control" if result.against_control else "mean change of slope"
    fig = headed(
        look,
        (ROW + 6) * (len(rows) + 1) + margin["t"] + margin["b"],
        margin,
        f"<b>{result.endpoint.label}</b>, {what}, {result.unit}",
        _subtitle(
            [one for _, _, one in comparable],
            len(beside) - len(comparable),
            confidence,
            result.alternative,
        ),
        width=84,
    )
    row_axes(fig, look, len(rows) + 1, extent, f"{what}, {result.unit}")
    ticks = nice_ticks(*extent, _TICKS)
    fig.update_xaxes(tickvals=ticks, ticktext=tick_texts(ticks))
    value_band(fig, look, first.low, first.high)
    for (at, _, one), row in zip(comparable, rows, strict=True):
        if one.crosses or one.turns:
            row_tint(fig, row.at, look.amber_fill)
        elif at == chosen:
            row_tint(fig, row.at, look.after_tint)
    draw_rows(fig, look, rows, result.endpoint.marker, 10)
    draw_mean(fig, look, first)
    columns = (
        Column("estimate", 52, look.ink),
        Column("P", 100 + wider // 3, look.ink2),
        Column("n", 130 + wider, look.ink2),
        Column("differs", 182 + wider, look.ink2),
        Column("", 201 + wider, look.amber),
    )
    direction_words(fig, look, _APART, rising=rises(result))
    write_rows(fig, look, [first, *rows], columns)
    return fig


def variants_alt(result: EndpointComparison, beside: Sequence[tuple[str, SideBySide]]) -> str:
    """Return what the figure shows, for those who cannot see it."""
    texts = [f"primary {_numbers(result.lead, result.alternative)}"]
    for title, side in beside:
        one = side.endpoint(result.endpoint.key)
        if one is not None:
            flag = flag_text(one)
            texts.append(
                f"{title} {_numbers(one.variant, result.alternative)}{f', {flag}' if flag else ''}"
            )
    return f"{result.endpoint.label}, {result.unit}: {'; '.join(texts)}."


def _numbers(test: TestResult, alternative: Alternative) -> str:
    return f"{estimate_text(test)}, {p_value(test.p, alternative)}, n = {test.n:,}"


def _subtitle(
    drawn: Sequence[VariantEndpoint], left: int, confidence: float, alternative: Alternative
) -> str:
    flags = (("the estimate turns its sign", "turns"), ("P crosses 0.05", "crosses"))
    turned = [words for words, name in flags if any(getattr(one, name) for one in drawn)]
    amber = f" {_FLAG}: {' or '.join(turned)} against the primary." if turned else ""
    other = f" {left} in another unit: see the table." if left else ""
    return (
        f"Bars: {level(confidence)} CI{side_clause(alternative)}, filled where it excludes 0. "
        f"Blue: primary, its interval as a band.{amber}{other}"
    )


def _primary(result: EndpointComparison, look: Look) -> Row:
    test = result.lead
    p = p_value(test.p, result.alternative)
    decimals = decimals_for(test.interval)
    texts = ("primary", signed(test.estimate, decimals), bare_p(test.p), f"{test.n:,}")
    label, *cells = (f'<span style="color:{look.after}"><b>{text}</b></span>' for text in texts)
    low, high = _ends(test)
    return Row(
        at=0,
        label=label,
        low=low,
        value=test.estimate,
        high=high,
        cells=(*cells, "", ""),
        hover=f"primary: {estimate_text(test)}<br>{p}, n = {test.n:,}",
        filled=low > 0 or high < 0,
    )


def _row(place: int, at: int, title: str, one: VariantEndpoint, alternative: Alternative) -> Row:
    test = one.variant
    low, high = _ends(test)
    flag = flag_text(one)
    amber = one.crosses or one.turns
    name = escape(title if len(title) <= _LETTERS else f"{title[: _LETTERS - 1]}…")
    return Row(
        at=place,
        label=f"<b>{name}</b>" if amber else name,
        low=low,
        value=test.estimate,
        high=high,
        cells=(
            signed(test.estimate, decimals_for(test.interval)),
            bare_p(test.p),
            f"{test.n:,}",
            difference_text(one),
            f"<b>{_FLAG}</b>" if flag else "",
        ),
        key=str(at),
        hover=(
            f"{escape(title)}{f', {flag}' if flag else ''}<br>"
            f"{estimate_text(test)} {one.unit}, {p_value(test.p, alternative)}, n = {test.n:,}"
            "<br>click: change this variant"
        ),
        tone="amber" if amber else "plain",
        filled=low > 0 or high < 0,
    )


def _ends(test: TestResult) -> tuple[float, float]:
    interval = test.interval
    return (interval.low, interval.high) if interval is not None else (math.nan, math.nan)
