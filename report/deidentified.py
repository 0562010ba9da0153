"""A trial as a file without personal details: new names, relative days or shifted dates."""

from __future__ import annotations

import io
import secrets
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from openpyxl import Workbook

from analysis.events import LABELS
from data.endpoints import ENDPOINTS
from data.template import ITEM_HEADERS
from data.trial import DAYS_PER_MONTH, ITEM_COLUMNS, USABLE, Trial
from report.patient_words import OLDEST, USUAL_SITES
from report.tables import cell_text, export_names

LARGEST_SHIFT: Final = 182
"""Days by which the dates of a patient move at most."""

_FREE: Final = ("infection", "other", "death", "lost")
"""Kinds of events whose text may be that of the file, or is a remark: their kind is written."""

Shifts = Mapping[str, int]


def deidentified(trial: Trial, *, with_dates: bool, shifts: Shifts | None = None) -> pd.DataFrame:
    """Return one row a value under new names, with relative days or shifted dates.

    Parameters
    ----------
    trial
        Whose values.
    with_dates
        Whether dates are written, each moved, or days from the transplant.
    shifts
        Days by which each patient's dates move; drawn anew by default. All dates of a patient move
        by one offset, so that intervals stay, and it is kept nowhere.
    """
    frame = trial.measurements
    called = _called(trial)
    table = pd.DataFrame({"patient": frame["patient"].map(called)})
    if with_dates:
        shift = frame["patient"].map(dict(shifts or new_shifts(trial)))
        moved = frame["date"] + pd.to_timedelta(shift, unit="D")
        table["visit_date"] = moved.dt.strftime("%Y-%m-%d").fillna("")
        day0 = moved - pd.to_timedelta(frame["day"], unit="D")
        first = day0.groupby(frame["patient"]).transform("min")
        table["transplant_date"] = first.dt.strftime("%Y-%m-%d").fillna("")
    else:
        table["day_rel"] = frame["day"]
        table["month"] = (frame["day"] / DAYS_PER_MONTH).round(2)
        without = frame["day"].isna()
        if without.any():
            first = frame.groupby("patient")["date"].transform("min")
            table["days_from_first_visit"] = (frame["date"] - first).dt.days.where(without)
    table["endpoint"] = frame["endpoint"].map(lambda key: ENDPOINTS[key].label)
    table["unit"] = frame["endpoint"].map(lambda key: ENDPOINTS[key].unit)
    table["value"] = frame["value"]
    table["set_aside"] = np.where(frame["status"] == USABLE, "", frame["status"])
    return table


