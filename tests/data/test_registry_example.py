"""The simulated registries: the reader makes the same trial of the file, and they open by name."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.settings import Settings
from analysis.slopes import slope_table
from data.examples import LARGE_IDS, example_settings, example_title, load_example
from data.examples.registry import registry_csv, registry_trial
from data.files import UploadedFile
from data.reading import read_files


@pytest.mark.parametrize("patients", [1, 40])
def test_the_reader_makes_the_same_trial_of_its_file(patients):
    built = registry_trial(patients)
    read = read_files([UploadedFile("registry.csv", registry_csv(patients))]).trial
    assert read is not None
    assert read.hash == built.hash
    assert read.patient_ids == built.patient_ids
    assert read.measurements["row"].tolist() == built.measurements["row"].tolist()


def test_both_open_by_name_and_say_that_they_are_simulated():
    for example_id in LARGE_IDS:
        example = load_example(example_id)
        patients = int(example_id.partition("-")[2])
        assert len(example.trial.patient_ids) == patients
        assert example.trial.simulated
        assert example.trial.title == example_title(example_id)
        assert "simulated" in example.trial.notes[0]
        assert example.trial.example_id == example_id
        assert example_settings(example_id) == {}


def test_nothing_happens_at_day_0():
    table = slope_table(load_example("registry-12000").trial, "alsfrs_r", Settings())
    change = table.after.slope - table.before.slope
    change = change[np.isfinite(change)]
    assert len(change) > 10_000
    # Courses that start at the top of the scale look flatter before day 0 than they are.
    assert -0.05 < change.mean() < 5 * change.std() / np.sqrt(len(change))
