"""The comparison without each visit of one patient, and without every visit on day 0."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.leave_visit_out import LeaveDayZeroOut, LeaveVisitOut, WithoutVisit, WithoutVisits
from analysis.results import TestResult
from analysis.settings import Alternative
from report.charts.change_rows import mean_rule
from report.charts.parts import Names, empty
from report.charts.rows import (
    ROW,
    Column,
    Row,
    direction_words,
    draw_mean,
    draw_rows,
    headed,
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
from report.numbers import (
    DASH,
    bare_p,
    count,
    decimals_for,
    level,
    p_value,
    plain,
    side_clause,
    signed,
    span,
)
from report.words import rises

_EMPTY: Final = 120
_FLAG: Final = "⚑"
_APART: Final = 0.3
_MARGIN: Final = {"l": 144, "r": 240, "b": 52}


def leave_visit_out_figure(
    result: EndpointComparison,
    found: LeaveVisitOut,
    day0: LeaveDayZeroOut,
    names: Names,
    look: Look,
) -> go.Figure:
    """Draw the mean change with all visits and without each one of a patient, by time.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    found
        Its repetitions without one visit of one patient.
    day0
        Its repetition without the visits on day 0 of everybody.
    names
        What each patient is called in the figure.
    look
        Colours.
    """
    if not found.visits:
        name = short(names[found.patient])
        return empty(look, _EMPTY, f"{result.endpoint.label}: {name} is not compared.")
    everybody = _everybody(result, found)
    rows = [
        _visit_row(found, visit, at + _APART, look, result.alternative)
        for at, visit in enumerate(found.visits, start=1)
    ]
    bottom = len(rows) + 1 + _APART
    if day0.without is not None:
        rows.append(_day0_row(found, day0, day0.without, bottom + _APART, look, result.alternative))
    ends = [v for r in (everybody, *rows) for v in (r.low, r.value, r.high)]
    extent = room_for(ends)
    apart = words_apart(extent)
    margin = _MARGIN | {"t": 30 + apart}
    end = rows[-1].at + 1
    fig = headed(
        look,
        round(ROW * end) + margin["t"] + margin["b"],
        margin,
        f"<b>{result.endpoint.label}</b>, mean change without one visit of "
        f"{short(names[found.patient])}, {found.unit}",
        _subtitle(result, found, day0),
        width=76,
    )
    row_axes(fig, look, end, extent, f"mean change of slope, {found.unit}")
    value_band(fig, look, everybody.low, everybody.high)
    mean_through(fig, look, everybody, end - 0.4)
    for row in rows:
        if row.tone == "amber":
            row_tint(fig, row.at, look.amber_fill)
    if day0.without is not None:
        mean_rule(fig, look, bottom - 0.5 + _APART / 2)
    draw_rows(fig, look, rows, result.endpoint.marker, 9)
    draw_mean(fig, look, everybody)
    columns = (
        Column("mean", 62, look.ink2),
        Column("P", 122, look.ink2),
        Column("n", 166, look.ink2),
        Column("own change", 232, look.ink2),
    )
    direction_words(fig, look, apart, rising=rises(result))
    write_rows(fig, look, [_in_colour(everybody, look), *rows], columns)
    return fig


def leave_visit_out_alt(
    result: EndpointComparison, found: LeaveVisitOut, day0: LeaveDayZeroOut, names: Names
) -> str:
    """Return what the figure shows, for those who cannot see it."""
    head = f"{result.endpoint.label}, {names[found.patient]}"
    if not found.visits:
        return f"{head}: not compared."
    means = [visit.without.test.estimate for visit in found.visits]
    decimals = decimals_for(found.full.interval)
    low, high = (signed(value, decimals) for value in (min(means), max(means)))
    parts = [
        f"{head}: mean change of everybody {signed(found.full.estimate, decimals)} {found.unit} "
        f"with all visits, {p_value(found.full.p, result.alternative)}, n = {found.full.n:,}; "
        f"between {low} and {high} without one of {count(len(found.visits), 'visit')}",
        _crossing(found),
    ]
    if day0.without is not None:
        test = day0.without.test
        parts.append(
            f"without all visits on day 0 {signed(test.estimate, decimals)}, "
            f"{p_value(test.p, result.alternative)}, n = {test.n:,}"
        )
    return "; ".join(parts) + "."


def leave_visit_out_numbers(
    result: EndpointComparison, found: LeaveVisitOut, day0: LeaveDayZeroOut, names: Names
) -> pd.DataFrame:
    """Return the numbers of the figure, a row an analysis; other patients by ``names``."""
    rows = [_numbers("nothing", found.unit, found.full) | {"own_change": found.change}]
    for visit in found.visits:
        without = visit.without
        rows.append(
            _numbers(f"one visit of {names[found.patient]}", found.unit, without.test)
            | {"own_change": visit.change, "month": visit.month, "value": visit.value}
            | _flags(without)
        )
    if day0.without is not None:
        said = f"{count(day0.visits, 'visit')} on day 0"
        rows.append(_numbers(said, found.unit, day0.without.test) | _flags(day0.without))
    return pd.DataFrame(rows)


def _numbers(without: str, unit: str, test: TestResult) -> dict[str, object]:
    interval = test.interval
    return {
        "without": without,
        "unit": unit,
        "mean_change": test.estimate,
        "low": interval.low if interval is not None else math.nan,
        "high": interval.high if interval is not None else math.nan,
        "p": test.p,
        "n": test.n,
    }


def _flags(without: WithoutVisits) -> dict[str, object]:
    return {
        "p_crosses_0.05": "yes" if without.crosses else "no",
        "sign_turns": "yes" if without.flips else "no",
        "patients_lost": len(without.left),
        "why_lost": "; ".join(dict.fromkeys(why for _, why in without.left)),
    }


def _visit_row(
    found: LeaveVisitOut, visit: WithoutVisit, at: float, look: Look, alternative: Alternative
) -> Row:
    test, decimals = visit.without.test, decimals_for(found.full.interval)
    when = "day 0" if f"{visit.month:.1f}" in ("0.0", "-0.0") else _month(visit.month)
    own = f"own change {signed(visit.change, decimals)}, with all {signed(found.change, decimals)}"
    if visit.falls_out:
        own = "; ".join(escape(why) for _, why in visit.without.left)
    return _row(
        found,
        visit.without,
        at,
        f"without {when}",
        (
            f"without {when}: score {plain(visit.value, 2).removesuffix('.00')}, "
            f"{visit.side.replace('both', 'before and after')}<br>"
            f"{_test_words(test, decimals, alternative)}<br>{own} · click: open patient"
        ),
        DASH if visit.falls_out else signed(visit.change, decimals),
        look,
        key=str(found.patient),
    )


def _day0_row(
    found: LeaveVisitOut,
    day0: LeaveDayZeroOut,
    without: WithoutVisits,
    at: float,
    look: Look,
    alternative: Alternative,
) -> Row:
    decimals = decimals_for(found.full.interval)
    hover = (
        f"without {count(day0.visits, 'visit')} on day 0, of all patients<br>"
        f"{_test_words(without.test, decimals, alternative)}"
    )
    if without.left:
        hover += f"<br>{count(len(without.left), 'patient')} then without a change"
    return _row(found, without, at, "no day-0 visits", hover, "", look)


def _row(
    found: LeaveVisitOut,
    without: WithoutVisits,
    at: float,
    label: str,
    hover: str,
    own: str,
    look: Look,
    key: str = "",
) -> Row:
    test, decimals = without.test, decimals_for(found.full.interval)
    interval = test.interval
    turns = without.crosses or without.flips
    mean, p = signed(test.estimate, decimals), bare_p(test.p)
    fewer = test.n != found.full.n
    return Row(
        at=at,
        label=f"<b>{label}</b>" if turns else label,
        low=math.nan if interval is None else interval.low,
        value=test.estimate,
        high=math.nan if interval is None else interval.high,
        cells=(
            _flagged(mean, look) if without.flips else mean,
            _flagged(p, look) if without.crosses else p,
            f"<b>{test.n:,}</b>" if fewer else f"{test.n:,}",
            own,
        ),
        key=key,
        hover=hover,
        tone="amber" if turns else "plain",
        filled=interval is not None and interval.excludes_zero,
    )


def _flagged(text: str, look: Look) -> str:
    return f'<span style="color:{look.amber}"><b>{_FLAG} {text}</b></span>'


def _everybody(result: EndpointComparison, found: LeaveVisitOut) -> Row:
    full = found.full
    interval = full.interval
    ends = (interval.low, interval.high) if interval is not None else (math.nan, math.nan)
    decimals = decimals_for(interval)
    return Row(
        at=0,
        label="all visits",
        low=ends[0],
        value=full.estimate,
        high=ends[1],
        cells=(
            signed(full.estimate, decimals),
            bare_p(full.p),
            f"{full.n:,}",
            signed(found.change, decimals),
        ),
        hover=f"all visits: {_test_words(full, decimals, result.alternative)} {result.unit}",
        filled=interval is not None and interval.excludes_zero,
    )


def _in_colour(row: Row, look: Look) -> Row:
    """Return the row of everybody as it is written: in the colour of its diamond."""
    label, *cells = (
        f'<span style="color:{look.after}"><b>{text}</b></span>' for text in (row.label, *row.cells)
    )
    return Row(row.at, label, row.low, row.value, row.high, tuple(cells))


def _month(month: float) -> str:
    return f"month {signed(month, 1)}"


def _test_words(test: TestResult, decimals: int, alternative: Alternative) -> str:
    ends = "no interval" if test.interval is None else span(test.interval, decimals)
    p = p_value(test.p, alternative)
    return f"mean {signed(test.estimate, decimals)} ({ends}), {p}, n = {test.n:,}"


def _subtitle(result: EndpointComparison, found: LeaveVisitOut, day0: LeaveDayZeroOut) -> str:
    shown = f"{level(found.level)} CI{side_clause(result.alternative)}"
    last = " Last row: without the visits on day 0 of all patients."
    rule = f" {_FLAG}: P crosses 0.05, or the sign turns."
    return (
        f"Paired t of everybody, {shown}; filled where it excludes 0. "
        f"{_first_up(_crossing(found))}.{last if day0.without is not None else ''}{rule}"
    )


def _crossing(found: LeaveVisitOut) -> str:
    """Return what leaving out one visit of the patient turns."""
    parts = []
    for words, hit in (
        ("P crosses 0.05", [v for v in found.visits if v.without.crosses]),
        ("the sign turns", [v for v in found.visits if v.without.flips]),
        ("the patient falls out", [v for v in found.visits if v.falls_out]),
    ):
        if hit:
            parts.append(f"{words} without {' or '.join(_month(v.month) for v in hit)}")
    if parts:
        return "; ".join(parts)
    tests = (found.full, *(visit.without.test for visit in found.visits))
    if all(math.isfinite(test.p) for test in tests):
        return "no single visit moves P across 0.05 or turns the sign"
    return "no single visit turns the sign; not every row has a P to compare"


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
