"""Workbooks: what a cell shows is what is read, in every format."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter  # type: ignore[import-untyped]

from data.files import RefusedFile, UploadedFile
from data.formats.cells import is_date_format, is_percent_format, number_text, serial_text
from data.formats.opening import read_sheets
from data.table import Sheet

ROOT = Path(__file__).resolve().parents[3]
# Made by xlwt 1.3.0: two sheets, the second very hidden; dates, numbers and a merged note.
XLS = zlib.decompress(
    base64.b64decode(
        b"eNrtWE1IVFEU/u6bNzoj/ox/kQYyCFn5s7A2EelYaLoZsaJfAhtnXjAYMzIOUkFlmbuCoFXRxrCgRVYE/dAPtYsK"
        b"jFoEQqCFq1ZBQQv1dc55b/xrAgdKUN433HPvPfeec88799zz7rz3o4XjQ/fLJ7AIjXBhxvQiax5PUfGmOj7QuGly"
        b"M1V7qJgOVhS8HtrILDee5r3L5j3k/Z6Ahnv6K6LAFypH0IP2eMzwLyN2ig0hxTY0KJ1iT8N1KvkoE7uKhIaFFgu9"
        b"K3OfCW0SziWhDTR3XB3GaKC9eqsdxwe1ShnLJ6rwSGTGhFOPUrzmOD57WVlz3diRiIaOr5aBCj0Xw6C9bjViRoL7"
        b"BbiJHOAQoS4YrGturtBLcYsP+BzL39a2LRgcRwkFyDB+mn7gRyoTvPQ7/OXlKxD/10J+9l/4HtrddHwvbfFi/hVN"
        b"B/phHlV8LAbpeFzUraSwP9obTfYy5w1lCI04e41wwkhOoUXSPheKoZ5QMmrEkp3RCHX6WKYzEkoabqA3HE8YLuBY"
        b"X5iOWUc9k82kPBZPGhSgJ3L43SK5yLcgF+XJCc0lGkGBtAvlnPpoyanb3z8EuzoCncLpFyOst9R6fhCYOMcSJJwv"
        b"I26hPFItEjVCz4vWddIuF1pCM6mu6ii1G7sGZM4FGa2idbYIPgY2zGtvpPbgt92PKwa/BjZRe6R14lTJyKfAECrJ"
        b"2RGS598AalWtunaV8SSQqpWdzz4LLfsjt3k0n227ab+KCzDNDicUCrV67B0129NsX1k9F/Vcti6VRpcSXeyd51gr"
        b"thZh7A7ruCEjb0+zDpbWRNtCaU3msIddmpVVi7GP8KBvsumMxuOsqWa7tb6eRoMuGnjPX0iPn4XtnxTbdBnX0KgV"
        b"4SEvRjl+DssRPWqWrtToUWmjh50lXkU6rzpw4MCBAwcOVh+U3KogN0PdviPzzSnb/q4zTWXG+UyyarEHcfol6Y9g"
        b"C2JUJ3Ayo/hZA7dK6VJLlEl9L2QcoNUT6EaX2NGdcfzSzVfNf54lC/r+3RHKdP2ZTOz8z+v/BpXjJc4="
    )
)


def rows(sheet: Sheet) -> list[list[str]]:
    return [sheet.row(at) for at in range(len(sheet))]


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def read(content: bytes, name: str = "t.xlsx") -> list[Sheet]:
    return read_sheets(UploadedFile(name, content))


def with_cells(*cells: object, formats: dict[int, str] | None = None) -> list[str]:
    book = openpyxl.Workbook()
    book.active.append(list(cells))
    for at, code in (formats or {}).items():
        book.active.cell(1, at + 1).number_format = code
    (sheet,) = read(saved(book))
    return sheet.row(0)


def replaced(content: bytes, member: str, old: bytes, new: bytes) -> bytes:
    """Return an archive with some bytes of one member replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old_zip, zipfile.ZipFile(stream, "w") as new_zip:
        for name in old_zip.namelist():
            data = old_zip.read(name)
            if name == member:
                assert old in data
                data = data.replace(old, new)
            new_zip.writestr(name, data)
    return stream.getvalue()


def test_cells_are_written_as_they_are_shown():
    got = with_cells(
        "text", 40, 38.5, 0.1 + 0.2, date(2020, 3, 4), datetime(2020, 3, 4, 14, 30), True, "0012"
    )
    assert got == ["text", "40", "38.5", "0.3", "2020-03-04", "2020-03-04 14:30", "TRUE", "0012"]


def test_percent_cells_have_their_sign():
    formats = {0: "0.0%", 1: "0%", 2: '0.0"%"', 3: r"0\%"}
    got = with_cells(0.825, 0.8, 82.5, 80, formats=formats)
    assert got == ["82.5%", "80%", "82.5", "80"]


