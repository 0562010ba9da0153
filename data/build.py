"""From values with dates to the trial: day 0, what is set aside, and the facts of patients."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from data.clocks import day_of, offset_to_day, place
from data.event_tables import Happened, PlacedEvents, placed_events, with_known_deaths
from data.findings import Finding
from data.identities import Identities
from data.measures import Measured, TextEvent
from data.numbers import decimal_comma, read_number
from data.people import Facts, events_of, named
from data.questions import Question
from data.recipe import TrialRecipe
from data.records import Place
from data.scores import score
from data.suspects import Suspects
from data.trial import EVENT_COLUMNS, HEIGHT, MEASUREMENT_COLUMNS, PATIENT_COLUMNS, USABLE, Trial

_FAR_DAYS: Final = 2 * 365.25
_MAX_AGE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Built:
    """The trial, or ``None`` where no value is left or a question is open."""

    trial: Trial | None
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...] = ()


def build_trial(
    measured: Measured,
    people: Identities,
    facts: Facts,
    recipe: TrialRecipe,
    earlier: Sequence[Finding] = (),
    happened: Happened | None = None,
) -> Built:
    """Make the trial.

    Parameters
    ----------
    measured
        All values; ``patient`` is the position in ``people``.
    people, facts
        Who the patients are, and what is known of each.
    recipe
        Answers and corrections, which the trial carries.
    earlier
        What was noticed before; the trial carries it too.
    happened
        What tables of events tell.
    """
    answers = recipe.answers
    findings = [*earlier, *measured.findings, *facts.findings]
    values = measured.values[measured.values["patient"] >= 0].reset_index(drop=True)
    findings += _rows_without_patient(measured)
    if values.empty:
        first = measured.places[0] if measured.places else None
        file, sheet = (first.file, first.sheet) if first else ("", "")
        text = "No value could be read."
        findings.append(Finding("NO_VISITS", "error", text, "Check the columns.", file, sheet))
        return Built(None, tuple(findings))
    scored = score(values, measured.places, answers)
    findings += scored.findings
    placed = place(scored.values, facts, answers, measured.signed_clocks)
    findings += placed.findings
    if placed.questions:
        return Built(None, tuple(findings), placed.questions)
    marked = Suspects(scored.values.assign(day=placed.day), people.names, measured.places)
    marked.disagreeing(placed.disagree)
    marked.out_of_range()
    marked.far_away()
    marked.wrong_years()
    marked.duplicates()
    told_events = _told_events(happened, facts, people.names, placed.origin)
    exact, contradicting = with_known_deaths(
        day_of(facts, "death", placed.origin), told_events.deaths, people.names
    )
    findings += [*told_events.findings, *contradicting]
    death, told = _death_days(facts, measured.events, placed.origin, exact)
    marked.after_death(death)
    marked.before_onset(day_of(facts, "onset", placed.origin))
    marked.jumps()
    marked.rises()
    marked.litres_against_percent()
    marked.just_after()
    findings += marked.findings
    values = marked.values
    patients = _patients(people, facts, values, death, told_events.transplants)
    findings += _about_patients(patients, values, measured.places)
    findings += _impossible_ages(patients, measured.places)
    patients["age"] = patients["age"].where(_possible_age(patients["age"]))
    events = _events(people.names, patients, told, exact, told_events.frame)
    trial = Trial(
        patients_frame=patients[[*PATIENT_COLUMNS, HEIGHT]],
        measurements_frame=_measurements(values, people.names, measured.places),
        events_frame=events,
        items_frame=_items(scored.items, people.names, facts, answers),
        findings=tuple(findings),
        recipe=recipe,
        simulated=bool(len(patients)) and bool(patients["simulated"].all()),
    )
    return Built(trial, tuple(findings))


def _rows_without_patient(measured: Measured) -> list[Finding]:
    nameless = measured.values[measured.values["patient"] < 0]
    result = []
    for _, group in nameless.groupby("table"):
        rows = sorted(set(group["row"].astype(int)))
        place_of = measured.places[int(group["place"].iloc[0])]
        result.append(
            Finding(
                "ROW_WITHOUT_ID",
                "warning",
                f"{_rows(rows)} without a patient.",
                "Fill in the patient; until then these rows are not used.",
                place_of.file,
                place_of.sheet,
            )
        )
    return result


def _rows(numbers: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:8])
    more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""
    return f"{'1 row' if len(numbers) == 1 else f'{len(numbers)} rows'} ({shown}{more})"


def _death_days(
    facts: Facts,
    events: Sequence[TextEvent],
    origin: str,
    exact: np.typing.NDArray[np.float64],
) -> tuple[np.typing.NDArray[np.float64], dict[int, tuple[float, str]]]:
    """Return each patient's day of death, and what words in cells told of the end.

    A cell that says "dead" proves death by that visit, not on that day: it is used only where no
    date of death is known.
    """
    death = exact.copy()
    first = facts.first_transplant()
    told: dict[int, tuple[float, str]] = {}
    for event in events:
        day = event.date - first[event.patient]
        if np.isnan(day):
            day = offset_to_day(event.clock, event.offset, event.patient, facts, origin)
        if np.isnan(day):
            continue
        before = told.get(event.patient)
        if event.kind == "death" and (before is None or before[1] != "death" or day < before[0]):
            told[event.patient] = (day, "death")
        elif event.kind == "lost" and before is None:
            told[event.patient] = (day, "lost")
    for patient, (day, kind) in told.items():
        if kind == "death" and np.isnan(death[patient]):
            death[patient] = day
    return death, told


def _told_events(
    happened: Happened | None, facts: Facts, names: Sequence[str], origin: str
) -> PlacedEvents:
    """Return events of dated columns and of tables of events, counted from the transplant."""
    known = events_of(facts, names, facts.first_transplant())
    return placed_events(happened or Happened(), facts, names, origin, known)


def _patients(
    people: Identities,
    facts: Facts,
    values: pd.DataFrame,
    death: np.typing.NDArray[np.float64],
    again: Mapping[int, tuple[float, ...]],
) -> pd.DataFrame:
    relative = np.zeros(len(people.names), dtype=np.bool_)
    relative[values.loc[values["day"].notna(), "patient"].to_numpy()] = True
    rows = []
    for p, transplants in enumerate(facts.transplants):
        days = tuple(float(t - transplants[0]) for t in transplants)
        days = days or ((0.0,) if relative[p] else ())
        rows.append(
            (
                people.names[p],
                tuple(sorted({*days, *again.get(p, ())})) if days else (),
                tuple(date.fromordinal(t).isoformat() for t in transplants),
            )
        )
    frame = pd.DataFrame(rows, columns=["patient", "transplant_days", "transplant_dates"])
    return frame.assign(
        onset_day=day_of(facts, "onset"),
        death_day=death,
        sex=facts.texts["sex"],
        age=_ages(facts.texts["age"]),
        height_cm=facts.height,
        onset_site=facts.texts["onset_site"],
        group=facts.texts["group"],
        simulated=[text.casefold() in ("yes", "true", "1") for text in facts.texts["simulated"]],
    )


def _ages(texts: np.typing.NDArray[np.object_]) -> np.typing.NDArray[np.float64]:
    comma = bool(decimal_comma(texts.tolist()))
    ages = [read_number(text, decimal_comma=comma).value for text in texts]
    return np.asarray([np.nan if age is None else age for age in ages], dtype=np.float64)


def _possible_age(ages: pd.Series) -> pd.Series:
    return (ages > 0) & (ages <= _MAX_AGE)


def _impossible_ages(patients: pd.DataFrame, places: Sequence[Place]) -> list[Finding]:
    """Report codes for missing and years of birth below a header of age."""
    wrong = patients["patient"][patients["age"].notna() & ~_possible_age(patients["age"])]
    if wrong.empty:
        return []
    text = f"An age that is not above 0 and up to {_MAX_AGE:g} years: {named(wrong.tolist())}."
    step = "It is treated as missing; correct the file."
    return [Finding("OUT_OF_RANGE", "warning", text, step, places[0].file, places[0].sheet)]


def _about_patients(
    patients: pd.DataFrame, values: pd.DataFrame, places: Sequence[Place]
) -> list[Finding]:
    """Report patients of whom something is missing that the comparison needs."""
    names = patients["patient"].tolist()
    has_day0 = np.asarray([bool(days) for days in patients["transplant_days"]])
    usable = values[(values["status"] == USABLE) & values["day"].notna()]
    seen = np.zeros(len(names), dtype=np.bool_)
    seen[values["patient"].to_numpy()] = True
    before, after = seen & False, seen & False
    before[usable.loc[usable["day"] <= 0, "patient"].to_numpy()] = True
    after[usable.loc[usable["day"] > 0, "patient"].to_numpy()] = True
    file, sheet = places[0].file, places[0].sheet
    result = [*_untimed(values, places), *_far_transplants(patients, usable, places)]
    result += _names_like_dates(names, places)
    for mask, code, what, step in (
        (
            ~has_day0 & seen,
            "NO_TRANSPLANT_DATE",
            "No transplant date for",
            "They can be browsed, not compared. Fill in the column “transplant_date”.",
        ),
        (~seen, "NO_VISITS", "No value at all for", "They are listed; add their visits."),
        (
            has_day0 & seen & ~before,
            "NO_PRE_VISITS",
            "No visit up to the transplant for",
            "Without a run-in there is no slope before; they can be browsed, not compared.",
        ),
        (
            has_day0 & seen & ~after,
            "NO_POST_VISITS",
            "No visit after the transplant for",
            "They can be browsed, not compared.",
        ),
    ):
        if mask.any():
            who = [names[p] for p in np.flatnonzero(mask)]
            text = f"{what} {len(who):,} of {len(names):,} patients: {named(who)}."
            result.append(Finding(code, "warning", text, step, file, sheet))
    return result


def _far_transplants(
    patients: pd.DataFrame, usable: pd.DataFrame, places: Sequence[Place]
) -> list[Finding]:
    """Report transplants more than two years from the nearest visit: often a slip in the year."""
    nearest = usable.assign(away=usable["day"].abs()).groupby("patient")["away"].min()
    far = nearest[nearest > _FAR_DAYS]
    if far.empty:
        return []
    names = named([str(patients["patient"].iloc[int(p)]) for p in far.index])
    text = (
        f"The transplant is more than two years from every visit of {len(far)} patients: {names}."
    )
    step = "Check the years; the dates are used as they stand."
    return [Finding("TRANSPLANT_FAR", "warning", text, step, places[0].file, places[0].sheet)]


def _names_like_dates(names: Sequence[str], places: Sequence[Place]) -> list[Finding]:
    """Report patients whose numbers a spreadsheet has turned into dates ("01-01")."""
    dates = [name for name in names if re.fullmatch(r"\d{4}-\d{2}-\d{2}(?: .*)?", name)]
    if not dates or len(dates) == len(names):
        return []
    text = f"Some patients are called like dates: {named(dates)}."
    step = "A spreadsheet may have turned their numbers into dates; write them as text."
    return [Finding("NAMES_LIKE_DATES", "warning", text, step, places[0].file, places[0].sheet)]


def _untimed(values: pd.DataFrame, places: Sequence[Place]) -> list[Finding]:
    when = values[["day", "date", "offset"]].notna().any(axis=1)
    result = []
    for _, group in values[~when].groupby("table"):
        at = places[int(group["place"].iloc[0])]
        lost = sorted(set(group["row"].astype(int)))
        text = f"{_rows(lost)} with a value but without a time."
        step = "Fill in the visit date; until then the values are listed but not analysed."
        result.append(Finding("ROW_WITHOUT_DATE", "warning", text, step, at.file, at.sheet))
    return result


def _measurements(
    values: pd.DataFrame, names: Sequence[str], places: Sequence[Place]
) -> pd.DataFrame:
    at = values["place"].to_numpy(dtype=np.int64)
    files, sheets, headers = (
        np.asarray([getattr(place, name) for place in places], dtype=object)
        for name in ("file", "sheet", "header")
    )
    frame = pd.DataFrame(
        {
            "patient": np.asarray(names, dtype=object)[values["patient"].to_numpy(dtype=np.int64)],
            "endpoint": values["role"].to_numpy(dtype=object),
            "day": values["day"].to_numpy(dtype=np.float64),
            "value": values["value"].to_numpy(dtype=np.float64),
            "status": values["status"].to_numpy(dtype=object),
            "date": _calendar(values["date"].to_numpy(dtype=np.float64)),
            "file": files[at],
            "sheet": sheets[at],
            "row": values["row"].to_numpy(dtype=np.int64),
            "column": headers[at],
        }
    )
    return frame[list(MEASUREMENT_COLUMNS)]


def _calendar(ordinals: np.typing.NDArray[np.float64]) -> np.typing.NDArray[np.datetime64]:
    epoch = date(1970, 1, 1).toordinal()
    known = np.isfinite(ordinals)
    days = np.where(known, ordinals - epoch, 0).astype("int64").astype("datetime64[D]")
    result = days.astype("datetime64[s]")
    result[~known] = np.datetime64("NaT")
    return result


def _items(
    items: pd.DataFrame, names: Sequence[str], facts: Facts, answers: Mapping[str, str]
) -> pd.DataFrame | None:
    """Return one row a visit with its twelve items and its day, or ``None`` without items."""
    if items.empty:
        return None
    placed = place(items, facts, answers)
    who = items["patient"].to_numpy(dtype=np.int64)
    frame = pd.DataFrame(
        {
            "patient": np.asarray(names, dtype=object)[who],
            "day": placed.day,
            **{f"item_{n}": items[str(n)].to_numpy(dtype=np.float64) for n in range(1, 13)},
            "gastrostomy": items["gastrostomy"].to_numpy(dtype=np.bool_),
            "row": items["row"].to_numpy(dtype=np.int64),
        }
    )
    return frame.sort_values(["patient", "day"], kind="stable").reset_index(drop=True)


def _events(
    names: Sequence[str],
    patients: pd.DataFrame,
    told: Mapping[int, tuple[float, str]],
    exact: np.typing.NDArray[np.float64],
    others: pd.DataFrame,
) -> pd.DataFrame:
    rows = []
    for p, day in enumerate(patients["death_day"]):
        if np.isfinite(day):
            known = np.isfinite(exact[p])
            text = "death" if known else "recorded as dead by this visit"
            rows.append({"patient": names[p], "kind": "death", "day": float(day), "text": text})
    for p, (day, kind) in told.items():
        if kind == "lost":
            text = "recorded as lost to follow-up"
            rows.append({"patient": names[p], "kind": "lost", "day": float(day), "text": text})
    events = pd.DataFrame(rows, columns=list(EVENT_COLUMNS))
    return pd.concat([events, others], ignore_index=True) if len(others) else events
