"""Tables with one row a value: SDTM and ADaM, and any table of patient, name and value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from data import vocabulary as words
from data.body_rows import drop_imputed
from data.columns import ColumnMap
from data.findings import Finding, Severity
from data.headers import meaning_of
from data.meaning import Meaning
from data.numbers import decimal_comma, read_number
from data.records import MEASURES, Block, Field, When, rows_where
from data.table import IntArray, Table
from data.times import without_day_zero

_DOMAINS: Final = ("qs", "rs", "ft", "re")
_NAMES: Final = re.compile(
    r"param(?:eter)?|paramcd|variable|variable name|measure|measurement|test|test name|feature"
    r"|feature name|name|item|question|endpoint|outcome|outcome measure|attribute|analyte|scale"
    r"|field|field name|assessment|observation|obs type|messgrosse|merkmal|variable label"
    r"|پارامتر|متغیر|شاخص"
)
_VALUES: Final = re.compile(
    r"value|values|val|result|results|score|feature value|aval|wert|response|answer|reading"
    r"|obs value|num value|valeur|valor|مقدار|نتیجه"
)
_CATEGORIES: Final = re.compile(
    r"category|cat|form|form name|instrument|questionnaire|parcat1|parcat|scale|panel"
)
_UNITS: Final = re.compile(r"units?|feature unit|avalu|einheit|واحد|unit of measure")
_OFFSETS: Final = re.compile(r"feature delta|delta|form delta")
_ALSFRS_CODE: Final = re.compile(r"als ?f(?:rs?|unct)")
_NOT_DONE: Final = re.compile(r"no|0|none|planned|not done|cancel\w*|postponed|nein", re.I)
_CODE_NUMBER: Final = re.compile(r"(\d{2})([ab]?)$")


@dataclass(frozen=True, slots=True)
class _Parts:
    """Positions of the columns of one table with one row a value."""

    patient: int
    names: tuple[int, ...]
    value: int
    category: int | None
    unit: int | None
    when: When
    status: int | None
    imputed: int | None


def is_long_form(table: Table, columns: ColumnMap) -> bool:
    """Whether each row of the table names what its value is."""
    return _parts(table, columns) is not None


def long_blocks(table: Table, columns: ColumnMap, findings: list[Finding]) -> list[Block]:
    """Return one block for each kind of value that the rows name."""
    parts = _parts(table, columns)
    if parts is None:
        return []
    rows = np.arange(len(table), dtype=np.int64)
    if parts.imputed is not None:
        rows = _measured_rows(table, parts.imputed, findings)
    if parts.status is not None:
        rows = rows[~table.columns[parts.status].at(rows).flagged(_says_not_done)]
    blocks, unknown = [], []
    for name, meaning, at in _kinds(table, parts, rows):
        if meaning is None or meaning.role not in MEASURES:
            day = _transplants(name, table, parts, at)
            blocks += day
            unknown += [] if day else [name]
            continue
        whole = Block(
            role=meaning.role,
            cells=Field(table, parts.value),
            patient=Field(table, parts.patient),
            when=parts.when,
            item=meaning.item,
            trial=meaning.trial,
            factor=meaning.factor,
            unit=None if parts.unit is None else Field(table, parts.unit),
            sure=meaning.sure,
        )
        blocks.append(whole.only(at))
    if unknown:
        shown = ", ".join(f"“{name}”" for name in sorted(set(unknown))[:8])
        more = f" and {len(set(unknown)) - 8} more" if len(set(unknown)) > 8 else ""
        text = f"Kinds of values that were not used: {shown}{more}."
        sounds = any(words.SOUNDS_MEASURED.search(words.plain_words(name)) for name in unknown)
        level: Severity = "warning" if sounds else "info"
        step = "Rename them in the file." if sounds else "Nothing needs to be done."
        findings.append(Finding("UNUSED_ROWS", level, text, step, table.file, table.sheet))
    return blocks


def _transplants(name: str, table: Table, parts: _Parts, rows: IntArray) -> list[Block]:
    """Return the transplant, dated or on the table's clock, where rows name one."""
    plain = words.plain_words(name)
    named = re.search(r"treatment group|study arm", plain) or words.TRANSPLANT.search(plain)
    if not named or words.NOT_TRANSPLANT.search(plain):
        return []
    done = table.columns[parts.value].flagged(lambda text: not _NOT_DONE.fullmatch(text))
    rows = rows[done[rows]]
    when = parts.when
    patient = Field(table, parts.patient)
    if when.date is not None:
        return [Block("transplant", Field(table, when.date.position), patient).only(rows)]
    if when.offset is None:
        return []
    clock = When(clock=when.clock, unit=when.unit)
    return [Block("transplant_day", Field(table, when.offset.position), patient, clock).only(rows)]


