"""Corrections of cells and answers: applied where they fit, refused where they do not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from data.files import UploadedFile
from data.findings import Finding
from data.reading import Reading, read_files
from data.recipe import MAX_FIXES, CellFix, TrialRecipe

TEXT = """patient_id,days from transplant,ALSFRS_R,FVC_percent
A,-60,40,80
A,0,93,79
A,60,38,93
"""
FIX = CellFix("t.csv", "", 3, "ALSFRS_R", "93", "39", "OUT_OF_RANGE")


def read(recipe: TrialRecipe, text: str = TEXT) -> Reading:
    return read_files([UploadedFile("t.csv", text.encode())], recipe=recipe)


def values(reading: Reading, endpoint: str = "alsfrs_r") -> list[tuple[int, float, str]]:
    """Return row, value and status of one endpoint."""
    assert reading.trial is not None
    frame = reading.trial.measurements
    mine = frame[frame["endpoint"] == endpoint]
    return list(zip(mine["row"], mine["value"], mine["status"], strict=True))


def found(reading: Reading, code: str) -> list[Finding]:
    return [finding for finding in reading.findings if finding.code == code]


def test_without_a_correction_the_cell_counts():
    assert values(read(TrialRecipe())) == [(2, 40, "ok"), (3, 93, "OUT_OF_RANGE"), (4, 38, "ok")]


def test_a_correction_changes_its_cell_and_no_other():
    reading = read(TrialRecipe().with_fix(FIX))
    assert values(reading) == [(2, 40, "ok"), (3, 39, "ok"), (4, 38, "ok")]
    assert values(reading, "fvc") == [(2, 80, "ok"), (3, 79, "ok"), (4, 93, "ok")]
    assert not found(reading, "OUT_OF_RANGE")
    (said,) = found(reading, "CORRECTED")
    assert (said.severity, said.row, said.column, said.value) == ("info", 3, "ALSFRS_R", "93")
    assert "“39”" in said.text


def test_an_equal_text_in_another_row_stays():
    reading = read(TrialRecipe().with_fix(FIX), TEXT + "A,90,93,70\n")
    assert values(reading)[-1] == (5, 93, "OUT_OF_RANGE")


def test_a_cell_can_be_corrected_to_missing():
    reading = read(TrialRecipe().with_fix(replace(FIX, read_as="")))
    assert values(reading) == [(2, 40, "ok"), (4, 38, "ok")]


def test_a_date_can_be_corrected():
    text = "patient_id,visit_date,transplant_date,ALSFRS_R\nA,2021-02-30,2021-03-01,40\n"
    fix = CellFix("t.csv", "", 2, "visit_date", "2021-02-30", "2021-02-20")
    reading = read(TrialRecipe().with_fix(fix), text)
    assert reading.trial is not None
    assert reading.trial.measurements["day"].tolist() == [-9]
    assert not found(reading, "INVALID_DATE")


@pytest.mark.parametrize(
    "change",
    [
        {"found": "92"},
        {"row": 2},
        {"row": 9},
        {"column": "FVC_percent"},
        {"column": "Total"},
        {"file": "other.csv"},
        {"sheet": "Visits"},
    ],
    ids=str,
)
def test_a_correction_that_does_not_fit_the_file_is_not_used_and_said(change):
    reading = read(TrialRecipe().with_fix(replace(FIX, **change)))
    assert values(reading) == [(2, 40, "ok"), (3, 93, "OUT_OF_RANGE"), (4, 38, "ok")]
    (stale,) = found(reading, "CORRECTION_NOT_USED")
    assert stale.severity == "warning"
    assert not found(reading, "CORRECTED")


def test_a_newer_file_counts_more_than_a_correction_of_the_older_one():
    reading = read(TrialRecipe().with_fix(FIX), TEXT.replace("A,0,93", "A,0,41"))
    assert values(reading)[1] == (3, 41, "ok")
    assert found(reading, "CORRECTION_NOT_USED")


def test_undo_gives_the_first_trial_again():
    before = read(TrialRecipe())
    recipe = TrialRecipe().with_fix(FIX)
    after = read(recipe.without_fix(FIX))
    assert before.trial is not None
    assert after.trial is not None
    assert after.trial.hash == before.trial.hash
    changed = read(recipe).trial
    assert changed is not None
    assert changed.hash != before.trial.hash


def test_a_cell_has_one_correction():
    recipe = TrialRecipe().with_fix(FIX).with_fix(replace(FIX, read_as="37"))
    assert [fix.read_as for fix in recipe.fixes] == ["37"]
    other = replace(FIX, row=4, found="38", read_as="36")
    assert [fix.row for fix in recipe.with_fix(other).fixes] == [3, 4]


def test_the_trial_carries_its_recipe():
    recipe = TrialRecipe({"FVC_UNIT": "percent"}).with_fix(FIX)
    trial = read(recipe).trial
    assert trial is not None
    assert trial.recipe == recipe


def test_a_column_can_be_assigned_and_left_out():
    text = TEXT.replace("ALSFRS_R", "Points")
    recipe = TrialRecipe().with_mapping("t.csv", {"Points": "alsfrs_r", "FVC_percent": "ignored"})
    reading = read(recipe, text)
    assert [value for _, value, _ in values(reading)] == [40, 93, 38]
    assert values(reading, "fvc") == []


def test_a_mapping_of_another_table_changes_nothing():
    recipe = TrialRecipe().with_mapping("other.csv", {"FVC_percent": "ignored"})
    assert len(values(read(recipe), "fvc")) == 3


# -- JSON ------------------------------------------------------------------------------------------


def test_a_recipe_survives_json():
    recipe = TrialRecipe(
        {"DATE_ORDER": "dmy"},
        {"t.csv / Visits": {"Datum": "visit_date", "Größe": "ignored"}},
        (FIX, replace(FIX, row=4, found="38", read_as="", code="")),
    )
    assert TrialRecipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_an_empty_recipe_is_one():
    assert TrialRecipe.from_json({}) == TrialRecipe()


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        "recipe",
        7,
        {"answers": [1]},
        {"answers": None},
        {"mapping": {"t.csv": "patient"}},
        {"mapping": 3},
        {"fixes": 3},
        {"fixes": ["x"]},
        {"fixes": [None]},
        {"fixes": [{"file": "t.csv"}]},
        {"fixes": [{"file": "t", "sheet": "", "row": "three", "column": "a", "found": "",
                    "read_as": ""}]},
        {"fixes": [{"file": "t", "sheet": "", "row": float("inf"), "column": "a", "found": "",
                    "read_as": ""}]},
    ],
    ids=str,
)  # fmt: skip
def test_damaged_json_is_refused(plain):
    with pytest.raises(ValueError, match="recipe"):
        TrialRecipe.from_json(plain)


def test_endless_corrections_are_cut():
    one = TrialRecipe().with_fix(FIX).to_json()["fixes"][0]
    assert len(TrialRecipe.from_json({"fixes": [one] * (MAX_FIXES + 5)}).fixes) == MAX_FIXES
