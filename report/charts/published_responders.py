"""Responders of this trial beside those of published groups, by rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import plotly.graph_objects as go

from analysis.published.rows import ShareRow
from report import published_words as words
from report.charts.parts import empty, wrap
from report.charts.rows import ROW, Column, Row, Tone, draw_rows, headed, row_axes, write_rows
from report.look import Look, annotation, escape
from report.numbers import level

MIN_WIDTH: Final = 580
_LEFT: Final = 272
_RIGHT: Final = 148
_LETTERS: Final = 40
_TONES: Final[dict[str, Tone]] = {"trial": "accent", "treated": "plain", "untreated": "untreated"}


def published_responders_figure(
    label: str, rows: Sequence[ShareRow], look: Look, confidence: float, *, all_arms: bool
) -> go.Figure:
    """Draw the share of responders of each group with its interval, in blocks by rule.

    Parameters
    ----------
    label
        Name of the endpoint.
    rows
        In blocks by rule; this trial's first in each.
    look
        Colours.
    confidence
        Level of the intervals.
    all_arms
        Whether this trial has a control arm, which its share holds too.
    """
    if not rows:
        return empty(look, 160, f"The library holds no published responders by {label}.")
    heads, drawn, at = [], [], 0.0
    for k, row in enumerate(rows):
        if k == 0 or row.rule != rows[k - 1].rule:
            at += 0.5 if k else 0.0
            heads.append((rule_words(row.rule), at))
            at += 1
        found = _row(row, at, all_arms)
        more = 0.5 * found.label.count("<br>")
        drawn.append(replace(found, at=at + more / 2))
        at += 1 + more
    fig = headed(
        look,
        round(ROW * at) + 30 + 52,
        {"l": _LEFT, "r": _RIGHT, "t": 30, "b": 52},
        f"<b>{escape(label)}, patients who meet each rule</b>",
        f"{level(confidence)} CI (Wilson). Blue: this trial, of the assessable; grey: given cells; "
        "brown: not given cells. Rules are applied over different follow-ups and to different "
        "people.",
        width=80,
    )
    row_axes(fig, look, at, (-2, 102), "share of patients, %")
    ticks = list(range(0, 101, 20))
    fig.update_xaxes(tickvals=ticks, ticktext=[str(t) for t in ticks], zeroline=False)
    fig.update_yaxes(showgrid=False)
    draw_rows(fig, look, drawn, "circle", 9)
    write_rows(fig, look, drawn, (Column("", _RIGHT - 8, look.ink2),))
    for head, place in heads:
        font = {"size": 13, "color": look.ink}
        where = {"yref": "y", "yanchor": "middle", "xshift": 8 - _LEFT, "font": font}
        fig.add_annotation(annotation(f"<b>{escape(head)}</b>", 0, place, look, **where))
    return fig


def published_responders_alt(label: str, rows: Sequence[ShareRow]) -> str:
    """Return what the figure shows, for those who cannot see it."""
    parts = [f"{rule_words(r.rule)}: {r.name} {words.share_text(r)}" for r in rows]
    return f"{label}, patients who meet each rule. {'; '.join(parts) or 'None published'}."


def rule_words(rule: str) -> str:
    """Return a rule as a heading, such as "Slope less steep by at least 50 %"."""
    return rule.replace("slope improvement >=", "Slope less steep by at least ")


def _row(row: ShareRow, at: float, all_arms: bool) -> Row:
    ends = row.share.wilson
    low, high = (math.nan, math.nan) if ends is None else (100 * ends.low, 100 * ends.high)
    name = row.name if not row.window else f"{row.name}, {row.window}"
    if row.block == "trial":
        name = "This trial, all arms" if all_arms else "This trial"
    lines = words.hover(row, f"{rule_words(row.rule)}: {words.share_text(row)}", "this trial")
    return Row(
        at=at,
        label="<br>".join(escape(line) for line in wrap(name, _LETTERS)[:3]),
        low=low,
        value=100 * row.share.share,
        high=high,
        cells=(words.share_text(row),),
        hover="<br>".join(escape(line) for line in lines),
        tone=_TONES[row.block],
    )
