"""Workbooks of Excel, .xlsx and .xlsm, read by events.

They are read here and not by a library, because none gives number formats, merged
cells, formulas and stray far cells together in one pass, and quickly. Macros and links never run.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass
from typing import Final

from data.files import RefusedFile, UploadedFile, refuse
from data.formats.cells import (
    SheetBuilder,
    is_date_format,
    is_percent_format,
    number_text,
    percent_text,
    serial_text,
)
from data.formats.refusals import MAX_SHEETS, damaged, too_large_dimensions
from data.formats.xml import elements, local, parse_member
from data.table import MergedRange, Sheet

_DATE_IDS: Final = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_PERCENT_IDS: Final = frozenset((9, 10))
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE: Final = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")


@dataclass(frozen=True, slots=True)
class _Part:
    """A sheet as the workbook lists it."""

    name: str
    path: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class _Book:
    """What the cells of a workbook refer to."""

    texts: tuple[str, ...]
    styles: tuple[str, ...]
    from_1904: bool


def read_xlsx(file: UploadedFile, archive: zipfile.ZipFile) -> list[Sheet]:
    """Return the worksheets of an .xlsx or .xlsm workbook; charts and macro sheets are left out.

    Raises
    ------
    RefusedFile
        If it is damaged, too large, defines XML entities, or has nothing but macros.
    """
    paths = {name.replace("\\", "/").casefold(): name for name in archive.namelist()}
    main = _main_part(file, archive, paths)
    listed, from_1904, others = _listed_sheets(file, archive, paths, main)
    if not listed:
        raise no_worksheet(file, macros=others or "xl/vbaproject.bin" in paths)
    if len(listed) > MAX_SHEETS:
        raise too_large_dimensions(file, "sheets", MAX_SHEETS)
    folder = posixpath.dirname(main)
    strings = paths.get(f"{folder}/sharedstrings.xml".casefold().lstrip("/"))
    styles = paths.get(f"{folder}/styles.xml".casefold().lstrip("/"))
    book = _Book(
        _shared_texts(file, archive, strings) if strings else (),
        _style_kinds(file, archive, styles) if styles else (),
        from_1904,
    )
    return [_SheetParser(file, book, part).read(archive) for part in listed]


def no_worksheet(file: UploadedFile, *, macros: bool) -> RefusedFile:
    """Return the refusal of a workbook without a sheet of cells."""
    if macros:
        return refuse(
            file,
            "MACROS",
            "The workbook has macros and no sheet of cells; macros are never run.",
            "Save the table with the visits as .xlsx or .csv.",
        )
    return refuse(
        file, "EMPTY", "The workbook has no sheet of cells.", "Choose the file with the visits."
    )


def _main_part(file: UploadedFile, archive: zipfile.ZipFile, paths: dict[str, str]) -> str:
    """Return the name of the workbook part in small letters; the root relations say where."""
    if "_rels/.rels" in paths:
        for tag, attributes in elements(file, archive, paths["_rels/.rels"]):
            if tag == "Relationship" and attributes.get("Type", "").endswith("/officeDocument"):
                target = attributes.get("Target", "").lstrip("/").casefold()
                if target in paths:
                    return target
    if "xl/workbook.xml" in paths:
        return "xl/workbook.xml"
    raise damaged(file)


def _listed_sheets(
    file: UploadedFile, archive: zipfile.ZipFile, paths: dict[str, str], main: str
) -> tuple[list[_Part], bool, bool]:
    """Return the worksheets in their order, the epoch, and whether there are macro sheets."""
    folder, base = posixpath.split(main)
    relations = f"{folder}/_rels/{base}.rels".lstrip("/")
    if relations not in paths:
        raise damaged(file)
    targets: dict[str, tuple[str, str]] = {}
    for tag, attributes in elements(file, archive, paths[relations]):
        if tag == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            path = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}"
            kind = attributes.get("Type", "").rpartition("/")[2]
            targets[attributes.get("Id", "")] = (kind, posixpath.normpath(path).lstrip("/"))
    listed: list[_Part] = []
    from_1904 = macros = False
    for tag, attributes in elements(file, archive, paths[main]):
        if tag == "workbookPr":
            from_1904 = attributes.get("date1904", "0") in ("1", "true")
        if tag == "sheet":
            kind, path = targets.get(attributes.get("id", ""), ("", ""))
            macros = macros or kind.casefold().endswith("macrosheet")
            if kind == "worksheet":
                if path.casefold() not in paths:
                    raise damaged(file)
                hidden = attributes.get("state", "visible") != "visible"
                listed.append(_Part(attributes.get("name", ""), paths[path.casefold()], hidden))
    return listed, from_1904, macros


def _shared_texts(file: UploadedFile, archive: zipfile.ZipFile, name: str) -> tuple[str, ...]:
    """Return the table of shared texts; how they are pronounced is left out."""
    texts: list[str] = []
    pieces: list[str] = []
    inside = phonetic = False

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal inside, phonetic
        tag = local(tag)
        if tag == "si":
            pieces.clear()
        elif tag == "rPh":
            phonetic = True
        inside = tag == "t" and not phonetic

    def end(tag: str) -> None:
        nonlocal inside, phonetic
        tag = local(tag)
        inside = False
        if tag == "si":
            texts.append(_unescaped("".join(pieces)))
        elif tag == "rPh":
            phonetic = False

    def data(text: str) -> None:
        if inside:
            pieces.append(text)

    parse_member(file, archive, name, start, end, data)
    return tuple(texts)


def _unescaped(text: str) -> str:
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _style_kinds(file: UploadedFile, archive: zipfile.ZipFile, name: str) -> tuple[str, ...]:
    """Return for every cell style whether it shows a "date", a "percent" or neither."""
    formats: dict[str, str] = {}
    kinds: list[str] = []
    in_cells = False
    for tag, attributes in elements(file, archive, name):
        if tag == "numFmt":
            formats.setdefault(attributes.get("numFmtId", ""), attributes.get("formatCode", ""))
        elif tag in ("cellXfs", "cellStyles", "cellStyleXfs", "dxfs"):
            in_cells = tag == "cellXfs"
        elif tag == "xf" and in_cells:
            kinds.append(_format_kind(attributes.get("numFmtId", "0"), formats))
    return tuple(kinds)


def _format_kind(number: str, formats: dict[str, str]) -> str:
    code = formats.get(number)
    if code is None:
        known = int(number) if number.isdecimal() else 0
        return "date" if known in _DATE_IDS else "percent" if known in _PERCENT_IDS else ""
    return "percent" if is_percent_format(code) else "date" if is_date_format(code) else ""


class _SheetParser:
    """Reads the cells of one worksheet by events.

    A cell that repeats (type, style and stored value) is written as text once for its column.
    """

    def __init__(self, file: UploadedFile, book: _Book, part: _Part) -> None:
        self._file = file
        self._book = book
        self._part = part
        self._builder = SheetBuilder(file, part.name, hidden=part.hidden)
        self._known: dict[tuple[str, str, str], str] = {}
        self._columns: dict[str, int] = {}
        self._shared: dict[str, str] = {}
        self._merged: list[MergedRange] = []
        self._row = self._column = -1
        self._type = self._style = ""
        self._stored: str | None = None
        self._formula: str | None = None
        self._formula_id = ""
        self._pieces: list[str] = []
        self._inside = self._phonetic = False
        self._prefix = ""

    def read(self, archive: zipfile.ZipFile) -> Sheet:
        parse_member(
            self._file, archive, self._part.path, self._start, self._end, self._pieces_append
        )
        self._builder.merge(self._merged)
        return self._builder.build()

    def _pieces_append(self, text: str) -> None:
        if self._inside:
            self._pieces.append(text)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._prefix:
            tag = tag.removeprefix(self._prefix)
        if tag == "c":
            self._column += 1
            reference = attributes.get("r")
            if reference:
                letters = reference.rstrip("0123456789")
                column = self._columns.get(letters)
                self._column = self._column_of(letters) if column is None else column
            self._type = attributes.get("t", "n")
            self._style = attributes.get("s", "0")
            self._stored = self._formula = None
        elif tag in ("v", "t", "f"):
            self._inside = not self._phonetic
            self._pieces.clear()
            if tag == "f":
                self._formula_id = attributes.get("si", "") if "t" in attributes else ""
        elif tag == "row":
            number = attributes.get("r", "")
            self._row = int(number) - 1 if number.isdecimal() else self._row + 1
            self._column = -1
            if not 0 <= self._row < 1 << 20:
                raise damaged(self._file)
        elif tag == "rPh":
            self._phonetic = True
        elif tag == "mergeCell":
            self._merged.extend(_merged_range(attributes.get("ref", "")))
        elif tag.endswith(":worksheet"):
            self._prefix = tag.removesuffix("worksheet")

    def _end(self, tag: str) -> None:
        if self._prefix:
            tag = tag.removeprefix(self._prefix)
        if tag == "c":
            if self._stored is None and self._formula is None:
                return
            key = (self._type, self._style, self._stored or "")
            text = self._known.get(key)
            if text is None:
                text = self._known[key] = self._text(*key)
            if not text and self._formula is not None and self._type != "str":
                text = self._formula
            if text and not text.isspace():
                self._builder.add(self._row, self._column, text)
        elif tag == "v":
            self._stored = "".join(self._pieces)
            self._inside = False
        elif tag == "t":
            # A rich text has several runs; all of them are the text of the cell.
            self._stored = (self._stored or "") + "".join(self._pieces)
            self._inside = False
        elif tag == "f":
            self._formula = self._as_written("".join(self._pieces))
            self._inside = False
        elif tag == "rPh":
            self._phonetic = False

    def _as_written(self, formula: str) -> str:
        """Return a formula with its equals sign; a shared one is written at its first cell."""
        if formula and self._formula_id:
            self._shared.setdefault(self._formula_id, formula)
        return f"={formula or self._shared.get(self._formula_id, '')}"

    def _column_of(self, letters: str) -> int:
        number = _column_number(letters)
        if number is None:
            raise damaged(self._file)
        self._columns[letters] = number
        return number

    def _text(self, kind: str, style: str, stored: str) -> str:
        """Write a stored value as its cell shows it."""
        if not stored:
            return ""
        if kind == "s":
            try:
                return self._book.texts[int(stored)]
            except (ValueError, IndexError):
                raise damaged(self._file) from None
        if kind in ("str", "inlineStr", "e"):
            return _unescaped(stored)
        if kind == "b":
            return "TRUE" if stored.strip() == "1" else "FALSE"
        if kind == "d":
            return stored.removesuffix("T00:00:00").replace("T", " ")
        return self._number(style, stored)

    def _number(self, style: str, stored: str) -> str:
        at = int(style) if style.isdecimal() else 0
        shown = self._book.styles[at] if at < len(self._book.styles) else ""
        try:
            value = float(stored)
        except ValueError:
            return stored
        if shown == "date":
            return serial_text(value, from_1904=self._book.from_1904)
        return percent_text(value) if shown == "percent" else number_text(value)


def _column_number(letters: str) -> int | None:
    """Return the position of a column from its letters, counted from 0."""
    if not re.fullmatch("[A-Z]{1,3}", letters):
        return None
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _merged_range(reference: str) -> list[MergedRange]:
    first, _, last = reference.partition(":")
    corners = [_REFERENCE.fullmatch(corner) for corner in (first, last)]
    if corners[0] is None or corners[1] is None:
        return []
    columns = [_column_number(corner[1]) or 0 for corner in corners if corner]
    rows = [int(corner[2]) - 1 for corner in corners if corner]
    return [(rows[0], columns[0], rows[1], columns[1])]
