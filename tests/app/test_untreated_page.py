"""The Untreated page: its verdicts, every assumption on it, the entry rule, and empty states."""

from __future__ import annotations

import pytest

from analysis.compare import compare
from analysis.settings import Settings
from analysis.untreated.benchmark import untreated
from analysis.untreated.history import HISTORIES, PRESETS
from data.examples import example_settings, load_example
from report.untreated_words import untreated_sentence
from tests.app.driver import (
    SLOPES,
    UNTREATED,
    alerts,
    bar,
    charts,
    drop,
    go_to,
    healthy,
    markdown,
    opened,
    press,
    query,
    text_of,
    trial_csv,
)

pytestmark = pytest.mark.slow

FEW = {"untreated-trials": "200"}
"""Simulated trials in a link, for tests that do not look at their results."""

SHAMSAEI, OH, DETAIL = "after-shamsaei-2023", "after-oh-2018", "every-detail"


def on(tab, **link):
    at = opened(UNTREATED, **FEW, **link)
    at.session_state["w.untreated-tab"] = tab
    return healthy(at.run())


def every_tab(at) -> None:
    for tab in TABS:
        at.session_state["w.untreated-tab"] = tab
        healthy(at.run())


def everything(at) -> str:
    tables = " ".join(table.value.to_string() for table in at.table)
    return f"{text_of(at)} {tables}".replace("\u00a0", " ").replace("\u2011", "-")


@pytest.mark.parametrize("example", [SHAMSAEI, OH, DETAIL])
def test_both_pages_show_the_sentence_of_the_simulation(example):
    trial = load_example(example).trial
    settings = Settings.from_json(example_settings(example))[0]
    found = untreated(trial, compare(trial, settings))
    at = opened(trial=example)
    slopes = text_of(healthy(at))
    page = text_of(healthy(go_to(at, UNTREATED)))
    for one in found.endpoints:
        assert untreated_sentence(one, found.control) in slopes
        assert untreated_sentence(one, found.control) in page


@pytest.mark.usefixtures("printing")
def test_the_figure_is_the_simulation():
    at = healthy(opened(UNTREATED, trial=SHAMSAEI, rate="month"))
    chart = charts(at)["untreated-alsfrs_r"]
    rows = [line.split(",") for line in chart["csv"].splitlines() if ",points/month" in line]
    assert len(rows) == 100
    trial = load_example(SHAMSAEI).trial
    found = untreated(trial, compare(trial, Settings())).endpoint("alsfrs_r").cautious
    assert sum(row[3] == "True" for row in rows) == int(100 * found.at_least.share + 0.5)
    assert "simulated data" in chart["printed"]
    assert f"Observed: +{found.observed:.2f}, n = 10" in chart["alt"]


TABS = {
    "Responders": ("untreated, assessable", "untreated trials with as many or more"),
    "Regression to the mean": ("expected change by natural history", "run-in, months"),
    "Deceleration": ("curvature, points/month²", "untreated trials would show the observed"),
    "Entry rule": ("Here nothing that was measured is kept", "at least 3 points lost in 12 weeks"),
    "Planning": ("A planned trial with one arm",),
    "Assumptions": ("The same under every preset", "(40 points)"),
}


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_and_only_the_open_one_is_computed(tab):
    at = on(tab, trial=SHAMSAEI)
    said = everything(at)
    for words in TABS[tab]:
        assert words in said, words
    others = [words for other in TABS if other != tab for words in TABS[other]]
    assert not [words for words in others if words in said]


def test_every_number_of_the_natural_history_is_on_screen_with_a_source():
    at = on("Assumptions", trial=SHAMSAEI)
    for key, history in HISTORIES.items():
        for name in ("mean_before", "sd_after", "correlation", "visit_sd", "bend", "level_mean"):
            field = at.number_input(key=f"w.history-{key}.{name}")
            assert field.value == pytest.approx(getattr(history, name))
        for source in history.sources.values():
            assert source in text_of(at)
    assert at.number_input(key="w.history-between").value == 0.5
    picker = at.selectbox(key="w.history")
    assert len(picker.options) == len(PRESETS)


def test_an_edited_number_reaches_the_result_the_link_and_can_be_taken_back():
    at = on("Assumptions", trial=SHAMSAEI)
    before = charts(at)["untreated-alsfrs_r"]["csv"]
    at.number_input(key="w.history-alsfrs_r.bend").set_value(0.03).run()
    assert query(healthy(at))["history-values"] == "alsfrs_r.bend:0.03"
    assert charts(at)["untreated-alsfrs_r"]["csv"] != before
    assert at.number_input(key="w.history-alsfrs_r.bend").value == 0.03
    at.number_input(key="w.history-alsfrs_r.bend").set_value(0.0).run()
    assert "history-values" not in query(healthy(at))
    assert charts(at)["untreated-alsfrs_r"]["csv"] == before


