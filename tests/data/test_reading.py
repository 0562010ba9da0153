"""Files of many kinds into a trial; every refusal says where, what and what to do next."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import settings as search
from hypothesis import strategies as st

from analysis.compare import compare
from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.files import UploadedFile
from data.reading import Reading, read_files
from data.trial import DAYS_PER_MONTH
from tests.conftest import read_text

MANY = 5 * search().max_examples

# P1 has four visits around 4 March 2020, P2 three.
DATED = """patient_id,visit_date,transplant_date,ALSFRS_R,FVC_percent
P1,2019-12-05,2020-03-04,40,80.5
P1,2020-03-04,2020-03-04,39,79
P1,2020-06-02,2020-03-04,38,
P1,2020-08-31,2020-03-04,38,77.25
P2,2020-01-04,2020-03-14,44,101
P2,2020-03-14,2020-03-14,44,100
P2,2020-09-10,2020-03-14,41,95
"""
DATED_POINTS = {
    ("P1", "alsfrs_r"): [(-90, 40), (0, 39), (90, 38), (180, 38)],
    ("P1", "fvc"): [(-90, 80.5), (0, 79), (180, 77.25)],
    ("P2", "alsfrs_r"): [(-70, 44), (0, 44), (180, 41)],
    ("P2", "fvc"): [(-70, 101), (0, 100), (180, 95)],
}


def read(content: bytes, name: str = "t.csv", answers=None) -> Reading:
    return read_files([UploadedFile(name, content)], answers)


def points(reading: Reading) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Return day and value by patient and endpoint, also what is quarantined."""
    assert reading.trial is not None, [f.sentence() for f in reading.findings]
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    frame = reading.trial.measurements
    columns = (frame[name].tolist() for name in ("patient", "endpoint", "day", "value"))
    for patient, endpoint, day, value in zip(*columns, strict=True):
        found.setdefault((patient, endpoint), []).append((day, value))
    return found


def statuses(reading: Reading) -> list[tuple[float, str]]:
    assert reading.trial is not None
    frame = reading.trial.measurements
    return list(zip(frame["value"], frame["status"], strict=True))


def finding(reading: Reading, code: str):
    """Return the only finding with a code, after checking that it is a message for a person."""
    found = [f for f in reading.findings if f.code == code]
    assert len(found) == 1, [f.sentence() for f in reading.findings]
    assert found[0].text.endswith((".", "?"))
    assert found[0].next_step.endswith(".")
    assert found[0].file
    assert found[0].file in found[0].sentence()
    return found[0]


def codes(reading: Reading) -> set[str]:
    return {f.code for f in reading.findings}


def refused(reading: Reading, code: str):
    assert reading.verdict == "reject"
    assert reading.trial is None
    found = finding(reading, code)
    assert found.severity == "error"
    return found


# -- layouts ---------------------------------------------------------------------------------------


def test_long_table_with_dates():
    reading = read_text(DATED)
    assert reading.verdict == "load"
    assert points(reading) == DATED_POINTS
    assert reading.to_json()["mapping"] == {
        "t.csv": {
            "patient_id": "patient",
            "visit_date": "date of the visit",
            "transplant_date": "transplant date",
            "ALSFRS_R": "ALSFRS-R",
            "FVC_percent": "FVC, % predicted",
        }
    }
    assert reading.to_json()["transplants"] == {"P1": ["2020-03-04"], "P2": ["2020-03-14"]}


def test_long_table_with_months_from_the_transplant():
    reading = read_text(
        "Patient ID,Months from transplant,ALSFRS-R total\n1,-3,40\n1,0,39\n1,4.5,37\n"
    )
    assert points(reading) == {
        ("1", "alsfrs_r"): [(-3 * DAYS_PER_MONTH, 40), (0, 39), (4.5 * DAYS_PER_MONTH, 37)]
    }


def test_long_table_with_days_from_the_transplant():
    reading = read_text("subjid,days since transplant,ALSFRSR\nA,-91,40\nA,0,39\nA,45,37\n")
    assert points(reading) == {("A", "alsfrs_r"): [(-91, 40), (0, 39), (45, 37)]}


