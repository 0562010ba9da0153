"""Dropouts: who stopped when, and what the result would be with those who are missing."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.dropout_sensitivity import DropoutSensitivity, dropout_sensitivity
from data.trial import Trial
from report import dropout_words as words
from report.exhibits.what_if import follow_up_slopes_chart, tipping_chart
from report.tables import export_names
from ui import state
from ui.cache import once
from ui.figures import show_figure
from ui.tables import show_small_table
from ui.text import inert
from ui.untreated_results import untreated_said


def dropouts_of(
    trial: Trial, comparison: Comparison, result: EndpointComparison
) -> DropoutSensitivity:
    """Return the dropouts of one endpoint, computed at most once."""
    settings = comparison.settings
    key = ("dropouts", trial.instance, settings.comparison_key, result.endpoint.key)
    return once(key, lambda: dropout_sensitivity(trial, result, settings))


def dropouts_tab(
    trial: Trial, comparison: Comparison, results: Sequence[EndpointComparison]
) -> None:
    """Draw who is missing after day 0, and other assumptions about them."""
    st.caption(words.WHAT_IT_IS)
    if any(result.against_control is not None for result in results):
        st.info(
            f"All arms together ({', '.join(inert(arm) for arm in comparison.arms)}): not the "
            "comparison of the headline.",
            icon=":material/info:",
        )
    for result in results:
        _endpoint(trial, comparison, result)


def _endpoint(trial: Trial, comparison: Comparison, result: EndpointComparison) -> None:
    found, key = dropouts_of(trial, comparison, result), result.endpoint.key
    st.markdown(f"##### {result.endpoint.label}")
    ids = trial.patient_ids
    sentences = (
        words.missing_sentence(found, ids),
        words.before_sentence(result, found),
        words.length_sentence(found),
        words.tipping_sentence(result, found.tipping),
    )
    st.markdown("  \n".join(inert(sentence) for sentence in sentences if sentence))
    charts = [follow_up_slopes_chart(trial, comparison, result, found, state.view().patient)]
    if found.delta is not None:
        charts.append(tipping_chart(trial, comparison, result, found))
    grid = st.grid(len(charts), min_column_width=420)
    for chart in charts:
        with grid.cell():
            clicked = show_figure(chart, trial)
        if clicked is not None:
            state.open_patient(clicked)
    show_small_table(
        words.patterns_table(found, ids, ids, result.alternative),
        f"dropout-patterns-{key}",
        trial,
        export=words.patterns_table(found, ids, export_names(trial), result.alternative),
        untreated=untreated_said(trial, comparison, key),
    )
    if any(not one.reason for one in found.patterns[1:]):
        st.caption(words.CAVEATS)
