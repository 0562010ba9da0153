"""Transplants that do not stand as one date a cell: two in one cell, or a mark on a visit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from data import vocabulary as words
from data.columns import ColumnMap
from data.dates import survey
from data.identities import plain_name
from data.procedures import is_transplant
from data.questions import Question, asked
from data.records import Block, Field, When, rows_where
from data.table import Table, TextColumn
from data.values import is_missing

_BETWEEN: Final = re.compile(r"\s*(?:\+|;|\||&|\n|,(?=\s)| und | and | et | y | و )\s*")
_NUMBERED: Final = re.compile(r"(?:^|(?<=\s))\(?\d\s?(?:st|nd|rd|th|er|e|\.)?\s?[):]\s*")
_YES: Final = re.compile(r"y|yes|1|1\.0|true|x|ja|oui|si|sí|sim|evet|done|given|بله|tx", re.I)
_NO: Final = re.compile(r"n|no|0|0\.0|false|nein|non|não|not done|خیر|-", re.I)
_MARK: Final = re.compile(
    r"(?:tx|d0|day ?0)|transplant\w*|transplantation day|injection|infusion", re.I
)
_MOST: Final = 6
_SECOND: Final = re.compile(
    r"\d|second|third|fourth|zweite|dritte|deuxieme|troisieme|segund|tercer|seconda|ikinci|دوم|سوم"
)


def pieces(text: str) -> tuple[str, ...]:
    """Return the dates that stand in one cell, or the text alone if it is not several dates."""
    parts = [part for part in _BETWEEN.split(_NUMBERED.sub(" ", text).strip()) if part]
    if 2 <= len(parts) <= _MOST and all(survey([part]).n_dates == 1 for part in parts):
        return tuple(parts)
    return (text,)


def split_dates(block: Block) -> list[Block]:
    """Return one block for each date of cells that hold several, else the block itself."""
    column = block.cells.texts
    split = [pieces(text) for text in column.texts]
    most = max((len(parts) for parts in split), default=1)
    if most < 2 or block.cells.rows is not None:
        return [block]
    table = block.cells.table
    header = table.header[block.cells.position]
    columns = [
        TextColumn(column.codes, tuple(parts[at] if at < len(parts) else "" for parts in split))
        for at in range(most)
    ]
    wider = replace(
        table,
        header=(*table.header, *(f"{header} ({at + 1})" for at in range(most))),
        columns=(*table.columns, *columns),
    )
    first = len(table.header)
    patient = Field(wider, block.patient.position)
    return [replace(block, cells=Field(wider, first + at), patient=patient) for at in range(most)]


def which_columns(
    tables: Sequence[tuple[Table, ColumnMap]], answer: str | None
) -> tuple[frozenset[str], Question | None]:
    """Return the headers of transplant columns that are not meant, or a question.

    "1st" and "2nd injection" are two transplants; "cell injection" and "stem cell date" can be
    the same one twice, or something else.

    Parameters
    ----------
    tables
        Tables with the meanings of their columns.
    answer
        The answer to ``TRANSPLANT_COLUMNS``: ``all``, or the header of the one that is meant.
    """
    headers: dict[str, str] = {}
    said: dict[str, dict[str, set[str]]] = {}
    for table, columns in tables:
        who = columns.first("patient")
        for at in columns.all("transplant"):
            header, column = table.header[at], table.columns[at]
            if who is None or not column.used() or _SECOND.search(words.plain_words(header)):
                continue
            headers.setdefault(header, _stem(header))
            for name, text in set(zip(table.columns[who].list(), column.list(), strict=True)):
                if text:
                    by_header = said.setdefault(plain_name(name), {})
                    by_header.setdefault(header, set()).add(text)
    contradicting = any(
        len(texts) > 1 and len(set().union(*texts.values())) > 1 for texts in said.values()
    )
    if not contradicting and answer is None:
        return frozenset(), None
    if len(set(headers.values())) < 2 or answer == "all":
        return frozenset(), None
    if answer in headers:
        return frozenset(headers) - {answer}, None
    options = (("all", "each is a transplant"), *((h, f"only “{h}”") for h in headers))
    return frozenset(), replace(asked("TRANSPLANT_COLUMNS"), options=options)


def _stem(header: str) -> str:
    """Return the words of a header without numbers and without what makes it a date."""
    plain = words.DATE.sub(" ", words.plain_words(header))
    plain = re.sub(r"\d+(?:st|nd|rd|th)?|first|second|third|fourth|last|next|further", " ", plain)
    plain = re.sub(r"(?<![a-z])(?:of|the|cell|stem|cells|no|nr|number|dose)(?![a-z])", " ", plain)
    return re.sub(r"ation|s(?= |$)", "", " ".join(plain.split()))


def marked_visits(table: Table, columns: ColumnMap) -> list[Block]:
    """Return the dates of visits that a column marks as the transplant.

    A column named after the transplant may say yes or no at each visit, or a column of events may
    say "TX" at one.
    """
    patient, date = columns.first("patient"), columns.first("visit_date")
    if patient is None or date is None:
        return []
    for at, column in enumerate(table.columns):
        if at in (patient, date) or at in columns.measures:
            continue
        texts = [text for text in column.used() if not is_missing(text)]
        if not texts or len(texts) > 60:
            continue
        named = words.TRANSPLANT.search(words.plain_words(table.header[at]))
        if named and all(_YES.fullmatch(t) or _NO.fullmatch(t) for t in texts):
            rows = rows_where(column.flagged(lambda text: bool(_YES.fullmatch(text))))
        elif any(_MARK.fullmatch(t) or is_transplant(t) for t in texts) and _few(column):
            rows = rows_where(
                column.flagged(lambda text: bool(_MARK.fullmatch(text)) or is_transplant(text))
            )
        else:
            continue
        if len(rows):
            return [
                Block("transplant", Field(table, date, rows), Field(table, patient, rows), When())
            ]
    return []


def _few(column: TextColumn) -> bool:
    """Whether the marks are rare: at most one row in three, as a transplant among visits is."""
    marked = column.flagged(lambda text: bool(_MARK.fullmatch(text)) or is_transplant(text))
    return bool(0 < marked.sum() <= len(marked) / 3 + 1)
