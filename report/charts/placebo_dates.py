"""The shift profile: the mean change with the day 0 of everybody moved, and the excess as text."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import plotly.graph_objects as go

from analysis.comparison import EndpointComparison
from analysis.placebo_dates import PlaceboDates
from analysis.settings import Alternative
from analysis.shift_profile import MOST_MONTHS, ShiftProfile
from report.charts.parts import day0_rule, empty, gaps, month_text, nice_ticks, tick_texts
from report.charts.rows import headed, room_for
from report.look import Look, annotation
from report.numbers import level, p_value, plain, signed
from report.placebo_words import (
    VISITS,
    capital,
    decimals_of,
    excess_text,
    peak_sentence,
    placebo_heading,
    verdict_words,
)
from report.words import rises

HEIGHT: Final = 330
_MARGIN: Final = {"l": 64, "r": 24, "t": 40, "b": 84}
_ASIDE: Final = 0.14
"""Months by which marks of one period stand beside the line, so that both are seen."""


def placebo_figure(result: EndpointComparison, found: PlaceboDates, look: Look) -> go.Figure:
    """Draw the mean change at each moved date with its band, and dates of one period hollow.

    Parameters
    ----------
    result
        The primary comparison of the endpoint.
    found
        Its placebo dates.
    look
        Colours.
    """
    profile = found.profile
    if not np.isfinite(profile.estimate).any():
        return empty(look, HEIGHT, f"{found.endpoint.label}: nobody can be compared at any date.")
    fig = headed(
        look,
        HEIGHT,
        _MARGIN,
        f"<b>{found.endpoint.label}: {verdict_words(found)}</b>",
        f"{capital(excess_text(found, result.alternative))}. ◆ mean change with day 0 moved, "
        f"{found.unit}; band: {level(found.level)} CI, filled where it excludes 0. ◇ visits of one "
        "period only: grey up to day 0, blue after it.",
        width=84,
    )
    extent = _axes(fig, look, found)
    _band(fig, look, profile)
    known = np.isfinite(profile.estimate)
    x, y = gaps([profile.months, profile.estimate], _breaks(known, profile))
    line = {"color": look.after, "width": 2}
    fig.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip", connectgaps=False)
    for dates, colour, aside in (
        (profile, look.after, 0.0),
        (found.run_in, look.before, -_ASIDE),
        (found.follow_up, look.after, _ASIDE),
    ):
        shown = np.flatnonzero(np.isfinite(dates.estimate))
        hovers = [_hover(found, dates, int(k), result.alternative) for k in shown]
        _marks(fig, look, dates, colour, aside, hovers)
    day0_rule(fig, look, [("y", *extent)])
    if found.shift_days:
        fig.layout.annotations[-1].text = "<b>moved day 0</b>"
    _directions(fig, look, rising=rises(result))
    return fig


def placebo_alt(result: EndpointComparison, found: PlaceboDates) -> str:
    """Return what the figure shows, for those who cannot see it."""
    profile = found.profile
    ends = ""
    known = np.flatnonzero(np.isfinite(profile.estimate))
    if known.size:
        means = "; ".join(
            f"{month_text(float(profile.months[k]))} months {_value(profile, int(k))}, "
            f"n = {profile.n[k]}"
            for k in known
        )
        ends = f" Mean change with day 0 moved by {means}."
    return (
        f"{placebo_heading(found)}. {excess_text(found, result.alternative)}. "
        f"{peak_sentence(found)}{ends}"
    )


def _axes(fig: go.Figure, look: Look, found: PlaceboDates) -> tuple[float, float]:
    every = (found.profile, found.run_in, found.follow_up)
    extent = room_for(
        np.concatenate([x for p in every for x in (p.estimate, p.low, p.high)]).tolist()
    )
    n_at = dict(zip(found.profile.months.tolist(), found.profile.n.tolist(), strict=True))
    at = np.arange(-MOST_MONTHS, MOST_MONTHS + 1)
    ticks = nice_ticks(*extent, 6)
    labels = [
        f'{month_text(float(m))}<br><span style="color:{look.ink3}">{n_at.get(int(m), "")}</span>'
        for m in at
    ]
    title = {
        "text": "months by which day 0 is moved",
        "standoff": 4,
        "font": {"size": 13, "color": look.ink2},
    }
    fig.update_layout(
        xaxis={
            "range": (-MOST_MONTHS - 0.5, MOST_MONTHS + 0.5),
            "tickvals": at,
            "ticktext": labels,
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "title": title,
        },
        yaxis={
            "range": extent,
            "tickvals": ticks,
            "ticktext": tick_texts(ticks),
            "showgrid": True,
            "zeroline": True,
            "zerolinecolor": look.ink,
            "zerolinewidth": 1.2,
        },
    )
    fig.add_annotation(
        annotation("n", 0, 0, look, xanchor="right", yanchor="top", xshift=-10, yshift=-24)
    )
    return extent


def _breaks(
    known: np.ndarray[tuple[int], np.dtype[np.bool_]], profile: ShiftProfile
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where the line is broken: between months that do not follow each other."""
    return np.flatnonzero((np.diff(profile.months) > 1) | ~(known[1:] & known[:-1])) + 1


