"""The visual language: colour tokens of the three modes and plotly's template for each."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import plotly.graph_objects as go

FONT: Final = '"Source Sans", "Source Sans 3", "Segoe UI", system-ui, sans-serif'


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of one mode, by role.

    ``before`` is slate, ``after`` the one accent, ``untreated`` warm grey (with ``untreated_text``
    for words and ``untreated_fill`` for hollow dots), ``amber`` a warning
    that always comes with a word; ``dim`` is for other patients' lines; ``stage`` are the tones of
    stages 0 to 4, and ``stage_text`` the words on them; ``group`` are the colours of up to six
    groups of patients.
    """

    name: str
    bg: str
    surface: str
    ink: str
    ink2: str
    ink3: str
    axis: str
    grid: str
    before: str
    before_text: str
    after: str
    after_tint: str
    before_band: str
    after_band: str
    projection_band: str
    untreated: str
    untreated_text: str
    untreated_fill: str
    amber: str
    amber_fill: str
    dim: str
    middle_band: str
    stage: tuple[str, str, str, str, str]
    stage_text: tuple[str, str, str, str, str]
    group: tuple[str, str, str, str, str, str]


LIGHT: Final = Look(
    name="light",
    bg="#FFFFFF",
    surface="#F5F7F8",
    ink="#1B242C",
    ink2="#4F5B66",
    ink3="#66727D",
    axis="#9AA5AE",
    grid="#E6EAED",
    before="#75838F",
    before_text="#566370",
    after="#0F5FB3",
    after_tint="#E7F0FA",
    before_band="rgba(117,131,143,0.22)",
    after_band="rgba(15,95,179,0.16)",
    projection_band="rgba(117,131,143,0.13)",
    untreated="#9A8C7C",
    untreated_text="#6E6154",
    untreated_fill="#E6DFD6",
    amber="#B45309",
    amber_fill="#FDF1DF",
    dim="#C3CBD2",
    middle_band="rgba(117,131,143,0.12)",
    stage=("#EDF0F2", "#DCE1E5", "#C3CBD2", "#A3AEB8", "#66727D"),
    stage_text=("#1B242C", "#1B242C", "#1B242C", "#1B242C", "#FFFFFF"),
    group=("#3D3455", "#1E5241", "#6B44A9", "#9F5924", "#1B8D65", "#BB8415"),
)
DARK: Final = Look(
    name="dark",
    bg="#12181E",
    surface="#1A222A",
    ink="#E8ECEF",
    ink2="#B4BEC7",
    ink3="#8F9BA6",
    axis="#5B6873",
    grid="#232D36",
    before="#8796A3",
    before_text="#A6B3BE",
    after="#6FB4FF",
    after_tint="#1B2F45",
    before_band="rgba(135,150,163,0.25)",
    after_band="rgba(111,180,255,0.20)",
    projection_band="rgba(135,150,163,0.15)",
    untreated="#A39583",
    untreated_text="#BFB2A2",
    untreated_fill="#3A352F",
    amber="#F0B35A",
    amber_fill="#33270F",
    dim="#46525D",
    middle_band="rgba(135,150,163,0.16)",
    stage=("#1E2730", "#2A3540", "#394652", "#4D5B68", "#586673"),
    stage_text=("#E8ECEF", "#E8ECEF", "#E8ECEF", "#E8ECEF", "#E8ECEF"),
    group=("#BCC3FF", "#59A9AB", "#9B72DD", "#F99782", "#73F2D9", "#827311"),
)
LOOKS: Final = MappingProxyType({"light": LIGHT, "dark": DARK})


def template(look: Look) -> go.layout.Template:
    """Return plotly's template of one mode."""
    axis = {
        "showgrid": False,
        "zeroline": False,
        "linecolor": look.axis,
        "tickcolor": look.axis,
        "ticks": "",
        "tickfont": {"size": 13, "color": look.ink2},
        "gridcolor": look.grid,
        "gridwidth": 1,
        "fixedrange": False,
        "automargin": False,
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": look.ink2},
            "paper_bgcolor": look.bg,
            "plot_bgcolor": look.bg,
            "colorway": [look.after, look.before, look.untreated],
            "hoverlabel": {
                "bgcolor": look.surface,
                "bordercolor": look.axis,
                "font": {"family": FONT, "size": 13, "color": look.ink},
                "align": "left",
            },
            "hovermode": "closest",
            "showlegend": False,
            "dragmode": "zoom",
            "separators": ".,",
            "xaxis": axis,
            "yaxis": axis,
            "margin": {"l": 56, "r": 24, "t": 62, "b": 46},
        }
    )


def annotation(text: str, x: float, y: float, look: Look, **options: object) -> dict[str, object]:
    """Return one text of a figure; ``options`` override position, size and colour."""
    base: dict[str, object] = {
        "text": text,
        "x": x,
        "y": y,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "showarrow": False,
        "align": "left",
        "font": {"size": 13, "color": look.ink2},
    }
    return base | options


def escape(text: str) -> str:
    """Return text from data so that plotly shows it letter by letter, without markup."""
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(raw, safe)
    return text


def spread(heights: list[float], gap: float) -> list[float]:
    """Push label positions apart until neighbours are at least ``gap`` from each other.

    Parameters
    ----------
    heights
        Wanted positions, in any order.
    gap
        Smallest distance.

    Returns
    -------
    list of float
        Positions in the order given, as close to the wanted ones as pushing allows.
    """
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed = [heights[i] for i in order]
    for _ in range(50):
        moved = False
        for i in range(1, len(placed)):
            lack = gap - (placed[i] - placed[i - 1])
            if lack > 1e-9:
                placed[i - 1] -= lack / 2
                placed[i] += lack / 2
                moved = True
        if not moved:
            break
    result = [0.0] * len(heights)
    for position, i in zip(placed, order, strict=True):
        result[i] = position
    return result
