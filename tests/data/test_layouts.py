"""One small trial in every layout: each gives the same patients, days and values."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import openpyxl
import pytest

from data.files import UploadedFile
from data.reading import Reading, read_files
from data.trial import DAYS_PER_MONTH
from tests.conftest import read_text

Cells = Sequence[Sequence[object]]
Rows = list[list[object]]
Points = dict[tuple[str, str], list[tuple[float, float]]]

# A is transplanted on 1 March 2021 and B on 10 March 2021. Days by hand: 31 December is 60 days
# before 1 March, 30 May 90 days after it; 9 January is 60 days before 10 March, 8 June 90 after.
DATED: Rows = [
    ["patient_id", "visit_date", "transplant_date", "ALSFRS_R"],
    ["A", "2020-12-31", "2021-03-01", 40],
    ["A", "2021-03-01", "2021-03-01", 38],
    ["A", "2021-05-30", "2021-03-01", 37],
    ["B", "2021-01-09", "2021-03-10", 30],
    ["B", "2021-06-08", "2021-03-10", 29],
]
POINTS: Points = {
    ("A", "alsfrs_r"): [(-60, 40), (0, 38), (90, 37)],
    ("B", "alsfrs_r"): [(-60, 30), (90, 29)],
}
# The same by month; B has no visit in month 0.
MONTHS: Points = {
    ("A", "alsfrs_r"): [(-2, 40), (0, 38), (3, 37)],
    ("B", "alsfrs_r"): [(-2, 30), (3, 29)],
}


def text_of(rows: Cells) -> str:
    return "".join(",".join("" if c is None else str(c) for c in row) + "\n" for row in rows)


def read_book(sheets: Mapping[str, Cells], hidden: Sequence[str] = ()) -> Reading:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if name in hidden:
            sheet.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return read_files([UploadedFile("t.xlsx", stream.getvalue())])


def points(reading: Reading, *, months: bool = False) -> Points:
    assert reading.trial is not None, [f.sentence() for f in reading.findings]
    frame = reading.trial.measurements
    result: Points = {}
    columns = (frame[name].tolist() for name in ("patient", "endpoint", "day", "value"))
    for patient, endpoint, day, value in zip(*columns, strict=True):
        time = round(day / DAYS_PER_MONTH, 9) if months else day
        result.setdefault((patient, endpoint), []).append((time, value))
    return {key: sorted(found) for key, found in result.items()}


def codes(reading: Reading) -> set[str]:
    return {finding.code for finding in reading.findings}


# -- values of one visit in one row ----------------------------------------------------------------


def test_one_row_a_visit():
    reading = read_text(text_of(DATED))
    assert reading.verdict == "load"
    assert points(reading) == POINTS


def test_triplets_of_patient_name_and_value():
    rows: Rows = [["patient_id", "days from transplant", "parameter", "value"]]
    for patient, day, score, fvc in (("A", -60, 40, 80.5), ("A", 0, 38, 79), ("B", 90, 29, 61)):
        rows += [[patient, day, "ALSFRS-R total", score], [patient, day, "FVC % predicted", fvc]]
    assert points(read_text(text_of(rows))) == {
        ("A", "alsfrs_r"): [(-60, 40), (0, 38)],
        ("A", "fvc"): [(-60, 80.5), (0, 79)],
        ("B", "alsfrs_r"): [(90, 29)],
        ("B", "fvc"): [(90, 61)],
    }


def test_triplets_name_what_is_not_used():
    rows: Rows = [["patient_id", "days from transplant", "parameter", "value"]]
    rows += [["A", 0, "ALSFRS-R total", 38], ["A", 0, "Body weight", 70]]
    reading = read_text(text_of(rows))
    assert points(reading) == {("A", "alsfrs_r"): [(0, 38)]}
    (unused,) = [f for f in reading.findings if f.code == "UNUSED_ROWS"]
    assert "“Body weight”" in unused.text


def test_date_and_score_repeated_for_every_visit():
    rows: Rows = [
        ["patient_id", "transplant_date", *["visit_date", "ALSFRS_R"] * 3],
        ["A", "2021-03-01", "2020-12-31", 40, "2021-03-01", 38, "2021-05-30", 37],
        ["B", "2021-03-10", "2021-01-09", 30, "", "", "2021-06-08", 29],
    ]
    assert points(read_text(text_of(rows))) == POINTS


WIDE: Rows = [["patient_id", "ALSFRS_R_m-2", "ALSFRS_R_m0", "ALSFRS_R_m3"], ["A", 40, 38, 37]]
WIDE_B: list[object] = ["B", 30, "", 29]


def test_one_column_a_month():
    assert points(read_text(text_of([*WIDE, WIDE_B])), months=True) == MONTHS


def test_a_table_on_its_side():
    rows: Rows = [
        ["patient_id", "A", "A", "A", "B", "B"],
        ["visit_date", "2020-12-31", "2021-03-01", "2021-05-30", "2021-01-09", "2021-06-08"],
        ["transplant_date", *["2021-03-01"] * 3, *["2021-03-10"] * 2],
        ["ALSFRS_R", 40, 38, 37, 30, 29],
    ]
    assert points(read_text(text_of(rows))) == POINTS


# -- headers ---------------------------------------------------------------------------------------


def test_months_below_a_measure_in_a_stacked_header():
    rows: Rows = [
        ["", "ALSFRS-R", "", "", "FVC % predicted", "", ""],
        ["Patient", "Month -2", "Month 0", "Month 3", "Month -2", "Month 0", "Month 3"],
        ["A", 40, 38, 37, 80, 78, 77],
        ["B", 30, "", 29, 60, "", 55],
    ]
    assert points(read_text(text_of(rows)), months=True) == {
        **MONTHS,
        ("A", "fvc"): [(-2, 80), (0, 78), (3, 77)],
        ("B", "fvc"): [(-2, 60), (3, 55)],
    }


def test_titles_above_and_a_mean_below_are_no_visits():
    rows: Rows = [["Trial X, export of 3 July 2022"], [], *DATED, ["Mean", "", "", 34.8]]
    assert points(read_text(text_of(rows))) == POINTS


def test_a_row_of_units_is_no_visit_and_says_the_unit():
    rows: Rows = [
        ["patient_id", "day", "ALSFRS_R", "FVC"],
        ["", "days", "points", "L"],
        ["A", -60, 40, 3.5],
        ["A", 90, 37, 3.25],
    ]
    reading = read_text(text_of(rows))
    assert points(reading) == {
        ("A", "alsfrs_r"): [(-60, 40), (90, 37)],
        ("A", "fvc_litres"): [(-60, 3.5), (90, 3.25)],
    }
    assert "FVC_UNIT_INFERRED" not in codes(reading)


def test_a_repeated_header_in_the_rows_is_no_visit():
    rows: Rows = [*DATED[:4], DATED[0], *DATED[4:]]
    reading = read_text(text_of(rows))
    assert points(reading) == POINTS
    assert "NOT_A_NUMBER" not in codes(reading)


def test_tables_below_each_other_are_joined_by_patient():
    patients: Rows = [["patient_id", "transplant_date"], ["A", "2021-03-01"], ["B", "2021-03-10"]]
    visits: Rows = [
        ["patient_id", "visit_date", "ALSFRS_R"],
        *([r[0], r[1], r[3]] for r in DATED[1:]),
    ]
    reading = read_text(text_of([*patients, [], ["Visits"], *visits]))
    assert points(reading) == POINTS


def test_stacked_tables_of_one_length_keep_their_own_dates():
    # Three rows in both, with dates in the same column of the sheet.
    patients: Rows = [["patient_id", "transplant_date"], ["A", "2021-03-01"], ["B", "2021-03-10"]]
    visits: Rows = [["patient_id", "visit_date", "ALSFRS_R"], ["A", "2020-12-31", 40]]
    visits += [["B", "2021-06-08", 29]]
    reading = read_text(text_of([*patients, [], ["Visits"], *visits]))
    assert points(reading) == {("A", "alsfrs_r"): [(-60, 40)], ("B", "alsfrs_r"): [(90, 29)]}


def test_stacked_tables_of_two_measures_keep_their_own_dates():
    fvc: Rows = [["patient_id", "visit_date", "FVC_percent"]]
    fvc += [["A", "2021-01-30", 80], ["A", "2021-03-31", 79], ["A", "2021-04-30", 78]]
    fvc += [["B", "2021-02-08", 60], ["B", "2021-04-09", 58]]
    reading = read_text(text_of([*DATED, [], ["FVC"], *fvc]))
    assert points(reading) == {
        **POINTS,
        ("A", "fvc"): [(-30, 80), (30, 79), (60, 78)],
        ("B", "fvc"): [(-30, 60), (30, 58)],
    }


def test_columns_of_triplets_are_not_called_unused():
    rows: Rows = [["patient_id", "day", "parameter", "value"]]
    rows += [["A", -60, "ALSFRS-R total", 40], ["A", 0, "ALSFRS-R total", 38]]
    reading = read_text(text_of(rows))
    assert points(reading) == {("A", "alsfrs_r"): [(-60, 40), (0, 38)]}
    assert "UNUSED_COLUMNS" not in codes(reading)


# -- several sheets --------------------------------------------------------------------------------


def test_a_sheet_of_patients_beside_a_sheet_of_visits():
    sheets: dict[str, Cells] = {
        "Patients": [["patient_id", "transplant_date"], ["A", "2021-03-01"], ["B", "2021-03-10"]],
        "Visits": [["ID", "visit_date", "ALSFRS_R"], *([r[0], r[1], r[3]] for r in DATED[1:])],
    }
    assert points(read_book(sheets)) == POINTS


def test_a_sheet_for_every_patient():
    head: list[object] = ["days from transplant", "ALSFRS_R"]
    sheets: dict[str, Cells] = {
        "A": [head, [-60, 40], [0, 38], [90, 37]],
        "B": [head, [-60, 30], [90, 29]],
    }
    reading = read_book(sheets)
    assert points(reading) == POINTS
    said = [f.sheet for f in reading.findings if f.code == "PATIENT_FROM_SHEET"]
    assert said == ["A", "B"]


@pytest.mark.parametrize("more", [[], ["FVC_percent"]], ids=["score", "score and FVC"])
def test_a_sheet_for_every_patient_with_the_name_and_day_0_above(more):
    def sheet(name: str, day0: str) -> Cells:
        mine = [[row[1], row[3], *(70 for _ in more)] for row in DATED[1:] if row[0] == name]
        above: Rows = [["Patient:", name], ["Transplant date:", day0], []]
        return [*above, ["visit_date", "ALSFRS_R", *more], *mine]

    sheets = {"first": sheet("A", "2021-03-01"), "second": sheet("B", "2021-03-10")}
    reading = read_book(sheets)
    scores = {key: found for key, found in points(reading).items() if key[1] == "alsfrs_r"}
    assert scores == POINTS
    assert "PATIENT_FROM_SHEET" not in codes(reading)


def test_a_hidden_sheet_is_named_and_not_read():
    other: Rows = [DATED[0], ["A", "2021-08-01", "2021-03-01", 11]]
    reading = read_book({"Visits": DATED, "Old": other}, hidden=["Old"])
    assert points(reading) == POINTS
    (unread,) = [f for f in reading.findings if f.code == "SHEET_NOT_USED"]
    assert (unread.sheet, unread.severity) == ("Old", "warning")


def test_facts_of_strangers_are_not_used():
    sheets: dict[str, Cells] = {
        "Visits": DATED,
        "Other trial": [["patient_id", "death_date"], ["Z1", "2021-04-01"], ["Z2", "2021-05-01"]],
    }
    reading = read_book(sheets)
    assert points(reading) == POINTS
    assert reading.trial is not None
    assert reading.trial.patient_ids == ("A", "B")
    (left,) = [f for f in reading.findings if f.code == "PATIENTS_UNMATCHED"]
    assert left.sheet == "Other trial"


# -- procedures ------------------------------------------------------------------------------------


def procedures(*rows: Sequence[str]) -> dict[str, Cells]:
    visits: Rows = [
        ["patient_id", "visit_date", "ALSFRS_R"],
        *([r[0], r[1], r[3]] for r in DATED[1:]),
    ]
    return {"Visits": visits, "Procedures": [["patient_id", "procedure", "date"], *rows]}


def test_an_aspiration_is_no_transplant():
    reading = read_book(
        procedures(
            ["A", "Bone marrow aspiration", "2021-02-01"],
            ["A", "MSC transplantation", "2021-03-01"],
            ["B", "Bone marrow aspiration", "2021-02-10"],
            ["B", "MSC transplantation", "2021-03-10"],
        )
    )
    assert points(reading) == POINTS
    assert reading.to_json()["transplants"] == {"A": ["2021-03-01"], "B": ["2021-03-10"]}


@pytest.mark.parametrize("name", ["MSC transplantation cancelled", "planned MSC injection"])
def test_a_transplant_that_did_not_happen_is_none(name):
    reading = read_book(
        procedures(
            ["A", "MSC transplantation", "2021-03-01"],
            ["B", name, "2021-03-05"],
            ["B", "MSC transplantation", "2021-03-10"],
        )
    )
    assert reading.to_json()["transplants"] == {"A": ["2021-03-01"], "B": ["2021-03-10"]}


def test_a_second_transplant_is_kept_and_the_first_is_day_0():
    reading = read_book(
        procedures(
            ["A", "MSC injection", "2021-05-01"],
            ["A", "MSC injection", "2021-03-01"],
            ["B", "MSC injection", "2021-03-10"],
        )
    )
    assert points(reading) == POINTS
    assert reading.to_json()["transplants"]["A"] == ["2021-03-01", "2021-05-01"]
    assert "MULTIPLE_TRANSPLANTS" in codes(reading)


# -- clocks ----------------------------------------------------------------------------------------


def test_a_transplant_day_on_the_clock_of_the_visits_is_day_0():
    rows: Rows = [["patient_id", "days since enrolment", "transplant_day", "ALSFRS_R"]]
    rows += [["A", 0, 60, 40], ["A", 60, 60, 38], ["A", 150, 60, 37]]
    rows += [["B", 10, 70, 30], ["B", 160, 70, 29]]
    assert points(read_text(text_of(rows))) == POINTS


def test_a_month_stands_in_for_an_empty_day():
    rows: Rows = [["patient_id", "days_from_transplant", "months_from_transplant", "ALSFRS_R"]]
    rows += [["A", -60, -2, 40], ["A", "", 3, 37]]
    assert points(read_text(text_of(rows))) == {
        ("A", "alsfrs_r"): [(-60, 40), (3 * DAYS_PER_MONTH, 37)]
    }


def test_study_days_have_no_day_zero():
    # Day 1 is 1 January 2021, so that 1 March is study day 60 and day −1 is 31 December.
    rows: Rows = [["patient_id", "study day", "transplant_date", "enrolment_date", "ALSFRS_R"]]
    facts: list[object] = ["2021-03-01", "2021-01-01"]
    rows += [["A", day, *facts, score] for day, score in ((-1, 40), (1, 39), (60, 38), (150, 37))]
    assert points(read_text(text_of(rows))) == {
        ("A", "alsfrs_r"): [(-60, 40), (-59, 39), (0, 38), (90, 37)]
    }


def test_days_with_a_day_zero_count_from_it():
    rows: Rows = [["patient_id", "study day", "transplant_date", "enrolment_date", "ALSFRS_R"]]
    facts: list[object] = ["2021-03-01", "2021-01-01"]
    rows += [["A", day, *facts, score] for day, score in ((-1, 40), (0, 39), (59, 38), (149, 37))]
    assert points(read_text(text_of(rows))) == {
        ("A", "alsfrs_r"): [(-60, 40), (-59, 39), (0, 38), (90, 37)]
    }


@pytest.mark.parametrize("header", ["month", "day"])
def test_times_from_nowhere_are_asked_about(header):
    rows: Rows = [["patient_id", header, "ALSFRS_R"], ["A", 0, 40], ["A", 3, 39]]
    asked = read_text(text_of(rows))
    assert (asked.verdict, [q.code for q in asked.questions]) == ("ask", ["DAY_ORIGIN"])
    unit = DAYS_PER_MONTH if header == "month" else 1
    answered = read_text(text_of(rows), {"DAY_ORIGIN": "transplant"})
    assert points(answered) == {("A", "alsfrs_r"): [(0, 40), (3 * unit, 39)]}


def test_a_negative_month_says_that_months_count_from_the_transplant():
    rows: Rows = [["patient_id", "month", "ALSFRS_R"], ["A", -2, 40], ["A", 0, 38], ["A", 3, 37]]
    reading = read_text(text_of(rows))
    assert reading.verdict == "load"
    assert points(reading, months=True) == {("A", "alsfrs_r"): [(-2, 40), (0, 38), (3, 37)]}