def test_the_mean_slope_after_goes_with_the_one_before_until_they_differ():
    at = on("Assumptions", trial=SHAMSAEI)
    before, after = (f"w.history-alsfrs_r.mean_{side}" for side in ("before", "after"))
    at.number_input(key=before).set_value(-0.8).run()
    edits = query(healthy(at))["history-values"]
    assert edits == "alsfrs_r.mean_after:-0.8~alsfrs_r.mean_before:-0.8"
    at.number_input(key=after).set_value(-0.7).run()
    at.number_input(key=before).set_value(-0.9).run()
    assert at.number_input(key=after).value == -0.7
    at.number_input(key=after).set_value(-0.9).run()
    at.number_input(key=before).set_value(-0.99).run()
    assert "history-values" not in query(healthy(at))


def test_a_preset_is_chosen_edited_and_left():
    at = on("Assumptions", trial=SHAMSAEI)
    other = PRESETS[1]
    at.selectbox(key="w.history").set_value(other.key).run()
    assert query(healthy(at))["history"] == other.key
    at.number_input(key="w.history-alsfrs_r.correlation").set_value(0.9).run()
    assert query(healthy(at))["history-values"] == "alsfrs_r.correlation:0.9"
    press(at, "Back to the reference")
    assert not {"history", "history-values"} & set(query(healthy(at)))


def test_numbers_that_are_no_natural_history_are_refused_in_words():
    at = on("Assumptions", trial=SHAMSAEI)
    at.number_input(key="w.history-alsfrs_r.visit_sd").set_value(0.0).run()
    assert "Not changed: visits need an SD above 0." in alerts(healthy(at))
    assert "history-values" not in query(at)
    link = {"trial": SHAMSAEI, "history-values": "alsfrs_r.visit_sd:0"}
    assert "is ignored: visits need an SD above 0" in alerts(healthy(opened(**link)))


def test_an_entry_rule_is_stated_and_taken_back():
    at = on("Entry rule", trial=SHAMSAEI)
    assert "by which of 5 rules held" in everything(at)
    bar(at, "w.entry").set_value("stated").run()
    assert query(healthy(at))["entry"] == "slope_at_most:-0.5"
    assert {"entry-alsfrs_r", "entry-fvc"} < set(charts(at))
    at.number_input(key="w.entry-slope_at_most-0").set_value(-1.0).run()
    at.checkbox(key="w.entry-points_lost").set_value(True).run()
    assert query(healthy(at))["entry"] == "slope_at_most:-1~points_lost:3:12"
    assert "entry: run-in slope ≤ −1 points/month and at least 3 points lost" in text_of(at)
    at.checkbox(key="w.entry-slope_at_most").set_value(False).run()
    at.checkbox(key="w.entry-points_lost").set_value(False).run()
    assert "entry" not in query(healthy(at))
    bar(at, "w.entry").set_value("none").run()
    assert query(healthy(at))["entry"] == "none"


def test_a_rule_that_nobody_can_meet_is_refused():
    at = on("Entry rule", trial=SHAMSAEI, entry="slope_at_most:-1")
    at.checkbox(key="w.entry-slope_at_least").set_value(True).run()
    at.number_input(key="w.entry-slope_at_least-0").set_value(-0.5).run()
    assert "Not changed: no slope is both" in alerts(healthy(at))
    assert query(at)["entry"] == "slope_at_most:-1~slope_at_least:-2"


def test_with_a_leading_control_the_others_are_simulated_and_it_is_said():
    at = opened(trial=OH, groups="group", **FEW)
    assert "ALSFRS-R, patients outside “control”: " in text_of(at)
    go_to(at, UNTREATED)
    assert "outside the control arm “control”" in alerts(healthy(at))
    assert "n = 32" in charts(at)["untreated-alsfrs_r"]["alt"]


def test_nobody_and_one_patient_give_no_verdict():
    at = opened(UNTREATED, trial=SHAMSAEI, visits="20", **FEW)
    every_tab(at)
    assert "no comparison with untreated trials" in text_of(at)
    at = healthy(drop(opened(), trial_csv(1)))
    assert "needs 2 patients" in text_of(healthy(go_to(at, SLOPES)))
    go_to(at, UNTREATED)
    every_tab(at)
    assert "needs 2 patients" in text_of(at)
    assert "needs 2 patients" in charts(at)["untreated-fvc"]["figure"].replace(
        "\\u003cbr\\u003e", " "
    )


def test_an_endpoint_without_a_natural_history_says_so():
    at = opened(UNTREATED, trial=DETAIL, endpoints="alsfrs_r~fvc_litres", **FEW)
    every_tab(at)
    assert "no natural history is known for FVC (L)" in text_of(at)


def test_a_large_simulation_waits_for_its_page():
    link = {"trial": OH, "untreated-trials": "20000"}
    at = opened(**link)
    assert "open the page Untreated" in text_of(at)
    assert "of 100 simulated untreated trials" not in text_of(at)
    go_to(at, UNTREATED)
    said = [text for text in markdown(healthy(at)) if "of 100 simulated untreated" in text]
    assert said
    assert "open Assumptions" in text_of(at)
    # What was simulated there is known on the Slopes page too.
    assert "of 100 simulated untreated trials" in text_of(healthy(go_to(at, SLOPES)))


def test_one_endpoint_alone():
    at = healthy(opened(UNTREATED, trial=SHAMSAEI, show="fvc", **FEW))
    assert "untreated-fvc" in charts(at)
    assert "untreated-alsfrs_r" not in charts(at)
