"""The Patients page for one person."""

from __future__ import annotations

import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from data.trial import Trial
from report import tables, words
from report.charts.patient import patient_figure
from report.frames import frame_for
from ui import state
from ui.decisions import decide
from ui.figures import Chart, show_figure
from ui.patient_cards import choose_patient, patient_cards
from ui.tables import show_table
from ui.text import inert


def one_patient(
    trial: Trial, comparison: Comparison, results: tuple[EndpointComparison, ...]
) -> None:
    """Draw one patient's course, numbers and visits."""
    patient, zoom = choose_patient()
    grid = st.grid(4, min_column_width=210)
    with grid.cell(column_span=3):
        show_figure(_course_chart(trial, comparison, results, patient, zoom=zoom), trial)
    with grid.cell():
        patient_cards(trial, comparison, results, patient)
    st.markdown(f"##### Visits of {inert(trial.patient_ids[patient])}")
    names = tables.export_names(trial)
    show_table(
        tables.visits(trial, comparison, patient),
        "visits",
        trial,
        columns={
            "month": st.column_config.NumberColumn(format="%.1f"),
            "value": st.column_config.NumberColumn(format="%g"),
        },
        export=tables.course_numbers(trial, comparison, [patient], names),
    )
    decide(trial, comparison, patient)


def _course_chart(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
    *,
    zoom: bool,
) -> Chart:
    name = tables.export_names(trial)[patient]
    return Chart(
        name="patient",
        build=lambda look, names: patient_figure(
            trial, comparison, results, patient, names[patient], look, zoom=zoom
        ),
        depends=(comparison.settings.key, state.view().show, patient, zoom),
        frame=frame_for(f"Patient {name}", words.PATIENT_LEGEND, comparison, trial),
        alt=words.patient_alt(comparison, results, patient),
        numbers=lambda names: tables.course_numbers(trial, comparison, [patient], names),
        keep_zoom=f"{patient} {zoom}",
        file_name=f"patient-{name}",
    )
