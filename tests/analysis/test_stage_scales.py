"""FT9, ΔFS and what cannot be staged: every boundary, and mistakes that published code makes."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st

from analysis.baseline_variables import baseline_variables
from analysis.settings import PatientExclusion, PointDecision, Settings
from analysis.stage_scales import (
    BANDS,
    cannot_be_staged,
    delta_fs,
    delta_fs_at_day0,
    delta_fs_band,
    ft9_from_items,
    ft9_stages,
    ft9_visits,
)
from analysis.staging import kings_stages, mitos_stages
from tests.conftest import frame_from, made, trial_from

NAN = float("nan")
DOMAINS = ("bulbar", "fine_motor", "gross_motor", "respiratory")


def visit(change, tube=False):
    """Return one visit with a full score but for ``{item: score}``."""
    row = {f"item_{n}": 4.0 for n in range(1, 13)} | {f"item_{n}": s for n, s in change.items()}
    return pd.DataFrame([row]).assign(gastrostomy=tube)


def ft9(change):
    stages = ft9_from_items(visit(change))
    return stages.label(0), stages.reason(0)


def of_domains(*scores):
    known = np.asarray([scores], dtype=float)
    return ft9_stages(known, known, np.zeros((1, 12), dtype=bool))


@pytest.mark.parametrize("domain", range(4))
@pytest.mark.parametrize(("score", "counts"), [(12, 0), (10, 0), (9, 1), (8, 1), (0, 1)])
def test_a_domain_counts_from_9_points_down(domain, score, counts):
    scores = [12, 12, 12, 12]
    scores[domain] = score
    assert of_domains(*scores).stage.tolist() == [counts]


@pytest.mark.parametrize(
    ("change", "label", "why"),
    [
        ({}, "0", "no domain at 9 or below"),
        ({1: 3, 2: 3}, "0", "no domain at 9 or below"),
        ({1: 3, 2: 3, 3: 3}, "1", "bulbar"),
        ({1: 1}, "1", "bulbar"),
        ({4: 2, 6: 3}, "1", "fine motor"),
        ({7: 2, 9: 3}, "1", "gross motor"),
        ({11: 1}, "1", "respiratory"),
        ({1: 0, 5: 1, 8: 0}, "3", "bulbar, fine motor, gross motor"),
        (dict.fromkeys(range(1, 13), 0), "4", "bulbar, fine motor, gross motor, respiratory"),
    ],
)
def test_ft9_stage_of_items(change, label, why):
    assert ft9(change) == (label, why)


def test_item_6_is_fine_motor_and_item_9_gross_motor():
    """Code that pools items by body region puts dressing elsewhere; the stage would differ."""
    assert ft9({4: 3, 5: 3, 6: 3}) == ("1", "fine motor")
    assert ft9({1: 3, 2: 3, 6: 3}) == ("0", "no domain at 9 or below")
    assert ft9({7: 3, 8: 3, 6: 3}) == ("0", "no domain at 9 or below")
    assert ft9({7: 3, 8: 3, 9: 3}) == ("1", "gross motor")


@pytest.mark.parametrize(
    ("change", "low", "high", "why"),
    [
        ({1: NAN}, 0, 1, "no domain at 9 or below; item 1 missing, so not known: bulbar"),
        ({1: NAN, 2: 1}, 1, 1, "bulbar"),
        ({10: NAN, 11: 3, 4: 1}, 1, 2, "fine motor; item 10 missing, so not known: respiratory"),
    ],
)
def test_missing_items_in_ft9(change, low, high, why):
    stages = ft9_from_items(visit(change))
    assert (stages.low[0], stages.high[0], stages.reason(0)) == (low, high, why)


@given(st.lists(st.integers(0, 4), min_size=12, max_size=12), st.sets(st.integers(0, 11)))
def test_ft9_bounds_hold_for_every_completion_and_are_reached(q, gaps):
    gaps = sorted(gaps)[:3]
    found = []
    for filled in itertools.product(range(5), repeat=len(gaps)):
        full = list(q)
        for at, score in zip(gaps, filled, strict=True):
            full[at] = score
        found.append(sum(sum(full[3 * d : 3 * d + 3]) <= 9 for d in range(4)))
    shown = {at + 1: (NAN if at in gaps else float(score)) for at, score in enumerate(q)}
    stages = ft9_from_items(visit(shown))
    assert (stages.low[0], stages.high[0]) == (min(found), max(found))


def test_impossible_scores_are_errors():
    with pytest.raises(ValueError, match="0 to 12"):
        of_domains(13, 12, 12, 12)
    with pytest.raises(ValueError, match="0, 1, 2, 3, 4"):
        ft9_from_items(visit({3: 5}))


# Mistakes of published code, King's and MiToS


def test_a_score_with_tube_is_no_arm_weakness_but_4a():
    """Item 5b is what somebody with a tube can still do; the stage is 4A at any score of it."""
    for score in range(5):
        assert kings_stages(visit({5: score}, tube=True)).label(0) == "4A"


def test_neither_failure_hides_the_other():
    both = kings_stages(visit({12: 3}, tube=True))
    assert both.label(0) == "4A+4B"
    assert both.stage.tolist() == [4]


def test_loss_outside_the_regions_is_neither_stage_0_nor_stage_1():
    for item in (6, 7, 9, 10, 11):
        stages = kings_stages(visit({item: 3}))
        assert stages.label(0) == "0/1"


def test_stairs_and_turning_in_bed_are_no_leg_region():
    assert kings_stages(visit({9: 0, 7: 0, 1: 3})).label(0) == "1"


def test_speech_alone_is_no_lost_communication():
    assert mitos_stages(visit({1: 0})).stage.tolist() == [0]
    assert mitos_stages(visit({4: 0})).stage.tolist() == [0]


def test_intermittent_ventilation_is_4b_and_no_lost_breathing():
    assert kings_stages(visit({12: 3})).label(0) == "4B"
    assert mitos_stages(visit({12: 3})).stage.tolist() == [0]


# FT9 of trials


def with_domains(rows):
    """Return a trial of ``(patient, day, bulbar, fine, gross, respiratory)``; NaN: not there."""
    frame = pd.DataFrame(rows, columns=["patient", "day", *DOMAINS])
    return trial_from(frame.melt(["patient", "day"], var_name="endpoint"))


def test_domain_scores_are_staged_without_items():
    trial = with_domains([("A", -30.0, 9, 10, 12, 12), ("A", 60.0, 9, 9, 9, NAN)])
    table = ft9_visits(trial, Settings(shift_days=30))
    assert table is not None
    assert [table.ft9.label(i) for i in range(2)] == ["1", "3–4"]
    np.testing.assert_allclose(table.month, np.array([-60, 30]) / 30.4375)
    assert table.ft9.reason(1).endswith("items 10, 11, 12 missing, so not known: respiratory")


def test_items_of_a_day_come_before_stated_domains():
    trial = with_domains([("A", 0.0, 12, 12, 12, 12), ("A", 60.0, 9, 12, 12, 12)])
    items = visit({1: 0}).assign(patient="A", day=0.0, row=2)
    table = ft9_visits(replace(trial, items_frame=items), Settings())
    assert table is not None
    assert table.day.tolist() == [0, 60]
    assert table.ft9.stage.tolist() == [1, 1]


def test_values_left_out_are_not_staged():
    trial = with_domains([("A", 0.0, 9, 12, 12, 12)])
    point = PointDecision("A", "bulbar", 0.0, 9.0, keep=False, reason="other")
    table = ft9_visits(trial, Settings(points=(point,)))
    assert table is not None
    assert table.ft9.label(0) == "0–1"
    assert ft9_visits(made({"A": {0: 40}}), Settings()) is None


# ΔFS


@pytest.mark.parametrize(
    ("total", "months", "value", "band"),
    [
        (48, 12, 0, "slow"),
        (42.01, 12, 0.4991666667, "slow"),
        (42, 12, 0.5, "intermediate"),
        (36.01, 12, 0.9991666667, "intermediate"),
        (36, 12, 1.0, "fast"),
        (24, 48, 0.5, "intermediate"),
        (0, 12, 4.0, "fast"),
    ],
)
def test_delta_fs_and_its_bands(total, months, value, band):
    found = delta_fs(np.array([total]), np.array([float(months)]))
    assert found[0] == pytest.approx(value, abs=1e-9)
    assert BANDS[delta_fs_band(found)[0]] == band


@pytest.mark.parametrize("months", [0.0, -1.0, NAN])
def test_delta_fs_is_not_defined_without_time_since_onset(months):
    found = delta_fs(np.array([30.0]), np.array([months]))
    assert math.isnan(found[0])
    assert delta_fs_band(found).tolist() == [-1]


def with_onset(visits, onset):
    trial = made(visits)
    return replace(trial, patients_frame=trial.patients.assign(onset_day=onset))


def test_delta_fs_rests_on_the_last_visit_in_the_92_days_up_to_day_0():
    visits = {"A": {-300: 46, -61: 44, 0: 42, 60: 0}, "B": {-200: 40, 30: 20}, "C": {5: 40},
              "D": {-92: 40}, "E": {-93: 40}}  # fmt: skip
    trial = with_onset(visits, [-365.25, -1000.0, -100.0, -92 - 365.25, -1000.0])
    found = delta_fs_at_day0(trial, Settings())
    np.testing.assert_allclose(found.value, [6 / 12, NAN, NAN, 8 / 12, NAN])
    np.testing.assert_allclose(found.month, [0, NAN, NAN, -92 / 30.4375, NAN])
    assert found.counts() == (0, 2, 0, 3)
    shifted = delta_fs_at_day0(trial, Settings(shift_days=-61))
    assert shifted.value[0] == pytest.approx(4 / (304.25 / 30.4375))
    assert shifted.value[1] != shifted.value[1]


def test_delta_fs_describes_who_is_left_out_and_hidden_too():
    trial = with_onset({"A": {-10: 40}, "B": {-10: 30}}, -100.0)
    chosen = Settings(
        excluded_patients=(PatientExclusion("A", "other"),), filters=("run_in:not known",)
    )
    found = delta_fs_at_day0(trial, chosen)
    np.testing.assert_allclose(found.value, np.array([8, 18]) / (90 / 30.4375))
    assert found.among(np.array([False, True])).counts() == (0, 0, 1, 0)


def test_delta_fs_is_that_of_the_table_of_day_0():
    """One number under two transplants, and with a value left out by the user."""
    visits = {"A": {-30: 44, 0: 40, 90: 20}, "B": {-91: 44, 20: 43, 100: 37}, "C": {-200: 40}}
    trial = trial_from(frame_from(visits), transplants={"A": (0.0, 100.0), "B": (0.0, 120.0)})
    trial = replace(trial, patients_frame=trial.patients.assign(onset_day=-400.0))
    dropped = PointDecision("A", "alsfrs_r", 0.0, 40.0, False, "other")
    for chosen in (Settings(), Settings(transplant=1), Settings(points=(dropped,))):
        (column,) = [v for v in baseline_variables(trial, chosen) if v.key == "delta_fs"]
        np.testing.assert_array_equal(column.values, delta_fs_at_day0(trial, chosen).value)
    value = delta_fs_at_day0(trial, Settings(transplant=1)).value
    np.testing.assert_allclose(value, [28 / (490 / 30.4375), 11 / (500 / 30.4375), NAN], rtol=1e-12)


@search(max_examples=8)
@given(st.integers(0, 48), st.integers(1, 3000), st.integers(-500, 500))
def test_delta_fs_does_not_depend_on_the_clock(total, days, shift):
    """Moving onset, visit and transplant together changes nothing."""

    def at(move):
        visits = frame_from({"A": {move: total}})
        trial = trial_from(visits, transplants={"A": (float(move),)})
        onset = trial.patients.assign(onset_day=float(move - days))
        return delta_fs_at_day0(replace(trial, patients_frame=onset), Settings()).value[0]

    assert at(shift) == pytest.approx(at(0))
    assert at(0) == pytest.approx((48 - total) / (days / 30.4375))


# What cannot be staged


def test_totals_without_items_cannot_be_staged():
    trial = made({"A": {0: 40, 60: 38}, "B": {0: 30}})
    assert cannot_be_staged(trial) == (
        "All 3 visits have an ALSFRS-R total without its items: King’s and MiToS stages cannot be "
        "told from it, nor can FT9, which needs the four domain scores."
    )


def test_only_the_visits_without_items_are_counted():
    trial = made({"A": {0: 40, 60: 38}, "B": {0: 30}})
    items = visit({1: 0}).assign(patient="A", day=0.0, row=2)
    said = cannot_be_staged(replace(trial, items_frame=items))
    assert said.startswith("2 of 3 visits (2 of 2 patients) have an ALSFRS-R total without")
    every = pd.concat(
        visit({}).assign(patient=p, day=d, row=2) for p, d in (("A", 0.0), ("A", 60.0), ("B", 0.0))
    )
    assert cannot_be_staged(replace(trial, items_frame=every)) == ""


def test_ft9_can_be_told_from_domain_scores():
    rows = [("A", 0.0, 9, 12, 12, 12, 45), ("A", 60.0, 9, 9, 9, NAN, 35)]
    frame = pd.DataFrame(rows, columns=["patient", "day", *DOMAINS, "alsfrs_r"])
    both = cannot_be_staged(trial_from(frame.melt(["patient", "day"], var_name="endpoint")))
    assert both.endswith("FT9 can at 1 of them, from the four domain scores.")
    first = frame.iloc[:1]
    said = cannot_be_staged(trial_from(first.melt(["patient", "day"], var_name="endpoint")))
    assert said.endswith("FT9 can, from the four domain scores.")
