"""Rows that are no visits: means at the foot, notes between, imputed values; names filled down."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np

from data.columns import ColumnMap
from data.dates import survey
from data.findings import Finding, Severity
from data.header_rows import is_summary
from data.records import MEASURES, rows_where
from data.table import BoolArray, IntArray, Table, TextColumn
from data.values import is_missing

_MAX_LISTED: Final = 8
_NOT_IMPUTED: Final = re.compile(r"(?:0|no|n|false|observed|raw|none|original|nein|non|خیر)", re.I)


def prepared(table: Table, columns: ColumnMap) -> tuple[Table, tuple[Finding, ...]]:
    """Return the table with only the rows of patients, and what was left out or filled in."""
    at = columns.first("patient")
    findings: list[Finding] = []
    if at is None or not len(table):
        return table, ()
    table = _without_summaries(table, columns, at, findings)
    table = _filled_down(table, columns, at, findings)
    table = _without_imputed(table, columns, findings)
    return table, tuple(findings)


def listed(numbers: IntArray | list[int]) -> str:
    """Return row numbers in words, the first few of many."""
    rows = [int(number) for number in numbers]
    shown = ", ".join(str(row) for row in rows[:_MAX_LISTED])
    more = f" and {len(rows) - _MAX_LISTED} more" if len(rows) > _MAX_LISTED else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {shown}{more}"


def _note(
    table: Table, code: str, severity: Severity, text: str, step: str, rows: IntArray
) -> Finding:
    first = int(rows[0]) if len(rows) else None
    return Finding(code, severity, text, step, table.file, table.sheet, first)


def _filled(table: Table, positions: list[int]) -> BoolArray:
    """Return the rows in which any of these columns has a text."""
    result = np.zeros(len(table), dtype=np.bool_)
    for at in positions:
        result |= table.columns[at].flagged(bool)
    return result


def _shape(text: str) -> str:
    """Return the form of a name: letters and digits as classes."""
    form = re.sub(r"[^\W\d_]+", "a", text)
    return re.sub(r"\d+", "9", form)


def _without_summaries(table: Table, columns: ColumnMap, at: int, findings: list[Finding]) -> Table:
    names = table.columns[at]
    summary = names.flagged(is_summary)
    if _all_summaries(names):
        summary = np.zeros(len(table), dtype=np.bool_)
    summary &= ~_has_visits(table, columns, at)
    summary |= _summary_elsewhere(table, columns, at)
    others = [c for c in range(len(table.columns)) if c != at]
    alone = names.flagged(bool) & ~_filled(table, others)
    lone = _lone_notes(table, columns, at)
    usual = _usual_shapes(names, ~alone & ~summary)
    notes = (alone & ~names.flagged(lambda text: _shape(text) in usual) | lone) & ~summary
    repeated = names.flagged(lambda text: text == table.header[at]) & names.flagged(bool)
    for mask, code, what in (
        (summary, "SUMMARY_ROWS", "with a mean, a count or another summary"),
        (notes, "NOTE_ROWS", "with a note and nothing else"),
        (repeated, "REPEATED_HEADER", "that repeat the header"),
    ):
        if mask.any():
            rows = table.row_numbers[mask]
            text = (
                f"{int(mask.sum())} {'row' if mask.sum() == 1 else 'rows'} {what}: {listed(rows)}."
            )
            findings.append(_note(table, code, "info", text, "They are no visits, not used.", rows))
    return table.keep(~(summary | notes | repeated))


def _has_visits(table: Table, columns: ColumnMap, at: int) -> BoolArray:
    """Return rows of names that stand at several dated visits: "SD" can be initials."""
    names = table.columns[at]
    date = columns.first("visit_date")
    if date is None or not len(table):
        return np.zeros(len(table), dtype=np.bool_)
    visits = table.columns[date].flagged(lambda text: survey([text]).n_dates > 0)
    visits &= _filled(table, list(columns.measures))
    counts = np.bincount(names.codes[visits], minlength=len(names.texts))
    return visits & (counts[names.codes] >= 2)


def _lone_notes(table: Table, columns: ColumnMap, at: int) -> BoolArray:
    """Return rows whose only cell is a remark, in a column that holds neither names nor values."""
    count = np.zeros(len(table), dtype=np.int64)
    elsewhere = np.zeros(len(table), dtype=np.bool_)
    for c, column in enumerate(table.columns):
        filled = column.flagged(bool)
        count += filled
        if c != at and c not in columns.measures:
            elsewhere |= column.flagged(lambda text: len(text.split()) > 1)
    alone: BoolArray = (count == 1) & elsewhere
    return alone if len(table.columns) > 2 else np.zeros(len(table), dtype=np.bool_)


def _summary_elsewhere(table: Table, columns: ColumnMap, at: int) -> BoolArray:
    """Return rows without a patient or a date in which another column says mean or total."""
    said = np.zeros(len(table), dtype=np.bool_)
    for c, column in enumerate(table.columns):
        if c != at and c not in columns.measures:
            said |= column.flagged(_says_summary)
    lacking = ~table.columns[at].flagged(bool)
    date = columns.first("visit_date")
    if date is not None:
        lacking |= ~table.columns[date].flagged(lambda text: survey([text]).n_dates > 0)
    return said & lacking


def _says_summary(text: str) -> bool:
    """Whether a cell says mean, total and the like; single letters could be anything."""
    return len(text) > 2 and is_summary(text)


def _all_summaries(names: TextColumn) -> bool:
    """Whether every name would be a summary: then "N" or "Total" are how patients are called."""
    return all(is_summary(text) for text in names.used())


def _usual_shapes(names: TextColumn, rows: BoolArray) -> set[str]:
    return {_shape(text) for text in names.at(rows_where(rows)).used()}


def _filled_down(table: Table, columns: ColumnMap, at: int, findings: list[Finding]) -> Table:
    """Repeat a name that stands only in the first row of its patient's rows."""
    names = table.columns[at]
    given = names.flagged(bool)
    measured = _filled(table, [c for c in columns.measures if c != at])
    if not len(given) or not given[0]:
        return table
    blank = ~given & measured
    starts = names.at(rows_where(given))
    once = len(np.unique(starts.codes)) == len(starts)
    if not once or blank.sum() < max(2, given.sum()):
        return table
    last = np.maximum.accumulate(np.where(given, np.arange(len(given)), 0))
    codes = np.where(blank, names.codes[last], names.codes)
    rows = table.row_numbers[blank]
    text = f"The patient stands only in the first of several rows; {len(rows)} rows were filled in."
    step = "Each row without a name belongs to the name above it."
    findings.append(_note(table, "ID_FILLED_DOWN", "info", text, step, rows))
    columns_filled = list(table.columns)
    columns_filled[at] = TextColumn(codes, names.texts)
    return replace(table, columns=tuple(columns_filled))


def _without_imputed(table: Table, columns: ColumnMap, findings: list[Finding]) -> Table:
    at = columns.first("imputed")
    if at is None or not any(m.role in MEASURES for m in columns.meanings.values()):
        return table
    return drop_imputed(table, at, findings)


def drop_imputed(table: Table, at: int, findings: list[Finding]) -> Table:
    """Leave out rows that a column marks as imputed (LOCF, WOCF …) and count them."""
    marked = table.columns[at].flagged(
        lambda text: not is_missing(text) and not _NOT_IMPUTED.fullmatch(text)
    )
    if not marked.any():
        return table
    rows = table.row_numbers[marked]
    text = f"{int(marked.sum())} imputed values (column “{table.header[at]}”): {listed(rows)}."
    step = "Only what was measured is used."
    findings.append(_note(table, "IMPUTED_ROWS_EXCLUDED", "warning", text, step, rows))
    return table.keep(~marked)
