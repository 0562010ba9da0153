"""Where tests are one-sided every P says so, and a P that stays two-sided says that."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis.compare import compare
from analysis.comparison import Comparison, EndpointComparison
from analysis.details import group_model
from analysis.diagnosis import diagnose
from analysis.grouping import grouping_of
from analysis.hinge_model import hinge_model
from analysis.leave_one_out import leave_one_out
from analysis.leave_visit_out import leave_visit_out
from analysis.population_model import population_model
from analysis.settings import Alternative, Settings
from analysis.variants import Variant, side_by_side
from data.examples import load_example
from data.trial import Trial
from report import detail_tables, dropout_words, group_words, placebo_words, specification_tables
from report.charts.groups import changes_of, groups_alt, groups_figure
from report.charts.leave_one_out import leave_one_out_alt, leave_one_out_figure
from report.charts.leave_visit_out import leave_visit_out_alt, leave_visit_out_figure
from report.charts.other_run_ins import other_run_ins_alt, other_run_ins_figure
from report.charts.placebo_dates import placebo_alt, placebo_figure
from report.charts.variants import variants_alt, variants_figure
from report.diagnostic_words import diagnostics_table
from report.look import LIGHT
from report.run_in_words import run_ins_table
from report.variant_words import variants_table
from report.whatif_report import whatif_report
from report.whatif_text import report_text

P_VALUE = re.compile(r"(?:\bP [=<] |\bP from |\bP between )(?!0\.05\b(?! \())[\d.]+")
SIDES = (" (one-sided)", " (two-sided)")
TRIALS = {"after-shamsaei-2023": "less steep", "after-oh-2018": "steeper"}
EACH = pytest.mark.parametrize("name", list(TRIALS))


@cache
def opened(name: str, alternative: Alternative | None = None) -> tuple[Trial, Comparison]:
    """Return a bundled trial under one-sided tests."""
    example = load_example(name)
    side = alternative or TRIALS[name]
    plain = {**example.settings, "alternative": side, "flips": 1_000, "resamples": 1_000}
    settings, problems = Settings.from_json(plain)
    assert problems == ()
    return example.trial, compare(example.trial, settings)


def of(comparison: Comparison, key: str) -> EndpointComparison:
    result = comparison.endpoint(key)
    assert result is not None
    return result


@cache
def report_of(name: str, alternative: Alternative | None = None) -> Any:
    trial, comparison = opened(name, alternative)
    return whatif_report(
        trial, comparison, (Variant("", comparison.settings),), "small", visits_of=0
    )


def unmarked(text: str) -> list[str]:
    """Return each P value of a text behind which no side stands."""
    return [
        found.group()
        for found in P_VALUE.finditer(text)
        if not text[found.end() :].startswith(SIDES)
    ]


def words_on(fig: go.Figure) -> str:
    """Return what is written and what is told on hovering, without the cells of columns."""
    said = [a.text for a in fig.layout.annotations]
    said += [fig.layout.title.text or ""]
    said += [str(entry) for t in fig.data if t.customdata is not None for entry in t.customdata]
    said += [str(entry) for t in fig.data if t.text is not None for entry in t.text]
    return "\n".join(said)


def told(trial: Trial, comparison: Comparison, key: str, one: Any) -> dict[str, str]:
    """Return the figures of one endpoint as text."""
    names, settings, result = trial.patient_ids, comparison.settings, of(comparison, key)
    without = leave_one_out(result, settings)
    visits = leave_visit_out(trial, result, settings, int(without.patient[0]))
    beside = [("V", side_by_side(trial, comparison, Variant("", settings)))]
    return {
        "leave one out": words_on(leave_one_out_figure(result, without, names, LIGHT)),
        "leave one out alt": leave_one_out_alt(result, without, names),
        "visits": words_on(leave_visit_out_figure(result, visits, one.day0, names, LIGHT)),
        "visits alt": leave_visit_out_alt(result, visits, one.day0, names),
        "run-ins": words_on(other_run_ins_figure(result, one.run_ins, LIGHT)),
        "run-ins alt": other_run_ins_alt(result, one.run_ins),
        "placebo": words_on(placebo_figure(result, one.answers.placebo, LIGHT)),
        "placebo alt": placebo_alt(result, one.answers.placebo),
        "variants": words_on(variants_figure(result, beside, LIGHT, settings.confidence)),
        "variants alt": variants_alt(result, beside),
    }


@EACH
def test_no_p_of_a_one_sided_page_stands_without_its_side(name):
    trial, comparison = opened(name)
    report = report_of(name)
    for key, one in report.endpoints.items():
        for what, text in told(trial, comparison, key, one).items():
            assert unmarked(text) == [], what
    assert unmarked(report_text(report)) == []


@EACH
def test_figures_with_bare_p_in_a_column_say_it_in_their_head(name):
    trial, comparison = opened(name)
    _, plain = opened(name, "two-sided")
    for key, one in report_of(name).endpoints.items():
        two = told(trial, plain, key, report_of(name, "two-sided").endpoints[key])
        for what, text in told(trial, comparison, key, one).items():
            if what in ("leave one out", "visits", "run-ins", "variants"):
                assert ", one-sided P" in text, what
                assert "-sided" not in two[what], what


@EACH
def test_cells_of_tables_say_the_side(name):
    trial, comparison = opened(name)
    ids, side = trial.patient_ids, comparison.settings.alternative
    for key, one in report_of(name).endpoints.items():
        result = of(comparison, key)
        beside = [("V", side_by_side(trial, comparison, Variant("", comparison.settings)))]
        cells = pd.Series(
            cell
            for table in (
                variants_table(key, result.lead, beside, ids, ids, side),
                run_ins_table(one.run_ins, ids, ids, alternative=side),
                dropout_words.patterns_table(one.dropouts, ids, ids, side),
                placebo_words.dates_table(one.answers.placebo, side),
                specification_tables.joint_table(one.answers.curve.joint, side),
            )
            for cell in table["P"]
        )
        known = cells[cells.str.contains(r"\d")]
        assert len(known) > 10
        assert known.str.endswith(" (one-sided)").all()


def test_what_stays_two_sided_says_so_where_other_tests_are_not():
    trial, comparison = opened("after-shamsaei-2023")
    _, plain = opened("after-shamsaei-2023", "two-sided")
    for result in comparison.endpoints:
        same = of(plain, result.endpoint.key)
        model = hinge_model(trial, result.endpoint.key, comparison.settings)
        population = population_model(trial, result.endpoint.key, comparison.settings)
        rate, unit, side = result.rate, result.unit, result.alternative
        one, two = (
            [
                detail_tables.further_analyses(r)["result"].iloc[0],
                detail_tables.population_sentence(population, rate, unit, r.alternative),
                detail_tables.model_checks(model, rate, unit, r.alternative)["result"].iloc[1],
            ]
            for r in (result, same)
        )
        for marked, bare in zip(one, two, strict=True):
            assert marked == re.sub(r"(P [=<] [\d.]+)", r"\1 (two-sided)", bare)
        heads = detail_tables.model(model, rate, unit, side).columns[-2:]
        assert list(heads) == ["P (Kenward–Roger, two-sided)", "P (Satterthwaite, two-sided)"]
        heads = detail_tables.model(model, rate, unit).columns[-2:]
        assert list(heads) == ["P (Kenward–Roger)", "P (Satterthwaite)"]
    found = dict(zip(*_checks(trial, comparison), strict=True))
    assert "P (one-sided) " in found["leaving out one patient"]
    assert " (two-sided), n = " in found["slope before and change (Oldham)"]
    assert "-sided" not in " ".join(_checks(trial, plain)[1])


def _checks(trial: Trial, comparison: Comparison) -> tuple[pd.Series, pd.Series]:
    result = comparison.endpoints[0]
    found = diagnose(result, comparison.settings)
    table = diagnostics_table(comparison, result, found, trial.patient_ids)
    return table["check"], table["finding"]


@pytest.mark.parametrize(
    ("name", "grouping", "side"),
    [("after-oh-2018", None, "one-sided"), ("every-detail", "sex", "two-sided")],
)
def test_groups_are_tested_one_sided_only_against_a_control(name, grouping, side):
    example = load_example(name)
    settings, problems = Settings.from_json({**example.settings, "alternative": "less steep"})
    assert problems == ()
    settings = settings.with_(**({"group_by": grouping} if grouping else {}))
    comparison = compare(example.trial, settings)
    result = comparison.endpoints[0]
    assert result.groups is not None
    assert result.groups.difference is not None
    assert f"({side})" in group_words.sentence(result, result.groups)
    towards = group_words.direction(result)
    members = changes_of(result, grouping_of(example.trial, settings.group_by), result.groups)
    args = (result.endpoint, result.unit, members, result.groups.difference.primary)
    drawn = words_on(groups_figure(*args, example.trial.patient_ids, LIGHT, alternative=towards))
    for text in (drawn, groups_alt(*args, towards)):
        assert ("(one-sided)" in text) == (side == "one-sided")
    model = group_model(example.trial, result, settings)
    assert model is not None
    assert "(two-sided)" in group_words.model_sentence(result, model)
