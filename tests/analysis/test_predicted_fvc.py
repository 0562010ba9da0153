"""FVC % predicted from litres: against the published numbers, and never mixed or silent."""

from __future__ import annotations

import csv
import time

import numpy as np
import pandas as pd
import pytest

from analysis.compare import compare
from analysis.details import details
from analysis.fvc_equations import EQUATIONS, available_equations, predicted_litres
from analysis.predicted_fvc import (
    derived_patients,
    derived_values,
    endpoint_series,
    equation_note,
    fvc_from_litres,
    not_derived,
    present_endpoints,
)
from analysis.settings import PointDecision, Settings
from data.trial import DAYS_PER_MONTH, Trial
from report.caveats import caveats
from report.frames import frame_for
from report.json_export import comparison_json
from report.methods_text import methods_paragraph
from report.tables import course_numbers, csv_text, visits
from tests.conftest import REFERENCE, reasons, trial_from

NHANES = Settings(fvc_equation="nhanes_iii")
packaged = pytest.mark.skipif(
    "gli_global" not in available_equations(), reason="pyspiro is not installed: no GLI equations"
)


def person(sex, age, height):
    return np.asarray([sex]), np.asarray([float(age)]), np.asarray([float(height)])


def trial_of(people, rows):
    """Build a trial from {name: (sex, age, height)} and (name, endpoint, day, value)."""
    frame = pd.DataFrame(rows, columns=["patient", "endpoint", "day", "value"])
    trial = trial_from(frame, patients=people)
    patients = trial.patients.assign(
        sex=[about[0] for about in people.values()],
        age=[float(about[1]) for about in people.values()],
        height_cm=[float(about[2]) for about in people.values()],
    )
    return Trial(patients, trial.measurements, trial.events)


def litres(name, values, days=(-180, -90, 0, 90, 180)):
    return [(name, "fvc_litres", d, v) for d, v in zip(days, values, strict=True)]


def percent(name, values, days=(-180, -90, 0, 90, 180)):
    return [(name, "fvc", d, v) for d, v in zip(days, values, strict=True)]


PEOPLE = {
    "A": ("M", 55, 175),
    "B": ("F", 55, 160),
    "C": ("M", 60, 170),
    "D": ("", 60, np.nan),
    "E": ("F", 50, 165),
}
ROWS = [
    *litres("A", [3.3, 3.1, 3.0, 2.8, 2.5]),
    *litres("B", [2.3, 2.2, 2.0, 1.9, 1.8]),
    *percent("C", [80, 75, 70, 68, 66]),
    *litres("C", [3.1, 3.0, 2.8, 2.7, 2.6]),
    *litres("D", [3.0, 2.9, 2.8, 2.7, 2.6]),
    *percent("E", [90, 88], days=(-90, 90)),
    *litres("E", [3.0, 2.9, 2.7, 2.6, 2.4]),
]


@pytest.fixture(scope="module")
def trial():
    return trial_of(PEOPLE, ROWS)


# -- the equations ---------------------------------------------------------------------------------


def test_nhanes_check_value():
    # −0.1933 + 0.00064·55 − 0.000269·55² + 0.00018642·175²
    assert predicted_litres("nhanes_iii", *person("M", 55, 175))[0] == pytest.approx(4.7372875)


@pytest.mark.parametrize(
    ("sex", "age", "height", "expected"),
    [
        # Hankinson 1999, tables 4 and 5, worked by hand.
        ("M", 20, 180, -0.1933 + 0.0128 - 0.1076 + 6.040008),
        ("M", 19.99, 180, -0.2584 - 0.20415 * 19.99 + 0.010133 * 399.6001 + 6.040008),
        ("M", 19, 180, -0.2584 - 3.87885 + 3.658013 + 6.040008),
        ("F", 18, 165, -0.3560 + 0.3366 - 0.123768 + 4.03338375),
        ("F", 17.99, 165, -1.2082 + 0.05916 * 17.99 + 4.03338375),
        ("F", 8, 125, -1.2082 + 0.47328 + 2.31484375),
        ("M", 80, 170, -0.1933 + 0.0512 - 1.7216 + 5.387538),
        ("F", 80, 160, -0.3560 + 1.4960 - 2.4448 + 3.79264),
    ],
)
def test_nhanes_by_hand_at_the_ends_and_where_the_lines_change(sex, age, height, expected):
    found = predicted_litres("nhanes_iii", *person(sex, age, height))[0]
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("sex", "age", "height"),
    [
        ("M", 7.99, 130),
        ("F", 80.01, 160),
        ("", 50, 170),
        ("f", 50, 170),
        ("M", np.nan, 170),
        ("M", 50, np.nan),
    ],
)
def test_nhanes_has_no_value_out_of_range_or_for_unknown_persons(sex, age, height):
    assert np.isnan(predicted_litres("nhanes_iii", *person(sex, age, height))[0])


