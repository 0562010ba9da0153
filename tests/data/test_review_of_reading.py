"""Losses that a review of the reader found: each was silent once."""

from __future__ import annotations

import pytest

from data.files import UploadedFile
from data.reading import Reading, read_files

Visit = tuple[str, str, str, float]


def read(*texts: str, answers: dict[str, str] | None = None, names: str = "t") -> Reading:
    """Read CSV texts as files of one trial, all under one name."""
    return read_files([UploadedFile(f"{names}.csv", text.encode()) for text in texts], answers)


def visits(reading: Reading) -> list[Visit]:
    """Return patient, endpoint, date and value of what is analysed."""
    assert reading.trial is not None, [f.sentence() for f in reading.findings]
    frame = reading.trial.measurements
    frame = frame[frame["status"] == "ok"]
    dates = [str(day) for day in frame["date"]]
    rows = zip(frame["patient"], frame["endpoint"], dates, frame["value"], strict=True)
    return [(p, e, d[:10], v) for p, e, d, v in rows]


def test_two_files_of_one_name_keep_their_own_dates():
    one = "patient_id,visit_date,transplant_date,ALSFRS_R\nA,2021-01-15,2021-03-01,40\n"
    two = "patient_id,visit_date,transplant_date,ALSFRS_R\nB,2021-09-15,2021-03-01,30\n"
    found = visits(read(one, two))
    assert found == [("A", "alsfrs_r", "2021-01-15", 40), ("B", "alsfrs_r", "2021-09-15", 30)]


def test_a_row_without_a_number_of_the_attempt_stays():
    text = "patient,visit_date,transplant_date,attempt,FVC_percent\n"
    text += "P1,2021-01-01,2021-03-01,1,80\nP1,2021-01-01,2021-03-01,2,82\n"
    text += "P1,2021-02-01,2021-03-01,,79\n"
    assert {(d, v) for _, _, d, v in visits(read(text))} == {("2021-01-01", 82), ("2021-02-01", 79)}


def test_attempts_of_different_dated_visits_in_one_row_stay_apart():
    text = "patient,transplant_date,date screening,FVC % trial 1 screening,"
    text += "FVC % trial 2 screening,date baseline,FVC % trial 1 baseline,FVC % trial 2 baseline\n"
    text += "P1,2021-03-01,2021-01-01,90,91,2021-02-15,80,81\n"
    assert [(d, v) for _, _, d, v in visits(read(text))] == [("2021-01-01", 91), ("2021-02-15", 81)]


def test_months_that_could_be_attempts_are_months():
    text = "patient,FVC_percent_0,FVC_percent_3,FVC_percent_-3,FVC_percent_6\n"
    text += "P01,90,88,94,\nP01,,,,80\nP02,92,87,95,81\n"
    assert sorted(v for *_, v in visits(read(text))) == [80, 81, 87, 88, 90, 92, 94, 95]


@pytest.mark.parametrize("name", ["SD", "Max", "Min"])
def test_initials_that_look_like_a_statistic_stay_patients(name):
    days = ("2021-01-01", "2021-03-01", "2021-05-01")
    text = "patient,visit_date,transplant_date,ALSFRS_R\n" + "".join(
        f"{who},{day},2021-03-01,40\n" for who in ("AB", name, "KL") for day in days
    )
    assert sum(p == name for p, *_ in visits(read(text))) == 3


def test_a_death_on_a_clock_without_a_name_is_kept():
    text = "patient,month,ALSFRS_R,death_month\n"
    text += "".join(f"A,{m},{40 - m},7\n" for m in (-6, -3, 0, 3, 6, 9))
    reading = read(text)
    assert "VISIT_AFTER_DEATH" in {f.code for f in reading.findings}
    assert reading.trial is not None
    assert reading.trial.patients["death_day"].iloc[0] == pytest.approx(7 * 30.4375)


def test_the_word_died_is_an_event_on_a_clock_without_a_name():
    reading = read("patient,month,ALSFRS_R\nA,-6,40\nA,0,38\nA,6,36\nA,9,died\n")
    assert reading.trial is not None
    assert reading.trial.events["kind"].tolist() == ["death"]


def test_litres_among_per_cent_are_asked_about():
    text = "patient,visit_date,transplant_date,FVC_percent\n" + "".join(
        f"A,2021-0{n}-01,2021-04-01,{v}\n"
        for n, v in enumerate((85, 84, 83, 3.1, 3.2, 80, 79, 78), start=1)
    )
    assert [q.code for q in read(text).questions] == ["FVC_UNIT_MIXED"]
    found = visits(read(text, answers={"FVC_UNIT_MIXED": "by_value"}))
    assert sorted(v for _, e, _, v in found if e == "fvc_litres") == [3.1, 3.2]


def test_months_have_a_month_zero():
    text = "patient,months from enrolment,enrolment_date,transplant_date,ALSFRS_R\n"
    text += "".join(f"A,{m},2021-01-01,2021-03-01,40\n" for m in (-2, -1, 1, 3))
    reading = read(text)
    assert reading.trial is not None
    days = reading.trial.measurements["day"].tolist()
    assert days == pytest.approx([m * 30.4375 - 59 for m in (-2, -1, 1, 3)])


def test_a_table_without_a_header_row_names_nobody():
    reading = read("Alice Rossi,0171-5551234,1950-03-02,41\nBob Verdi,0171-5550000,1951-04-05,40\n")
    said = str(reading.to_json())
    assert "Rossi" not in said
    assert "5551234" not in said
    assert "1950-03-02" not in said


def test_the_name_of_a_file_that_names_a_person_is_not_repeated():
    text = "patient_id,visit_date,transplant_date,ALSFRS_R\nA,2021-01-15,2021-03-01,52\n"
    assert "Rossi" not in str(read(text, names="Rossi_Alice_1950-03-02").to_json())
