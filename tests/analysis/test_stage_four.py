"""Who reached King's stage 4 and why: the generator's own answers, and cases by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.settings import PatientExclusion, Settings
from analysis.stage_four import REASONS, StageFour, stage_four
from data.examples import FOLDER, load_example
from report.stage_words import stage_four_sentence
from tests.analysis.test_stage_transitions import NAN, staged

MONTH = 30.4375
KINDS = {
    "well": {1: 3},
    "niv": {12: 3},
    "invasive": {12: 0},
    "dyspnoea": {10: 0},
    "12 missing": {12: NAN},
    "10 missing, niv": {10: NAN, 12: 2},
}


def found(courses, settings=None, **more) -> StageFour:
    result = stage_four(staged(courses, kinds=KINDS, **more), settings or Settings())
    assert result is not None
    return result


@pytest.fixture(scope="module")
def example():
    trial = load_example("every-detail").trial
    result = stage_four(trial, Settings())
    assert result is not None
    return trial, result


def test_the_bundled_trial_gives_the_generators_answers(example):
    trial, result = example
    told = json.loads((FOLDER / "every_detail_answers.json").read_text("utf-8"))["kings_4"]
    assert [trial.patient_ids[p] for p in result.patient] == [row["patient"] for row in told]
    for k, row in enumerate(told):
        assert result.label(k) == row["stage"]
        because = dict(zip(REASONS, result.first[k], strict=True))
        assert {name for name, month in because.items() if np.isfinite(month)} == set(
            row["because_of"]
        )
        # The stage is seen at the first visit after the truth: within a visit's distance.
        for name, month in row["because_of"].items():
            assert -0.1 <= because[name] - month < 4


def test_the_sentence_names_everybody_with_reasons(example):
    trial, result = example
    text = stage_four_sentence(result, trial.patient_ids)
    assert text.startswith("King’s stage 4 was reached by 7 of 23 patients with items: P03 (4A, ")
    assert text.count(" months)") == 7


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("niv", 1), ("invasive", 1), ("dyspnoea", 2), ("10 missing, niv", 1)],
)
def test_the_reason_is_the_item_that_shows_it(kind, reason):
    result = found({"A": [(-30, "well"), (60, kind), (90, kind)]})
    assert result.label(0) == "4B"
    assert np.flatnonzero(np.isfinite(result.first[0])).tolist() == [reason]
    assert result.first[0, reason] == pytest.approx(60 / MONTH)


def test_before_day_0_counts_and_stays_after_recovery():
    result = found({"A": [(-60, "niv"), (30, "well")], "B": [(0, "well")]})
    assert (result.patient.tolist(), result.n) == ([0], 2)
    assert result.first[0, 1] == pytest.approx(-60 / MONTH)


def test_an_open_stage_is_told_apart_from_none():
    courses = {"A": [(0, "12 missing")], "B": [(0, "well")], "C": [(0, "12 missing"), (9, "niv")]}
    result = found(courses)
    assert (result.patient.tolist(), result.open.tolist()) == ([2], [0])
    text = stage_four_sentence(result, ("A", "B", "C"))
    assert text.endswith("Not known for lack of items: A.")


def test_who_has_no_day_0_or_is_left_out_does_not_count():
    courses = {name: [(0, "niv")] for name in "ABC"}
    chosen = Settings(excluded_patients=(PatientExclusion("B", "moved away"),))
    result = found(courses, chosen, transplants={"C": ()})
    assert (result.patient.tolist(), result.n) == ([0], 1)
    json.dumps(result.to_json(("A", "B", "C")), allow_nan=False)


def test_nobody():
    text = stage_four_sentence(found({"A": [(0, "well")]}), ("A",))
    assert text == "King’s stage 4 was reached by none of 1 patient with items."
