"""Columns that identify people, found by header words and by value patterns.

Nothing here returns or keeps the text of a cell: only positions, kinds and counts leave.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from statistics import median
from typing import Final, Literal

import numpy as np

from data.dates import survey
from data.files import UploadedFile
from data.findings import Finding
from data.privacy_patterns import (
    CHECKED,
    DECIMAL,
    EMAIL,
    LETTER,
    LIKE_CODES,
    LOCAL_PHONE,
    PHONE,
    REACHED,
    SALUTED,
    SSN,
    TEN_DIGITS,
    TESTS,
    URL,
    ValueTest,
    is_fiscal,
    is_national,
    year_of,
)
from data.privacy_words import (
    KNOWN,
    NOTES,
    PARTICLES,
    THINGS,
    folded,
    header_kind,
    plain_words,
    words_of,
)
from data.table import Table, TextColumn
from data.values import clean, is_missing

FREE_TEXT: Final = "free text"
MOST_SHOWN_HEADER: Final = 60
_AGES: Final = (15, 100)
_YEAR_WITHOUT_OTHER_DATES: Final = 2015
"""Taken for the file's latest year where a table has only one column of dates."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A column that identifies people.

    Parameters
    ----------
    position
        Position of the column in its table, from 0.
    kind
        What it holds, in plain words: "name", "date of birth", "phone", "free text" ...
    by
        Whether its header says so or its values. For free text, "values" means that personal
        details were seen, "header" that it is prose, which may name people.
    cells
        How many cells hold such a text.
    """

    position: int
    kind: str
    by: Literal["header", "values"]
    cells: int


def identifiers(table: Table, mapped: Collection[int]) -> tuple[Identifier, ...]:
    """Return the columns that identify people.

    Parameters
    ----------
    table
        The table; only its header, labels and distinct texts are looked at.
    mapped
        Positions of the columns that the trial is read from. They are reported only for what
        names a person outright: names, e-mail addresses, and numbers that are valid national
        numbers or that the header calls a national, record or insurance number.
    """
    years = [_median_year(column) for column in table.columns]
    found = []
    for position, column in enumerate(table.columns):
        filled = _filled(column)
        if not filled:
            continue
        others = [year for at, year in enumerate(years) if year is not None and at != position]
        latest = max(others, default=_YEAR_WITHOUT_OTHER_DATES)
        header = table.header[position] if position < len(table.header) else ""
        names = (header, table.label(position))
        hit = (
            _in_mapped(names, filled)
            if position in mapped
            else _by_header(names, filled) or _by_values(names, filled, latest)
        )
        if hit:
            found.append(Identifier(position, *hit))
    return tuple(found)


Hit = tuple[str, Literal["header", "values"], int]
Filled = dict[str, int]
_IN_MAPPED: Final = frozenset(("national number", "record number", "insurance number"))


def _filled(column: TextColumn) -> Filled:
    """Return in how many rows each distinct text stands, without missing codes."""
    counts = np.bincount(column.codes, minlength=len(column.texts)).tolist()
    return {
        text: count
        for text, count in zip(column.texts, counts, strict=True)
        if count and not is_missing(text)
    }


def _in_mapped(names: Sequence[str], filled: Filled) -> Hit | None:
    words = set(plain_words(" ".join(names)).split())
    kind = next((k for k in map(header_kind, names) if k in _IN_MAPPED), None)
    if kind:
        return kind, "header", sum(filled.values())
    people = {text: count for text, count in filled.items() if looks_like_person(text)}
    if not words & (THINGS - words_of("code کد")) and len(people) >= 0.6 * len(filled):
        return "name", "values", sum(people.values())
    return _pattern(filled, [test for test in TESTS if test[0] == "e-mail" or test[1] in CHECKED])


def _by_header(names: Sequence[str], filled: Filled) -> Hit | None:
    kind = next((k for k in map(header_kind, names) if k), None)
    if kind == "staff":
        # "Rater" can be a code; only names of people count, unless the header says "name".
        people = sum(
            n for text, n in filled.items() if SALUTED.search(text) or looks_like_person(text)
        )
        return ("staff name", "header", people) if people * 2 >= sum(filled.values()) else None
    if kind == "name" and not any(_could_be_name(text) for text in filled):
        return None
    return (kind, "header", sum(filled.values())) if kind else None


def _by_values(names: Sequence[str], filled: Filled, latest: float) -> Hit | None:
    words = set(plain_words(" ".join(names)).split())
    numbered = bool(words & {"id", "subject", "patient", "participant", "sample", "barcode"})
    tests = [test for test in TESTS if not (numbered and test[1] in LIKE_CODES)]
    cells = sum(filled.values())
    if words & NOTES:
        return _free_text(filled, prose=True)
    if hit := _pattern(filled, tests):
        return hit
    births = sum(
        count
        for text, count in filled.items()
        if (year := year_of(text)) and _AGES[0] <= latest - year <= _AGES[1]
    )
    if births >= 0.9 * cells:
        return "date of birth", "values", births
    return _free_text(filled, prose=False)


def _pattern(filled: Filled, tests: Sequence[ValueTest]) -> Hit | None:
    cells = sum(filled.values())
    # Most texts of a trial are too short for a pattern, or are measured values, or prose.
    long = [t for t in filled if len(t) >= 8 and t.count(" ") < 6 and not DECIMAL.fullmatch(t)]
    for kind, test, share, fewest in tests:
        hits = [text for text in long if test(text)]
        marked = sum(filled[text] for text in hits)
        if len(hits) >= fewest and marked >= share * cells:
            return kind, "values", marked
    return None


def _free_text(filled: Filled, *, prose: bool) -> Hit | None:
    if cells := sum(count for text, count in filled.items() if _has_details(text)):
        return FREE_TEXT, "values", cells
    written = sum(n for text, n in filled.items() if text[0] not in "=+-@" and _is_prose(text))
    return (FREE_TEXT, "header", written) if prose and written else None


def _is_prose(text: str) -> bool:
    return sum(word[0].isalpha() for word in text.split()) >= 3


def _has_details(text: str) -> bool:
    """Whether a text written by hand names, or tells how to reach, a person."""
    if len(text) < 5 or text[0] == "=" or not LETTER.search(text):
        return False
    if REACHED.search(text):
        if any(pattern.search(text) for pattern in (EMAIL, PHONE, LOCAL_PHONE, URL)):
            return True
        if any(is_national(number) for number in TEN_DIGITS.findall(text)):
            return True
    return any(folded("".join(names)) not in KNOWN for names in SALUTED.findall(text))


def names_somebody(text: str) -> bool:
    """Whether a text written by hand names, or tells how to reach, a person."""
    return _has_details(text)


def _could_be_name(text: str) -> bool:
    """Whether a cell below "Name" can be a person's: measures and codes stand there, too."""
    letters = any(letter.isalpha() for letter in text)
    digits = any(letter.isdigit() for letter in text)
    return letters and not digits and not set(plain_words(text).split()) & THINGS