@pytest.mark.parametrize(
    ("headers", "endpoint"),
    [
        (["ALSFRS_R_m-6", "ALSFRS_R_m0", "ALSFRS_R_m3"], "alsfrs_r"),
        (["ALSFRS-R month -6", "ALSFRS-R month 0", "ALSFRS-R month 3"], "alsfrs_r"),
        (["alsfrsr_-6m", "alsfrsr_0m", "alsfrsr_3m"], "alsfrs_r"),
        (["ALSFRS-R month −6", "ALSFRS-R month 0", "ALSFRS-R month 3"], "alsfrs_r"),
        (["FVC_percent_-6", "FVC_percent_0", "FVC_percent_3"], "fvc"),
        (
            ["FVC % predicted -6 months", "FVC % predicted 0 months", "FVC % predicted 3 months"],
            "fvc",
        ),
        (["FVC_L_-6", "FVC_L_0", "FVC_L_3"], "fvc_litres"),
    ],
)
def test_wide_table(headers, endpoint):
    values = ("4.1", "3.9", "") if endpoint == "fvc_litres" else ("40", "39", "")
    reading = read_text(f"id,sex,{','.join(headers)}\nA,F,{','.join(values)}\nB,M,2,,1\n")
    first, second = float(values[0]), float(values[1])
    assert points(reading) == {
        ("A", endpoint): [(-6 * DAYS_PER_MONTH, first), (0, second)],
        ("B", endpoint): [(-6 * DAYS_PER_MONTH, 2), (3 * DAYS_PER_MONTH, 1)],
    }
    assert reading.trial is not None
    assert reading.trial.patients["sex"].tolist() == ["F", "M"]


def test_wide_table_with_two_measures():
    text = "id,ALSFRS_R_m-6,ALSFRS_R_m0,ALSFRS_R_m3,FVC_percent_-6,FVC_percent_0,FVC_percent_3\n"
    reading = read_text(text + "A,40,39,38,90,89,88\n")
    assert {key: len(found) for key, found in points(reading).items()} == {
        ("A", "alsfrs_r"): 3,
        ("A", "fvc"): 3,
    }


