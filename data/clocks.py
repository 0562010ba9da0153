"""Days from the transplant, whatever the file counts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.findings import Finding
from data.people import Facts
from data.questions import Question, asked

FloatArray = npt.NDArray[np.float64]

_DATES_DISAGREE_DAYS: Final = 31.0


@dataclass(frozen=True, slots=True)
class Placed:
    """Values with their day from the first transplant, NaN where it cannot be told."""

    day: FloatArray
    disagree: npt.NDArray[np.bool_]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]
    origin: str = ""


def place(
    values: pd.DataFrame,
    facts: Facts,
    answers: Mapping[str, str],
    signed: frozenset[str] = frozenset(),
) -> Placed:
    """Count every value from the first transplant.

    Parameters
    ----------
    values
        Columns ``patient, date, offset, clock``.
    facts
        Transplants and other days of the patients.
    answers
        The answer to ``DAY_ORIGIN``, if it was given.
    signed
        Clocks on which some time is negative, also where no value was read.

    Notes
    -----
    Calendar dates win where both the visit and the transplant have one. Times on the clock of the
    enrolment or of the onset are shifted by the patient's own interval to the transplant.
    """
    first = facts.first_transplant()
    who = values["patient"].to_numpy(dtype=np.int64)
    by_date = values["date"].to_numpy(dtype=np.float64) - first[who]
    offset = values["offset"].to_numpy(dtype=np.float64)
    clock = values["clock"].to_numpy(dtype=object).copy()
    findings: list[Finding] = []
    questions: list[Question] = []
    origins: dict[str, str] = {}
    undated = np.isnan(by_date) & np.isfinite(offset)
    for group in ("unknown", "enrolment"):
        mine = undated & (clock == group)
        if mine.any():
            negative = group in signed or bool((offset[mine] < 0).any())
            origin = _origin(group, negative, facts, answers)
            if origin is None:
                evidence = f"{np.nanmin(offset[mine]):g} to {np.nanmax(offset[mine]):g} days"
                questions.append(asked("DAY_ORIGIN", evidence))
            else:
                clock[clock == group] = origin
                origins[group] = origin
    dated_only = (clock == "unknown") & np.isfinite(by_date)
    if (offset[dated_only] < 0).any():
        clock[dated_only] = "transplant"
    stated = offset - _shift(clock, who, facts)
    disagree = (np.abs(by_date - stated) > _DATES_DISAGREE_DAYS) & (clock == "transplant")
    day = np.where(np.isnan(by_date), stated, by_date) + 0.0
    lost = np.isnan(day) & np.isfinite(offset) & np.isnan(values["date"].to_numpy(dtype=np.float64))
    if lost.any() and not questions:
        n = len(np.unique(who[lost]))
        text = f"The times of {n} {'patient' if n == 1 else 'patients'} do not count from the "
        text += "transplant, and nothing says when the transplant was on their clock."
        step = "Add the transplant’s day or date, or the date from which the times count."
        findings.append(Finding("TIME_NOT_PLACED", "warning", text, step))
    known = origins.get("unknown", "")
    return Placed(day, disagree, tuple(findings), tuple(questions), known)


def _origin(clock: str, negative: bool, facts: Facts, answers: Mapping[str, str]) -> str | None:
    """Return from where times without a known origin count, or ``None`` to ask."""
    answer = answers.get("DAY_ORIGIN")
    if answer in ("transplant", "enrolment", "onset"):
        return answer
    on_clock = np.isfinite(_enrolment_to_transplant(facts)).any()
    if clock == "enrolment":
        known = on_clock or np.isfinite(facts.first_transplant()).any()
        return "enrolment" if known else None
    if on_clock and not negative and facts.transplant_days:
        return "enrolment"
    if negative:
        return "transplant"
    return None


def _enrolment_to_transplant(facts: Facts) -> FloatArray:
    """Return days from enrolment to the first transplant of each patient."""
    first = facts.first_transplant()
    stated = facts.transplant_days.get("enrolment", np.full(len(first), np.nan))
    by_date = first - facts.days["enrolment"]
    return np.where(np.isnan(stated), by_date, stated)


def _onset_to_transplant(facts: Facts) -> FloatArray:
    first = facts.first_transplant()
    stated = facts.transplant_days.get("onset", np.full(len(first), np.nan))
    by_date = first - facts.days["onset"]
    on_clock = facts.clock_days.get("onset_day")
    if on_clock is not None:
        by_date = np.where(np.isnan(by_date), _enrolment_to_transplant(facts) - on_clock, by_date)
    return np.where(np.isnan(stated), by_date, stated)


def _shift(clock: npt.NDArray[np.object_], who: npt.NDArray[np.int64], facts: Facts) -> FloatArray:
    """Return what must be subtracted from each offset to count from the transplant."""
    shift = np.full(len(clock), np.nan)
    counted = np.isin(clock, ["transplant", "header"])
    shift[counted] = 0.0
    for name, days in (
        ("enrolment", _enrolment_to_transplant(facts)),
        ("onset", _onset_to_transplant(facts)),
        ("treatment", facts.first_transplant() - facts.days["first_exposure"]),
    ):
        rows = clock == name
        shift[rows] = days[who[rows]]
    return shift


def offset_to_day(clock: str, offset: float, patient: int, facts: Facts, origin: str) -> float:
    """Return one time on some clock as the day from the patient's first transplant.

    Parameters
    ----------
    clock, offset
        The clock and the days on it.
    patient
        Position of the patient.
    facts
        Transplants and other days of the patients.
    origin
        From where times of unknown origin were found to count.
    """
    named = np.asarray([origin if clock == "unknown" else clock], dtype=object)
    shift = _shift(named, np.asarray([patient], dtype=np.int64), facts)
    return float(offset - shift[0])


def day_of(facts: Facts, role: str, origin: str = "") -> FloatArray:
    """Return the day of onset or death from the first transplant, NaN where unknown.

    ``origin`` says from where times of unknown origin were found to count.
    """
    by_date = facts.days[role] - facts.first_transplant()
    unknown = facts.clock_days.get(f"{role}_day of unknown origin")
    if unknown is not None:
        counted = unknown if origin == "transplant" else unknown - _enrolment_to_transplant(facts)
        by_date = np.where(np.isnan(by_date), counted, by_date)
    stated = facts.clock_days.get(f"{role}_day from the transplant")
    if stated is not None:
        by_date = np.where(np.isnan(by_date), stated, by_date)
    since = facts.clock_days.get(f"{role}_day from the onset")
    if since is not None:
        by_date = np.where(np.isnan(by_date), since - _onset_to_transplant(facts), by_date)
    on_clock = facts.clock_days.get(f"{role}_day")
    if on_clock is None:
        return by_date
    return np.where(np.isnan(by_date), on_clock - _enrolment_to_transplant(facts), by_date)
