"""From bytes to text cells: the formats, and nothing about what the cells mean."""

from __future__ import annotations

import csv
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from data.findings import Finding
from data.values import clean

MAX_FILE_BYTES: Final = 50 * 1024 * 1024
MAX_EXPANDED_BYTES: Final = 200 * 1024 * 1024
MAX_ROWS: Final = 300_000
MAX_COLUMNS: Final = 2_000
_DELIMITERS: Final = (",", ";", "\t", "|")
_MAX_FIELD: Final = 1_000_000
_LITERAL: Final = re.compile(r'"[^"]*"|\\.')
_DAMAGE: Final = (
    InvalidFileException,
    ParseError,
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What the workbook library raises for damaged, encrypted or hostile contents."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """The bytes of one file and the name that the user gave it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Grid:
    """One table as text: a header and its rows, each with its row number in the file."""

    file: str
    sheet: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_numbers: tuple[int, ...]
    hidden: bool = False

    def column(self, position: int) -> list[str]:
        """Return the cleaned texts of one column."""
        cleaned = {row[position]: "" for row in self.rows}
        for text in cleaned:
            cleaned[text] = clean(text)
        return [cleaned[row[position]] for row in self.rows]


class RefusedFile(Exception):
    """A file that cannot be read at all; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence())
        self.finding = finding


def read_grids(file: UploadedFile) -> list[Grid]:
    """Return every non-empty table of one file.

    Raises
    ------
    RefusedFile
        If the file is empty, too large, damaged, encrypted, or not a table in a known format.
    """
    content = file.content
    if not content.strip():
        raise _refuse(file, "EMPTY", "The file is empty.", "Choose the file that holds the visits.")
    if len(content) > MAX_FILE_BYTES:
        raise _refuse(
            file,
            "TOO_LARGE_UNCOMPRESSED",
            f"The file has {len(content) / 1e6:,.0f} MB; at most 50 MB can be read.",
            "Leave out the sheets and columns that are not about visits.",
        )
    if content.startswith(b"PK"):
        grids = _read_workbook(file)
    elif content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refuse(
            file,
            "UNSUPPORTED_FORMAT",
            "This is an old Excel file, or a workbook protected by a password.",
            "Open it in a spreadsheet, remove the password, and save it as .xlsx or .csv.",
        )
    elif content.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff")):
        raise _refuse(
            file,
            "NOT_A_SPREADSHEET",
            "This is a document or a picture, not a table.",
            "Export the visits from their source as .csv or .xlsx.",
        )
    else:
        grids = [_read_text(file)]
    grids = [grid for grid in grids if grid.header]
    if not grids:
        raise _refuse(file, "EMPTY", "No sheet has any cell.", "Choose the file with the visits.")
    return grids


def _refuse(file: UploadedFile, code: str, text: str, next_step: str) -> RefusedFile:
    return RefusedFile(Finding(code, "error", text, next_step, file=file.name))


def _read_text(file: UploadedFile) -> Grid:
    text = _decode(file)
    csv.field_size_limit(_MAX_FIELD)
    rows: list[list[str]] = []
    good_lines = 0
    try:
        delimiter = _delimiter(text.splitlines())
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        for row in reader:
            rows.append(row)
            good_lines = reader.line_num
    except csv.Error as problem:
        finding = Finding(
            "UNPARSEABLE",
            "error",
            f"The text is not a regular table from row {good_lines + 1} on ({problem}).",
            "Look for a quotation mark that is opened and not closed there.",
            file.name,
            row=good_lines + 1,
        )
        raise RefusedFile(finding) from None
    swallowed = _first_swallowed(rows, delimiter)
    if swallowed is not None:
        raise _refuse(
            file,
            "UNPARSEABLE",
            f"A quotation mark that opens in row {swallowed} runs over several rows of the table.",
            "Close it or delete it in that row.",
        )
    return _grid(file, "", rows)


def _first_swallowed(rows: list[list[str]], delimiter: str) -> int | None:
    """Return the row in which a cell holds whole rows: a quotation mark was not closed there."""
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, start=1):
        for cell in row:
            inside = cell.splitlines()[1:]
            if width > 1 and any(line.count(delimiter) >= width - 1 for line in inside):
                return number
    return None


def _decode(file: UploadedFile) -> str:
    content = file.content
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _refuse(
        file,
        "NOT_TEXT",
        "The file is neither a workbook nor readable text.",
        "Save it as .xlsx, or as .csv in the encoding UTF-8.",
    )


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter that cuts the first lines into the most columns, alike in each."""
    sample = [line for line in lines if line.strip()][:50] or [""]

    def score(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(sample, delimiter=delimiter)]
        common = max(set(widths), key=widths.count)
        return (widths.count(common) if common > 1 else 0, common)

    return max(_DELIMITERS, key=score)


def _read_workbook(file: UploadedFile) -> list[Grid]:
    damaged = _refuse(
        file,
        "CORRUPT",
        "The workbook is damaged or incomplete.",
        "Open it in a spreadsheet and save it again as .xlsx or .csv.",
    )
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, EOFError):
        raise damaged from None
    if sum(member.file_size for member in members) > MAX_EXPANDED_BYTES:
        raise _refuse(
            file,
            "TOO_LARGE_UNCOMPRESSED",
            "Unpacked, the workbook is larger than 200 MB.",
            "Leave out the sheets and columns that are not about visits.",
        )
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise _refuse(
            file,
            "UNSUPPORTED_FORMAT",
            "This archive is not an Excel workbook.",
            "Save the table as .xlsx or .csv.",
        )
    try:
        workbook = _open(file)
        formulas = _open(file, values=False) if _has_formulas(file) else None
    except _DAMAGE:
        raise damaged from None
    try:
        return [
            _grid(
                file,
                sheet.title,
                _sheet_rows(file, sheet, formulas[sheet.title] if formulas is not None else None),
                hidden=sheet.sheet_state != "visible",
            )
            for sheet in workbook.worksheets
        ]
    except _DAMAGE:
        raise damaged from None
    finally:
        workbook.close()
        if formulas is not None:
            formulas.close()


