"""From values with dates to the trial: day 0, duplicates, impossible visits, patient facts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from data.findings import Finding
from data.trial import EVENT_COLUMNS, MEASUREMENT_COLUMNS, PATIENT_COLUMNS, USABLE, Trial
from data.values import is_missing, parse_number
from data.visits import VisitRows

_JUST_AFTER_DAYS: Final = 3
_DATES_DISAGREE_DAYS: Final = 31.0
_FARTHEST_DAYS: Final = 20 * 365.25


def build_trial(
    rows: VisitRows, other_findings: tuple[Finding, ...] = ()
) -> tuple[Trial | None, tuple[Finding, ...]]:
    """Make the trial.

    Returns
    -------
    tuple
        The trial, or ``None`` if no value is left, and all findings.
    """
    findings = [*rows.findings, *other_findings]
    if rows.values.empty:
        text = "No value could be read."
        findings.append(
            Finding("NO_VISITS", "error", text, "Check the columns.", rows.file, rows.sheet)
        )
        return None, tuple(findings)
    patients = _patients(rows, findings)
    _report_similar_names(patients, rows, findings)
    values = _with_days(rows.values, patients, rows, findings)
    values = _without_duplicates(values, rows, findings)
    _mark_after_death(values, patients, rows, findings)
    _report_periods(values, patients, rows, findings)
    measurements = values.assign(file=rows.file, sheet=rows.sheet)[list(MEASUREMENT_COLUMNS)]
    trial = Trial(
        patients_frame=patients[list(PATIENT_COLUMNS)],
        measurements_frame=measurements,
        events_frame=_events(patients),
        findings=tuple(findings),
        simulated=_says_simulated(rows),
    )
    return trial, tuple(findings)


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort names so that P2 comes before P10."""

    def key(name: str) -> tuple[list[tuple[int, int, str]], str]:
        parts = re.split(r"(\d+)", name.casefold())
        return [_part(part) for part in parts], name

    def _part(text: str) -> tuple[int, int, str]:
        digits = text.lstrip("0")
        return (0, len(digits), digits) if text.isdigit() else (1, 0, text)

    return sorted(names, key=key)


def _says_simulated(rows: VisitRows) -> bool:
    """Whether every row of the table says that its data are simulated."""
    if "simulated" not in rows.patients:
        return False
    return bool(rows.patients["simulated"].str.casefold().isin({"yes", "true", "1"}).all())


def _patients(rows: VisitRows, findings: list[Finding]) -> pd.DataFrame:
    table = []
    groups = {str(name): group for name, group in rows.patients.groupby("patient", sort=False)}
    relative = set(rows.values.loc[rows.values["day"].notna(), "patient"])
    without = []
    for patient in natural_order(groups):
        group = groups[patient]
        transplants = _distinct_dates(group, "transplant_date")
        if len(transplants) > 1:
            text = f"{patient} has {len(transplants)} different transplant dates."
            step = "The first one is day 0; the others are drawn."
            findings.append(
                Finding("MULTIPLE_TRANSPLANTS", "warning", text, step, rows.file, rows.sheet)
            )
        if not transplants and patient not in relative:
            without.append(patient)
        table.append(_patient_row(patient, group, transplants, patient in relative))
    if without:
        text = f"No transplant date for {len(without)} of {len(groups)} patients: "
        text += ", ".join(without[:12]) + ("…" if len(without) > 12 else "") + "."
        step = "They can be browsed, not compared. Fill in the column “transplant_date”."
        findings.append(Finding("NO_TRANSPLANT_DATE", "warning", text, step, rows.file, rows.sheet))
    return pd.DataFrame(table)


def _patient_row(
    patient: str, group: pd.DataFrame, transplants: list[date], relative: bool
) -> dict[str, Any]:
    first = transplants[0] if transplants else None
    days = tuple(float((d - transplants[0]).days) for d in transplants)
    return {
        "patient": patient,
        "transplant_days": days or ((0.0,) if relative else ()),
        "transplant_dates": tuple(d.isoformat() for d in transplants),
        "first_transplant": first,
        "onset_day": _days_between(first, _distinct_dates(group, "onset_date")),
        "death_day": _days_between(first, _distinct_dates(group, "death_date")),
        "sex": _first_text(group, "sex"),
        "age": _first_number(group, "age"),
        "onset_site": _first_text(group, "onset_site"),
        "group": _first_text(group, "group"),
    }


