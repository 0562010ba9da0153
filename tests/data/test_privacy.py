"""Columns that identify people are named, with their kind and count, and never by a value."""

# ruff: noqa: RUF001 - header words of eight languages have letters that look alike

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.privacy import (
    Identifier,
    file_name_identifiers,
    identifiers,
    looks_like_person,
    privacy_findings,
    safe_file_name,
)
from data.table import Table, TextColumn

UPLOADS = Path(__file__).parents[1] / "uploads"
NUMBERS = ["40", "38", "36"]
PEOPLE = ["Alice Rossi", "Hugo Dubois", "Lea Weiß"]


def table_of(columns: dict[str, list[str]], **more: str) -> Table:
    rows = max(map(len, columns.values()))
    return Table(
        file=more.get("file", "trial.csv"),
        sheet=more.get("sheet", ""),
        header=tuple(columns),
        columns=tuple(TextColumn.of(cells) for cells in columns.values()),
        row_numbers=np.arange(2, rows + 2),
    )


def kinds(columns: dict[str, list[str]], mapped: tuple[int, ...] = ()) -> list[str]:
    return [found.kind for found in identifiers(table_of(columns), mapped)]


def read_upload(path: Path) -> Table:
    text = path.read_bytes()
    try:
        lines = text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = text.decode("cp1252").splitlines()
    rows = list(csv.reader(lines, delimiter=";" if ";" in lines[0] else ","))
    width = len(rows[0])
    body = [row + [""] * (width - len(row)) for row in rows[1:] if any(row)]
    return Table(
        file=path.name,
        sheet="",
        header=tuple(rows[0]),
        columns=tuple(TextColumn.of(row[at] for row in body) for at in range(width)),
        row_numbers=np.arange(2, len(body) + 2),
    )


HEADERS = {
    "name": "First name|FirstName|first_name|firstname|Surname|Family name|Full name"
    "|Patient name|Name of patient|Patient's name|Initials|Name|Demographics / Name"
    "|Emergency contact|نام|نام خانوادگی|نام\u200cخانوادگی|نام پدر|نام و نام خانوادگي|الاسم"
    "|Vorname|Nachname|Name des Patienten|Nom|Prénom|prenom|Nombre|Apellido(s)|Cognome"
    "|Ad Soyad|Adı Soyadı|Vor- und Zuname|Name, Vorname|pt_name",
    "national number": "کد ملی|كد ملي|Numéro de sécurité sociale|DNI|Codice fiscale"
    "|TC Kimlik No|NHS number|SSN|National ID",
    "record number": "شماره پرونده|MRN|Medical record number|Hospital number",
    "phone": "تلفن|موبایل|Phone|Home phone 2|Mobile|Fax|Telefon|Téléphone|Teléfono|رقم الهاتف",
    "address": "آدرس|Address|Street|Straße|Anschrift|Adresse|Dirección",
    "date of birth": "تاریخ تولد|Date of birth|Date_of_Birth|DOB|BRTHDTC|Birth date"
    "|Geburtsdatum|Geb.-Datum|Date de naissance|Fecha de nacimiento|Doğum tarihi|DOĞUM TARİHİ",
    "postcode": "PLZ|ZIP|Postcode",
    "place": "City",
    "insurance number": "Versichertennummer|Krankenkasse|Insurance",
    "e-mail": "E-mail|Email address",
    "IP address": "IP address",
    "passport number": "Passport no.",
    "licence number": "Licence",
    "account number": "Account number",
    "photo": "Photo",
    "web address": "URL",
    "staff name": "Physician name|Name of doctor|Rater initials|Examiner|نام پزشک|INVNAM",
}


