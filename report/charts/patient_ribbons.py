"""Strips under one patient's panels: stage ribbons, the heat strip of the items, domain panels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.item_course import DomainCourse, ItemCourse
from analysis.staging import Stages, StageTable
from data.trial import FloatArray, IntArray
from report.charts.patient_space import LINE, pixels_of, text_width
from report.charts.sketch import Sketch
from report.look import Look, annotation, escape
from report.numbers import plain, signed
from report.stage_words import runs_of

RIBBON: Final = 20
RIBBON_GAP: Final = 6
ITEM_ROW: Final = LINE
DOMAIN: Final = 52
ITEMS: Final = (
    "1 speech", "2 salivation", "3 swallowing", "4 handwriting", "5 cutting food",
    "6 dressing, hygiene", "7 turning in bed", "8 walking", "9 climbing stairs",
    "10 dyspnea", "11 orthopnea", "12 resp. insufficiency",
)  # fmt: skip
_HOVER: Final = {"hovertemplate": "%{customdata[1]}<extra></extra>"}
_NARROWEST_NUMBER: Final = 13.0


@dataclass(frozen=True, slots=True)
class Ribbon:
    """Stages of one patient in one system, sorted by time.

    Parameters
    ----------
    name
        Words at its right end.
    month
        Months from day 0 of the visits.
    stages
        Stages of the whole trial's visits.
    rows
        Which of them are this patient's.
    """

    name: str
    month: FloatArray
    stages: Stages
    rows: IntArray


def ribbons_of(table: StageTable | None, patient: int) -> tuple[Ribbon, ...]:
    """Return the King's and MiToS ribbons of one patient; none without a certain stage."""
    if table is None:
        return ()
    rows = table.rows_of(patient)
    return tuple(
        Ribbon(name, table.month[rows], stages, rows)
        for name, stages in (("King’s stage", table.kings), ("MiToS stage", table.mitos))
        if (stages.stage[rows] >= 0).any()
    )


def cell_ends(month: FloatArray, tail: float) -> FloatArray:
    """Return where the cell of each visit ends: at the next visit, the last ``tail`` after it."""
    return np.append(month[1:], month[-1:] + tail)


def draw_ribbons(
    fig: Sketch,
    look: Look,
    axis: str,
    ribbons: Sequence[Ribbon],
    name: str,
    tail: float,
) -> None:
    """Draw one ribbon a system into a value axis that has one unit a ribbon, the first on top.

    A stage lasts from its visit to the next one. Visits whose stage is not certain leave a gap.
    """
    width = RIBBON / (RIBBON + RIBBON_GAP)
    for k, ribbon in enumerate(ribbons):
        level = len(ribbons) - k - 0.5
        ends = cell_ends(ribbon.month, tail)
        stage = ribbon.stages.stage[ribbon.rows]
        cells = [i for i in range(len(stage)) if stage[i] >= 0 and ends[i] > ribbon.month[i]]
        labels = {i: ribbon.stages.label(int(ribbon.rows[i])) for i in cells}
        runs = [r for r in runs_of([labels.get(i) for i in range(len(stage))]) if r[0] in labels]
        months = tuple(fig.layout.xaxis.range)
        common = {"orientation": "h", "yaxis": axis, "width": width, "constraintext": "none"}
        fig.add_bar(
            base=[ribbon.month[a] for a, _ in runs],
            x=[ends[b] - ribbon.month[a] for a, b in runs],
            y=[level] * len(runs),
            marker={
                "color": [look.stage[min(int(stage[a]), 4)] for a, _ in runs],
                "line": {"color": look.bg, "width": 1.5},
            },
            text=[
                _fitting(labels[a], pixels_of(ends[b], months) - pixels_of(ribbon.month[a], months))
                for a, b in runs
            ],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            insidetextfont={
                "size": 13,
                "color": [look.stage_text[min(int(stage[a]), 4)] for a, _ in runs],
            },
            hoverinfo="skip",
            **common,
        )
        system = ribbon.name.removesuffix(" stage")
        fig.add_bar(
            base=[ribbon.month[i] for i in cells],
            x=[ends[i] - ribbon.month[i] for i in cells],
            y=[level] * len(cells),
            marker={"color": "rgba(0,0,0,0)", "line": {"width": 0}},
            customdata=[
                [
                    "",
                    f"{escape(name)} · {system} stage {labels[i]}<br>"
                    f"{escape(ribbon.stages.reason(int(ribbon.rows[i])))}<br>"
                    f"visit at {signed(float(ribbon.month[i]), 1)} months",
                ]
                for i in cells
            ],
            **_HOVER,
            **common,
        )
    fig.update_layout(barmode="overlay")
    names = {len(ribbons) - k - 0.5: ribbon.name for k, ribbon in enumerate(ribbons)}
    _name_rows(fig, look, axis, (0, len(ribbons)), names)


