"""A patient's age is not a time, and a feeding tube is what the file says of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from analysis.settings import Settings
from analysis.staging import stage_visits
from data.examples import FIRST_EXAMPLE, load_example
from data.headers import meaning_of
from data.reading import Reading
from tests.conftest import read_text

# -- age -------------------------------------------------------------------------------------------

AGES = [
    "age",
    "age_years",
    "Age (years)",
    "age_yrs",
    "AgeYears",
    "Age, y",
    "Age in years",
    "Age [yr]",
    "age_at_transplant",
    "Age at transplant (years)",
    "Age at the time of transplantation (years)",
    "Age at first infusion",
    "age at enrolment [years]",
    "Baseline age (years)",
    "patient_age_years",
    "Alter",
    "Alter in Jahren",
    "Alter (Jahre)",
    "Edad (años)",
    "Età (anni)",
    "Yaş (yıl)",  # noqa: RUF001 - Turkish
    "سن (سال)",
]
TIMES = {
    "years from onset": ("onset", "year"),
    "years since transplant": ("transplant", "year"),
    "disease duration years": ("onset", "year"),
    "Disease duration (years)": ("onset", "year"),
    "Krankheitsdauer in Jahren": ("onset", "year"),
    "time_years": ("unknown", "year"),
    "month": ("unknown", "month"),
}
OTHER_AGES = [
    "age at onset",
    "Age at onset (years)",
    "Age at diagnosis (yrs)",
    "age_at_death_years",
    "donor age at transplant (years)",
    "age (months)",
    "Age at transplant (months)",
    "Age (days)",
    "age group at transplant",
    "age at edaravone infusion (years)",
]


@pytest.mark.parametrize("header", AGES)
@pytest.mark.parametrize("numbers", [True, False])
def test_a_header_of_age_is_the_age_of_the_patient(header, numbers):
    meaning = meaning_of(header, numbers=numbers)
    assert meaning is not None
    assert meaning.role == "age"


@pytest.mark.parametrize("header", TIMES)
def test_years_without_the_word_age_are_a_time(header):
    meaning = meaning_of(header, numbers=True)
    assert meaning is not None
    assert (meaning.role, meaning.clock, meaning.unit) == ("time", *TIMES[header])


@pytest.mark.parametrize("header", OTHER_AGES)
def test_another_age_is_neither_a_time_nor_the_age_at_the_transplant(header):
    assert meaning_of(header, numbers=True) is None


def test_the_unit_row_below_a_header_can_say_that_an_age_is_not_in_years():
    assert meaning_of("age", "months", numbers=True) is None
    meaning = meaning_of("age", "years", numbers=True)
    assert meaning is not None
    assert meaning.role == "age"


@pytest.mark.parametrize(
    "header", ["age_years", "Age (years)", "Alter in Jahren", "age_at_transplant"]
)
def test_an_age_beside_dates_is_read_without_a_question(header):
    text = f"patient,transplant_date,visit_date,{header},alsfrs_r\n"
    text += "A,2024-03-01,2024-01-01,61,40\nA,2024-03-01,2024-04-01,61,38\n"
    text += "B,2024-03-01,2024-01-01,47.5,30\nB,2024-03-01,2024-04-01,47.5,29\n"
    reading = read_text(text)
    assert reading.questions == ()
    assert reading.trial is not None
    assert reading.trial.patients["age"].tolist() == [61, 47.5]
    assert reading.trial.measurements["day"].tolist() == [-60, 31, -60, 31]


def test_an_age_beside_a_time_in_years_leaves_the_time_alone():
    text = "patient,years since transplant,age_years,alsfrs_r\nA,-0.5,61,40\nA,0.5,61,38\n"
    reading = read_text(text)
    assert reading.trial is not None
    assert reading.trial.patients["age"].tolist() == [61]
    np.testing.assert_allclose(reading.trial.measurements["day"], [-182.625, 182.625])


def test_an_age_at_onset_does_not_date_the_visits():
    text = "patient,transplant_date,visit_date,age at onset (years),alsfrs_r\n"
    text += "A,2024-03-01,2024-01-01,58,40\nA,2024-03-01,2024-04-01,58,38\n"
    reading = read_text(text)
    assert reading.trial is not None
    assert reading.trial.patients["age"].isna().all()
    assert reading.trial.measurements["day"].tolist() == [-60, 31]


def test_what_cannot_be_an_age_in_years_is_no_age_and_is_reported():
    rows = {"A": "999", "B": "-9", "C": "1961", "D": "47.5", "E": "", "F": "18", "G": "0"}
    text = "patient,transplant_date,visit_date,age_years,alsfrs_r\n"
    for name, age in rows.items():
        text += f"{name},2024-03-01,2024-01-01,{age},40\n{name},2024-03-01,2024-04-01,{age},38\n"
    reading = read_text(text)
    assert reading.trial is not None
    nan = np.nan
    np.testing.assert_array_equal(
        reading.trial.patients["age"], [nan, nan, nan, 47.5, nan, 18, nan]
    )
    (odd,) = [f for f in reading.findings if f.code == "OUT_OF_RANGE"]
    assert odd.text == "An age that is not above 0 and up to 120 years: A, B, C, G."


def test_an_age_with_a_decimal_comma_is_read_as_in_the_rest_of_the_file():
    text = "patient;transplant_date;visit_date;Alter in Jahren;alsfrs_r\n"
    for name, age in {"A": "61,5", "B": "47,25"}.items():
        text += f"{name};2024-03-01;2024-01-01;{age};40\n{name};2024-03-01;2024-04-01;{age};38\n"
    reading = read_text(text)
    assert reading.trial is not None
    assert reading.trial.patients["age"].tolist() == [61.5, 47.25]


def test_the_example_has_the_ages_days_and_values_of_its_file():
    example = load_example(FIRST_EXAMPLE)
    rows = list(csv.DictReader(io.StringIO(example.content.decode("utf-8"))))
    patients, frame = example.trial.patients, example.trial.measurements
    ages = {row["patient_id"]: float(row["age_years"]) for row in rows}
    assert dict(zip(patients["patient"], patients["age"], strict=True)) == ages
    for endpoint, column in (("alsfrs_r", "alsfrs_r"), ("fvc", "fvc_percent")):
        stated = {
            (
                row["patient_id"],
                (
                    date.fromisoformat(row["visit_date"])
                    - date.fromisoformat(row["transplant_date"])
                ).days,
                float(row[column]),
            )
            for row in rows
            if row[column]
        }
        mine = frame[frame["endpoint"] == endpoint]
        assert set(zip(mine["patient"], mine["day"], mine["value"], strict=True)) == stated


# -- feeding tube ----------------------------------------------------------------------------------

BEFORE_FIVE, AFTER_FIVE = [4, 3, 4, 3], [3, 2, 3, 1, 4, 4, 3]
# 14 before item 5, 20 after it.
ONE_FIVE = [f"q{n}" for n in range(1, 13)]
TWO_FIVES = [*ONE_FIVE[:4], "q5a", "q5b", *ONE_FIVE[5:]]
SWITCHES = ["gastrostomy", "PEG", "PEG (0/1)", "Gastrostomy (yes/no)", "gastrostomy_yn"]


def read_visits(headers: Sequence[str], *rows: Sequence[object]) -> Reading:
    """Read one patient with a visit every 30 days from day 0."""
    lines = [",".join(["patient_id", "days from transplant", *headers])]
    for at, cells in enumerate(rows):
        lines.append(",".join(["A", str(30 * at), *("" if c is None else str(c) for c in cells)]))
    return read_text("\n".join(lines) + "\n")


def with_five(*five: object) -> list[object]:
    return [*BEFORE_FIVE, *five, *AFTER_FIVE]


def tubes(reading: Reading) -> list[bool]:
    """Return whether there is a tube, visit by visit."""
    assert reading.trial is not None, [f.sentence() for f in reading.findings]
    items = reading.trial.items
    assert items is not None
    assert items["gastrostomy"].dtype == np.bool_
    return list(items["gastrostomy"])


def fives(reading: Reading) -> list[float]:
    assert reading.trial is not None
    assert reading.trial.items is not None
    return list(reading.trial.items["item_5"])


@pytest.mark.parametrize("header", SWITCHES)
def test_a_column_of_the_tube_says_who_has_one_where_item_5_is_one_column(header):
    rows = [[*with_five(2), code] for code in (0, 1, 2, None)]
    reading = read_visits([*ONE_FIVE, header], *rows)
    assert tubes(reading) == [False, True, False, False]
    assert fives(reading) == [2, 2, 2, 2]


def test_the_tube_of_the_column_is_stage_4a():
    reading = read_visits(
        [*ONE_FIVE, "PEG"], [*with_five(2), 0], [4] * 12 + [1], [*with_five(1), 1]
    )
    assert reading.trial is not None
    stages = stage_visits(reading.trial, Settings())
    assert stages is not None
    assert stages.kings.lost[:, 3].tolist() == [False, True, True]
    # Item 12 is 3 at the first and the third visit: 4B as well.
    assert [stages.kings.label(i) for i in range(3)] == ["4B", "4A", "4A+4B"]


def test_no_tube_by_the_column_counts_although_5b_is_filled_in():
    rows = [[*with_five(None, 1), code] for code in (0, 2, 1, None)]
    assert tubes(read_visits([*TWO_FIVES, "PEG"], *rows)) == [False, False, True, True]


def test_the_column_counts_where_both_forms_are_filled_in():
    rows = [[*with_five(3, 1), 1], [*with_five(3, 1), 0], [*with_five(2, 2), 1]]
    reading = read_visits([*TWO_FIVES, "PEG"], *rows)
    assert tubes(reading) == [True, False, True]
    assert fives(reading) == [1, 3, 2]


def test_a_tube_by_the_column_counts_although_only_5a_is_filled_in():
    reading = read_visits([*TWO_FIVES, "PEG"], [*with_five(3, None), 1], [*with_five(3, None), 0])
    assert tubes(reading) == [True, False]
    assert fives(reading) == [3, 3]


def test_without_a_column_of_the_tube_only_5b_alone_tells_of_one():
    rows = [with_five(2, None), with_five(None, 2), with_five(2, 2), with_five(3, 1)]
    reading = read_visits(TWO_FIVES, *rows)
    assert tubes(reading) == [False, True, False, False]
    np.testing.assert_array_equal(fives(reading), [2, 2, 2, np.nan])


def test_5b_alone_beside_a_column_of_the_item_tells_of_a_tube():
    headers = [*ONE_FIVE[:5], "q5a", "q5b", *ONE_FIVE[5:]]
    reading = read_visits(headers, with_five(2, 2, None), with_five(1, None, 1))
    assert tubes(reading) == [False, True]
    assert fives(reading) == [2, 1]


def test_an_item_5_that_is_a_switch_says_who_has_a_tube():
    headers = [*ONE_FIVE[:5], "q5a", "q5b", *ONE_FIVE[5:]]
    reading = read_visits(headers, with_five(1, 3, 4), with_five(2, 3, 4), with_five(2, None, 4))
    assert tubes(reading) == [True, False, False]
    assert fives(reading) == [4, 3, 4]


def test_a_number_that_is_no_answer_leaves_the_tube_to_5b():
    rows = [[*with_five(None, 1), 7], [*with_five(2, None), 7]]
    assert tubes(read_visits([*TWO_FIVES, "PEG"], *rows)) == [True, False]


def test_tubes_stay_with_their_patients_and_days():
    lines = ["patient_id,days from transplant," + ",".join([*ONE_FIVE, "PEG"])]
    told = {("B", 30): 1, ("B", 0): 0, ("A", 60): 1, ("A", 0): 0, ("A", 30): 0}
    for (name, day), code in told.items():
        lines.append(",".join([name, str(day), *map(str, with_five(2)), str(code)]))
    reading = read_text("\n".join(lines) + "\n")
    assert reading.trial is not None
    items = reading.trial.items
    assert items is not None
    found = zip(items["patient"], items["day"], items["gastrostomy"], strict=True)
    assert {(name, day): int(tube) for name, day, tube in found} == told


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("yes", "no"),
        ("Yes", "No"),
        ("Y", "N"),
        ("TRUE", "FALSE"),
        ("ja", "nein"),
        ("oui", "non"),
        ("sí", "no"),
        ("sim", "não"),
        ("evet", "hayır"),  # noqa: RUF001 - Turkish
        ("بله", "خیر"),
    ],
)
def test_yes_and_no_are_read_as_answers_about_the_tube(yes, no):
    rows = [[*with_five(2), yes], [*with_five(2), no], [*with_five(2), None]]
    reading = read_visits([*ONE_FIVE, "gastrostomy"], *rows)
    assert tubes(reading) == [True, False, False]
    assert not [f for f in reading.findings if f.code == "NOT_A_NUMBER"]
    form = [[*with_five(3, 1), yes], [*with_five(3, 1), no], [*with_five(None, 1), no]]
    reading = read_visits([*TWO_FIVES, "PEG"], *form)
    assert tubes(reading) == [True, False, False]
    assert fives(reading) == [1, 3, 1]


@pytest.mark.parametrize("unclear", ["maybe", "-", "unknown", "not done"])
def test_a_word_that_is_no_answer_leaves_the_tube_to_5b(unclear):
    rows = [
        [*with_five(None, 1), unclear],
        [*with_five(2, None), unclear],
        [*with_five(2, None), 0],
    ]
    reading = read_visits([*TWO_FIVES, "PEG"], *rows)
    assert tubes(reading) == [True, False, False]
    odd = [f.value for f in reading.findings if f.code == "NOT_A_NUMBER"]
    assert odd == (["maybe"] if unclear == "maybe" else [])


def test_yes_is_no_score_of_an_item():
    reading = read_visits(ONE_FIVE, with_five(2), with_five("yes"))
    assert fives(reading)[0] == 2
    assert np.isnan(fives(reading)[1])
    assert [f.value for f in reading.findings if f.code == "NOT_A_NUMBER"] == ["yes"]