TABLE = [
    ("M", 55, 175, 3.00, 63.3, 64.6, 69.5),
    ("F", 55, 160, 2.00, 60.4, 62.5, 67.1),
    ("M", 70, 168, 2.50, 65.9, 67.4, 71.9),
    ("F", 62.4, 158, 1.90, 62.9, 65.5, 70.0),
    ("M", 45.6, 180, 4.20, 79.0, 79.7, 85.0),
]


@pytest.mark.parametrize(("sex", "age", "height", "volume", "nhanes", "_old", "_new"), TABLE)
def test_nhanes_percentages_of_five_people(sex, age, height, volume, nhanes, _old, _new):
    expected = predicted_litres("nhanes_iii", *person(sex, age, height))[0]
    assert 100 * volume / expected == pytest.approx(nhanes, abs=0.05)


@packaged
@pytest.mark.parametrize(("sex", "age", "height", "volume", "_nhanes", "old", "new"), TABLE)
def test_gli_percentages_of_five_people(sex, age, height, volume, _nhanes, old, new):
    for key, percent_predicted in (("gli_2012", old), ("gli_global", new)):
        expected = predicted_litres(key, *person(sex, age, height))[0]
        assert 100 * volume / expected == pytest.approx(percent_predicted, abs=0.05)


@pytest.mark.parametrize(
    "key", ["nhanes_iii", *(pytest.param(k, marks=packaged) for k in ("gli_global", "gli_2012"))]
)
def test_equations_equal_another_implementation(key):
    with (REFERENCE / "predicted_fvc.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 78
    sex = np.asarray([row["sex"] for row in rows])
    age, height, expected = (
        np.asarray([float(row[name]) for row in rows]) for name in ("age", "height_cm", key)
    )
    np.testing.assert_allclose(predicted_litres(key, sex, age, height), expected, rtol=1e-6)


def test_nhanes_is_always_there_and_others_only_with_the_package():
    assert available_equations()[0] == "nhanes_iii"
    for key in set(EQUATIONS) - set(available_equations()):
        assert np.isnan(predicted_litres(key, *person("M", 55, 175))).all()


# -- the series ------------------------------------------------------------------------------------


def test_off_by_default(trial):
    assert Settings().fvc_equation == "none"
    assert endpoint_series(trial, Settings(), "fvc") is trial.series("fvc")
    assert equation_note(trial, Settings()) == ""
    assert not derived_patients(trial, Settings()).any()
    assert not_derived(trial, Settings()) == ()
    assert fvc_from_litres(trial, Settings()) is None


def test_other_endpoints_stay_as_they_are(trial):
    assert endpoint_series(trial, NHANES, "fvc_litres") is trial.series("fvc_litres")


def test_derived_values_by_hand_with_the_age_at_each_visit(trial):
    series = endpoint_series(trial, NHANES, "fvc")
    mine = series.patient == 0
    expected = []
    for day, volume in zip((-180, -90, 0, 90, 180), (3.3, 3.1, 3.0, 2.8, 2.5), strict=True):
        age = 55 + day / 365.25
        predicted = -0.1933 + 0.00064 * age - 0.000269 * age**2 + 0.00018642 * 175**2
        expected.append(100 * volume / predicted)
    np.testing.assert_allclose(series.value[mine], expected, rtol=1e-12)
    assert series.usable[mine].all()


def test_reported_and_derived_are_never_mixed(trial):
    series = endpoint_series(trial, NHANES, "fvc")
    rows = trial.measurements_frame["endpoint"].to_numpy()[series.position]
    by_patient = {trial.patient_ids[p]: set(rows[series.patient == p]) for p in range(5)}
    # C and E have some reported %, so all their litres stay litres.
    assert by_patient == {
        "A": {"fvc_litres"},
        "B": {"fvc_litres"},
        "C": {"fvc"},
        "D": set(),
        "E": {"fvc"},
    }
    assert derived_patients(trial, NHANES).tolist() == [True, True, False, False, False]
    assert series.value[series.patient == 2].tolist() == [80, 75, 70, 68, 66]
    assert len(series.value[series.patient == 4]) == 2


def test_one_reported_value_that_was_set_aside_keeps_the_patient_reported():
    frame = pd.DataFrame(
        [("A", "fvc", 0, 300.0, "OUT_OF_RANGE"), ("A", "fvc_litres", 0, 3.0, "ok")],
        columns=["patient", "endpoint", "day", "value", "status"],
    )
    made = trial_from(frame)
    patients = made.patients.assign(sex="M", age=55.0, height_cm=175.0)
    trial = Trial(patients, made.measurements, made.events)
    series = endpoint_series(trial, NHANES, "fvc")
    assert series.value.tolist() == [300.0]
    assert not series.usable.any()


def test_series_stay_sorted_and_point_to_the_rows_of_the_litres(trial):
    series = endpoint_series(trial, NHANES, "fvc")
    order = np.lexsort((series.day, series.patient))
    assert order.tolist() == list(range(len(series.day)))
    frame = trial.measurements_frame
    for p, day, at in zip(series.patient, series.day, series.position, strict=True):
        row = frame.iloc[int(at)]
        assert (row["patient"], row["day"]) == (trial.patient_ids[p], day)
    found = derived_values(trial, NHANES, 1)
    assert {frame["value"].iloc[at] for at in found} == {2.3, 2.2, 2.0, 1.9, 1.8}
    assert derived_values(trial, NHANES, 2) == {}


def test_values_out_of_the_range_of_the_endpoint_are_set_aside():
    trial = trial_of({"A": ("M", 55, 175)}, litres("A", [3.0, 9.9, 3.0, 3.0, 3.0]))
    series = endpoint_series(trial, NHANES, "fvc")
    assert series.value[1] > 200
    assert series.usable.tolist() == [True, False, True, True, True]


def test_ages_that_leave_the_range_lose_their_visits_and_are_named():
    rows = litres("A", [3.0] * 5) + litres("B", [2.0] * 5)
    trial = trial_of({"A": ("M", 80, 175), "B": ("F", 85, 160)}, rows)
    series = endpoint_series(trial, NHANES, "fvc")
    assert series.day.tolist() == [-180, -90, 0]
    assert dict(not_derived(trial, NHANES)) == {
        "A": "2 of 5 visits without a day or at an age outside 8 to 80 years",
        "B": "5 of 5 visits without a day or at an age outside 8 to 80 years",
    }


def test_missing_facts_are_named():
    people = {
        "no sex": ("1", 50, 170),
        "no age": ("M", np.nan, 170),
        "no height": ("M", 50, np.nan),
        "nothing": ("", np.nan, np.nan),
        "undated": ("M", 50, 170),
        "reported": ("", np.nan, np.nan),
        "scores only": ("", np.nan, np.nan),
    }
    rows = [row for name in people for row in litres(name, [3.0] * 5) if name != "scores only"]
    rows = [(n, e, np.nan if n == "undated" else d, v) for n, e, d, v in rows]
    rows += [*percent("reported", [80] * 5), ("scores only", "alsfrs_r", 0, 40)]
    trial = trial_of(people, rows)
    assert dict(not_derived(trial, NHANES)) == {
        "no sex": "sex (F or M) not known",
        "no age": "age not known",
        "no height": "height not known",
        "nothing": "sex (F or M) and age and height not known",
        "undated": "no day from the transplant, so no age at the visits",
    }
    assert not derived_patients(trial, NHANES).any()


def test_present_endpoints(trial):
    only_litres = trial_of({"A": ("M", 55, 175)}, litres("A", [3.0] * 5))
    assert present_endpoints(only_litres, Settings()) == ("fvc_litres",)
    assert present_endpoints(only_litres, NHANES) == ("fvc", "fvc_litres")
    assert present_endpoints(trial, NHANES) == ("fvc", "fvc_litres")
    nobody = trial_of({"A": ("", 55, 175)}, litres("A", [3.0] * 5))
    assert present_endpoints(nobody, NHANES) == ("fvc_litres",)


def test_decisions_about_litres_count_for_what_is_derived_of_them(trial):
    out = PointDecision("A", "fvc_litres", 90.0, 2.8, keep=False, reason="other")
    series = endpoint_series(trial, NHANES.with_(points=(out,)), "fvc")
    assert series.day[(series.patient == 0) & ~series.usable].tolist() == [90.0]


def test_a_trial_without_the_column_and_without_heights_keeps_its_hash(trial):
    plain = trial_from(pd.DataFrame([("A", 0, 40.0)], columns=["patient", "day", "value"]))
    without = plain.patients.drop(columns="height_cm")
    assert Trial(without, plain.measurements, plain.events).hash == plain.hash
    taller = plain.patients.assign(height_cm=170.0)
    assert Trial(taller, plain.measurements, plain.events).hash != plain.hash


@packaged
def test_gli_series_use_the_package(trial):
    found = endpoint_series(trial, Settings(fvc_equation="gli_global"), "fvc")
    at_day0 = (found.patient == 0) & (found.day == 0)
    assert found.value[at_day0][0] == pytest.approx(69.5, abs=0.05)


@pytest.mark.skipif("gli_global" in available_equations(), reason="pyspiro is installed")
def test_without_the_package_nothing_is_derived_and_it_is_said(trial):
    settings = Settings(fvc_equation="gli_global")
    assert endpoint_series(trial, settings, "fvc") is trial.series("fvc")
    assert "needs the package pyspiro, which is not installed" in equation_note(trial, settings)
    assert dict(not_derived(trial, settings))["A"] == "GLI Global needs the package pyspiro"


# -- what is said of it ----------------------------------------------------------------------------

NOTE = (
    "FVC % of 2 patients derived from litres by NHANES III (Hankinson 1999, Caucasian equation), "
    "of 2 as reported."
)


def test_the_comparison_uses_derived_values_and_says_so(trial):
    settings = NHANES.with_(endpoints=("fvc",))
    comparison = compare(trial, settings)
    assert comparison.equation_note == NOTE == equation_note(trial, settings)
    assert comparison.endpoints[0].n == 3
    assert NOTE in methods_paragraph(comparison)
    frame = frame_for("t", "", comparison, trial)
    assert frame.note == NOTE
    assert NOTE.removesuffix(".") in frame.footer
    assert frame_for("t", "", comparison, trial, endpoint="alsfrs_r").note == ""
    assert any(NOTE in text for text in caveats(comparison))
    assert comparison.endpoints[0].endpoint.equation == (
        "in 2 of 4 by NHANES III, Caucasian equation"
    )
    text = csv_text(pd.DataFrame({"a": [1]}), trial, frame.note)
    assert "Caucasian equation" in text


def test_nothing_is_said_where_it_is_off_or_fvc_is_not_compared(trial):
    for settings in (Settings(endpoints=("fvc",)), NHANES.with_(endpoints=("fvc_litres",))):
        comparison = compare(trial, settings)
        assert comparison.equation_note == ""
        assert "Hankinson" not in methods_paragraph(comparison)
        assert "Hankinson" not in frame_for("t", "", comparison, trial).footer
        assert "Hankinson" not in " ".join(caveats(comparison))


def test_slopes_of_derived_values_by_hand(trial):
    result = compare(trial, NHANES.with_(endpoints=("fvc",))).endpoints[0]
    series = endpoint_series(trial, NHANES, "fvc")
    mine = (series.patient == 0) & (series.day <= 0)
    slope = np.polyfit(series.day[mine] / DAYS_PER_MONTH, series.value[mine], 1)[0]
    assert result.before[0] == pytest.approx(slope)


def test_the_flow_says_why_litres_did_not_become_percent(trial):
    result = compare(trial, NHANES.with_(endpoints=("fvc",))).endpoints[0]
    assert reasons(result)["D"] == (
        "no FVC value (FVC in litres: sex (F or M) and height not known)"
    )


def test_json(trial):
    comparison = compare(trial, NHANES.with_(endpoints=("fvc",)))
    found = comparison_json(comparison, details(trial, comparison))["fvc_from_litres"]
    assert found == {
        "equation": "nhanes_iii",
        "name": "NHANES III (Hankinson 1999, Caucasian equation)",
        "doi": "10.1164/ajrccm.159.1.9712108",
        "available": True,
        "note": NOTE,
        "derived": ["A", "B"],
        "patients_with_reported": 2,
        "not_derived": [{"patient": "D", "reason": "sex (F or M) and height not known"}],
        "far_from_reported": [],
        "beyond_its_heights": [],
    }
    off = compare(trial, Settings(endpoints=("fvc",)))
    assert comparison_json(off, details(trial, off))["fvc_from_litres"] is None


def test_tables_list_derived_values_with_their_litres(trial):
    comparison = compare(trial, NHANES.with_(endpoints=("fvc",)))
    table = visits(trial, comparison, 0)
    derived = table[table["endpoint"] == "FVC, % predicted"]
    assert derived["derived"].tolist() == [
        f"derived from {volume} L" for volume in ("3.30", "3.10", "3.00", "2.80", "2.50")
    ]
    assert derived["value"].iloc[2] == pytest.approx(100 * 3.0 / 4.7372875)
    assert derived["counts"].tolist() == ["before"] * 3 + ["after"] * 2
    kept = table[table["endpoint"] == "FVC (L), L"]
    assert kept["derived"].tolist() == [""] * 5
    assert kept["counts"].tolist() == ["not compared"] * 5
    assert derived["row in file"].tolist() == kept["row in file"].tolist()
    numbers = course_numbers(trial, comparison, [2, 0], ("P01", "P02", "P03", "P04", "P05"))
    assert numbers["patient"].tolist() == ["P03"] * 5 + ["P01"] * 5
    assert numbers["derived"].tolist()[:5] == [""] * 5
    assert "derived" not in visits(trial, compare(trial, Settings()), 0)


def test_percent_and_litres_that_do_not_belong_together_are_named():
    people = {"A": ("M", 55, 175), "B": ("M", 55, 175), "C": ("M", 55, 140)}
    rows = []
    for name, points in (("A", 0.0), ("B", 14.0), ("C", 0.0)):
        rows += litres(name, [3.0] * 5)
        rows += percent(name, [63.3 + points] * 5)
    trial = trial_of(people, rows)
    found = fvc_from_litres(trial, NHANES)
    # C is 140 cm in the file: −0.1933 + 0.0352 − 0.813725 + 3.653832 = 2.682007 L are predicted.
    assert [name for name, _ in found.far_off] == ["C"]
    assert found.far_off[0][1] == pytest.approx(63.3 - 100 * 3 / 2.682007, abs=0.05)
    said = " ".join(caveats(compare(trial, NHANES.with_(endpoints=("fvc",)))))
    assert "more than 15 points" in said
    assert "(up to −49)" in said


def test_heights_beyond_those_of_the_equation_are_named():
    people = {"A": ("M", 55, 157.9), "B": ("M", 55, 158), "C": ("F", 55, 180.1)}
    rows = [row for name in people for row in litres(name, [2.5] * 5)]
    assert fvc_from_litres(trial_of(people, rows), NHANES).extended == ("A", "C")


def test_twelve_thousand_patients_are_fast():
    n, visits_each = 12_000, 10
    rng = np.random.default_rng(5)
    names = np.asarray([f"P{i}" for i in range(n)])
    frame = pd.DataFrame(
        {
            "patient": np.repeat(names, visits_each),
            "day": np.tile(np.linspace(-300, 300, visits_each).round(), n),
            "value": rng.uniform(1, 5, n * visits_each),
            "endpoint": "fvc_litres",
        }
    )
    made = trial_from(frame)
    patients = made.patients.assign(
        sex=rng.choice(["F", "M"], n),
        age=rng.uniform(30, 75, n),
        height_cm=rng.uniform(150, 190, n),
    )
    trial = Trial(patients, made.measurements, made.events)
    trial.series("fvc_litres")
    took = []
    for _ in range(3):
        start = time.perf_counter()
        series = endpoint_series(trial, NHANES, "fvc")
        took.append(time.perf_counter() - start)
    assert len(series.value) == n * visits_each
    assert min(took) < 0.3
