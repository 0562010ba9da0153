"""Every page on the bundled trial: what it says, its switches, and how patients are chosen."""

from __future__ import annotations

import time

import pytest

from tests.app.driver import (
    EXAMPLE_TITLE,
    PAGES,
    PATIENTS,
    PRESENT,
    PUBLISHED,
    SLOPES,
    TRIAL,
    UNTREATED,
    WHAT_IF,
    bar,
    charts,
    copied_link,
    drop,
    every_page,
    go_to,
    headline,
    healthy,
    loaded,
    opened,
    query,
    text_of,
    trial_csv,
)


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_on_the_bundled_trial(page):
    at = healthy(opened(page))
    assert loaded(at) == EXAMPLE_TITLE
    assert "simulated" in at.markdown[0].value
    assert "10 analysed of 10 loaded" in at.markdown[0].value


@pytest.mark.parametrize("page", PAGES)
def test_second_run_of_a_page_keeps_the_frame(page):
    at = opened(page)
    for _ in range(3):
        healthy(at.run())
    assert at.sidebar.select_slider(key="w.post_months").value == "all"
    title = page.split("/")[1].removesuffix(".py").replace("_", "-").capitalize()
    assert at.markdown[0].value.startswith(f"### {title}&ensp;")


def test_slopes_give_the_published_means():
    at = opened()
    alsfrs_r, fvc = headline(at), headline(at, "FVC")
    assert "decline slower by 3.40 points/period" in alsfrs_r
    assert "before −5.40 ± 2.30 → after −2.00 ± 3.08 (mean ± SD)" in alsfrs_r
    assert "95 % CI 0.88 to 5.92, P = 0.014, n = 10" in alsfrs_r
    assert "before −12.60 ± 5.22 → after −4.80 ± 14.72 (mean ± SD)" in fvc
    assert "One period is 10 months, before as after." in text_of(at)


TABS = {
    "Tests": ("paired t test", "Bayes factor"),
    "Model": ("Kenward–Roger", "Population-averaged model"),
    "Responders": ("of the assessable", "≥ 25 % less steep"),
    "Checks": ("Shapiro–Wilk", "leaving out one patient"),
    "Groups": (),
    "Day 0": ("at day 0", "FVC, % predicted"),
    "Course": ("change from the last value on or before day 0",),
    "Patients": ("loaded",),
    "Methods": ("each patient’s slope per",),
}


def everything_in(at):
    """Return all words of a page, also those in tables, code and text alternatives of charts."""
    words = [text_of(at), *(table.value.to_string() for table in at.table)]
    words += [block.value for block in at.code]
    words += [chart[part] for chart in charts(at).values() for part in ("alt", "figure")]
    # Short cells are kept on one line; plotly writes some signs as escapes.
    return " ".join(words).replace("\u00a0", " ").replace("\\u003e", ">")


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("example", ["after-shamsaei-2023", "after-oh-2018"])
def test_every_tab_of_the_slopes_opens_and_says_what_it_is_for(tab, example):
    at = opened(trial=example, groups="group") if "oh" in example else opened(trial=example)
    at.session_state["w.tab"] = tab
    said = everything_in(healthy(at.run()))
    for part in TABS[tab]:
        assert part in said, part


def test_only_the_open_tab_is_computed():
    at = opened()
    assert "paired t test" in everything_in(at)
    assert "Shapiro" not in everything_in(at)
    at.session_state["w.tab"] = "Checks"
    at.run()
    assert "Shapiro" in everything_in(at)
    assert "exact sign-flip permutation test" not in everything_in(at)


def test_settings_inside_the_tabs_reach_the_numbers():
    at = opened(trial="after-oh-2018", groups="none")
    at.session_state["w.tab"] = "Groups"
    at.run()
    assert "“control” looks like a concurrent control" in text_of(at)
    at.selectbox(key="w.group_by").set_value("group").run()
    assert "+1.09 points/month against control" in headline(healthy(at))
    assert query(at)["groups"] == "group"
    at.session_state["w.tab"] = "Model"
    at.run()
    equal = everything_in(at)
    at.toggle(key="w.two_variances").set_value(True).run()
    assert query(at)["variances"] == "yes"
    assert everything_in(healthy(at)) != equal
    at.multiselect(key="w.model_covariates").set_value(["age"]).run()
    assert query(at)["covariates"] == "age"
    assert "age" in " ".join(table.value.to_string() for table in healthy(at).table)
    at.session_state["w.tab"] = "Responders"
    at.run()
    at.number_input(key="w.meaningful_percent").set_value(40).run()
    assert query(at)["matters"] == "40"
    assert "change > +0.40" in everything_in(healthy(at))  # 40 % of 0.99 points/month


def test_a_controlled_trial_opens_on_the_difference_between_its_arms():
    at = healthy(opened())
    lines = trial_csv(12).splitlines()
    arms = [f"{line},{'control' if i % 2 else 'cells'}" for i, line in enumerate(lines[1:])]
    by_patient: dict[str, str] = {}
    for line in arms:
        by_patient.setdefault(line.partition(",")[0], line.rpartition(",")[2])
    rows = [f"{line},{by_patient[line.partition(',')[0]]}" for line in lines[1:]]
    drop(at, "\n".join([f"{lines[0]},group", *rows]) + "\n")
    go_to(at, SLOPES)
    assert "against control" in headline(healthy(at))


@pytest.mark.usefixtures("printing")
def test_each_chart_has_figure_downloads_and_text_alternative():
    at = opened()
    assert set(charts(at)) == {"slopes-alsfrs_r", "slopes-fvc"}
    for name, chart in charts(at).items():
        assert '"data"' in chart["figure"], name
        assert "simulated data" in chart["printed"], name
        assert chart["csv"].startswith("patient,endpoint,unit,before,after,change"), name
        assert "n = 10" in chart["alt"], name


