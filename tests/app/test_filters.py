"""Filters and the end of vital capacity on the screen: choose, count, share, take back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from analysis.fvc_equations import available_equations
from tests.app.driver import (
    PATIENTS,
    SLOPES,
    TRIAL,
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
    press,
    query,
    text_of,
    trial_csv,
)

pytestmark = pytest.mark.slow

ARMS = "after-oh-2018"
SEX = "w.filter-sex"


def facts(names: list[str], **columns: list[str]) -> str:
    """Return a file of patients with further columns, one text a patient."""
    lines = trial_csv(names).splitlines()
    rows = [",".join([lines[0], *columns])]
    for line in lines[1:]:
        at = names.index(line.split(",")[0].strip(chr(34)))
        rows.append(",".join([line, *(texts[at] for texts in columns.values())]))
    return "\n".join(rows) + "\n"


def filters(at: Any) -> dict[str, list[str]]:
    """Return the options of every filter in the sidebar, by key."""
    rows = [*at.sidebar.get("button_group"), *at.sidebar.get("multiselect")]
    return {
        w.key.removeprefix("w.filter-"): [_bare(text) for text in w.options]
        for w in rows
        if str(w.key).startswith("w.filter-")
    }


def _bare(text: str) -> str:
    """Return a text without what keeps markdown quiet."""
    return text.replace("\\", "").replace("\u2060", "")


def keys_of(at: Any, kind: str) -> set[str]:
    return {str(w.key) for w in at.sidebar.get(kind)}


def test_filters_show_counts_of_all_loaded_patients_on_every_page():
    at = opened(trial=ARMS)
    for page in every_page(at):
        assert filters(at)["sex"] == ["F (26)", "M (33)"], page
        assert filters(at)["group"] == ["control (27)", "treated (32)"], page
        assert "pass the filters" not in text_of(at)
    bar(at, SEX).set_value(["F"]).run()
    assert filters(at)["sex"] == ["F (26)", "M (33)"]
    assert filters(at)["group"] == ["control (27)", "treated (32)"]


def test_a_filter_stays_on_every_page_and_is_taken_back_by_its_chip_or_its_button():
    at = opened(trial=ARMS)
    before, at_first = headline(at), chips(at)
    bar(at, SEX).set_value(["F"]).run()
    assert headline(healthy(at)) != before
    for page in every_page(at):
        assert "26 of 59 patients pass the filters." in text_of(at), page
        assert "only sex F" in chips(at), page
        assert query(at)["only"] == copied_link(at)[1]["only"] == "sex:F", page
    go_to(at, SLOPES)
    bar(at, "w.chips").set_value([]).run()
    assert chips(at) == at_first == []
    assert headline(at) == before
    bar(at, SEX).set_value(["F"]).run()
    bar(at, "w.filter-group").set_value(["control", "treated"]).run()
    assert query(at)["only"] == "sex:F~group:control~group:treated"
    press(at, "Remove all filters")
    assert "only" not in query(at)
    assert headline(at) == before


def test_a_link_with_filters_opens_with_the_same_result():
    at = opened(trial=ARMS)
    bar(at, SEX).set_value(["F"]).run()
    bar(at, "w.filter-run_in").set_value(["intermediate", "fast"]).run()
    again = opened(**copied_link(at)[1])
    assert chips(again) == chips(at)
    assert headline(again) == headline(at)
    assert bar(again, SEX).value == ["F"]
    assert bar(again, "w.filter-run_in").value == ["intermediate", "fast"]


def test_nobody_passes_is_said_on_every_page_with_the_way_out():
    at = opened(trial=ARMS, only="sex:X")
    for page in every_page(at):
        assert "0 of 59 patients pass the filters." in alerts(at), page
        assert "No patient has: sex X." in alerts(at), page
        assert filters(at)["sex"] == ["F (26)", "M (33)", "X (0)"], page
    go_to(at, SLOPES)
    drawn = json.dumps(charts(at))
    assert "no patient passes" in drawn
    assert "Commonest reason" not in drawn
    go_to(at, PATIENTS)
    bar(at, "w.everyone").set_value(True).run()
    healthy(at)
    press(at, "Remove all filters")
    assert "pass the filters" not in text_of(healthy(at))


@pytest.mark.parametrize(
    "only",
    ["sex", "kings:9", "secret:1", "sex:" + "x" * 5000, "~".join(["group:a"] * 500), "~~~~"],
    ids=lambda text: text[:12],
)
def test_bad_filters_of_a_link_are_named_and_nothing_is_filtered(only):
    at = healthy(opened(trial=ARMS, only=only))
    assert "“only” is ignored" in alerts(at)
    assert "only" not in query(at)
    assert "59 loaded" in at.markdown[0].value


def test_texts_of_a_file_stay_texts_in_the_filters():
    names = [f"A{i}" for i in range(1, 7)]
    groups = ["**bold** $x$", "**bold** $x$", "<b>", "<b>", ":red[x]", ":red[x]"]
    at = drop(opened(), facts(names, group=groups))
    assert filters(at)["group"] == ["**bold** $x$ (2)", ":red[x] (2)", "<b> (2)"]
    raw = bar(at, "w.filter-group").options
    assert all("\\" in text for text in raw)
    bar(at, "w.filter-group").set_value(["**bold** $x$"]).run()
    assert "2 of 6 patients pass the filters." in text_of(healthy(at))


def test_missing_is_offered_and_a_column_of_names_is_not():
    names = [f"A{i}" for i in range(1, 7)]
    sexes = ["F", "F", "M", "M", "", ""]
    own = [f"Arm of Mr {name}" for name in names]
    at = drop(opened(), facts(names, sex=sexes, group=own))
    assert filters(at)["sex"] == ["F (2)", "M (2)", "not known (2)"]
    assert "group" not in filters(at)


def test_another_trial_opens_without_the_filters_of_the_last_one():
    at = opened(trial=ARMS)
    bar(at, SEX).set_value(["F"]).run()
    drop(at, trial_csv(6))
    assert not any(text.startswith("only") for text in chips(at))


def test_the_end_of_vital_capacity_is_offered_only_where_the_trial_has_the_event():
    names = [f"A{i}" for i in range(1, 7)]
    at = drop(opened(), facts(names, sex=["F"] * 6))
    assert "w.fvc_until" not in keys_of(at, "toggle") | keys_of(at, "selectbox")
    at = drop(opened(), facts(names, NIV_date=["2021-10-15", *[""] * 5]))
    (toggle,) = (w for w in at.sidebar.get("toggle") if w.key == "w.fvc_until")
    assert toggle.label == "End FVC at NIV"
    toggle.set_value(True).run()
    for page in every_page(at):
        assert query(at)["fvc-until"] == "niv", page
        assert "FVC ends at NIV or tracheostomy" in chips(at), page
    go_to(at, PATIENTS)
    tables = [frame.value for frame in at.dataframe if "counts" in frame.value]
    assert (tables[0]["counts"] == "after NIV or tracheostomy").sum() == 2
    (toggle,) = (w for w in at.sidebar.get("toggle") if w.key == "w.fvc_until")
    toggle.set_value(False).run()
    assert "fvc-until" not in query(at)


def test_both_ends_are_a_choice_where_the_trial_has_both_events():
    names = [f"A{i}" for i in range(1, 7)]
    days = {"NIV_date": ["2021-08-15", *[""] * 5], "tracheostomy_date": ["2022-01-15", *[""] * 5]}
    at = drop(opened(), facts(names, **days))
    box = next(w for w in at.sidebar.get("selectbox") if w.key == "w.fvc_until")
    assert box.options == ["the last visit", "NIV or tracheostomy", "tracheostomy"]
    box.set_value("tracheostomy").run()
    assert "FVC ends at tracheostomy" in chips(healthy(at))


def test_a_link_with_an_end_that_the_trial_does_not_have_can_be_taken_back():
    at = healthy(opened(trial=ARMS, **{"fvc-until": "niv"}))
    toggle = next(w for w in at.sidebar.get("toggle") if w.key == "w.fvc_until")
    assert toggle.value is True
    toggle.set_value(False).run()
    assert "FVC ends at NIV or tracheostomy" not in chips(healthy(at))


def test_the_equation_is_offered_only_with_litres_and_only_if_it_can_be_computed():
    assert "w.fvc_equation" not in keys_of(opened(), "selectbox")
    litres = trial_csv(6).replace("fvc_percent", "fvc_litres")
    rows = [line.rsplit(",", 1) for line in litres.splitlines()]
    text = "\n".join([",".join(rows[0]), *(f"{a},{float(b) / 25:.2f}" for a, b in rows[1:])])
    at = drop(opened(), text + "\n")
    box = next(w for w in at.sidebar.get("selectbox") if w.key == "w.fvc_equation")
    words = {
        "nhanes_iii": "NHANES III (1999)",
        "gli_global": "GLI Global (2022)",
        "gli_2012": "GLI-2012",
    }
    assert box.options == ["not derived", *(words[key] for key in available_equations())]
    box.set_value("nhanes_iii").run()
    for page in every_page(at):
        assert query(at)["fvc-from-litres"] == "nhanes_iii", page
        assert "FVC % from litres: NHANES III (1999)" in chips(at), page


def test_the_trial_page_shows_everybody_whatever_the_filters():
    at = opened(trial=ARMS, only="sex:F")
    go_to(at, TRIAL)
    assert max(len(frame.value) for frame in at.dataframe) == 59
