"""Values that can hardly be right: each check finds its case and lets the nearest good one be."""

from __future__ import annotations

import pytest

from data.findings import Finding
from data.reading import Reading
from tests.conftest import read_text

DAYS = "patient_id,days from transplant,"
DATES = "patient_id,visit_date,transplant_date,ALSFRS_R\n"


def scores(*visits: tuple[float, object], header: str = "ALSFRS_R") -> Reading:
    """Read visits of patient A as (day, value)."""
    rows = "".join(f"A,{day},{value}\n" for day, value in visits)
    return read_text(f"{DAYS}{header}\n{rows}")


def dated(*visits: tuple[str, object], day0: str = "2021-03-01") -> Reading:
    return read_text(DATES + "".join(f"A,{day},{day0},{value}\n" for day, value in visits))


def found(reading: Reading, code: str) -> list[Finding]:
    return [finding for finding in reading.findings if finding.code == code]


def statuses(reading: Reading) -> dict[int, str]:
    """Return the status of each row."""
    assert reading.trial is not None, [f.sentence() for f in reading.findings]
    frame = reading.trial.measurements
    return dict(zip(frame["row"], frame["status"], strict=True))


# -- scales ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "value", "good"),
    [
        ("ALSFRS_R", 49, False), ("ALSFRS_R", 48, True), ("ALSFRS_R", 0, True),
        ("ALSFRS_R", -1, False), ("ALSFRS_R", 38.5, False),
        ("FVC_percent", 200, True), ("FVC_percent", 200.1, False), ("FVC_percent", 0, False),
        ("FVC_L", 10, True), ("FVC_L", 10.1, False),
    ],
)  # fmt: skip
def test_a_value_outside_of_its_scale_is_set_aside(header, value, good):
    usual = {"ALSFRS_R": 40, "FVC_percent": 80, "FVC_L": 3.5}[header]
    visits = [(-60, usual), (0, usual), (60, value)]
    reading = scores(*visits, header=header)
    assert statuses(reading) == {2: "ok", 3: "ok", 4: "ok" if good else "OUT_OF_RANGE"}
    listed = [(f.row, f.value, f.proposal) for f in found(reading, "OUT_OF_RANGE")]
    assert listed == ([] if good else [(4, str(value), "")])


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "status"), [(7305, "ok"), (7306, "IMPLAUSIBLE_TIME")])
def test_a_visit_more_than_twenty_years_away_is_set_aside(day, status):
    # 20 years of 365.25 days are 7305 days.
    reading = scores((-60, 40), (0, 39), (day, 38))
    assert statuses(reading)[4] == status
    assert [f.row for f in found(reading, "IMPLAUSIBLE_TIME")] == ([4] if day > 7305 else [])


ORDERLY = "".join(
    f"B{n},{day},2021-03-01,30\n"
    for n in range(8)
    for day in ("2020-12-01", "2021-03-01", "2021-06-01", "2021-09-01")
)
"""Eight patients whose rows are in the order of their dates."""


def among_others(third: str) -> Reading:
    """Read four visits of A, of which the third may have a wrong year, before others."""
    days = ("2020-12-01", "2021-03-01", third, "2021-09-01")
    rows = "".join(f"A,{day},2021-03-01,40\n" for day in days)
    return read_text(DATES + rows + ORDERLY)


def test_a_year_that_does_not_fit_its_neighbours_is_set_aside_and_proposed():
    reading = among_others("2019-06-01")
    assert {row: s for row, s in statuses(reading).items() if s != "ok"} == {4: "SUSPECT_YEAR"}
    (wrong,) = found(reading, "SUSPECT_YEAR")
    assert (wrong.row, wrong.column, wrong.value) == (4, "visit_date", "2019-06-01")
    assert wrong.proposal == "2021-06-01"


