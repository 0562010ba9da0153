"""Why a set of tables is no trial, and what was left out of one that is."""

from __future__ import annotations

from typing import Final

import numpy as np

from data import vocabulary as words
from data.columns import ColumnMap
from data.contents import contents_of
from data.evidence import role_words
from data.findings import Finding, Severity
from data.layouts import Arranged
from data.privacy import shown_header
from data.records import MEASURES
from data.table import Table

_VALUE_STEP: Final = (
    "Name the column of the total “ALSFRS_R”, that of the FVC “FVC_percent”; with one row a "
    "patient, add the month, such as “ALSFRS_R_m-6”."
)


def missing_roles(arranged: Arranged) -> tuple[Finding, bool] | None:
    """Return why the tables cannot be a trial, and whether naming columns could mend it."""
    tables = [(t, c) for t, c in arranged.tables if len(t) or t.header]
    filled = [(t, c) for t, c in tables if len(t)]
    if not filled:
        table = tables[0][0] if tables else None
        return _found("NO_ROWS", "There is a header but no row.", "Add visits.", table), False
    measured = [block for block in arranged.blocks if block.role in MEASURES]
    timed = [block for block in measured if block.when.known]
    if timed:
        return None
    table, columns = max(filled, key=lambda pair: _completeness(*pair))
    headers = _headers(table)
    if _is_aggregate(table, columns):
        text = "These are means or counts of groups, not values of patients."
        step = "Upload the table with one row a visit or one row a patient."
        return _found("AGGREGATE_DATA", text, step, table), False
    with_patient = [(t, c) for t, c in filled if c.first("patient") is not None]
    with_values = [(t, c) for t, c in filled if c.measures]
    if not with_values:
        text = f"No column holds ALSFRS-R or FVC. The columns are {headers}."
        return _found("NO_ENDPOINT", text, _VALUE_STEP, table), _could_be_mapped(table)
    if not with_patient or not measured:
        text = f"No column names the patient. The columns are {headers}."
        could = _could_name_patients(table, columns)
        return _found("NO_PATIENT_ID", text, "Name it “patient_id”.", table), could
    text = f"No column says when a visit was. The columns are {headers}."
    step = "Add “visit_date”, or “month” counted from the transplant (negative before)."
    return _found("NO_TIME", text, step, table), False


def _found(code: str, text: str, step: str, table: Table | None) -> Finding:
    if table is None:
        return Finding(code, "error", text, step)
    return Finding(code, "error", text, step, table.file, table.sheet, table.header_row or None)


def _headers(table: Table) -> str:
    named = [at for at, header in enumerate(table.header) if header][:12]
    shown = ", ".join(shown_header(table, at) for at in named)
    return shown or "without names"


def _completeness(table: Table, columns: ColumnMap) -> tuple[int, int]:
    has = (columns.first("patient") is not None) + columns.timed + bool(columns.measures)
    return has, len(columns.meanings)


def _is_aggregate(table: Table, columns: ColumnMap) -> bool:
    """Whether headers speak of means and SDs and no column names patients."""
    if columns.first("patient") is not None:
        return False
    plain = [words.plain_words(header) for header in table.header]
    said = sum(bool(words.STATISTIC.search(text)) for text in plain)
    return said >= 2 or (said >= 1 and "n" in plain)


def _could_be_mapped(table: Table) -> bool:
    """Whether some columns could be a patient, a time and a score under unknown names."""
    if len(table) < 4 or len(table.header) < 3:
        return False
    found = [contents_of(column) for column in table.columns]
    scores = [
        f for f in found if f.are_numbers and not f.are_dates and f.low >= 0 and f.high <= 200
    ]
    repeated = [c for c in table.columns if 1 < len(c.used()) < 0.7 * len(table)]
    dates = [f for f in found if f.are_dates]
    return bool(scores) and bool(dates) and bool(repeated) and not _speaks_of_other_things(table)


def _speaks_of_other_things(table: Table) -> bool:
    """Whether a known name is there, so that the missing ones are missing and not unknown."""
    return any(words.plain_words(h) in ("weight", "height", "bmi") for h in table.header)


def _could_name_patients(table: Table, columns: ColumnMap) -> bool:
    """Whether a column of unknown meaning repeats texts as names of patients do."""
    for at, column in enumerate(table.columns):
        if at in columns.meanings or not table.header[at]:
            continue
        distinct = len(column.used())
        if 1 < distinct < 0.7 * len(table) and not contents_of(column).are_dates:
            return True
    return False