@pytest.mark.parametrize(
    ("header", "kind"),
    [(header, kind) for kind, text in HEADERS.items() for header in text.split("|")],
)
def test_header_words(header: str, kind: str):
    found = identifiers(table_of({"ID": ["P01", "P02", "P03"], header: PEOPLE}), (0,))
    assert found == (Identifier(1, kind, "header", 3),)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Site name", ["Milan", "Rome"]),
        ("Form_Name", ["ALSFRS", "Slow Vital Capacity"]),
        ("Visit_Name", ["Screening", "Month 3"]),
        ("drug name", ["riluzole", "edaravone"]),
        ("feature_name", ["Speech", "Walking"]),
        ("form_name", ["ALSFRS", "Vital Signs"]),
        ("variable name", ["fvc", "svc"]),
        ("Test name", ["FVC", "SVC"]),
        ("Name", ["FVC", "ALSFRS-R"]),
        ("Symptom", ["Weakness", "Limb weakness"]),
        ("Sheet name", ["Sheet1", "Sheet2"]),
        ("event name", ["Baseline", "Follow up"]),
        ("redcap_event_name", ["screening_arm_1", "m3_arm_1"]),
        ("Name of centre", ["Milan", "Rome"]),
        ("Trial name", ["NURTURE", "RESCUE"]),
        ("cell line name", ["BM-MSC", "AD-MSC"]),
        ("Cell number", ["60000000", "120000000"]),
        ("Hospital", ["A", "B"]),
        ("Site", ["Milan", "Rome"]),
        ("sex", ["F", "M"]),
        ("Geschlecht", ["Frau", "Herr"]),
        ("جنسیت", ["خانم", "آقای"]),
        ("age", ["50", "61"]),
        ("patient id", ["P01", "P02"]),
        ("Subject ID", ["1000000001", "1000000002"]),
        ("Subject ID", ["101-555-0123", "102-555-0124"]),
        ("USUBJID", ["101-01-0005", "101-01-0006"]),
        ("Barcode", ["1234567890", "2345678901", "3456789012"]),
        ("STUDYID", ["MSCALS02", "MSCALS02"]),
        ("DOMAIN", ["DM", "QS"]),
        ("SITEID", ["001", "002"]),
        ("4. Handwriting", ["4", "3"]),
        ("Date", ["2020-02-15", "2021-03-01 10:30:00"]),
        ("Datum", ["15.02.2020", "17.08.2020"]),
        ("تاریخ ارزیابی", ["1398/11/26", "1399/05/27"]),
        ("کد بیمار", ["P01", "P02"]),
        ("Onset date", ["2015-01-02", "2018-11-01"]),
        ("Weight", ["63.3333333333", "+1.234567890"]),
        ("Rater", ["R1", "R2"]),
        ("Version", ["4.11.0.3", "4.11.0.3"]),
        ("Visit by phone", ["yes", "no"]),
        ("Place", ["Dr. Visit", "Herr"]),
        ("comment", ['=HYPERLINK("http://192.0.2.1/?x=")', "@SUM(1,1)", "+1+1", "ok"]),
    ],
)
def test_no_identifier(header: str, cells: list[str]):
    visits = ["2021-02-15", "2021-08-17", "2021-09-17"][: len(cells)]
    assert kinds({"patient_id": cells, "visit date": visits, header: cells}, (0, 1)) == []


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["-", "alice.rossi@example.org"], "e-mail"),
        (["+98 912 229 4164", "+49 (30) 123456-78"], "phone"),
        (["0912 229 4164", "09122294164"], "phone"),
        (["۰۹۱۲۲۲۹۴۱۶۴"], "phone"),
        (["(212) 555-0123", "415-555-0199"], "phone"),
        (["01 23 45 67 89", "0171/2345678"], "phone"),
        (["192.0.2.1", "192.0.2.2"], "IP address"),
        (["https://example.org/p/1", "www.example.org"], "web address"),
        (["219-09-9999", "457-55-5462"], "national number"),
        (["0499370899", "0084575948"], "national number"),
        (["RSSMRA85T10A562S", "x"], "national number"),
        (["A123456780", "M123456785"], "insurance number"),
        (["1950-01-10", "1961-03-11"], "date of birth"),
        (["1329/10/20", "1340/01/11"], "date of birth"),
        (["10.01.1950", "11-Mar-1961"], "date of birth"),
    ],
)
def test_values(cells: list[str], kind: str):
    visits = ["2020-02-15", "2020-08-17"][: len(cells)]
    found = identifiers(table_of({"ID": cells, "Date": visits, "Column": cells}), (0, 1))
    assert [(i.kind, i.by) for i in found if i.position == 2] == [(kind, "values")]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (PEOPLE, ["name"]),
        (["Rossi, Alice", "DUBOIS HUGO"], ["name"]),
        (["alice@example.org", "hugo@example.org"], ["e-mail"]),
        (["0499370899", "0084575948"], ["national number"]),
        (["P01", "P02"], []),
        (["1000000001", "1000000002"], []),
        (["101-555-0123", "102-555-0124"], []),
        (["219-09-9999", "457-55-5462"], []),
    ],
)
def test_mapped_patient_column(cells: list[str], expected: list[str]):
    assert kinds({"Patient": cells}, (0,)) == expected


