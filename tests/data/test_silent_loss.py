"""What a table says is read or named: nothing is lost without a word."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest

from data.files import UploadedFile
from data.findings import Finding
from data.reading import Reading, read_files
from data.trial import DAYS_PER_MONTH
from tests.conftest import read_text

UNDATED = """patient_id,visit_date,transplant_date,ALSFRS_R
P1,2019-12-05,2020-03-04,40
P1,2020-09-04,2020-03-04,38
P2,{0},,44
P2,{1},,42
"""


def found(reading: Reading, code: str) -> list[Finding]:
    return [finding for finding in reading.findings if finding.code == code]


def values(reading: Reading) -> list[tuple]:
    """Return patient, endpoint, day and value of everything that was read."""
    assert reading.trial is not None, [f.sentence() for f in reading.findings]
    columns = reading.trial.measurements[["patient", "endpoint", "day", "value"]]
    return list(columns.itertuples(index=False, name=None))


def read_workbook(rows: list[list], formats: dict[str, str] | None = None) -> Reading:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, number_format in (formats or {}).items():
        book.active[cell].number_format = number_format
    content = io.BytesIO()
    book.save(content)
    return read_files([UploadedFile("v.xlsx", content.getvalue())])


# The mark opens in row 3: the next one stands in row 6, or there is none, or it is inside a cell.
OPEN = 'patient_id,month,ALSFRS_R\nP1,-6,40\nP1,0,"38\nP1,6,36\nP2,-6,45\n'


@pytest.mark.parametrize(
    "rest",
    [
        'P3,0,44"\n',
        "P3,0,44\n",
        'P3,0,"44\n',
    ],
)
def test_a_quotation_mark_that_swallows_rows_is_refused_with_its_row(rest):
    (refusal,) = found(read_text(OPEN + rest), "UNPARSEABLE")
    assert refusal.row == 3 or "row 3 " in refusal.text


@pytest.mark.parametrize("rest", ['P3,0,44"\n', "P3,0,44\n", 'P3,0,"44\n', 'P3,0,"44"\n'])
def test_a_quotation_mark_that_swallows_rows_gives_no_trial(rest):
    reading = read_text(OPEN + rest)
    assert (reading.verdict, reading.trial) == ("reject", None)
    assert found(reading, "UNPARSEABLE")


def test_a_quoted_cell_of_several_lines_is_no_swallowed_row():
    reading = read_text(
        'patient_id,month,ALSFRS_R,note\nP1,-6,40,"calm,\nwell"\nP1,0,38,\nP1,6,36,\n'
    )
    assert [value for *_, value in values(reading)] == [40, 38, 36]


def test_a_formula_without_a_stored_result_is_listed_as_it_is_written():
    rows: list[list[object]] = [
        ["patient_id", "month", "ALSFRS_R"],
        ["P1", -6, "=20+20"],
        ["P1", 0, 38],
        ["P1", 6, 36],
    ]
    reading = read_workbook(rows)
    (finding,) = found(reading, "NOT_A_NUMBER")
    assert (finding.row, finding.column, finding.value) == (2, "ALSFRS_R", "=20+20")
    assert [value for *_, value in values(reading)] == [38, 36]


def test_plain_values_beside_wide_columns_are_listed_as_without_a_time():
    reading = read_text(
        "patient_id,ALSFRS_R_m-6,ALSFRS_R_m0,ALSFRS_R_m6,FVC_percent\n"
        "P1,44,40,39,80\nP2,45,44,40,\nP3,40,39,38,75\n"
    )
    (finding,) = found(reading, "ROW_WITHOUT_DATE")
    assert "2 rows (2, 4)" in finding.text
    plain = [(p, v, d != d) for p, e, d, v in values(reading) if e == "fvc"]
    assert plain == [("P1", 80, True), ("P3", 75, True)]


def test_a_month_stands_in_where_the_day_is_empty():
    reading = read_text(
        "patient_id,days_from_transplant,months_from_transplant,ALSFRS_R\n"
        "P1,-180,-6,44\nP1,,0,42\nP1,,6,40\nP1,200,,39\n"
    )
    days = [day for _, _, day, _ in values(reading)]
    assert days == [-180, 0, 6 * DAYS_PER_MONTH, 200]
    assert not found(reading, "ROW_WITHOUT_DATE")


@pytest.mark.parametrize("names", [("P 1", "p1", "P-01"), ("A_7", "a.07")])
def test_names_that_differ_only_in_writing_are_one_patient_and_named(names):
    rows = "".join(f"{name},{month},40\n" for month, name in enumerate(names, start=-1))
    reading = read_text("patient_id,month,ALSFRS_R\n" + rows)
    (finding,) = found(reading, "ID_VARIANTS_MERGED")
    assert finding.severity == "warning"
    assert all(name in finding.text for name in names)
    assert reading.trial is not None
    assert len(reading.trial.patient_ids) == 1
    assert reading.trial.patient_ids[0] in names
    assert len(values(reading)) == len(names)


@pytest.mark.parametrize("names", [("P1", "P10"), ("P1", "P100", "P2"), ("P10", "P1", "P-0")])
def test_names_of_different_numbers_are_different_patients(names):
    rows = "".join(f"{name},{month},40\n" for name in names for month in (-6, 0, 6))
    reading = read_text("patient_id,month,ALSFRS_R\n" + rows)
    assert reading.verdict == "load"
    assert reading.trial is not None
    assert set(reading.trial.patient_ids) == set(names)


ALIKE = "patient_id,month,ALSFRS_R\nP1,-6,40\nP1,0,39\nP01,0,30\nP01,6,29\n"


def test_alike_names_that_contradict_on_a_day_are_asked_about():
    asked = read_text(ALIKE)
    assert (asked.verdict, asked.trial) == ("ask", None)
    assert [q.code for q in asked.questions] == ["ID_MERGE"]
    assert "P01" in asked.questions[0].evidence
    assert [value for value, _ in asked.questions[0].options] == ["yes", "no"]


def test_the_answer_joins_alike_names_or_keeps_them_apart():
    apart = read_text(ALIKE, {"ID_MERGE": "no"})
    assert [(p, v) for p, _, _, v in values(apart)] == [
        ("P01", 30),
        ("P01", 29),
        ("P1", 40),
        ("P1", 39),
    ]
    assert found(apart, "SIMILAR_NAMES")
    joined = read_text(ALIKE, {"ID_MERGE": "yes"})
    assert joined.trial is not None
    assert len(joined.trial.patient_ids) == 1
    assert sorted(value for *_, value in values(joined)) == [29, 30, 39, 40]
    status = joined.trial.measurements.set_index("value")["status"].to_dict()
    assert status == {
        40: "ok",
        39: "CONFLICTING_DUPLICATES",
        30: "CONFLICTING_DUPLICATES",
        29: "ok",
    }


def test_a_visit_sixty_years_away_is_named_and_set_aside():
    reading = read_text(
        "patient_id,visit_date,transplant_date,ALSFRS_R\n"
        "P1,2019-12-05,2020-03-04,40\nP1,1960-06-04,2020-03-04,39\nP1,2020-09-04,2020-03-04,38\n"
    )
    (finding,) = found(reading, "IMPLAUSIBLE_TIME")
    assert finding.row == 3
    assert reading.trial is not None
    status = reading.trial.measurements.set_index("row")["status"]
    assert status.to_dict() == {2: "ok", 3: "IMPLAUSIBLE_TIME", 4: "ok"}


def test_dates_and_months_that_disagree_are_named_and_the_date_counts():
    reading = read_text(
        "patient_id,visit_date,transplant_date,month,ALSFRS_R\n"
        "P1,2020-05-04,2020-03-04,-6,40\nP1,2020-09-04,2020-03-04,6,39\n"
    )
    (finding,) = found(reading, "TIME_MISMATCH")
    assert finding.row == 2
    assert [day for _, _, day, _ in values(reading)] == [61, 184]


PERCENT_IN_LITRES = "patient_id,month,FVC_percent\nP1,-6,3.5\nP1,0,3.4\nP1,6,3.4\n"


@pytest.mark.parametrize(("answer", "endpoint"), [("litres", "fvc_litres"), ("percent", "fvc")])
def test_a_percent_column_that_holds_litres_is_asked(answer, endpoint):
    asked = read_text(PERCENT_IN_LITRES)
    assert (asked.verdict, [q.code for q in asked.questions]) == ("ask", ["FVC_UNIT"])
    answered = read_text(PERCENT_IN_LITRES, {"FVC_UNIT": answer})
    assert [(e, v) for _, e, _, v in values(answered)] == [
        (endpoint, 3.5),
        (endpoint, 3.4),
        (endpoint, 3.4),
    ]


@pytest.mark.parametrize(
    ("headers", "months"),
    [
        ("ALSFRS-R-0m,ALSFRS-R-3m,ALSFRS-R-6m", [0, 3, 6]),
        ("ALSFRS-R-6m,ALSFRS-R0m,ALSFRS-R6m", [-6, 0, 6]),
    ],
)
def test_a_hyphen_is_no_minus_where_month_0_has_one_too(headers, months):
    reading = read_text(f"patient_id,{headers}\nP1,44,42,40\n")
    assert [day / DAYS_PER_MONTH for _, _, day, _ in values(reading)] == pytest.approx(months)


def test_a_per_cent_sign_that_is_only_written_behind_the_number_does_not_multiply():
    rows: list[list[object]] = [
        ["patient_id", "month", "FVC_percent"],
        ["P1", -6, 85],
        ["P1", 0, 0.85],
    ]
    reading = read_workbook(rows, {"C2": '0"%"', "C3": "0%"})
    assert [value for *_, value in values(reading)] == [85, 85]


def test_patients_without_a_visit_after_the_transplant_are_named():
    reading = read_text(
        "patient_id,visit_date,transplant_date,ALSFRS_R\n"
        "P1,2019-12-05,2020-03-04,40\nP1,2020-09-04,2020-03-04,38\n"
        "P2,2019-12-05,2020-03-04,40\nP2,2020-03-04,2020-03-04,39\n"
    )
    (finding,) = found(reading, "NO_POST_VISITS")
    assert "1 of 2 patients: P2." in finding.text


def undated(first: date, second: date) -> str:
    reading = read_text(UNDATED.format(first, second))
    assert reading.trial is not None
    return reading.trial.hash


def test_the_hash_holds_the_visits_of_undated_patients_but_not_their_calendar():
    # Both visits 700 days later are the same course; one visit a day later is another.
    plain = undated(date(2020, 1, 1), date(2020, 7, 1))
    assert undated(date(2021, 12, 1), date(2022, 6, 1)) == plain
    assert undated(date(2020, 1, 1), date(2020, 7, 2)) != plain


def test_two_loads_of_one_file_are_two_instances_with_one_hash():
    text = UNDATED.format(date(2020, 1, 1), date(2020, 7, 1))
    one, other = read_text(text).trial, read_text(text).trial
    assert one is not None
    assert other is not None
    assert one.hash == other.hash
    assert one.instance != other.instance