def unclear_transplant(arranged: Arranged) -> str | None:
    """Return the header of a date of unknown meaning that is the same at all visits of a patient.

    Looked for where no transplant is known at all.
    """
    for table, columns in arranged.tables:
        who = columns.first("patient")
        if who is None:
            continue
        known = {at for at, m in columns.meanings.items() if m.role not in ("visit_date",)}
        used = {b.when.date.position for b in arranged.blocks if b.when.date is not None}
        for at, header in enumerate(table.header):
            free = at not in known and at not in used and contents_of(table.columns[at]).are_dates
            if free and not words.BIRTH.search(words.plain_words(header)):
                pairs = np.unique(
                    np.stack([table.columns[who].codes, table.columns[at].codes]), axis=1
                )
                if pairs.shape[1] <= len(np.unique(table.columns[who].codes)) < len(table):
                    return header
    return None


def _say_the_same(table: Table, one: int, other: int, *, measured: bool) -> bool:
    """Whether it does not matter which of two columns is used.

    Values must be the same wherever both are filled; names must tell the same rows apart.
    """
    a, b = table.columns[one], table.columns[other]
    if measured:
        both = a.flagged(bool) & b.flagged(bool)
        return bool((a.array()[both] == b.array()[both]).all())
    if not b.used():
        return True
    pairs = np.unique(np.stack([a.codes, b.codes]), axis=1).shape[1]
    return bool(pairs == len(np.unique(a.codes)) == len(np.unique(b.codes)))


def column_findings(arranged: Arranged) -> list[Finding]:
    """Return what was not used, doubled or decided about columns."""
    findings: list[Finding] = []
    used = {id(block.cells.table) for block in arranged.blocks}
    for table, columns in arranged.tables:
        place = (table.file, table.sheet)
        if id(table) not in used:
            if len(table) or any(table.header):
                text = (
                    f"This table ({len(table)} rows) was not used: it names no patient or no value."
                )
                findings.append(
                    Finding("SHEET_NOT_USED", "info", text, "Nothing needs to be done.", *place)
                )
            continue
        long = any(b.cells.table is table and b.cells.rows is not None for b in arranged.blocks)
        findings += [] if long else _unused(table, columns, place)
        for role, kept, dropped in columns.doubled:
            text = f"Two columns could be {role_words(role)}: “{table.header[kept]}” is used, "
            text += f"“{table.header[dropped]}” is not."
            step = "Rename or delete the one that is not meant."
            level: Severity = (
                "info"
                if _say_the_same(table, kept, dropped, measured=role in MEASURES)
                else "warning"
            )
            findings.append(Finding("TWO_COLUMNS_FOR_ONE", level, text, step, *place))
        findings += [
            Finding("HEADER_NUMBERS", "info", note, "Rename the columns if that is wrong.", *place)
            for note in columns.notes
        ]
    return findings


def _unused(table: Table, columns: ColumnMap, place: tuple[str, str]) -> list[Finding]:
    taken = set(columns.meanings) | {dropped for _, _, dropped in columns.doubled}
    cells = {b for b in range(len(table.header)) if b not in taken}
    findings: list[Finding] = []
    for at in sorted(cells):
        if words.SOUNDS_MEASURED.search(words.plain_words(table.header[at])) and (
            contents_of(table.columns[at]).are_numbers
        ):
            text = (
                "This column sounds like ALSFRS-R or FVC but was not understood; it was not used."
            )
            step = "If it is meant, rename it, such as “ALSFRS_R” or “FVC_percent”, or assign it."
            header = table.header[at][:60]
            findings.append(
                Finding("COLUMN_NOT_UNDERSTOOD", "warning", text, step, *place, column=header)
            )
            cells.discard(at)
    names = [shown_header(table, at) for at in sorted(cells) if table.header[at]]
    if names:
        shown = ", ".join(names[:12])
        more = f" and {len(names) - 12} more" if len(names) > 12 else ""
        text = f"Columns that were not used, {len(names)}: {shown}{more}."
        findings.append(
            Finding("UNUSED_COLUMNS", "info", text, "Nothing needs to be done.", *place)
        )
    for at in sorted(cells):
        if not table.header[at] and table.columns[at].used():
            text = f"Column {at + 1} has values but no header; it was not used."
            step = "Name it, or check whether a comma inside a number has cut a cell in two."
            row = table.header_row or None
            findings.append(Finding("UNNAMED_COLUMN", "warning", text, step, *place, row=row))
    return findings
