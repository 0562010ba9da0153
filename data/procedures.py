"""Tables of procedures: transplants apart from aspirations, feeding tubes, ventilation."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from data import vocabulary as words
from data.columns import ColumnMap
from data.records import Block, Field, When, rows_where
from data.table import Table, TextColumn

_NAMED: Final = re.compile(
    r"procedure|intervention|treatment|event|event type|type|procedure name|extrt|prtrt|action"
    r"|eingriff|massnahme|اقدام|نوع|prdecod|exdecod|activity|description|therapy|what"
)
_CELLS: Final = re.compile(
    r"transplant|inject|infusion|implant|graft|(?<![a-z])msc|stem ?cell|cell therapy|nurown"
    r"|intrathecal|intravenous|stammzell|پیوند|تزریق|سلول"
)
_NOT_GIVEN: Final = re.compile(
    r"aspirat|harvest|collection|biops|apheresis|punctur|screen|planned|cancel|not done"
    r"|postponed|آسپیراسیون"
)
_OTHERS: Final = (
    ("gastrostomy", words.GASTROSTOMY),
    ("tracheostomy", words.TRACHEOSTOMY),
    ("niv", words.NIV),
    ("death", words.DEATH),
)


def procedure_blocks(table: Table, columns: ColumnMap, patient: int) -> list[Block]:
    """Return the dated procedures of a table with one row a procedure, or nothing.

    Parameters
    ----------
    table, columns
        A table without measures.
    patient
        Position of the patient column.
    """
    when = _date(columns)
    named = _names(table, columns)
    if when is None or named is None:
        return []
    column = table.columns[named]
    blocks = []
    for role, test in (("transplant", is_transplant), *((r, _found(p)) for r, p in _OTHERS)):
        rows = rows_where(column.flagged(test))
        if len(rows):
            blocks.append(
                Block(role, Field(table, when, rows), Field(table, patient, rows), When())
            )
    return blocks


def is_transplant(text: str) -> bool:
    """Whether the name of a procedure says that cells were given."""
    plain = words.plain_words(text)
    return bool(_CELLS.search(plain)) and not _NOT_GIVEN.search(plain)


def _found(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: bool(pattern.search(words.plain_words(text)))


def _date(columns: ColumnMap) -> int | None:
    at = columns.first("visit_date")
    return at if at is not None else columns.first("transplant")


def _names(table: Table, columns: ColumnMap) -> int | None:
    """Return the column that names the procedures: by its header, and a transplant in it."""
    candidates = [
        at
        for at, header in enumerate(table.header)
        if _NAMED.fullmatch(words.plain_words(header))
        or (at in columns.meanings and columns.meanings[at].role == "visit_label")
    ]
    for at in candidates:
        if _names_procedures(table.columns[at]):
            return at
    return None


def _names_procedures(column: TextColumn) -> bool:
    return any(is_transplant(text) for text in column.used())
