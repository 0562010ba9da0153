"""A trial simulated from a summary shows what was asked for, and says what it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.published.summary_asked import AskedEndpoint, AskedTrial, SummaryTrialProblem
from analysis.published.summary_trial import matched_rates, summary_trial
from analysis.settings import Settings
from data.files import UploadedFile
from data.reading import read_files

POINTS = AskedEndpoint("alsfrs_r", -5.4, 2.3, -2.0, 3.08, 0.16)
PERCENT = AskedEndpoint("fvc", -12.6, 5.22, -4.8, 14.72, 0.5)


def asked(*endpoints: AskedEndpoint, n: int = 10, **more) -> AskedTrial:
    return AskedTrial(endpoints or (POINTS, PERCENT), n, **more)


@pytest.mark.parametrize("r", [-1.0, -0.6, 0.0, 0.374, 1.0])
@pytest.mark.parametrize("n", [3, 10, 200])
def test_rates_have_just_the_moments_asked_for(n, r):
    one = AskedEndpoint("fvc", -12.6, 5.22, -4.8, 14.72, r)
    rates = matched_rates(one, n, np.random.default_rng(7))
    assert rates.shape == (n, 2)
    assert rates.mean(axis=0) == pytest.approx([-12.6, -4.8])
    assert rates.std(axis=0, ddof=1) == pytest.approx([5.22, 14.72])
    assert np.corrcoef(rates.T)[0, 1] == pytest.approx(r, abs=1e-9)


def test_nobody_varies_where_an_sd_is_0():
    rates = matched_rates(AskedEndpoint("fvc", -6, 0, -3, 2, 0.3), 8, np.random.default_rng(1))
    assert np.ptp(rates[:, 0]) == pytest.approx(0)
    assert rates[:, 1].std(ddof=1) == pytest.approx(2)


def test_the_trial_shows_the_summary_when_it_is_analysed():
    made = summary_trial(asked(n=12, before_months=8, after_months=6))
    comparison = compare(made.trial, Settings(day0="both"))
    found = {one.key: one for one in made.achieved}
    for result in comparison.endpoints:
        one = found[result.endpoint.key]
        before = result.slopes.before.slope * 8
        after = result.slopes.after.slope * 6
        assert one.achieved.before_mean == pytest.approx(before.mean())
        assert one.achieved.after_sd == pytest.approx(after.std(ddof=1))
        assert one.achieved.r == pytest.approx(np.corrcoef(before, after)[0, 1])
        assert one.achieved.p == pytest.approx(stats.ttest_rel(after, before).pvalue)
        # Rounding moves a value by half a unit of its last place at most, and with 6 visits a
        # period the rate by no more than that.
        near = 0.5 if result.endpoint.key == "alsfrs_r" else 0.05
        for name in ("before_mean", "after_mean"):
            assert getattr(one.achieved, name) == pytest.approx(getattr(one.asked, name), abs=near)
        assert result.n == 12


def test_what_was_asked_has_the_p_of_its_summary():
    one = summary_trial(asked(POINTS)).achieved[0].asked
    d = math.sqrt(2.3**2 + 3.08**2 - 2 * 0.16 * 2.3 * 3.08)
    assert one.p == pytest.approx(2 * stats.t.sf(3.4 * math.sqrt(10) / d, 9))
    assert one.p == pytest.approx(0.014, abs=0.0005)


@pytest.mark.parametrize("seed", range(5))
def test_values_stay_on_the_scale(seed):
    made = summary_trial(asked(n=60, seed=seed))
    frame = made.trial.measurements
    points = frame[frame["endpoint"] == "alsfrs_r"]["value"]
    assert points.between(0, 48).all()
    assert (points == points.round()).all()
    percent = frame[frame["endpoint"] == "fvc"]["value"]
    assert percent.between(0, 150).all()
    assert len(points) == len(percent) == 60 * 11
    assert {one.values for one in made.achieved} == {660}


def test_courses_that_cannot_fit_are_held_and_counted():
    steep = AskedEndpoint("alsfrs_r", -30, 9, -25, 12, 0.5)
    (one,) = summary_trial(asked(steep, n=40)).achieved
    assert 0 < one.held < one.values
    assert abs(one.achieved.after_mean) < 25


def test_the_trial_says_that_it_is_simulated():
    made = summary_trial(asked(source="  Somebody\n2020 "))
    assert made.trial.simulated
    assert made.trial.title == "Simulated from a summary: Somebody 2020"
    assert "nobody’s data" in made.trial.notes[0]
    assert made.trial.findings == ()
    assert made.trial.patient_ids[:2] == ("S01", "S02")
    assert made.trial.periods is not None
    assert (made.trial.periods.before, made.trial.periods.after) == (10, 10)


def test_the_file_is_the_trial():
    made = summary_trial(asked())
    again = read_files([UploadedFile("again.csv", made.csv.encode())]).trial
    assert again is not None
    columns = ["patient", "endpoint", "day", "value"]
    assert again.measurements[columns].equals(made.trial.measurements[columns])


def test_a_seed_gives_the_same_trial_and_another_seed_another_one():
    first, same, other = (summary_trial(asked(seed=seed)) for seed in (3, 3, 4))
    assert first.csv == same.csv
    assert first.csv != other.csv
    assert first.achieved[0].asked == other.achieved[0].asked


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: AskedEndpoint("alsfrs_r", -5, -1, -2, 3, 0), "SD cannot be negative"),
        (lambda: AskedEndpoint("fvc", -5, 1, -2, 3, 1.2), "r = 1.2 is outside"),
        (lambda: AskedEndpoint("fvc", math.nan, 1, -2, 3, 0), "must be filled in"),
        (lambda: AskedEndpoint("svc", -5, 1, -2, 3, 0), "no endpoint"),
        (lambda: AskedTrial((), 10), "at least one endpoint"),
        (lambda: asked(n=2), "n = 2 is outside 3 to 200"),
        (lambda: asked(n=201), "n = 201"),
        (lambda: asked(before_months=0.5), "period before is 0.5 months"),
        (lambda: asked(after_months=25), "period after is 25 months"),
        (lambda: asked(visits=1), "1 visits"),
        (
            lambda: summary_trial(asked(AskedEndpoint("alsfrs_r", -90, 1, -90, 1, 0))),
            "every course runs off the scale",
        ),
    ],
)
def test_what_no_trial_can_have_is_refused_in_words(make, said):
    with pytest.raises(SummaryTrialProblem, match=said):
        make()


def test_json_holds_asked_and_achieved():
    made = summary_trial(asked(POINTS))
    plain = made.achieved[0].to_json()
    assert plain["key"] == "alsfrs_r"
    assert plain["asked"]["before_sd"] == 2.3
    assert plain["achieved"]["r"] == made.achieved[0].achieved.r
    assert (plain["held"], plain["values"]) == (0, 110)
