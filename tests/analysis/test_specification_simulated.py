"""Which patients and visits are simulated, and that the unit of slopes does not matter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.compare import compare
from analysis.settings import PointDecision, Settings
from analysis.slopes import slope_table
from analysis.specification import specification_curve
from analysis.specification_choices import Choice, Option
from analysis.specification_slopes import curve_slopes
from analysis.specification_untreated import untreated_curve
from data.examples import load_example

LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}


def undone(points: tuple[PointDecision, ...]) -> Choice:
    options = (
        Option("as decided", (("points", points),), True),
        Option("undone", (("points", ()),), False),
    )
    return Choice("points", "decisions", options)


def test_values_that_come_back_and_patients_of_other_analyses_are_simulated_too() -> None:
    trial = load_example("untreated-60").trial
    frame = trial.measurements_frame
    later = frame[(frame["endpoint"] == "alsfrs_r") & (frame["day"] > 30)]
    patient = str(later["patient"].iloc[0])
    gone = tuple(
        PointDecision(patient, "alsfrs_r", float(day), float(value), False, "other")
        for name, day, value in zip(later["patient"], later["day"], later["value"], strict=True)
        if name == patient
    )
    settings = Settings(endpoints=("alsfrs_r",), points=gone, **LIGHT)
    without = compare(trial, settings)
    [result] = without.endpoints
    at = trial.patient_ids.index(patient)
    assert not result.paired[at]
    curve = specification_curve(trial, without, "alsfrs_r", (undone(gone),))
    assert sorted(curve.n.tolist()) == [result.n, result.n + 1]
    assert untreated_curve(trial, without, curve).n == result.n + 1
    owns = [curve.settings_of(k) for k in range(2)]
    tables = [slope_table(trial, "alsfrs_r", own) for own in owns]
    slopes = curve_slopes(tables, owns, np.arange(len(trial.patient_ids)))
    mine = slopes.month[slopes.who[slopes.patient] == at]
    assert len(mine) >= len(gone)
    assert len(np.unique(np.stack([slopes.patient, slopes.month]), axis=1).T) == len(slopes.month)


def test_patients_without_a_visit_up_to_day_0_in_the_primary_analysis_are_not_simulated() -> None:
    trial = load_example("untreated-60").trial
    frame = trial.measurements_frame
    early = frame[(frame["endpoint"] == "alsfrs_r") & (frame["day"] <= 0)]
    patient = str(early["patient"].iloc[0])
    gone = tuple(
        PointDecision(patient, "alsfrs_r", float(day), float(value), False, "other")
        for name, day, value in zip(early["patient"], early["day"], early["value"], strict=True)
        if name == patient
    )
    without = compare(trial, Settings(endpoints=("alsfrs_r",), points=gone, **LIGHT))
    curve = specification_curve(trial, without, "alsfrs_r", (undone(gone),))
    assert sorted(curve.n.tolist()) == [without.endpoints[0].n, without.endpoints[0].n + 1]
    found = untreated_curve(trial, without, curve)
    assert found.n == without.endpoints[0].n
    assert found.reference is not None
    assert np.isfinite(found.reference.median)


def test_per_year_the_shares_are_the_same_and_the_medians_twelve_times() -> None:
    trial = load_example("every-detail").trial
    windows = (("post_months", None), ("post_months", 6.0))
    options = tuple(Option(str(v), ((k, v),), v is None) for k, v in windows)
    choices = (Choice("post_months", "follow-up", options),)
    found = []
    for unit in ("month", "year"):
        settings = Settings(endpoints=("alsfrs_r",), rate_unit=unit, **LIGHT)
        comparison = compare(trial, settings)
        curve = specification_curve(trial, comparison, "alsfrs_r", choices)
        found.append(untreated_curve(trial, comparison, curve))
    month, year = found
    assert year.median_at_least == month.median_at_least
    assert year.significant_at_least == month.significant_at_least
    assert month.own_mean is not None
    assert year.own_mean is not None
    assert year.own_mean.median == pytest.approx(12 * month.own_mean.median)