def test_mapped_facts_are_not_names():
    facts = {"Group": ["Cells Once", "Saline Twice"], "Onset site": ["Left Hand", "Right Foot"]}
    assert kinds(facts, (0, 1)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Mr Rossi called",
        "Mr/Ms Rossi called",
        "seen by Dr. Smith",
        "Frau Müller rief an",
        "آقای رضایی تماس گرفت",
        "خانم احمدی",
        "call 0912 345 6789",
        "write to a.b@example.org",
        "see https://example.org/p/1",
        "code 0499370899 given",
    ],
)
@pytest.mark.parametrize("header", ["Notes", "Bemerkung", "توضیحات", "Reason"])
def test_free_text(header: str, text: str):
    found = identifiers(table_of({header: [text, "", "fine"]}), ())
    assert found == (Identifier(0, "free text", "values", 1),)


def test_prose_counts_only_below_a_header_of_notes():
    cells = ["fell down the stairs", "ok", "4 3 2"]
    assert identifiers(table_of({"Comment": cells}), ()) == (
        Identifier(0, "free text", "header", 1),
    )
    assert kinds({"Reason": cells}) == []


def test_empty_columns_and_missing_codes_do_not_count():
    found = identifiers(table_of({"Surname": ["", "NA"], "Phone": ["n/a", "5"]}), ())
    assert found == (Identifier(1, "phone", "header", 1),)


def test_rows_left_out_do_not_count():
    kept = table_of({"Column": ["x", "a@example.org"]}).keep(np.array([0]))
    assert identifiers(kept, ()) == ()


def test_q08_names_exactly_its_columns():
    table = read_upload(UPLOADS / "Q08_phi.csv")
    mapping = json.loads((UPLOADS / "Q08_phi.csv.expect.json").read_text("utf-8"))["mapping"]
    mapped = [table.header.index(name) for role, name in mapping.items() if role != "layout"]
    found = identifiers(table, mapped)
    names = {table.header[i.position]: i.kind for i in found}
    assert names.pop("Notes") == "free text"
    assert list(names) == [
        *("First name", "Surname", "Date of birth", "National ID", "MRN", "Phone", "E-mail"),
        *("Address", "ZIP", "IP"),
    ]
    columns, notes = privacy_findings(table, found)
    assert (columns.code, notes.code) == ("PHI_COLUMNS", "PHI_FREE_TEXT")
    assert all(f"“{name}”" in columns.text for name in names)
    assert "“Notes”" in notes.text
    assert "not read" in columns.next_step
    values = {t for i in found for t in table.columns[i.position].used()}
    assert not [v for v in values if v in columns.sentence() + notes.sentence()]


