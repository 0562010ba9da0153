"""Words, tables and figures say what the numbers say, for any trial."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.compare import compare
from analysis.comparison import Comparison, EndpointComparison
from analysis.settings import PatientExclusion, Settings
from data.trial import DAYS_PER_MONTH, Trial
from report import tables
from report.charts.multiples import multiples_figure, sorted_patients
from report.charts.paired import paired_figure
from report.charts.parts import with_frame
from report.charts.patient import patient_figure
from report.charts.spaghetti import spaghetti_figure
from report.frames import frame_for
from report.look import DARK, LIGHT
from report.words import heading, numbers_line, results_sentence
from tests.conftest import compared, frame_from, made, read_text, trial_from
from ui.text import inert

LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
JOINER = "\u2060"


def by_slopes(*slopes: tuple[float, float], start: float = 24) -> Trial:
    """Return a trial whose patients have these slopes, before and after day 0, per month."""
    visits = {
        f"P{i}": {
            round(m * DAYS_PER_MONTH, 6): start + m * (before if m <= 0 else after)
            for m in (-4, 0, 4, 6)
        }
        for i, (before, after) in enumerate(slopes)
    }
    return made(visits)


def texts(fig) -> list[str]:
    return [a.text for a in fig.layout.annotations]


@pytest.mark.parametrize("alternative", ["less steep", "steeper", "two-sided"])
def test_a_one_sided_p_says_so_wherever_it_stands(alternative):
    trial = by_slopes((-1, -0.5), (-1.2, -0.6), (-0.9, -0.6), (-1, -0.7))
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",), alternative=alternative))
    result = comparison.endpoints[0]
    said = [numbers_line(result), results_sentence(result)]
    said += tables.tests(comparison)["P"].to_list()[:3]
    assert ["(one-sided)" in text for text in said] == [alternative != "two-sided"] * 5


def test_a_decline_that_turns_to_a_rise_is_no_slower_decline():
    result = compared(by_slopes((-1, 2), (-1.1, 2.1), (-0.9, 2.2), (-1, 1.9)))
    assert heading(result).startswith("ALSFRS-R: slope higher by 3")
    assert "slope higher by" in results_sentence(result)
    assert not re.search("slower|steep", heading(result) + results_sentence(result))


def test_a_decline_that_stays_one_is_slower():
    result = compared(by_slopes((-2, -1), (-2.1, -1.1), (-1.9, -1), (-2, -0.9)))
    assert "decline slower by" in heading(result)
    assert "less steep by" in results_sentence(result)


def small_multiples(trial: Trial, look=LIGHT, **settings):
    endpoint = trial.endpoints[0]
    comparison = compare(trial, Settings(endpoints=(endpoint,), **settings))
    result = comparison.endpoints[0]
    order = sorted_patients(comparison, result, "name")
    fig = multiples_figure(trial, comparison, result, order, trial.patient_ids, look)
    return fig, result


def test_a_value_above_the_usual_axis_lies_inside_it():
    visits = {"A": {-90: 150, 0: 148, 90: 131}, "B": {-90: 80, 0: 78, 90: 75}}
    fig, _ = small_multiples(trial_from(frame_from(visits, "fvc")))
    for axis in (fig.layout.yaxis, fig.layout.yaxis2):
        assert axis.range[0] <= 0
        assert 150 <= axis.range[1] <= 200


def test_a_value_set_aside_as_impossible_does_not_flatten_the_panels():
    visits = {"A": {-90: 80, 0: 78, 90: 7500}, "B": {-90: 80, 0: 78, 90: 75}}
    frame = frame_from(visits, "fvc")
    frame["status"] = np.where(frame["value"] > 200, "OUT_OF_RANGE", "ok")
    fig, _ = small_multiples(trial_from(frame))
    # FVC ends at 200 % predicted; the reader says: shown at the edge of the scale.
    assert fig.layout.yaxis.range[1] <= 1.1 * 200


def test_the_panel_of_a_patient_left_out_says_why():
    trial = by_slopes((-1, -0.5), (-1.2, -0.6))
    left_out = (PatientExclusion("P1", "withdrew consent"),)
    fig, _ = small_multiples(trial, excluded_patients=left_out)
    (text,) = [text for text in texts(fig) if "<b>P1</b>" in text]
    assert "not compared: left out" in text.replace("<br>", " ")
    assert "withdrew" in text


def test_reasons_fit_beside_each_other_where_the_figure_is_narrowest():
    # P0 and P1 stand side by side; a panel of three is 138 px wide in a figure of 500 px.
    visits = {f"P{k}": {-90: 40, 0: 38, 30: 37} for k in range(3)}
    trial = made(visits)
    fig, _ = small_multiples(trial)
    for k in range(3):
        (text,) = [text for text in texts(fig) if f"<b>P{k}</b>" in text]
        _, *lines = text.split("<br>")
        assert "not compared" in lines[0]
        assert 1 <= len(lines) <= 2
        assert max(map(len, lines)) <= 22, lines


def test_a_fit_that_leaves_the_scale_is_cut_and_not_tilted():
    # The run-in falls by 3 a month from 12: projected, it would be below 0 after month 4.
    visits = {"A": {-122: 24, -61: 18, 0: 12, 61: 7, 122: 1, 183: 0, 244: 0}}
    fig, result = small_multiples(made(visits))
    assert result.slopes.before.enough[0]
    projected, before, after = [trace for trace in fig.data if trace.mode == "lines"]
    sides = ((projected, "before"), (before, "before"), (after, "after"))
    for trace, side in sides:
        line = result.slopes.before if side == "before" else result.slopes.after
        true = line.mean_value[0] + line.slope[0] * (np.asarray(trace.x) - line.mean_month[0])
        assert trace.y[0] == pytest.approx(true[0])
        assert np.asarray(trace.y) == pytest.approx(np.clip(true, 0, 48))
    assert min(projected.y) == 0


@given(
    st.lists(
        st.tuples(st.floats(-5, 5), st.floats(-3, 3)).map(
            lambda s: (round(s[0], 2), round(s[1], 2))
        ),
        min_size=1,
        max_size=12,
    )
)
def test_everything_of_the_paired_figure_lies_inside_its_axes(slopes):
    trial = by_slopes(*slopes)
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",)))
    result = comparison.endpoints[0]
    fig = paired_figure(comparison, result, trial.patient_ids, LIGHT)
    left, right = fig.layout.yaxis.range, fig.layout.yaxis2.range
    for summary, data, (low, high) in (
        (result.before_summary, result.before, left),
        (result.after_summary, result.after, left),
        (result.change_summary, result.change, right),
    ):
        inside = [*data, summary.mean]
        if summary.interval is not None:
            inside += [summary.interval.low, summary.interval.high]
        assert low <= min(inside)
        assert max(inside) <= high
    # One pixel is the same change on both axes, and 0 stands at the mean before.
    assert right[1] - right[0] == pytest.approx(left[1] - left[0])
    assert left[0] - right[0] == pytest.approx(result.before_summary.mean, abs=1e-9)


UNDATED = "patient_id,visit_date,ALSFRS_R\nA,2020-01-01,40\nA,2020-05-01,39\n"


def of_size(case: str) -> Trial:
    if case == "undated":
        trial = read_text(UNDATED).trial
        assert trial is not None
        return trial
    if case == "no visit after":
        return made({"A": {-90: 40, 0: 39}})
    return by_slopes(*[(-1, -0.5), (-1.5, -0.4)][: int(case)])


def built(trial: Trial, comparison: Comparison, result: EndpointComparison, look):
    """Yield every figure of one endpoint, without and with a chosen patient."""
    names, everybody = trial.patient_ids, np.arange(len(trial.patient_ids))
    for chosen in (None, *everybody.tolist()):
        yield paired_figure(comparison, result, names, look, chosen)
        yield spaghetti_figure(result, names, look, chosen)
        yield multiples_figure(trial, comparison, result, everybody, names, look, chosen)
    yield multiples_figure(trial, comparison, result, everybody[:0], names, look)
    for i in everybody.tolist():
        for zoom in (False, True):
            yield patient_figure(trial, comparison, [result], i, names[i], look, zoom=zoom)
        yield patient_figure(trial, comparison, [], i, names[i], look)


@LOOKS
@pytest.mark.parametrize("case", ["undated", "no visit after", "1", "2"])
def test_every_figure_can_be_drawn_of_few_patients(case, look):
    trial = of_size(case)
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",)))
    result = comparison.endpoints[0]
    assert result.n == (int(case) if case.isdigit() else 0)
    for fig in built(trial, comparison, result, look):
        assert fig.layout.template.layout.paper_bgcolor == look.bg
        assert fig.layout.height > 0
        # Plotly draws nothing where an end of an axis is not a number.
        ends = [a.range for a in (*fig.select_xaxes(), *fig.select_yaxes()) if a.range]
        assert np.isfinite(np.asarray(ends, float)).all()
        assert fig.to_json()


@LOOKS
@pytest.mark.parametrize("simulated", [True, False])
def test_a_saved_figure_has_footer_and_says_whether_it_is_simulated(simulated, look):
    trial = replace(by_slopes((-1, -0.5), (-1.5, -0.4)), simulated=simulated, title="Trial <A>")
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",)))
    fig = paired_figure(comparison, comparison.endpoints[0], trial.patient_ids, look)
    before = fig.layout.height
    frame = frame_for("Slopes", "Before and after. " * 20, comparison, trial)
    said = texts(with_frame(fig, frame, look, width=700, simulated=simulated))
    assert fig.layout.height > before
    assert ("simulated data" in said) == simulated
    (footer,) = [text for text in said if f"data {trial.hash[:8]}" in text]
    assert "Trial &lt;A&gt;" in footer
    assert "2 of 2 patients" in footer
    assert any(text.startswith("<b>Slopes") for text in said)


def test_a_saved_table_holds_no_formula_and_keeps_its_numbers():
    risky = ["=1+1", "+1", "-1", "@x", "\t=1", ' "=1', "'=1", "\uff1d1", "plain", "a=b"]
    table = pd.DataFrame({"=cmd()": risky, "change": [-0.5] * 10, "mixed": [-1.5, "-1"] * 5})
    text = tables.csv_text(table, replace(by_slopes((-1, -0.5)), title="=title"))
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == ["'=cmd()", "change", "mixed", "trial", "simulated"]
    assert [row[0] for row in rows] == [f"'{r}" for r in risky[:8]] + risky[8:]
    assert {row[1] for row in rows} == {"-0.5"}
    assert {row[2] for row in rows} == {"-1.5", "'-1"}
    assert {row[3] for row in rows} == {"'=title"}


@pytest.mark.parametrize(
    "text",
    ["a -> b", "a <- b", ":material/delete:", "www.x.org", "a@b.c", "https://x.org", "x--y"],
)
def test_text_that_could_become_a_link_or_icon_is_parted_and_escaped(text):
    shown = inert(text)
    assert JOINER in shown
    # Without escapes and joiners, what remains is the text; no sign stands without an escape.
    assert re.sub(r"\\(.)", r"\1", shown).replace(JOINER, "") == text
    assert not re.search(r"[`*_{}\[\]()#+\-.!|~$:<>&]", re.sub(r"\\.", "", shown))
    # What markdown looks for after the escapes are resolved is not there.
    assert text not in re.sub(r"\\(.)", r"\1", shown)


@pytest.mark.parametrize("text", ["P-01 (x)", "Smith *A*_1", "a [b](c)"])
def test_plain_text_is_escaped_without_joiners(text):
    shown = inert(text)
    assert JOINER not in shown
    assert re.sub(r"\\(.)", r"\1", shown) == text
    assert not re.search(r"[`*_{}\[\]()#+\-.!|~$:<>&]", re.sub(r"\\.", "", shown))


def test_lines_of_a_text_become_one():
    assert inert("a\n\n# b") == r"a \# b"
