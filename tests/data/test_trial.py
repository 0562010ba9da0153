"""A trial never changes, and its hash knows its data and nothing else."""

from __future__ import annotations

import io
from dataclasses import FrozenInstanceError, replace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.files import UploadedFile
from data.reading import read_files
from data.trial import Periods
from tests.conftest import frame_from, made, read_text, trial_from

VISITS = {"P1": {-90: 40, 0: 39, 90: 38}, "P2": {-60: 30, 30: 28}, "P10": {-60: 44, 30: 43}}
ROWS = [(p, d, v) for p, course in VISITS.items() for d, v in course.items()]
LONG = "patient_id,day from transplant,ALSFRS_R\n" + "".join(f"{p},{d},{v}\n" for p, d, v in ROWS)


def hash_of(text: str, answers: dict[str, str] | None = None) -> str:
    trial = read_text(text, answers).trial
    assert trial is not None
    return trial.hash


# -- immutability ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["patients", "measurements", "events"])
def test_frames_handed_out_cannot_change_the_trial(name):
    trial = made(VISITS)
    before, known = getattr(trial, name).copy(deep=True), trial.hash
    frame = getattr(trial, name)
    for column in list(frame.columns):
        frame.loc[:, column] = frame[column].iloc[::-1].to_numpy()
        frame[column] = "other"
    pd.testing.assert_frame_equal(getattr(trial, name), before)
    assert replace(trial).hash == known


def test_writing_single_cells_cannot_change_the_trial():
    trial = made(VISITS)
    frame = trial.measurements
    frame.loc[0, "value"] = 0.0
    frame.loc[1, "value"] = 0.0
    values = trial.measurements["value"].to_numpy()
    with pytest.raises(ValueError, match="read-only"):
        values[2] = 0.0
    assert trial.measurements["value"].tolist() == [40, 39, 38, 30, 28, 44, 43]


def test_frames_handed_in_stay_apart():
    frame = frame_from(VISITS)
    trial = trial_from(frame)
    frame["value"] = 0.0
    assert trial.measurements["value"].max() == 44


def test_arrays_handed_out_are_read_only():
    series = made(VISITS).series("alsfrs_r")
    for name in ("patient", "day", "value", "usable", "position"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(series, name)[0] = 1


def test_fields_are_frozen():
    with pytest.raises(FrozenInstanceError):
        made(VISITS).title = "other"  # type: ignore[misc]


def test_positions_lead_back_to_the_measurements():
    trial = made(VISITS)
    series = trial.series("alsfrs_r")
    found = trial.measurements.iloc[series.position]
    assert found["value"].tolist() == series.value.tolist()
    assert [trial.patient_ids[i] for i in series.patient] == found["patient"].tolist()


def test_an_endpoint_without_values_has_empty_arrays():
    series = made(VISITS).series("fvc")
    assert [len(getattr(series, n)) for n in ("patient", "day", "value", "usable", "position")] == [
        0
    ] * 5


def test_a_patient_cannot_stand_twice_and_no_stranger_has_values():
    trial = made(VISITS)
    people = trial.patients
    with pytest.raises(ValueError, match="twice"):
        replace(trial, patients_frame=pd.concat([people, people]))
    with pytest.raises(ValueError, match="row of their own"):
        replace(trial, patients_frame=people.iloc[1:])
    with pytest.raises(ValueError, match="lacks the columns day"):
        replace(trial, measurements_frame=trial.measurements.drop(columns="day"))


# -- the hash --------------------------------------------------------------------------------------


@given(st.permutations(ROWS))
def test_row_order_does_not_change_the_hash(rows):
    text = "patient_id,day from transplant,ALSFRS_R\n" + "".join(
        f"{p},{d},{v}\n" for p, d, v in rows
    )
    assert hash_of(text) == hash_of(LONG)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (["P1,-90,40", "P1,0,39", "P1,0,38", "P1,90,37"], "different values on one day"),
        (["P1,0,40", "P01,0,39"], "names that differ in leading zeros"),
        (["p1,0,40", "P1,0,39"], "names that differ in case"),
        (["p1,0,40", "P1,9,39"], "names that differ in case and contradict nowhere"),
        (["P1,,40", "P1,,39", "P1,0,30"], "values without a time"),
    ],
)
@pytest.mark.parametrize("same", ["yes", "no"])
def test_row_order_does_not_change_the_hash_even_with(rows, why, same):
    header = "patient_id,day from transplant,ALSFRS_R\n"
    merge = {"ID_MERGE": same}
    one, other = "\n".join(rows), "\n".join(rows[::-1])
    assert hash_of(header + one, merge) == hash_of(header + other, merge), why


