"""A small renderer for paper: pages, words and courses, with matplotlib and without its globals.

Bands are flat tints and lines differ in dash and marks in fill, so that a grey copier loses
nothing; the font travels in the file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import font_source_sans_pro
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from analysis.course import Course, Line
from data.endpoints import Endpoint
from report.charts.parts import month_text, value_words
from report.look import LIGHT
from report.patient_words import FVC_GUIDES

WIDTH, HEIGHT = 210.0, 297.0
"""A4 upright, in millimetres."""

MARGIN: Final = 14.0
Segment = tuple[float, float, int, str]
"""Start and end in months, stage from 0 to 4 (−1 where it is not certain), and its label."""

_INCH: Final = 25.4
_POINTS: Final = 72 / _INCH
_MARKERS: Final = {
    "circle": "o",
    "square": "s",
    "pentagon": "p",
    "triangle-up": "^",
    "hexagon": "h",
}
_FILES: Final = {False: "SourceSansPro-Regular.ttf", True: "SourceSansPro-Semibold.ttf"}


@cache
def font(*, bold: bool) -> FontProperties:
    """Return Source Sans in one weight; in text, signs that it lacks come from DejaVu Sans."""
    path = Path(font_source_sans_pro.__file__).parent / "files" / _FILES[bold]
    if bold:
        return FontProperties(fname=path)
    font_manager.fontManager.addfont(path)
    return FontProperties(family=["Source Sans Pro", "DejaVu Sans"])


def font_for(text: str, *, bold: bool) -> FontProperties:
    """Return the face for a text: DejaVu Sans for bold letters that Source Sans lacks."""
    chosen = font(bold=bold)
    if not bold:
        return chosen
    face = font_manager.get_font(str(chosen.get_file()))
    if all(face.get_char_index(ord(letter)) for letter in text):
        return chosen
    return FontProperties(family="DejaVu Sans", weight="bold")


def page() -> Figure:
    """Return an empty A4 page."""
    return Figure(figsize=(WIDTH / _INCH, HEIGHT / _INCH), facecolor=LIGHT.bg)


def write(
    fig: Figure,
    text: str,
    at: tuple[float, float],
    size: float = 8,
    *,
    bold: bool = False,
    colour: str = LIGHT.ink2,
    align: str = "left",
) -> None:
    """Write one line on a page, letter by letter.

    Parameters
    ----------
    fig, text
        The page and the line.
    at
        Millimetres from the left and from the top edge to the baseline.
    size
        In points.
    bold, colour, align
        How it looks.
    """
    x, y = at[0] / WIDTH, 1 - at[1] / HEIGHT
    style: dict[str, Any] = {"fontproperties": font(bold=bold), "fontsize": size, "color": colour}
    fig.text(x, y, text, ha=align, va="baseline", parse_math=False, **style)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how many millimetres a text takes: from a mean width of its letters."""
    mean = 0.50 if bold else 0.475
    return len(text) * size * mean / _POINTS


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Break a text into lines of at most ``width`` millimetres; longer words are cut."""
    lines: list[str] = []
    line = ""
    most = max(1, int(width / text_width("m", size)))
    words = (word[k : k + most] for word in text.split(" ") for k in range(0, len(word) or 1, most))
    for word in words:
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def axes_at(fig: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Return axes in a box: left, top, width and height in millimetres from the upper left."""
    left, top, width, height = box
    return fig.add_axes((left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT))


def flat(tint: str) -> str:
    """Return a colour that looks as ``rgba(…)`` does on white, without transparency."""
    red, green, blue, alpha = (float(v) for v in re.findall(r"[\d.]+", tint))
    mixed = (round(255 - alpha * (255 - v)) for v in (red, green, blue))
    return "#" + "".join(f"{v:02X}" for v in mixed)


