"""What stands one click behind the headline of the Slopes page, one function a tab."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.baseline import baseline_table
from analysis.change_from_day0 import change_from_day0
from analysis.comparison import Comparison, EndpointComparison
from analysis.details import baseline_grouping
from analysis.diagnosis import Diagnosis, diagnose
from analysis.hinge_course import hinge_course
from analysis.hinge_model import HingeModel
from data.trial import Trial
from report import detail_tables, tables, words
from report.caveats import caveats
from report.charts.diagnostics import before_change_alt, before_change_figure, qq_alt, qq_figure
from report.charts.leave_one_out import leave_one_out_alt, leave_one_out_figure
from report.charts.parts import Names
from report.charts.residuals import residuals_alt, residuals_figure
from report.charts.waterfall import waterfall_alt, waterfall_figure
from report.diagnostic_words import diagnostics_table
from report.exhibits.chart import Spot
from report.exhibits.slopes import (
    detail_chart,
    mean_course_chart,
    model_course_chart,
    responders_chart,
)
from report.look import Look
from report.methods_text import methods_paragraph
from report.tables import export_names
from ui import state
from ui.basket import add_button
from ui.cache import once
from ui.figures import Chart, show_figure
from ui.models import model_of, population_of
from ui.setting_widgets import several, toggle, whole
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import untreated_if_light, untreated_said

Results = Sequence[EndpointComparison]

_CHECK_CHARTS: Final = {
    "each": "Without each patient",
    "waterfall": "Every patient’s change",
    "normal": "Normal plot",
    "residuals": "Visits about their lines",
    "coupling": "Slope before and change",
}


def _covariates(trial: Trial) -> dict[str, str]:
    """Return the facts of the patients that can enter the model, in words."""
    words_of = {"age": "age", "sex": "sex", "onset_site": "site of onset"}
    known = trial.patients
    return {
        name: said
        for name, said in words_of.items()
        if len(set(known[name].replace("", None).dropna())) > 1
    }


def _diagnosis(trial: Trial, comparison: Comparison, result: EndpointComparison) -> Diagnosis:
    settings = comparison.settings
    return once(
        ("diagnosis", trial.instance, settings.key, result.endpoint.key),
        lambda: diagnose(result, settings),
    )


def _pooled_note(comparison: Comparison, results: Results) -> None:
    """Say that a tab is about all arms together where the headline is about their difference."""
    if any(result.against_control is not None for result in results):
        st.info(
            f"All arms together ({', '.join(comparison.arms)}): not the comparison of the "
            "headline, which stands under Groups.",
            icon=":material/info:",
        )


def tests_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw every test and effect size, and what else is known of the mean change."""

    def kept(name: str, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        return once(("tests", name, trial.instance, comparison.settings.key), make)

    if any(result.n for result in comparison.endpoints):
        main = kept("main", lambda: tables.tests_on_screen(comparison, exploratory=False))
        if len(main):
            show_small_table(
                main,
                "tests",
                trial,
                export=kept("saved", lambda: tables.tests(comparison)),
                untreated=untreated_said(trial, comparison),
                spot=Spot("tests"),
            )
    controlled = any(result.against_control is not None for result in results)
    st.caption(
        (
            "The headline is the difference to the control, under Groups. The tests here are of "
            "all arms together and exploratory. "
            if controlled
            else "The paired t test is primary; the sign-flip and signed-rank tests support it; "
            "everything else is exploratory. They are read together, not picked from. "
        )
        + f"{words.holm_line(comparison)} {detail_tables.joint_line(comparison)}"
    )
    further_tests = st.expander(
        "Exploratory: other tests, effect sizes, Bayes factor, equivalence",
        key="w.exploratory",
        on_change="rerun",
    )
    # Drawn when it is open: its tables would be a fifth of every change of a setting.
    if not further_tests.open:
        return
    with further_tests:
        more = kept("more", lambda: tables.tests_on_screen(comparison, exploratory=True))
        if len(more):
            show_small_table(
                more,
                "exploratory",
                trial,
                export=kept("saved", lambda: tables.tests(comparison)),
                untreated=untreated_said(trial, comparison),
            )
        for result in results:
            name = f"further-{result.endpoint.key}"
            further = kept(name, partial(detail_tables.further_analyses, result))
            if len(further):
                st.markdown(f"##### {result.endpoint.label}")
                said = untreated_said(trial, comparison, result.endpoint.key)
                show_small_table(further, name, trial, untreated=said)


def model_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw the mixed model of all visits."""
    _pooled_note(comparison, results)
    st.caption(
        "One model of all visits, also of patients with too few visits for slopes of their own: a "
        "mean course that may bend at day 0, and each patient’s own level, slope and bend. It "
        "estimates the same change as the paired t test and supports it. REML; degrees of freedom "
        "by Kenward & Roger, Satterthwaite’s beside them."
        + (
            " It takes the slope before from the visits, not from onset as the headline does."
            if any(result.slopes.run_in_used == "onset" for result in results)
            else ""
        )
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        toggle("two_variances", "Visits may scatter differently after day 0")
        several(
            "model_covariates",
            "Covariates of the level",
            _covariates(trial),
            "Centred; patients of whom one is not known are left out of the model and named.",
        )
    for result in results:
        st.markdown(f"##### {result.endpoint.label}")
        found, key = model_of(trial, comparison, result), result.endpoint.key
        side = result.alternative
        if not found.estimable:
            st.info(f"The model cannot be estimated: {found.reason}.", icon=":material/info:")
            continue
        show_small_table(
            detail_tables.model(found, result.rate, result.unit, side),
            f"model-{key}",
            trial,
            untreated=untreated_said(trial, comparison, key),
        )
        st.caption(f"{found.n_patients} patients, {found.n_rows} visits. {' '.join(found.notes)}")
        if found.explanation:
            st.warning(found.explanation, icon=":material/info:")
        _model_course(trial, comparison, result, found)
        show_small_table(
            detail_tables.model_spread(found, f"{result.endpoint.change_unit}/month"),
            f"spread-{key}",
            trial,
        )
        population = population_of(trial, comparison, result)
        st.caption(
            inert(detail_tables.population_sentence(population, result.rate, result.unit, side))
        )
        checks = detail_tables.model_checks(found, result.rate, result.unit, side)
        show_small_table(checks, f"shape-{key}", trial)


def _model_course(
    trial: Trial, comparison: Comparison, result: EndpointComparison, found: HingeModel
) -> None:
    """Draw the mean course of the model; its file holds the course and the observed means."""
    settings, endpoint = comparison.settings, result.endpoint
    course = once(
        ("model course", trial.instance, settings.key, endpoint.key),
        lambda: hinge_course(found, endpoint),
    )
    said = untreated_said(trial, comparison, endpoint.key)
    show_figure(model_course_chart(trial, comparison, result, found, course, said), trial)


def responders_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw how many patients meet each rule, with both denominators."""
    _pooled_note(comparison, results)
    st.caption(
        "Whoever declined too little before day 0 cannot be judged in per cent and is not "
        "assessable. “Expected if nothing changed” is what visit noise alone produces with these "
        "visits, for patients who were not chosen for their slope before."
    )
    whole("meaningful_percent", "A change that matters, % of the typical untreated decline")
    for result in results:
        _responders(trial, comparison, result)


def _responders(trial: Trial, comparison: Comparison, result: EndpointComparison) -> None:
    said = untreated_said(trial, comparison, result.endpoint.key)
    _show(responders_chart(trial, comparison, result, said), trial)
    if result.n and not any(math.isfinite(one.expected_of_all) for one in result.responders):
        st.caption("What noise alone produces is not known with this way of estimating slopes.")
    with st.expander("Numbers"):
        show_small_table(
            detail_tables.responders(result),
            f"responders-{result.endpoint.key}",
            trial,
            untreated=untreated_said(trial, comparison, result.endpoint.key),
            spot=Spot("responder-table", result.endpoint.key),
        )


def checks_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw what could be wrong with the comparison: one chart of choice, and every check."""
    _pooled_note(comparison, results)
    kind = st.segmented_control(
        "Figure",
        list(_CHECK_CHARTS),
        format_func=_CHECK_CHARTS.__getitem__,
        default="each",
        key="w.check",
        label_visibility="collapsed",
    )
    for result in results:
        if result.n < 2:
            st.info(f"{result.endpoint.label}: {words.n_text(result)}, nothing to check.")
            continue
        found = _diagnosis(trial, comparison, result)
        _check_chart(trial, comparison, result, found, kind or "each")
        show_small_table(
            diagnostics_table(comparison, result, found, trial.patient_ids),
            f"checks-{result.endpoint.key}",
            trial,
            export=diagnostics_table(comparison, result, found, export_names(trial)),
        )


def _check_chart(
    trial: Trial, comparison: Comparison, result: EndpointComparison, found: Diagnosis, kind: str
) -> None:
    selected = state.view().patient
    builds: dict[str, tuple[Callable[[Look, Names], go.Figure], str]] = {
        "each": (
            lambda look, names: leave_one_out_figure(
                result, found.without_each, names, look, selected
            ),
            leave_one_out_alt(result, found.without_each, trial.patient_ids),
        ),
        "waterfall": (
            lambda look, names: waterfall_figure(comparison, result, names, look, selected),
            waterfall_alt(result, comparison.settings.confidence),
        ),
        "normal": (
            lambda look, names: qq_figure(result, found.normal, names, look, selected),
            qq_alt(result, found.normal),
        ),
        "residuals": (
            lambda look, names: residuals_figure(result, found.residuals, names, look, selected),
            residuals_alt(result, found.residuals, trial.patient_ids),
        ),
        "coupling": (
            lambda look, names: before_change_figure(result, found.coupling, names, look, selected),
            before_change_alt(result, found.coupling),
        ),
    }
    build, alt = builds[kind]
    _chart(trial, comparison, result, name=kind, build=build, alt=alt)


def baseline_tab(trial: Trial, comparison: Comparison) -> None:
    """Draw the patients at day 0."""
    settings = comparison.settings
    table = once(
        ("baseline", trial.instance, settings.key),
        lambda: baseline_table(trial, settings, baseline_grouping(trial, comparison)),
    )
    show_small_table(detail_tables.baseline(table), "table-1", trial, spot=Spot("day-0"))
    notes = [f"{row.label}: {row.note}" for row in table.rows if row.note]
    st.caption(
        f"All patients that {'pass the filters' if settings.filters else 'were loaded'}, at the "
        "day 0 that is chosen. No P values: they say how "
        f"large groups are, not how unlike. {' '.join(notes)}"
    )


def courses_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw the mean course by visit month and the change from day 0."""
    _pooled_note(comparison, results)
    for result in results:
        _course(trial, comparison, result)


def _course(trial: Trial, comparison: Comparison, result: EndpointComparison) -> None:
    settings, key = comparison.settings, result.endpoint.key
    found = once(
        ("from day 0", trial.instance, settings.key, key),
        lambda: change_from_day0(trial, key, settings),
    )
    said = untreated_said(trial, comparison, key)
    _show(mean_course_chart(trial, comparison, result, found, said), trial)
    show_small_table(
        detail_tables.change_from_day0(found, settings.confidence),
        f"change-{key}",
        trial,
        spot=Spot("months", key),
    )
    st.caption(
        f"{result.endpoint.label}: change from the last value on or before day 0 to the visit "
        f"nearest to each month, n with a day-0 value = {found.n_day0}. Means over those who "
        "were seen: whoever is lost is not in them."
    )


def methods_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw the sentences that a text can carry."""
    lines = []
    for result in results:
        said = untreated_said(trial, comparison, result.endpoint.key)
        lines += [words.results_sentence(result), *([said] if said else [])]
    st.markdown("##### Results")
    st.code("\n".join(lines), language=None, wrap_lines=True)
    add_button(Spot("results"))
    st.markdown("##### Methods")
    found = untreated_if_light(trial, comparison)
    st.code(methods_paragraph(comparison, found), language=None, wrap_lines=True)
    add_button(Spot("methods"))
    st.markdown("##### Before quoting this")
    st.code("\n".join(caveats(comparison)) or "–", language=None, wrap_lines=True)
    add_button(Spot("limitations"))


def _chart(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    *,
    name: str,
    build: Callable[[Look, Names], go.Figure],
    alt: str,
) -> None:
    """Draw one figure of the details; a click on a patient opens the patient."""
    said = untreated_said(trial, comparison, result.endpoint.key)
    chosen = state.view().patient
    _show(detail_chart(trial, comparison, result, name, build, alt, said, chosen), trial)


def _show(chart: Chart, trial: Trial) -> None:
    position = show_figure(chart, trial)
    if position is not None:
        state.open_patient(position)
