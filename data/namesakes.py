"""Patients who share a study number though two sites or sheets give them two transplants."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from data.columns import ColumnMap
from data.findings import Finding
from data.identities import plain_name
from data.questions import Question, asked
from data.records import rows_where
from data.table import IntArray, Table, TextColumn
from data.values import is_missing

Named = tuple[Table, ColumnMap]

_CONTRADICT: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Rows of one site, or of one sheet, with the transplant that each patient has there."""

    table: int
    label: str
    rows: IntArray | None
    transplants: Mapping[str, str]


def apart_namesakes(
    tables: Sequence[Named], answers: Mapping[str, str]
) -> tuple[list[Named], list[Question], list[Finding]]:
    """Tell patients of one number apart if two sites or sheets give them different transplants.

    Parameters
    ----------
    tables
        All tables with the meanings of their columns.
    answers
        The answer to ``ID_MERGE``: ``no`` puts the site or sheet before each number.
    """
    parts = [part for at, named in enumerate(tables) for part in _parts(at, *named)]
    clashing = _clashing(parts)
    if not clashing or answers.get("ID_MERGE") == "yes":
        return list(tables), [], []
    if answers.get("ID_MERGE") != "no":
        labels = " and ".join(sorted({part.label for part in clashing})[:4])
        evidence = f"the same numbers stand in {labels}, with different transplant dates"
        return list(tables), [asked("ID_MERGE", evidence)], []
    result = list(tables)
    for part in parts:
        table, columns = result[part.table]
        result[part.table] = (_relabelled(table, columns, part), columns)
    text = "The site or sheet was put before each patient’s number, as you answered."
    return result, [], [Finding("NAMES_WITH_SITE", "info", text)]


def _parts(at: int, table: Table, columns: ColumnMap) -> list[_Part]:
    who, dates = columns.first("patient"), list(columns.all("transplant"))
    if who is None or not dates or not columns.measures or not len(table):
        return []
    site = columns.first("site")
    if site is not None and len(table.columns[site].used()) > 1:
        column = table.columns[site]
        found = []
        for name in column.used():
            rows = rows_where(column.flagged(lambda text, n=name: text == n))  # type: ignore[misc]
            found.append(_Part(at, name, rows, _transplants(table, who, dates[0], rows)))
        return found
    label = table.sheet or re.sub(r"\.\w{2,5}$", "", table.file)
    return [_Part(at, label, None, _transplants(table, who, dates[0], None))]


def _transplants(table: Table, who: int, date: int, rows: IntArray | None) -> dict[str, str]:
    names, dates = table.columns[who], table.columns[date]
    if rows is not None:
        names, dates = names.at(rows), dates.at(rows)
    pairs = np.unique(np.stack([names.codes, dates.codes]), axis=1)
    result: dict[str, str] = {}
    for name, day in pairs.T.tolist():
        if not is_missing(names.texts[name]) and not is_missing(dates.texts[day]):
            result.setdefault(plain_name(names.texts[name]), dates.texts[day])
    return result


def _clashing(parts: Sequence[_Part]) -> list[_Part]:
    """Return parts that share numbers but mostly not their transplants."""
    clashing: list[_Part] = []
    for i, one in enumerate(parts):
        for other in parts[i + 1 :]:
            shared = one.transplants.keys() & other.transplants.keys()
            differ = sum(one.transplants[name] != other.transplants[name] for name in shared)
            if shared and differ >= _CONTRADICT * len(shared) and differ > 0:
                clashing += [part for part in (one, other) if part not in clashing]
    return clashing


def _relabelled(table: Table, columns: ColumnMap, part: _Part) -> Table:
    who = columns.first("patient")
    assert who is not None
    column = table.columns[who]
    texts = column.list()
    rows = range(len(table)) if part.rows is None else part.rows.tolist()
    for row in rows:
        texts[row] = f"{part.label} {texts[row]}" if texts[row] else ""
    changed = list(table.columns)
    changed[who] = TextColumn.of(texts)
    return replace(table, columns=tuple(changed))
