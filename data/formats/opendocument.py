"""OpenDocument workbooks (.ods), read by events: per cent cells keep their sign.

Repeated cells and rows are written once in the file; those with text are repeated here, within
the limits, and the many empty ones are only counted.
"""

from __future__ import annotations

import re
import zipfile
from typing import Final

from data.files import UploadedFile
from data.formats.cells import SheetBuilder, number_text, percent_text
from data.formats.refusals import MAX_SHEETS, damaged, too_large_dimensions
from data.formats.xml import local, parse_member
from data.table import Sheet

_CONTENT: Final = "content.xml"
_TIME: Final = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
_LAST: Final = 1 << 20


def read_ods(file: UploadedFile, archive: zipfile.ZipFile) -> list[Sheet]:
    """Return the sheets of an OpenDocument workbook.

    Raises
    ------
    RefusedFile
        If it is damaged, too large or defines XML entities.
    """
    parser = _Parser(file)
    parse_member(file, archive, _CONTENT, parser.start, parser.end, parser.text)
    return parser.sheets


class _Parser:
    """Collects the sheets of one document."""

    def __init__(self, file: UploadedFile) -> None:
        self.sheets: list[Sheet] = []
        self._file = file
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._builder: SheetBuilder | None = None
        self._depth = 0
        self._row = self._column = 0
        self._repeat_row = 1
        self._row_cells: list[tuple[int, str]] = []
        self._cell: dict[str, str] = {}
        self._lines: list[str] = []
        self._inside = 0
        self._aside = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Note where an element begins."""
        tag = local(tag)
        if tag in ("table-cell", "covered-table-cell"):
            self._cell = {local(key): value for key, value in attributes.items()}
            self._lines.clear()
        elif tag == "p":
            if not self._aside:
                self._inside += 1
                self._lines.append("")
        elif tag in ("s", "tab", "line-break"):
            count = _count(attributes.get("text:c", "1")) if tag == "s" else 1
            self.text("\n" if tag == "line-break" else " " * min(count, 100))
        elif tag in ("annotation", "shapes"):
            self._aside += 1
        elif tag == "table-row":
            self._repeat_row = self._repeats(attributes, "table:number-rows-repeated")
            self._row_cells = []
            self._column = 0
        elif tag == "table":
            self._start_table(attributes)
        elif tag == "style":
            self._style = attributes.get("style:name", "")
        elif tag == "table-properties" and attributes.get("table:display") == "false":
            self._hidden_styles.add(self._style)

    def text(self, text: str) -> None:
        """Take the letters of a paragraph."""
        if self._inside and not self._aside:
            self._lines[-1] += text

    def end(self, tag: str) -> None:
        """Take what an element held."""
        tag = local(tag)
        if tag in ("table-cell", "covered-table-cell"):
            self._end_cell(covered=tag != "table-cell")
        elif tag == "p":
            self._inside = max(0, self._inside - 1)
        elif tag in ("annotation", "shapes"):
            self._aside -= 1
        elif tag == "table-row":
            self._end_row()
        elif tag == "table":
            self._depth -= 1
            if self._builder is not None and self._depth == 0:
                self.sheets.append(self._builder.build())
                self._builder = None

    def _start_table(self, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > 1:
            return
        if len(self.sheets) >= MAX_SHEETS:
            raise too_large_dimensions(self._file, "sheets", MAX_SHEETS)
        hidden = attributes.get("table:style-name") in self._hidden_styles
        name = attributes.get("table:name", "")
        self._builder = SheetBuilder(self._file, name, hidden=hidden)
        self._row = 0

    def _repeats(self, attributes: dict[str, str], name: str) -> int:
        count = _count(attributes.get(name, "1"))
        if count > _LAST:
            raise damaged(self._file)
        return count

    def _end_cell(self, *, covered: bool) -> None:
        cell = self._cell
        count = self._repeats(cell, "number-columns-repeated")
        text = "" if covered else self._cell_text(cell)
        if text and not text.isspace():
            self._row_cells.extend((self._column + at, text) for at in range(min(count, 20_000)))
        if self._builder is not None and not covered:
            wide = _count(cell.get("number-columns-spanned", "1"))
            high = _count(cell.get("number-rows-spanned", "1"))
            if wide > 1 or high > 1:
                corner = (self._row + high - 1, self._column + wide - 1)
                self._builder.merge([(self._row, self._column, *corner)])
        self._column += count

    def _cell_text(self, cell: dict[str, str]) -> str:
        kind = cell.get("value-type", "")
        stored = cell.get("value", "")
        if kind in ("float", "currency", "percentage") and stored:
            try:
                number = float(stored)
            except ValueError:
                return stored
            return percent_text(number) if kind == "percentage" else number_text(number)
        if kind == "date":
            return cell.get("date-value", "").removesuffix("T00:00:00").replace("T", " ")
        if kind == "boolean":
            return cell.get("boolean-value", "").upper()
        if kind == "time" and (match := _TIME.fullmatch(cell.get("time-value", ""))):
            return ":".join(match.groups())
        text = "\n".join(self._lines) or cell.get("string-value", "")
        formula = cell.get("formula", "")
        if not text and not kind and formula:
            return "=" + formula.partition("=")[2]
        return text

    def _end_row(self) -> None:
        if self._builder is not None and self._row_cells:
            for row in range(self._row, self._row + self._repeat_row):
                for column, text in self._row_cells:
                    self._builder.add(row, column, text)
        self._row += self._repeat_row
        if self._row > _LAST * 4:
            raise damaged(self._file)


def _count(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 9 else 1
