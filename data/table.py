"""Text tables by column: every distinct text is kept once, so that it is read once.

A registry has millions of cells but few different texts; columns are codes into their own texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

from data.values import clean

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
MergedRange = tuple[int, int, int, int]

LONGEST_TEXT: Final = 500
"""Longer cells are notes: no number, date or header of a table of visits is as long."""
MOST_EFFORT: Final = 30_000_000
"""Some patterns take the square of a text's length: so much of it is done for all long texts."""
_SURELY_SHORT: Final = 40
_GAP: Final = re.compile(r"\s{5,}")


def without_gaps(text: str) -> str:
    """Return a text in which wide gaps are one space, or one end of a line."""
    if len(text) <= _SURELY_SHORT:
        return text
    return _GAP.sub(lambda gap: "\n" if "\n" in gap[0] else " ", text)


def shortened(text: str) -> str:
    """Return the beginning of a long text with its length and a hash.

    So different texts stay different, and none turns into a number or a date.
    """
    if len(text) <= LONGEST_TEXT:
        return text
    mark = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{text[: LONGEST_TEXT - 60]}… ({len(text):,} characters, {mark})"


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """One column of cleaned texts.

    Parameters
    ----------
    codes
        Position of each row's text in ``texts``.
    texts
        The distinct texts; an empty cell is the empty text.
    """

    codes: IntArray
    texts: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextColumn:
        """Clean and encode the texts of a column, given row by row."""
        cells = list(texts)
        place = {text: at for at, text in enumerate(dict.fromkeys(cells))}
        codes = np.fromiter(map(place.__getitem__, cells), dtype=np.int64, count=len(cells))
        return cls(codes, tuple(clean(str(text)) for text in place))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> str:
        return self.texts[int(self.codes[row])]

    def list(self) -> list[str]:
        """Return the text of every row."""
        return [self.texts[code] for code in self.codes]

    def array(self) -> npt.NDArray[np.object_]:
        """Return the text of every row as an object array."""
        return np.asarray(self.texts, dtype=object)[self.codes] if len(self) else _nothing()

    def used(self) -> tuple[str, ...]:
        """Return the distinct texts that occur in some row, without the empty text."""
        if not len(self):
            return ()
        seen = np.unique(self.codes)
        return tuple(dict.fromkeys(text for at in seen if (text := self.texts[at])))

    def at(self, rows: IntArray | BoolArray) -> TextColumn:
        """Return the column with only these rows."""
        return TextColumn(self.codes[rows], self.texts)

    def changed(self, change: Callable[[str], str]) -> TextColumn:
        """Return the column with every text changed, where any is long."""
        if max(map(len, self.texts), default=0) <= _SURELY_SHORT:
            return self
        return TextColumn(self.codes, tuple(map(change, self.texts)))

    def flagged(self, test: Callable[[str], bool]) -> BoolArray:
        """Return where ``test(text)`` holds, testing each distinct text once."""
        marks = np.fromiter((test(text) for text in self.texts), dtype=np.bool_)
        return marks[self.codes] if len(self) else np.zeros(0, dtype=np.bool_)


def _nothing() -> npt.NDArray[np.object_]:
    return np.empty(0, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One sheet as it stands in the file: all cells as text, nothing known of headers.

    Parameters
    ----------
    file, name
        Where it comes from; ``name`` is empty for formats without sheets.
    columns
        Cells by column, all of one length; blank rows are left out.
    row_numbers
        Number of each row in the file, counted from 1.
    hidden
        Whether the workbook hides the sheet.
    merged
        Merged cells as (first row, first column, last row, last column); rows are positions in
        this sheet, both ends included.
    names
        Column names where the format has them (SPSS, Stata, SAS); then no row is a header.
    labels
        Descriptions of the columns where the format has them, else empty texts.
    """

    file: str
    name: str
    columns: tuple[TextColumn, ...]
    row_numbers: IntArray
    hidden: bool = False
    merged: tuple[MergedRange, ...] = ()
    names: tuple[str, ...] | None = None
    labels: tuple[str, ...] = ()

    def changed(self, change: Callable[[str], str]) -> Sheet:
        """Return the sheet with every text changed, where it is long, names included."""
        return replace(
            self,
            file=change(self.file),
            name=change(self.name),
            columns=tuple(column.changed(change) for column in self.columns),
            names=None if self.names is None else tuple(map(change, self.names)),
            labels=tuple(map(change, self.labels)),
        )

    def texts(self) -> Iterator[str]:
        """Yield every different text of each column, and all names."""
        for column in self.columns:
            yield from column.texts
        yield from (self.file, self.name, *(self.names or ()), *self.labels)

    def row(self, position: int) -> list[str]:
        """Return the texts of one row."""
        return [column[position] for column in self.columns]

    def __len__(self) -> int:
        return len(self.row_numbers)


def searchable(sheets: Iterable[Sheet]) -> list[Sheet]:
    """Return sheets in which no pattern can search for long.

    Wide gaps become one space. A few long texts stay; where there are many, all are shortened.
    """
    closed = [sheet.changed(without_gaps) for sheet in sheets]
    lengths = (len(text) for sheet in closed for text in sheet.texts())
    effort = sum(length**2 for length in lengths if length > LONGEST_TEXT)
    return [sheet.changed(shortened) for sheet in closed] if effort > MOST_EFFORT else closed


def sheet_of_rows(
    file: str,
    name: str,
    rows: Sequence[Sequence[str]],
    *,
    hidden: bool = False,
    merged: Iterable[MergedRange] = (),
) -> Sheet:
    """Make a sheet from rows of any lengths; blank rows are left out but counted."""
    filled = [at for at, row in enumerate(rows) if any(cell and not cell.isspace() for cell in row)]
    width = max((len(rows[at]) for at in filled), default=0)
    columns = tuple(
        TextColumn.of(rows[at][c] if c < len(rows[at]) else "" for at in filled)
        for c in range(width)
    )
    place = {at: i for i, at in enumerate(filled)}
    inside = tuple(
        (place[r0], c0, place[r1] if r1 in place else place[r0], c1)
        for r0, c0, r1, c1 in merged
        if r0 in place
    )
    numbers = np.asarray(filled, dtype=np.int64) + 1
    return Sheet(file, name, columns, numbers, hidden, inside)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table: a header, its units, and the rows below.

    Parameters
    ----------
    header
        One text a column; stacked headers are joined by " / ".
    columns
        Cells by column.
    row_numbers
        Number of each row in the file.
    units
        Texts of a unit row below the header, empty where there is none.
    labels
        Descriptions of the columns where the format has them.
    header_row
        Number of the first header row in the file, 0 where the format names columns itself.
    above
        Cells above the header, row by row: titles and notes.
    """

    file: str
    sheet: str
    header: tuple[str, ...]
    columns: tuple[TextColumn, ...]
    row_numbers: IntArray
    units: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    header_row: int = 1
    hidden: bool = False
    above: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.row_numbers)

    def keep(self, rows: IntArray | BoolArray) -> Table:
        """Return the table with only these rows."""
        columns = tuple(column.at(rows) for column in self.columns)
        return replace(self, columns=columns, row_numbers=self.row_numbers[rows])

    def unit(self, position: int) -> str:
        """Return the unit that stands below the header of a column, if any."""
        return self.units[position] if position < len(self.units) else ""

    def label(self, position: int) -> str:
        """Return the description of a column, if the format has one."""
        return self.labels[position] if position < len(self.labels) else ""
