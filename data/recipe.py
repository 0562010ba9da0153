"""What turned the files into the trial: answers, the mapping of columns, corrected cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from data.findings import Finding
from data.questions import mapping_answer
from data.table import Sheet, TextColumn

MAX_FIXES = 5_000


@dataclass(frozen=True, slots=True)
class CellFix:
    """One cell that is read as something else than what stands in it.

    Parameters
    ----------
    file, sheet, row, column
        The cell: ``row`` is its number in the file, ``column`` the header of its column.
    found
        What stands in the cell; the correction is refused if something else stands there now.
    read_as
        What it is read as; empty for a missing value.
    code
        The check that proposed the correction.
    """

    file: str
    sheet: str
    row: int
    column: str
    found: str
    read_as: str
    code: str = ""

    def sentence(self) -> str:
        """Return the correction in words, without its place."""
        new = f"“{self.read_as}”" if self.read_as else "missing"
        return f"“{self.found}” is read as {new}"


@dataclass(frozen=True, slots=True)
class TrialRecipe:
    """Everything a user decided about the files; none of it changes the files.

    Parameters
    ----------
    answers
        Answers to questions, by code.
    mapping
        Roles of columns by table ("file / sheet") and header; ``"ignored"`` leaves one out.
    fixes
        Corrected cells, in the order in which they were applied.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixes: tuple[CellFix, ...] = ()

    def with_answers(self, answers: Mapping[str, str]) -> TrialRecipe:
        """Return the recipe with more answers."""
        return replace(self, answers={**self.answers, **answers})

    def with_mapping(self, table: str, columns: Mapping[str, str]) -> TrialRecipe:
        """Return the recipe with the columns of one table assigned."""
        return replace(self, mapping={**self.mapping, table: dict(columns)})

    def with_fix(self, fix: CellFix) -> TrialRecipe:
        """Return the recipe with one more corrected cell; a cell has one correction."""
        others = tuple(f for f in self.fixes if _place(f) != _place(fix))
        return replace(self, fixes=(*others, fix))

    def without_fix(self, fix: CellFix) -> TrialRecipe:
        """Return the recipe without a correction."""
        return replace(self, fixes=tuple(f for f in self.fixes if f != fix))

    def columns_by_table(self) -> dict[str, dict[str, str]]:
        """Return the assigned roles by table; an answer to ``MAPPING`` counts for every table."""
        result = {table: dict(columns) for table, columns in self.mapping.items()}
        said = mapping_answer(self.answers.get("MAPPING", ""))
        if said:
            result[""] = {header: role for role, header in said.items()}
        return result

    def corrected(self, sheets: Sequence[Sheet]) -> tuple[list[Sheet], list[Finding]]:
        """Return the sheets with the corrections, and a finding for each that does not fit."""
        result, findings = list(sheets), []
        for fix in self.fixes:
            for at, sheet in enumerate(result):
                if (sheet.file, sheet.name) == (fix.file, fix.sheet):
                    changed = _changed(sheet, fix)
                    if changed is not None:
                        result[at] = changed
                        findings.append(_applied(fix))
                        break
            else:
                findings.append(_stale(fix))
        return result, findings

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as a JSON object."""
        return {
            "answers": dict(self.answers),
            "mapping": {table: dict(columns) for table, columns in self.mapping.items()},
            "fixes": [asdict(fix) for fix in self.fixes],
        }

    @classmethod
    def from_json(cls, plain: object) -> TrialRecipe:
        """Read a recipe from untrusted JSON.

        Raises
        ------
        ValueError
            If it is not a recipe.
        """
        if not isinstance(plain, dict):
            raise ValueError("a recipe is an object with answers, mapping and fixes")
        try:
            answers = {str(k): str(v) for k, v in dict(plain.get("answers", {})).items()}
            mapping = {
                str(table): {str(k): str(v) for k, v in dict(columns).items()}
                for table, columns in dict(plain.get("mapping", {})).items()
            }
            fixes = tuple(_fix(item) for item in list(plain.get("fixes", []))[:MAX_FIXES])
        except (TypeError, ValueError, KeyError, OverflowError) as problem:
            raise ValueError("the recipe is damaged") from problem
        return cls(answers, mapping, fixes)


def _fix(item: Mapping[str, Any]) -> CellFix:
    texts = {name: str(item[name]) for name in ("file", "sheet", "column", "found", "read_as")}
    return CellFix(row=int(item["row"]), code=str(item.get("code", "")), **texts)


def _place(fix: CellFix) -> tuple[str, str, int, str]:
    return fix.file, fix.sheet, fix.row, fix.column


def _changed(sheet: Sheet, fix: CellFix) -> Sheet | None:
    """Return the sheet with the cell changed, or ``None`` if it holds something else."""
    rows = np.flatnonzero(sheet.row_numbers == fix.row)
    if not len(rows):
        return None
    row = int(rows[0])
    for at, column in enumerate(sheet.columns):
        if column[row] == fix.found and _is_headed(sheet, at, fix.column):
            columns = list(sheet.columns)
            codes = column.codes.copy()
            codes[row] = len(column.texts)
            columns[at] = TextColumn(codes, (*column.texts, fix.read_as))
            return replace(sheet, columns=tuple(columns))
    return None


def _is_headed(sheet: Sheet, at: int, header: str) -> bool:
    """Whether a column has this header: in its name, or in one of its first cells."""
    if sheet.names is not None:
        return sheet.names[at] == header
    if header == f"column {at + 1}":
        return True
    column = sheet.columns[at]
    top = [column[row] for row in range(min(40, len(column)))]
    return header in top or bool(set(header.split(" / ")) & set(top))


def _applied(fix: CellFix) -> Finding:
    return Finding(
        "CORRECTED",
        "info",
        f"{fix.sentence()}, as you decided.",
        "Undo it in the list of corrections.",
        fix.file,
        fix.sheet,
        fix.row,
        fix.column,
        fix.found,
    )


def _stale(fix: CellFix) -> Finding:
    return Finding(
        "CORRECTION_NOT_USED",
        "warning",
        f"A correction expects “{fix.found}” here; the file holds something else now.",
        "The file counts; correct it again if needed.",
        fix.file,
        fix.sheet,
        fix.row,
        fix.column,
    )
