"""Finding the table in a sheet: titles above, stacked headers, a unit row, which way it runs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from data import vocabulary as words
from data.dictionary_sheets import is_dictionary
from data.headers import meaning_of
from data.meaning import Meaning
from data.numbers import read_number
from data.records import MEASURES
from data.table import Sheet, Table, TextColumn
from data.times import visit_month
from data.values import is_missing

_SEARCHED_ROWS: Final = 120
_DEEPEST: Final = 3
_MAX_TURNED: Final = 400
_FEW_ITEMS: Final = 8
_GAIN: Final = 3
"""How much more a stacked header must explain than a single row."""

_UNIT_CELL: Final = re.compile(
    r"[(\[{]?\s*(?:%|l|lit\w*|ml|points?|pts|years?|yrs?|y|cm|m|kg|days?|d|months?|mo|n/?a|text"
    r"|(?:%|percent|pct)\s*(?:of )?(?:pred\w*|norm\w*|soll)?|pred\w*|0\s*[-–]\s*\d+|units?|score"
    r"|[ymdjt.\-/: ]{6,10}|date|iso|int\w*|string|num\w*|einheit|m/f|f/m|category|code|punkte"
    r"|لیتر|درصد|سال|روز|ماه)\s*[)\]}]?",
    re.IGNORECASE,
)
_COUNTED: Final = re.compile(r"n\s*[=:]\s*\d+", re.IGNORECASE)
_NUMERIC: Final = re.compile(r"[+\-]?\d[\d.,/:\- ]*%?")


@dataclass(frozen=True, slots=True)
class _Header:
    first: int
    depth: int
    texts: tuple[str, ...]
    score: int


def tables_of(sheet: Sheet) -> list[Table]:
    """Return the tables of a sheet: one, or several below each other; none if it is blank.

    The header is the row, or the two or three stacked rows, that names most of what ALSlope
    knows; where nothing is known it is the first row that is mostly text and full.
    """
    if not len(sheet) or not sheet.columns or is_dictionary(sheet):
        return []
    if sheet.names is not None:
        named = Table(
            sheet.file,
            sheet.name,
            sheet.names,
            sheet.columns,
            sheet.row_numbers,
            labels=sheet.labels,
            header_row=0,
            hidden=sheet.hidden,
        )
        return [named]
    cuts = [0, *_later_headers(sheet), len(sheet)]
    parts = [_rows(sheet, a, b) for a, b in itertools.pairwise(cuts)]
    return [_one_table(part) for part in parts if len(part)]


def _one_table(sheet: Sheet) -> Table:
    upright = _Search(sheet).table()
    if len(sheet) > _MAX_TURNED or len(sheet.columns) < 2:
        return upright
    whole = _is_whole(upright)
    plain = {words.plain_words(text) for text in upright.header}
    if whole and (Recogniser().names_values(upright.header) or plain & words.VALUE_HEADERS):
        return upright
    turned = _Search(_transposed(sheet)).table()
    repeats = len(set(turned.header)) < 0.8 * len(turned.header)
    if not _is_whole(turned, with_values=True) or (whole and repeats):
        return upright
    return turned


def _is_whole(table: Table, *, with_values: bool = False) -> bool:
    """Whether a header names a patient and something about patients, or values and times."""
    seen = Recogniser()
    found = [m for text in table.header if (m := seen.meaning(text)) is not None]
    values = {m.role for m in found if m.role in MEASURES and m.sure}
    timed = any(m.role in ("visit_date", "time", "visit_label") or m.placed for m in found)
    if with_values:
        return bool(values) and timed and len(table) > 0
    known = {m.role for m in found if m.sure or m.role == "patient"}
    items = sum(m.role == "item" for m in found)
    return "patient" in known and (len(known) >= 2 or items > _FEW_ITEMS)


def _later_headers(sheet: Sheet) -> list[int]:
    """Return rows below the first that start another table: they name a patient column anew."""
    seen = Recogniser()
    rows: set[int] = set()
    for column in sheet.columns:
        named = column.flagged(seen.names_patient)
        rows |= set(np.flatnonzero(named).tolist())
    headers = []
    for at in sorted(rows):
        texts = sheet.row(at)
        filled = [text for text in texts if text]
        known = [m for text in filled if (m := seen.meaning(text)) is not None]
        numbers = sum(bool(_NUMERIC.fullmatch(text)) for text in filled)
        enough = len({m.role for m in known}) >= 2 and len(known) >= 0.6 * len(filled)
        if enough and not numbers:
            headers.append(at)
    first = set(sheet.row(headers[0])) if headers else set()
    later = [at for at in headers[1:] if set(sheet.row(at)) != first]
    later += _repeated_headers(sheet) if not headers else []
    return [_with_title(sheet, at) for at in sorted(later)]


def _repeated_headers(sheet: Sheet) -> list[int]:
    """Return where the header of a sheet of blocks, one a patient, stands again."""
    search = _Search(sheet)
    header = search.best()
    known = [m for text in header.texts if (m := search.recogniser.meaning(text)) is not None]
    if header.depth > 1 or any(m.role == "patient" for m in known) or header.score < 2:
        return []
    texts = header.texts
    alike = np.ones(len(sheet), dtype=np.bool_)
    for column, text in zip(sheet.columns, texts, strict=True):
        alike &= column.flagged(lambda cell, t=text: cell == t)  # type: ignore[misc]
    return [at for at in np.flatnonzero(alike).tolist() if at > header.first]


def _with_title(sheet: Sheet, at: int) -> int:
    """Return the first row of a table whose header is at ``at``: titles belong to it.

    Titles are rows with one cell, or rows of labels with their values, such as "Patient: P02".
    """
    seen = Recogniser()
    while at > 1:
        row = [text for text in sheet.row(at - 1) if text]
        labels = [label for label, _ in paired_cells([row])]
        named = any((m := seen.meaning(label)) is not None and m.sure for label in labels)
        if len(row) > 1 and not named:
            break
        at -= 1
    return at


def _rows(sheet: Sheet, first: int, end: int) -> Sheet:
    """Return some rows of a sheet."""
    if first == 0 and end == len(sheet):
        return sheet
    columns = tuple(TextColumn(c.codes[first:end], c.texts) for c in sheet.columns)
    merged = tuple(
        (r0 - first, c0, r1 - first, c1) for r0, c0, r1, c1 in sheet.merged if first <= r0 < end
    )
    numbers = sheet.row_numbers[first:end]
    return replace(sheet, columns=columns, row_numbers=numbers, merged=merged)


def _transposed(sheet: Sheet) -> Sheet:
    """Exchange rows and columns; row numbers then count the columns of the file."""
    rows = [sheet.row(at) for at in range(len(sheet))]
    turned = [[row[c] for row in rows] for c in range(len(sheet.columns))]
    columns = tuple(
        TextColumn.of(turned[c][r] for c in range(len(turned))) for r in range(len(rows))
    )
    numbers = np.arange(1, len(turned) + 1, dtype=np.int64)
    return Sheet(sheet.file, sheet.name, columns, numbers, sheet.hidden)


class Recogniser:
    """Recognises header texts, each distinct text once."""

    def __init__(self) -> None:
        self._known: dict[str, Meaning | None] = {}

    def meaning(self, text: str) -> Meaning | None:
        """Return what a header text could mean if the values agreed."""
        if text not in self._known:
            plain = not text or len(text) > 120 or _NUMERIC.fullmatch(text) or is_missing(text)
            self._known[text] = None if plain else meaning_of(text, dates=False, numbers=True)
        return self._known[text]

    def names_patient(self, text: str) -> bool:
        """Whether a text is the header of a column of patients."""
        if any(letter.isdigit() for letter in text):
            return False
        meaning = self.meaning(text) if text and len(text) < 60 else None
        named = meaning is not None and meaning.role == "patient"
        return named and words.plain_words(text) not in ("no", "nr", "code")

    def count(self, header: Sequence[str]) -> int:
        """Return how many cells of a header have a meaning."""
        return sum(self.meaning(text) is not None for text in header)

    def names_values(self, header: Sequence[str]) -> bool:
        """Whether a header names a value."""
        return any((m := self.meaning(text)) is not None and m.role in MEASURES for text in header)

    def score(self, header: Sequence[str]) -> int:
        """Return how much of a header is understood: a patient and values weigh most."""
        total, seen = 0, set()
        for text in header:
            meaning = self.meaning(text)
            if meaning is None or (meaning.role, text) in seen:
                continue
            seen.add((meaning.role, text))
            worth = 3 if meaning.role == "patient" else 2 if meaning.role in MEASURES else 1
            total += worth
        return total


class _Search:
    """The search for the header of one sheet."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.rows = [sheet.row(at) for at in range(min(len(sheet), _SEARCHED_ROWS + _DEEPEST))]
        self.recogniser = Recogniser()

    def table(self) -> Table:
        header = self.best()
        first = header.first + header.depth
        units: tuple[str, ...] = ()
        if first < len(self.rows) and self._is_unit_row(header, self.rows[first]):
            units = tuple(self.rows[first])
            first += 1
        body = slice(first, None)
        columns = tuple(TextColumn(c.codes[body], c.texts) for c in self.sheet.columns)
        return Table(
            self.sheet.file,
            self.sheet.name,
            header.texts,
            columns,
            self.sheet.row_numbers[body],
            units,
            header_row=int(self.sheet.row_numbers[header.first]),
            hidden=self.sheet.hidden,
            above=tuple(tuple(row) for row in self.rows[: header.first]),
        )

    def best(self) -> _Header:
        """Return the row, or the stacked rows, that are the header."""
        best: _Header | None = None
        for first, row in enumerate(self.rows[:_SEARCHED_ROWS]):
            filled = sum(bool(text) for text in row)
            if filled < 2 and len(row) > 1:
                continue
            if best is not None and best.score >= 3 and self._holds_data(row):
                continue
            for depth in range(1, _DEEPEST + 1):
                if first + depth > len(self.rows) or (depth > 1 and not self._stacks(first, depth)):
                    break
                texts = self._joined(first, depth)
                score = self.recogniser.score(texts)
                found = _Header(first, depth, texts, score)
                if best is None or self._is_better(found, best):
                    best = found
        if best is None or best.score < 2:
            return self._unknown()
        return best

    def _is_better(self, found: _Header, best: _Header) -> bool:
        """Whether a header explains more than the best so far.

        A stacked header must explain clearly more, or name values where the single row names
        none. At a tie the row with more names wins: a label with its value is no header.
        """
        if found.depth > 1:
            values = self.recogniser.names_values(found.texts)
            gains = values and not self.recogniser.names_values(best.texts)
            return found.score > best.score + (0 if gains else _GAIN)
        names = [self.recogniser.count(header.texts) for header in (found, best)]
        return (found.score, names[0]) > (best.score, names[1])

    @staticmethod
    def _holds_data(row: Sequence[str]) -> bool:
        """Whether a row has numbers where a header has names: a header above it stays."""
        filled = [text for text in row if text]
        return sum(bool(_NUMERIC.fullmatch(text)) for text in filled) > 0.25 * len(filled)

    def _unknown(self) -> _Header:
        """Return the first full row of text: nothing in the sheet has a known name."""
        widest = max((sum(bool(t) for t in row) for row in self.rows), default=0)
        for first, row in enumerate(self.rows[:_SEARCHED_ROWS]):
            filled = [text for text in row if text]
            wordy = sum(not _NUMERIC.fullmatch(text) for text in filled)
            if len(filled) >= 0.6 * widest and wordy >= 0.6 * len(filled):
                return _Header(first, 1, tuple(row), 0)
        return _Header(0, 1, tuple(self.rows[0]), 0)

    def _stacks(self, first: int, depth: int) -> bool:
        """Whether the row can be the lower part of a stacked header: no data stand in it."""
        lower = self.rows[first + depth - 1]
        parents = self._filled_right(first + depth - 2)
        if not any(parents) or sum(bool(t) for t in self.rows[first]) < 2:
            return False
        upper = self.rows[first : first + depth - 1]
        if any(_NUMERIC.fullmatch(text) for row in upper for text in row if text):
            return False
        return not any(self._looks_like_data(text) for text in lower)

    @staticmethod
    def _looks_like_data(text: str) -> bool:
        """Whether a cell is a date or a number that no month in a header would be."""
        if not text or not _NUMERIC.fullmatch(text):
            return False
        number = read_number(text).value
        return number is None or abs(number) > 60 or number != round(number, 1)

    def _filled_right(self, at: int) -> list[str]:
        """Return a row of parent headers, each repeated over the columns that it spans."""
        row = self.rows[at]
        spans = {(r0, c0): c1 for r0, c0, r1, c1 in self.sheet.merged if r0 <= at <= r1}
        result = list(row)
        if spans:
            for (r0, c0), c1 in spans.items():
                text = self.rows[r0][c0] if r0 < len(self.rows) else ""
                for c in range(c0, min(c1 + 1, len(result))):
                    result[c] = result[c] or text
            return result
        current = ""
        for c, text in enumerate(row):
            current = text or current
            result[c] = current if text or not self._stands_alone(current) else ""
        return result

    def _stands_alone(self, text: str) -> bool:
        """Whether a header such as "Patient" never spans the columns to its right."""
        meaning = self.recogniser.meaning(text)
        spans = visit_month(text) is not None or (meaning is not None and meaning.placed)
        known = meaning is not None and meaning.role not in (*MEASURES, "visit_label")
        return known and not spans

    def _joined(self, first: int, depth: int) -> tuple[str, ...]:
        if depth == 1:
            return tuple(self.rows[first])
        parents = [self._filled_right(first + d) for d in range(depth - 1)]
        lower = self.rows[first + depth - 1]
        joined = []
        for c, text in enumerate(lower):
            parts = [row[c] for row in parents if row[c]] + ([text] if text else [])
            joined.append(" / ".join(dict.fromkeys(parts)))
        return tuple(joined)

    def _is_unit_row(self, header: _Header, row: Sequence[str]) -> bool:
        filled = [(at, text) for at, text in enumerate(row) if text]
        if not filled or any(not _UNIT_CELL.fullmatch(text) for _, text in filled):
            return False
        patient = [
            at
            for at, text in enumerate(header.texts)
            if (m := self.recogniser.meaning(text)) is not None and m.role == "patient"
        ]
        return bool(patient) or len(filled) >= 2


def paired_cells(rows: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Return the "label: value" pairs above a table, in one cell or in two neighbours."""
    pairs = []
    for row in rows:
        filled = [text for text in row if text]
        for at, text in enumerate(filled):
            label, colon, value = text.partition(":")
            if colon and value.strip():
                pairs.append((label.strip(), value.strip()))
            elif at + 1 < len(filled):
                pairs.append((text.rstrip(": "), filled[at + 1]))
    return pairs


def is_summary(text: str) -> bool:
    """Whether the name of a row says mean, SD, n and the like instead of a patient."""
    if _COUNTED.fullmatch(text):
        return True
    if any(letter.isdigit() for letter in text):
        return False
    return bool(words.SUMMARY.fullmatch(words.plain_words(text)))
