"""Tables of procedures and events: transplants apart from everything else that happened."""

from __future__ import annotations

import re
from typing import Final

from data import vocabulary as words
from data.columns import ColumnMap
from data.event_tables import EVENT, TRANSPLANT
from data.event_words import is_visit, kinds_in
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
    r"|postponed|refus|declin|آسپیراسیون"
    r"|edaravon|riluzol|tofersen|botul|antibiot|steroid|prednisol|vaccin|contrast|immunoglobulin"
    r"|reaction|pain|ache(?![a-z])|fever|nausea|infection|pneumon|thrombo|bleed"
    r"|(?:inject\w*|infusion|transplant\w*|implant\w*) site"
    r"|(?<![a-z])(?:after|since|following|before|post) ?(?:the )?(?:cell|stem|tran|inj|inf|imp|msc)"
)


def procedure_blocks(table: Table, columns: ColumnMap, patient: int) -> list[Block]:
    """Return the transplants and events of a table with one row each, or nothing.

    Transplants with a date stand in a block of their own, as from a column of dates.

    Parameters
    ----------
    table, columns
        A table without measures.
    patient
        Position of the patient column.
    """
    named = _names(table, columns)
    if named is None:
        return []
    when = _date(columns)
    times = _times(table, columns, when)
    if not times.known:
        return []
    column = table.columns[named]
    cells = column.flagged(is_transplant)
    blocks = []
    if when is not None and cells.any():
        rows = rows_where(cells)
        blocks.append(Block(TRANSPLANT, Field(table, when, rows), Field(table, patient, rows)))
    listed = columns.meanings[named].role == EVENT if named in columns.meanings else False
    visits = column.flagged(is_visit)
    wanted = column.flagged(lambda text: listed or kinds_in(text) != ("other",)) & ~visits
    for rows, item in ((rows_where(cells), TRANSPLANT), (rows_where(wanted & ~cells), "")):
        if len(rows):
            happened = Field(table, named, rows)
            who = Field(table, patient, rows)
            blocks.append(Block(EVENT, happened, who, times.only(rows), item=item))
    return blocks


def _times(table: Table, columns: ColumnMap, date: int | None) -> When:
    """Return when the events were: their dates, or numbers counted from somewhere."""
    offset = columns.first("time")
    if offset is None:
        return When() if date is None else When(date=Field(table, date))
    said = columns.meanings[offset]
    whole = None if date is None else Field(table, date)
    return When(whole, Field(table, offset), said.clock, said.unit or "day")


def is_transplant(text: str) -> bool:
    """Whether the name of a procedure says that cells were given."""
    plain = words.plain_words(text)
    return bool(_CELLS.search(plain)) and not _NOT_GIVEN.search(plain)


def _date(columns: ColumnMap) -> int | None:
    found = (columns.first(role) for role in ("visit_date", "transplant", "onset", "entry_date"))
    return next((at for at in found if at is not None), None)


def _names(table: Table, columns: ColumnMap) -> int | None:
    """Return the column of events, or that of procedures with a transplant among them."""
    events = columns.first(EVENT)
    if events is not None:
        return events
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