@pytest.mark.parametrize(
    ("third", "suspect"), [("2020-05-05", False), ("2020-05-04", True)], ids=["300", "301 days"]
)
def test_a_visit_out_of_step_by_300_days_is_not_yet_suspect(third, suspect):
    # From 5 May 2020 to 1 March 2021: 26 + 30 + 31 + 31 + 30 + 31 + 30 + 31 + 31 + 28 + 1 = 300.
    reading = among_others(third)
    assert [f.row for f in found(reading, "SUSPECT_YEAR")] == ([4] if suspect else [])


def test_a_wrong_year_in_a_small_trial_is_found():
    reading = dated(
        ("2020-12-01", 40), ("2021-03-01", 39), ("2011-06-01", 38), ("2021-09-01", 37),
        ("2021-12-01", 36),
    )  # fmt: skip
    assert [f.row for f in found(reading, "SUSPECT_YEAR")] == [4]


def test_rows_in_no_order_have_no_suspect_year():
    reading = dated(
        ("2021-09-01", 37), ("2019-06-01", 44), ("2021-03-01", 39), ("2020-03-01", 41),
        ("2020-12-01", 40),
    )  # fmt: skip
    assert not found(reading, "SUSPECT_YEAR")


@pytest.mark.parametrize(("day", "late"), [("2021-06-01", False), ("2021-06-02", True)])
def test_a_visit_after_the_day_of_death_is_set_aside(day, late):
    text = "patient_id,visit_date,transplant_date,death_date,ALSFRS_R\n"
    rows = [("2021-01-01", 40), (day, 30)]
    text += "".join(f"A,{when},2021-03-01,2021-06-01,{value}\n" for when, value in rows)
    reading = read_text(text)
    assert statuses(reading) == {2: "ok", 3: "VISIT_AFTER_DEATH" if late else "ok"}
    assert [f.row for f in found(reading, "VISIT_AFTER_DEATH")] == ([3] if late else [])


@pytest.mark.parametrize(("day", "early"), [("2020-01-01", False), ("2019-12-31", True)])
def test_a_visit_before_the_first_symptom_is_reported_and_used(day, early):
    text = "patient_id,visit_date,transplant_date,onset_date,ALSFRS_R\n"
    rows = [(day, 44), ("2021-04-01", 38)]
    text += "".join(f"A,{when},2021-03-01,2020-01-01,{value}\n" for when, value in rows)
    reading = read_text(text)
    assert statuses(reading) == {2: "ok", 3: "ok"}
    assert [f.row for f in found(reading, "VISIT_BEFORE_ONSET")] == ([2] if early else [])


@pytest.mark.parametrize(
    ("day", "said"), [(-1, False), (0, False), (1, True), (3, True), (4, False)]
)
def test_a_visit_in_the_first_three_days_is_said_to_count_as_after(day, said):
    reading = scores((-60, 40), (day, 39), (60, 38))
    soon = found(reading, "VISIT_JUST_AFTER")
    assert [f.row for f in soon] == ([3] if said else [])
    assert {f.severity for f in soon} <= {"info"}
    assert set(statuses(reading).values()) == {"ok"}


@pytest.mark.parametrize(("month", "apart"), [("3", False), ("1.5", True)])
def test_a_date_and_a_month_that_disagree_are_named(month, apart):
    # 30 May 2021 is day 90; month 3 is day 91.3, month 1.5 is day 45.7: 44 days off.
    text = "patient_id,visit_date,transplant_date,months from transplant,ALSFRS_R\n"
    text += f"A,2020-12-31,2021-03-01,-2,40\nA,2021-05-30,2021-03-01,{month},38\n"
    reading = read_text(text)
    assert [f.row for f in found(reading, "TIME_MISMATCH")] == ([3] if apart else [])
    assert reading.trial is not None
    assert reading.trial.measurements["day"].tolist() == [-60, 90]


