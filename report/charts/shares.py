"""Shares of patients who meet a rule, over those it can be applied to and over all compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from analysis.responders import Responders, Rule
from analysis.results import Interval
from report.charts.parts import empty
from report.charts.rows import (
    ROW,
    Column,
    Row,
    draw_rows,
    headed,
    left_margin,
    row_axes,
    short,
    write_rows,
)
from report.look import Look, annotation, escape
from report.numbers import level, plain, signed

_EMPTY: Final = 220
_APART: Final = 0.2


@dataclass(frozen=True, slots=True)
class Share:
    """How many patients meet one rule.

    Parameters
    ----------
    label
        The rule in words, such as "≥ 25 % less steep".
    k
        Patients who meet it.
    assessable, compared
        The two denominators: those to whom the rule can be applied, and all compared patients.
    assessable_ends, compared_ends
        Interval of each share, between 0 and 1; NaN where there is none.
    by_chance
        Share of the assessable expected if nothing changed; NaN where it is not known.
    """

    label: str
    k: int
    assessable: int
    compared: int
    assessable_ends: tuple[float, float]
    compared_ends: tuple[float, float]
    by_chance: float = math.nan


def shares_of(found: Sequence[Responders]) -> tuple[Share, ...]:
    """Return the responders by every rule, ready to be drawn, with exact intervals."""
    return tuple(
        Share(
            label=rule_in_brief(one.rule),
            k=one.of_all.count,
            assessable=one.of_assessable.n,
            compared=one.of_all.n,
            assessable_ends=_ends(one.of_assessable.clopper_pearson),
            compared_ends=_ends(one.of_all.clopper_pearson),
            by_chance=one.expected_of_assessable,
        )
        for one in found
    )


def rule_in_brief(rule: Rule) -> str:
    """Return a rule in a few signs: the name of a row."""
    if rule.kind == "percent":
        return f"≥ {100 * rule.threshold:g} % less steep"
    return f"change {'>' if rule.strict else '≥'} {signed(rule.threshold)}"


def _ends(interval: Interval | None) -> tuple[float, float]:
    return (math.nan, math.nan) if interval is None else (interval.low, interval.high)


def shares_figure(
    title: str, shares: Sequence[Share], look: Look, *, confidence: float, method: str
) -> go.Figure:
    """Draw two shares for each rule: of those it can be applied to, and of all compared.

    Parameters
    ----------
    title
        Finished title, such as "<b>ALSFRS-R</b>, patients who meet each rule".
    shares
        One entry a rule, in the order of the rows.
    look
        Colours.
    confidence, method
        Level of the intervals, and how they were computed, such as "Wilson".
    """
    if not shares:
        return empty(look, _EMPTY, "No rule can be applied to these patients.")
    rows = [row for at, share in enumerate(shares) for row in _rows(share, at)]
    chance = [share.by_chance for share in shares]
    note = " Upright tick: expected if nothing changed." if _any(chance) else ""
    fig = headed(
        look,
        round(1.35 * ROW * len(shares)) + 30 + 52,
        {"l": left_margin([share.label for share in shares]), "r": 190, "t": 30, "b": 52},
        title,
        f"● of the assessable, ○ of all compared; {level(confidence)} CI ({method}).{note}",
        width=92,
    )
    row_axes(fig, look, len(shares), (-2, 102), "share of patients, %")
    ticks = list(range(0, 101, 20))
    fig.update_xaxes(tickvals=ticks, ticktext=[str(t) for t in ticks], zeroline=False)
    draw_rows(fig, look, rows, "circle", 8)
    for at, value in enumerate(chance):
        if math.isfinite(value):
            ends = {"x": [100 * value] * 2, "y": [at - 0.32, at + 0.32], "hoverinfo": "skip"}
            fig.add_scatter(mode="lines", line={"color": look.untreated, "width": 3}, **ends)
    columns = (Column("assessable", 88, look.ink), Column("all compared", 180, look.ink2))
    texts = [
        Row(
            at=at,
            label=short(share.label),
            low=math.nan,
            value=math.nan,
            high=math.nan,
            cells=(
                _of(share.k, share.assessable),
                _of(share.k, share.compared if share.assessable else 0),
            ),
        )
        for at, share in enumerate(shares)
    ]
    write_rows(fig, look, texts, columns)
    for at, share in enumerate(shares):
        if not share.assessable:
            font = {"size": 12.5, "color": look.ink3}
            fig.add_annotation(
                annotation(
                    "not assessable in anybody", 2, at, look, xref="x", yref="y", yanchor="middle",
                    font=font,
                )
            )  # fmt: skip
    return fig


def shares_alt(title: str, shares: Sequence[Share]) -> str:
    """Return what the figure shows, for those who cannot see it."""
    parts = [
        f"{s.label}: {s.k} of {s.assessable} assessable, {s.k} of {s.compared} compared"
        for s in shares
    ]
    return f"{title}. {'; '.join(parts)}."


def _rows(share: Share, at: int) -> list[Row]:
    rows = []
    for total, ends, shift, filled, words in (
        (share.assessable, share.assessable_ends, -_APART, True, "assessable"),
        (share.compared, share.compared_ends, _APART, False, "compared"),
    ):
        # A rule that applies to nobody has no share: 0 of all would read as a result.
        if total and share.assessable:
            low, high = (100 * end for end in ends)
            span = f" ({plain(low, 0)} to {plain(high, 0)} %)" if math.isfinite(low) else ""
            rows.append(
                Row(
                    at=at + shift,
                    label="",
                    low=low,
                    value=100 * share.k / total,
                    high=high,
                    hover=(
                        f"{escape(share.label)}<br>{share.k} of {total} {words} = "
                        f"{plain(100 * share.k / total, 0)} %{span}"
                    ),
                    filled=filled,
                )
            )
    return rows


def _of(k: int, total: int) -> str:
    return f"{k} of {total}" if total else "–"


def _any(values: Sequence[float]) -> bool:
    return any(math.isfinite(value) for value in values)
