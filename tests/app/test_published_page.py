"""The Published page: forest, sources, own rows, the check of typed numbers, and the picture."""

from __future__ import annotations

import csv
import io
import json

import pytest

from analysis.compare import compare
from analysis.published.rows import change_rows, share_rows
from analysis.settings import Settings
from data.examples import example_settings, load_example
from data.published import load_library, parse_rows
from data.published_values import RESPONDER_COLUMNS, SLOPE_COLUMNS
from tests.app.driver import (
    PUBLISHED,
    SLOPES,
    TRIAL,
    alerts,
    charts,
    drop,
    go_to,
    headline,
    healthy,
    loaded,
    opened,
    press,
    text_of,
    trial_csv,
)
from ui.published_own_rows import template

pytestmark = pytest.mark.slow

CHECK, PICTURE = "Do the printed numbers add up?", "From summary to picture"
SHAMSAEI, OH = "after-shamsaei-2023", "after-oh-2018"


def on(tab, **link):
    at = opened(PUBLISHED, **link)
    at.session_state["w.published-tab"] = tab
    return healthy(at.run())


def typed(at, field, text, row=0):
    return healthy(at.text_input(key=f"w.print-{row}-{field}").set_value(text).run())


def tables(at) -> str:
    words = " ".join(table.value.to_string() for table in at.table)
    return words.replace("\u00a0", " ").replace("\u2011", "-").replace("\\", "")


@pytest.mark.parametrize("example", [SHAMSAEI, OH])
def test_the_forest_holds_the_trial_and_every_published_row(example):
    at = healthy(opened(PUBLISHED))
    if example == OH:
        go_to(at, TRIAL)
        at.session_state["alslope.trial"] = load_example(OH).trial
        go_to(at, PUBLISHED)
    trial = load_example(example).trial
    settings = Settings.from_json(dict(example_settings(example)))[0]
    if example == OH:
        settings = Settings.from_json(dict(example_settings(SHAMSAEI)))[0]
    for result in compare(trial, settings).endpoints:
        key = result.endpoint.key
        expected = change_rows(result, trial.title, load_library(), 0.95)
        shown = list(csv.DictReader(io.StringIO(charts(at)[f"published-{key}"]["csv"])))
        assert [row["result"] for row in shown] == [row.name for row in expected]
        for row, one in zip(shown, expected, strict=True):
            assert float(row["estimate"]) == pytest.approx(one.estimate, rel=1e-8)
            if one.interval:
                ends = (float(row["ci_low"]), float(row["ci_high"]))
                assert ends == pytest.approx(one.interval, rel=1e-8)
            assert row["doi"] == (one.source.doi if one.source else "")
            assert row["not_drawn_because"] == one.reason
        shares = share_rows(result, trial.title, load_library(), 0.95)
        name = f"published-responders-{key}"
        assert (name in charts(at)) == any(row.source for row in shares)


def test_every_row_of_the_figure_is_written_in_it():
    at = healthy(opened(PUBLISHED))
    drawn = charts(at)["published-alsfrs_r"]
    texts = " ".join(a["text"] for a in json.loads(drawn["figure"])["layout"]["annotations"])
    for word in ("Oh 2018, MSC", "n = 32", "lead-in v 4 months", "+1.13 (0.65 to 1.61)"):
        assert word in texts
    for word in ("length of a period not given", "n not given", "no SD given"):
        assert word in texts
    assert "Nobody was randomised against this trial" in texts.replace("<br>", " ")
    assert "Oh 2018, control +0.03" in drawn["alt"]


def test_sources_are_one_click_away():
    at = healthy(opened(PUBLISHED))
    frames = [frame.value for frame in at.dataframe]
    links = {link for frame in frames if "source" in frame for link in frame["source"]}
    assert "https://doi.org/10.1002/ana.25302" in links
    assert "https://doi.org/10.34172/apb.2023.043" in links


def test_an_endpoint_that_nobody_published_says_so():
    at = healthy(opened(PUBLISHED, trial="every-detail", endpoints="fvc_litres", show="fvc_litres"))
    assert "holds no published change" in charts(at)["published-fvc_litres"]["figure"]
    assert not charts(at)["published-fvc_litres"]["saves"]


