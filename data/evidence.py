"""What every column was taken for, with a few of its cells: the ground for the mapping form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from data.columns import ColumnMap
from data.headers import meaning_of
from data.layouts import table_key
from data.meaning import Meaning
from data.privacy import Identifier, shown_header
from data.table import Table

_SAMPLES: Final = 3
_LONGEST_SAMPLE: Final = 40

ROLES: Final[Mapping[str, str]] = {
    "patient": "patient",
    "visit_date": "date of the visit",
    "time transplant day": "days from the transplant",
    "time transplant month": "months from the transplant",
    "time enrolment day": "days from enrolment",
    "time enrolment month": "months from enrolment",
    "time onset month": "months from the first symptom",
    "visit_label": "name of the visit",
    "alsfrs_r": "ALSFRS-R",
    "alsfrs_40": "ALSFRS (0–40)",
    "fvc": "FVC, % predicted",
    "fvc_litres": "FVC, litres",
    "svc": "SVC, % predicted",
    "svc_litres": "SVC, litres",
    **{f"item {n}": f"ALSFRS-R item {n}" for n in (*range(1, 5), "5a", "5b", *range(6, 13))},
    "transplant": "transplant date",
    "transplant_day": "day of the transplant",
    "onset": "date of the first symptom",
    "death": "date of death",
    "enrolment": "date of enrolment",
    "niv": "start of ventilation",
    "gastrostomy": "date of gastrostomy",
    "event": "what happened (events)",
    "sex": "sex",
    "age": "age",
    "height": "height",
    "height_in": "height, inches",
    "onset_site": "site of onset",
    "group": "group",
    "unit": "unit of FVC",
    "ignored": "not used",
}
"""Roles that a user can give to a column, in the order of the form."""

_WORDS: Final = {
    "alsfrs": "ALSFRS",
    "fvc_unknown": "FVC",
    "svc_unknown": "SVC",
    "vc_unknown": "vital capacity",
    "first_exposure": "first treatment",
    "gastrostomy_switch": "whether a feeding tube was used",
    "height_unit": "unit of height",
    "birth": "date of birth (not used)",
    "entry_date": "time stamp (not used)",
}


@dataclass(frozen=True, slots=True)
class ColumnEvidence:
    """One column, what it was taken for, and why.

    Parameters
    ----------
    table
        "file / sheet" of the column.
    header
        Its header, or its number.
    role
        What it was taken for, as in ``ROLES`` where it is one of those; empty if nothing.
    meaning
        The same in words.
    samples
        A few of its cells; none where the column identifies people.
    identifier
        The kind of personal detail that it holds, or empty.
    """

    table: str
    header: str
    role: str
    meaning: str
    samples: tuple[str, ...] = ()
    identifier: str = ""


def evidence_of(
    tables: Sequence[tuple[Table, ColumnMap]], personal: Sequence[Sequence[Identifier]]
) -> tuple[ColumnEvidence, ...]:
    """Return every column of all tables that were looked at.

    Parameters
    ----------
    tables
        Tables with the meanings of their columns.
    personal
        For each table, its columns that identify people.
    """
    return tuple(
        column
        for (table, columns), found in zip(tables, personal, strict=True)
        for column in _columns(table, columns, {i.position: i.kind for i in found})
    )


def mapping_of(evidence: Sequence[ColumnEvidence]) -> dict[str, dict[str, str]]:
    """Return what each column was taken for, in words, by table and header."""
    result: dict[str, dict[str, str]] = {}
    for column in evidence:
        if column.role:
            result.setdefault(column.table, {})[column.header] = column.meaning
    return result


def _columns(table: Table, columns: ColumnMap, personal: Mapping[int, str]) -> list[ColumnEvidence]:
    result = []
    for at, header in enumerate(table.header):
        meaning = columns.meanings.get(at)
        kind = personal.get(at, "")
        texts = [] if kind else list(table.columns[at].used()[:_SAMPLES])
        result.append(
            ColumnEvidence(
                table_key(table),
                header if _safe(table, at) else f"column {at + 1}",
                "" if meaning is None else role_of(meaning),
                "" if meaning is None else describe(meaning),
                tuple(text[:_LONGEST_SAMPLE] for text in texts),
                kind,
            )
        )
    return result


def _safe(table: Table, at: int) -> bool:
    """Whether a header can be shown: a table without a header row may hold a name there."""
    header = table.header[at]
    if not header:
        return False
    if meaning_of(header) is not None or table.header.count(header) > 1:
        return True
    return shown_header(table, at) == f"“{header}”"


def role_of(meaning: Meaning) -> str:
    """Return the name of a role as the mapping form and ``MAPPING`` use it."""
    if meaning.role in ("birth", "entry_date"):
        return "ignored"
    if meaning.role == "item":
        return f"item {meaning.item}"
    if meaning.role == "time":
        return f"time {meaning.clock} {meaning.unit}"
    return meaning.role


def role_words(role: str) -> str:
    """Return a role in words."""
    return ROLES.get(role) or _WORDS.get(role) or role.replace("_", " ")


def describe(meaning: Meaning) -> str:
    """Return the meaning of a column in words."""
    said = _WORDS.get(meaning.role) or role_words(role_of(meaning))
    if meaning.role == "time" and meaning.clock == "unknown":
        said = f"{meaning.unit}s, from where is not said"
    if meaning.trial:
        said += f", attempt {meaning.trial}"
    if meaning.month is not None:
        said += f" at month {meaning.month:g}"
    if meaning.visit:
        said += f" at visit {meaning.visit.lstrip('#')}"
    return said
