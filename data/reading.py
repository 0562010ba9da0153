"""Reading files into a trial: the one entrance, used by the app and the command line alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from data.build import Built, build_trial
from data.columns import ColumnMap
from data.date_styles import DateReader
from data.event_tables import happened
from data.evidence import ColumnEvidence, evidence_of, mapping_of
from data.files import RefusedFile, UploadedFile
from data.findings import Finding
from data.formats.opening import read_sheets
from data.identities import Identities, identify
from data.layouts import Arranged, arrange
from data.measures import Measured, measure
from data.people import Facts, facts_of
from data.privacy import identifiers, privacy_findings, under_safe_names
from data.problems import column_findings, missing_roles, unclear_transplant
from data.questions import QUESTIONS, Question, asked
from data.recipe import TrialRecipe
from data.records import DATED_FACTS, MEASURES, Block
from data.table import Sheet, searchable
from data.trial import Trial

Verdict = Literal["load", "load_flagged", "ask", "reject"]
ReadSheets = Callable[[UploadedFile], list[Sheet]]

__all__ = ["QUESTIONS", "Question", "Reading", "Verdict", "read_files"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading gave: a verdict, the trial if there is one, findings and open questions.

    Parameters
    ----------
    mapping
        What each column was taken for, by "file / sheet" and header.
    columns
        Every column with what it was taken for and a few of its cells, for the mapping form;
        cells of columns that identify people are left out.
    """

    verdict: Verdict
    trial: Trial | None = None
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    columns: tuple[ColumnEvidence, ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the report that ``alslope read`` writes."""
        return {
            "verdict": self.verdict,
            "flags": _codes(self.findings, "warning"),
            "reasons": _codes(self.findings, "error"),
            "questions": [
                {
                    "code": q.code,
                    "text": q.text,
                    "options": [value for value, _ in q.options],
                    "evidence": q.evidence,
                    "parts": list(q.parts),
                }
                for q in self.questions
            ],
            "transplants": _transplants(self.trial),
            "messages": [finding.to_json() for finding in self.findings],
            "mapping": {table: dict(columns) for table, columns in self.mapping.items()},
        }


def read_files(
    files: Sequence[UploadedFile],
    answers: Mapping[str, str] | None = None,
    *,
    recipe: TrialRecipe | None = None,
    opener: ReadSheets = read_sheets,
) -> Reading:
    """Read one trial from its files.

    Parameters
    ----------
    files
        The files as uploaded; together they are one trial.
    answers
        Answers to questions of an earlier reading, by code.
    recipe
        Answers, mapping and corrections of cells; ``answers`` add to its own.
    opener
        Opens one file. The app and the command line pass the one that works in a child process.

    Returns
    -------
    Reading
        Never raises for bad input: what could not be read is in the findings.
    """
    recipe = (recipe or TrialRecipe()).with_answers(answers or {})
    try:
        with ThreadPoolExecutor(max_workers=2) as pool:
            opened = pool.map(opener, under_safe_names(files))
            sheets = [sheet for found in opened for sheet in found]
    except RefusedFile as refusal:
        return Reading("reject", findings=(refusal.finding,))
    if not sheets:
        return _rejected(Finding("EMPTY", "error", "No file was given.", "Choose a file."))
    return read_trial(sheets, recipe)


def read_trial(sheets: Sequence[Sheet], recipe: TrialRecipe) -> Reading:
    """Read one trial from its sheets."""
    # Every pattern that follows is tried on texts of people nobody knows, in the server's process.
    sheets, unused_fixes = recipe.corrected(searchable(sheets))
    arranged = arrange(sheets, recipe.columns_by_table(), recipe.answers)
    problem = missing_roles(arranged)
    personal = [identifiers(table, _mapped(columns)) for table, columns in arranged.tables]
    evidence = evidence_of(arranged.tables, personal)
    mapping = mapping_of(evidence)
    if problem is not None:
        finding, could_map = problem
        if could_map and "MAPPING" not in recipe.answers:
            question = asked("MAPPING", finding.sentence())
            return Reading("ask", None, (_as_remark(finding),), (question,), mapping, evidence)
        return Reading("reject", None, (finding,), (), mapping, evidence)
    findings = [*unused_fixes, *arranged.findings, *column_findings(arranged)]
    for (table, columns), found in zip(arranged.tables, personal, strict=True):
        findings += privacy_findings(table, found, _mapped(columns))
    reading = _read(arranged, recipe, findings)
    return replace(reading, mapping=mapping, columns=evidence)


def _as_remark(finding: Finding) -> Finding:
    """Return a refusal as a mere remark: the user can still say which column is meant."""
    return replace(finding, severity="info")


def _read(arranged: Arranged, recipe: TrialRecipe, findings: list[Finding]) -> Reading:
    answers = recipe.answers
    blocks = arranged.blocks
    dates = DateReader(blocks, DATED_FACTS, arranged.tables, answers)
    apart, together = identify(blocks)
    measures = [block for block in blocks if block.role in MEASURES]
    measured = measure(measures, apart, dates, answers)
    questions = [*arranged.questions, *dates.questions, *measured.questions]
    questions += _doubts(arranged, answers)
    if any(b.role.startswith("vc") for b in measures) and "VC_KIND" not in answers:
        questions.append(asked("VC_KIND"))
    if questions:
        return Reading("ask", None, tuple(findings), tuple(questions))
    people, measured, merged = _merged(blocks, apart, together, measured, dates, answers)
    if isinstance(merged, Question):
        return Reading("ask", None, tuple(findings), (merged,))
    facts = facts_of(blocks, people, dates)
    findings += [*dates.findings, *merged]
    told = happened(blocks, people, dates, answers)
    built = build_trial(measured, people, facts, recipe, findings, told)
    if built.questions:
        return Reading("ask", None, built.findings, built.questions)
    unplaced = _nothing_placed(built, arranged) if "MAPPING" not in answers else None
    if unplaced is not None and not recipe.mapping:
        return Reading("ask", None, built.findings, (unplaced,))
    if built.trial is None:
        return Reading("reject", None, built.findings)
    flagged = any(finding.severity == "warning" for finding in built.findings)
    verdict: Verdict = "load_flagged" if flagged else "load"
    return Reading(verdict, built.trial, built.findings)


def _nothing_placed(built: Built, arranged: Arranged) -> Question | None:
    """Ask for the columns where no value has a time, or a date could be the transplant's."""
    if built.trial is None:
        return None
    values = built.trial.measurements
    if values["day"].notna().any():
        return None
    if values["date"].isna().all():
        said = [f.sentence() for f in built.findings if f.code == "TIME_NOT_PLACED"]
        return asked("MAPPING", " ".join(said) or "no value has a time that could be read")
    column = unclear_transplant(arranged)
    if column is None:
        return None
    evidence = f"“{column}” holds one date for each patient; it could be the transplant date"
    return asked("MAPPING", evidence)


def _doubts(arranged: Arranged, answers: Mapping[str, str]) -> list[Question]:
    codes = {code for _, columns in arranged.tables for code in columns.doubts}
    return [asked(code) for code in sorted(codes) if code not in answers]


def _merged(
    blocks: Sequence[Block],
    apart: Identities,
    together: Identities,
    measured: Measured,
    dates: DateReader,
    answers: Mapping[str, str],
) -> tuple[Identities, Measured, Question | list[Finding]]:
    """Join names that are alike if no day of them contradicts another, else ask."""
    if not together.variants:
        return apart, measured, []
    alike = [f"{', '.join(texts)}" for texts in together.variants.values()]
    answer = answers.get("ID_MERGE")
    if answer == "no":
        text = f"Names that are alike were kept apart: {'; '.join(alike[:12])}."
        return apart, measured, [Finding("SIMILAR_NAMES", "warning", text, "As you answered.")]
    joined = np.asarray([together.code_of[name] for name in apart.names])
    contradicting = _contradicting(measured, joined, facts_of(blocks, apart, dates))
    if contradicting and answer != "yes":
        names = "; ".join(
            ", ".join(together.variants[together.names[p]]) for p in contradicting[:6]
        )
        return apart, measured, asked("ID_MERGE", names)
    values = measured.values.assign(patient=_recoded(measured.values["patient"].to_numpy(), joined))
    events = tuple(replace(event, patient=int(joined[event.patient])) for event in measured.events)
    moved = replace(measured, values=values, events=events)
    text = f"Names that are one patient, {len(alike)}: {'; '.join(alike[:12])}"
    text += "…" if len(alike) > 12 else "."
    step = "They differ only in case, separators or zeros, and no day contradicts another."
    return together, moved, [Finding("ID_VARIANTS_MERGED", "warning", text, step)]


def _recoded(codes: np.typing.NDArray[np.int64], joined: np.typing.NDArray[np.int64]) -> Any:
    return np.where(codes >= 0, joined[np.maximum(codes, 0)], -1)


def _contradicting(
    measured: Measured, joined: np.typing.NDArray[np.int64], facts: Facts
) -> list[int]:
    """Return merged patients whose names hold different values or transplants."""
    values = measured.values[measured.values["patient"] >= 0]
    values = values.assign(merged=joined[values["patient"].to_numpy(dtype=np.int64)])
    when = values["date"].fillna(values["offset"] + 10_000_000.0)
    keys = [values["merged"], values["role"], values["item"], values["trial"], when]
    groups = values.groupby(keys)
    several = (groups["patient"].transform("nunique") > 1) & (
        groups["value"].transform("nunique") > 1
    )
    found = set(values.loc[several, "merged"].tolist())
    for p in np.unique(joined):
        dates = {facts.transplants[q] for q in np.flatnonzero(joined == p) if facts.transplants[q]}
        if len(dates) > 1:
            found.add(int(p))
    return sorted(int(p) for p in found)


def _mapped(columns: ColumnMap) -> set[int]:
    return {at for at, m in columns.meanings.items() if m.role not in ("ignored", "birth")}


def _rejected(finding: Finding) -> Reading:
    return Reading("reject", findings=(finding,))


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
