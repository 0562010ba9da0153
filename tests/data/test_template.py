"""The template reads back as what its example rows say, in both formats."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest

from data.files import UploadedFile
from data.reading import Reading, read_files
from data.template import COLUMNS, template_csv, template_workbook

# Written down by hand from the three example visits. Items: 4+3+4+3+3+3+3+3+2+4+4+4 = 40; then
# one point less in item 6: 39; then 2 for items 4 to 6, 2 for 7 and 8, 1 for 9: 34.
# 15 January is 91 days before 15 April 2024 (a leap year), 15 July 91 days after it.
DAYS = (-91, 0, 91)
EXPECTED = {
    "alsfrs_r": (40, 39, 34),
    "bulbar": (11, 11, 11),
    "fine_motor": (9, 8, 6),
    "gross_motor": (8, 8, 5),
    "respiratory": (12, 12, 12),
    "fvc": (88.5, 84.0, 80.2),
    "fvc_litres": (3.42, 3.24, 3.08),
}
ITEM_MEANINGS = ["1", "2", "3", "4", "5a", "5b", "6", "7", "8", "9", "10", "11", "12"]


def read_csv() -> Reading:
    return read_files([UploadedFile("template.csv", template_csv())])


def read_book() -> Reading:
    return read_files([UploadedFile("template.xlsx", template_workbook())])


@pytest.mark.parametrize("read", [read_csv, read_book])
def test_the_examples_are_read_back_without_a_word(read):
    reading = read()
    assert reading.verdict == "load", [f.sentence() for f in reading.findings]
    assert reading.trial is not None
    frame = reading.trial.measurements
    found: dict[str, list[tuple[float, float]]] = {}
    for endpoint, day, value in zip(frame["endpoint"], frame["day"], frame["value"], strict=True):
        found.setdefault(endpoint, []).append((day, value))
    assert found == {key: list(zip(DAYS, values, strict=True)) for key, values in EXPECTED.items()}
    assert set(frame["status"]) == {"ok"}


@pytest.mark.parametrize("read", [read_csv, read_book])
def test_the_facts_of_the_example_patient_are_read(read):
    trial = read().trial
    assert trial is not None
    (patient,) = trial.patients.to_dict("records")
    assert patient["patient"] == "P01"
    assert patient["transplant_dates"] == ("2024-04-15",)
    assert (patient["sex"], patient["age"], patient["onset_site"]) == ("F", 58, "limb")
    # 2 November 2022 to 15 April 2024: 365 days to 2 November 2023, then 165.
    assert patient["onset_day"] == -530
    assert (date(2024, 4, 15) - date(2022, 11, 2)).days == 530


@pytest.mark.parametrize("read", [read_csv, read_book])
def test_every_header_is_recognised_as_what_it_says(read):
    (mapping,) = read().to_json()["mapping"].values()
    assert list(mapping) == [column.header for column in COLUMNS]
    meanings = list(mapping.values())
    assert len(set(meanings)) == len(meanings) - 1, "only the two transplants mean the same"
    by_header = {
        "patient_id": "patient",
        "visit_date": "date of the visit",
        "transplant_date": "transplant date",
        "ALSFRS_R_total": "ALSFRS-R",
        "FVC_percent": "FVC, % predicted",
        "FVC_litres": "FVC, litres",
        "SVC_percent": "SVC, % predicted",
        "sex": "sex",
    }
    assert {header: mapping[header] for header in by_header} == by_header
    items = [column.header for column in COLUMNS if column.header.startswith("Q")]
    for header, number in zip(items, ITEM_MEANINGS, strict=True):
        assert number in mapping[header].replace("item ", "").split(), (header, mapping[header])


def test_a_second_transplant_and_the_events_are_read_from_their_columns():
    lines = template_csv().decode("utf-8-sig").splitlines()
    header = lines[0].split(",")
    rows = [line.split(",") for line in lines[1:]]
    filled = {
        "transplant_2_date": "2024-06-14",
        "death_date": "2024-08-13",
        "NIV_date": "2024-05-15",
        "gastrostomy_date": "2024-05-25",
        "group": "high dose",
        "SVC_percent": "90",
    }
    for row in rows:
        for name, cell in filled.items():
            row[header.index(name)] = cell
    text = "\n".join(",".join(row) for row in [header, *rows])
    reading = read_files([UploadedFile("t.csv", text.encode())])
    trial = reading.trial
    assert trial is not None
    (patient,) = trial.patients.to_dict("records")
    # 60 days to 14 June, 120 to 13 August, 30 to 15 May, 40 to 25 May.
    assert patient["transplant_days"] == (0, 60)
    assert patient["death_day"] == 120
    assert patient["group"] == "high dose"
    events = dict(zip(trial.events["kind"], trial.events["day"], strict=True))
    assert events == {"death": 120, "niv": 30, "gastrostomy": 40}
    svc = trial.measurements[trial.measurements["endpoint"] == "svc"]
    assert svc["value"].tolist() == [90, 90, 90]


def test_the_dictionary_explains_every_column_and_is_no_visit():
    book = openpyxl.load_workbook(io.BytesIO(template_workbook()))
    assert book.sheetnames == ["visits", "data dictionary"]
    listed = list(book["data dictionary"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in listed] == [cell.value for cell in book["visits"][1]]
    assert [row[0] for row in listed] == [column.header for column in COLUMNS]
    assert {row[1] for row in listed} == {"yes", "one of these", "no"}
    assert all(str(row[2]).endswith(".") or str(row[2]).endswith("…") for row in listed)


def test_dates_in_the_workbook_are_dates():
    sheet = openpyxl.load_workbook(io.BytesIO(template_workbook()))["visits"]
    assert sheet["B2"].is_date
    assert sheet["C2"].is_date


def test_the_csv_opens_in_excel_with_its_letters():
    assert template_csv().startswith(b"\xef\xbb\xbf")
    assert template_csv().count(b"\r\n") == 4