def workbook(rows, *, title="Visits", formats=None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for cell, code in (formats or {}).items():
        sheet[cell].number_format = code
    return saved(book)


def saved(book) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


XLSX_ROWS = [
    ["patient_id", "visit_date", "transplant_date", "ALSFRS_R", "FVC_percent"],
    ["P1", date(2019, 12, 5), date(2020, 3, 4), 40, 0.805],
    ["P1", datetime(2020, 3, 4, 10, 30), date(2020, 3, 4), 39, 0.79],
    ["P1", date(2020, 6, 2), date(2020, 3, 4), 38, None],
    ["P1", date(2020, 8, 31), date(2020, 3, 4), 38, 0.7725],
    ["P2", date(2020, 1, 4), date(2020, 3, 14), 44, 1.01],
    ["P2", date(2020, 3, 14), date(2020, 3, 14), 44, 1],
    ["P2", date(2020, 9, 10), date(2020, 3, 14), 41, 0.95],
]
PERCENT = {f"E{row}": "0.0%" for row in range(2, 9)}


def test_workbook_with_real_dates_and_percent_cells():
    reading = read(workbook(XLSX_ROWS, formats=PERCENT), "visits.xlsx")
    assert reading.verdict == "load"
    assert points(reading) == DATED_POINTS


def test_percent_cells_keep_every_digit():
    rows = [XLSX_ROWS[0], ["P1", date(2020, 3, 4), date(2020, 3, 4), 40, 0.85123456]]
    reading = read(workbook(rows, formats={"E2": "0.0%"}), "visits.xlsx")
    assert points(reading)["P1", "fvc"][0][1] == pytest.approx(85.123456, abs=1e-9)


def test_places_in_workbooks_name_sheet_row_and_column():
    rows = [*XLSX_ROWS[:2], [], ["P1", date(2020, 3, 4), date(2020, 3, 4), "forty", None]]
    found = finding(read(workbook(rows, formats=PERCENT), "v.xlsx"), "NOT_A_NUMBER")
    assert (found.file, found.sheet, found.row, found.column, found.value) == (
        "v.xlsx",
        "Visits",
        4,
        "ALSFRS_R",
        "forty",
    )


def test_the_sheet_with_the_visits_is_found_and_the_others_are_named():
    book = openpyxl.load_workbook(io.BytesIO(workbook(XLSX_ROWS, formats=PERCENT)))
    book.create_sheet("Readme", 0).append(["about this file"])
    reading = read(saved(book), "v.xlsx")
    assert points(reading) == DATED_POINTS
    assert finding(reading, "SHEET_NOT_USED").sheet == "Readme"


def test_a_hidden_sheet_with_values_is_named():
    book = openpyxl.load_workbook(io.BytesIO(workbook(XLSX_ROWS, formats=PERCENT)))
    hidden = book.create_sheet("More")
    for row in XLSX_ROWS:
        hidden.append(row)
    hidden.sheet_state = "hidden"
    reading = read(saved(book), "v.xlsx")
    assert points(reading) == DATED_POINTS
    assert any(f.sheet == "More" for f in reading.findings)


def test_a_wrong_size_noted_in_the_workbook_loses_no_row():
    source = zipfile.ZipFile(io.BytesIO(workbook(XLSX_ROWS, formats=PERCENT)))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert b'<dimension ref="A1:E8"' in content
                content = content.replace(b'<dimension ref="A1:E8"', b'<dimension ref="A1:C3"')
            target.writestr(name, content)
    assert points(read(stream.getvalue(), "v.xlsx")) == DATED_POINTS


# -- dialects --------------------------------------------------------------------------------------


def semicolons(text: str) -> str:
    return text.replace(",", ";").replace(".", ",")


@pytest.mark.parametrize(
    "content",
    [
        DATED.encode("utf-8-sig"),
        DATED.encode("utf-16"),
        b"\xfe\xff" + DATED.encode("utf-16-be"),
        DATED.replace("\n", "\r\n").encode(),
        DATED.replace("\n", "\r").encode(),
        DATED.replace(",", "\t").encode(),
        DATED.replace(",", "|").encode(),
        semicolons(DATED).encode(),
        ("\n\n" + DATED.replace("\n", "\n\n")).encode(),
        DATED.replace("P1,", '"P1",').encode(),
        DATED.replace("39,79", "39 , 79 ").encode(),
        DATED.replace("FVC_percent", "FVC % predicted").encode(),
        DATED.replace("40,80.5", "40,80.5 %").encode(),
        DATED.replace("38,\n", "38,NA\n").encode(),
    ],
    ids=["BOM", "UTF-16", "UTF-16 BE", "CRLF", "CR", "tab", "pipe", "semicolon and decimal comma",
         "blank lines", "quotes", "spaces", "header in words", "percent sign", "missing code"],
)  # fmt: skip
def test_dialects_give_the_same_values(content):
    assert points(read(content)) == DATED_POINTS


def test_names_in_windows_letters_survive():
    text = "patient_id,day from transplant,ALSFRS_R\nMüller,0,40\n"
    assert ("Müller", "alsfrs_r") in points(read(text.encode("cp1252")))


def test_row_numbers_count_as_the_file_does():
    text = "patient_id,day from transplant,ALSFRS_R\n\nA,0,forty\n\nA,1,40\n"
    assert finding(read_text(text), "NOT_A_NUMBER").row == 3


# -- what is not used is listed --------------------------------------------------------------------


def test_unknown_columns_are_listed():
    reading = read_text("patient_id,month,ALSFRS_R,blood pressure,comment\nA,0,40,120,fine\n")
    found = finding(reading, "UNUSED_COLUMNS")
    assert found.severity == "info"
    assert "“blood pressure”" in found.text
    assert "“comment”" in found.text


def test_a_second_column_for_the_same_is_listed():
    found = finding(
        read_text("patient_id,month,ALSFRS_R,ALSFRSR total\nA,0,40,39\n"), "TWO_COLUMNS_FOR_ONE"
    )
    assert "“ALSFRS_R” is used, “ALSFRSR total” is not" in found.text


@pytest.mark.parametrize(
    "text",
    [
        "patient_id,month,ALSFRS_R,\nA,0,40,39\n",
        "patient_id,month,FVC_percent\nA,0,80,5\nA,1,79,0\n",
    ],
    ids=["column without a header", "decimal comma in a comma table"],
)
def test_cells_without_a_header_are_listed(text):
    reading = read_text(text)
    assert codes(reading), "a filled column was dropped without a word"


def test_files_of_one_trial_are_read_together():
    lines = DATED.splitlines(keepends=True)
    files = [
        UploadedFile("a.csv", "".join(lines[:5]).encode()),
        UploadedFile("b.csv", "".join([lines[0], *lines[5:]]).encode()),
    ]
    reading = read_files(files)
    assert reading.verdict == "load"
    assert points(reading) == DATED_POINTS
    assert reading.trial is not None
    frame = reading.trial.measurements
    assert dict(zip(frame["patient"], frame["file"], strict=True)) == {"P1": "a.csv", "P2": "b.csv"}


def test_values_that_two_files_share_are_used_once_and_said():
    # The second file holds the header and two visits of the first, three values in all.
    files = [UploadedFile("a.csv", DATED.encode()), UploadedFile("b.csv", DATED[:120].encode())]
    reading = read_files(files)
    found = finding(reading, "EXACT_DUPLICATES")
    assert found.file == "b.csv"
    assert "alike: 3" in found.text
    assert points(reading) == DATED_POINTS


# -- files that are no trial -----------------------------------------------------------------------


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


GOOD_BOOK = workbook(XLSX_ROWS, formats=PERCENT)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY"),
        (b" \n\t ", "EMPTY"),
        (b"\xef\xbb\xbf", "EMPTY"),
        (b"\xff\xfe", "EMPTY"),
        (b"\xa0\n\xa0", "EMPTY"),
        (b",,\n,,\n", "EMPTY"),
        (workbook([]), "EMPTY"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "UNSUPPORTED_FORMAT"),
        (b"%PDF-1.7\n" + bytes(100), "NOT_A_SPREADSHEET"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "NOT_A_SPREADSHEET"),
        (GOOD_BOOK[: len(GOOD_BOOK) // 2], "CORRUPT"),
        (GOOD_BOOK[:10], "CORRUPT"),
        (b"PK\x03\x04" + bytes(100), "CORRUPT"),
        (zipped({"the file": b"\x89PNG\r\n\x1a\n" + bytes(100)}), "NOT_A_SPREADSHEET"),
        (zipped({"xl/workbook.xml": b"x"}), "CORRUPT"),
        (zipped({"xl/workbook.xml": b"x", "[Content_Types].xml": b"<"}), "CORRUPT"),
        (bytes(range(256)) * 4, "NOT_TEXT"),
        (b"\xff\xfea", "NOT_TEXT"),
    ],
    ids=["empty", "blank", "BOM only", "UTF-16 BOM only", "no-break spaces", "empty cells",
         "empty workbook", "old .xls", "PDF", "picture", "half a workbook", "start of a workbook",
         "broken zip", "other zip", "workbook of nonsense", "broken XML", "random bytes",
         "half a letter"],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_next_step(content, code):
    found = refused(read(content, "the file"), code)
    assert found.file == "the file"


def test_damaged_xml_inside_a_workbook_is_refused():
    source = zipfile.ZipFile(io.BytesIO(GOOD_BOOK))
    for broken in source.namelist():
        members = {name: source.read(name) for name in source.namelist()}
        members[broken] = members[broken][: len(members[broken]) // 2]
        reading = read(zipped(members), "v.xlsx")
        assert reading.trial is not None or codes(reading) == {"CORRUPT"}, broken


def test_a_workbook_that_asks_for_entities_is_refused():
    source = zipfile.ZipFile(io.BytesIO(GOOD_BOOK))
    members = {name: source.read(name) for name in source.namelist()}
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    sheet = members["xl/worksheets/sheet1.xml"]
    start = sheet.index(b"<worksheet")
    members["xl/worksheets/sheet1.xml"] = bomb + sheet[start:].replace(b"<v>40</v>", b"<v>&b;</v>")
    refused(read(zipped(members), "v.xlsx"), "UNSAFE_XML")


def test_an_endless_cell_is_refused():
    text = b"patient_id,month,ALSFRS_R\nA,0,40\nA,1," + b"x" * 1_000_100 + b"\n"
    refused(read(text), "FIELD_TOO_LARGE")


def test_a_table_in_a_zip_is_read_and_names_its_member():
    reading = read(zipped({"visits.csv": DATED.encode()}), "visits.zip")
    assert points(reading) == DATED_POINTS
    assert reading.trial is not None
    assert all("visits.csv" in file for file in reading.trial.measurements["file"])


def test_no_file_is_refused():
    reading = read_files([])
    assert reading.verdict == "reject"
    assert codes(reading) == {"EMPTY"}


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("patient_id,month,ALSFRS_R\n", "NO_ROWS", ""),
        ("a,b,c\n1,2,3\n", "NO_ENDPOINT", "“a”, “b”, “c”"),
        ("just a letter to a colleague\nwith two lines\n", "NO_ENDPOINT", "ALSFRS-R"),
        ("name of nurse,month,ALSFRS_R\nx,0,40\n", "NO_PATIENT_ID", "“name of nurse”"),
        ("patient_id,ALSFRS_R\nA,40\n", "NO_TIME", "“ALSFRS_R”"),
    ],
)
def test_tables_that_are_no_trial_name_the_columns_that_they_have(text, code, hint):
    found = refused(read_text(text), code)
    assert hint in found.text
    assert found.row == 1


def test_a_table_without_any_number_names_every_cell():
    reading = read_text("patient_id,month,ALSFRS_R\nA,0,good\nA,3,bad\n")
    refused(reading, "NO_VISITS")
    cells = [(f.row, f.column, f.value) for f in reading.findings if f.code == "NOT_A_NUMBER"]
    assert cells == [(2, "ALSFRS_R", "good"), (3, "ALSFRS_R", "bad")]


# -- single bad cells ------------------------------------------------------------------------------

LONG = "patient_id,day from transplant,ALSFRS_R\n"


def test_text_in_a_score_is_listed_and_the_other_values_stay():
    reading = read_text(LONG + "A,-60,40\nA,0,thirty-nine\nA,60,38\n")
    found = finding(reading, "NOT_A_NUMBER")
    assert (found.row, found.column, found.value) == (3, "ALSFRS_R", "thirty-nine")
    assert "ALSFRS-R" in found.text
    assert points(reading) == {("A", "alsfrs_r"): [(-60, 40), (60, 38)]}
    assert reading.verdict == "load_flagged"


def test_a_number_with_a_note_is_read_and_listed():
    reading = read_text(LONG + "A,-60,40\nA,0,about 39\nA,60,38\n")
    found = finding(reading, "ANNOTATED_VALUES")
    assert (found.row, found.column, found.value) == (3, "ALSFRS_R", "about 39")
    assert "39" in found.text
    assert points(reading) == {("A", "alsfrs_r"): [(-60, 40), (0, 39), (60, 38)]}
    assert reading.verdict == "load_flagged"


@pytest.mark.parametrize(
    ("endpoint", "value"),
    [
        ("ALSFRS_R", "60"),
        ("ALSFRS_R", "-1"),
        ("ALSFRS_R", "38.5"),
        ("FVC_percent", "0"),
        ("FVC_percent", "300"),
        ("FVC_L", "70"),
    ],
)
def test_impossible_values_are_quarantined(endpoint, value):
    header = f"patient_id,day from transplant,{endpoint}\n"
    good = "3" if endpoint == "FVC_L" else "30"
    reading = read_text(header + f"A,0,{value}\nA,60,{good}\n")
    found = finding(reading, "OUT_OF_RANGE")
    assert (found.row, found.column, found.value) == (2, endpoint, value)
    assert statuses(reading) == [(float(value), "OUT_OF_RANGE"), (float(good), "ok")]


def test_sixty_point_scores_are_all_quarantined_and_listed():
    rows = "".join(f"A,{day},{score}\n" for day, score in ((-60, 58), (0, 55), (60, 50)))
    reading = read_text(LONG + rows)
    assert {status for _, status in statuses(reading)} == {"OUT_OF_RANGE"}
    assert [f.row for f in reading.findings if f.code == "OUT_OF_RANGE"] == [2, 3, 4]


def test_exact_duplicates_are_used_once():
    reading = read_text(LONG + "A,0,40\nA,0,40\nA,60,39\nA,0,40\n")
    found = finding(reading, "EXACT_DUPLICATES")
    assert "alike: 2" in found.text
    assert points(reading) == {("A", "alsfrs_r"): [(0, 40), (60, 39)]}


def test_contradicting_values_of_one_day_are_all_quarantined():
    reading = read_text(LONG + "A,0,40\nA,0,38\nA,60,39\n")
    found = finding(reading, "CONFLICTING_DUPLICATES")
    assert "40 (row 2)" in found.text
    assert "38 (row 3)" in found.text
    assert sorted(statuses(reading)) == [
        (38.0, "CONFLICTING_DUPLICATES"),
        (39.0, "ok"),
        (40.0, "CONFLICTING_DUPLICATES"),
    ]


def test_duplicates_of_patients_without_day_0_are_found_by_date():
    text = "patient_id,visit_date,transplant_date,ALSFRS_R\n"
    reading = read_text(
        text + "A,2020-01-01,,40\nA,2020-01-01,,40\nA,2020-02-01,,39\nA,2020-02-01,,38\n"
    )
    assert {"EXACT_DUPLICATES", "CONFLICTING_DUPLICATES"} <= codes(reading)
    assert sorted(value for value, _ in statuses(reading)) == [38, 39, 40]


def test_rows_without_a_patient_are_listed():
    found = finding(read_text(LONG + "A,0,40\n,5,39\n-,6,38\n"), "ROW_WITHOUT_ID")
    assert "2 rows (3, 4)" in found.text


def test_a_patient_called_na_is_a_patient():
    assert points(read_text(LONG + "NA,0,40\n")) == {("NA", "alsfrs_r"): [(0, 40)]}


def test_a_name_of_five_thousand_digits_is_a_name():
    name = "9" * 5000
    assert points(read_text(LONG + f"{name},0,40\nB,0,39\n"))[name, "alsfrs_r"] == [(0, 40)]


def test_values_without_a_time_are_listed_and_kept():
    reading = read_text(LONG + "A,0,40\nA,,39\nA,soon,38\n")
    found = finding(reading, "ROW_WITHOUT_DATE")
    assert "2 rows (3, 4)" in found.text
    assert finding(reading, "NOT_A_NUMBER").value == "soon"
    assert sorted(value for value, _ in statuses(reading)) == [38, 39, 40]


@pytest.mark.parametrize("month", ["1e99", "9" * 400, "40000"])
def test_an_absurd_time_is_listed(month):
    reading = read_text(f"patient_id,month,ALSFRS_R\nA,0,40\nA,3,39\nA,{month},38\n")
    assert any(f.row == 4 and f.value for f in reading.findings), [f.text for f in reading.findings]


def test_no_transplant_date_at_all_can_be_browsed():
    reading = read_text("patient_id,visit_date,ALSFRS_R\nA,2020-01-01,40\nB,2020-01-01,39\n")
    found = finding(reading, "NO_TRANSPLANT_DATE")
    assert "2 of 2 patients: A, B" in found.text
    assert reading.trial is not None
    assert reading.trial.patients["transplant_days"].tolist() == [(), ()]
    assert len(reading.trial.measurements) == 2


def test_a_missing_transplant_date_names_the_patient():
    reading = read_text(re.sub(r"^(P2,[^,]*),[^,]*,", r"\1,,", DATED, flags=re.MULTILINE))
    assert "1 of 2 patients: P2" in finding(reading, "NO_TRANSPLANT_DATE").text
    assert len(points(reading)["P1", "alsfrs_r"]) == 4


def test_two_transplant_dates_are_both_kept():
    reading = read_text(DATED.replace("2020-08-31,2020-03-04", "2020-08-31,2020-06-01"))
    assert "P1 has 2 different transplant dates" in finding(reading, "MULTIPLE_TRANSPLANTS").text
    assert reading.trial is not None
    assert reading.trial.patients["transplant_days"].tolist() == [(0.0, 89.0), (0.0,)]


def test_a_patient_without_a_run_in_is_named():
    found = finding(read_text(LONG + "A,-9,40\nA,9,39\nB,9,38\n"), "NO_PRE_VISITS")
    assert "1 of 2 patients: B" in found.text


def test_one_visit_a_patient_can_be_browsed():
    reading = read_text(LONG + "A,0,40\nB,3,39\n")
    assert {key: len(found) for key, found in points(reading).items()} == {
        ("A", "alsfrs_r"): 1,
        ("B", "alsfrs_r"): 1,
    }


def test_a_visit_after_death_is_quarantined():
    text = "patient_id,visit_date,transplant_date,death_date,ALSFRS_R\n"
    row = "A,{},2020-01-01,2020-06-01,{}\n"
    reading = read_text(text + row.format("2020-06-01", 30) + row.format("2020-06-02", 29))
    assert finding(reading, "VISIT_AFTER_DEATH").row == 3
    assert statuses(reading) == [(30, "ok"), (29, "VISIT_AFTER_DEATH")]
    assert reading.trial is not None
    assert reading.trial.events["day"].tolist() == [152]


# -- questions -------------------------------------------------------------------------------------


def fvc(values: str, header: str = "FVC", answers=None) -> Reading:
    rows = "".join(f"A,{i},{value}\n" for i, value in enumerate(values.split()))
    return read_text(f"patient_id,month from transplant,{header}\n{rows}", answers)


def test_fvc_in_per_cent_is_inferred_and_said():
    reading = fvc("80.5 77 64")
    assert {key for _, key in points(reading)} == {"fvc"}
    assert "% predicted" in finding(reading, "FVC_UNIT_INFERRED").text


def test_fvc_in_litres_is_inferred_and_said():
    reading = fvc("3.45 3.2 2.9")
    assert {key for _, key in points(reading)} == {"fvc_litres"}
    assert "litres" in finding(reading, "FVC_UNIT_INFERRED").text


def test_fvc_with_percent_signs_needs_no_inference():
    reading = fvc("80% 7% 6%")
    assert {key for _, key in points(reading)} == {"fvc"}
    assert "FVC_UNIT_INFERRED" not in codes(reading)


@pytest.mark.parametrize(("answer", "endpoint"), [("percent", "fvc"), ("litres", "fvc_litres")])
def test_fvc_that_could_be_either_is_asked_and_answered(answer, endpoint):
    asked = fvc("9.5 8 4")
    assert (asked.verdict, asked.trial) == ("ask", None)
    assert [(q.code, [value for value, _ in q.options]) for q in asked.questions] == [
        ("FVC_UNIT", ["percent", "litres", "fraction"])
    ]
    answered = fvc("9.5 8 4", answers={"FVC_UNIT": answer})
    assert points(answered) == {
        ("A", endpoint): [(0, 9.5), (DAYS_PER_MONTH, 8), (2 * DAYS_PER_MONTH, 4)]
    }
    assert fvc("9.5 8 4", answers={"FVC_UNIT": "gallons"}).verdict == "ask"


@pytest.mark.parametrize(
    ("header", "endpoint"), [("FVC_percent", "fvc"), ("FVC (L)", "fvc_litres")]
)
def test_a_named_fvc_unit_is_believed(header, endpoint):
    assert {key for _, key in points(fvc("9.5 8 4", header))} == {endpoint}


SLASHED = (
    "patient_id,visit_date,transplant_date,ALSFRS_R\n"
    "A,{},03/04/2020,40\nA,03/04/2020,03/04/2020,39\n"
)


@pytest.mark.parametrize(("answer", "day"), [("dmy", -60), ("mdy", -31)])
def test_ambiguous_dates_are_asked_and_answered(answer, day):
    # Day first: 3 February to 3 April, 60 days. Month first: 2 February to 4 March, 31 days.
    text = SLASHED.format("03/02/2020" if answer == "dmy" else "02/02/2020")
    asked = read_text(text)
    assert (asked.verdict, [q.code for q in asked.questions]) == ("ask", ["DATE_ORDER"])
    assert [value for value, _ in asked.questions[0].options] == ["dmy", "mdy"]
    reading = read_text(text, {"DATE_ORDER": answer})
    assert points(reading) == {("A", "alsfrs_r"): [(day, 40), (0, 39)]}


@pytest.mark.parametrize(("first", "day"), [("13/03/2020", -21), ("03/31/2020", 27)])
def test_one_certain_date_settles_the_order(first, day):
    reading = read_text(SLASHED.format(first))
    assert not reading.questions
    assert (day, 40) in points(reading)["A", "alsfrs_r"]


def test_both_questions_are_asked_at_once():
    text = "patient_id,visit_date,transplant_date,FVC\nA,03/04/2020,01/02/2020,9.5\n"
    assert [q.code for q in read_text(text).questions] == ["DATE_ORDER", "FVC_UNIT"]
    assert read_text(text, {"DATE_ORDER": "dmy", "FVC_UNIT": "percent"}).trial is not None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("30 Feb 2020", "does not exist"),
        ("2020-00-10", "part of a date"),
        ("2999-01-01", "2999"),
        ("spring", "certainty"),
    ],
)
@pytest.mark.parametrize("column", ["visit_date", "transplant_date"])
def test_impossible_dates_are_listed_and_the_value_is_kept(text, why, column):
    cells = {"visit_date": "2020-05-01", "transplant_date": "2020-03-04", column: text}
    row = f"P3,{cells['visit_date']},{cells['transplant_date']},33,71\n"
    reading = read_text(DATED + row)
    found = finding(reading, "INVALID_DATE")
    assert (found.row, found.column, found.value) == (9, column, text)
    assert why in found.text
    assert [v for _, v in points(reading)["P3", "alsfrs_r"]] == [33]


