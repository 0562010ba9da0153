"""The template that a site can fill in: one row a visit, with examples and a data dictionary."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Final

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

Cell = str | int | float | date | None


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """One column of the template.

    Parameters
    ----------
    header
        Its name, as the reader recognises it.
    needed
        ``yes``, ``one of these`` or ``no``.
    meaning
        What to fill in, in words, with the unit.
    examples
        Cells of the example rows.
    """

    header: str
    needed: str
    meaning: str
    examples: tuple[Cell, ...]


_ITEMS: Final = (
    ("Q1_Speech", "item 1, speech"),
    ("Q2_Salivation", "item 2, salivation"),
    ("Q3_Swallowing", "item 3, swallowing"),
    ("Q4_Handwriting", "item 4, handwriting"),
    ("Q5a_Cutting_without_Gastrostomy", "item 5a, cutting food, without gastrostomy"),
    ("Q5b_Cutting_with_Gastrostomy", "item 5b, with gastrostomy; fill in 5a or 5b, never both"),
    ("Q6_Dressing_and_Hygiene", "item 6, dressing and hygiene"),
    ("Q7_Turning_in_Bed", "item 7, turning in bed"),
    ("Q8_Walking", "item 8, walking"),
    ("Q9_Climbing_Stairs", "item 9, climbing stairs"),
    ("Q10_Dyspnea", "item 10 (R-1), dyspnoea"),
    ("Q11_Orthopnea", "item 11 (R-2), orthopnoea"),
    ("Q12_Respiratory_Insufficiency", "item 12 (R-3), respiratory insufficiency"),
)
ITEM_HEADERS: Final = tuple(header for header, _ in _ITEMS)
"""Columns of the items; item 5 has two, for people without and with a gastrostomy."""

_SCORES: Final = (
    (4, 3, 4, 3, 3, None, 3, 3, 3, 2, 4, 4, 4),
    (4, 3, 4, 3, 3, None, 2, 3, 3, 2, 4, 4, 4),
    (4, 3, 4, 2, 2, None, 2, 2, 2, 1, 4, 4, 4),
)
_DAYS: Final = (date(2024, 1, 15), date(2024, 4, 15), date(2024, 7, 15))
_DAY0: Final = date(2024, 4, 15)

COLUMNS: Final = (
    TemplateColumn("patient_id", "yes", "Study number of the patient. No names.", ("P01",) * 3),
    TemplateColumn("visit_date", "yes", "Date of the visit, as 2024-01-15.", _DAYS),
    TemplateColumn(
        "transplant_date",
        "yes",
        "Date of the first transplant, the same in every row of the patient.",
        (_DAY0,) * 3,
    ),
    TemplateColumn(
        "transplant_2_date", "no", "Date of a second transplant, if there was one.", (None,) * 3
    ),
    TemplateColumn(
        "ALSFRS_R_total",
        "one of these",
        "Total of the revised ALS Functional Rating Scale, 0 to 48; empty if not assessed.",
        tuple(sum(score or 0 for score in scores) for scores in _SCORES),
    ),
    *(
        TemplateColumn(
            header,
            "no",
            f"ALSFRS-R {words}; 0 to 4.",
            tuple(scores[at] for scores in _SCORES),
        )
        for at, (header, words) in enumerate(_ITEMS)
    ),
    TemplateColumn(
        "FVC_percent", "one of these", "Forced vital capacity, % predicted.", (88.5, 84.0, 80.2)
    ),
    TemplateColumn("FVC_litres", "no", "Forced vital capacity, litres.", (3.42, 3.24, 3.08)),
    TemplateColumn(
        "SVC_percent", "no", "Slow vital capacity, % predicted, if measured.", (None,) * 3
    ),
    TemplateColumn("onset_date", "no", "Date of the first symptom.", (date(2022, 11, 2),) * 3),
    TemplateColumn("onset_site", "no", "bulbar, limb, respiratory …", ("limb",) * 3),
    TemplateColumn("sex", "no", "F or M.", ("F",) * 3),
    TemplateColumn("age", "no", "Age in years at the transplant.", (58,) * 3),
    TemplateColumn(
        "height_cm",
        "no",
        "Standing height in centimetres: needed, with sex and age, for % predicted from litres.",
        (165,) * 3,
    ),
    TemplateColumn("group", "no", "Arm or dose group, where there is more than one.", (None,) * 3),
    TemplateColumn("death_date", "no", "Date of death; never a score of 0.", (None,) * 3),
    TemplateColumn("NIV_date", "no", "Start of non-invasive ventilation.", (None,) * 3),
    TemplateColumn("gastrostomy_date", "no", "Date of the gastrostomy.", (None,) * 3),
)
"""The columns of the template in their order."""


def template_csv() -> bytes:
    """Return the template as CSV: the header and one filled patient, in UTF-8 with a mark."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.header for column in COLUMNS])
    for row in range(len(_DAYS)):
        cells = [column.examples[row] for column in COLUMNS]
        writer.writerow(["" if cell is None else str(cell) for cell in cells])
    return buffer.getvalue().encode("utf-8-sig")


def template_workbook() -> bytes:
    """Return the template as a workbook: a sheet to fill in and a data dictionary."""
    book = Workbook()
    visits = book.active
    assert visits is not None
    visits.title = "visits"
    visits.append([column.header for column in COLUMNS])
    for row in range(len(_DAYS)):
        visits.append([column.examples[row] for column in COLUMNS])
    dictionary = book.create_sheet("data dictionary")
    dictionary.append(["column", "needed", "what to fill in"])
    for column in COLUMNS:
        dictionary.append([column.header, column.needed, column.meaning])
    bold, shade = Font(bold=True), PatternFill("solid", fgColor="E8EEF4")
    for sheet in (visits, dictionary):
        sheet.freeze_panes = "B2"
        for at, cell in enumerate(sheet[1], start=1):
            cell.font, cell.fill = bold, shade
            sheet.column_dimensions[get_column_letter(at)].width = 16
    dictionary.column_dimensions["A"].width = 34
    dictionary.column_dimensions["C"].width = 78
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
