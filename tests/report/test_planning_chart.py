"""Figures, sentences and files of a planned trial, from numbers made by hand."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace

import pytest

from analysis.settings import DEFAULT
from analysis.untreated.assumed import assumed_history
from analysis.untreated.plan import Plan
from analysis.untreated.plan_presets import PlanPreset
from analysis.untreated.plan_visits import VisitDesign
from analysis.untreated.planning import NOTHING, Planning, PlanPoint, Simulated
from analysis.untreated.shares import SimulatedShare
from report import planning_tables as tables
from report import planning_words as words
from report.charts.planning import curves_alt, curves_figure, visits_alt, visits_figure
from report.look import DARK, LIGHT


def point(n: int, power: int, falsely: int, calibrated: int, smallest: float) -> PlanPoint:
    return PlanPoint(
        n=n,
        power=SimulatedShare(power, 1000),
        false_success=SimulatedShare(falsely, 1000),
        critical=Simulated(0.8, 0.01),
        calibrated=SimulatedShare(calibrated, 1000),
        calibrated_error=0.012,
        smallest=Simulated(smallest, 0.002),
        smallest_tested=NOTHING if falsely >= 800 else Simulated(smallest / 2, 0.01),
    )


POINTS = (
    point(6, 500, 250, 100, 1.2),
    point(12, 800, 410, 210, 0.8),
    point(30, 990, 850, 480, 0.5),
)


def found(**changes: object) -> Planning:
    plan = Plan(n=12, entry=("slope_at_most:-1",), run_in_months=3, visits_before=2)
    whole = Planning(
        plan=plan,
        assumed=assumed_history(DEFAULT),
        passing=SimulatedShare(55, 100),
        followed=30_000,
        analysed=SimulatedShare(27_000, 30_000),
        beyond=SimulatedShare(300, 30_000),
        before=-1.66,
        change=Simulated(0.56, 0.004),
        change_sd=0.91,
        effect=0.33,
        points=POINTS,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def design(
    before: int, after: int, as_exact: int | None, *, planned: bool = False, factor: float = 1.0
) -> VisitDesign:
    points = tuple(replace(p, smallest=Simulated(factor * p.smallest.value, 0.01)) for p in POINTS)
    reason = "" if as_exact else "too rare"
    return VisitDesign(before, after, planned, as_exact, 0.9, points if as_exact else (), reason)


DESIGNS = (
    design(2, 2, 18, factor=1.2),
    design(2, 4, 12, planned=True),
    design(3, 3, 14, factor=1.05),
    design(6, 6, 9, factor=0.8),
    design(8, 8, None),
)


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
def test_curves_show_the_three_shares(look):
    fig = curves_figure(found(), look)
    drawn = {t.line.color: list(t.y) for t in fig.data if t.mode == "lines"}
    assert drawn == {
        look.after: [10.0, 21.0, 48.0],
        look.ink2: [50.0, 80.0, 99.0],
        look.untreated: [25.0, 41.0, 85.0],
    }
    assert all(list(t.x) == [6, 12, 30] for t in fig.data if t.mode == "lines")
    marks = [(list(t.x), list(t.y)) for t in fig.data if t.mode == "markers"]
    assert marks == [([12], [21.0]), ([12], [80.0]), ([12], [41.0])]
    references = {s.y0 for s in fig.layout.shapes if s.xref == "paper"}
    assert references == {2.5, 80.0}


def test_hovers_say_the_number_its_error_and_no_patient():
    fig = curves_figure(found(), LIGHT)
    untreated = next(t for t in fig.data if t.line.color == LIGHT.untreated)
    assert untreated.customdata[1][0] == ""
    assert untreated.customdata[1][1] == (
        "12 patients · 41.0 % reach P < 0.05 without any effect<br>"
        "Monte Carlo SE 1.6 · 1,000 simulated trials"
    )
    calibrated = next(t for t in fig.data if t.line.color == LIGHT.after)
    assert "Monte Carlo SE 1.2" in calibrated.customdata[1][1]


def test_labels_at_the_ends_do_not_overlap():
    close = tuple(point(n, 985, 990, 995, 0.5) for n in (6, 12, 30))
    fig = curves_figure(found(points=close), LIGHT)
    places = sorted(a.y for a in fig.layout.annotations if a.yref == "y")
    gap = 40 * 104 / 288
    assert all(b - a > 0.8 * gap for a, b in itertools.pairwise(places))


def test_visits_show_the_plan_in_the_accent():
    fig = visits_figure(found(), DESIGNS, LIGHT)
    lines = [t for t in fig.data if t.mode == "lines"]
    assert len(lines) == 4
    plan = [t for t in lines if t.line.color == LIGHT.after]
    assert [list(t.y) for t in plan] == [[1.2, 0.8, 0.5]]
    assert {s.y0 for s in fig.layout.shapes if s.xref == "paper"} == {0.8}
    texts = [a.text for a in fig.layout.annotations]
    assert "<b>2 + 4 visits (plan)</b>" in texts
    assert "6 visits a side" in texts


def test_a_refused_plan_says_why_instead_of_curves():
    nothing = found(points=(), reason="nobody who was drawn meets the entry rule")
    for fig in (curves_figure(nothing, LIGHT), visits_figure(nothing, (), LIGHT)):
        assert not fig.data
        assert "nobody who was drawn" in fig.layout.annotations[0].text.replace("<br>", " ")
    assert "nobody" in curves_alt(nothing)
    assert words.heading(nothing) == "ALSFRS-R: no answer for this plan"
    assert words.answer(nothing) == (
        "Nothing can be said: nobody who was drawn meets the entry rule.",
    )
    assert words.warning(nothing) == ""
    assert words.visits_sentence(nothing, ()) == ""
    json.dumps(tables.plan_json(nothing, (), ()), allow_nan=False)


def test_the_alternative_text_names_first_planned_and_last():
    text = curves_alt(found())
    for part in ("6 patients", "12 patients", "30 patients", "41.0 %", "80.0 %", "21.0 %"):
        assert part in text
    assert visits_alt(found(), DESIGNS) == (
        "ALSFRS-R: smallest change that stands out in 80 of 100 trials of 12 patients, "
        "points/month, with 2 visits a side: 0.96 ± 0.01; 2 + 4 visits: 0.80 ± 0.01; "
        "3 visits a side: 0.84 ± 0.01; 6 visits a side: 0.64 ± 0.01."
    )


def test_sentences_of_a_misleading_plan():
    said = words.answer(found())
    assert words.heading(found()) == (
        "ALSFRS-R, 30 % less steep: 21 of 100 trials of 12 patients would stand out"
    )
    assert "21 of 100 (Monte Carlo SE 1.2)" in said[0]
    assert "above +0.80 points/month" in said[0]
    assert said[1] == (
        "P < 0.05 in favour (paired t test of no change): 80 of 100 of these trials. With no "
        "treatment effect, 41 of 100 such trials would still show it; a test at 0.05 lets expect "
        "2.5."
    )
    assert said[2] == (
        "Smallest change that 80 of 100 such trials would find: +0.80 points/month (Monte Carlo SE "
        "0.002) when judged against untreated trials; +0.40 points/month for P < 0.05."
    )
    assert "55 of 100 untreated people meet the entry rule (run-in slope ≤ −1" in said[3]
    assert "10 of 100 of those who start have no slope" in said[3]
    assert len(said) == 4
    assert "41 of 100" in words.warning(found())
    assert "entry rule that does not look at recent decline" in words.warning(found())
    assert "A run-in of 6 months or more" in words.warning(found())
    long = found().plan.with_(run_in_months=9)
    assert "A run-in of 6 months" not in words.warning(found(plan=long))


def test_a_change_without_meaning_is_not_given():
    plan = Plan(n=30, entry=("slope_at_most:-1",))
    assert "it has no meaning" in words.answer(found(plan=plan))[2]


def test_a_plan_that_holds_its_level_has_no_warning():
    fair = (point(12, 140, 14, 210, 0.7),)
    plan = Plan(n=12)
    assert words.warning(found(plan=plan, points=fair)) == ""
    assert "1.4 of 100 such trials" in words.answer(found(plan=plan, points=fair))[1]
    bent = (point(12, 300, 120, 210, 0.7),)
    assert "by itself" in words.warning(found(plan=plan, points=bent))
    assert "Everybody is taken" in words.answer(found(plan=plan, points=fair))[3]


def test_people_beyond_the_scale_are_told():
    beyond = found(beyond=SimulatedShare(12_000, 30_000))
    assert "40 of 100 of those who start leaves the scale" in words.answer(beyond)[4]


def test_windows_outside_the_calibration_are_told():
    assert not any(text.startswith("Extrapolated") for text in words.answer(found()))
    long = found().plan.with_(run_in_months=24)
    assert words.answer(found(plan=long))[-1].startswith("Extrapolated: the run-in of 24")


def test_visits_or_patients_in_a_sentence():
    assert words.visits_sentence(found(), DESIGNS) == (
        "Judged against untreated trials, 12 patients with 2 + 4 visits (72 visits in all) detect "
        "what 18 with 2 visits a side (72 visits in all) or 9 with 6 visits a side (108 visits in "
        "all) do."
    )
    assert words.visits_sentence(found(), (DESIGNS[1],)) == ""


def test_tables_carry_every_number():
    table = tables.curve_table(found())
    assert table["patients"].tolist() == [6, 12, 30]
    assert table["planned"].tolist() == ["", "yes", ""]
    assert table["false success, P < 0.05 in favour (%)"].tolist() == [25.0, 41.0, 85.0]
    assert math.isnan(table["smallest change for P < 0.05 (points/month)"][2])
    visits = tables.visits_table(found(), DESIGNS)
    assert visits["patients for the same"].tolist() == ["18", "12", "14", "9", "–"]
    assert visits["note"].tolist() == ["", "", "", "", "too rare"]
    assert len(tables.visits_numbers(found(), DESIGNS)) == 12


def test_other_natural_histories_in_words():
    assumed = assumed_history(DEFAULT).preset
    rows = (
        PlanPreset(assumed, True, SimulatedShare(410, 1000), SimulatedShare(25, 1000)),
        PlanPreset(
            replace(assumed, label="other"),
            False,
            SimulatedShare(600, 1000),
            SimulatedShare(164, 1000),
        ),
    )
    assert words.presets_sentence(rows) == (
        "If another natural history is the true one, 2.5 (reference) to 16.4 (other) of 100 trials "
        "without an effect would stand out, instead of 2.5."
    )
    table = tables.presets_table(rows)
    assert table["natural history"].tolist() == ["reference (plan)", "other"]
    assert table["of 100, stand out with no effect"].tolist() == ["2.5", "16.4"]


def test_every_assumption_has_a_source_and_the_file_is_json():
    whole = found(plan=Plan(n=12, entry=("fvc_at_least:40",), dropout_per_month=0.02))
    table = tables.assumptions(whole)
    of_parts = table[table["part"] != "software"]
    assert (of_parts["source"] != "").all()
    values = dict(zip(table["parameter"], table["value"], strict=True))
    assert values["patients who start"] == 12
    assert values["entry rule"] == "FVC at least 40 % predicted"
    assert values["lost to follow-up"] == 2
    assert values["seed"] == DEFAULT.seed
    assert {"natural history, ALSFRS-R", "natural history, FVC"} <= set(table["part"])
    own = tables.assumptions(found(plan=found().plan.with_(dropout_per_month=None)))
    assert (own["part"] == "natural history, deaths and dropout").sum() == 6
    assert (own.loc[own["part"] != "software", "source"] != "").all()
    alone = tables.assumptions(found(plan=found().plan.with_(dropout_per_month=0.0)))
    assert "natural history, deaths and dropout" not in set(alone["part"])
    assert "natural history, FVC" not in set(alone["part"])
    plain = json.loads(json.dumps(tables.plan_json(whole, DESIGNS, ()), allow_nan=False))
    assert plain["schema"] == "alslope-plan-1"
    assert plain["plan"]["n"] == 12
    assert plain["by_patients"][1]["false_success"]["share"] == 0.41
    assert plain["by_patients"][2]["smallest_change_tested"]["value"] is None
    assert plain["by_visits"][0]["patients_for_the_same_standard_error"] == 18
    assert len(plain["assumptions"]) == len(table)