def _fitting(label: str, pixels: float) -> str:
    """Return the label, or only the 4 of 4A and 4B, or nothing, as the room allows.

    The first figure of "0/1" or "2–4" would be a stage that the items do not tell.
    """
    for text in (label, label[:1]) if label[1:2] in ("", "A", "B") else (label,):
        if text_width(text) + 4 <= pixels:
            return text
    return ""


def _name_rows(
    fig: Sketch, look: Look, axis: str, ends: tuple[float, float], names: dict[float, str]
) -> None:
    """Set a value axis that names rows at its right end."""
    fig.update_layout(
        {
            "yaxis" + axis[1:]: {
                "range": list(ends),
                "side": "right",
                "showgrid": False,
                "fixedrange": True,
                "tickvals": list(names),
                "ticktext": list(names.values()),
                "tickfont": {"size": 12.5, "color": look.ink2},
                "ticks": "outside",
                "ticklen": 7,
                "tickcolor": "rgba(0,0,0,0)",
            }
        }
    )


def draw_items(
    fig: Sketch, look: Look, axis: str, items: ItemCourse, name: str, tail: float
) -> None:
    """Draw the twelve items over time, darker where more is lost, the first item on top.

    The score of a visit fills the time to the next one; missing scores leave a gap.
    """
    month, at = np.unique(items.month, return_index=True)
    score = items.score[at].T
    edges = np.append(month, month[-1] + tail)
    months = tuple(fig.layout.xaxis.range)
    pixels = [pixels_of(b, months) - pixels_of(a, months) for a, b in itertools.pairwise(edges)]
    numbers = min(pixels, default=0.0) >= _NARROWEST_NUMBER
    tones = list(reversed(look.stage))
    scale = [[(k + side) / 5, tone] for k, tone in enumerate(tones) for side in (0, 1)]
    hover = [
        [
            [
                "",
                f"{escape(name)} · item {ITEMS[row]}: {plain(value, 0)} of 4<br>"
                f"visit at {signed(float(month[k]), 1)} months",
            ]
            for k, value in enumerate(line)
        ]
        for row, line in enumerate(score.tolist())
    ]
    fig.add_heatmap(
        x=edges,
        y=np.arange(len(ITEMS) + 1),
        z=score,
        zmin=-0.5,
        zmax=4.5,
        colorscale=scale,
        showscale=False,
        hoverongaps=False,
        xgap=1,
        ygap=1,
        yaxis=axis,
        customdata=hover,
        text=[[plain(value, 0) if np.isfinite(value) else "" for value in line] for line in score],
        texttemplate="%{text}" if numbers else "",
        textfont={"size": 12.5},
        **_HOVER,
    )
    names = {row + 0.5: label for row, label in enumerate(ITEMS)}
    _name_rows(fig, look, axis, (len(ITEMS), 0), names)


def draw_domain(
    fig: Sketch, look: Look, axis: str, domain: DomainCourse, name: str
) -> dict[str, object]:
    """Draw one domain's scores into a small panel, and return its name for the right end."""
    groups = (
        (domain.before, look.bg, look.before),
        (domain.after & ~domain.before, look.after, look.after),
        (~domain.before & ~domain.after, look.bg, look.dim),
    )
    endpoint = domain.endpoint
    for chosen, fill, edge in groups:
        if chosen.any():
            month, value = domain.month[chosen], domain.value[chosen]
            fig.add_scatter(
                x=month,
                y=np.clip(value, endpoint.low, endpoint.high),
                yaxis=axis,
                mode="markers",
                marker={
                    "symbol": endpoint.marker,
                    "size": 7,
                    "color": fill,
                    "line": {"color": edge, "width": 1.4},
                },
                customdata=[
                    [
                        "",
                        f"{escape(name)} · {endpoint.label} {plain(float(v), endpoint.decimals)} "
                        f"of {endpoint.high:g}<br>{signed(float(m), 1)} months",
                    ]
                    for m, v in zip(month, value, strict=True)
                ],
                **_HOVER,
            )
    room = 0.08 * endpoint.high
    fig.update_layout(
        {
            "yaxis" + axis[1:]: {
                "range": [endpoint.low - room, endpoint.high + room],
                "tickvals": [endpoint.low, endpoint.high],
                "showgrid": True,
                "fixedrange": True,
            }
        }
    )
    place = {"yref": axis, "yanchor": "middle", "xshift": 10}
    font = {"size": 12.5, "color": look.ink2}
    return annotation(
        endpoint.label, 1, (endpoint.low + endpoint.high) / 2, look, **place, font=font
    )
