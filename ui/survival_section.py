"""Survival of the whole trial with the function of who is still there."""

from __future__ import annotations

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.survival import Survival, survival
from analysis.survivor_function import function_courses
from data.trial import Trial
from report import survival_words
from report.exhibits.patients import survival_chart
from ui import state
from ui.cache import once
from ui.figures import show_figure
from ui.tables import show_small_table
from ui.text import inert


def survival_section(
    trial: Trial, comparison: Comparison, results: tuple[EndpointComparison, ...]
) -> None:
    """Draw survival from day 0 above the median course of each endpoint, or say why not."""
    settings = comparison.settings
    found = once(("survival", trial.instance, settings.key), lambda: survival(trial, settings))
    st.markdown(f"##### {survival_words.HEADING}")
    if not found.n_events:
        st.info(inert(survival_words.sentence(found)), icon=":material/info:")
        _notes(found)
        return
    st.markdown(inert(survival_words.sentence(found)))
    courses = once(
        (
            "function-courses",
            trial.instance,
            settings.key,
            tuple(result.endpoint.key for result in results),
        ),
        lambda: function_courses(found, results),
    )
    position = show_figure(survival_chart(trial, comparison, found, courses), trial)
    if position is not None:
        state.open_patient(position)
    st.caption(inert(survival_words.NOT_FROM_ONSET))
    if len(found.curves) > 1:
        show_small_table(survival_words.survival_table(found), "survival-groups", trial)
    _notes(found)


def _notes(found: Survival) -> None:
    for note in survival_words.notes(found):
        st.caption(inert(note))