def deidentified_workbook(trial: Trial, *, with_dates: bool) -> bytes:
    """Return values, patients, items and events as a workbook that can be opened again.

    Ages above 89, unusual sites of onset, groups of one patient and the words of the file for an
    event stay out: they could tell who somebody is. Items of visits without a time, too.
    """
    shifts = new_shifts(trial)
    sheets = {
        "values": deidentified(trial, with_dates=with_dates, shifts=shifts),
        "patients": _patients(trial, shifts, with_dates=with_dates),
        "items": _items(trial, shifts, with_dates=with_dates),
        "events": _events(trial, shifts, with_dates=with_dates),
    }
    book = Workbook(write_only=True)
    book.properties.creator = "ALSlope"
    book.properties.title = trial.title
    for name, table in sheets.items():
        if table.empty:
            continue
        sheet = book.create_sheet(name)
        sheet.append(list(table.columns))
        for row in table.astype(object).itertuples(index=False):
            sheet.append([_cell(value) for value in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def new_shifts(trial: Trial) -> Shifts:
    """Draw a shift of 1 to 182 days, back or forth, for each patient."""
    return {
        patient: (1 + secrets.randbelow(LARGEST_SHIFT)) * secrets.choice((-1, 1))
        for patient in trial.patient_ids
    }


def _patients(trial: Trial, shifts: Shifts, *, with_dates: bool) -> pd.DataFrame:
    frame = trial.patients
    sites = frame["onset_site"].where(
        frame["onset_site"].str.casefold().isin(USUAL_SITES) | trial.simulated, ""
    )
    members = Counter(frame["group"])
    table = pd.DataFrame(
        {
            "patient": export_names(trial),
            "sex": frame["sex"].where(frame["sex"].isin(("F", "M")), ""),
            "age": frame["age"].where(frame["age"] <= OLDEST),
            "height_cm": frame["height_cm"],
            "onset_site": sites,
            "group": [name if members[name] > 1 else "" for name in frame["group"]],
        }
    )
    days = {"transplant": frame["transplant_days"].map(len).gt(0).map({True: 0.0, False: np.nan})}
    days["onset"] = frame["onset_day"]
    if with_dates:
        for name, day in days.items():
            table[f"{name}_date"] = _dates(trial, frame["patient"], day, shifts)
    else:
        table["onset_day_rel"] = days["onset"]
    if trial.simulated:
        table["simulated"] = "yes"
    return table


def _items(trial: Trial, shifts: Shifts, *, with_dates: bool) -> pd.DataFrame:
    items = trial.items
    if items is None:
        return pd.DataFrame()
    table = pd.DataFrame({"patient": items["patient"].map(_called(trial))})
    if with_dates:
        table["visit_date"] = _dates(trial, items["patient"], items["day"], shifts)
        timed = table["visit_date"] != ""
    else:
        table["day_rel"] = items["day"]
        timed = items["day"].notna()
    tube = items["gastrostomy"].to_numpy(dtype=np.bool_)
    for name, header in zip(_SCORES, ITEM_HEADERS, strict=True):
        score = items[name]
        if name == "item_5":
            score = score.where(tube == ("with_" in header))
        table[header] = score
    return table[timed]


def _events(trial: Trial, shifts: Shifts, *, with_dates: bool) -> pd.DataFrame:
    told = trial.events[["patient", "kind", "day", "text"]]
    again = [
        (patient, "transplant", day, f"transplant {number}")
        for patient, days in zip(trial.patient_ids, trial.patients["transplant_days"], strict=True)
        for number, day in enumerate(days[1:], start=2)
    ]
    rows = pd.concat([told, pd.DataFrame(again, columns=told.columns)], ignore_index=True)
    rows = rows[rows["day"].notna()]
    plain = rows["kind"].isin(_FREE) & (not trial.simulated)
    words = rows["text"].where(~plain, rows["kind"].map(LABELS))
    table = pd.DataFrame({"patient": rows["patient"].map(_called(trial))})
    if with_dates:
        table["date"] = _dates(trial, rows["patient"], rows["day"], shifts)
    else:
        table["day_rel"] = rows["day"].astype(np.float64)
    return table.assign(event=words)


_SCORES: Final = tuple(name for name in ITEM_COLUMNS for _ in range(2 if name == "item_5" else 1))
"""Columns of the items for each header of the template, which has item 5 twice."""


def _called(trial: Trial) -> dict[str, str]:
    return dict(zip(trial.patient_ids, export_names(trial), strict=True))


def _dates(
    trial: Trial, patients: pd.Series[str], days: pd.Series[float], shifts: Shifts
) -> pd.Series[str]:
    """Return days from the first transplant as moved dates, empty where no date is known."""
    given = zip(trial.patient_ids, trial.patients["transplant_dates"], strict=True)
    first = {patient: pd.Timestamp(dates[0]) for patient, dates in given if dates}
    zero = pd.to_datetime(patients.map(first))
    moved = zero + pd.to_timedelta(days + patients.map(dict(shifts)), unit="D")
    return moved.dt.strftime("%Y-%m-%d").fillna("")


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; empty where nothing is known."""
    if isinstance(value, str):
        return cell_text(value) or None
    return None if pd.isna(value) else value