def looks_like_person(text: str) -> bool:
    """Whether a short text is written like a person's name: "Alice Rossi", "Rossi, Alice".

    Two to four words of letters, none of them a word of studies, forms or tables. Meant for
    patient columns and for names of sheets.
    """
    text = clean(text)
    if not 5 <= len(text) <= MOST_SHOWN_HEADER:
        return False
    if SALUTED.search(text) and _has_details(text):
        return True
    tokens = [t for t in re.split(r"[\s,_]+", text.strip(" .,_")) if t.casefold() not in PARTICLES]
    full = [token for token in tokens if len(token.rstrip(".")) > 1]
    return (
        2 <= len(full) <= len(tokens) <= 4
        and all(_is_name_word(token) for token in full)
        and all(token[0].isupper() for token in tokens if token not in full)
        and not any(word in KNOWN for token in full for word in plain_words(token).split())
    )


def _is_name_word(token: str) -> bool:
    letters = token.replace("-", "").replace("'", "").replace("’", "")
    if not letters.isalpha():
        return False
    # Scripts without capitals have nothing to show but their letters.
    without_case = letters.upper() == letters.lower()
    shouted = letters.isupper() and len(letters) >= 4
    return without_case or shouted or (token[0].isupper() and letters[1:] != letters[1:].upper())


def _median_year(column: TextColumn) -> float | None:
    """Return the middle year of a column of dates; one wrong date does not move it."""
    filled = _filled(column)
    years = [year for text in filled if (year := year_of(text))]
    return median(years) if years and len(years) >= 0.8 * len(filled) else None


