"""The library of published results: the bundled one, and rows that a user adds."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from data.published_values import (
    CHANGE_UNITS,
    MEASURED,
    PERIODS,
    RESPONDER_COLUMNS,
    SLOPE_COLUMNS,
    Library,
    Printed,
    PublishedResponders,
    PublishedSlope,
    RuleKind,
    Source,
)

FILES: Final = ("published_slopes.csv", "published_responders.csv")
MOST_BYTES: Final = 200_000
MOST_ROWS: Final = 200
LONGEST: Final = 300
MOST_PATIENTS: Final = 100_000
LARGEST: Final = 1_000.0
"""No slope of these endpoints comes near it, in any unit."""

_NUMBERS: Final = {
    "pre_mean": (-LARGEST, LARGEST),
    "pre_sd": (0.0, LARGEST),
    "post_mean": (-LARGEST, LARGEST),
    "post_sd": (0.0, LARGEST),
    "change_mean": (-LARGEST, LARGEST),
    "change_sd": (0.0, LARGEST),
    "pre_months": (0.1, 240.0),
    "post_months": (0.1, 240.0),
}
_NUMBER: Final = re.compile(r"-?(\d+(\.\d*)?|\.\d+)")
_WHOLE: Final = re.compile(r"\d{1,7}")
_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+")
_P: Final = re.compile(r"([<>]?)(\d*\.?\d+(?:[eE]-?\d{1,3})?)")
_DOI: Final = re.compile(r"10\.\d{4,9}/[-._;()/:A-Za-z0-9<>+]{1,120}")
_RULE: Final = re.compile(
    r"(?:slope improvement )?(?:>=|≥) ?(\d{1,4}(?:\.\d{1,4})?) ?(%|points/month)"
)
_FORMULA_MARK: Final = re.compile(r"'(?=[ \"';,]*[=+\-@\t\r\x00\uff1d\uff0b\uff0d\uff20])")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one cell.

    Parameters
    ----------
    row
        Line of the file, 1 the first; 0 for what concerns the whole file or a form.
    column, value
        Where, and what stands there (cut, if long).
    what
        What is wrong and what to do.
    """

    row: int
    column: str
    value: str
    what: str

    def __str__(self) -> str:
        where = f"line {self.row}, " if self.row else ""
        column = f"column {self.column}" if self.column else "the file"
        shown = self.value if len(self.value) <= _SHOWN else f"{self.value[:_SHOWN]}…"
        value = f" “{shown}”" if self.value else ""
        text = f"{where}{column}{value}: {self.what}"
        return text[0].upper() + text[1:]


class PublishedProblem(ValueError):
    """The bundled library is broken; the message names file, line and column."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows that were read, or why none was.

    Parameters
    ----------
    library
        The rows; empty if there is any problem.
    problems
        Everything that is wrong.
    """

    library: Library
    problems: tuple[RowProblem, ...] = ()


@cache
def load_library() -> Library:
    """Return the bundled library.

    Raises
    ------
    PublishedProblem
        If a file is damaged; the message names file, line and column.
    """
    library = Library()
    for name in FILES:
        parsed = _parsed((Path(__file__).parent / name).read_text(encoding="utf-8"), added=False)
        if parsed.problems:
            raise PublishedProblem(f"{name}: {'; '.join(map(str, parsed.problems))}")
        library = library.with_rows(parsed.library)
    return library


def parse_rows(content: str | bytes | Mapping[str, str], file_name: str = "") -> Parsed:
    """Read rows that a user adds: a CSV file in the columns of the library, or one filled form.

    Nothing is added unless everything can be read.

    Parameters
    ----------
    content
        Text or bytes of the file, separated by comma, semicolon or tab; or the cells of one row by
        column. A file with a column ``rule`` holds shares of responders, any other changes of
        slopes.
    file_name
        Name of the file, for the ending that says what it is.
    """
    if isinstance(content, Mapping):
        return _together([_row(0, dict(content), added=True)])
    if file_name and not file_name.lower().endswith((".csv", ".txt", ".tsv")):
        return _refused(f"“{file_name[-_SHOWN:]}” is not a CSV file. Save the table as CSV.")
    if len(content) > MOST_BYTES:
        return _refused(f"larger than {MOST_BYTES // 1000} kB. Keep the rows that are to be added.")
    if isinstance(content, bytes):
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return _refused("not in UTF-8. Save it as “CSV UTF-8”.")
    return _parsed(content.removeprefix("\ufeff"), added=True)


def _refused(what: str) -> Parsed:
    return Parsed(Library(), (RowProblem(0, "", "", what),))