def draw_course(
    axes: Axes, endpoint: Endpoint, one: Course, months: tuple[float, float], ticks: Sequence[float]
) -> None:
    """Draw one endpoint of one patient: bands, lines, visits, day 0.

    Parameters
    ----------
    axes
        Where.
    endpoint, one
        What.
    months, ticks
        Range of the time axis and its ticks, without their labels.
    """
    low, high = endpoint.axis
    if one.value.size and np.isfinite(one.value).any():
        high = min(endpoint.high, max(high, float(np.nanmax(one.value)) * 1.02))
    room = 0.02 * (high - low)
    axes.set_xlim(*months)
    axes.set_ylim(low - room, high + room)
    axes.set_yticks([t for t in endpoint.ticks if low <= t <= high])
    axes.set_xticks(list(ticks), [""] * len(ticks))
    axes.grid(visible=True, axis="y", color=LIGHT.grid, linewidth=0.5)
    axes.set_axisbelow(True)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(LIGHT.axis)
        spine.set_linewidth(0.5)
    axes.tick_params(length=0, labelcolor=LIGHT.ink2)
    for label in axes.get_yticklabels():
        label.set_fontproperties(font(bold=False))
        label.set_fontsize(7.5)
    if endpoint.key == "fvc":
        for guide in FVC_GUIDES:
            axes.axhline(guide, color=LIGHT.ink3, linewidth=0.6, linestyle=(0, (2, 2)), zorder=1.1)
    if one.has_day0:
        axes.axvline(0, color=LIGHT.ink, linewidth=0.8, zorder=1.5)
    _band(axes, one.projection, LIGHT.projection_band)
    _band(axes, one.before_line, LIGHT.before_band)
    _band(axes, one.after_line, LIGHT.after_band)
    _line(axes, one.projection, LIGHT.before, 1.2, (0, (1, 1.6)))
    _line(axes, one.before_line, LIGHT.before, 1.5, "solid")
    _line(axes, one.after_line, LIGHT.after, 1.5, "solid")
    groups = (
        (one.before, LIGHT.bg, LIGHT.before),
        (one.after & ~one.before, LIGHT.after, LIGHT.after),
        (~one.before & ~one.after, LIGHT.bg, LIGHT.dim),
    )
    for chosen, fill, edge in groups:
        axes.plot(
            one.month[chosen],
            np.clip(one.value[chosen], low, high),
            linestyle="none",
            marker=_MARKERS[endpoint.marker],
            markersize=4.2,
            markerfacecolor=fill,
            markeredgecolor=edge,
            markeredgewidth=0.9,
            clip_on=False,
            zorder=4,
        )


def panel_words(endpoint: Endpoint) -> tuple[str, str]:
    """Return the two parts of a panel's title: the endpoint, and what its values are."""
    derived = f" · {endpoint.equation}" if endpoint.equation else ""
    return endpoint.label, f"{value_words(endpoint)}{derived}"


def _band(axes: Axes, line: Line | None, tint: str) -> None:
    if line is not None and np.isfinite(line.low).all():
        axes.fill_between(
            line.month, line.low, line.high, color=flat(tint), linewidth=0, zorder=1.2
        )


def _line(axes: Axes, line: Line | None, colour: str, width: float, dash: Any) -> None:
    if line is not None:
        axes.plot(line.month, line.value, color=colour, linewidth=width, linestyle=dash, zorder=3)


def draw_ribbon(axes: Axes, segments: Sequence[Segment], months: tuple[float, float]) -> None:
    """Draw the stages of one system over time."""
    axes.set_xlim(*months)
    axes.set_ylim(0, 1)
    axes.axis("off")
    for start, end, stage, label in segments:
        tone, ink = (
            (LIGHT.bg, LIGHT.ink3) if stage < 0 else (LIGHT.stage[stage], LIGHT.stage_text[stage])
        )
        axes.fill_between([start, end], 0, 1, color=tone, linewidth=0)
        axes.plot([end, end], [0, 1], color=LIGHT.bg, linewidth=0.8)
        axes.text(
            (start + end) / 2,
            0.46,
            label,
            ha="center",
            va="center",
            color=ink,
            fontproperties=font(bold=False),
            fontsize=7,
            parse_math=False,
            clip_on=True,
        )


def write_months(
    fig: Figure,
    ticks: Sequence[float],
    months: tuple[float, float],
    box: tuple[float, float, float],
) -> None:
    """Write the labels of a time axis: left, width and baseline of the row in millimetres."""
    left, width, top = box
    for tick in ticks:
        x = left + width * (tick - months[0]) / (months[1] - months[0])
        write(fig, month_text(tick), (x, top), 7.5, align="center")


def pdf_bytes(fig: Figure, title: str, day: date) -> bytes:
    """Return a page as PDF; the same page on the same day gives the same bytes."""
    buffer = io.BytesIO()
    made = datetime(day.year, day.month, day.day)
    about = {"Title": title, "Creator": "ALSlope", "Producer": "ALSlope", "CreationDate": made}
    fig.savefig(buffer, format="pdf", metadata=about)
    return buffer.getvalue()