def privacy_findings(
    table: Table, found: Sequence[Identifier], mapped: Collection[int] = ()
) -> tuple[Finding, ...]:
    """Say which columns identify people, without any text of their cells.

    Parameters
    ----------
    table
        The table.
    found
        What `identifiers` returned for it.
    mapped
        The columns that the trial is read from: what identifies people there was read.
    """
    file = safe_file_name(table.file)
    sheet = (
        "" if file_name_identifiers(table.sheet) or looks_like_person(table.sheet) else table.sheet
    )
    groups = (
        ("PHI_COLUMNS", [i for i in found if i.kind != FREE_TEXT and i.position not in mapped]),
        ("PHI_COLUMNS", [i for i in found if i.position in mapped]),
        ("PHI_FREE_TEXT", [i for i in found if i.kind == FREE_TEXT and i.position not in mapped]),
    )
    findings = []
    for code, columns in groups:
        if not columns:
            continue
        used = columns[0].position in mapped
        verb = "identifies people" if len(columns) == 1 else "identify people"
        if code == "PHI_FREE_TEXT":
            verb = "may tell who the patients are"
        what = "; ".join(f"{shown_header(table, i.position)} ({_described(i)})" for i in columns)
        step = (
            "It is used as it stands: replace it by study numbers before you share results."
            if used
            else "They were not read and are not part of the trial."
        )
        start = "1 column" if len(columns) == 1 else f"{len(columns)} columns"
        findings.append(
            Finding(code, "warning", f"{start} {verb}: {what}.", step, file=file, sheet=sheet)
        )
    return tuple(findings)


def _described(found: Identifier) -> str:
    cells = "1 cell" if found.cells == 1 else f"{found.cells} cells"
    if found.kind != FREE_TEXT:
        return f"{found.kind}, {cells}"
    return f"{cells} with personal details" if found.by == "values" else f"{cells} of prose"


def shown_header(table: Table, position: int) -> str:
    """Return a header, or the number of its column where the header may itself name someone."""
    header = table.header[position] if position < len(table.header) else ""
    tokens = re.split(r"[\s_,/]+", clean(header))
    pairs = (f"{first} {second}" for first, second in pairwise(tokens))
    if (
        not header
        or table.header.count(header) > 1
        or len(header) > MOST_SHOWN_HEADER
        or _has_details(header)
        or survey([clean(header)]).n_dates > 0
        or _pattern({clean(header): 1}, [test for test in TESTS if test[1] not in CHECKED])
        or is_national(clean(header))
        or any(looks_like_person(pair) for pair in pairs)
    ):
        return f"column {position + 1}"
    return f"“{header}”"


def file_name_identifiers(name: str) -> str | None:
    """Return what kind of identifier the name of a file holds, or ``None``.

    A name of a person counts only together with a date or after "Mr", "Frau" and the like: many
    files are called by two words.
    """
    stem = clean(PurePath(name).stem if PurePath(name).suffix[1:].isalpha() else name)
    spaced = stem.replace("_", " ")
    if EMAIL.search(stem):
        return "e-mail"
    if PHONE.search(spaced):
        return "phone"
    parts = spaced.split()
    if any(is_fiscal(part) or SSN.fullmatch(part) for part in parts):
        return "national number"
    # Ten digits that begin with a date are the time of an export.
    numbers = TEN_DIGITS.findall(spaced)
    if any(is_national(n) and not re.match(r"(19|20)\d\d[01]\d", n) for n in numbers):
        return "national number"
    if SALUTED.search(spaced) and _has_details(spaced):
        return "name"
    rest = re.sub(
        r"\d{4}[-. ]?\d{2}[-. ]?\d{2}|\d{1,2}[-. ]\d{1,2}[-. ]\d{4}|\b\d{4}\b", "", spaced
    )
    return "name" if rest != spaced and looks_like_person(rest.strip(" -.,()")) else None


def safe_file_name(name: str) -> str:
    """Return the name of a file, or "file" with its ending where the name identifies a person."""
    ending = PurePath(name).suffix
    safe = ending if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", ending) else ""
    return f"file{safe}" if file_name_identifiers(name) else name


def under_safe_names(files: Sequence[UploadedFile]) -> list[UploadedFile]:
    """Return the files under names that identify nobody and differ from each other."""
    taken: set[str] = set()
    result = []
    for file in files:
        name = safe = safe_file_name(file.name)
        at = 2
        while name in taken:
            path = PurePath(safe)
            name, at = f"{path.stem} ({at}){path.suffix}", at + 1
        taken.add(name)
        result.append(UploadedFile(name, file.content))
    return result
