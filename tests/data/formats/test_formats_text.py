"""Text files: encodings, delimiters, odd shapes; no cell is lost, rows count as in the file."""

from __future__ import annotations

import pytest

from data.files import RefusedFile, UploadedFile
from data.formats.opening import read_sheets

GERMAN = [["Patient", "Größe", "Fuß"], ["Müller", "82,5", "ß"], ["Jäger", "79,0", "ö"]]
POLISH = [["Pacjent", "Wzrost", "Uwagi"], ["Stanisław", "82", "źle"], ["Żółć", "79", "później"]]
PERSIAN = [["شناسه بيمار", "تاريخ", "نمره"], ["بيمار الف", "1399", "40"], ["احمد", "1400", "38"]]
PLAIN = [["id", "note", "x"], ["P1", "a b", "1"], ["P2", "c", "2"]]


def rows(content: bytes, name: str = "t.csv") -> list[list[str]]:
    (sheet,) = read_sheets(UploadedFile(name, content))
    return [sheet.row(at) for at in range(len(sheet))]


def written(table: list[list[str]], delimiter: str, end: str = "\n") -> str:
    quoted = [[f'"{c}"' if delimiter in c else c for c in row] for row in table]
    return end.join(delimiter.join(row) for row in quoted) + end


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("table", "encoding"),
    [
        *((GERMAN, e) for e in ("utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le")),
        *((GERMAN, e) for e in ("utf-16-be", "utf-32", "utf-32-le", "utf-32-be")),
        *((POLISH, e) for e in ("utf-8", "cp1250", "utf-16")),
        *((PERSIAN, e) for e in ("utf-8", "cp1256", "utf-16", "utf-16-le")),
        (PLAIN, "ascii"),
    ],
)
def test_encodings_and_delimiters_give_the_same_cells(table, encoding, delimiter):
    read = rows(written(table, delimiter).encode(encoding))
    assert read == [[c.replace("ي", "ي") for c in row] for row in table]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end):
    assert rows(written(PLAIN, ",", end).encode()) == PLAIN


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;\r"])
def test_a_line_that_names_the_separator(first):
    (sheet,) = read_sheets(UploadedFile("t.csv", f"{first}\n{written(PLAIN, ';')}".encode()))
    assert sheet.row(0) == PLAIN[0]
    assert sheet.row_numbers.tolist() == [2, 3, 4]


def test_titles_above_do_not_choose_the_delimiter():
    above = "A trial, phase 2, in ALS, of cells, made today, in Tehran, for all\n\nNote, draft\n"
    body = "id;fvc;score\n" + "".join(f"P{i};8{i % 10},5;4{i % 9}\n" for i in range(12))
    read = rows((above + body).encode())
    assert read[2][:3] == ["id", "fvc", "score"]
    assert read[3][:3] == ["P0", "80,5", "40"]


def test_decimal_commas_in_every_line_choose_no_comma():
    text = "P1;82,5\nP2;79,0\nP3;77,5\n"
    assert rows(text.encode()) == [["P1", "82,5"], ["P2", "79,0"], ["P3", "77,5"]]


def test_numbers_divided_by_commas_alone():
    assert rows(b"1,2\n3,4\n") == [["1", "2"], ["3", "4"]]


def test_aligned_text_with_an_empty_cell_and_a_title():
    text = (
        "Trial of cells\n"
        "id    visit_date   score\n"
        "P1    2020-03-04   40\n"
        "P2                 38\n"
        "P3    2020-06-01   37\n"
    )
    assert rows(text.encode()) == [
        ["Trial of cells", "", ""],
        ["id", "visit_date", "score"],
        ["P1", "2020-03-04", "40"],
        ["P2", "", "38"],
        ["P3", "2020-06-01", "37"],
    ]


def test_lines_in_quotes_as_a_whole():
    text = '"id,note,score"\n"P1,""a, b"",40"\n"P2,c,38"\n'
    assert rows(text.encode()) == [["id", "note", "score"], ["P1", "a, b", "40"], ["P2", "c", "38"]]


def test_longer_rows_keep_their_cells_and_shorter_ones_are_filled():
    assert rows(b"a,b\n1,2,3,4\n5\n") == [
        ["a", "b", "", ""],
        ["1", "2", "3", "4"],
        ["5"] + [""] * 3,
    ]


def test_blank_rows_are_counted():
    (sheet,) = read_sheets(UploadedFile("t.csv", b"a,b\n\n,\n1,2\n"))
    assert sheet.row_numbers.tolist() == [1, 4]


def test_a_cell_of_several_lines_is_one_cell():
    assert rows(b'a,b\n1,"x\ny"\n2,z\n') == [["a", "b"], ["1", "x\ny"], ["2", "z"]]


def test_an_unclosed_quote_is_refused_with_its_row():
    with pytest.raises(RefusedFile) as refused:
        rows(b'a,b\n1,2\n3,"4\n5,6\n')
    assert refused.value.finding.code == "UNPARSEABLE"
    assert refused.value.finding.row == 3


def test_a_quote_that_swallows_rows_is_refused():
    with pytest.raises(RefusedFile, match="row 2") as refused:
        rows(b'a,b,c\n1,"2,3\n4,5,6\n7,8",9\n')
    assert refused.value.finding.code == "UNPARSEABLE"


def test_one_column():
    assert rows(b"id\nP1\nP2\n") == [["id"], ["P1"], ["P2"]]
