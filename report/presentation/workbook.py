"""The presentation as a workbook: a sheet for each exhibit, and one that says what it is."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from report.exhibits.chart import Chart, Exhibit, Sentences, Table
from report.presentation.contents import Contents
from report.presentation.html_file import settings_table
from report.tables import cell_text

_LONGEST_NAME: Final = 31
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
_WIDEST: Final = 60
_HEAD: Final = PatternFill("solid", start_color="FFF5F7F8")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def workbook_bytes(contents: Contents) -> bytes:
    """Return the presentation as a workbook without formulas.

    Parameters
    ----------
    contents
        What it holds.
    """
    book = Workbook()
    book.remove(book.active)
    book.properties.creator = "ALSlope"
    book.properties.title = _clean(contents.title)
    _read_me(book, contents)
    _sheet(book, "Who is analysed", contents.flow, "Who is analysed", contents.footer)
    for part in contents.shown:
        cells = _cells(part.exhibit, contents)
        notes = [part.item.caption, part.legend, part.changed]
        if isinstance(part.exhibit, Chart):
            notes.append(part.exhibit.frame.untreated)
        elif isinstance(part.exhibit, Table):
            notes.append(part.exhibit.untreated)
        footer = " · ".join(note for note in (*notes, part.footer) if note)
        _sheet(book, part.item.spot.key, cells, part.title, footer)
    _sheet(book, "Settings", settings_table(contents), "Settings", contents.footer)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _read_me(book: Any, contents: Contents) -> None:
    sheet = book.create_sheet("Read me")
    lines = [
        (contents.title, True),
        (contents.footer, False),
        (f"Data, SHA-256: {contents.trial.hash}", False),
        ("", False),
        ("Results", True),
        *((line, False) for line in contents.results),
        ("", False),
        ("Methods", True),
        (contents.methods, False),
        ("", False),
        ("Limitations", True),
        *((line, False) for line in contents.limitations),
        ("", False),
        ("Sources", True),
        *((line, False) for line in contents.sources),
    ]
    for row, (text, bold) in enumerate(lines, start=1):
        cell = sheet.cell(row, 1, _clean(cell_text(text)))
        cell.font = Font(name="Calibri", bold=bold, size=13 if row == 1 else 11)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width = 110


def _cells(exhibit: Exhibit | None, contents: Contents) -> pd.DataFrame:
    if isinstance(exhibit, Chart):
        return exhibit.numbers(contents.names)
    if isinstance(exhibit, Table):
        return exhibit.cells(contents.names)
    if isinstance(exhibit, Sentences):
        return pd.DataFrame({"sentences": list(exhibit.lines(contents.names))})
    return pd.DataFrame()


def _sheet(book: Any, name: str, cells: pd.DataFrame, title: str, footer: str) -> None:
    """Add a sheet: title, table from row 3 on, and the footer below it."""
    sheet = book.create_sheet(_sheet_name(name, book.sheetnames))
    sheet.cell(1, 1, _clean(cell_text(title))).font = Font(name="Calibri", bold=True, size=13)
    for column, head in enumerate(map(str, cells.columns), start=1):
        cell = sheet.cell(3, column, _clean(cell_text(head)))
        cell.font, cell.fill = Font(name="Calibri", bold=True), _HEAD
    widths = [len(str(head)) for head in cells.columns]
    for row, values in enumerate(cells.itertuples(index=False), start=4):
        for column, value in enumerate(values, start=1):
            plain = _value(value)
            cell = sheet.cell(row, column, plain)
            cell.font = Font(name="Calibri")
            cell.alignment = Alignment(vertical="top", wrap_text=isinstance(plain, str))
            shown = len(plain) if isinstance(plain, str) else 10
            widths[column - 1] = max(widths[column - 1], shown)
    for column, width in enumerate(widths, start=1):
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = min(_WIDEST, width + 2)
    if len(cells):
        sheet.freeze_panes = "A4"
    foot = sheet.cell(len(cells) + 5, 1, _clean(cell_text(footer)))
    foot.font = Font(name="Calibri", size=9, color="FF66727D")


def _value(value: Any) -> str | float | int | bool | None:
    """Return a value that is no formula; numbers stay numbers."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool | int | float):
        return value
    if hasattr(value, "item"):
        return _value(value.item())
    return _clean(cell_text(str(value)))


def _clean(text: str) -> str:
    """Return a text without what no workbook can hold."""
    return _CONTROL.sub("", text)[:32_000]


def _sheet_name(name: str, taken: Iterable[str]) -> str:
    short = _FORBIDDEN.sub(" ", name)[:_LONGEST_NAME].strip() or "Sheet"
    known = {one.casefold() for one in taken}
    found, k = short, 2
    while found.casefold() in known:
        found = f"{short[: _LONGEST_NAME - 3]} {k}"
        k += 1
    return found