def test_a_missing_endpoint_is_said_and_the_check_still_works():
    at = drop(opened(), trial_csv(8, with_fvc=False))
    at.session_state["alslope.view"]  # the view is there before it is changed
    go_to(at, PUBLISHED)
    next(w for w in at.get("button_group") if w.key == "w.show").set_value("fvc").run()
    assert "no value of FVC" in alerts(healthy(at))
    at.session_state["w.published-tab"] = CHECK
    assert "n = 22 to 25 fit both P values; read as printed, no n does" in text_of(
        healthy(at.run())
    )


def test_the_reference_trial_is_typed_already_and_its_verdict_is_there():
    said = text_of(on(CHECK))
    assert "n = 22 to 25 fit both P values; read as printed, no n does" in said
    assert "As printed: ALSFRS-R needs n = 4 to 18 and FVC needs n ≥ 22. No n fits both." in said
    assert "needs n = 3 to 20 and FVC needs n ≥ 22" in said
    assert "n = 22 to 25 fit both, if r ≤ −0.66 for ALSFRS-R and r ≥ +0.86 for FVC" in said
    assert "only n = 5, 9, 13, 17 can have all 4 printed mean ± SD" in said
    assert "not how the numbers came about" in said


def test_the_tests_are_listed_for_the_reading_that_is_chosen():
    at = on(CHECK)
    assert "4 to 18" in tables(at)
    assert "11, 18 and more" in tables(at)
    at.radio(key="w.print-reading").set_value("literal").run()
    assert "3 to 25" in tables(healthy(at))
    assert "22 to 25" in tables(at)


def test_another_number_gives_another_verdict():
    at = on(CHECK)
    typed(at, "p", "0.5", row=0)
    assert "ALSFRS-R needs n = 2, 3" in text_of(at)
    typed(at, "n", "12", row=1)
    assert "FVC needs what n does not allow" in text_of(at)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("before_mean", "five", "Mean before: “five” is not a number"),
        ("after_sd", "-3", "An SD cannot be negative: -3"),
        ("p", "2", "P: “2” is not a P value"),
        ("n", "ten", "n: “ten” is not a whole number"),
        ("n", "1", "n is between 2 and 2,000"),
        ("before_sd", "", "SD before is empty"),
        ("label", "<b>x</b> :red[y]", ""),
    ],
)
def test_what_is_no_printed_number_is_refused_beside_its_row(field, text, said):
    at = typed(on(CHECK), field, text)
    assert said in alerts(at)
    assert "FVC" in text_of(at)


def test_without_any_row_the_tab_asks_for_one():
    at = on(CHECK)
    at.selectbox(key="w.print-preset").set_value("Empty").run()
    assert "Fill in the four numbers" in alerts(healthy(at))
    press(at, "Add a row")
    assert "w.print-1-p" in {w.key for w in healthy(at).text_input}
    press(at, "Remove the last row")
    assert "w.print-1-p" not in {w.key for w in healthy(at).text_input}
    at.session_state["w.published-tab"] = PICTURE
    assert "Type the mean ± SD" in alerts(healthy(at.run()))


def test_a_study_with_its_n_is_checked_at_that_n():
    at = on(CHECK)
    at.selectbox(key="w.print-preset").set_value("Siwek 2018").run()
    said = text_of(healthy(at))
    assert "P = 0.014 by a paired t test of n = 25 needs r = +0.37 to +0.38" in said
    assert "possible at 25" in tables(at)


def test_typed_numbers_stay_when_another_trial_opens_and_go_with_clear_data():
    at = typed(on(CHECK), "p", "0.03")
    drop(at, trial_csv(8))
    go_to(at, PUBLISHED)
    at.session_state["w.published-tab"] = CHECK
    assert at.run().text_input(key="w.print-0-p").value == "0.03"
    go_to(at, TRIAL)
    press(at, "Clear data")
    go_to(at, PUBLISHED)
    at.session_state["w.published-tab"] = CHECK
    assert at.run().text_input(key="w.print-0-p").value == "0.014"


def test_the_picture_is_a_simulated_trial_that_opens_everywhere():
    at = on(PICTURE)
    assert "this trial" in tables(at)
    at.number_input(key="w.picture-n").set_value(14).run()
    press(healthy(at), "Open this trial")
    assert loaded(healthy(at)).replace("\\", "") == "Simulated from a summary: Shamsaei 2023"
    at = go_to(at, SLOPES)
    assert "14 analysed of 14 loaded" in text_of(healthy(at)).replace("\\", "")
    assert "decline slower by" in headline(at)
    assert "simulated" in text_of(at)


