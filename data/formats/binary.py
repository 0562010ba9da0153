"""Binary workbooks of Excel, .xls and .xlsb, by calamine.

The library ends the whole process on some damaged files (it asks for memory that there is not),
so this module belongs in the child process.
"""

from __future__ import annotations

import io
from typing import Final

import python_calamine
from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from data.files import UploadedFile
from data.formats.cells import SheetBuilder, value_text
from data.formats.refusals import MAX_SHEETS, damaged, encrypted, too_large_dimensions
from data.formats.workbook import no_worksheet
from data.table import Sheet

_CALAMINE_DAMAGE: Final = (
    python_calamine.CalamineError,
    python_calamine.XmlError,
    python_calamine.ZipError,
    OSError,
    ValueError,
    OverflowError,
)


def read_calamine(file: UploadedFile) -> list[Sheet]:
    """Return the worksheets of an .xls or .xlsb workbook.

    Only to be called in a child process: the library ends the process on some hostile files.

    Raises
    ------
    RefusedFile
        If it is damaged, protected by a password or too large.
    """
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(file.content)) as book:
            listed = [s for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
            if len(listed) > MAX_SHEETS:
                raise too_large_dimensions(file, "sheets", MAX_SHEETS)
            if not listed:
                raise no_worksheet(file, macros=bool(book.sheets_metadata))
            return [
                _calamine_sheet(file, book, s.name, hidden=s.visible != SheetVisibleEnum.Visible)
                for s in listed
            ]
    except python_calamine.PasswordError:
        raise encrypted(file) from None
    except _CALAMINE_DAMAGE:
        raise damaged(file) from None


def _calamine_sheet(
    file: UploadedFile, book: CalamineWorkbook, name: str, *, hidden: bool
) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    builder = SheetBuilder(file, name, hidden=hidden)
    first_row, first_column = sheet.start or (0, 0)
    for row, cells in enumerate(sheet.to_python(), start=first_row):
        # A stray cell in the last corner makes 16 million empty ones.
        if cells.count("") == len(cells):
            continue
        for column, value in enumerate(cells, start=first_column):
            text = value_text(value)
            if text and not text.isspace():
                builder.add(row, column, text)
    builder.merge((*start, *end) for start, end in sheet.merged_cell_ranges or ())
    return builder.build()