@pytest.mark.parametrize(
    "path", [p for p in sorted(UPLOADS.glob("*.csv")) if p.name != "Q08_phi.csv"], ids=str
)
def test_other_uploads_have_none(path: Path):
    table = read_upload(path)
    assert identifiers(table, ()) == ()
    assert identifiers(table, range(len(table.header))) == ()


PLANTED = st.text("qxzjwk", min_size=6, max_size=12).map(str.capitalize)


@given(first=PLANTED, last=PLANTED, digits=st.integers(10**7, 10**8 - 1))
def test_no_value_is_ever_told(first: str, last: str, digits: int):
    person = f"{first} {last}"
    contact = f"{first}{digits}@example.org"
    columns = {
        "Patient": [person, f"{last} {first}"],
        "Surname": [last, first],
        "Notes": [f"Mr {last} has +98{digits}99", "-"],
        "Kontakt": [contact, ""],
        f"{person} diary": [contact, ""],
        f"Mr {last}": [contact, ""],
        contact: [contact, ""],
        f"+98{digits}99": [contact, ""],
    }
    table = table_of(columns, file=f"{person} 1950-01-10.xlsx", sheet=person)
    found = identifiers(table, (0,))
    assert [i.position for i in found] == list(range(8))
    said = " ".join(f.sentence() for f in privacy_findings(table, found, (0,)))
    assert "column 5" in said
    assert "column 8" in said
    assert "file.xlsx" in said
    assert not any(secret in said for secret in (first, last, str(digits), "@"))


def test_a_mapped_column_is_not_said_to_be_unread():
    table = table_of({"Patient": PEOPLE})
    (finding,) = privacy_findings(table, identifiers(table, (0,)), (0,))
    assert finding.code == "PHI_COLUMNS"
    assert "not read" not in finding.sentence()


def test_nothing_found_says_nothing():
    assert privacy_findings(table_of({"ID": ["P01"]}), ()) == ()


@pytest.mark.parametrize(
    "text",
    [
        *("Alice Rossi", "Rossi, Alice", "Rossi_Alice", "ROSSI Alice", "Anne-Marie O'Neil"),
        *("Maria de la Cruz", "Alice B. Rossi", "علی رضایی", "Dr. Smith", "Frau Müller"),
    ],
)
def test_looks_like_person(text: str):
    assert looks_like_person(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Sheet1", "Follow-up", "Visit Data", "Patient List", "Raw Data", "ALS Trial", "P01"),
        *("Site Milan", "Limb Onset", "Month 3", "Stem Cells", "داده بیماران", "", "alice rossi"),
        *("Adverse Events", "Date of Birth", "Emergency Contact", "Dr. Visit", "Demographics"),
    ],
)
def test_does_not_look_like_person(text: str):
    assert not looks_like_person(text)


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("Rossi_Alice_1950-01-10.xlsx", "name", "file.xlsx"),
        ("Alice Rossi 10.01.1950.csv", "name", "file.csv"),
        ("alice.rossi@example.org.csv", "e-mail", "file.csv"),
        ("export_0499370899.csv", "national number", "file.csv"),
        ("RSSMRA85T10A562S.xlsx", "national number", "file.xlsx"),
        ("+98 912 229 4164.csv", "phone", "file.csv"),
        ("Frau Müller.xlsx", "name", "file.xlsx"),
        ("Q08_phi.csv", None, "Q08_phi.csv"),
        ("ALS Trial 2024-06-07.xlsx", None, "ALS Trial 2024-06-07.xlsx"),
        ("export_2024060709.csv", None, "export_2024060709.csv"),
        ("Follow-up data (2).xlsx", None, "Follow-up data (2).xlsx"),
        ("S03_proact_alsfrs.csv", None, "S03_proact_alsfrs.csv"),
        ("1717750800.csv", None, "1717750800.csv"),
        ("", None, ""),
    ],
)
def test_file_names(name: str, kind: str | None, shown: str):
    assert file_name_identifiers(name) == kind
    assert safe_file_name(name) == shown
