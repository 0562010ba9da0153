"""What a specification curve may not depend on, and what it says at its edges.

Expected numbers come from counting on hand-made curves, and from the same data mirrored, rescaled
or with other scores.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from analysis import specification_joint
from analysis.compare import compare
from analysis.settings import Settings
from analysis.specification import SpecificationCurve, specification_curve
from analysis.specification_choices import Choice, Option, declared_choices
from analysis.specification_joint import joint_curve_test
from analysis.specification_run import STOPPED
from data.examples import EXAMPLE_IDS, load_example
from data.trial import FloatArray, Trial
from tests.conftest import made

LIGHT: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
DAYS = (-180, -120, -60, 0, 20, 88, 150, 240)


def choice(name: str, *values: Any) -> Choice:
    options = (Option(str(v), ((name, v),), at == 0) for at, v in enumerate(values))
    return Choice(name, name, tuple(options))


WINDOW = choice("post_months", None, 3.0)
RULE = choice("day0", "before", "neither")


def run(trial: Trial, choices: Iterable[Choice], **settings: Any) -> SpecificationCurve:
    comparison = compare(trial, Settings(**{"endpoints": ("alsfrs_r",), **LIGHT, **settings}))
    return specification_curve(trial, comparison, "alsfrs_r", tuple(choices))


def people(bends: Iterable[float], early: float = 0.0) -> Trial:
    """Return courses that lose a point a month and bend at day 0, at first by ``early`` more."""
    return made(
        {
            f"B{i}": {
                d: 30 - d / 30.4375 + (d > 0) * (bend + early * (d < 100)) * d / 30.4375
                for d in DAYS
            }
            for i, bend in enumerate(bends)
        }
    )


def cloud(seed: int, patients: int, shift: float = 0.0) -> FloatArray:
    """Return changes of five analyses that share their patients."""
    chance = np.random.default_rng(seed)
    own = chance.standard_normal(patients)
    return own + 0.5 * chance.standard_normal((5, patients)) + shift


def p_values(rows: FloatArray, **settings: Any) -> tuple[float, float, float]:
    found = joint_curve_test(rows, Settings(**settings))
    return found.p_median, found.p_share, found.p_mean_z


# The curve


@pytest.mark.parametrize("preset", ["small", "full"])
@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_declared_choices_rest_on_no_score(name: str, preset: Any) -> None:
    trial = load_example(name).trial
    frame = trial.measurements
    chance = np.random.default_rng(1)
    frame["value"] = chance.permutation(np.linspace(1, 40, len(frame)))
    other = Trial(trial.patients, frame, trial.events, periods=trial.periods)
    assert other.hash != trial.hash
    found = declared_choices(trial, Settings(), preset)
    assert found
    assert declared_choices(other, Settings(), preset) == found


def test_a_stop_before_the_first_analysis_says_so() -> None:
    trial = people((0.1, 0.5, 0.3, 0.8))
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",), **LIGHT))
    curve = specification_curve(
        trial, comparison, "alsfrs_r", (WINDOW, RULE), progress=lambda share: False
    )
    assert curve.stopped
    assert not len(curve.estimate)
    assert curve.primary == -1
    assert [(one.reason, one.count) for one in curve.not_run] == [(STOPPED, 4)]
    assert "stopped" in curve.reason
    assert "patients" not in curve.reason
    json.dumps(curve.to_json(), allow_nan=False)


def test_other_analyses_stand_though_the_primary_one_has_too_few_patients() -> None:
    visits = {f"P{i}": {-120: 40, -60: 39 - i % 2, 60: 36, 120: 33 + i} for i in range(5)}
    wide = choice("min_visits", 3, 2)
    curve = run(made(visits), [wide], min_visits=3)
    assert curve.primary == -1
    assert curve.reason == ""
    assert curve.n.tolist() == [5]
    assert [(one.reason, one.count) for one in curve.not_run] == [("fewer than 3 patients", 1)]
    # Without the primary analysis the direction is that of the median.
    assert curve.median > 0
    assert curve.same_direction == 1
    assert curve.to_json()["primary"] is None


def test_direction_and_significance_are_counted_from_the_primary_analysis() -> None:
    # All visits: less steep. The first three months: steeper, in everybody.
    trial = people((0.30, 0.34, 0.38, 0.42, 0.46), early=-1.5)
    curve = run(trial, [WINDOW])
    low, high = (int(np.flatnonzero(curve.option[:, 0] == o)[0]) for o in (1, 0))
    assert curve.primary == high
    assert curve.estimate[low] < 0 < curve.estimate[high]
    assert curve.p.max() < 0.05
    assert (curve.same_direction, curve.significant) == (1, 1)
    turned = run(trial, [choice("post_months", 3.0, None)], post_months=3.0)
    assert turned.primary == 0
    assert (turned.same_direction, turned.significant) == (1, 1)
    one_sided = run(trial, [WINDOW], alternative="less steep")
    assert one_sided.p[low] == pytest.approx(1 - curve.p[low] / 2)


def test_an_analysis_with_equal_changes_has_an_estimate_and_no_p() -> None:
    curve = run(people((0.4, 0.4, 0.4, 0.4)), [RULE])
    assert curve.estimate == pytest.approx([0.4, 0.4])
    assert np.isnan([curve.p, curve.low, curve.high]).all()
    assert curve.same_direction == 2
    assert curve.significant == 0
    plain = json.loads(json.dumps(curve.to_json(), allow_nan=False))
    assert [one["p"] for one in plain["analyses"]] == [None, None]


def test_json_holds_every_number_of_the_curve() -> None:
    curve = run(people((0.1, 0.5, 0.3, 0.8, -0.2), early=-0.3), [WINDOW, RULE])
    plain = json.loads(json.dumps(curve.to_json(), allow_nan=False))
    for name in ("estimate", "low", "high", "p", "n"):
        assert [one[name] for one in plain["analyses"]] == getattr(curve, name).tolist()
    assert [one["options"] for one in plain["analyses"]] == curve.option.tolist()
    for name in ("endpoint", "unit", "primary", "median", "same_direction", "significant"):
        assert plain[name] == getattr(curve, name)
    assert plain["choices"][0]["options"] == ["None", "3.0"]
    assert [one["range"] for one in plain["moves"]] == [one.range for one in curve.moves]
    assert plain["joint"]["p_median"] == curve.joint.p_median
    assert (plain["stopped"], plain["reason"]) == (False, "")


# The joint test


@pytest.mark.parametrize("patients", [9, 30])
def test_mirrored_changes_mirror_the_direction(patients: int) -> None:
    rows = cloud(3, patients, shift=0.3)
    assert p_values(rows) == p_values(-rows)
    up, down = (p_values(rows, alternative=side) for side in ("less steep", "steeper"))
    assert up == p_values(-rows, alternative="steeper")
    assert down == p_values(-rows, alternative="less steep")
    assert (up[0] < down[0]) == (np.median(rows.mean(axis=1)) > 0)


@pytest.mark.parametrize("scale", [1e-3, 12.0, 1e4])
def test_joint_test_does_not_depend_on_the_unit(scale: float) -> None:
    rows = np.round(cloud(5, 10, shift=0.3), 3)
    assert p_values(rows * scale) == p_values(rows)


def test_random_flips_agree_with_all_flips_of_the_same_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = cloud(10, 11, shift=0.6)
    exact = joint_curve_test(rows, Settings())
    assert exact.exact
    assert exact.flips == 2**11
    monkeypatch.setattr(specification_joint, "EXACT_PATIENTS", 10)
    drawn = joint_curve_test(rows, Settings())
    assert not drawn.exact
    assert drawn.flips == 9_999
    for name in ("p_median", "p_share", "p_mean_z"):
        p = getattr(exact, name)
        assert 0.005 < p < 0.9
        assert abs(getattr(drawn, name) - p) < 4.5 * math.sqrt(p * (1 - p) / 9_999) + 1e-4


def test_one_analysis_is_the_sign_flip_test_of_its_changes() -> None:
    changes = np.array([0.6, -0.2, 0.9, 0.4, 1.3, 0.1, -0.5, 0.8])
    every = np.array(list(itertools.product((1, -1), repeat=len(changes)))) @ changes
    expected = np.mean(np.abs(every) >= abs(changes.sum()) - 1e-9)
    found = joint_curve_test(changes[None], Settings())
    assert found.p_median == pytest.approx(expected)
    # With one analysis t and the mean put the flips in one order.
    assert found.p_mean_z == found.p_median
