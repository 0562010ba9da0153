"""The map of n and correlation at which a paired t test gives the printed P values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from analysis.published.consistency import Consistency, EndpointCheck, Spot, TestFinding
from report.charts.parts import empty, figure
from report.consistency_words import needs_n, p_text, reading_name
from report.look import Look, annotation, escape
from report.numbers import signed

HEIGHT: Final = 400
_MARGIN: Final = {"l": 56, "r": 24, "t": 44, "b": 64}
_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up")
_SIGNS: Final = "●■◆▲"
_NAME: Final = 24
_LINE: Final = 19


def consistency_figure(
    printed: Consistency, widest: Consistency, mark: int, look: Look
) -> go.Figure:
    """Draw for each printed row the correlations that a paired t test needs, over n.

    Parameters
    ----------
    printed
        The numbers read as printed: dots at each n.
    widest
        The reading with the most rounding: the pale regions.
    mark
        An n to mark, such as the registered target; 0 for none.
    look
        Colours.
    """
    checks = [c for c in printed.checks if c.finding("paired")]
    if not checks:
        return empty(look, 160, "Type a P value to see which n and which correlation it needs.")
    common = widest.common("paired")
    strip = common if common and not printed.common("paired") and len(checks) > 1 else ()
    lines = _legend(look, printed, widest, strip)
    below = _LINE * len(lines)
    fig = figure(look, HEIGHT + below, _MARGIN | {"b": _MARGIN["b"] + below})
    first, last = _extent(printed)
    _axes(fig, look, first, last)
    if strip:
        _strip(fig, look, strip[0], strip[-1])
    for k, check in enumerate(checks):
        pale = next(c for c in widest.checks if c.summary == check.summary)
        _regions(fig, look, _paired(pale), pale=True)
        _row(fig, look, check, k)
    if mark and first <= mark <= last:
        _mark(fig, look, mark)
    _write(fig, look, lines)
    return fig


def consistency_alt(printed: Consistency, widest: Consistency) -> str:
    """Return what the map shows, for those who cannot see it."""
    parts = []
    for check in printed.checks:
        finding = check.finding("paired")
        if finding is None:
            continue
        reached = [
            f"n = {s.n}: r {signed(s.r[0][0])} to {signed(s.r[0][1])}" for s in finding.spots if s.r
        ]
        shown = "; ".join(reached[:8]) or "no n"
        parts.append(f"{check.summary.label}, {p_text(check.summary)}, as printed: {shown}")
    common = widest.common("paired")
    name = reading_name(widest.reading, [c.summary for c in widest.checks])
    parts.append(f"with {name}, n in common: {needs_n(common, widest.n_values[-1])}")
    return ". ".join(parts) + "."


def _extent(found: Consistency) -> tuple[float, float]:
    seen = [s.n for c in found.checks for f in c.findings for s in f.spots]
    low, high = min(seen), max(seen)
    return (low - 1.5, high + 1.5) if high - low > 3 else (max(0.0, low - 6.0), high + 6.0)


def _axes(fig: go.Figure, look: Look, first: float, last: float) -> None:
    ticks = [-1.0, -0.5, 0.0, 0.5, 1.0]
    fig.update_layout(
        xaxis={
            "range": [first, last],
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "dtick": 5 if last - first > 14 else 2,
            "title": {
                "text": "n, patients in the test",
                "standoff": 6,
                "font": {"size": 13, "color": look.ink2},
            },
        },
        yaxis={
            "range": [-1.06, 1.06],
            "tickvals": ticks,
            "ticktext": [signed(t, 1) for t in ticks],
            "showgrid": True,
        },
    )
    font = {"size": 13, "color": look.ink3}
    text = "correlation r between before and after"
    fig.add_annotation(annotation(text, 0, 1, look, xshift=-46, yshift=16, font=font))


def _strip(fig: go.Figure, look: Look, low: int, high: int) -> None:
    fig.add_shape(
        type="rect", xref="x", yref="paper", x0=low - 0.5, x1=high + 0.5, y0=0, y1=1,
        layer="below", fillcolor=look.amber_fill, line={"width": 0},
    )  # fmt: skip


def _mark(fig: go.Figure, look: Look, n: int) -> None:
    fig.add_shape(
        type="line", xref="x", yref="paper", x0=n, x1=n, y0=0, y1=1, layer="below",
        line={"color": look.ink3, "width": 1.3, "dash": "dot"},
    )  # fmt: skip
    font = {"size": 12.5, "color": look.ink3}
    place = {"xref": "x", "xanchor": "center", "yshift": -1, "font": font}
    fig.add_annotation(annotation(f"n = {n}", n, 1, look, **place))


def _regions(fig: go.Figure, look: Look, finding: TestFinding, *, pale: bool) -> None:
    """Fill what a row allows, for each run of neighbouring n."""
    colour = look.before_band if not pale else look.middle_band
    for run in _runs([s for s in finding.spots if s.r]):
        n = [float(s.n) for s in run]
        if len(n) == 1:
            # One n has no area: a bar as wide as a third of the way to the next one.
            n, run = [n[0] - 0.16, n[0] + 0.16], [run[0], run[0]]
        low, high = [s.r[0][0] for s in run], [s.r[-1][1] for s in run]
        fig.add_scatter(
            x=n + n[::-1],
            y=high + low[::-1],
            mode="lines",
            fill="toself",
            fillcolor=colour,
            line={"width": 0},
            hoverinfo="skip",
        )


def _row(fig: go.Figure, look: Look, check: EndpointCheck, k: int) -> None:
    """Draw one row: dots on a line for a printed P, a filled corner for a bound."""
    finding, summary = _paired(check), check.summary
    spots = [s for s in finding.spots if s.r]
    colour = look.ink if k % 2 == 0 else look.before_text
    bound = summary.p.text[:1] in ("<", ">")
    if bound:
        _regions(fig, look, finding, pale=False)
    x: list[float | None] = []
    y: list[float | None] = []
    hover: list[str] = []
    for run in _runs(spots):
        x += [*(s.n for s in run), None]
        y += [*(_shown(s, summary.p.text) for s in run), None]
        hover += [*(_hover(check, s) for s in run), ""]
    fig.add_scatter(
        x=x,
        y=y,
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": "dash" if bound else "solid"},
        marker={"symbol": _SYMBOLS[k], "size": 8, "color": colour},
        customdata=[["", text] for text in hover],
        hovertemplate="%{customdata[1]}<extra></extra>",
    )


def _shown(spot: Spot, p: str) -> float:
    low, high = spot.r[0][0], spot.r[-1][1]
    return low if p.startswith("<") else high if p.startswith(">") else (low + high) / 2


def _hover(check: EndpointCheck, spot: Spot) -> str:
    spans = ", ".join(f"{signed(a)} to {signed(b)}" for a, b in spot.r)
    return (
        f"{escape(check.summary.label)}, n = {spot.n}<br>{p_text(check.summary)} needs r = {spans}"
    )


def _legend(
    look: Look, printed: Consistency, widest: Consistency, strip: Sequence[int]
) -> list[tuple[str, str]]:
    """Return the lines that say what each mark means, with their colours."""
    lines: list[tuple[str, str]] = []
    shown = [c for c in printed.checks if c.finding("paired")]
    for k, check in enumerate(shown):
        label = check.summary.label
        short = escape(label if len(label) <= _NAME else f"{label[:_NAME]}…")
        needs = escape(_needs(check, printed.n_values[-1]))
        text = f"{_SIGNS[k]} <b>{short}</b>, {escape(p_text(check.summary))}, {needs}"
        lines.append((text, look.ink if k % 2 == 0 else look.before_text))
    name = reading_name(widest.reading, [c.summary for c in widest.checks])
    lines.append((f"Marks: as printed. Pale regions: {escape(name)}.", look.ink3))
    if strip:
        many = "are the only n that fit" if len(strip) > 1 else "is the only n that fits"
        span = f"{strip[0]} to {strip[-1]}" if len(strip) > 1 else f"{strip[0]}"
        lines.append((f"<b>n = {span} {many} all rows, in the pale regions</b>", look.amber))
    return lines


def _write(fig: go.Figure, look: Look, lines: Sequence[tuple[str, str]]) -> None:
    for k, (text, colour) in enumerate(lines):
        font = {"size": 13, "color": colour}
        place = {"xshift": -46, "yshift": -52 - _LINE * k, "yanchor": "top", "font": font}
        fig.add_annotation(annotation(text, 0, 0, look, **place))


def _needs(check: EndpointCheck, largest: int) -> str:
    finding = _paired(check)
    reached = [s for s in finding.spots if s.r]
    if not reached:
        n = check.summary.n
        return f"impossible at n = {n}" if n else f"at no n up to {largest}"
    where = "in the filled area" if check.summary.p.text[:1] in ("<", ">") else "on the line"
    if check.summary.n:
        a, b = reached[0].r[0][0], reached[0].r[-1][1]
        return f"n = {check.summary.n}: r = {signed(a)} to {signed(b)}"
    return f"only {where}: {needs_n([s.n for s in reached], largest)}"


def _paired(check: EndpointCheck) -> TestFinding:
    finding = check.finding("paired")
    return finding if finding is not None else TestFinding("paired", ())


def _runs(spots: Sequence[Spot]) -> list[list[Spot]]:
    """Return the spots in runs of neighbouring n."""
    runs: list[list[Spot]] = []
    for spot in spots:
        if runs and spot.n == runs[-1][-1].n + 1:
            runs[-1].append(spot)
        else:
            runs.append([spot])
    return runs
