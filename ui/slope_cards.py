"""The answer of the Slopes page: one card and one figure an endpoint."""

from __future__ import annotations

import streamlit as st

from analysis.compare import Comparison, EndpointComparison
from data.trial import Trial
from report import tables, words
from report.charts.paired import paired_figure
from report.frames import frame_for
from ui import state
from ui.figures import Chart, show_figure
from ui.tables import show_table


def answer(trial: Trial, comparison: Comparison, result: EndpointComparison) -> int | None:
    """Draw the headline of one endpoint and its paired figure.

    Returns
    -------
    int or None
        Position of the patient who was clicked.
    """
    with st.container(border=True):
        st.markdown(
            f"### {words.heading(result)}\n{words.numbers_line(result)}  \n"
            f":gray[{words.means_line(result)}]"
        )
    chosen = state.view().patient
    chart = Chart(
        name=f"slopes-{result.endpoint.key}",
        build=lambda look, names: paired_figure(comparison, result, names, look, chosen),
        depends=(comparison.settings.key, chosen),
        frame=frame_for(words.heading(result), words.results_sentence(result), comparison, trial),
        alt=words.alt_text(result),
        numbers=lambda names: tables.per_patient(comparison, result, names),
        print_width=620,
        saves=result.n > 0,
    )
    return show_figure(chart, trial)


def patients_table(trial: Trial, comparison: Comparison, result: EndpointComparison) -> None:
    """Draw every patient's slopes, change, visits, and the reason of who is not in the test."""
    st.markdown(f"##### {result.endpoint.label}, {result.unit}")
    number = st.column_config.NumberColumn(format="%.2f")
    show_table(
        tables.per_patient(comparison, result, trial.patient_ids).drop(
            columns=["endpoint", "unit"]
        ),
        f"patients-{result.endpoint.key}",
        trial,
        columns=dict.fromkeys(tables.RATE_COLUMNS, number),
        export=tables.per_patient(comparison, result, tables.export_names(trial)),
    )