def test_times_and_durations():
    assert with_cells(time(8, 30)) == ["08:30:00"]
    assert with_cells(timedelta(days=2), formats={0: "[h]:mm"}) != [""]


def test_error_cells_are_text():
    book = openpyxl.Workbook()
    book.active["A1"] = "#REF!"
    book.active["A1"].data_type = "e"
    assert rows(read(saved(book))[0]) == [["#REF!"]]


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_both_calendars(epoch_1904):
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"date_1904": epoch_1904})
    shown = book.add_format({"num_format": "dd/mm/yyyy"})
    book.add_worksheet().write_datetime(0, 0, datetime(2020, 3, 4), shown)
    book.close()
    assert rows(read(stream.getvalue())[0]) == [["2020-03-04"]]


def test_hidden_sheets_are_marked_and_charts_left_out():
    book = openpyxl.Workbook()
    book.active["A1"] = "a"
    for state in ("hidden", "veryHidden"):
        sheet = book.create_sheet(state)
        sheet["A1"] = state
        sheet.sheet_state = state
    book.create_chartsheet("Chart")
    got = read(saved(book))
    assert [(s.name, s.hidden) for s in got] == [
        ("Sheet", False),
        ("hidden", True),
        ("veryHidden", True),
    ]


def test_merged_cells_are_places_among_the_kept_rows():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A2"], sheet["B2"], sheet["B3"], sheet["C3"] = "id", "ALSFRS-R", "pre", "post"
    sheet["A4"], sheet["B4"], sheet["C4"] = "P1", 40, 38
    sheet.merge_cells("B2:C2")
    sheet.merge_cells("A2:A3")
    (got,) = read(saved(book))
    assert got.row_numbers.tolist() == [2, 3, 4]
    assert set(got.merged) == {(0, 1, 0, 2), (0, 0, 1, 0)}


def test_a_formula_that_was_never_computed_stands_as_written():
    book = openpyxl.Workbook()
    book.active.append([1, "=A1+1"])
    assert rows(read(saved(book))[0]) == [["1", "=A1+1"]]


def test_a_formula_with_its_result_gives_the_result_also_an_empty_text():
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "x")
    sheet.write_formula(0, 1, "=1+1", None, 2)
    sheet.write_formula(0, 2, '=IF(A1="",1,"")', None, "")
    sheet.write_formula(0, 3, '=A1&"y"', None, "xy")
    book.close()
    # Only the type of the cell tells a result that is an empty text from no result.
    sheet1, written = "xl/worksheets/sheet1.xml", b'<c r="C1"><f>'
    content = replaced(stream.getvalue(), sheet1, written, b'<c r="C1" t="str"><f>')
    assert rows(read(content)[0]) == [["x", "2", "xy"]]


def test_rich_and_inline_texts():
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    bold = book.add_format({"bold": True})
    book.add_worksheet().write_rich_string(0, 0, "patient", bold, "_id")
    book.close()
    assert rows(read(stream.getvalue())[0]) == [["patient_id"]]
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True})
    book.add_worksheet().write(0, 0, "inline")
    book.close()
    assert rows(read(stream.getvalue())[0]) == [["inline"]]


def test_a_stray_cell_in_the_last_corner_costs_one_row_and_one_column():
    content = (ROOT / "tests" / "uploads" / "X02_far_cell.xlsx").read_bytes()
    (sheet,) = read(content)
    assert (len(sheet), len(sheet.columns)) == (128, 7)
    assert sheet.row_numbers[-1] == 1_048_576


def test_a_prefix_before_every_name_changes_nothing():
    book = openpyxl.Workbook()
    book.active.append(["id", 1])
    content = saved(book)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        old = archive.read("xl/worksheets/sheet1.xml")
    new = old.replace(b"</", b"</x:").replace(b"<", b"<x:").replace(b"<x:/x:", b"</x:")
    new = new.replace(b"xmlns=", b"xmlns:x=").replace(b"<x:?xml", b"<?xml")
    got = read(replaced(content, "xl/worksheets/sheet1.xml", old, new))
    assert rows(got[0]) == [["id", "1"]]


def test_a_macro_workbook_is_read_and_its_macros_are_not():
    book = openpyxl.Workbook()
    book.active.append(["id", 1])
    stream = io.BytesIO(saved(book))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 macro")
    assert rows(read(stream.getvalue(), "t.xlsm")[0]) == [["id", "1"]]


def test_a_workbook_without_a_cell_is_empty():
    with pytest.raises(RefusedFile) as refused:
        read(saved(openpyxl.Workbook()))
    assert refused.value.finding.code == "EMPTY"


