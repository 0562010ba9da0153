"""What is said of those who are missing after day 0: with denominators, and without a cause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from analysis.compare import compare
from analysis.dropout_sensitivity import DropoutSensitivity, dropout_sensitivity
from analysis.settings import Settings
from data.examples import EXAMPLE_IDS, example_settings, load_example
from data.trial import Trial
from report.charts import follow_up_slopes
from report.dropout_words import (
    CAVEATS,
    WHAT_IT_IS,
    length_sentence,
    missing_sentence,
    patterns_table,
)
from report.look import LIGHT
from report.whatif_report import whatif_report
from report.whatif_text import report_text
from tests.conftest import made

SMALL: dict[str, Any] = {"flips": 1_000, "resamples": 1_000}
INCONCLUSIVE = "Whether those followed for less long had other slopes is inconclusive."


def found_in(trial: Trial, key: str = "alsfrs_r", **changes: Any) -> DropoutSensitivity:
    settings = Settings(**{**SMALL, **changes})
    result = compare(trial, settings).endpoint(key)
    assert result is not None
    return dropout_sensitivity(trial, result, settings)


def lines(followed: Mapping[str, tuple[int, float]], missing: int = 0) -> Trial:
    """Return exact lines with a visit a month: how many after day 0, and the slope there."""
    visits = {
        name: {30.0 * k: 40 + k * (slope if k > 0 else -1.0) for k in range(-4, last + 1)}
        for name, (last, slope) in followed.items()
    }
    none = {f"M{i}": {30.0 * k: 40.0 - k for k in range(-4, 1)} for i in range(missing)}
    return made(visits | none)


# Those who are followed for longer fall faster; one pair is out of order.
SLOPES = (-0.2, -0.1, -0.3, -0.4, -0.5, -0.6, -0.7, -0.8)
SHORT_IS_FLAT = {f"A{i}": (3 + i, slope) for i, slope in enumerate(SLOPES)}
SHORT_IS_STEEP = {f"A{i}": (10 - i, slope) for i, slope in enumerate(SLOPES)}


@pytest.mark.parametrize(
    ("followed", "r", "way"),
    [(SHORT_IS_FLAT, "−0.98", "less steep"), (SHORT_IS_STEEP, "0.98", "steeper")],
    ids=["short is flat", "short is steep"],
)
def test_the_direction_is_said_of_those_followed_for_less_long(followed, r, way):
    # Sum of squared rank differences of one exchanged pair: 2, so that |r| = 1 − 12/(8·63) = 0.976.
    sentence = length_sentence(found_in(lines(followed)))
    # 3 and 10 visits, 30 days apart.
    assert sentence.startswith("By length of follow-up (last visits in months 3.0 to 9.9), ")
    assert f"slope after {r} (95 % CI " in sentence
    assert f"change of slope {r} (95 % CI " in sentence
    assert f"n = 8. Those followed for less long had the {way} declines after day 0" in sentence
    assert sentence.endswith("why, these numbers do not say.")


def test_a_correlation_whose_interval_includes_0_has_no_direction():
    slopes = (-0.4, -0.1, -0.8, -0.3, -0.6, -0.2, -0.7, -0.5)
    found = found_in(lines({f"A{i}": (3 + i, slope) for i, slope in enumerate(slopes)}))
    interval = found.after_by_length.interval
    assert interval is not None
    assert interval.low < 0 < interval.high
    assert length_sentence(found).endswith(INCONCLUSIVE)


def test_four_patients_in_perfect_order_are_not_called_certain():
    found = found_in(lines({f"A{i}": (3 + i, -0.1 * (i + 1)) for i in range(4)}))
    sentence = length_sentence(found)
    assert "slope after −1.00 (no interval), P = 0.083" in sentence
    assert sentence.endswith("n = 4.")


def test_too_few_for_a_correlation_are_not_told_of():
    assert length_sentence(found_in(lines({f"A{i}": (3 + i, -0.1 * i) for i in range(3)}))) == ""


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (1, "1 of 9 patients with a slope before has none after: M0 (last visit in month 0.0)."),
        (2, "2 of 10 patients with a slope before have none after: M0 (last visit in month 0.0); "),
    ],
)
def test_the_missing_are_said_of_everybody_with_a_slope_before(missing, said):
    trial = lines(SHORT_IS_FLAT, missing)
    assert missing_sentence(found_in(trial), trial.patient_ids).startswith(said)


def test_a_broken_stick_does_not_say_that_everybody_has_a_slope_after():
    trial = lines(SHORT_IS_FLAT, 3)
    sentence = missing_sentence(found_in(trial, estimator="broken_stick"), trial.patient_ids)
    assert "Everybody" not in sentence
    assert "cannot be told" in sentence
    assert "separate lines" in sentence
    assert missing_sentence(found_in(trial), trial.patient_ids).startswith("3 of 11 ")
    stepped = found_in(trial, estimator="broken_stick_jump")
    assert missing_sentence(stepped, trial.patient_ids).startswith("3 of 11 ")


@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_no_sentence_names_a_cause(name):
    trial = load_example(name).trial
    settings, _ = Settings.from_json({**example_settings(name), **SMALL})
    for result in compare(trial, settings).endpoints:
        found = dropout_sensitivity(trial, result, settings)
        table = patterns_table(found, trial.patient_ids, trial.patient_ids)
        said = [
            WHAT_IT_IS,
            CAVEATS,
            length_sentence(found),
            missing_sentence(found, trial.patient_ids),
            *table["assumed"],
        ]
        causal = r"\b(because|due to|caused?|effects?|slowed|worked|benefit\w*|improved)\b"
        assert not re.search(causal, " ".join(said))


@pytest.mark.parametrize(
    ("name", "there"), [("untreated-60", True), ("after-shamsaei-2023", False)]
)
def test_the_text_says_how_far_assumptions_carry_where_there_are_any(name, there):
    trial = load_example(name).trial
    settings, _ = Settings.from_json({**example_settings(name), **SMALL})
    text = report_text(whatif_report(trial, compare(trial, settings), preset="none"))
    assert (CAVEATS in " ".join(text.split())) == there


def test_of_very_many_patients_some_are_drawn_and_the_figure_says_so(monkeypatch):
    trial = lines(SHORT_IS_FLAT, 7)
    result = compare(trial, Settings(**SMALL)).endpoint("alsfrs_r")
    assert result is not None
    found = found_in(trial)
    monkeypatch.setattr(follow_up_slopes, "MOST_POINTS", 5)
    for selected in (None, trial.patient_ids.index("A2"), trial.patient_ids.index("M2")):
        figure = follow_up_slopes.follow_up_figure(
            result, found, trial.patient_ids, LIGHT, selected
        )
        drawn = [[int(custom[0]) for custom in trace.customdata] for trace in figure.data]
        own = [
            int(selected is not None and selected in group) for group in (range(8), range(8, 15))
        ]
        extra = [len(group) - 5 for group in drawn]
        assert all(0 <= more <= mine for more, mine in zip(extra, own, strict=True))
        assert selected is None or selected in drawn[0] + drawn[1]
        said = " ".join(a.text for a in figure.layout.annotations)
        assert "Drawn: 5 of 8 slopes, 5 of 7 without one." in said.replace("<br>", " ")
