"""How a stored value is written as text, and sheets built cell by cell."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final

import numpy as np

from data.files import UploadedFile
from data.formats.refusals import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_FIELD,
    MAX_SHEET_CELLS,
    MAX_SHEET_ROWS,
    field_too_large,
    too_large_dimensions,
    too_many_columns,
)
from data.table import MergedRange, Sheet, TextColumn
from data.values import clean

_LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.')
_BRACKET: Final = re.compile(r"\[(?!hh?\]|mm?\]|ss?\])[^\]]*\]", re.IGNORECASE)
_LAST_SERIAL: Final = 2_958_466
_ROW_BITS: Final = 24
_DAY: Final = timedelta(days=1)


def number_text(value: float) -> str:
    """Write a number without ".0" and without binary noise (0.1 + 0.2 is "0.3")."""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e17:
        return str(int(value))
    return f"{value:.15g}"


def percent_text(value: float) -> str:
    """Write a number as its cell shows it under a per cent format: 0.825 is "82.5%"."""
    return f"{number_text(round(value * 100, 10))}%"


def date_text(value: date | datetime) -> str:
    """Write a date as ISO; the time of day only where there is one."""
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.time() == time():
        return value.date().isoformat()
    return value.strftime("%Y-%m-%d %H:%M")


def value_text(value: object) -> str:
    """Write a value of any type that a table library returns."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, date):
        return date_text(value)
    return str(value)


def is_percent_format(code: str) -> bool:
    """Whether a number format multiplies by 100; a quoted per cent sign does not."""
    return "%" in _LITERAL.sub("", code)


def is_date_format(code: str) -> bool:
    """Whether a number format shows a date or a time."""
    plain = _BRACKET.sub("", _LITERAL.sub("", code.split(";", 1)[0])).casefold()
    return plain not in ("general", "standard") and any(letter in plain for letter in "dmhys")


def serial_text(value: float, *, from_1904: bool) -> str:
    """Write a spreadsheet's day number as a date, or as it is where it is none.

    The calendar from 1900 counts a 29 February 1900 that never was; that day stays a number.
    """
    if not 0 <= value < _LAST_SERIAL or (not from_1904 and int(value) == 60):
        return number_text(value)
    seconds = timedelta(seconds=round(value * 86_400))
    if seconds < _DAY and not from_1904:
        return (datetime.min + seconds).time().isoformat()
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 31 if value < 60 else 30)
    return date_text(first + seconds)


class SheetBuilder:
    """Collects the filled cells of one workbook sheet, wherever they stand.

    Only filled cells take room, so a stray cell in the last corner of a sheet costs one row and
    one column.
    """

    def __init__(self, file: UploadedFile, name: str, *, hidden: bool) -> None:
        self._file = file
        self._name = name
        self._hidden = hidden
        self._places: dict[int, array[int]] = {}
        self._codes: dict[int, dict[str, int]] = {}
        self._merged: list[MergedRange] = []
        self._cells = 0

    def add(self, row: int, column: int, text: str) -> None:
        """Put a text that is not blank into a cell; rows and columns count from 0.

        Raises
        ------
        RefusedFile
            If the sheet grows too large.
        """
        codes = self._codes.get(column)
        if codes is None:
            if len(self._codes) >= MAX_COLUMNS:
                # How many more there are is not worth reading the rest of a hostile file.
                raise too_many_columns(self._file, len(self._codes) + 1)
            codes = self._codes[column] = {"": 0}
            self._places[column] = array("q")
        code = codes.get(text)
        if code is None:
            if len(text) > MAX_FIELD:
                raise field_too_large(self._file)
            code = codes[text] = len(codes)
        # Row and code share one number: half the memory of two lists.
        self._places[column].append(code << _ROW_BITS | row)
        self._cells += 1
        if self._cells > MAX_SHEET_CELLS:
            raise too_large_dimensions(self._file, "filled cells", MAX_SHEET_CELLS)

    def merge(self, merged: Iterable[MergedRange]) -> None:
        """Note merged cells, as first row, first column, last row, last column of the sheet."""
        self._merged.extend(merged)

    def build(self) -> Sheet:
        """Return the sheet; rows and columns without any text are left out.

        Raises
        ------
        RefusedFile
            If the sheet has too many rows or cells.
        """
        places = {
            at: np.frombuffer(self._places[at], dtype=np.int64) for at in sorted(self._places)
        }
        mask = (1 << _ROW_BITS) - 1
        rows = np.zeros(0, dtype=np.int64)
        for column in places.values():
            rows = np.union1d(rows, column & mask)
        if len(rows) > MAX_SHEET_ROWS:
            raise too_large_dimensions(self._file, "rows in a sheet", MAX_SHEET_ROWS)
        if len(rows) * len(places) > MAX_CELLS:
            raise too_large_dimensions(self._file, "cells", MAX_CELLS)
        columns = []
        for at, column in places.items():
            codes = np.zeros(len(rows), dtype=np.int64)
            codes[np.searchsorted(rows, column & mask)] = column >> _ROW_BITS
            columns.append(TextColumn(codes, tuple(clean(text) for text in self._codes[at])))
        return Sheet(
            self._file.name,
            self._name,
            tuple(columns),
            rows + 1,
            self._hidden,
            tuple(self._placed(rows.tolist(), list(places))),
        )

    def _placed(self, rows: list[int], columns: list[int]) -> Iterable[MergedRange]:
        """Give merged cells as positions among the rows and columns that are kept."""
        row_at = {row: at for at, row in enumerate(rows)}
        for first_row, first_column, last_row, last_column in self._merged:
            if first_row not in row_at:
                continue
            inside = [at for at, c in enumerate(columns) if first_column <= c <= last_column]
            if inside:
                last = row_at[first_row]
                while last + 1 < len(rows) and rows[last + 1] <= last_row:
                    last += 1
                yield (row_at[first_row], inside[0], last, inside[-1])
