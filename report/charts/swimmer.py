"""Swimmer plot: from when to when each patient was seen, with stages, events and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from analysis.attendance import Attendance
from analysis.events import LABELS, TRANSPLANT, EventTable
from analysis.staging import NO_REGION, StageTable
from data.trial import FloatArray, IntArray
from report.charts.parts import Names, day0_rule, empty, month_range, month_text, month_ticks
from report.charts.rows import Column, Row, headed, left_margin, row_tint, short, write_rows
from report.event_names import event_name
from report.look import Look, escape
from report.numbers import count, signed
from report.patient_tables import ending_words, last_month

PER_PAGE: Final = 40
_ROW: Final = 34
_BAR: Final = 13
_BAR_AT: Final = 0.1
"""How far the middle of the bar lies below the middle of the row: letters stand above it."""

_EVENT_AT: Final = -0.3
_VISIT_AT: Final = 0.42
_WIDE_ENOUGH: Final = 0.022
"""Share of the axis that a run of one stage must cover to hold its number."""

LETTERS: Final = {
    "niv": "N",
    "gastrostomy": "G",
    "tracheostomy": "T",
    "riluzole": "R",
    "edaravone": "E",
    "infection": "I",
    "other": "o",
}
_ENDS: Final = {
    "death": "death ×",
    "lost": "recorded loss ○",
    "last_contact": "last contact |",
}


@dataclass(frozen=True, slots=True)
class Swim:
    """What a swimmer plot draws.

    Parameters
    ----------
    seen
        When each patient was seen.
    events
        What happened to them.
    stages
        Stages of the visits with items, or ``None``: then bars show before and after.
    """

    seen: Attendance
    events: EventTable
    stages: StageTable | None


def pages_of(seen: Attendance) -> int:
    """Return how many pages of rows the patients fill, at least 1."""
    return max(1, -(-len(seen.patient) // PER_PAGE))


def swimmer_figure(
    swim: Swim, names: Names, look: Look, selected: int | None = None, page: int = 1
) -> go.Figure:
    """Draw one bar a patient from the first visit to the last, longest time after day 0 first.

    Parameters
    ----------
    swim
        Visits, events and stages.
    names
        What each patient is called in the figure.
    look
        Colours.
    selected
        Position of the patient to highlight.
    page
        Which 40 of the sorted patients are drawn, counted from 1.
    """
    seen = swim.seen
    if not len(seen.patient):
        return empty(look, 240, "Nobody has a visit and a day 0. Add transplant dates.")
    places = seen.by_length[(page - 1) * PER_PAGE : page * PER_PAGE]
    row_of = np.full(len(names), -1)
    row_of[seen.patient[places]] = np.arange(len(places))
    low, high = month_range(np.concatenate((seen.first_visit, seen.until)))
    margin = {
        "l": left_margin([names[i] for i in seen.patient[places]]),
        "r": 214,
        "t": 26,
        "b": 52,
    }
    n = len(places)
    fig = headed(
        look,
        _ROW * n + margin["t"] + margin["b"],
        margin,
        "<b>Follow-up</b> of every patient, months from the transplant",
        _subtitle(swim, row_of, (page - 1) * PER_PAGE, n, low),
        width=88,
    )
    _axes(fig, look, (low, high), n)
    drawing = _Drawing(fig, look, names, row_of, (low, high))
    drawing.tint(selected)
    drawing.bars(swim, places)
    drawing.visits(seen)
    drawing.events(swim.events)
    drawing.endings(seen, places)
    day0_rule(fig, look, [("y", n - 0.5, -0.6)])
    # Bars hide a rule that lies below the data.
    over = {"color": look.ink, "width": 1.3}
    fig.add_shape(type="line", x0=0, x1=0, y0=n - 0.5, y1=-0.6, line=over, layer="above")
    _columns(fig, look, swim, places, names, selected)
    return fig


def swimmer_alt(seen: Attendance, sentence: str) -> str:
    """Return what the figure shows, for those who cannot see it."""
    return f"One bar a patient, n = {len(seen.patient)}, longest follow-up first. {sentence}"


def _axes(fig: go.Figure, look: Look, months: tuple[float, float], n: int) -> None:
    ticks = month_ticks(*months)
    fig.update_layout(
        xaxis={
            "range": months,
            "tickvals": ticks,
            "ticktext": [month_text(float(t)) for t in ticks],
            "showgrid": True,
            "showline": True,
            "ticks": "outside",
            "ticklen": 5,
            "title": {
                "text": "months from the transplant",
                "standoff": 6,
                "font": {"size": 13, "color": look.ink2},
            },
        },
        yaxis={"range": [n - 0.5, -0.6], "fixedrange": True, "showticklabels": False},
    )


def _subtitle(swim: Swim, row_of: IntArray, first: int, drawn: int, low: float) -> str:
    """Return how to read the bars and the marks that are there."""
    total = len(swim.seen.patient)
    parts = []
    if drawn < total:
        parts.append(f"Rows {first + 1:,} to {first + drawn:,} of {total:,}, longest first.")
    if swim.stages is None:
        parts.append("Bar: slate before, blue after.")
    else:
        parts.append("Bar: King’s stage from each visit to the next; thin where not known.")
    parts.append("Ticks: visits; thin line behind the last: no further visit.")
    on_page = row_of[swim.events.patient] >= 0
    with np.errstate(invalid="ignore"):
        earlier = on_page & (swim.events.month < low)
    here = set(swim.events.kind[on_page & ~earlier].tolist())
    said = [f"{letter} {LABELS[kind]}" for kind, letter in LETTERS.items() if kind in here]
    if TRANSPLANT in here:
        said.insert(0, "▾ further transplant")
    if said:
        parts.append(f"{', '.join(said)}.")
    ends = [words for kind, words in _ENDS.items() if kind in here]
    if ends:
        parts.append(f"Ends: {', '.join(ends)}.")
    if earlier.any():
        parts.append(f"Not drawn: {count(int(earlier.sum()), 'event')} before the axis.")
    return " ".join(parts)


def _columns(
    fig: go.Figure,
    look: Look,
    swim: Swim,
    places: IntArray,
    names: Names,
    selected: int | None,
) -> None:
    rows = []
    for at, k in enumerate(places):
        i = int(swim.seen.patient[k])
        label = short(names[i])
        rows.append(
            Row(
                at=at + _BAR_AT,
                label=f"<b>{label}</b>" if i == selected else label,
                low=np.nan,
                value=np.nan,
                high=np.nan,
                cells=(
                    last_month(float(swim.seen.last_visit[k])),
                    ending_words(swim.seen, int(k)),
                ),
            )
        )
    columns = (Column("last visit", 66, look.ink2), Column("how it ended", 206, look.ink2))
    write_rows(fig, look, rows, columns)


class _Drawing:
    """Draws the marks of one page; each kind of mark is one trace with gaps."""

    def __init__(
        self,
        fig: go.Figure,
        look: Look,
        names: Names,
        row_of: IntArray,
        months: tuple[float, float],
    ) -> None:
        self.fig, self.look, self.names = fig, look, names
        self.row_of, self.months = row_of, months

    def tint(self, selected: int | None) -> None:
        if selected is not None and self.row_of[selected] >= 0:
            row_tint(self.fig, float(self.row_of[selected]) + 0.06, self.look.after_tint)

    def bars(self, swim: Swim, places: IntArray) -> None:
        seen, look = swim.seen, self.look
        who = seen.patient[places]
        rows = self._at(who, _BAR_AT)
        first, last = seen.first_visit[places], seen.last_visit[places]
        self._segments(last, seen.until[places], rows, look.ink3, 1.4)
        if swim.stages is None:
            self._segments(first, np.minimum(last, 0), rows, look.before, _BAR)
            self._segments(np.maximum(first, 0), last, rows, look.after, _BAR)
            return
        # Where no stage is known the patient was seen all the same.
        self._segments(first, last, rows, look.ink3, 1.4)
        self._stages(swim.stages, last, who)

    def _stages(self, table: StageTable, last: FloatArray, who: IntArray) -> None:
        """Draw each run of one King's stage, with its number where it is long enough."""
        end_of = np.full(len(self.names), np.nan)
        end_of[who] = last
        stage = table.kings.stage
        known = (self.row_of[table.patient] >= 0) & np.isfinite(table.month)
        at = np.flatnonzero(known)
        at = at[np.lexsort((table.month[at], table.patient[at]))]
        patient, month = table.patient[at], table.month[at]
        new = np.ones(len(at), dtype=np.bool_)
        new[1:] = (np.diff(patient) != 0) | (np.diff(stage[at]) != 0)
        starts = np.flatnonzero(new)
        stops = np.append(starts[1:], len(at))
        begin = month[starts]
        end = end_of[patient[starts]]
        followed = np.flatnonzero(stops < len(at))
        followed = followed[patient[starts[followed]] == patient[stops[followed]]]
        end[followed] = month[stops[followed]]
        rows, kind = self._at(patient[starts], _BAR_AT), stage[at][starts]
        for value, colour in enumerate(self.look.stage):
            mine = kind == value
            self._segments(begin[mine], end[mine], rows[mine], colour, _BAR)
        width = self.months[1] - self.months[0]
        wide = np.flatnonzero((kind >= 0) & (end - begin > _WIDE_ENOUGH * width))
        self.fig.add_scatter(
            x=(begin[wide] + end[wide]) / 2,
            y=rows[wide],
            mode="text",
            text=[str(kind[k]) if kind[k] else NO_REGION for k in wide],
            textfont={"size": 12.5, "color": [self.look.stage_text[kind[k]] for k in wide]},
            customdata=[
                [
                    str(patient[starts[k]]),
                    f"{escape(self.names[patient[starts[k]]])} · King’s stage "
                    f"{table.kings.label(int(at[starts[k]]))} from {signed(begin[k], 1)} months"
                    f"<br>{table.kings.reason(int(at[starts[k]]))}<br>click: open patient",
                ]
                for k in wide
            ],
            hovertemplate="%{customdata[1]}<extra></extra>",
        )

    def _at(self, who: IntArray, shift: float) -> FloatArray:
        """Return where the rows of patients are, moved down by a part of a row."""
        return np.asarray(self.row_of[who] + shift, dtype=np.float64)

    def _segments(
        self, begin: FloatArray, end: FloatArray, rows: FloatArray, colour: str, width: float
    ) -> None:
        longer = end > begin
        if not longer.any():
            return
        x = np.full((int(longer.sum()), 3), np.nan)
        y = x.copy()
        x[:, 0], x[:, 1] = begin[longer], end[longer]
        y[:, 0] = y[:, 1] = rows[longer]
        self.fig.add_scatter(
            x=np.round(x.ravel(), 3),
            y=y.ravel(),
            mode="lines",
            line={"color": colour, "width": width},
            connectgaps=False,
            hoverinfo="skip",
        )

    def visits(self, seen: Attendance) -> None:
        here = np.flatnonzero(self.row_of[seen.visit_patient] >= 0)
        who, month = seen.visit_patient[here], seen.visit_month[here]
        said = [f"visit at {signed(m, 1)} months" for m in month.tolist()]
        self._marks(month, self._at(who, _VISIT_AT), who, said, "line-ns-open", self.look.ink3, 6)

    def events(self, events: EventTable) -> None:
        shown = self.row_of[events.patient] >= 0
        with np.errstate(invalid="ignore"):
            here = np.flatnonzero(shown & (events.month >= self.months[0]))
        here = here[~np.isin(events.kind[here], list(_ENDS))]
        again = events.kind[here] == TRANSPLANT
        at = here[again]
        self._marks(
            events.month[at],
            self._at(events.patient[at], _EVENT_AT),
            events.patient[at],
            _event_words(events, at),
            "triangle-down",
            self.look.ink,
            9,
        )
        at = here[~again]
        if not len(at):
            return
        self.fig.add_scatter(
            x=np.round(events.month[at], 3),
            y=self._at(events.patient[at], _EVENT_AT),
            mode="text",
            text=[f"<b>{LETTERS.get(kind, 'o')}</b>" for kind in events.kind[at]],
            cliponaxis=False,
            textfont={"size": 12.5, "color": self.look.ink},
            customdata=self._custom(events.patient[at], _event_words(events, at)),
            hovertemplate="%{customdata[1]}<extra></extra>",
        )

    def endings(self, seen: Attendance, places: IntArray) -> None:
        who = seen.patient[places]
        rows = self._at(who, _BAR_AT)
        for months, symbol, said in (
            (seen.last_contact, "line-ns-open", "last contact"),
            (seen.lost, "circle-open", "lost to follow-up"),
            (seen.death, "x-thin-open", "death"),
        ):
            month = months[places]
            known = np.isfinite(month)
            words = [f"{said} at {signed(m, 1)} months" for m in month[known].tolist()]
            self._marks(month[known], rows[known], who[known], words, symbol, self.look.ink, 10)

    def _marks(
        self,
        month: FloatArray,
        rows: FloatArray,
        who: IntArray,
        said: Sequence[str],
        symbol: str,
        colour: str,
        size: float,
    ) -> None:
        if not len(month):
            return
        self.fig.add_scatter(
            x=np.round(month, 3),
            y=rows,
            mode="markers",
            marker={
                "symbol": symbol,
                "size": size,
                "color": colour,
                "line": {"color": colour, "width": 1.6},
            },
            customdata=self._custom(who, said),
            hovertemplate="%{customdata[1]}<extra></extra>",
        )

    def _custom(self, who: IntArray, said: Sequence[str]) -> list[list[Any]]:
        return [
            [str(i), f"{escape(self.names[i])} · {words}<br>click: open patient"]
            for i, words in zip(who.tolist(), said, strict=True)
        ]


def _event_words(events: EventTable, at: IntArray) -> list[str]:
    """Return events in our own words: free text of the file stays out of figures."""
    return [
        f"{event_name(events.kind[k], events.label[k], cautious=True)} at "
        f"{signed(float(events.month[k]), 1)} months"
        for k in at.tolist()
    ]
