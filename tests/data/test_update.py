"""Two versions of one trial: what came, what went, what changed; strangers are no version."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from data.trial import Trial
from data.update import compare_versions, is_newer_version
from tests.conftest import made, read_text

OLD = {
    "P01": {-60: 40, 0: 39, 90: 38},
    "P02": {-60: 30, 30: 28},
    "P03": {-30: 20, 60: 18},
}


def dated(*rows: str) -> Trial:
    header = "patient_id,visit_date,transplant_date,ALSFRS_R\n"
    trial = read_text(header + "\n".join(rows) + "\n").trial
    assert trial is not None
    return trial


def changes(old: Trial, new: Trial) -> list[tuple]:
    return list(compare_versions(old, new).values_changed.itertuples(index=False, name=None))


def test_a_trial_is_a_version_of_itself_without_any_difference():
    update = compare_versions(made(OLD), made(OLD))
    assert update.nothing
    assert is_newer_version(made(OLD), made(OLD))


def test_row_order_is_no_difference():
    backwards = {name: dict(reversed(course.items())) for name, course in reversed(OLD.items())}
    assert compare_versions(made(OLD), made(backwards)).nothing


def test_a_later_visit_is_added():
    new = {**OLD, "P02": {-60: 30, 30: 28, 120: 26}}
    update = compare_versions(made(OLD), made(new))
    assert (update.values_added, update.values_removed) == (1, 0)
    assert not len(update.values_changed)
    assert not update.nothing
    assert is_newer_version(made(OLD), made(new))


def test_a_visit_that_went_is_removed():
    new = {**OLD, "P01": {-60: 40, 90: 38}}
    update = compare_versions(made(OLD), made(new))
    assert (update.values_added, update.values_removed) == (0, 1)


def test_another_value_of_the_same_day_is_changed():
    new = {**OLD, "P01": {-60: 40, 0: 37, 90: 38}}
    assert changes(made(OLD), made(new)) == [("P01", "alsfrs_r", "day 0", 39, 37)]
    update = compare_versions(made(OLD), made(new))
    assert (update.values_added, update.values_removed) == (0, 0)


def test_patients_come_and_go_and_their_values_are_not_counted():
    new = {"P01": OLD["P01"], "P02": OLD["P02"], "P04": {-60: 44, 30: 43}}
    update = compare_versions(made(OLD), made(new))
    assert update.patients_added == ("P04",)
    assert update.patients_removed == ("P03",)
    assert (update.values_added, update.values_removed) == (0, 0)


def test_a_moved_transplant_is_named_and_changes_no_value():
    old = dated("A,2021-01-01,2021-03-01,40", "A,2021-06-01,2021-03-01,38")
    new = dated("A,2021-01-01,2021-03-08,40", "A,2021-06-01,2021-03-08,38")
    update = compare_versions(old, new)
    assert update.transplants_changed == ("A",)
    assert (update.values_added, update.values_removed, len(update.values_changed)) == (0, 0, 0)
    assert is_newer_version(old, new)


def test_a_second_transplant_is_a_change():
    new = made(OLD, transplants={"P02": (0.0, 200.0)})
    assert compare_versions(made(OLD), new).transplants_changed == ("P02",)


def test_two_endpoints_of_one_day_are_two_values():
    frame = made(OLD).measurements
    both = pd.concat([frame, frame.assign(endpoint="fvc", value=80.0)], ignore_index=True)
    old = replace(made(OLD), measurements_frame=both)
    both.loc[(both["endpoint"] == "fvc") & (both["row"] == 2), "value"] = 75.0
    new = replace(made(OLD), measurements_frame=both)
    assert changes(old, new) == [("P01", "fvc", "day -60", 80, 75)]


# -- versions or strangers -------------------------------------------------------------------------

STRANGER = {
    "P01": {-61: 41, 1: 40, 88: 35},
    "P02": {-59: 33, 31: 31},
    "P03": {-33: 25, 64: 22},
}


def test_another_trial_with_the_same_names_is_no_version():
    assert not is_newer_version(made(OLD), made(STRANGER))


def test_a_trial_with_the_same_days_and_other_values_is_no_version():
    other = {name: {day: v - 7 for day, v in course.items()} for name, course in OLD.items()}
    assert not is_newer_version(made(OLD), made(other))


def test_other_names_are_no_version():
    other = {name.replace("P", "Q"): course for name, course in OLD.items()}
    assert not is_newer_version(made(OLD), made(other))


@pytest.mark.parametrize(("kept", "version"), [(2, True), (1, False)])
def test_half_of_the_shared_patients_must_share_a_value(kept, version):
    # Of four patients in both, ``kept`` have their values and the others have new ones.
    old = {f"P{n}": {-30: 40 - n, 30: 38 - n} for n in range(4)}
    new = {name: (course if n < kept else {d + 5: v - 9 for d, v in course.items()})
           for n, (name, course) in enumerate(old.items())}  # fmt: skip
    assert is_newer_version(made(old), made(new)) is version


def test_a_trial_that_has_grown_to_thrice_its_size_is_a_version():
    grown = {**OLD, **{f"P{n}": {-30: 40, 30: 38} for n in range(10, 16)}}
    assert is_newer_version(made(OLD), made(grown))


def test_names_written_otherwise_are_the_same_patients():
    new = {name.replace("P0", "p-"): course for name, course in OLD.items()}
    assert is_newer_version(made(OLD), made(new))
    update = compare_versions(made(OLD), made(new))
    assert (update.patients_added, update.patients_removed) == ((), ())
