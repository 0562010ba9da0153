"""Every layout, long or wide, as one kind of thing: cells with a patient, a meaning and a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from data.findings import Finding, Severity
from data.table import IntArray, Table, TextColumn

ColumnKey = tuple[str, str, int, int]

DATED_FACTS: Final = (
    "transplant",
    "first_exposure",
    "onset",
    "death",
    "diagnosis",
    "enrolment",
    "last_contact",
    "niv",
    "gastrostomy",
    "tracheostomy",
    "riluzole",
    "edaravone",
)
"""Dates that belong to a patient, not to a visit."""

DAY_FACTS: Final = ("transplant_day", "onset_day", "death_day")
"""The same on the clock of the table."""

TEXT_FACTS: Final = ("sex", "age", "group", "onset_site", "simulated", "site")

HEIGHTS: Final = ("height", "height_in")
"""Height of the patient: in cm or metres, as the values tell, or in inches."""

MEASURES: Final = (
    "alsfrs_r",
    "alsfrs",
    "alsfrs_40",
    "item",
    "bulbar",
    "fine_motor",
    "gross_motor",
    "respiratory",
    "fvc",
    "fvc_litres",
    "fvc_unknown",
    "svc",
    "svc_litres",
    "svc_unknown",
    "vc",
    "vc_litres",
    "vc_unknown",
    "capacity",
    "capacity_litres",
    "capacity_unknown",
    "gastrostomy_switch",
)
"""Roles of columns that hold a value of a visit."""

CAPACITY_STEMS: Final = ("fvc", "svc", "vc", "capacity")


def kind_of_visit(role: str) -> str:
    """Return ``alsfrs``, ``fvc`` or ``svc``: the assessment to which a measure belongs."""
    stem = role.split("_")[0]
    return "svc" if stem == "svc" else "fvc" if stem in CAPACITY_STEMS else "alsfrs"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Cells of one column of one table, for some of its rows (all where ``rows`` is ``None``)."""

    table: Table
    position: int
    rows: IntArray | None = None

    @property
    def texts(self) -> TextColumn:
        """The cells, row by row."""
        column = self.table.columns[self.position]
        return column if self.rows is None else column.at(self.rows)

    @property
    def header(self) -> str:
        """The header of the column, or its number where it has none."""
        return self.table.header[self.position] or f"column {self.position + 1}"

    @property
    def row_numbers(self) -> IntArray:
        """Number of each row in the file."""
        numbers = self.table.row_numbers
        return numbers if self.rows is None else numbers[self.rows]

    @property
    def key(self) -> ColumnKey:
        """File, sheet, header row and position: which column this is.

        Several tables can stand in one sheet, so the row of the header belongs to it.
        """
        return self.table.file, self.table.sheet, self.table.header_row, self.position

    def finding(
        self,
        code: str,
        text: str,
        step: str,
        *,
        row: int | None = None,
        value: str = "",
        severity: Severity = "warning",
    ) -> Finding:
        """Return a finding about this column, or about its cell in a row of the file."""
        place = (self.table.file, self.table.sheet, row, self.header)
        return Finding(code, severity, text, step, *place, value)

    def only(self, rows: IntArray) -> Field:
        """Return the field for these rows of the table."""
        return Field(self.table, self.position, rows)

    def __len__(self) -> int:
        return len(self.table) if self.rows is None else len(self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class When:
    """How the table says when values were taken.

    Parameters
    ----------
    date
        Calendar dates.
    offset
        Numbers counted from somewhere, in ``unit`` from ``clock``.
    clock
        ``transplant``, ``enrolment``, ``onset`` or ``unknown``.
    unit
        ``day``, ``week``, ``month`` or ``year``.
    label
        Names of visits, such as "Month 3".
    month
        Nominal month from the header of a wide table.
    skips_zero
        Whether the offset is a study day, which has no day 0.
    before
        A column that says which visits lie before the transplant, where the times have no sign.
    fallback
        Another column of times on the same clock, for rows in which the first is empty.
    """

    date: Field | None = None
    offset: Field | None = None
    clock: str = "unknown"
    unit: str = "day"
    label: Field | None = None
    month: float | None = None
    skips_zero: bool = False
    fallback: When | None = None
    before: Field | None = None

    @property
    def known(self) -> bool:
        """Whether anything tells the time."""
        given = (self.date, self.offset, self.label, self.month)
        return any(part is not None for part in given)

    def only(self, rows: IntArray) -> When:
        """Return the times of some rows of the table."""
        return When(
            self.date.only(rows) if self.date else None,
            self.offset.only(rows) if self.offset else None,
            self.clock,
            self.unit,
            self.label.only(rows) if self.label else None,
            self.month,
            self.skips_zero,
            self.fallback.only(rows) if self.fallback else None,
            self.before.only(rows) if self.before else None,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Cells of one meaning.

    Parameters
    ----------
    role
        A measure or a fact.
    cells
        The texts to be read.
    patient
        Whose they are, row by row.
    when
        When they were taken; facts have no time.
    item
        ALSFRS-R item of ``item`` blocks.
    trial
        Attempt of a capacity measurement.
    factor
        Multiplies the numbers.
    unit
        Unit of each row, where a column gives it.
    sure
        False where the header leaves doubt about the unit.
    """

    role: str
    cells: Field
    patient: Field
    when: When = When()
    item: str = ""
    trial: int = 0
    factor: float = 1.0
    unit: Field | None = None
    sure: bool = True

    def only(self, rows: IntArray) -> Block:
        """Return the block for some rows of its table."""
        return Block(
            self.role,
            self.cells.only(rows),
            self.patient.only(rows),
            self.when.only(rows),
            self.item,
            self.trial,
            self.factor,
            self.unit.only(rows) if self.unit else None,
            self.sure,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """The column from which values were read: to name its cells, and to correct them.

    Parameters
    ----------
    cells
        The column of the values.
    dates
        The column of their dates, if there is one.
    """

    cells: Field
    dates: Field | None = None

    @property
    def file(self) -> str:
        """Name of the file."""
        return self.cells.table.file

    @property
    def sheet(self) -> str:
        """Name of the sheet, empty for formats without sheets."""
        return self.cells.table.sheet

    @property
    def header(self) -> str:
        """Header of the column."""
        return self.cells.header

    def text(self, row: int) -> str:
        """Return the text of the cell in a row of the file."""
        return _text_at(self.cells, row)

    def date_text(self, row: int) -> str:
        """Return the text of the date in a row of the file, empty where there is none."""
        return "" if self.dates is None else _text_at(self.dates, row)


def _text_at(field: Field, row: int) -> str:
    at = np.flatnonzero(field.table.row_numbers == row)
    return field.table.columns[field.position][int(at[0])] if len(at) else ""


def rows_where(mask: np.typing.NDArray[np.bool_]) -> IntArray:
    """Return the positions where ``mask`` holds."""
    return np.flatnonzero(mask).astype(np.int64)
