"""Sidebar, chips and links: every setting changes the result, stays, and can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.compare import compare
from tests.app.driver import (
    EXAMPLE,
    PATIENTS,
    SLOPES,
    TRIAL,
    UNTREATED,
    alerts,
    bar,
    charts,
    chips,
    copied_link,
    drop,
    every_page,
    go_to,
    headline,
    healthy,
    opened,
    query,
    text_of,
    trial_csv,
)
from ui import cache

pytestmark = pytest.mark.slow

SIDEBAR: list[tuple[str, str, Any, str, str, str]] = [
    ("select_slider", "w.pre_months", 6.0, "before", "6", "before: 6 months"),
    ("select_slider", "w.post_months", 5.0, "after", "5", "after: 5 months"),
    ("selectbox", "w.estimator", "theil_sen", "slopes", "theil_sen", "slopes by Theil–Sen"),
    ("selectbox", "w.day0", "after", "day0", "after", "day-0 visit counts as after"),
    ("selectbox", "w.rate_unit", "year", "rate", "year", "per year"),
    ("number_input", "w.min_visits", 3, "visits", "3", "at least 3 visits per side"),
    ("number_input", "w.min_span_days", 90, "span", "90", "at least 90 days per side"),
    ("number_input", "w.skip_days", 30, "skip", "30", "first 30 days after left out"),
    ("selectbox", "w.alternative", "less steep", "tests", "less-steep", "one-sided: less steep"),
    ("selectbox", "w.confidence", 0.9, "level", "0.9", "90 % intervals"),
]
SEVERAL = [
    ("selectbox", "w.transplant", -1, "transplant", "-1", "day 0: last transplant"),
    ("toggle", "w.stop_at_next", True, "stop", "yes", "after ends at the next transplant"),
]


def two_transplants() -> str:
    """Return a file in which everybody had a second transplant 91 days after the first."""
    lines = trial_csv(6).splitlines()
    later = [line.replace(",2021-06-", ",2021-09-", 1) for line in lines[1::2]]
    rest = lines[2::2]
    return "\n".join([lines[0], *later, *rest]) + "\n"


def uneven() -> str:
    """Return a file in which every rule of the sidebar decides about somebody."""
    full = trial_csv(9, months=(-9, -6, -3, 0, 3, 6, 9))
    two_visits = trial_csv(["B1", "B2"], months=(-4, -1, 1, 4)).split("\n", 1)[1]
    short = trial_csv(["C1", "C2"], months=(-2, -1, 0, 1, 2, 3)).split("\n", 1)[1]
    return full + two_visits + short


def widget(at, kind, key):
    return next(w for w in at.sidebar.get(kind) if w.key == key)


def check_widget(at, kind, key, value, name, text, chip):
    """Change a widget and follow the setting over all pages and back to its default."""
    default = widget(at, kind, key).value
    widget(at, kind, key).set_value(value).run()
    healthy(at)
    assert query(at)[name] == text
    for page in every_page(at):
        assert widget(at, kind, key).value == value, page
        assert chip in chips(at), page
        assert copied_link(at)[1][name] == text, page
    widget(at, kind, key).set_value(default).run()
    assert chip not in chips(healthy(at))
    assert widget(at, kind, key).value == default


@pytest.mark.parametrize(
    ("kind", "key", "value", "name", "text", "chip"), SIDEBAR, ids=[row[1] for row in SIDEBAR]
)
def test_sidebar_widget_changes_a_setting_that_stays(kind, key, value, name, text, chip):
    check_widget(opened(), kind, key, value, name, text, chip)


@pytest.mark.parametrize(
    ("kind", "key", "value", "name", "text", "chip"), SEVERAL, ids=[row[1] for row in SEVERAL]
)
def test_sidebar_widget_of_several_transplants(kind, key, value, name, text, chip):
    at = drop(opened(), two_transplants())
    check_widget(at, kind, key, value, name, text, chip)


def three_endpoints() -> str:
    """Return a file with a slow vital capacity beside the two main endpoints."""
    lines = two_transplants().splitlines()
    return "\n".join([f"{lines[0]},svc_percent", *(f"{line},80" for line in lines[1:])]) + "\n"


def test_choice_of_endpoints_changes_a_setting_that_stays():
    at = drop(opened(), three_endpoints())
    widget(at, "multiselect", "w.endpoints").set_value(["alsfrs_r", "svc"]).run()
    for page in every_page(at):
        assert query(at)["endpoints"] == "alsfrs_r~svc", page
        assert "endpoints: ALSFRS-R, SVC" in chips(at), page
    widget(at, "multiselect", "w.endpoints").set_value([]).run()
    assert chips(healthy(at)) == []


def test_no_sidebar_widget_is_without_a_test():
    at = drop(opened(), three_endpoints())
    kinds = {
        "multiselect",
        "pills",
        "button_group",
        "text_input",
        "select_slider",
        "selectbox",
        "number_input",
        "toggle",
        "checkbox",
        "radio",
        "slider",
    }
    found = {w.key for kind in kinds for w in at.sidebar.get(kind)}
    # Those of the filters are tested in test_filters.py.
    found = {key for key in found if not key.startswith("w.filter-")}
    assert found == {row[1] for row in SIDEBAR + SEVERAL} | {"w.endpoints"}


@pytest.mark.parametrize(
    ("kind", "key", "value"), [row[:3] for row in SIDEBAR], ids=[row[1] for row in SIDEBAR]
)
def test_every_sidebar_widget_reaches_the_numbers(kind, key, value):
    at = go_to(drop(opened(), uneven()), SLOPES)
    before = headline(at)
    widget(at, kind, key).set_value(value).run()
    assert headline(healthy(at)) != before


def test_window_after_changes_the_headline_in_place():
    at = opened()
    before = headline(at)
    widget(at, "select_slider", "w.post_months").set_value(6.0).run()
    assert headline(at) != before
    assert "The two periods differ in length" in text_of(at)
    assert "points/month" in headline(at)


def test_a_slope_before_from_onset_is_offered_where_onset_is_known():
    without = [row for row in opened().sidebar.selectbox if row.key == "w.run_in"]
    lines = trial_csv(6).splitlines()
    dated = [f"{lines[0]},onset_date", *(f"{line},2019-05-01" for line in lines[1:])]
    at = drop(opened(), "\n".join(dated) + "\n")
    before = headline(go_to(at, SLOPES))
    widget(at, "selectbox", "w.run_in").set_value("onset").run()
    assert headline(healthy(at)) != before
    assert "counted from onset (ΔFS)" in text_of(at)
    assert query(at)["runin"] == "onset"
    assert len(without) in (0, 1)


def test_strict_button_asks_for_three_visits_and_ninety_days():
    at = opened()
    at.button(key="w.strict").click().run()
    assert {"at least 3 visits per side", "at least 90 days per side"} <= set(chips(healthy(at)))
    assert at.button(key="w.strict").disabled


def test_taking_away_a_chip_resets_only_that_setting():
    at = opened(trial=EXAMPLE, after="6", rate="year")
    row = bar(at, "w.chips")
    assert chips(at) == ["after: 6 months", "per year"]
    row.set_value(["rate_unit"]).run()
    assert chips(healthy(at)) == ["per year"]
    assert widget(at, "select_slider", "w.post_months").value == "all"
    assert query(at) == {"trial": EXAMPLE, "rate": "year"}
    row = bar(at, "w.chips")
    row.set_value([]).run()
    assert chips(healthy(at)) == []
    assert query(at) == {"trial": EXAMPLE, "rate": "period"}


BENCHMARK = {
    "untreated_trials": ("untreated-trials", "200", "200 simulated untreated trials"),
    "history": ("history", "slower", "natural history: slower decline"),
    "history_values": (
        "history-values",
        "alsfrs_r.mean_before:-0.8~between:0.4",
        "natural history edited: ALSFRS-R mean slope before −0.8; correlation of the slopes of "
        "both endpoints 0.4",
    ),
    "entry_rule": (
        "entry",
        "slope_at_most:-0.5~alsfrs_r_at_least:26",
        "entry rule: run-in slope ≤ −0.5 points/month and ALSFRS-R at least 26",
    ),
}
"""Settings of the untreated benchmark: their names and texts in links, and their chips."""


def test_settings_of_the_benchmark_are_chips_and_links_on_every_page_and_go_one_by_one():
    link = {url: text for url, text, _ in BENCHMARK.values()}
    at = opened(trial=EXAMPLE, rate="period", **link)
    for page in every_page(at):
        assert chips(at) == [chip for _, _, chip in BENCHMARK.values()], page
        assert copied_link(at)[1] == {"trial": EXAMPLE, "rate": "period"} | link, page
    for taken in ("history_values", "untreated_trials", "entry_rule", "history"):
        del link[BENCHMARK[taken][0]]
        kept = [name for name, (url, _, _) in BENCHMARK.items() if url in link]
        bar(at, "w.chips").set_value(kept).run()
        assert query(healthy(at)) == {"trial": EXAMPLE, "rate": "period"} | link
    assert chips(at) == []


def test_settings_of_the_benchmark_go_with_a_reset():
    link = {url: text for url, text, _ in BENCHMARK.values()}
    at = opened(trial=EXAMPLE, rate="period", **link)
    at.button(key="w.reset").click().run()
    assert chips(healthy(at)) == []
    assert query(at) == {"trial": EXAMPLE, "rate": "period"}


def test_settings_of_the_benchmark_are_new_in_a_comparison_that_is_not_computed_again(monkeypatch):
    computed = []

    def counted(trial, settings):
        computed.append(settings)
        return compare(trial, settings)

    monkeypatch.setattr(cache, "compare", counted)
    link = {"trial": EXAMPLE, "rate": "period", "untreated-trials": "200"}
    at = go_to(healthy(opened(**link)), UNTREATED)
    first = len(computed)
    assert first >= 1
    at.session_state["w.untreated-tab"] = "Assumptions"
    healthy(at.run())
    seen = []
    for history in ("noisier", "more_constant", "reference", "noisier"):
        at.selectbox(key="w.history").set_value(history).run()
        seen.append(charts(healthy(at))["untreated-alsfrs_r"]["csv"])
    assert len(computed) == first
    # A comparison kept from before must not bring back the settings of its time.
    assert seen[0] == seen[3]
    assert len(set(seen)) == 3
    at.number_input(key="w.min_visits").set_value(3).run()
    assert len(computed) == first + 1
    assert computed[-1].history == "noisier"
    assert query(healthy(at))["history"] == "noisier"


@pytest.mark.parametrize("page", [TRIAL, PATIENTS, SLOPES])
def test_reset_takes_back_everything(page):
    at = opened(page, trial=EXAMPLE, before="6", after="6", level="0.99", visits="3")
    assert len(chips(at)) == 5  # per month differs from how this trial opens
    at.button(key="w.reset").click().run()
    assert chips(healthy(at)) == []
    assert query(at) == {"trial": EXAMPLE, "rate": "period"}
    assert widget(at, "selectbox", "w.confidence").value == 0.95


def test_link_restores_settings_and_view():
    asked = {
        "trial": EXAMPLE,
        "before": "8",
        "after": "6.5",
        "day0": "neither",
        "skip": "14",
        "visits": "3",
        "span": "75",
        "rate": "year",
        "tests": "steeper",
        "level": "0.8",
        "shift": "-30",
        "flips": "5000",
        "seed": "7",
        "endpoints": "alsfrs_r",
        "show": "alsfrs_r",
        "zoom": "yes",
        "person": "7",
    }
    at = healthy(opened(**asked))
    assert query(at) == asked
    assert widget(at, "select_slider", "w.post_months").value == 6.5
    assert widget(at, "selectbox", "w.confidence").value == 0.8
    assert alerts(at).count("link") == 0
    for _ in every_page(at):
        assert query(at) == asked
    go_to(at, PATIENTS)
    assert "Visits of P07" in text_of(at)
    assert at.toggle(key="w.zoom").value is True


def test_app_without_a_link_opens_the_example_per_period():
    at = opened()
    assert widget(at, "selectbox", "w.rate_unit").value == "period"
    assert query(at) == {"trial": EXAMPLE, "rate": "period"}


def test_link_to_the_example_says_everything_that_differs_from_the_default():
    at = opened(trial=EXAMPLE, after="240")
    assert widget(at, "selectbox", "w.rate_unit").value == "month"
    assert chips(at) == ["after: 240 months", "per month"]
    assert "points/month" in headline(at)


def test_an_empty_list_in_a_link_is_an_empty_list():
    at = opened(trial=EXAMPLE, covariates="")
    assert (alerts(at), chips(at)) == ("", ["per month"])


HOSTILE = {
    "after": ["six", "-1", "1e999", "nan", "0", "241", "", "6" * 5000, "<script>", "\uff16", "1_0"],
    "before": ["inf", "all ", "None", "0x10"],
    "visits": ["1", "2.5", "99", "1e3", "\u0663.\u0665"],
    "span": ["-1", "1e9"],
    "rate": ["decade", "__class__", "True"],
    "day0": ["sometimes", "no"],
    "tests": ["less steep!", "*"],
    "level": ["1", "0", "95"],
    "transplant": ["-2", "10", "first"],
    "stop": ["maybe", "1"],
    "shift": ["1e9", "0.5"],
    "flips": ["1e12", "10"],
    "seed": ["-1", "1e30"],
    "endpoints": ["", "~", "alsfrs_r~alsfrs_r", "rank", "~".join(["fvc"] * 400)],
    "untreated-trials": ["99", "20001", "many"],
    "history": ["faster", "slower decline"],
    "history-values": ["between:nan", "fvc.visit_share:1e-200", "~".join(["between:0"] * 400)],
    "entry": ["none~none", "points_lost:3", "slope_at_least:-0.50000000001~slope_at_most:-0.5"],
    "colour": ["blue"],
    "**bold**": ["[x](http://x)"],
    "alslope.trial": ["x"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(n, v) for n, values in HOSTILE.items() for v in values]
)
def test_bad_parameter_gives_a_warning_and_never_an_exception(name, value):
    at = healthy(opened(trial=EXAMPLE, **{name: value}))
    if (name, value) in {("after", "\uff16"), ("after", "1_0")}:
        return  # numbers to Python
    assert "ignored" in alerts(at)
    assert chips(at) == []
    assert query(at) == {"trial": EXAMPLE, "rate": "period"}
    assert "decline slower by" in headline(at)


def test_a_link_without_settings_opens_a_trial_as_the_menu_does():
    at = opened(trial="after-oh-2018")
    assert (chips(at), query(at)["groups"]) == ([], "group")


def test_a_link_keeps_the_defaults_where_the_trial_opens_with_other_settings():
    at = opened(trial=EXAMPLE, rate="month")
    assert (chips(at), query(at)["rate"]) == (["per month"], "month")
    again = opened(**query(at))
    assert (chips(again), query(again)) == (["per month"], query(at))


@pytest.mark.parametrize(
    "query",
    [
        {"person": "²"},
        {"person": "0"},
        {"person": "-3"},
        {"person": "999999"},
        {"person": "9" * 5000},
        {"person": "٣"},
        {"show": "everything"},
        {"show": "fvc_litres"},
        {"zoom": "maybe"},
        {"everyone": "2"},
        {"trial": "../../etc/passwd"},
        {"trial": "<b>x</b>"},
        {"trial": ""},
        {"trial": "x" * 10_000},
    ],
    ids=repr,
)
def test_bad_view_in_a_link_is_never_an_exception(query):
    healthy(go_to(healthy(opened(**query)), PATIENTS))


def test_many_bad_views_in_a_link_break_no_page():
    at = healthy(opened(person="²", show="everything", zoom="maybe", everyone="2", trial="<b>"))
    for _ in every_page(at):
        pass


def test_bad_parameter_is_shown_letter_by_letter():
    at = opened(trial=EXAMPLE, **{"**bold**": "1"})
    said = next(w.value for w in at.warning if "ignored" in w.value)
    assert "**bold**" not in said
    assert "**bold**" in said.replace("\\", "")


def test_settings_of_a_link_survive_a_bad_neighbour():
    at = opened(trial=EXAMPLE, after="6", before="oops", rate="year")
    assert chips(at) == ["after: 6 months", "per year"]


def test_link_to_an_upload_asks_for_the_file_and_keeps_the_settings_for_it():
    at = opened(trial="upload-abc", after="7", show="fvc")
    for page in every_page(at):
        assert "drop it again" in alerts(at), page
        assert chips(at) == ["after: 7 months"], page
    drop(at, trial_csv(8))
    for page in every_page(at):
        assert "drop it again" not in alerts(at), page
        assert "8 analysed of 8 loaded" in at.markdown[0].value, page
        assert chips(at) == ["after: 7 months"], page
        assert query(at)["show"] == "fvc"
        assert query(at)["trial"].startswith("upload-"), page


def test_settings_of_one_trial_are_not_kept_for_the_next():
    at = opened(trial=EXAMPLE, after="6")
    drop(at, trial_csv(8))
    assert chips(healthy(at)) == []
    go_to(at, SLOPES)
    assert "points/month" in headline(at)
