"""The bundled trial shows the published moments and says that it is simulated."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter

import numpy as np
import pytest

from analysis.compare import compare
from analysis.grouping import grouping_of
from analysis.groups import compare_groups
from analysis.settings import Settings
from data.examples import EXAMPLE_IDS, FIRST_EXAMPLE, FOLDER, example_title, load_example
from report.numbers import mean_sd
from report.words import means_line

# Shamsaei 2023 (doi 10.34172/apb.2023.043), per period of 10 months: before, after.
PUBLISHED = {
    "alsfrs_r": ("−5.40 ± 2.30", "−2.00 ± 3.08"),
    "fvc": ("−12.60 ± 5.22", "−4.80 ± 14.72"),
}


# What the files are made to show: three patients with several transplants, three visits without
# an item, one patient without a transplant date.
INTENDED = {
    "every-detail": {"MULTIPLE_TRANSPLANTS": 3, "ITEMS_INCOMPLETE": 1, "NO_TRANSPLANT_DATE": 1}
}


@pytest.fixture(scope="module")
def example():
    return load_example(FIRST_EXAMPLE)


@pytest.fixture(scope="module")
def comparison(example):
    settings, problems = Settings.from_json(example.settings)
    assert problems == ()
    return compare(example.trial, settings)


@pytest.mark.parametrize("key", PUBLISHED)
def test_the_published_moments_are_printed(comparison, key):
    before, after = PUBLISHED[key]
    result = comparison.endpoint(key)
    assert mean_sd(result.before_summary) == before
    assert mean_sd(result.after_summary) == after
    assert f"{before} → " in means_line(result)
    assert after in means_line(result).split("→")[1]
    assert result.n == 10


@pytest.mark.parametrize("key", PUBLISHED)
def test_the_slopes_are_those_of_polyfit(example, comparison, key):
    frame = example.trial.measurements
    frame = frame[frame["endpoint"] == key]
    slopes = []
    for _, visits in frame.groupby("patient", sort=False):
        sides = visits[visits["day"] <= 0], visits[visits["day"] > 0]
        slopes.append([10 * np.polyfit(v["day"] / 30.4375, v["value"], 1)[0] for v in sides])
    result = comparison.endpoint(key)
    np.testing.assert_allclose(np.transpose([result.before, result.after]), slopes, rtol=1e-9)


def test_the_trial_says_that_it_is_simulated(example):
    assert example.trial.simulated
    assert example.trial.origin == "example"
    assert "simulated" in example.trial.title.casefold()
    assert "no person" in example.trial.notes[0]
    assert example_title(FIRST_EXAMPLE) == example.trial.title


def test_ten_patients_have_nine_to_eleven_visits(example):
    frame = example.trial.measurements
    visits = frame.groupby("patient")["day"].nunique()
    assert len(visits) == len(example.trial.patient_ids) == 10
    assert visits.between(9, 11).all()
    assert (frame["status"] == "ok").all()
    assert [f.code for f in example.trial.findings if f.severity != "info"] == []


@pytest.mark.parametrize(("key", "limit"), [("alsfrs_r", 26), ("fvc", 40)])
def test_patients_entered_above_the_limits_of_the_trial(example, key, limit):
    frame = example.trial.measurements
    frame = frame[(frame["endpoint"] == key) & (frame["day"] <= 0)].sort_values("day")
    at_entry = frame.groupby("patient")["value"].last()
    assert len(at_entry) == 10
    assert (at_entry > limit).all()


def test_an_unknown_example_is_a_key_error():
    with pytest.raises(KeyError):
        load_example("../secrets")
    assert FIRST_EXAMPLE in EXAMPLE_IDS


@pytest.mark.parametrize("example_id", EXAMPLE_IDS)
def test_the_script_writes_the_same_file_again(example_id, tmp_path, monkeypatch):
    path = FOLDER / f"make_{example_id.replace('-', '_')}.py"
    spec = importlib.util.spec_from_file_location("make_example", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_example", script)
    spec.loader.exec_module(script)
    script.write(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {name: (FOLDER / name).read_bytes() for name in written}
    assert load_example(example_id).file_name in written


@pytest.mark.parametrize("example_id", EXAMPLE_IDS)
def test_every_example_loads_without_warnings_and_says_that_it_is_simulated(example_id):
    example = load_example(example_id)
    assert example.trial.simulated
    assert "simulated" in example.trial.title.casefold()
    assert "no person" in example.trial.notes[0]
    warned = Counter(f.code for f in example.trial.findings if f.severity != "info")
    assert dict(warned) == INTENDED.get(example_id, {})
    assert Settings.from_json(example.settings)[1] == ()


# Oh 2018 (doi 10.1002/ana.25302), table 3, per month at 4 months: n, mean, SD of the change.
OH_2018 = {
    "alsfrs_r": {"control": (27, "0.03", "1.33"), "treated": (32, "1.13", "1.33")},
    "fvc": {"control": (25, "−0.80", "3.18"), "treated": (31, "−1.54", "3.38")},
}
OH_2018_P = {"alsfrs_r": "0.003", "fvc": "0.41"}


@pytest.fixture(scope="module")
def controlled():
    return load_example("after-oh-2018")


@pytest.mark.parametrize("key", OH_2018)
def test_the_groups_of_the_controlled_trial_have_the_published_changes(controlled, key):
    settings, problems = Settings.from_json(controlled.settings)
    assert problems == ()
    result = compare(controlled.trial, settings).endpoint(key)
    assert result is not None
    grouping = grouping_of(controlled.trial, settings.group_by)
    groups = compare_groups(controlled.trial, result, grouping, settings)
    assert groups is not None
    for label, (n, mean, sd) in OH_2018[key].items():
        change = groups.group(label).change
        shown = f"{change.mean:.2f}".replace("-", "−")
        assert (change.n, shown, f"{change.sd:.2f}") == (n, mean, sd)
    assert groups.control.label == "control"
    assert groups.difference is not None
    assert (groups.difference.reference, groups.difference.other) == ("control", "treated")
    decimals = len(OH_2018_P[key]) - 2
    assert f"{groups.difference.primary.p:.{decimals}f}" == OH_2018_P[key]
    assert result.unit.endswith("/month")


@pytest.mark.parametrize("key", OH_2018)
def test_the_changes_of_the_controlled_trial_are_those_of_polyfit(controlled, key):
    frame = controlled.trial.measurements
    frame = frame[frame["endpoint"] == key]
    group = controlled.trial.patients.set_index("patient")["group"]
    changes: dict[str, list[float]] = {"control": [], "treated": []}
    for name, visits in frame.groupby("patient"):
        sides = visits[visits["day"] <= 0], visits[visits["day"] > 0]
        if min(map(len, sides)) > 1:
            before, after = (np.polyfit(v["day"] / 30.4375, v["value"], 1)[0] for v in sides)
            changes[group[name]].append(after - before)
    for label, (n, mean, sd) in OH_2018[key].items():
        own = np.array(changes[label])
        assert len(own) == n
        assert f"{own.mean():.2f}".replace("-", "−") == mean
        assert f"{own.std(ddof=1):.2f}" == sd


def test_control_patients_have_a_reference_date_and_the_notes_say_what_it_is(controlled):
    patients = controlled.trial.patients
    assert patients["group"].value_counts().to_dict() == {"treated": 32, "control": 27}
    assert set(patients["transplant_days"]) == {(0.0,)}
    assert "transplant" not in controlled.content.decode("utf-8").splitlines()[0]
    assert any("reference date" in note for note in controlled.trial.notes)
    assert patients["age"].notna().all()


def test_the_lead_in_of_the_controlled_trial_has_three_visits_and_about_three_months(controlled):
    frame = controlled.trial.measurements
    before = frame[(frame["endpoint"] == "alsfrs_r") & (frame["day"] <= 0)].groupby("patient")[
        "day"
    ]
    assert before.size().min() >= 3
    assert before.min().between(-100, -80).all()
    assert (before.max() == 0).all()