def test_a_picture_that_cannot_be_drawn_says_why():
    at = on(CHECK)
    typed(at, "before_mean", "-90")
    typed(at, "after_mean", "-90")
    at.session_state["w.published-tab"] = PICTURE
    assert "every course runs off the scale" in alerts(healthy(at.run()))


ROW = (
    "study,year,arm,n,treated,endpoint,unit,change_mean,change_sd,population\n"
    'Own,2024,cells,20,yes,alsfrs_r,points/month,0.40,0.9,"=cmd|x"\n'
)


def test_rows_are_added_for_the_session_shown_and_taken_back():
    at = healthy(opened(PUBLISHED))
    at.file_uploader(key="w.published-file").set_value(("own.csv", ROW.encode(), "text/csv")).run()
    press(healthy(at), "Add 1 row")
    shown = charts(healthy(at))["published-alsfrs_r"]
    assert "Own 2024, cells" in shown["csv"]
    assert "added by you, checked by nobody" in shown["figure"]
    assert "All rows of this file are added" in alerts(at)
    press(at, "Remove the added rows")
    assert "Own 2024, cells" not in charts(healthy(at))["published-alsfrs_r"]["csv"]


def test_a_file_of_rows_that_cannot_be_read_says_where():
    at = healthy(opened(PUBLISHED))
    bad = ROW.replace("0.40", "much").encode()
    at.file_uploader(key="w.published-file").set_value(("own.csv", bad, "text/csv")).run()
    said = alerts(healthy(at))
    assert "Line 2, column change_mean “much”" in said
    assert not any(b.label.startswith("Add 1") for b in at.button)


def test_one_row_is_added_with_the_form():
    at = healthy(opened(PUBLISHED))

    def fill(**cells):
        for name, text in cells.items():
            at.text_input(key=f"w.published-{name}").set_value(text)
        press(at, "Add this row")
        return healthy(at)

    fill(study="Own", year="soon", change_mean="0,40", change_sd="0.9", n="20")
    assert "Nothing was added" in alerts(at)
    assert "Column year “soon”" in alerts(at)
    fill(year="2024", arm="cells", p="0,014")
    shown = charts(at)["published-alsfrs_r"]
    assert "Own 2024, cells" in shown["csv"]
    assert "0.4" in shown["csv"]
    press(at, "Add this row")
    assert "This row is there already" in alerts(healthy(at))


def test_templates_hold_an_example_that_is_not_read():
    for columns in (SLOPE_COLUMNS, RESPONDER_COLUMNS):
        text = template(columns)
        assert "example" in text.splitlines()[0]
        assert "no row under the names" in str(parse_rows(text, "a.csv").problems[0])
        filled = text + text.splitlines()[0].removeprefix("# example: ") + "\n"
        assert len(parse_rows(filled, "a.csv").library) == 1


def test_sources_are_linked_below_the_figure():
    at = healthy(opened(PUBLISHED))
    assert "(https://doi.org/10.1002/ana.25302)" in " ".join(one.value for one in at.markdown)


def test_the_only_row_with_a_p_is_named_and_unreadable_rows_are_said():
    at = on(CHECK)
    typed(at, "p", "", row=0)
    assert "Read as printed, FVC: P < 0.001 by a paired t test needs n ≥ 22" in text_of(at)
    press(at, "Add a row")
    assert "1 row is not in this" in text_of(healthy(at))


def test_the_picture_says_what_the_printed_p_needs_and_opens_as_its_table():
    at = on(PICTURE)
    said = text_of(at)
    assert "FVC: no r gives P < 0.001 by a paired t test of n = 10" in said
    assert "it needs n ≥ 22" in said
    assert "ALSFRS-R: P = 0.014 by a paired t test of n = 10 needs r = " in said
    assert "<0.001" in tables(at) or "< 0.001" in tables(at)
    press(at, "Open this trial")
    at = go_to(at, SLOPES)
    assert "per period" in text_of(healthy(at)) or "points/period" in text_of(at)
