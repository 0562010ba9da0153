"""The five answers of the trial with every detail follow from its file, without the analysis."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import openpyxl
import pytest
from scipy import stats

from data.examples import EXAMPLE_IDS, FIRST_EXAMPLE, FOLDER, load_example

MONTH = 365.25 / 12
ITEMS = [str(n) for n in (1, 2, 3, 4, "5a", "5b", *range(6, 13))]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    text = (FOLDER / "every_detail_answers.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


@pytest.fixture(scope="module")
def sheets() -> dict[str, list[Row]]:
    """The three sheets as they stand in the file, days counted from the transplant."""
    book = openpyxl.load_workbook(FOLDER / "every_detail.xlsx")
    result: dict[str, list[Row]] = {}
    for sheet in book.worksheets:
        header, *rows = sheet.iter_rows(values_only=True)
        result[sheet.title] = [dict(zip(header, row, strict=True)) for row in rows]
    day_0 = {row["patient_id"]: row["transplant_date"] for row in result["Patients"]}
    for name, column in (("Visits", "visit_date"), ("Events", "date")):
        for row in result[name]:
            zero = day_0[row["patient_id"]]
            row["day"] = (row[column] - zero).days if isinstance(zero, datetime) else np.nan
    for row in result["Visits"]:
        found = {name: _item(row, name) for name in ITEMS}
        row["items"] = found
    return result


def _item(row: Row, name: str) -> int | None:
    (header,) = [h for h in row if h.startswith(f"Q{name}_")]
    value: int | None = row[header]
    return value


def visits_of(sheets: dict[str, list[Row]], patient: str) -> list[Row]:
    return [row for row in sheets["Visits"] if row["patient_id"] == patient]


def names(sheets: dict[str, list[Row]]) -> list[str]:
    return [row["patient_id"] for row in sheets["Patients"]]


def test_it_is_offered_and_every_row_of_every_sheet_says_that_it_is_simulated(sheets):
    assert "every-detail" in EXAMPLE_IDS
    assert FIRST_EXAMPLE != "every-detail"
    assert set(sheets) == {"Patients", "Visits", "Events"}
    for rows in sheets.values():
        assert {row["simulated"] for row in rows} == {"yes"}
    assert len(names(sheets)) == len(set(names(sheets))) == 24


def test_totals_are_the_sums_of_the_items_and_missing_where_one_is(sheets):
    incomplete = 0
    for row in sheets["Visits"]:
        points = row["items"]
        assert (points["5a"] is None) != (points["5b"] is None)
        used = [value for name, value in points.items() if name not in ("5a", "5b")]
        used.append(points["5b"] if points["5a"] is None else points["5a"])
        assert all(value is None or 0 <= value <= 4 for value in used)
        if None in used:
            incomplete += 1
            assert row["ALSFRS_R_total"] is None
        else:
            assert row["ALSFRS_R_total"] == sum(used)
    assert incomplete == 3


def test_items_fall_and_rise_by_no_more_than_a_point(sheets):
    for name in names(sheets):
        points = [{**row["items"]} for row in visits_of(sheets, name)]
        for before, after in pairwise(points):
            rises = [
                after[item] - before[item]
                for item in ITEMS
                if after[item] is not None and before[item] is not None
            ]
            assert max(rises) <= 1


def test_ventilation_and_feeding_tube_agree_with_the_items(sheets):
    events = sheets["Events"]
    for name in names(sheets):
        mine = {row["event"]: row["day"] for row in events if row["patient_id"] == name}
        for row in visits_of(sheets, name):
            niv, tube = mine.get("NIV started", np.inf), mine.get("PEG", np.inf)
            assert (row["items"]["12"] < 4) == (row["day"] >= niv)
            assert (row["items"]["5b"] is not None) == (row["day"] >= tube)
            assert (row["items"]["3"] <= 1) == (row["day"] >= tube)
            invasive = row["day"] >= mine.get("tracheostomy", np.inf)
            assert (row["items"]["12"] == 0) == invasive
            assert not (invasive and (row["FVC_percent"] or row["FVC_litres"]))


def test_litres_and_percent_agree_and_some_patients_have_one_alone(sheets):
    about = {row["patient_id"]: row for row in sheets["Patients"]}
    kinds: dict[str, set[str]] = {}
    for row in sheets["Visits"]:
        person, percent, litres = about[row["patient_id"]], row["FVC_percent"], row["FVC_litres"]
        kind = "both" if percent and litres else "percent" if percent else "litres"
        if percent or litres:
            kinds.setdefault(kind, set()).add(row["patient_id"])
        if percent and litres:
            day = 0 if np.isnan(row["day"]) else row["day"]
            age = person["age"] + day / 365.25
            terms = np.array([1, age, age**2, person["height_cm"] ** 2])
            male, female = (
                [-0.1933, 0.00064, -0.000269, 0.00018642],
                [-0.3560, 0.01870, -0.000382, 0.00014815],
            )
            usual = float(terms @ (male if person["sex"] == "M" else female))
            assert 100 * litres / usual == pytest.approx(percent, abs=0.2)
    assert kinds["litres"] == {"P04", "P10", "P19", "P23"}
    assert len(kinds["both"]) == 7
    assert not kinds["litres"] & (kinds["both"] | kinds["percent"])
    assert {row["transplant_date"] is None for row in sheets["Patients"]} == {True, False}


def changes(sheets: dict[str, list[Row]]) -> dict[str, tuple[float, float]]:
    """Return the change of the slope and its standard error, by textbook least squares."""
    result = {}
    for name in names(sheets):
        rows = [r for r in visits_of(sheets, name) if r["ALSFRS_R_total"] is not None]
        fits = []
        for side in (lambda day: day <= 0, lambda day: day > 0):
            days = np.array([r["day"] for r in rows if side(r["day"])]) / MONTH
            score = np.array([r["ALSFRS_R_total"] for r in rows if side(r["day"])], dtype=float)
            if len(days) > 1 and np.ptp(days) * MONTH >= 60:
                spread = ((days - days.mean()) ** 2).sum()
                fits.append((float(np.polyfit(days, score, 1)[0]), 0.7 / np.sqrt(spread)))
        if len(fits) == 2:
            result[name] = (fits[1][0] - fits[0][0], float(np.hypot(fits[0][1], fits[1][1])))
    return result


def test_whose_course_bent_most_follows_by_a_clear_margin(sheets, answers):
    told = answers["bent_most"]
    found = changes(sheets)
    assert len(found) >= 20
    size = sorted(found, key=lambda name: -abs(found[name][0]))
    assert size[0] == told["patient"]
    change, se = found[size[0]]
    assert change == pytest.approx(told["change"], abs=3 * se)
    assert told["change"] > 3 * told["next"]["change"]
    other, other_se = found[size[1]]
    assert (abs(change) - abs(other)) > 4 * np.hypot(se, other_se)


def test_who_reached_kings_4_and_why_follows_from_the_items(sheets, answers):
    found = {}
    for name in names(sheets):
        rows = visits_of(sheets, name)
        fed = any(row["items"]["5b"] is not None for row in rows)
        breathing = any(row["items"]["12"] < 4 or row["items"]["10"] == 0 for row in rows)
        stage = "+".join(s for s, reached in (("4A", fed), ("4B", breathing)) if reached)
        if stage:
            found[name] = stage
    assert found == {row["patient"]: row["stage"] for row in answers["kings_4"]}
    assert set(found.values()) == {"4A", "4B", "4A+4B"}
    for row in answers["kings_4"]:
        for why, month in row["because_of"].items():
            word = {"gastrostomy": "PEG", "ventilation": "NIV started"}[why]
            (event,) = [
                e
                for e in sheets["Events"]
                if (e["patient_id"], e["event"]) == (row["patient"], word)
            ]
            assert event["day"] / MONTH == pytest.approx(month, abs=0.05)


def test_whose_fvc_is_below_50_at_the_last_visit_with_one(sheets, answers):
    last = {
        name: [r["FVC_percent"] for r in visits_of(sheets, name) if r["FVC_percent"] is not None]
        for name in names(sheets)
    }
    low = {name: values[-1] for name, values in last.items() if values and values[-1] < 50}
    told = {row["patient"]: row["true_percent"] for row in answers["fvc_below_50"]}
    assert set(low) == set(told)
    assert all(abs(low[name] - told[name]) < 4 for name in low)
    others = [values[-1] for name, values in last.items() if values and name not in low]
    assert max(low.values()) < 48
    assert min(others) > 55


def test_who_left_and_when(sheets, answers):
    ends = ("death", "withdrawal", "lost to follow-up")
    found = {
        row["patient_id"]: (row["event"], row["day"] / MONTH)
        for row in sheets["Events"]
        if row["event"] in ends
    }
    assert set(found) == {row["patient"] for row in answers["left"]}
    assert {how for how, _ in found.values()} == set(ends)
    for row in answers["left"]:
        how, month = found[row["patient"]]
        assert how == row["how"]
        assert month == pytest.approx(row["month"], abs=0.05)
        assert all(v["day"] / MONTH < month for v in visits_of(sheets, row["patient"]))


def test_what_patient_7_would_have_scored(sheets, answers):
    told = answers["patient_7"]
    rows = [r for r in visits_of(sheets, told["patient"]) if r["day"] <= 0]
    months = np.array([r["day"] for r in rows]) / MONTH
    score = np.array([r["ALSFRS_R_total"] for r in rows], dtype=float)
    assert len(rows) == 7
    slope, level = np.polyfit(months, score, 1)
    projected = level + told["month"] * slope
    assert projected == pytest.approx(told["run_in_line"], abs=told["tolerance"])
    residual = score - level - slope * months
    spread = ((months - months.mean()) ** 2).sum()
    df = len(rows) - 2
    sd = np.sqrt((residual**2).sum() / df)
    reach = sd * np.sqrt(1 + 1 / len(rows) + (told["month"] - months.mean()) ** 2 / spread)
    assert abs(projected - told["run_in_line"]) < stats.t.ppf(0.975, df) * reach
    # The observed course is above the projection: the picture has something to show.
    at_9 = [r for r in visits_of(sheets, told["patient"]) if abs(r["day"] / MONTH - 9) < 0.3]
    assert at_9[0]["ALSFRS_R_total"] > projected + 2


def test_the_reader_understands_the_whole_file(sheets):
    trial = load_example("every-detail").trial
    assert len(trial.patient_ids) == 24
    assert (trial.measurements["status"] == "ok").all()
    assert set(trial.events["kind"]) == {
        *("niv", "gastrostomy", "tracheostomy", "riluzole", "edaravone"),
        *("infection", "other", "last_contact", "death"),
    }
    transplants = [row for row in sheets["Events"] if row["event"].startswith("transplant ")]
    assert len(trial.events) == len(sheets["Events"]) - len(transplants)
    assert sum(len(days) for days in trial.patients["transplant_days"]) == 23 + len(transplants)
    infections = trial.events[trial.events["kind"] == "infection"]["patient"].value_counts()
    assert infections.max() == 2
    assert trial.patients["height_cm"].notna().all()