def workbook(text: str) -> bytes:
    book = openpyxl.Workbook()
    for line in text.splitlines():
        cells = line.split(",")
        book.active.append([float(c) if c.lstrip("-").isdigit() else c for c in cells])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_another_layout_of_the_same_data_has_the_same_hash():
    days = sorted({d for _, d, _ in ROWS})
    wide = "patient_id," + ",".join(f"ALSFRS_R_m{d / 30.4375!r}" for d in days) + "\n"
    for patient, course in VISITS.items():
        wide += ",".join([patient, *(str(course.get(d, "")) for d in days)]) + "\n"
    assert hash_of(wide) == hash_of(LONG)
    assert hash_of(LONG.replace(",", ";")) == hash_of(LONG)
    assert hash_of(LONG.replace("\n", "\r\n")) == hash_of(LONG)
    assert hash_of(LONG.replace("ALSFRS_R", "alsfrs-r total,comment")) == hash_of(LONG)
    trial = read_files([UploadedFile("x.xlsx", workbook(LONG))]).trial
    assert trial is not None
    assert trial.hash == hash_of(LONG)


def test_removing_the_dates_does_not_change_the_hash():
    first = pd.Timestamp("2020-03-04")
    dated = "patient_id,visit_date,transplant_date,ALSFRS_R\n" + "".join(
        f"{p},{(first + pd.Timedelta(days=d)).date()},{first.date()},{v}\n" for p, d, v in ROWS
    )
    trial = read_text(dated).trial
    assert trial is not None
    assert trial.hash == hash_of(LONG)
    undated = replace(
        trial,
        measurements_frame=trial.measurements.assign(date=None, file="", row=0),
        patients_frame=trial.patients.assign(transplant_dates=""),
        findings=(),
        title="other",
    )
    assert undated.hash == trial.hash


@given(st.integers(0, len(ROWS) - 1), st.floats(0, 48))
def test_any_change_of_a_value_changes_the_hash(at, value):
    trial = made(VISITS)
    frame = trial.measurements
    if frame.loc[at, "value"] == value:
        return
    frame.loc[at, "value"] = value
    assert replace(trial, measurements_frame=frame).hash != trial.hash


@pytest.mark.parametrize(
    "change",
    [
        lambda t: {"measurements_frame": t.measurements.assign(day=t.measurements["day"] + 1e-9)},
        lambda t: {"measurements_frame": t.measurements.assign(status="OUT_OF_RANGE")},
        lambda t: {"measurements_frame": t.measurements.assign(endpoint="fvc")},
        lambda t: {"measurements_frame": t.measurements.iloc[1:]},
        lambda t: {"patients_frame": t.patients.assign(transplant_days=[(1.0,)] * 3)},
        lambda t: {"patients_frame": t.patients.assign(death_day=200.0)},
        lambda t: {"periods": Periods(10, 10)},
    ],
    ids=["day", "status", "endpoint", "row", "transplant", "death", "periods"],
)
def test_what_changes_results_changes_the_hash(change):
    trial = made(VISITS)
    assert replace(trial, **change(trial)).hash != trial.hash


def test_a_trial_without_a_title_is_named_by_its_hash():
    trial = made(VISITS)
    assert trial.title == f"Trial {trial.hash[:6]}"
    assert made(VISITS, title="Mine").title == "Mine"
    assert np.all(trial.measurements["status"] == "ok")
