"""SPSS, Stata and SAS: names, labels, dates and missing values come through as text."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from data.files import RefusedFile, UploadedFile
from data.formats.opening import read_sheets
from data.table import Sheet


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "subj": ["P1", "P2", "P3"],
            "score": [40.0, 38.5, np.nan],
            "sex": [1.0, 2.0, 1.0],
            "visit": pd.Series([date(2020, 3, 4), date(2020, 6, 1), None], dtype=object),
            "item": [3.0, 4.0, 0.0],
        }
    )


LABELS: dict[str, dict[float, str]] = {
    "sex": {1: "Male", 2: "Female"},
    "item": {3: "3 - mild", 4: "4 - normal", 0: "0 none"},
}
WRITERS = {
    "sav": lambda path: pyreadstat.write_sav(frame(), path, variable_value_labels=LABELS),
    "zsav": lambda path: pyreadstat.write_sav(
        frame(), path, compress=True, variable_value_labels=LABELS
    ),
    "dta": lambda path: pyreadstat.write_dta(frame(), path, variable_value_labels=LABELS),
    "por": lambda path: pyreadstat.write_por(frame(), path),
    "xpt": lambda path: pyreadstat.write_xport(frame(), path, file_format_version=5),
    "xpt8": lambda path: pyreadstat.write_xport(frame(), path, file_format_version=8),
}


def rows(sheet: Sheet) -> list[list[str]]:
    return [sheet.row(at) for at in range(len(sheet))]


@pytest.mark.parametrize("kind", WRITERS)
def test_every_format(kind, tmp_path):
    path = tmp_path / "t.dat"
    WRITERS[kind](path)
    (sheet,) = read_sheets(UploadedFile("wrong_name.csv", path.read_bytes()))
    assert [n.casefold() for n in sheet.names or ()] == ["subj", "score", "sex", "visit", "item"]
    labelled = kind in ("sav", "zsav", "dta")
    male, female = ("Male", "Female") if labelled else ("1", "2")
    assert rows(sheet) == [
        ["P1", "40", male, "2020-03-04", "3"],
        ["P2", "38.5", female, "2020-06-01", "4"],
        ["P3", "", male, "", "0"],
    ]
    assert sheet.row_numbers.tolist() == [1, 2, 3]


def test_labels_of_columns_and_dates_with_times(tmp_path):
    path = tmp_path / "t.sav"
    table = pd.DataFrame({"at": [datetime(2020, 3, 4, 14, 30)], "x": [1.0]})
    pyreadstat.write_sav(table, path, column_labels=["Date of visit", ""])
    (sheet,) = read_sheets(UploadedFile("t.sav", path.read_bytes()))
    assert sheet.labels == ("Date of visit", "")
    assert rows(sheet) == [["2020-03-04 14:30", "1"]]


def test_values_that_a_user_declared_missing_are_empty(tmp_path):
    path = tmp_path / "t.sav"
    table = pd.DataFrame({"id": ["a", "b"], "score": [40.0, 999.0]})
    pyreadstat.write_sav(table, path, missing_ranges={"score": [999]})
    (sheet,) = read_sheets(UploadedFile("t.sav", path.read_bytes()))
    assert rows(sheet) == [["a", "40"], ["b", ""]]


def test_a_scale_whose_ends_alone_are_labelled_keeps_its_numbers(tmp_path):
    path = tmp_path / "t.sav"
    table = pd.DataFrame({"total": [48.0, 40.0, 39.0, 0.0, 12.0]})
    labels: dict[str, dict[float, str]] = {"total": {0: "worst", 48: "best"}}
    pyreadstat.write_sav(table, path, variable_value_labels=labels)
    (sheet,) = read_sheets(UploadedFile("t.sav", path.read_bytes()))
    assert [row[0] for row in rows(sheet)] == ["48", "40", "39", "0", "12"]


def test_portions_join_to_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("data.formats.statistical._CHUNK_CELLS", 6)
    path = tmp_path / "t.xpt"
    table = pd.DataFrame({"id": [f"P{i % 7}" for i in range(50)], "x": [i / 2 for i in range(50)]})
    pyreadstat.write_xport(table, path)
    (sheet,) = read_sheets(UploadedFile("t.xpt", path.read_bytes()))
    assert [row[0] for row in rows(sheet)] == table["id"].tolist()
    assert [float(row[1]) for row in rows(sheet)] == table["x"].tolist()


@pytest.mark.parametrize("kind", ["sav", "dta", "xpt"])
def test_a_cut_file_is_refused(kind, tmp_path):
    path = tmp_path / "t.dat"
    WRITERS[kind](path)
    content = path.read_bytes()
    for cut in (40, 100, len(content) // 2):
        with pytest.raises(RefusedFile) as refused:
            read_sheets(UploadedFile("t", content[:cut]))
        assert refused.value.finding.next_step
