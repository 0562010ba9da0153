"""Responders here beside those among simulated untreated people with the same run-in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from analysis.responders import share_of
from analysis.untreated.outcome import UntreatedEndpoint
from analysis.untreated.shares import UntreatedResponders
from report.charts.parts import empty
from report.charts.rows import (
    ROW,
    Column,
    Row,
    draw_rows,
    headed,
    left_margin,
    row_axes,
    write_rows,
)
from report.charts.shares import rule_in_brief
from report.look import Look, escape
from report.numbers import level, plain

_EMPTY: Final = 220


@dataclass(frozen=True, slots=True)
class BothShares:
    """Responders by one rule, here and untreated, ready to be drawn.

    Parameters
    ----------
    found
        The two shares.
    low, high
        Exact interval of the share here, between 0 and 1; NaN with nobody.
    """

    found: UntreatedResponders
    low: float
    high: float


def both_shares(found: UntreatedEndpoint, confidence: float) -> tuple[BothShares, ...]:
    """Return the responders of one endpoint by every rule with exact intervals of those here."""
    shares = []
    for one in found.responders:
        exact = share_of(one.count, one.n, confidence).clopper_pearson
        ends = (math.nan, math.nan) if exact is None else (exact.low, exact.high)
        shares.append(BothShares(one, *ends))
    return tuple(shares)


def untreated_responders_figure(
    label: str, shares: Sequence[BothShares], look: Look, confidence: float
) -> go.Figure:
    """Draw a row for each rule: the share here with its interval, and the share untreated.

    Parameters
    ----------
    label
        Name of the endpoint.
    shares
        One entry a rule, in the order of the rows.
    look
        Colours.
    confidence
        Level of the intervals.
    """
    shown = [share for share in shares if share.found.n]
    if not shown:
        return empty(look, _EMPTY, f"{label}: no rule can be applied to anybody.")
    labels = [escape(rule_in_brief(share.found.rule)) for share in shown]
    rows = [_row(share, at, labels[at]) for at, share in enumerate(shown)]
    fig = headed(
        look,
        round(1.2 * ROW * len(shown)) + 30 + 52,
        {"l": left_margin(labels), "r": 170, "t": 30, "b": 52},
        f"<b>{label}</b>, patients who meet each rule, of the assessable",
        f"● here with {level(confidence)} CI (exact), upright tick: untreated people with the same "
        "run-in and visits.",
        width=92,
    )
    row_axes(fig, look, len(shown), (-2, 102), "share of patients, %")
    ticks = list(range(0, 101, 20))
    fig.update_xaxes(tickvals=ticks, ticktext=[str(t) for t in ticks], zeroline=False)
    draw_rows(fig, look, rows, "circle", 9)
    for row, share in zip(rows, shown, strict=True):
        value = 100 * share.found.untreated
        if math.isfinite(value):
            fig.add_scatter(
                x=[value] * 2,
                y=[row.at - 0.32, row.at + 0.32],
                mode="lines",
                line={"color": look.untreated, "width": 4},
                hovertemplate=f"{row.label}<br>untreated {plain(value, 0)} %<extra></extra>",
            )
    write_rows(fig, look, rows, (Column("here", 78, look.ink), Column("untreated", 158, look.ink2)))
    return fig


def untreated_responders_alt(label: str, shares: Sequence[BothShares]) -> str:
    """Return what the figure shows, for those who cannot see it."""
    parts = [
        f"{rule_in_brief(s.found.rule)}: {s.found.count:,} of {s.found.n:,} here, "
        f"{plain(100 * s.found.untreated, 0)} % untreated"
        for s in shares
        if s.found.n
    ]
    return f"{label}, patients who meet each rule. {'; '.join(parts) or 'No rule applies'}."


def untreated_responders_numbers(shares: Sequence[BothShares]) -> pd.DataFrame:
    """Return the numbers of the figure, one row a rule, shares between 0 and 1."""
    return pd.DataFrame(
        [
            {
                "rule": share.found.rule.label,
                "count": share.found.count,
                "assessable": share.found.n,
                "share": share.found.share,
                "ci_low": share.low,
                "ci_high": share.high,
                "untreated_share": share.found.untreated,
                "all_compared": share.found.n_all,
                "untreated_share_of_all": share.found.untreated_of_all,
                "trials_with_as_many": share.found.at_least.share,
                "simulated_trials": share.found.at_least.trials,
            }
            for share in shares
        ]
    )


def _row(share: BothShares, at: int, label: str) -> Row:
    found = share.found
    span = f"{plain(100 * share.low, 0)} to {plain(100 * share.high, 0)} %"
    here = f"{found.count:,} of {found.n:,}"
    return Row(
        at=at,
        label=label,
        low=100 * share.low,
        value=100 * found.share,
        high=100 * share.high,
        cells=(here, f"{plain(100 * found.untreated, 0)} %"),
        hover=f"{label}<br>here {here} = {plain(100 * found.share, 0)} % ({span})",
        tone="accent",
    )
