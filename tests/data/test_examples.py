"""The bundled trial shows the published moments and says that it is simulated."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from analysis.compare import compare
from analysis.settings import Settings
from data.examples import EXAMPLE_IDS, FIRST_EXAMPLE, FOLDER, example_title, load_example
from report.numbers import mean_sd
from report.words import means_line

# Shamsaei 2023 (doi 10.34172/apb.2023.043), per period of 10 months: before, after.
PUBLISHED = {
    "alsfrs_r": ("−5.40 ± 2.30", "−2.00 ± 3.08"),
    "fvc": ("−12.60 ± 5.22", "−4.80 ± 14.72"),
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


def test_the_script_writes_the_same_file_again(tmp_path, monkeypatch):
    path = FOLDER / "make_after_shamsaei_2023.py"
    spec = importlib.util.spec_from_file_location("make_example", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_example", script)
    spec.loader.exec_module(script)
    script.write(tmp_path)
    (written,) = tmp_path.iterdir()
    assert written.read_bytes() == (FOLDER / written.name).read_bytes()
    assert written.name == load_example(FIRST_EXAMPLE).file_name
