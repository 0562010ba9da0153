"""Figures of a presentation as files for a journal or a poster, drawn without a browser."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import Final

from report.charts.parts import with_frame
from report.exhibits.chart import Chart
from report.look import LIGHT
from report.presentation.contents import Contents, Progress
from report.scene.from_figure import scene_of
from report.scene.paper import Kind, scene_bytes

PIXEL_SIZE: Final = 13
"""Height of most letters in a figure, in its own pixels."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A size of paper.

    Parameters
    ----------
    label
        What it is called.
    width_mm
        Of the figure.
    layout
        Width in pixels at which it is laid out; a figure that needs more takes more.
    """

    label: str
    width_mm: float
    layout: int


PRESETS: Final[dict[str, Preset]] = {
    "single": Preset("single column, 85 mm", 85, 460),
    "double": Preset("double column, 180 mm", 180, 900),
    "slide": Preset("slide, 300 mm", 300, 900),
}


def figure_bytes(
    chart: Chart,
    contents: Contents,
    kind: Kind,
    preset: Preset,
    *,
    dpi: int = 300,
    grey: bool = False,
    framed: bool = True,
) -> bytes:
    """Return one figure as a file.

    Parameters
    ----------
    chart
        What is drawn.
    contents
        The presentation: what patients are called, and whether the data are simulated.
    kind
        ``"png"``, ``"svg"`` or ``"pdf"``.
    preset
        Size.
    dpi
        Dots an inch of a PNG.
    grey
        Whether in greys.
    framed
        Whether title, subtitle and footer stand around it.
    """
    width = layout_width(chart, preset)
    figure = chart.build(LIGHT, contents.names)
    if framed:
        simulated = contents.trial.simulated
        figure = with_frame(figure, chart.frame, LIGHT, width=width, simulated=simulated)
    return scene_bytes(scene_of(figure, width), kind, width_mm=preset.width_mm, dpi=dpi, grey=grey)


def layout_width(chart: Chart, preset: Preset) -> int:
    """Return the width in pixels at which a figure is laid out."""
    return max(min(preset.layout, chart.print_width), chart.min_width)


def smallest_type(chart: Chart, preset: Preset) -> float:
    """Return the height of most letters on paper, in points."""
    return PIXEL_SIZE * preset.width_mm / 25.4 * 72 / layout_width(chart, preset)


def figures_zip(
    contents: Contents,
    kind: Kind,
    preset: Preset,
    *,
    dpi: int = 300,
    grey: bool = False,
    progress: Progress | None = None,
) -> bytes:
    """Return all figures of a presentation in one archive; the parameters are as above."""
    parts = [part for part in contents.shown if isinstance(part.exhibit, Chart)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for at, part in enumerate(parts, start=1):
            if progress is not None:
                progress((at - 1) / len(parts))
            assert isinstance(part.exhibit, Chart)
            found = figure_bytes(part.exhibit, contents, kind, preset, dpi=dpi, grey=grey)
            # One date for all, so that the same figures are the same file.
            entry = zipfile.ZipInfo(f"{at:02d}-{part.item.spot.key}.{kind}", (2020, 1, 1, 0, 0, 0))
            archive.writestr(entry, found)
    return buffer.getvalue()