def _distinct_dates(group: pd.DataFrame, role: str) -> list[date]:
    return sorted(set(group[role].dropna())) if role in group else []


def _days_between(first: date | None, dates: list[date]) -> float:
    return float((dates[0] - first).days) if first is not None and dates else np.nan


def _first_text(group: pd.DataFrame, role: str) -> str:
    texts = [t for t in group[role] if not is_missing(t)] if role in group else []
    return texts[0] if texts else ""


def _first_number(group: pd.DataFrame, role: str) -> float:
    numbers = [parse_number(text) for text in group[role]] if role in group else []
    found = [number for number in numbers if isinstance(number, float)]
    return found[0] if found else np.nan


def _report_similar_names(patients: pd.DataFrame, rows: VisitRows, findings: list[Finding]) -> None:
    """Name patients whose names differ only in case, separators or leading zeros."""
    alike: dict[str, list[str]] = {}
    for name in patients["patient"]:
        plain = re.sub(r"[\W_]+", "", name.casefold())
        alike.setdefault(re.sub(r"(?<!\d)0+(?=\d)", "", plain), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            text = f"These names could be one patient: {', '.join(names)}."
            step = "They are kept apart; write them alike in the file if they are one person."
            findings.append(Finding("SIMILAR_NAMES", "warning", text, step, rows.file, rows.sheet))


def _with_days(
    values: pd.DataFrame, patients: pd.DataFrame, rows: VisitRows, findings: list[Finding]
) -> pd.DataFrame:
    """Count every value's day from the first transplant: by dates if both are known."""
    first = patients.set_index("patient")["first_transplant"]
    day0 = pd.to_datetime(values["patient"].map(first))
    visit = pd.to_datetime(values["date"])
    by_date = (visit - day0).dt.days.astype("float64")
    stated = pd.to_numeric(values["day"]).astype("float64")
    apart = ((by_date - stated).abs() > _DATES_DISAGREE_DAYS) & values["value"].notna()
    for row in sorted(set(values.loc[apart, "row"])):
        text = "The visit date and the stated time from the transplant are over a month apart."
        step = "The date is used; correct the one that is wrong."
        findings.append(
            Finding("TIME_MISMATCH", "warning", text, step, rows.file, rows.sheet, row=int(row))
        )
    day = by_date.fillna(stated)
    far = (day.abs() > _FARTHEST_DAYS) & (values["status"] == USABLE)
    for row in sorted(set(values.loc[far, "row"])):
        text = "This visit is more than 20 years from the transplant."
        step = "It is shown but not analysed; correct the date, or keep the values with a reason."
        findings.append(
            Finding("IMPLAUSIBLE_TIME", "warning", text, step, rows.file, rows.sheet, row=int(row))
        )
    status = values["status"].mask(far, "IMPLAUSIBLE_TIME")
    return values.assign(day=day, date=visit, status=status)


def _without_duplicates(
    values: pd.DataFrame, rows: VisitRows, findings: list[Finding]
) -> pd.DataFrame:
    """Collapse values that stand twice; quarantine those that contradict each other."""
    calendar = (values["date"] - pd.Timestamp(0)).dt.days.astype("float64")
    when = values["day"].fillna(calendar)
    timed = when.notna()
    same = values.assign(_when=when)[["patient", "endpoint", "_when", "value"]]
    repeated = same.duplicated(keep="first") & timed
    if repeated.any():
        text = f"Values that stand in the table more than once, alike: {int(repeated.sum())}."
        lines = values.loc[repeated, "row"].tolist()
        step = "Each is used once."
        findings.append(
            Finding("EXACT_DUPLICATES", "warning", text, step, rows.file, rows.sheet, row=lines[0])
        )
    kept = values[~repeated].reset_index(drop=True)
    place = same[~repeated].reset_index(drop=True)[["patient", "endpoint", "_when"]]
    possible = (kept["status"] == USABLE) & place["_when"].notna()
    conflict = place.where(possible).duplicated(keep=False) & possible
    for _, group in kept[conflict].groupby([place["patient"], place["endpoint"], place["_when"]]):
        said = " and ".join(
            f"{value:g} (row {row})"
            for value, row in zip(group["value"], group["row"], strict=True)
        )
        findings.append(
            Finding(
                "CONFLICTING_DUPLICATES",
                "warning",
                f"{group['patient'].iloc[0]} has different values on one day: {said}.",
                "Neither is analysed until one is kept with a reason or the file is corrected.",
                rows.file,
                rows.sheet,
                row=int(group["row"].iloc[0]),
                column=str(group["column"].iloc[0]),
            )
        )
    kept.loc[conflict, "status"] = "CONFLICTING_DUPLICATES"
    return kept


def _mark_after_death(
    values: pd.DataFrame, patients: pd.DataFrame, rows: VisitRows, findings: list[Finding]
) -> None:
    death = values["patient"].map(patients.set_index("patient")["death_day"])
    late = (values["day"] > death) & (values["status"] == USABLE)
    for _, group in values[late].groupby("row"):
        findings.append(
            Finding(
                "VISIT_AFTER_DEATH",
                "warning",
                f"{group['patient'].iloc[0]} has a visit after the date of death.",
                "It is shown but not analysed; correct one of the two dates.",
                rows.file,
                rows.sheet,
                row=int(group["row"].iloc[0]),
            )
        )
    values.loc[late, "status"] = "VISIT_AFTER_DEATH"


def _report_periods(
    values: pd.DataFrame, patients: pd.DataFrame, rows: VisitRows, findings: list[Finding]
) -> None:
    timed = values[(values["status"] == USABLE) & values["day"].notna()]
    with_day0 = {
        p for p, days in zip(patients["patient"], patients["transplant_days"], strict=True) if days
    }
    before = set(timed.loc[timed["day"] <= 0, "patient"])
    lacking = [p for p in patients["patient"] if p in with_day0 and p not in before]
    if lacking:
        text = f"No visit up to the transplant for {len(lacking)} of {len(patients)} patients: "
        text += ", ".join(lacking[:12]) + ("…" if len(lacking) > 12 else "") + "."
        step = "Without a run-in there is no slope before; they can be browsed, not compared."
        findings.append(Finding("NO_PRE_VISITS", "warning", text, step, rows.file, rows.sheet))
    after = set(timed.loc[timed["day"] > 0, "patient"])
    unseen = [p for p in with_day0 if p not in after]
    if unseen:
        text = f"No visit after the transplant for {len(unseen)} of {len(patients)} patients: "
        text += ", ".join(unseen[:12]) + ("…" if len(unseen) > 12 else "") + "."
        step = "They can be browsed, not compared."
        findings.append(Finding("NO_POST_VISITS", "warning", text, step, rows.file, rows.sheet))
    just_after = timed[(timed["day"] > 0) & (timed["day"] <= _JUST_AFTER_DAYS)]
    for _, group in just_after.groupby("row"):
        patient, day = group["patient"].iloc[0], group["day"].iloc[0]
        text = f"{patient} has a visit on day +{day:g}; it counts as after the transplant."
        step = "If it is the baseline, move day 0 or correct one of the dates."
        findings.append(
            Finding(
                "VISIT_JUST_AFTER",
                "info",
                text,
                step,
                rows.file,
                rows.sheet,
                row=int(group["row"].iloc[0]),
            )
        )


def _events(patients: pd.DataFrame) -> pd.DataFrame:
    died = patients[patients["death_day"].notna()]
    events = [
        {"patient": p, "kind": "death", "day": day, "text": "death"}
        for p, day in zip(died["patient"], died["death_day"], strict=True)
    ]
    return pd.DataFrame(events, columns=list(EVENT_COLUMNS))