def _says_not_done(text: str) -> bool:
    """Whether the status of a record says that there was no measurement."""
    return text.casefold().strip() in ("not done", "nd", "missed", "not performed")


def _measured_rows(table: Table, at: int, findings: list[Finding]) -> IntArray:
    kept = drop_imputed(table, at, findings)
    return rows_where(np.isin(table.row_numbers, kept.row_numbers))


def _kinds(
    table: Table, parts: _Parts, rows: IntArray
) -> list[tuple[str, Meaning | None, IntArray]]:
    """Return every kind of value: its name, its meaning, and its rows."""
    keys = [*parts.names, *([parts.category] if parts.category is not None else [])]
    combined = np.zeros(len(rows), dtype=np.int64)
    for at in keys:
        column = table.columns[at]
        combined = combined * (len(column.texts) + 1) + column.codes[rows]
    distinct, first, which = np.unique(combined, return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    cuts = np.searchsorted(which[order], np.arange(len(distinct) + 1))
    kinds = []
    for i in range(len(distinct)):
        row = int(rows[first[i]])
        names = [table.columns[at][row] for at in parts.names]
        category = "" if parts.category is None else table.columns[parts.category][row]
        mine = np.sort(rows[order[cuts[i] : cuts[i + 1]]])
        kinds.append((" ".join(dict.fromkeys(names)), _meaning(names, category), mine))
    return kinds


def _meaning(names: Sequence[str], category: str) -> Meaning | None:
    """Return what the code, the text and the category of a value say together."""
    plain = [words.plain_words(name) for name in names]
    said = " ".join([*plain, words.plain_words(category)])
    if _ALSFRS_CODE.search(said):
        return _scored(plain, said)
    for name in names:
        meaning = meaning_of(name)
        if meaning is not None and meaning.role in MEASURES and not meaning.placed:
            if meaning.role.endswith("_unknown"):
                other = [m for n in names if (m := meaning_of(n)) is not None and m is not meaning]
                stem = meaning.role.split("_")[0]
                better = [
                    m
                    for m in other
                    if m.role.split("_")[0] == stem and not m.role.endswith("_unknown")
                ]
                return better[0] if better else meaning
            return meaning
    return None


def _scored(plain: Sequence[str], said: str) -> Meaning | None:
    """Return the total or the item of the ALSFRS-R that a test names."""
    plain = [re.sub(r"(?<!\d)(?:0 )?(?:48|40)$", "", name).strip() for name in plain]
    revised = bool(re.search(r"als ?frs ?r(?:ev|evised)?(?![a-z])|alsfrsr|revised", said))
    text = " ".join(plain)
    if words.DERIVED.search(re.sub(r"(?<![a-z])(?:category|form|class)(?![a-z])", " ", text)):
        return None
    role = "alsfrs_r" if revised else "alsfrs"
    if re.search(r"(?<![a-z])(?:total|sum|tot|overall)(?![a-z])", text):
        subscore = words.subscore_in(text)
        return Meaning(subscore) if subscore else Meaning(role)
    if (item := words.item_in(re.sub(r"als ?frs? ?r?\d?", " ", text).strip())) is not None:
        return Meaning("item", item=item)
    if (subscore := words.subscore_in(text)) is not None:
        return Meaning(subscore)
    for name in plain:
        if match := _CODE_NUMBER.search(name.replace(" ", "")):
            number = int(match[1])
            if 1 <= number <= 12:
                return Meaning("item", item=f"{number}{match[2]}")
            return Meaning(role) if number == 13 else None
    for name in plain:
        meaning = meaning_of(name)
        if meaning is not None and meaning.role in MEASURES and not meaning.number:
            return Meaning(role) if meaning.role.startswith("alsfrs") else meaning
        if meaning is not None and meaning.number:
            return Meaning("item", item=meaning.number.lstrip("q"))
    return None


def _parts(table: Table, columns: ColumnMap) -> _Parts | None:
    plain = [words.plain_words(header) for header in table.header]
    patient = columns.first("patient")
    if patient is None:
        return None
    for domain in _DOMAINS:
        if f"{domain}testcd" in plain:
            return _sdtm(table, plain, domain, patient)
    if "aval" in plain and ("paramcd" in plain or "param" in plain):
        return _adam(table, plain, patient)
    return _generic(table, columns, plain, patient)


def _position(plain: Sequence[str], *names: str) -> int | None:
    return next((plain.index(name) for name in names if name in plain), None)


def _filled_position(table: Table, plain: Sequence[str], *names: str) -> int | None:
    """Return the first of these columns that holds anything."""
    for name in names:
        if name in plain and table.columns[plain.index(name)].used():
            return plain.index(name)
    return None


def _sdtm(table: Table, plain: Sequence[str], domain: str, patient: int) -> _Parts | None:
    numeric = _filled_position(table, plain, f"{domain}stresn")
    original = _filled_position(table, plain, f"{domain}orres", f"{domain}stresc")
    value = numeric if numeric is not None else original
    if value is None:
        return None
    unit = f"{domain}stresu" if numeric is not None else f"{domain}orresu"
    names = [at for n in ("testcd", "test") if (at := _position(plain, domain + n)) is not None]
    when = When(
        date=_field(table, _filled_position(table, plain, f"{domain}dtc")),
        offset=_field(table, day := _filled_position(table, plain, f"{domain}dy")),
        clock="enrolment",
        unit="day",
        skips_zero=day is not None,
    )
    return _Parts(
        patient,
        tuple(names),
        value,
        _position(plain, f"{domain}cat"),
        _filled_position(table, plain, unit),
        when,
        _filled_position(table, plain, f"{domain}stat"),
        None,
    )


def _adam(table: Table, plain: Sequence[str], patient: int) -> _Parts:
    names = [at for n in ("paramcd", "param") if (at := _position(plain, n)) is not None]
    day = _filled_position(table, plain, "ady")
    when = When(
        date=_field(table, _filled_position(table, plain, "adt", "adtm", "adtc")),
        offset=_field(table, day),
        clock="treatment",
        unit="day",
        skips_zero=day is not None,
    )
    return _Parts(
        patient,
        tuple(names),
        plain.index("aval"),
        _position(plain, "parcat1", "parcat"),
        _filled_position(table, plain, "avalu"),
        when,
        None,
        _position(plain, "dtype"),
    )


def _field(table: Table, at: int | None) -> Field | None:
    return None if at is None else Field(table, at)


def _generic(table: Table, columns: ColumnMap, plain: Sequence[str], patient: int) -> _Parts | None:
    if any(m.role in ("alsfrs_r", "fvc", "fvc_litres") for m in columns.measures.values()):
        return None
    values = [at for at, text in enumerate(plain) if _VALUES.fullmatch(text) and at != patient]
    values = [at for at in values if _has_numbers(table, at)]
    names = [
        at
        for at, text in enumerate(plain)
        if at not in (patient, *values) and (_NAMES.fullmatch(text) or _CATEGORIES.fullmatch(text))
    ]
    named = [at for at in names if _names_measures(table, at)]
    if not values or not named:
        return None
    others = [
        at for at, text in enumerate(plain) if _CATEGORIES.fullmatch(text) and at not in named
    ]
    date = columns.first("visit_date")
    offset = columns.first("time")
    clock, unit = "unknown", "day"
    if offset is not None:
        clock, unit = columns.meanings[offset].clock, columns.meanings[offset].unit
    else:
        offset = next((at for at, text in enumerate(plain) if _OFFSETS.fullmatch(text)), None)
        clock = "enrolment" if offset is not None else clock
    return _Parts(
        patient,
        tuple(named),
        values[0],
        others[0] if others else None,
        next((at for at, text in enumerate(plain) if _UNITS.fullmatch(text)), None),
        When(
            _field(table, date),
            _field(table, offset),
            clock,
            unit,
            _field(table, columns.first("visit_label")),
            skips_zero=offset is not None
            and (clock, unit) == ("enrolment", "day")
            and skips_zero(table, offset),
        ),
        None,
        columns.first("imputed"),
    )


def skips_zero(table: Table, at: int) -> bool:
    """Whether the days of a column are counted without a day 0."""
    numbers = [n for text in table.columns[at].used() if (n := read_number(text).value) is not None]
    return without_day_zero(np.asarray(numbers, dtype=np.float64))


def _has_numbers(table: Table, at: int) -> bool:
    texts = table.columns[at].used()[:200]
    comma = bool(decimal_comma(texts))
    return any(read_number(text, decimal_comma=comma).value is not None for text in texts)


def _names_measures(table: Table, at: int) -> bool:
    """Whether the texts of a column name values that ALSlope reads."""
    for text in table.columns[at].used()[:200]:
        meaning = _meaning([text], "")
        if meaning is not None and (meaning.sure or meaning.role == "item"):
            return True
    return False
