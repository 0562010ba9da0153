"""Survival of the whole trial with the function of who is still there."""

from __future__ import annotations

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.survival import Survival, survival
from analysis.survivor_function import FunctionCourse, function_courses
from data.trial import Trial
from report import survival_words
from report.charts.survival import survival_figure
from report.frames import frame_for
from ui import state
from ui.cache import once
from ui.figures import Chart, show_figure
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
    position = show_figure(_chart(trial, comparison, found, courses), trial)
    if position is not None:
        state.open_patient(position)
    st.caption(inert(survival_words.NOT_FROM_ONSET))
    if len(found.curves) > 1:
        show_small_table(survival_words.survival_table(found), "survival-groups", trial)
    _notes(found)


def _notes(found: Survival) -> None:
    for note in survival_words.notes(found):
        st.caption(inert(note))


def _chart(
    trial: Trial, comparison: Comparison, found: Survival, courses: tuple[FunctionCourse, ...]
) -> Chart:
    return Chart(
        name="survival",
        build=lambda look, names: survival_figure(found, courses, names, look),
        depends=(comparison.settings.key, tuple(c.endpoint.key for c in courses)),
        frame=frame_for(survival_words.HEADING, survival_words.NOT_FROM_ONSET, comparison, trial),
        alt=survival_words.alt(found),
        numbers=lambda _: survival_words.survival_numbers(found, courses),
    )
