"""The presentation as a PowerPoint file, 16:9, with native charts."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import pandas as pd
from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Pt

from report.exhibits.chart import Chart, Sentences, Table
from report.look import LIGHT
from report.presentation.contents import Contents, Part
from report.scene.from_figure import scene_of
from report.scene.model import Fill, Run, Scene
from report.scene.paper import scene_bytes
from report.slides.native_chart import add_scene, fits, largest_scale
from report.slides.parts import Place, emu, paint, plain_frame, printable, write

WIDE: Final = 13.333
HIGH: Final = 7.5
"""Inches of a slide."""

_LEFT: Final = 0.5
_BODY: Final = 1.42
_FOOT: Final = 7.08
_LARGEST_TYPE: Final = 17.0
"""Points that 13 px of a figure have at most, so that small figures are not blown up."""
_MOST_ROWS: Final = 16
_MOST_LINES: Final = 16.0
_LINE: Final = 0.3

Progress = Callable[[float], object]


def deck_bytes(contents: Contents, progress: Progress | None = None) -> bytes:
    """Return the presentation as a file.

    Parameters
    ----------
    contents
        What it holds.
    progress
        Called with the share that is done.
    """
    deck = Presentation()
    deck.slide_width, deck.slide_height = emu(WIDE), emu(HIGH)
    about = deck.core_properties
    about.title, about.author, about.subject = printable(contents.title), "ALSlope", ""
    about.comments = printable(contents.footer)
    maker = _Maker(deck, contents)
    maker.title()
    maker.flow()
    parts = contents.shown
    for done, part in enumerate(parts):
        if progress is not None:
            progress(done / max(1, len(parts)))
        maker.part(part)
    chosen = {part.item.spot.kind for part in parts}
    for kind, title, lines in (
        ("results", "Results", contents.results),
        ("methods", "Methods", (contents.methods,)),
        ("", "Limitations", contents.limitations),
        ("", "Sources", contents.sources),
    ):
        if kind not in chosen:
            maker.sentences(title, lines)
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


class _Maker:
    """Adds slides to one deck."""

    def __init__(self, deck: Any, contents: Contents) -> None:
        self.deck, self.contents = deck, contents

    def title(self) -> None:
        """Add the title slide."""
        slide = self._blank()
        self._text(slide, (_LEFT, 2.2, WIDE - 1, 1.2), self.contents.title, 36, bold=True)
        n = len(self.contents.trial.patient_ids)
        text = f"{n:,} patients around the transplant"
        self._text(slide, (_LEFT, 3.5, WIDE - 1, 0.5), text, 20, color=LIGHT.ink2)
        self._footer(slide, self.contents.footer)

    def flow(self) -> None:
        """Add who is in the analysis, and who is not."""
        slide = self._page("Who is analysed")
        self._table(slide, self.contents.flow, _BODY)
        text = self.contents.trial.title
        self._notes(slide, f"{text}. Steps follow each other; n is what remains after each.")

    def part(self, part: Part) -> None:
        """Add the slides of one item."""
        exhibit, names = part.exhibit, self.contents.names
        if isinstance(exhibit, Chart):
            self._chart(part, exhibit)
        elif isinstance(exhibit, Table):
            cells = exhibit.cells(names)
            pages = max(1, math.ceil(len(cells) / _MOST_ROWS))
            for page in range(pages):
                rows = cells.iloc[page * _MOST_ROWS : (page + 1) * _MOST_ROWS]
                of = f" ({page + 1} of {pages})" if pages > 1 else ""
                slide = self._page(f"{part.title}{of}", part)
                self._table(slide, rows, _BODY)
                self._notes(slide, exhibit.untreated)
        elif isinstance(exhibit, Sentences):
            self.sentences(part.title, exhibit.lines(names), part)

    def sentences(self, title: str, lines: Sequence[str], part: Part | None = None) -> None:
        """Add paragraphs, on as many slides as they need."""
        pages: list[list[str]] = [[]]
        used = 0.0
        for line in lines:
            high = 1 + len(line) / 105
            if pages[-1] and used + high > _MOST_LINES:
                pages.append([])
                used = 0.0
            pages[-1].append(line)
            used += high
        for k, page in enumerate(pages):
            of = f" ({k + 1} of {len(pages)})" if len(pages) > 1 else ""
            slide = self._page(f"{title}{of}", part)
            size = 16 if sum(len(line) for line in page) < 1100 else 13
            box = slide.shapes.add_textbox(
                emu(_LEFT), emu(_BODY), emu(WIDE - 1), emu(_FOOT - _BODY - 0.1)
            )
            frame = plain_frame(box.text_frame, wrap=True)
            write(frame, [(Run(line, False, LIGHT.ink),) for line in page], size, leading=1.08)
            for paragraph in frame.paragraphs:
                paragraph.space_after = Pt(9)

    def _chart(self, part: Part, chart: Chart) -> None:
        slide = self._page(part.title, part)
        scene = scene_of(chart.build(LIGHT, self.contents.names), chart.print_width)
        top = _BODY + self._legend(slide, part)
        wide, high = WIDE - 2 * _LEFT, _FOOT - top - 0.12
        inch = min(largest_scale(scene, wide, high), _LARGEST_TYPE / 72 / 13)
        left = _LEFT + max(0.0, (wide - scene.width * inch) / 2)
        place = Place(left, top, inch)
        if fits(scene):
            add_scene(slide, scene, place)
        else:
            self._picture(slide, scene, place)
        said = chart.frame.untreated
        words = (part.item.caption, part.legend, chart.said, said, self.contents.methods)
        self._notes(slide, "\n\n".join(text for text in words if text))

    def _picture(self, slide: Any, scene: Scene, place: Place) -> None:
        width_mm = scene.width * place.inch * 25.4
        picture = io.BytesIO(scene_bytes(scene, "png", width_mm=width_mm, dpi=220))
        slide.shapes.add_picture(
            picture, *place.at((0.0, 0.0)), place.length(scene.width), place.length(scene.height)
        )

    def _legend(self, slide: Any, part: Part) -> float:
        """Write caption and legend under the title; return the height that they take."""
        text = " ".join(line for line in (part.item.caption, part.legend) if line)
        if not text:
            return 0.0
        lines = min(3, math.ceil(len(text) / 150))
        kept = text if len(text) <= 450 else f"{text[:449]}…"
        box = (_LEFT, _BODY - 0.1, WIDE - 2 * _LEFT, 0.24 * lines)
        self._text(slide, box, kept, 12, color=LIGHT.ink2)
        return 0.24 * lines

    def _blank(self) -> Any:
        return self.deck.slides.add_slide(self.deck.slide_layouts[6])

    def _page(self, title: str, part: Part | None = None) -> Any:
        """Add a slide with a title and the footer."""
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[5])
        holder = slide.shapes.title
        holder.left, holder.top = emu(_LEFT), emu(0.42)
        holder.width, holder.height = emu(WIDE - 3.2), emu(0.8)
        frame = plain_frame(holder.text_frame, wrap=True)
        frame.vertical_anchor = MSO_ANCHOR.MIDDLE
        size = 26 if len(title) <= 62 else 20 if len(title) <= 120 else 16
        write(frame, [(Run(title, True, LIGHT.ink),)], size)
        if self.contents.trial.simulated:
            box = (WIDE - 2.6, 0.55, 2.1, 0.35)
            self._text(slide, box, "simulated data", 14, color=LIGHT.ink3, right=True)
        changed = part.changed if part is not None else ""
        if changed:
            self._text(
                slide, (WIDE - 3.6, 0.85, 3.1, 0.3), changed, 12, color=LIGHT.amber, right=True
            )
        self._footer(slide, self.contents.footer if part is None else part.footer)
        return slide

    def _footer(self, slide: Any, text: str) -> None:
        self._text(slide, (_LEFT, _FOOT, WIDE - 1, 0.3), text, 10, color=LIGHT.ink3)

    def _text(
        self,
        slide: Any,
        box: tuple[float, float, float, float],
        text: str,
        points: float,
        *,
        bold: bool = False,
        color: str = LIGHT.ink,
        right: bool = False,
    ) -> None:
        shape = slide.shapes.add_textbox(*(emu(side) for side in box))
        frame = plain_frame(shape.text_frame, wrap=True)
        align = PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT
        write(frame, [(Run(text, bold, color),)], points, align)

    def _notes(self, slide: Any, text: str) -> None:
        if text:
            slide.notes_slide.notes_text_frame.text = printable(text)

    def _table(self, slide: Any, cells: pd.DataFrame, top: float) -> None:
        """Add a native table whose columns are as wide as their texts."""
        texts = [[str(name) for name in cells.columns]]
        texts += [[_cell(value) for value in row] for row in cells.itertuples(index=False)]
        widest = [max(4, *(len(row[k]) for row in texts)) for k in range(len(texts[0]))]
        share = [min(width, 46) + 2 for width in widest]
        wide = min(WIDE - 1, 0.115 * sum(share) + 0.2 * len(share))
        high = min(_FOOT - top - 0.1, _LINE * len(texts))
        shape = slide.shapes.add_table(
            len(texts), len(share), emu(_LEFT), emu(top), emu(wide), emu(high)
        )
        shape._element.graphic.graphicData.tbl[0][-1].text = _PLAIN_STYLE
        table = shape.table
        table.horz_banding = False
        points = 13 if sum(share) <= 100 else 10 if sum(share) <= 150 else 8
        for k, part in enumerate(share):
            table.columns[k].width = emu(wide * part / sum(share))
        for i, row in enumerate(texts):
            table.rows[i].height = emu(high / len(texts))
            for k, text in enumerate(row):
                cell = table.cell(i, k)
                cell.margin_left = cell.margin_right = emu(0.06)
                cell.margin_top = cell.margin_bottom = emu(0.02)
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                paint(cell.fill, Fill(LIGHT.surface) if i == 0 else None)
                run = Run(text, i == 0, LIGHT.ink2 if i == 0 else LIGHT.ink)
                write(cell.text_frame, [(run,)], points)


_PLAIN_STYLE: Final = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
"""PowerPoint's table style without lines and shades."""


def _cell(value: object) -> str:
    """Return a value of a table as text."""
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return f"{value:.4g}".replace("-", "−")
    return "" if value is None else str(value)
