"""What stands behind the verdicts of the Untreated page: responders, regression, deceleration."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.natural_shrinkage import shrunken_slopes
from analysis.untreated.deceleration import MOST_TRIALS, Deceleration
from analysis.untreated.outcome import Untreated, UntreatedEndpoint
from analysis.untreated.regression import RegressionReport
from data.trial import Trial
from report import untreated_tables as tables
from report import untreated_words as words
from report.charts.run_in import run_in_values
from report.exhibits.untreated import deceleration_chart, run_in_chart, untreated_responders_chart
from ui import state
from ui.cache import once
from ui.figures import Chart, show_figure
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import bends_of, regression_of

Results = Sequence[EndpointComparison]


def responders_tab(trial: Trial, comparison: Comparison, results: Results, all_: Untreated) -> None:
    """Draw responders here beside those among untreated people, by every rule."""
    st.caption(
        "Untreated: the same patients with their own run-ins and visit times, their courses after "
        "day 0 drawn from the natural history; the same rules and denominators. This holds what "
        "visit noise, a run-in that was steep by chance, and slopes that change by themselves do."
    )
    for result in results:
        found = all_.endpoint(result.endpoint.key)
        if found is None or found.reason:
            _nothing(result, "" if found is None else found.reason)
            continue
        _responders(trial, comparison, result, found)


def _responders(
    trial: Trial, comparison: Comparison, result: EndpointComparison, found: UntreatedEndpoint
) -> None:
    _show(untreated_responders_chart(trial, comparison, result, found), trial)
    every = tables.responders(found)
    show_small_table(
        every.drop(columns=[name for name in every.columns if name.endswith(", all")]),
        f"untreated-responders-{result.endpoint.key}",
        trial,
        export=every,
    )


def regression_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw run-in slopes as seen and drawn together, and the change that this lets expect."""
    st.caption(
        "A slope that was steep by chance comes back towards the mean with no treatment at all. "
        "Seen slopes are drawn towards the mean by their reliability: towards these patients’ own "
        "mean (a moment estimate), and given the natural history (all visits up to day 0). The "
        "interval of the adjusted change takes the natural history as known."
    )
    if any(result.against_control is not None for result in results):
        st.info("All arms together, the control too.", icon=":material/info:")
    found = regression_of(trial, comparison)
    for result in results:
        report = found.get(result.endpoint.key)
        if report is None or not result.n:
            _nothing(result, "" if report is None else report.formula.reason)
            continue
        _regression(trial, comparison, result, report)


def _regression(
    trial: Trial, comparison: Comparison, result: EndpointComparison, report: RegressionReport
) -> None:
    key, endpoint = result.endpoint.key, result.endpoint
    shrunken = once(
        ("shrunken", trial.instance, comparison.settings.comparison_key, key),
        lambda: shrunken_slopes(result),
    )
    values, chosen = run_in_values(result, shrunken, report), state.view().patient
    grid = st.grid(2, min_column_width=420)
    with grid.cell():
        _show(run_in_chart(trial, comparison, result, values, chosen), trial)
        if shrunken.reason:
            st.caption(f"Not drawn to these patients’ mean: {shrunken.reason}.")
    with grid.cell():
        show_small_table(tables.regression(result, report), f"regression-{key}", trial)
        if note := words.regression_note(result, report):
            st.caption(inert(note))
        if report.formula.reason:
            st.caption(inert(report.formula.reason))
        st.markdown(f"**Run-ins of other lengths, {endpoint.label}**")
        lengths = tables.run_in_reliability(report.table, f"{endpoint.change_unit}/month")
        show_small_table(lengths, f"reliability-{key}", trial)


def deceleration_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw what courses that bend by themselves do, and how much of it would be enough."""
    st.caption(
        "The same simulated trials with courses that slow by themselves, before as after day 0: "
        "the slope becomes less steep by the curvature each month. Nothing else is changed; of the "
        "two mean slopes it is the one with the larger change untreated. At most "
        f"{MOST_TRIALS} trials a curvature: the first row can differ a little from the card."
    )
    found = bends_of(trial, comparison)
    if found is None:
        return
    grid = st.grid(min(2, len(results)), min_column_width=420)
    for result in results:
        bends = found.get(result.endpoint.key)
        with grid.cell():
            if bends is None or not bends.rows:
                _nothing(result, "no natural history is known, or nobody can be compared")
            else:
                _bends(trial, comparison, result, bends)


def _bends(
    trial: Trial, comparison: Comparison, result: EndpointComparison, bends: Deceleration
) -> None:
    endpoint, unit = result.endpoint, result.unit
    st.markdown(inert(words.bend_sentence(bends)))
    _show(deceleration_chart(trial, comparison, result, bends), trial)
    show_small_table(tables.deceleration(bends, unit), f"deceleration-{endpoint.key}", trial)


def _nothing(result: EndpointComparison, reason: str) -> None:
    why = reason or f"no natural history is known for {result.endpoint.label}"
    st.info(f"{result.endpoint.label}: {inert(why.removesuffix('.'))}.", icon=":material/info:")


def _show(chart: Chart, trial: Trial) -> None:
    position = show_figure(chart, trial)
    if position is not None:
        state.open_patient(position)
