"""Delimited and aligned text: the encoding, the delimiter, the rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final

import numpy as np

from data.files import RefusedFile, UploadedFile, refuse
from data.findings import Finding
from data.formats.encodings import decode
from data.formats.refusals import MAX_FIELD, check_table, field_too_large
from data.table import Sheet, TextColumn

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE_LINES: Final = 200
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?[;,\t|]*\s*', re.IGNORECASE)
_DECIMAL_COMMA: Final = re.compile(r"(?<=\d),(?=\d)")
_GAP: Final = re.compile(r" {2,}")


def read_text(file: UploadedFile) -> Sheet:
    """Return the table of one text file; longer rows keep their cells.

    Raises
    ------
    RefusedFile
        If it is not text, a quotation mark is not closed, or the table is too large.
    """
    text = decode(file)
    if "\x00" in text:
        raise refuse(
            file,
            "NOT_TEXT",
            "The file is neither a workbook nor readable text.",
            "Save it as .xlsx, or as .csv in the encoding UTF-8.",
        )
    first, _, rest = text.partition("\n")
    named = _SEPARATOR_LINE.fullmatch(first.rstrip("\r"))
    if named and rest:
        rows = _rows(file, text, named[1])
        # The line is kept as a blank row, so that row numbers still count as the file does.
        rows[0] = []
        return _sheet(file, rows)
    sample = _sample(text)
    delimiter = _delimiter(sample)
    if delimiter is None:
        unwrapped = _unwrapped(file, text, sample)
        if unwrapped is not None:
            return _sheet(file, unwrapped)
        cuts = _aligned(sample)
        if cuts:
            return _sheet(file, _cut_rows(text, cuts))
    return _sheet(file, _rows(file, text, delimiter or ","))


def _sample(text: str) -> list[str]:
    lines = (line for line in io.StringIO(text[:1_000_000], newline=None) if line.strip())
    return [line.rstrip("\n") for line in islice(lines, _SAMPLE_LINES)]


def _delimiter(sample: list[str]) -> str | None:
    """Return the delimiter that cuts most lines into the same number of columns, if any does.

    Titles above a table and notes below have other widths; they do not count. A comma between
    digits is a decimal comma where another delimiter cuts the lines as well.
    """
    scores: dict[str, tuple[int, int]] = {}
    for delimiter in _DELIMITERS:
        widths = Counter(width for width in _widths(sample, delimiter) if width > 1)
        if widths:
            # Rows that lack their last empty cells still speak for the delimiter, at half weight.
            common, count = max(widths.items(), key=lambda item: (item[1], item[0]))
            scores[delimiter] = (2 * count + (widths.total() - count), common)
    if any(_has_decimal_commas(sample, d) for d in scores if scores[d][0] >= len(sample)):
        scores.pop(",", None)
    if not scores:
        return None
    best = max(scores, key=lambda delimiter: scores[delimiter])
    # A comma in a sentence here and there makes no table out of aligned text.
    return best if scores[best][0] >= min(len(sample), 2 * _SAMPLE_LINES) * 0.5 else None


def _has_decimal_commas(sample: list[str], delimiter: str) -> bool:
    """Whether the commas in the lines that another delimiter cuts stand between digits."""
    lines = [line for line in sample if delimiter in line]
    commas = sum(line.count(",") for line in lines)
    decimals = sum(len(_DECIMAL_COMMA.findall(line)) for line in lines)
    return delimiter != "," and commas > 0 and decimals >= 0.8 * commas


def _widths(sample: list[str], delimiter: str) -> list[int]:
    try:
        return [len(row) for row in csv.reader(sample, delimiter=delimiter)]
    except csv.Error:
        return [line.count(delimiter) + 1 for line in sample]


def _rows(file: UploadedFile, text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(MAX_FIELD)
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows.extend(reader)
    except csv.Error as problem:
        raise _unparseable(file, text, delimiter, str(problem)) from None
    if reader.line_num > len(rows):
        swallowed = _first_swallowed(rows, delimiter)
        if swallowed is not None:
            raise refuse(
                file,
                "UNPARSEABLE",
                f"A quotation mark that opens in row {swallowed} runs over several rows of the "
                "table.",
                "Close it or delete it in that row.",
            )
    return rows


def _unparseable(file: UploadedFile, text: str, delimiter: str, problem: str) -> RefusedFile:
    """Return the refusal of an irregular table, with the row where it begins."""
    if "field larger" in problem:
        return field_too_large(file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    good_lines = 0
    try:
        for _ in reader:
            good_lines = reader.line_num
    except csv.Error:
        pass
    return RefusedFile(
        Finding(
            "UNPARSEABLE",
            "error",
            f"The text is not a regular table from row {good_lines + 1} on ({problem}).",
            "Look for a quotation mark that is opened and not closed there.",
            file.name,
            row=good_lines + 1,
        )
    )


def _first_swallowed(rows: list[list[str]], delimiter: str) -> int | None:
    """Return the row in which a cell holds whole rows: a quotation mark was not closed there."""
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    width = max(width, len(rows[0]) if rows else 0)
    if width < 2:
        return None
    for number, row in enumerate(rows, start=1):
        for cell in row:
            if "\n" not in cell and "\r" not in cell:
                continue
            if any(line.count(delimiter) >= width - 1 for line in cell.splitlines()[1:]):
                return number
    return None


def _unwrapped(file: UploadedFile, text: str, sample: list[str]) -> list[list[str]] | None:
    """Return the rows of a table whose every line stands in quotation marks as a whole."""
    if not all(line.strip().startswith('"') and line.strip().endswith('"') for line in sample):
        return None
    lines = [row[0] if row else "" for row in _rows(file, text, "\t")]
    delimiter = _delimiter([line for line in lines[:_SAMPLE_LINES] if line.strip()])
    return None if delimiter is None else _rows(file, "\n".join(lines), delimiter)


def _aligned(sample: list[str]) -> list[int]:
    """Return where the columns of aligned text begin, or nothing.

    Only lines with gaps count, so that a title above the table does not close the gaps. A gap is
    two spaces or more at one place in all of them.
    """
    lines = [line.expandtabs() for line in sample if len(_GAP.split(line.strip())) > 1]
    if len(lines) < 2 or 2 * len(lines) < len(sample):
        return []
    width = max(map(len, lines))
    blank = np.ones(width, dtype=np.bool_)
    for line in lines:
        filled = np.fromiter((letter != " " for letter in line), dtype=np.bool_, count=len(line))
        blank[: len(line)] &= ~filled
    # Wide values may leave one space between columns; one that is free in every line is a gap.
    starts = [at for at in range(1, width) if blank[at - 1] and not blank[at]]
    return starts if starts else []


def _cut_rows(text: str, cuts: list[int]) -> list[list[str]]:
    rows = []
    bounds = [0, *cuts]
    for line in io.StringIO(text, newline=None):
        line = line.rstrip("\n").expandtabs()
        fits = all(at > len(line) or line[at - 1] == " " for at in cuts)
        if not fits or not _GAP.search(line.strip()):
            rows.append([line.strip()])
            continue
        ends = [*cuts, len(line)]
        rows.append([line[a:b].strip() for a, b in zip(bounds, ends, strict=True)])
    return rows


def _is_filled(row: list[str]) -> bool:
    # The first cell nearly always settles it; this is asked of millions of rows.
    return bool(row[0] and not row[0].isspace()) or any(c and not c.isspace() for c in row)


def _sheet(file: UploadedFile, rows: list[list[str]]) -> Sheet:
    """Make the sheet; all columns at once where the rows have one length, for speed."""
    filled = [at for at, row in enumerate(rows) if row and _is_filled(row)]
    kept = rows if len(filled) == len(rows) else [rows[at] for at in filled]
    width = max(map(len, kept), default=0)
    check_table(file, len(kept), width)
    if set(map(len, kept)) - {width}:
        kept = [row if len(row) == width else row + [""] * (width - len(row)) for row in kept]
    cells: Iterable[tuple[str, ...]] = zip(*kept, strict=True)
    columns = tuple(TextColumn.of(column) for column in cells)
    return Sheet(file.name, "", columns, np.asarray(filled, dtype=np.int64) + 1)