def _parsed(text: str, *, added: bool) -> Parsed:
    lines = text.splitlines()
    first = next((k for k, line in enumerate(lines) if line.strip() and line[0] != "#"), None)
    if first is None:
        return _refused("empty. Its first line holds the names of the columns.")
    head = lines[first]
    separator = max(",;\t", key=head.count)
    try:
        table = list(csv.reader(io.StringIO("\n".join(lines[first:])), delimiter=separator))
    except csv.Error as error:
        return _refused(f"not readable as CSV ({error}). Save it again as CSV.")
    header = [name.strip().lower() for name in table[0]]
    known = RESPONDER_COLUMNS if "rule" in header else SLOPE_COLUMNS
    problems = _header_problems(header, known, first + 1)
    if problems:
        return Parsed(Library(), problems)
    found: list[Library | list[RowProblem]] = []
    for at, cells in enumerate(table[1:], start=first + 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            what = (
                f"{len(cells)} cells under {len(header)} columns. Put text with commas in quotes."
            )
            found.append([RowProblem(at, "", "", what)])
            continue
        found.append(_row(at, dict(zip(header, cells, strict=False)), added=added))
        if len(found) > MOST_ROWS:
            return _refused(f"more than {MOST_ROWS} rows. Keep the ones that are to be added.")
    return _together(found) if found else _refused("no row under the names of the columns.")


def _header_problems(
    header: list[str], known: tuple[str, ...], line: int
) -> tuple[RowProblem, ...]:
    problems = []
    for name in (
        "study",
        "year",
        "treated",
        "endpoint",
        "responders" if "rule" in header else "unit",
    ):
        if name not in header:
            problems.append(RowProblem(line, name, "", "missing. Start from the template."))
    for name in header:
        if name and name not in known:
            what = f"not a column of the library. Known: {', '.join(known)}."
            problems.append(RowProblem(line, "name", name, what))
        elif name and header.count(name) > 1:
            problems.append(RowProblem(line, name, "", "there twice. Keep one."))
    return tuple(dict.fromkeys(problems))


def _together(found: list[Library | list[RowProblem]]) -> Parsed:
    problems = tuple(p for one in found if isinstance(one, list) for p in one)
    library = Library()
    if not problems:
        for one in found:
            if isinstance(one, Library):
                library = library.with_rows(one)
    return Parsed(library, problems)


def _row(at: int, cells: dict[str, str], *, added: bool) -> Library | list[RowProblem]:
    """Return one row as a library of its own, or its problems."""
    reader = _Cells(at, cells)
    row: PublishedSlope | PublishedResponders | None
    row = reader.responders(added) if "rule" in cells else reader.slope(added)
    if reader.problems or row is None:
        return reader.problems
    return Library((row,), ()) if isinstance(row, PublishedSlope) else Library((), (row,))


class _Cells:
    """The cells of one row on their way to values; collects what is wrong."""

    def __init__(self, at: int, cells: dict[str, str]) -> None:
        self._at = at
        self._cells = {name: _clean(cell) for name, cell in cells.items() if name}
        self.problems: list[RowProblem] = []
        for name, cell in self._cells.items():
            if len(cell) > LONGEST:
                self._wrong(name, cell, f"longer than {LONGEST} characters. Shorten it.")
            elif _CONTROL.search(cell):
                self._wrong(name, "", "holds control characters. Type it anew.")

    def slope(self, added: bool) -> PublishedSlope | None:
        source = self._source(added)
        unit = self._unit()
        numbers = {name: self._number(name, *ends) for name, ends in _NUMBERS.items()}
        p = self._p()
        if not numbers["change_mean"].known and not (
            numbers["pre_mean"].known and numbers["post_mean"].known
        ):
            what = "empty. Fill it in, or both pre_mean and post_mean."
            self._wrong("change_mean", "", what)
        if source is None or self.problems:
            return None
        measure, test = self._cells.get("measure", ""), self._cells.get("test", "")
        return PublishedSlope(source, unit, measure, p=p, test=test, **numbers)

    def responders(self, added: bool) -> PublishedResponders | None:
        source = self._source(added)
        rule = self._rule()
        share = self._number("responders", 0.0, 1.0, "A share lies between 0 and 1, as in 0.35.")
        if not share.known:
            self._wrong("responders", "", "empty. Fill in the share, as in 0.35.")
        if source is None or rule is None or self.problems:
            return None
        kind, threshold = rule
        return PublishedResponders(source, kind, threshold, self._cells.get("window", ""), share)

    def _source(self, added: bool) -> Source | None:
        get = self._cells.get
        study = get("study", "")
        if not study:
            self._wrong("study", "", "empty. Fill in the first author or the name of the trial.")
        year = self._whole("year", 1900, 2100, needed=True)
        n = self._whole("n", 2, MOST_PATIENTS, needed=False)
        doi = re.sub(r"(?i)^(https?://(dx\.)?doi\.org/|doi:? ?)", "", get("doi", ""))
        if doi and not _DOI.fullmatch(doi):
            self._wrong(
                "doi", doi, "not a DOI. Type it as in 10.1002/ana.25302, or leave it empty."
            )
        treated = get("treated", "").lower()
        if treated not in ("yes", "no"):
            self._wrong("treated", treated, "must be yes or no.")
        endpoint = get("endpoint", "").lower()
        if endpoint not in MEASURED:
            names = ", ".join(MEASURED)
            self._wrong("endpoint", endpoint, f"must be one of {names} (alsfrs: 0 to 40 points).")
        if self.problems or year is None:
            return None
        words = {name: get(name, "") for name in ("design", "periods", "population", "note")}
        arm = get("arm", "")
        return Source(study, year, doi, arm, n, treated == "yes", endpoint, added=added, **words)

    def _unit(self) -> str:
        unit = self._cells.get("unit", "").lower().replace(" predicted", "").replace(" ", "")
        start = CHANGE_UNITS.get(self._cells.get("endpoint", "").lower(), "points")
        allowed = [f"{start}/{per}" for per in PERIODS]
        if unit not in allowed:
            self._wrong("unit", unit, f"must be {', '.join(allowed[:-1])} or {allowed[-1]}.")
        return unit

    def _rule(self) -> tuple[RuleKind, float] | None:
        text = " ".join(self._cells.get("rule", "").lower().split())
        match = _RULE.fullmatch(text)
        percent = match is not None and match[2] == "%"
        if match is None or not 0 < float(match[1]) <= (200 if percent else 50):
            what = "must be as in “>=50 %” or “>=1.25 points/month”."
            self._wrong("rule", text, what)
            return None
        if percent:
            return "percent", float(match[1]) / 100
        if self._cells.get("endpoint", "").lower() == "fvc":
            self._wrong("rule", text, "points/month is no unit of FVC. Use per cent of the slope.")
            return None
        return "difference", float(match[1])

    def _number(self, name: str, low: float, high: float, hint: str = "") -> Printed:
        raw = self._cells.get(name, "")
        text = raw.replace("−", "-").replace("–", "-").replace(" ", "").removeprefix("+")
        if text.count(",") == 1 and "." not in text:
            text = text.replace(",", ".")
        if not text:
            return Printed()
        if not _NUMBER.fullmatch(text) or len(text) > 12:
            self._wrong(name, raw, f"not a number. Type it as printed. {hint}".strip())
        elif not low <= float(text) <= high:
            what = hint or f"must lie between {low:g} and {high:g}.".replace("-", "−")
            self._wrong(name, raw, what)
        else:
            return Printed(text)
        return Printed()

    def _whole(self, name: str, low: int, high: int, *, needed: bool) -> int | None:
        text = self._cells.get(name, "")
        if not text and not needed:
            return None
        if _THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        if _WHOLE.fullmatch(text) and low <= int(text) <= high:
            return int(text)
        empty = "" if needed else ", or empty if it is not reported"
        what = f"must be a whole number from {low:,} to {high:,}{empty}."
        self._wrong(name, text, what.replace(f"{low:,} to {high:,}", f"{low} to {high}"))
        return None

    def _p(self) -> str:
        text = self._cells.get("p", "").replace(" ", "").replace("≤", "<").replace("≥", ">")
        text = text.removeprefix("=")
        if text.count(",") == 1 and "." not in text:
            text = text.replace(",", ".")
        match = _P.fullmatch(text)
        # The smallest printed P may be too small for a float, as in <1e-400; it is kept as text.
        if text and (match is None or float(match[2]) > 1):
            self._wrong("p", text, "not a P value. Type it as printed, such as 0.014 or <0.001.")
        return text

    def _wrong(self, column: str, value: str, what: str) -> None:
        self.problems.append(RowProblem(self._at, column, value, what))


def _clean(cell: str | None) -> str:
    """Return a cell on one line, without the mark that keeps spreadsheets from computing it."""
    text = _FORMULA_MARK.sub("", cell or "", count=1) if (cell or "").startswith("'") else cell
    return " ".join((text or "").split(" ")).strip()
