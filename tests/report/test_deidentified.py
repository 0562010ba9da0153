"""The de-identified workbook: nothing is lost that may leave, and nothing leaves that may not."""

from __future__ import annotations

import io

import numpy as np
import openpyxl
import pandas as pd
import pytest

from analysis.compare import compare
from analysis.settings import Settings
from data.examples import load_example
from data.files import UploadedFile
from data.reading import read_files
from data.trial import Trial
from report.charts.patient import PatientView, patient_figure
from report.deidentified import deidentified_workbook
from report.look import LIGHT
from report.patient_numbers import patient_numbers
from report.print_figures import text_width, wrapped
from report.tables import export_names

SITE, EVENT, GROUP = "left thumb of the baker", "moved to the lighthouse", "the only one"


def read_again(content: bytes) -> Trial:
    reading = read_files([UploadedFile("deidentified.xlsx", content)])
    assert reading.trial is not None, reading.to_json()
    return reading.trial


def cells(content: bytes) -> dict[str, list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def uploaded() -> Trial:
    """A trial of real people: names, free words, somebody very old, whole and broken days."""
    patients = "patient_id,transplant_date,onset_date,sex,age,height_cm,onset_site,group\n"
    visits = "patient_id,visit_date,alsfrs_r\n"
    for k, name in enumerate(("Rossi1", "Bianchi2", "Verdi3", "=1+2")):
        about = f"{'FM'[k % 2]},{(91, 60, 55, 44)[k]},{170 + k}"
        site = SITE if k == 0 else "limb"
        group = GROUP if k == 0 else "low dose"
        patients += f"{name},2021-06-0{k + 1},2019-02-0{k + 1},{about},{site},{group}\n"
        for month in range(1, 13, 2):
            visits += f"{name},2021-{month:02d}-1{k},{44 - month - k}\n"
    events = "patient_id,date,event\n"
    events += f"Rossi1,2021-09-04,{EVENT}\nBianchi2,2021-08-02,NIV started\n"
    events += "Bianchi2,2021-10-02,died\nVerdi3,2021-09-09,transplant 2\n"
    files = {"patients.csv": patients, "visits.csv": visits, "events.csv": events}
    reading = read_files([UploadedFile(name, text.encode()) for name, text in files.items()])
    assert reading.trial is not None, reading.to_json()
    return reading.trial


@pytest.mark.parametrize("with_dates", [False, True])
def test_everything_of_the_third_trial_is_read_again(with_dates):
    trial = load_example("every-detail").trial
    again = read_again(deidentified_workbook(trial, with_dates=with_dates))
    assert again.simulated
    assert again.patient_ids == trial.patient_ids
    dated = ~trial.measurements["day"].isna()
    columns = ["patient", "endpoint", "day", "value", "status"]
    new = again.measurements[again.measurements["day"].notna()]
    pd.testing.assert_frame_equal(
        new[columns].reset_index(drop=True),
        trial.measurements.loc[dated, columns].reset_index(drop=True),
    )
    names = ["transplant_days", "onset_day", "death_day", "sex", "age", "onset_site", "height_cm"]
    pd.testing.assert_frame_equal(again.patients[names], trial.patients[names])
    by = ["patient", "day", "kind", "text"]
    found, told = (t.events[by].sort_values(by, ignore_index=True) for t in (again, trial))
    pd.testing.assert_frame_equal(found, told)
    kept = trial.items[trial.items["day"].notna()].drop(columns="row")
    items = again.items[again.items["day"].notna()].drop(columns="row")
    pd.testing.assert_frame_equal(items.reset_index(drop=True), kept.reset_index(drop=True))


@pytest.mark.parametrize("with_dates", [False, True])
def test_nothing_in_it_tells_who_somebody_is(with_dates):
    trial = uploaded()
    content = deidentified_workbook(trial, with_dates=with_dates)
    sheets = cells(content)
    said = {str(cell) for rows in sheets.values() for row in rows for cell in row}
    for secret in (*trial.patient_ids, SITE, EVENT, GROUP, "91"):
        assert secret not in said
    assert {row[0] for row in sheets["patients"][1:]} == {"P01", "P02", "P03", "P04"}
    assert "other event" in said
    assert ("date" in " ".join(str(h) for rows in sheets.values() for h in rows[0])) == with_dates


@pytest.mark.parametrize("with_dates", [False, True])
def test_facts_and_events_of_real_people_are_read_again(with_dates):
    trial = uploaded()
    again = read_again(deidentified_workbook(trial, with_dates=with_dates))
    assert again.patients["transplant_days"].tolist() == trial.patients["transplant_days"].tolist()
    assert again.patients["transplant_days"].tolist()[3] == (0.0, 98.0)
    for name in ("onset_day", "death_day", "height_cm"):
        np.testing.assert_array_equal(again.patients[name], trial.patients[name])
    assert again.patients["age"].fillna(0).tolist() == [44, 60, 0, 55]
    assert again.patients["group"].tolist() == ["low dose", "low dose", "", "low dose"]
    assert again.events[["kind", "day"]].to_numpy().tolist() == (
        trial.events[["kind", "day"]].to_numpy().tolist()
    )


def test_dates_move_by_one_offset_for_each_patient():
    trial = uploaded()
    sheets = cells(deidentified_workbook(trial, with_dates=True))
    header, *rows = sheets["patients"]
    moved = {row[0]: pd.Timestamp(str(row[header.index("transplant_date")])) for row in rows}
    real = [pd.Timestamp(dates[0]) for dates in trial.patients["transplant_dates"]]
    offsets = [(new - old).days for new, old in zip(moved.values(), real, strict=True)]
    assert all(1 <= abs(days) <= 182 for days in offsets)
    header, *rows = sheets["events"]
    day = {(r[0], r[2]): (pd.Timestamp(str(r[1])) - moved[r[0]]).days for r in rows}
    assert day["P02", "non-invasive ventilation"] == 61
    assert day["P04", "transplant 2"] == 98


@pytest.mark.parametrize(("header", "day"), [("days from transplant to death", 120.0)])
def test_a_death_counted_from_the_transplant_is_read_without_an_enrolment(header, day):
    rows = [f"A{k},2021-06-01,2021-{m:02d}-10,{40 - m},{120}" for k in range(3) for m in (3, 5, 8)]
    text = f"patient_id,transplant_date,visit_date,alsfrs_r,{header}\n" + "\n".join(rows) + "\n"
    reading = read_files([UploadedFile("a.csv", text.encode())])
    assert reading.trial is not None
    assert reading.trial.patients["death_day"].tolist() == [day] * 3


def drawn(*, cautious: bool) -> str:
    trial = uploaded()
    comparison = compare(trial, Settings())
    at = trial.patient_ids.index("Rossi1")
    shown = PatientView(cautious=cautious)
    name = export_names(trial)[at]
    figure = patient_figure(trial, comparison, comparison.endpoints, at, name, LIGHT, view=shown)
    return str(figure.to_json(engine="json"))


def test_words_of_the_file_for_an_event_are_on_the_screen_and_in_no_file():
    assert EVENT[:8] in drawn(cautious=False)
    assert EVENT[:8] not in drawn(cautious=True)
    assert "other event" in drawn(cautious=True)
    trial = uploaded()
    comparison = compare(trial, Settings())
    at = trial.patient_ids.index("Rossi1")
    table = patient_numbers(trial, comparison, comparison.endpoints, [at], export_names(trial))
    said = table.to_csv()
    assert "other event" in said
    assert EVENT not in said
    assert "Rossi1" not in said


def test_long_words_stay_on_the_page():
    lines = wrapped("W" * 200, 100, 8)
    assert "".join(lines) == "W" * 200
    assert all(text_width(line, 8) <= 100 for line in lines)