def _band(fig: go.Figure, look: Look, profile: ShiftProfile) -> None:
    """Tint between the ends of the intervals, in one piece for each run of months."""
    known = np.isfinite(profile.low)
    for piece in np.split(np.arange(len(known)), _breaks(known, profile)):
        some = piece[known[piece]]
        if some.size < 2:
            continue
        fig.add_scatter(
            x=[*profile.months[some].tolist(), *profile.months[some][::-1].tolist()],
            y=[*profile.low[some].tolist(), *profile.high[some][::-1].tolist()],
            mode="lines",
            line={"width": 0, "color": look.after},
            fill="toself",
            fillcolor=look.after_band,
            hoverinfo="skip",
        )


def _marks(
    fig: go.Figure,
    look: Look,
    profile: ShiftProfile,
    colour: str,
    aside: float,
    hovers: list[str],
) -> None:
    """Draw the means of one kind of dates; those of one period hollow, with their intervals."""
    known = np.flatnonzero(np.isfinite(profile.estimate))
    if not known.size:
        return
    whole = profile.visits == "all"
    x = profile.months[known] + aside
    if not whole:
        ends = [(profile.low[k], profile.high[k]) for k in known]
        fig.add_scatter(
            x=[v for month in x.tolist() for v in (month, month, None)],
            y=[v for low, high in ends for v in (_end(low), _end(high), None)],
            mode="lines",
            line={"color": colour, "width": 1.2},
            hoverinfo="skip",
            connectgaps=False,
        )
    filled = [
        whole and math.isfinite(low) and (low > 0 or high < 0)
        for low, high in zip(profile.low[known].tolist(), profile.high[known].tolist(), strict=True)
    ]
    fig.add_scatter(
        x=x,
        y=profile.estimate[known],
        mode="markers",
        marker={
            "symbol": "diamond",
            # With sizes in a list plotly would make the marks see-through.
            "opacity": 1,
            "size": [13 if month == 0 else 10 for month in profile.months[known].tolist()]
            if whole
            else 9,
            "color": [colour if fill else look.bg for fill in filled],
            "line": {"color": colour, "width": 1.6},
        },
        customdata=[["", hover] for hover in hovers],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _end(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _value(profile: ShiftProfile, k: int) -> str:
    low, high = float(profile.low[k]), float(profile.high[k])
    decimals = decimals_of(low, high)
    text = signed(float(profile.estimate[k]), decimals)
    if not math.isfinite(low):
        return text
    return f"{text} ({plain(low, decimals)} to {plain(high, decimals)})"


def _hover(found: PlaceboDates, profile: ShiftProfile, k: int, alternative: Alternative) -> str:
    month = int(profile.months[k])
    moved = "day 0" if month == 0 else f"day 0 moved by {month_text(float(month))} months"
    return (
        f"{moved}: {_value(profile, k)} {found.unit}<br>"
        f"{p_value(float(profile.p[k]), alternative)}, n = {int(profile.n[k]):,}, "
        f"{VISITS[profile.visits]}"
    )


def _directions(fig: go.Figure, look: Look, *, rising: bool) -> None:
    """Write above the plot what up and down mean."""
    text = "↑ higher · ↓ lower" if rising else "↑ slower decline · ↓ faster"
    font = {"size": 12.5, "color": look.ink3}
    place = {"xshift": 8 - _MARGIN["l"], "yanchor": "bottom", "yshift": 4, "font": font}
    fig.add_annotation(annotation(text, 0, 1, look, **place))
