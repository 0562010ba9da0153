"""The files of a presentation, written into a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.compare import compare
from analysis.details import details
from analysis.settings import Settings
from data.trial import Trial
from report.analysis_file import AnalysisFile
from report.exhibits.chart import Chart
from report.json_export import comparison_json
from report.presentation.basket import default_basket
from report.presentation.contents import Contents, contents_of
from report.presentation.figure_files import PRESETS, figure_bytes
from report.presentation.html_file import html_text, tables_html
from report.presentation.workbook import workbook_bytes
from report.scene.paper import MIME
from report.slides.deck import deck_bytes
from report.whole_files import write_whole


@dataclass(frozen=True, slots=True)
class AskedFiles:
    """What the command asks for.

    Parameters
    ----------
    folder
        Where files are written; it is made if it does not exist.
    each_patient
        Whether a slide for each patient follows.
    figures
        Size of figures that are written too; ``None`` for none.
    grey
        Whether these are in greys.
    """

    folder: Path
    each_patient: bool = False
    figures: str | None = None
    grey: bool = False


def write_report(
    trial: Trial, settings: Settings, saved: AnalysisFile | None, asked: AskedFiles
) -> Iterator[str]:
    """Write the files of a presentation, and yield a line for each.

    Parameters
    ----------
    trial, settings
        The data and the primary analysis.
    saved
        An analysis whose presentation and variants are taken; without one, or without a
        presentation in it, what most talks need.
    asked
        Where, and what else.

    Raises
    ------
    CommandProblem
        If a file cannot be written.
    """
    basket = saved.basket if saved is not None and saved.basket else default_basket(trial, settings)
    variants = () if saved is None else saved.variants
    found = contents_of(trial, settings, basket, variants, every_patient=asked.each_patient)
    for part in found.parts:
        if part.exhibit is None:
            yield f"left out: {part.title} (these data and settings have nothing of this kind)"
        elif part.changed:
            yield f"note: {part.title}: {part.changed}"
    for name, content in _files(found, asked):
        path = asked.folder / name
        write_whole(path, content, makes_folder=True)
        yield f"{path}: {len(content) / 1000:,.0f} kB"


def _files(found: Contents, asked: AskedFiles) -> Iterator[tuple[str, bytes]]:
    yield "presentation.pptx", deck_bytes(found)
    yield "presentation.html", html_text(found).encode()
    yield "presentation.xlsx", workbook_bytes(found)
    yield "tables.html", tables_html(found).encode()
    comparison = compare(found.trial, found.settings)
    plain = comparison_json(comparison, details(found.trial, comparison))
    text = json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False)
    yield "results.json", f"{text}\n".encode()
    if asked.figures is None:
        return
    size = PRESETS[asked.figures]
    charts = [(part, part.exhibit) for part in found.shown if isinstance(part.exhibit, Chart)]
    for at, (part, chart) in enumerate(charts, start=1):
        for kind in MIME:
            name = f"figures/{at:02d}-{part.item.spot.key}.{kind}"
            yield name, figure_bytes(chart, found, kind, size, grey=asked.grey)