# -- changes from visit to visit -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "values", "code"),
    [
        ((0, 92), (40, 29), "SCORE_JUMP"),
        ((0, 92), (40, 30), None),
        ((0, 93), (40, 20), None),
        ((0, 92), (20, 31), "SCORE_JUMP"),
        ((0, 92), (20, 30), "SCORE_RISE"),
        ((0, 92), (20, 26), "SCORE_RISE"),
        ((0, 92), (20, 25), None),
        ((0, 93), (20, 26), None),
        ((0, 92), (40, 34), None),
    ],
)
def test_a_great_change_within_three_months_is_reported_and_used(days, values, code):
    reading = scores(*zip(days, values, strict=True))
    told = {c: [f.row for f in found(reading, c)] for c in ("SCORE_JUMP", "SCORE_RISE")}
    none: dict[str, list[int]] = {"SCORE_JUMP": [], "SCORE_RISE": []}
    expected = none | ({code: [3]} if code else {})
    assert told == expected
    assert set(statuses(reading).values()) == {"ok"}


def test_the_last_visit_of_one_patient_is_not_compared_with_the_first_of_the_next():
    reading = read_text(DAYS + "ALSFRS_R\nA,-30,44\nA,0,43\nB,30,20\nB,60,19\n")
    assert not found(reading, "SCORE_JUMP")


def test_a_value_that_is_set_aside_makes_no_jump():
    reading = scores((-30, 44), (0, 60), (30, 43))
    assert not found(reading, "SCORE_JUMP")


# -- litres and per cent ---------------------------------------------------------------------------


@pytest.mark.parametrize(("percent", "off"), [(96, False), (97, True), (64, False), (63, True)])
def test_litres_and_per_cent_that_do_not_belong_together_are_reported(percent, off):
    # 4 L are 80 %: 20 % a litre. 96 % of 4 L are 24, a fifth more; 64 % are 16, a fifth less.
    visits = [(-60, "4,80"), (-30, "4,80"), (0, "4,80"), (30, f"4,{percent}")]
    reading = scores(*visits, header="FVC_L,FVC_percent")
    assert [f.row for f in found(reading, "FVC_UNITS_DISAGREE")] == ([5] if off else [])
    assert set(statuses(reading).values()) == {"ok"}


@pytest.mark.parametrize(("visits", "said"), [(2, False), (3, True)])
def test_two_visits_cannot_tell_what_belongs_together(visits, said):
    rows = [(-60, "4,80"), (-30, "4,80")][: visits - 1]
    reading = scores(*rows, (0, "4,40"), header="FVC_L,FVC_percent")
    assert bool(found(reading, "FVC_UNITS_DISAGREE")) is said


# -- duplicates ------------------------------------------------------------------------------------


def test_one_value_that_stands_twice_is_used_once():
    reading = scores((0, 40), (0, 40), (30, 39))
    assert statuses(reading) == {2: "ok", 4: "ok"}
    (said,) = found(reading, "EXACT_DUPLICATES")
    assert said.text.endswith("alike: 1.")


def test_two_values_of_one_day_are_both_set_aside():
    reading = scores((0, 40), (0, 39), (30, 39))
    assert statuses(reading) == {
        2: "CONFLICTING_DUPLICATES",
        3: "CONFLICTING_DUPLICATES",
        4: "ok",
    }
    (said,) = found(reading, "CONFLICTING_DUPLICATES")
    assert "40 (row 2) and 39 (row 3)" in said.text


@pytest.mark.parametrize("other", ["A,1,39", "B,0,39"])
def test_another_day_or_patient_is_no_duplicate(other):
    reading = read_text(DAYS + f"ALSFRS_R\nA,0,40\n{other}\n")
    assert set(statuses(reading).values()) == {"ok"}
    assert not found(reading, "CONFLICTING_DUPLICATES")


def test_a_value_without_a_time_is_no_duplicate():
    reading = read_text(DAYS + "ALSFRS_R\nA,-30,41\nA,0,40\nA,,39\nA,,38\nA,30,37\n")
    assert set(statuses(reading).values()) == {"ok"}
    (lost,) = found(reading, "ROW_WITHOUT_DATE")
    assert "2 rows (4, 5)" in lost.text
