"""Reading files into a trial: the one entrance, used by the app and the command line alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from data.build import build_trial
from data.findings import Finding
from data.grid import Grid, RefusedFile, UploadedFile, read_grids
from data.mapping import ColumnMap, map_columns
from data.trial import Trial
from data.visits import VisitRows, collect_visits

Verdict = Literal["load", "load_flagged", "ask", "reject"]


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only the user can decide.

    Parameters
    ----------
    code
        Name to answer with, such as ``DATE_ORDER``.
    text
        The question in words.
    options
        Answers that are accepted, each with its words.
    """

    code: str
    text: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading gave: a verdict, the trial if there is one, findings and open questions."""

    verdict: Verdict
    trial: Trial | None = None
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the report that ``alslope read`` writes."""
        return {
            "verdict": self.verdict,
            "flags": _codes(self.findings, "warning"),
            "reasons": _codes(self.findings, "error"),
            "questions": [
                {"code": q.code, "text": q.text, "options": [value for value, _ in q.options]}
                for q in self.questions
            ],
            "transplants": _transplants(self.trial),
            "messages": [finding.to_json() for finding in self.findings],
            "mapping": dict(self.mapping),
        }


QUESTIONS: Final = {
    "DATE_ORDER": Question(
        "DATE_ORDER",
        "Is 03/04 the third of April or the fourth of March?",
        (("dmy", "day first: 3 April"), ("mdy", "month first: March 4")),
    ),
    "FVC_UNIT": Question(
        "FVC_UNIT",
        "In which unit is FVC given?",
        (("percent", "% predicted"), ("litres", "litres")),
    ),
}


def read_files(files: Sequence[UploadedFile], answers: Mapping[str, str] | None = None) -> Reading:
    """Read one trial from its files.

    Parameters
    ----------
    files
        The files as uploaded. At present the trial must stand in one table.
    answers
        Answers to questions of an earlier reading, by code.

    Returns
    -------
    Reading
        Never raises for bad input: what could not be read is in the findings.
    """
    try:
        grids = [grid for file in files for grid in read_grids(file)]
    except RefusedFile as refusal:
        return Reading("reject", findings=(refusal.finding,))
    if not grids:
        return _rejected(Finding("EMPTY", "error", "No file was given.", "Choose a file."))
    seen = [grid for grid in grids if not grid.hidden] or grids
    candidates = [(grid, map_columns(grid)) for grid in seen]
    grid, columns = max(candidates, key=lambda pair: _completeness(pair[1]))
    left_out = _other_sheets(grids, grid)
    problem = _missing_roles(grid, columns)
    if problem is not None:
        return _rejected(problem)
    visits = collect_visits(grid, columns, dict(answers or {}))
    if visits.open_questions:
        questions = tuple(QUESTIONS[code] for code in visits.open_questions)
        return Reading("ask", findings=visits.findings, questions=questions)
    return _finish(grid, columns, visits, left_out)


def _finish(
    grid: Grid, columns: ColumnMap, visits: VisitRows, left_out: tuple[Finding, ...]
) -> Reading:
    trial, findings = build_trial(visits, left_out + _column_findings(grid, columns))
    if trial is None:
        return Reading("reject", findings=findings)
    flagged = any(finding.severity == "warning" for finding in findings)
    return Reading(
        "load_flagged" if flagged else "load",
        trial,
        findings,
        mapping={role: grid.header[at] for role, at in columns.roles.items()}
        | {grid.header[c.position]: f"{c.measure} at month {c.month:g}" for c in columns.wide},
    )


def _rejected(finding: Finding) -> Reading:
    return Reading("reject", findings=(finding,))


def _completeness(columns: ColumnMap) -> tuple[int, int]:
    roles = columns.roles
    has_time = any(role in roles for role in ("visit_date", "month", "day")) or columns.is_wide
    has_value = columns.is_wide or any(role in roles for role in _VALUE_ROLES)
    return (("patient" in roles) + has_time + has_value, len(roles) + len(columns.wide))


_VALUE_ROLES: Final = ("alsfrs_r", "fvc", "fvc_litres", "fvc_unknown", "svc", "svc_litres")


def _missing_roles(grid: Grid, columns: ColumnMap) -> Finding | None:
    """Return why the table cannot be a trial, or ``None``."""

    def found(code: str, text: str, next_step: str) -> Finding:
        return Finding(code, "error", text, next_step, grid.file, grid.sheet, row=1)

    headers = ", ".join(f"“{header}”" for header in grid.header[:12] if header)
    if not grid.rows:
        return found("NO_ROWS", "There is a header but no row.", "Add visits.")
    if not columns.is_wide and not any(role in columns.roles for role in _VALUE_ROLES):
        text = f"No column holds ALSFRS-R or FVC. The columns are {headers}."
        step = (
            "Name the column of the total “ALSFRS_R”, that of the FVC “FVC_percent”; with one "
            "row a patient, add the month, such as “ALSFRS_R_m-6”."
        )
        return found("NO_ENDPOINT", text, step)
    if "patient" not in columns.roles:
        text = f"No column names the patient. The columns are {headers}."
        return found("NO_PATIENT_ID", text, "Name it “patient_id”.")
    timed = columns.is_wide or any(r in columns.roles for r in ("visit_date", "month", "day"))
    if not timed:
        text = f"No column says when a visit was. The columns are {headers}."
        step = "Add “visit_date”, or “month” counted from the transplant (negative before)."
        return found("NO_TIME", text, step)
    return None


def _column_findings(grid: Grid, columns: ColumnMap) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    place = (grid.file, grid.sheet)
    if columns.unused:
        names = ", ".join(f"“{name}”" for name in columns.unused[:12])
        more = f" and {len(columns.unused) - 12} more" if len(columns.unused) > 12 else ""
        text = f"Columns that were not used, {len(columns.unused)}: {names}{more}."
        findings.append(
            Finding("UNUSED_COLUMNS", "info", text, "Nothing needs to be done.", *place)
        )
    for position in columns.unnamed:
        text = f"Column {position + 1} has values but no header; it was not used."
        step = "Name it, or check whether a comma inside a number has cut a cell in two."
        findings.append(Finding("UNNAMED_COLUMN", "warning", text, step, *place, row=1))
    for role, kept, dropped in columns.doubled:
        text = f"Two columns could be {role}: “{kept}” is used, “{dropped}” is not."
        step = "Rename or delete the one that is not meant."
        findings.append(Finding("TWO_COLUMNS_FOR_ONE", "warning", text, step, *place))
    return tuple(findings)


def _other_sheets(grids: list[Grid], used: Grid) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "SHEET_NOT_USED",
            "warning",
            f"This {'hidden ' if grid.hidden else ''}sheet ({len(grid.rows)} rows) was not read.",
            "Put all visits into one table.",
            file=grid.file,
            sheet=grid.sheet,
        )
        for grid in grids
        if grid is not used
    )


def _codes(findings: tuple[Finding, ...], severity: str) -> list[str]:
    return sorted({finding.code for finding in findings if finding.severity == severity})


def _transplants(trial: Trial | None) -> dict[str, list[str]]:
    if trial is None:
        return {}
    frame = trial.patients
    return {
        patient: list(dates)
        for patient, dates in zip(frame["patient"], frame["transplant_dates"], strict=True)
    }