def test_old_excel():
    visits, secret = read(XLS, "t.xls")
    assert rows(visits) == [
        ["patient_id", "visit_date", "score", "fvc"],
        ["P1", "2020-03-04", "40", "80.5"],
        ["P2", "2020-05-06 14:30", "38.5", ""],
        ["note", "", "", ""],
    ]
    assert visits.merged == ((3, 0, 3, 2),)
    assert visits.row_numbers.tolist() == [1, 2, 3, 5]
    assert not visits.hidden
    assert secret.hidden


@pytest.mark.skip(reason="nothing that is free writes .xlsb; it takes the same way as .xls")
def test_binary_excel():
    raise NotImplementedError


ODS = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x" xmlns:style="s">
<office:automatic-styles><style:style style:name="ta2" style:family="table">
<style:table-properties table:display="false"/></style:style></office:automatic-styles>
<office:body><office:spreadsheet>
<table:table table:name="Visits"><table:table-row>
<table:table-cell office:value-type="string"><text:p>patient_id</text:p></table:table-cell>
<table:table-cell office:value-type="string"><office:annotation><text:p>by me</text:p>
</office:annotation><text:p>a<text:s text:c="2"/>b</text:p><text:p>c</text:p></table:table-cell>
</table:table-row><table:table-row table:number-rows-repeated="3"><table:table-cell
table:number-columns-repeated="16384"/></table:table-row>
<table:table-row table:number-rows-repeated="2">
<table:table-cell office:value-type="percentage" office:value="0.825"><text:p>83%</text:p>
</table:table-cell>
<table:table-cell office:value-type="float" office:value="40.0"><text:p>40</text:p>
</table:table-cell>
<table:table-cell office:value-type="date" office:date-value="2020-03-04"><text:p>4.3.</text:p>
</table:table-cell>
<table:table-cell table:number-columns-repeated="16000"/></table:table-row>
<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>
</table:table>
<table:table table:name="Secret" table:style-name="ta2"><table:table-row><table:table-cell
table:number-columns-spanned="2" office:value-type="boolean" office:boolean-value="true"/>
</table:table-row></table:table>
</office:spreadsheet></office:body></office:document-content>"""


def ods(content: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return stream.getvalue()


def test_opendocument():
    visits, secret = read(ods(ODS), "t.ods")
    assert rows(visits) == [
        ["patient_id", "a  b\nc", ""],
        ["82.5%", "40", "2020-03-04"],
        ["82.5%", "40", "2020-03-04"],
    ]
    assert visits.row_numbers.tolist() == [1, 5, 6]
    assert (visits.hidden, secret.hidden) == (False, True)
    assert rows(secret) == [["TRUE"]]


def test_a_web_page_saved_under_the_name_of_a_workbook_is_read():
    page = (
        "<html><head><meta charset='latin-1'></head><body><table><tr><th rowspan=2>id</th>"
        "<th colspan=2>FVC</th></tr><tr><th>pre</th><th>post</th></tr><tr><td>P1<td>80 &nbsp;%"
        "<td>Größe<script>alert(1)</script></tr></table></body></html>"
    )
    (sheet,) = read(page.encode(), "t.xls")
    assert rows(sheet)[:2] == [["id", "FVC", ""], ["", "pre", "post"]]
    assert rows(sheet)[2][:2] == ["P1", "80 %"]
    assert rows(sheet)[2][2].startswith("Größe")
    assert (0, 1, 0, 2) in sheet.merged


def test_an_archive_gives_the_tables_of_its_members():
    stream = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["id", 1])
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("folder/a.csv", "id,x\nP1,2\n")
        archive.writestr("folder/b.xlsx", saved(book))
        archive.writestr("readme.pdf", "%PDF-1.4")
        archive.writestr("__MACOSX/a.csv", "nothing")
        archive.writestr("folder/.DS_Store", "nothing")
    got = read(stream.getvalue(), "all.zip")
    assert [(s.file, s.name) for s in got] == [("a.csv", ""), ("b.xlsx", "Sheet")]


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        *[("yyyy-mm-dd", True), ("[$-409]d/mmm/yy;@", True), ("General", False), ("0.00", False)],
        *[("[Red]0", False), ('0 "days"', False), ("[h]:mm", True), ("Standard", False)],
    ],
)
def test_which_formats_are_dates(code, is_date):
    assert is_date_format(code) is is_date
    assert not is_percent_format(code)


@pytest.mark.parametrize(
    ("serial", "text"),
    [(1, "1900-01-01"), (59, "1900-02-28"), (60, "60"), (61, "1900-03-01"), (-1, "-1")],
)
def test_the_first_days_of_the_calendar(serial, text):
    assert serial_text(serial, from_1904=False) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(40.0, "40"), (-0.5, "-0.5"), (1234567890123456.0, "1234567890123456"), (1e300, "1e+300")],
)
def test_numbers_as_text(value, text):
    assert number_text(value) == text
