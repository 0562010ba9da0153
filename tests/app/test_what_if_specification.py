"""The tab of the specification curve: what it says is what the analysis says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from analysis.compare import compare
from analysis.settings import Settings
from analysis.specification import SpecificationCurve, specification_curve
from analysis.specification_choices import Preset, declared_choices
from data.examples import example_settings, load_example
from report.specification_words import joint_sentence, median_sentence, moves_sentence
from tests.app.driver import EXAMPLE, WHAT_IF, go_to, healthy, opened, text_of

pytestmark = pytest.mark.slow


def opened_tab(show: str = "alsfrs_r") -> AppTest:
    """Open the tab with one endpoint, unless both are asked for."""
    at = opened()
    at.session_state["alslope.view"] = replace(at.session_state["alslope.view"], show=show)
    at.session_state["w.what-if-tab"] = "Every analysis"
    return healthy(go_to(at, WHAT_IF))


def curve(key: str, preset: Preset, **changes: object) -> SpecificationCurve:
    trial = load_example(EXAMPLE).trial
    settings = Settings.from_json(example_settings(EXAMPLE))[0].with_(**changes)
    choices = declared_choices(trial, settings, preset)
    return specification_curve(trial, compare(trial, settings), key, choices)


def test_the_tab_says_what_the_curves_say():
    said = text_of(opened_tab("both"))
    assert "no single best P may be picked from it" in said
    assert said.count("In simulated untreated trials with these run-ins") == 2
    for key in ("alsfrs_r", "fvc"):
        found = curve(key, "small")
        for sentence in (median_sentence, moves_sentence, joint_sentence):
            assert sentence(found) in said


def test_the_full_preset_replaces_the_small_one():
    at = opened_tab()
    at.session_state["w.curve-preset"] = "full"
    said = text_of(healthy(at.run()))
    assert median_sentence(curve("alsfrs_r", "full")) in said
    assert median_sentence(curve("alsfrs_r", "small")) not in said


def test_an_own_selection_starts_as_the_small_preset_and_can_lose_a_choice():
    at = opened_tab()
    at.session_state["w.curve-preset"] = "own"
    healthy(at.run())
    small = curve("alsfrs_r", "small")
    assert median_sentence(small) in text_of(at)
    at.multiselect(key="w.curve-estimator").set_value([]).run()
    trial, settings = load_example(EXAMPLE).trial, Settings.from_json(example_settings(EXAMPLE))[0]
    fewer = tuple(
        choice for choice in declared_choices(trial, settings, "small") if choice.key != "estimator"
    )
    found = specification_curve(trial, compare(trial, settings), "alsfrs_r", fewer)
    assert len(found.estimate) < len(small.estimate)
    assert median_sentence(found) in text_of(healthy(at))


def test_an_own_selection_survives_another_primary_analysis():
    at = opened_tab()
    at.session_state["w.curve-preset"] = "own"
    healthy(at.run())
    at.multiselect(key="w.curve-day0").set_value(["on neither side"]).run()
    at.selectbox(key="w.day0").set_value("neither").run()
    healthy(at)
    assert at.session_state["alslope.settings"].day0 == "neither"


def test_where_nobody_is_compared_the_tab_stays_healthy():
    at = opened_tab()
    at.session_state["w.curve-preset"] = "full"
    at.number_input(key="w.min_visits").set_value(20).run()
    healthy(at)
