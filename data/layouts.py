"""From tables to blocks of cells with one meaning: long, wide, by visit, by sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from data import vocabulary as words
from data.body_rows import prepared
from data.columns import ColumnMap, map_columns
from data.contents import FLAGS
from data.event_tables import of_known_patients
from data.findings import Finding
from data.header_rows import paired_cells, tables_of
from data.headers import meaning_of
from data.identities import plain_name
from data.long_form import is_long_form, long_blocks, skips_zero
from data.meaning import Meaning
from data.namesakes import apart_namesakes
from data.numbers import read_number
from data.procedures import procedure_blocks
from data.questions import Question
from data.records import (
    DATED_FACTS,
    DAY_FACTS,
    HEIGHTS,
    MEASURES,
    TEXT_FACTS,
    Block,
    Field,
    When,
    kind_of_visit,
    rows_where,
)
from data.spirometry_rows import one_row_a_visit
from data.table import Sheet, Table, TextColumn
from data.times import says_before, visit_month, without_unit
from data.transplant_cells import marked_visits, split_dates, which_columns
from data.values import is_missing

_SHEET_FACTS: Final = ("patient", "transplant", "onset", "death", "sex", "age", "group", *HEIGHTS)


@dataclass(frozen=True, slots=True)
class Arranged:
    """All tables of all files, with what their columns mean and the blocks made of them."""

    tables: tuple[tuple[Table, ColumnMap], ...]
    blocks: tuple[Block, ...]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...] = ()


def arrange(
    sheets: Sequence[Sheet],
    given: Mapping[str, Mapping[str, str]] | None = None,
    answers: Mapping[str, str] | None = None,
) -> Arranged:
    """Find the tables of all sheets and cut them into blocks.

    Parameters
    ----------
    sheets
        Sheets of all files of one trial.
    given
        Roles that the user assigned: by "file / sheet", then by header.
    answers
        Answers to questions; ``ID_MERGE`` tells namesakes of two sites apart.
    """
    findings: list[Finding] = []
    visible = [sheet for sheet in sheets if not sheet.hidden] or list(sheets)
    tables = [table for sheet in visible for table in tables_of(sheet)]
    tables = [_with_phase(table) for table in tables]
    named = [(table, map_columns(table, _given(given or {}, table))) for table in tables]
    named = _with_sheet_patients(named, findings)
    named, questions, noted = apart_namesakes(named, answers or {})
    findings += noted
    unwanted, which = which_columns(named, (answers or {}).get("TRANSPLANT_COLUMNS"))
    questions += [which] if which is not None else []
    blocks: list[Block] = []
    kept: list[tuple[Table, ColumnMap]] = []
    for table, columns in named:
        table, left_out = prepared(table, columns)
        findings += left_out
        found = _blocks(table, columns, findings)
        blocks += [
            block
            for block in found
            if block.role != "transplant" or block.cells.header not in unwanted
        ]
        kept.append((table, columns))
    if not any(block.role.startswith(("transplant", "first_exposure")) for block in blocks):
        blocks += [b for table, columns in kept for b in marked_visits(table, columns)]
    blocks = of_known_patients(_of_known_patients(blocks, findings), findings)
    findings += [
        _unread(sheet.file, sheet.name, len(sheet), hidden=True)
        for sheet in sheets
        if sheet not in visible
    ]
    with_tables = {(table.file, table.sheet) for table in tables}
    findings += [
        _unread(sheet.file, sheet.name, len(sheet), hidden=False)
        for sheet in visible
        if (sheet.file, sheet.name) not in with_tables
    ]
    return Arranged(tuple(kept), tuple(blocks), tuple(findings), tuple(questions))


def _of_known_patients(blocks: Sequence[Block], findings: list[Finding]) -> list[Block]:
    """Leave out tables of facts that name no patient who has a visit: they are about others."""
    if len({id(block.cells.table) for block in blocks}) < 2:
        return list(blocks)
    columns = {b.patient.key: b.patient for b in blocks if b.role in MEASURES}
    written = frozenset(text for field in columns.values() for text in field.texts.used())
    known = frozenset(map(plain_name, written))
    tables = {id(b.cells.table): b.cells.table for b in blocks}
    of_visits = {id(b.cells.table) for b in blocks if b.role in MEASURES}
    strangers = set()
    for key, table in tables.items():
        mine = [b for b in blocks if id(b.cells.table) == key]
        if key in of_visits or any(frozenset(b.patient.texts.used()) & written for b in mine):
            continue
        if known and not any(_names(b) & known for b in mine):
            strangers.add(key)
            text = "No patient of this table has a visit in the others; it was not used."
            step = "If it belongs to this trial, write the patients as in the visits."
            findings.append(
                Finding("PATIENTS_UNMATCHED", "warning", text, step, table.file, table.sheet)
            )
    return [block for block in blocks if id(block.cells.table) not in strangers]


def _names(block: Block) -> frozenset[str]:
    return frozenset(map(plain_name, block.patient.texts.used()))


def _with_phase(table: Table) -> Table:
    """Add the name of a sheet or file that says "before" as a column of the phase."""
    name = table.sheet or re.sub(r"\.\w{2,5}$", "", table.file)
    if not says_before(name):
        return table
    column = TextColumn(np.zeros(len(table), dtype=np.int64), (name,))
    return replace(table, header=(*table.header, "sheet phase"), columns=(*table.columns, column))


def _given(given: Mapping[str, Mapping[str, str]], table: Table) -> Mapping[str, str]:
    """Return the roles that the user gave to columns of this table."""
    return {**given.get("", {}), **given.get(table_key(table), {})}


def table_key(table: Table) -> str:
    """Return the name under which a mapping of this table is kept."""
    return f"{table.file} / {table.sheet}" if table.sheet else table.file


def _unread(file: str, sheet: str, rows: int, *, hidden: bool) -> Finding:
    return Finding(
        "SHEET_NOT_USED",
        "warning" if hidden else "info",
        f"This {'hidden ' if hidden else ''}sheet ({rows} rows) was not read.",
        "If it holds visits, unhide it." if hidden else "It names no patient or no visit.",
        file=file,
        sheet=sheet,
    )


def _blocks(table: Table, columns: ColumnMap, findings: list[Finding]) -> list[Block]:
    if is_long_form(table, columns):
        who = columns.first("patient")
        facts = _facts(table, columns, who) if who is not None else []
        return [*long_blocks(table, columns, findings), *facts]
    patient = columns.first("patient")
    if patient is None:
        return []
    measures = one_row_a_visit(table, _measures(table, columns, patient), findings)
    found = [*measures, *_facts(table, columns, patient)]
    if not any(block.role in MEASURES for block in found):
        procedures = procedure_blocks(table, columns, patient)
        about = [block for block in found if block.role in TEXT_FACTS and procedures]
        found = [*procedures, *about] or found
    return found


def _measures(table: Table, columns: ColumnMap, patient: int) -> list[Block]:
    unit = columns.first("unit")
    test = columns.first("capacity_test")
    blocks = []
    for at, meaning in columns.measures.items():
        block = Block(
            role=meaning.role,
            cells=Field(table, at),
            patient=Field(table, patient),
            when=when_of(table, columns, meaning),
            item=meaning.item,
            trial=meaning.trial,
            factor=meaning.factor,
            unit=Field(table, unit) if unit is not None and _takes_unit(meaning) else None,
            sure=meaning.sure,
        )
        blocks += _by_test(block, test) if meaning.role.startswith("capacity") else [block]
    return blocks


def _takes_unit(meaning: Meaning) -> bool:
    """Whether a column of units speaks of this column: not if the header says per cent itself."""
    return meaning.role.endswith(("_unknown", "_litres"))


def _by_test(block: Block, test: int | None) -> list[Block]:
    """Split a capacity column by another that says which test was done (1 slow, 2 forced)."""
    if test is None:
        named = " ".join(words.plain_words(header) for header in block.cells.table.header)
        stem = "svc" if "slow vital" in named else "fvc" if "forced vital" in named else "vc"
        return [replace(block, role=block.role.replace("capacity", stem))]
    column = block.cells.table.columns[test]
    parts = []
    for stem, answers in (("svc", ("1", "1.0", "svc")), ("fvc", ("2", "2.0", "fvc"))):
        rows = rows_where(column.flagged(lambda text, a=answers: text.casefold() in a))  # type: ignore[misc]
        if len(rows):
            parts.append(replace(block.only(rows), role=block.role.replace("capacity", stem)))
    return parts


def when_of(table: Table, columns: ColumnMap, meaning: Meaning) -> When:
    """Return how the table says when the values of one column were taken."""
    if meaning.month is not None and meaning.role in MEASURES:
        return When(month=meaning.month, unit="month", clock="header")
    about = kind_of_visit(meaning.role)
    date = _best(columns.all("visit_date"), meaning.visit, about)
    times = columns.all("time")
    offset = _best(times, meaning.visit, about)
    label = columns.first("visit_label")
    clock, unit = "unknown", "day"
    if date is None and offset is None and label is None and not meaning.visit:
        month = visit_month(table.sheet or re.sub(r"\.\w{2,5}$", "", table.file))
        if month is not None:
            return When(month=month, unit="month", clock="header")
    if offset is not None:
        said = columns.meanings[offset]
        clock, unit = said.clock, said.unit
    return When(
        date=None if date is None else Field(table, date),
        offset=None if offset is None else Field(table, offset),
        clock=clock,
        unit=unit,
        label=None if label is None else Field(table, label),
        skips_zero=offset is not None and unit == "day" and _skips_zero(table, offset, clock),
        fallback=_fallback(table, times, offset),
        before=_before(table, date, offset),
    )


def _before(table: Table, date: int | None, offset: int | None) -> Field | None:
    """Return a column of phases, where some lie before the transplant and no time is negative."""
    if date is not None or offset is None:
        return None
    numbers = [read_number(without_unit(t)).value for t in table.columns[offset].used()]
    if any(n is not None and n < 0 for n in numbers):
        return None
    for at, column in enumerate(table.columns):
        texts = column.used()
        if at != offset and 0 < len(texts) <= 40 and any(map(says_before, texts)):
            return Field(table, at)
    return None


def _fallback(table: Table, times: Mapping[int, Meaning], first: int | None) -> When | None:
    """Return a second column of times on the clock of the first, if there is one."""
    if first is None:
        return None
    said = times[first]
    for at, meaning in times.items():
        alike = (meaning.clock, meaning.visit) == (said.clock, said.visit)
        if at != first and alike and meaning.about in ("", said.about):
            return When(offset=Field(table, at), clock=meaning.clock, unit=meaning.unit)
    return None


def _skips_zero(table: Table, at: int, clock: str) -> bool:
    header = words.plain_words(table.header[at])
    named = re.search(r"dy$|study ?day|day 1(?!\d)", header)
    if clock != "enrolment" and not named:
        return False
    return skips_zero(table, at)


def _best(candidates: Mapping[int, Meaning], visit: str, about: str) -> int | None:
    """Return the column of times for one visit and one kind of assessment."""
    same_visit = {at: m for at, m in candidates.items() if m.visit == visit}
    if visit and not same_visit:
        return None
    for wanted in (about, ""):
        found = [at for at, m in same_visit.items() if m.about == wanted]
        if found:
            return found[0]
    return next(iter(same_visit), None)


def _facts(table: Table, columns: ColumnMap, patient: int) -> list[Block]:
    roles = (*DATED_FACTS, *DAY_FACTS, *TEXT_FACTS, *HEIGHTS)
    unit = columns.first("height_unit")
    facts = [
        Block(
            meaning.role,
            Field(table, at),
            Field(table, patient),
            When(clock=meaning.clock, unit=meaning.unit or "day"),
            unit=Field(table, unit) if unit is not None and meaning.role in HEIGHTS else None,
        )
        for at, meaning in columns.meanings.items()
        if meaning.role in roles
    ]
    marks = {
        at for at, m in columns.meanings.items() if m.role == "transplant" and _is_flag(table, at)
    }
    facts = [block for block in facts if block.cells.position not in marks]
    return [b for f in facts for b in (split_dates(f) if f.role == "transplant" else [f])]


def _is_flag(table: Table, at: int) -> bool:
    """Whether a column named after the transplant holds words such as yes and no."""
    texts = [text for text in table.columns[at].used() if not is_missing(text)]
    return bool(texts) and all(text.casefold() in FLAGS for text in texts)


def _with_sheet_patients(
    named: Sequence[tuple[Table, ColumnMap]], findings: list[Finding]
) -> list[tuple[Table, ColumnMap]]:
    """Add the patient to tables that hold one patient each, from above the table or its name."""
    nameless = [
        (table, columns)
        for table, columns in named
        if columns.first("patient") is None and columns.measures and columns.timed and len(table)
    ]
    names = {table.sheet for table, _ in nameless if table.sheet}
    by_sheet = len(names) >= 2 and not any(_names_measure(name) for name in names)
    result = []
    for table, columns in named:
        if not any(table is other for other, _ in nameless):
            result.append((table, columns))
            continue
        facts = _facts_above(table)
        if "patient" not in facts and by_sheet and table.sheet:
            facts["patient"] = ("sheet name", table.sheet)
        if "patient" not in facts:
            result.append((table, columns))
            continue
        table = _with_constants(table, facts)
        result.append((table, map_columns(table)))
        if facts["patient"][0] == "sheet name":
            text = "The name of the sheet was taken as the patient."
            findings.append(
                Finding("PATIENT_FROM_SHEET", "info", text, "", table.file, table.sheet)
            )
    return result


def _names_measure(name: str) -> bool:
    """Whether the name of a sheet is that of a score: then it is no patient's."""
    meaning = meaning_of(name)
    return meaning is not None and meaning.sure and meaning.role in MEASURES


def _facts_above(table: Table) -> dict[str, tuple[str, str]]:
    """Return the facts that stand as label and value above a table: role → (label, value)."""
    facts: dict[str, tuple[str, str]] = {}
    for label, value in paired_cells(table.above):
        meaning = meaning_of(label, dates=False, numbers=True)
        if meaning is not None and meaning.role in _SHEET_FACTS and meaning.role not in facts:
            facts[meaning.role] = (label, value)
    return facts


def _with_constants(table: Table, facts: Mapping[str, tuple[str, str]]) -> Table:
    """Add a column with the same text in every row for each fact."""
    header, columns = list(table.header), list(table.columns)
    zeros = np.zeros(len(table), dtype=np.int64)
    for role, (label, value) in facts.items():
        header.append("patient" if role == "patient" else label)
        columns.append(TextColumn(zeros, (value,)))
    return replace(table, header=tuple(header), columns=tuple(columns))