def _open(file: UploadedFile, *, values: bool = True) -> Any:
    content = io.BytesIO(file.content)
    return openpyxl.load_workbook(content, read_only=True, data_only=values, keep_links=False)


def _has_formulas(file: UploadedFile) -> bool:
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(b"<f" in archive.read(name) for name in sheets if name.endswith(".xml"))


def _sheet_rows(file: UploadedFile, sheet: Any, formulas: Any | None) -> list[list[str]]:
    """Return the cells as text; a formula that was never computed stands as it is written."""
    sheet.reset_dimensions()
    if formulas is not None:
        formulas.reset_dimensions()
    written = formulas.iter_rows() if formulas is not None else itertools.repeat(())
    rows = []
    for number, (row, as_written) in enumerate(zip(sheet.iter_rows(), written, strict=False), 1):
        if number > MAX_ROWS or len(row) > MAX_COLUMNS:
            raise _refuse(
                file,
                "TOO_LARGE_DIMENSIONS",
                f"A sheet has more than {MAX_ROWS:,} rows or {MAX_COLUMNS:,} columns.",
                "Copy the filled cells into a new workbook.",
            )
        texts = [_cell_text(cell) for cell in row]
        for at, cell in enumerate(as_written[: len(texts)]):
            if not texts[at] and cell.data_type == "f":
                texts[at] = str(cell.value)
        rows.append(texts)
    return rows


def _cell_text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time | bool):
        return str(value)
    if isinstance(value, int | float):
        if "%" in _LITERAL.sub("", cell.number_format or ""):
            return f"{round(value * 100, 10)!r}%"
        return str(int(value)) if float(value).is_integer() else repr(value)
    return str(value)


def _grid(file: UploadedFile, sheet: str, rows: list[list[str]], *, hidden: bool = False) -> Grid:
    numbered = [(i, row) for i, row in enumerate(rows, start=1) if any(clean(c) for c in row)]
    if not numbered:
        return Grid(file.name, sheet, (), (), ())
    width = max(len(row) for _, row in numbered)
    if width > MAX_COLUMNS:
        raise _refuse(
            file,
            "TOO_MANY_COLUMNS",
            f"The table has {width:,} columns; at most {MAX_COLUMNS:,} can be read.",
            "Keep the columns about patients and visits.",
        )
    header = tuple(clean(text) for text in _padded(numbered[0][1], width))
    body = numbered[1:]
    return Grid(
        file=file.name,
        sheet=sheet,
        header=header,
        rows=tuple(tuple(row) for row in _all_padded(body, width)),
        row_numbers=tuple(number for number, _ in body),
        hidden=hidden,
    )


def _padded(row: list[str], width: int) -> list[str]:
    return row + [""] * (width - len(row))


def _all_padded(body: list[tuple[int, list[str]]], width: int) -> Iterator[list[str]]:
    return (_padded(row, width) for _, row in body)