# -- properties ------------------------------------------------------------------------------------

starts = st.sampled_from(
    [b"", b"PK", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", LONG.encode()]
)
snippets = st.sampled_from(
    [b",", b";", b"\n", b"\r", b'"', b"A", b"40", b"\t", b"patient_id", b"month", b"FVC"]
)


@search(max_examples=MANY)
@given(
    st.builds(
        lambda a, b: a + b,
        starts,
        st.one_of(st.binary(max_size=80), st.lists(snippets).map(b"".join)),
    )
)
def test_no_bytes_raise(content):
    reading = read(content, "x")
    assert reading.trial is not None or reading.findings or reading.questions


@search(max_examples=MANY)
@given(st.integers(0, len(GOOD_BOOK) - 1), st.integers(0, 255), st.integers(0, len(GOOD_BOOK)))
@example(0, 80, 0)
def test_no_damaged_workbook_raises(at, byte, cut):
    damaged = bytearray(GOOD_BOOK)
    damaged[at] = byte
    content = bytes(damaged) if cut % 2 else bytes(damaged[:cut])
    reading = read(content, "x.xlsx")
    assert reading.trial is not None or reading.findings or reading.questions


# What a trial needs, and more columns that may stand in its way.
headers = st.builds(
    lambda time, value, more: ["patient_id", time, value, *more],
    st.sampled_from(["visit_date", "month", "day from transplant"]),
    st.sampled_from(["ALSFRS_R", "FVC", "FVC_percent", "FVC_L", "SVC_percent"]),
    st.lists(
        st.sampled_from(
            ["visit_date", "month", "transplant_date", "ALSFRS_R", "FVC", "death_date",
             "onset_date", "sex", "age", "group", "simulated", "ALSFRS_R_m-6", "ALSFRS_R_m0",
             "ALSFRS_R_m3", "ALSFRS_R_m3.0", "", "x"]
        ),
        max_size=6,
    ),
)  # fmt: skip
anything = st.sampled_from(
    ["", "NA", "A", "B", "P2", "P10", "0", "-3", "3", "38", "38.5", "60", "12,5", "85%", "1e99",
     "2020-03-04", "2020-05-04", "04/03/2020", "13/03/2020", "03/13/2020", "43894", "30 Feb 2020",
     "2999-01-01", "yes", "½", "²", "-", "\x1f", "é", "=1+1", "٣"]
)  # fmt: skip
names = st.sampled_from(["A", "A", "B", "P2", "", "9" * 20])
tables = st.lists(
    st.tuples(names, st.lists(anything, min_size=3, max_size=9)).map(lambda r: [r[0], *r[1]]),
    max_size=8,
)


@given(headers, tables, st.data())
def test_no_table_raises_neither_in_reading_nor_in_comparing(header, rows, data):
    lines = [header, *rows]
    text = "\n".join(";".join(line) for line in lines)
    answers: dict[str, str] = {}
    reading = read_text(text)
    for _ in range(6):
        codes = {question.code for question in reading.questions}
        assert not codes & set(answers), "what was answered is asked again"
        if not codes or "MAPPING" in codes:
            break
        for question in reading.questions:
            options = [value for value, _ in question.options]
            answers[question.code] = data.draw(st.sampled_from(options))
        reading = read_text(text, answers)
    json.dumps(reading.to_json(), allow_nan=False)
    if reading.trial is not None:
        compare(reading.trial, Settings(endpoints=tuple(ENDPOINTS)))
    elif reading.verdict == "reject":
        assert any(f.severity == "error" and f.next_step for f in reading.findings)
    else:
        assert reading.verdict == "ask"


cells = st.one_of(
    st.integers(-5, 70).map(str),
    st.floats(-5, 250).map(lambda v: f"{v:.2f}"),
    st.sampled_from(["", "NA", "forty", "1e3", "40%"]),
)


CODES_FOR_MISSING = {"alsfrs_r": (77, 88, 95, 96, 97, 98, 99, 99.9, 99.99), "fvc": (-1,)}


@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.sampled_from(["-3", "0", "2", "", "x"]), cells, cells),
        min_size=1,
        max_size=12,
    )
)
@example([("A", "0", "", value) for value in ("0", "0", "2.00", "25", "1.50", "0.80")])
def test_every_number_of_a_tidy_table_is_a_measurement_or_an_exact_duplicate(rows):
    header = "patient_id,month from transplant,ALSFRS_R,FVC_percent\n"
    text = header + "".join(",".join(row) + "\n" for row in rows)
    reading = read_text(text, {"FVC_UNIT": "percent"})
    written = []
    for patient, month, *values in rows:
        for endpoint, cell in zip(("alsfrs_r", "fvc"), values, strict=True):
            scored = endpoint == "alsfrs_r" and cell.endswith("%")
            number = None if scored else as_number(cell)
            if number in CODES_FOR_MISSING[endpoint]:
                number = None
            time = as_number(month)
            if number is not None:
                written.append((patient, endpoint, time, number))
    timed = {visit for visit in written if visit[2] is not None}
    timeless = [visit for visit in written if visit[2] is None]
    if reading.trial is None:
        # Litres among per cent are asked about: nothing is read, and nothing is lost.
        assert not timed or [q.code for q in reading.questions] == ["FVC_UNIT_MIXED"]
        return
    frame = reading.trial.measurements
    columns = (frame[name].tolist() for name in ("patient", "endpoint", "day", "value"))
    kept = [
        (patient, endpoint, None if math.isnan(day) else day / DAYS_PER_MONTH, value)
        for patient, endpoint, day, value in zip(*columns, strict=True)
    ]
    assert sorted(visit for visit in kept if visit[2] is not None) == sorted(timed)
    assert sorted(visit[:2] + visit[3:] for visit in kept if visit[2] is None) == sorted(
        visit[:2] + visit[3:] for visit in timeless
    )
    usable = frame[frame["status"] == "ok"]
    assert all(
        ENDPOINTS[e].accepts(v) for e, v in zip(usable["endpoint"], usable["value"], strict=True)
    )


def as_number(cell: str) -> float | None:
    try:
        return float(cell.rstrip("%"))
    except ValueError:
        return None


def test_a_column_without_a_unit_yields_to_one_with_it():
    reading = read_text("patient_id,month from transplant,FVC,FVC_percent\nA,0,70,71\nA,3,68,69\n")
    assert [value for _, value in points(reading)["A", "fvc"]] == [71, 69]
    assert "“FVC_percent” is used, “FVC” is not" in finding(reading, "TWO_COLUMNS_FOR_ONE").text


def test_an_impossible_score_does_not_set_a_good_one_of_the_same_day_aside():
    reading = read_text(LONG + "A,0,60\nA,0,40\n")
    assert sorted(statuses(reading)) == [(40, "ok"), (60, "OUT_OF_RANGE")]