@pytest.mark.parametrize(("show", "label"), [("alsfrs_r", "ALSFRS-R"), ("fvc", "FVC")])
def test_endpoint_switch_shows_one_endpoint_on_every_page(show, label):
    at = opened()
    bar(at, "w.show").set_value(show).run()
    healthy(at)
    assert list(charts(at)) == [f"slopes-{show}"]
    assert query(at)["show"] == show
    go_to(at, PATIENTS)
    cards = [m.value for m in at.markdown if m.value.startswith("**") and "/period" in m.value]
    assert [card[2:].replace("\\", "").split(":")[0] for card in cards] == [label]
    go_to(at, TRIAL)
    go_to(at, SLOPES)
    assert list(charts(at)) == [f"slopes-{show}"]


def test_endpoint_switch_cannot_be_emptied():
    at = opened(show="fvc")
    bar(at, "w.show").set_value(None).run()
    assert list(charts(healthy(at))) == ["slopes-fvc"]
    assert bar(at, "w.show").value == "fvc"


def test_previous_next_and_choice_of_a_patient():
    at = opened(PATIENTS)
    assert at.button(key="w.previous").disabled
    at.button(key="w.next").click().run()
    at.button(key="w.next").click().run()
    assert "Visits of P03" in text_of(at)
    assert "3 of 10" in text_of(at)
    at.button(key="w.previous").click().run()
    assert at.selectbox(key="w.patient").value == 1
    at.selectbox(key="w.patient").set_value(9).run()
    assert "Visits of P10" in text_of(at)
    assert at.button(key="w.next").disabled
    assert "Course of P10" in charts(at)["patient"]["alt"]
    go_to(at, SLOPES)
    go_to(at, PATIENTS)
    assert "Visits of P10" in text_of(healthy(at))


def test_zoom_fits_the_axis_and_is_kept():
    at = opened(PATIENTS)
    before = charts(at)["patient"]["figure"]
    at.toggle(key="w.zoom").set_value(True).run()
    assert charts(healthy(at))["patient"]["figure"] != before
    go_to(at, SLOPES)
    go_to(at, PATIENTS)
    assert at.toggle(key="w.zoom").value is True
    assert query(at)["zoom"] == "yes"


@pytest.mark.parametrize("order", ["change", "before", "name"])
def test_all_patients(order):
    at = opened(PATIENTS, everyone="yes")
    assert set(charts(healthy(at))) == {"courses-alsfrs_r", "courses-fvc"}
    at.session_state["w.everyone_tab"] = "Small multiples"
    at.run().selectbox(key="w.order").set_value(order).run()
    names = {"multiples-alsfrs_r", "multiples-fvc"}
    assert set(charts(healthy(at))) == names
    go_to(at, SLOPES)
    go_to(at, PATIENTS)
    assert charts(healthy(at))


def test_one_patient_and_all_patients_switch():
    at = opened(PATIENTS)
    switch = bar(at, "w.everyone")
    switch.set_value(True).run()
    assert "courses-fvc" in charts(healthy(at))
    switch = bar(at, "w.everyone")
    switch.set_value(False).run()
    assert set(charts(healthy(at))) == {"patient"}


@pytest.mark.parametrize("page", PAGES)
def test_copied_link_opens_the_same_page_with_the_same_settings(page):
    at = opened(page, trial="after-shamsaei-2023", after="6", show="fvc", person="4")
    path, parameters = copied_link(at)
    addresses = {
        TRIAL: "your-trial",
        PATIENTS: "each-patient",
        SLOPES: "",
        UNTREATED: "with-no-transplant",
        WHAT_IF: "analysed-otherwise",
        PUBLISHED: "among-the-others",
        PRESENT: "for-the-meeting",
    }
    assert path == addresses[page]
    assert parameters == query(at)
    assert parameters == {
        "trial": "after-shamsaei-2023",
        "after": "6",
        "rate": "month",
        "show": "fvc",
        "person": "4",
    }


@pytest.mark.parametrize(
    ("page", "key", "tab"),
    [
        (SLOPES, "w.tab", "Checks"),
        (PATIENTS, "w.everyone_tab", "Stages"),
        (WHAT_IF, "w.what-if-tab", "Placebo dates"),
        (UNTREATED, "w.untreated-tab", "Planning"),
        (PUBLISHED, "w.published-tab", "Do the printed numbers add up?"),
    ],
)
def test_a_tab_stays_open_when_its_page_is_left(page, key, tab):
    at = opened(page, trial="after-shamsaei-2023", everyone="1", **{"untreated-trials": "200"})
    at.session_state[key] = tab
    at.run()
    there = text_of(healthy(at))
    go_to(go_to(at, TRIAL), page)
    assert at.session_state[key] == tab
    assert text_of(healthy(at)) == there


def test_three_hundred_patients_are_quick():
    content = trial_csv(300)
    started = time.monotonic()
    at = drop(opened(), content)
    reading = time.monotonic() - started
    assert "300 analysed of 300 loaded" in at.markdown[0].value
    for page in every_page(at):
        started = time.monotonic()
        healthy(at.run())
        assert time.monotonic() - started < 2, page
    assert reading < 20
    go_to(at, PATIENTS)
    bar(at, "w.everyone").set_value(True).run()
    assert "courses-fvc" in charts(healthy(at))
    at.session_state["w.everyone_tab"] = "Small multiples"
    at.run().number_input(key="w.page").set_value(2).run()
    healthy(at)


def test_the_figure_for_print_is_drawn_only_when_it_is_asked_for():
    drawn = charts(opened())
    assert drawn
    assert all(chart["saves"] and not chart["printed"] for chart in drawn.values())
