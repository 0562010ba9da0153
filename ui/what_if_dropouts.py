"""Dropouts: who stopped when, and what the result would be with those who are missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.dropout_sensitivity import DropoutSensitivity, dropout_sensitivity
from data.trial import Trial
from report import dropout_words as words
from report.charts.follow_up_slopes import follow_up_alt, follow_up_figure, follow_up_numbers
from report.charts.parts import Names
from report.charts.tipping_point import tipping_alt, tipping_figure, tipping_numbers
from report.frames import frame_for
from report.look import Look
from report.tables import export_names
from ui import state
from ui.cache import once
from ui.figures import Chart, show_figure
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
    sentences = (
        words.missing_sentence(found, trial.patient_ids),
        words.before_sentence(result, found),
        words.length_sentence(found),
        words.tipping_sentence(result, found.tipping),
    )
    st.markdown("  \n".join(inert(sentence) for sentence in sentences if sentence))
    selected = state.view().patient
    figures: list[tuple[str, str, str, Callable[[Look, Names], go.Figure], str]] = [
        (
            "follow-up-slopes",
            f"{result.endpoint.label}: slope after by length of follow-up",
            words.association_sentence(found.after_by_length),
            lambda look, names: follow_up_figure(result, found, names, look, selected),
            follow_up_alt(result, found, trial.patient_ids),
        )
    ]
    numbers: list[Callable[[Names], pd.DataFrame]] = [
        lambda names: follow_up_numbers(result, found, names)
    ]
    if found.delta is not None:
        figures.append(
            (
                "tipping-point",
                f"{result.endpoint.label}: if the missing had changed differently (sensitivity)",
                words.tipping_sentence(result, found.tipping),
                lambda look, names: tipping_figure(result, found, look),
                tipping_alt(result, found),
            )
        )
        numbers.append(lambda names: tipping_numbers(result, found))
    grid = st.grid(len(figures), min_column_width=420)
    for (name, title, subtitle, build, alt), table in zip(figures, numbers, strict=True):
        with grid.cell():
            clicked = show_figure(
                Chart(
                    name=f"{name}-{key}",
                    build=build,
                    depends=(comparison.settings.key, selected),
                    frame=frame_for(
                        title,
                        subtitle,
                        comparison,
                        trial,
                        endpoint=key,
                    ),
                    alt=alt,
                    numbers=table,
                ),
                trial,
            )
        if clicked is not None:
            state.open_patient(clicked)
    show_small_table(
        words.patterns_table(found, trial.patient_ids, trial.patient_ids),
        f"dropout-patterns-{key}",
        trial,
        export=words.patterns_table(found, trial.patient_ids, export_names(trial)),
        untreated=untreated_said(trial, comparison, key),
    )
    if any(not one.reason for one in found.patterns[1:]):
        st.caption(words.CAVEATS)
