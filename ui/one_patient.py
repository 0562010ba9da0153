"""The Patients page for one person."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.day0 import day0_offsets
from data.trial import Trial
from report import tables
from report.charts.patient import PatientView
from report.exhibits.patients import patient_chart
from ui import state
from ui.decisions import decide, decide_value
from ui.figures import Chart, show_figure
from ui.patient_cards import (
    both_patients,
    endpoint_card,
    known_of_all,
    run_in_ahead,
    status_card,
)
from ui.patient_downloads import sheet_button
from ui.patient_search import choose_patient, pin_button, pinned_patient
from ui.tables import show_table
from ui.text import inert

_UNTIL_NIV: Final = "w.until-niv"
_SWITCHES: Final = {
    "zoom": ("Zoom", "Fit the value axes to this patient instead of showing the whole scale."),
    "items": ("Items", "Show the four domains or the twelve items of ALSFRS-R, where known."),
    "middle": ("Cohort", "Show where the middle half of all patients lies."),
}


def one_patient(
    trial: Trial, comparison: Comparison, results: tuple[EndpointComparison, ...]
) -> None:
    """Draw one patient's course, numbers and visits."""
    patient = choose_patient(trial)
    pinned = pinned_patient(trial)
    second = None if pinned == patient else pinned
    if not trial.patients_frame["transplant_days"].iloc[patient]:
        st.warning(
            "No transplant date is known: the course is shown from the first visit and is not "
            "compared.",
            icon=":material/event_busy:",
        )
    # Cards are cells of their own: beside the figure where there is room, in pairs under it where
    # there is not.
    grid = st.grid(4, min_column_width=210)
    with grid.cell(column_span=3, row_span=len(results) + 1):
        _chart_options(trial, patient)
        chart = _course_chart(trial, comparison, results, patient, second)
        clicked = show_figure(chart, trial)
        if clicked is not None:
            state.change_view(value=clicked)
        decide_value(trial, patient)
        if np.isfinite(day0_offsets(trial, comparison.settings)[0][patient]):
            run_in_ahead(comparison, results, patient)
    for result in results:
        with grid.cell():
            endpoint_card(trial, comparison, result, patient)
    with grid.cell():
        status_card(trial, comparison, results, patient)
        sheet_button(trial, comparison, results, patient)
    if second is not None:
        both_patients(trial, comparison, results, (patient, second))
    _visits(trial, comparison, patient)
    decide(trial, comparison, patient)


def _chart_options(trial: Trial, patient: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        for name, (label, help_text) in _SWITCHES.items():
            key = f"w.{name}"
            st.session_state[key] = getattr(state.view(), name)
            st.toggle(
                label,
                key=key,
                on_change=lambda name=name, key=key: state.change_view(
                    **{name: st.session_state[key]}
                ),
                help=help_text,
            )
        if _has_niv(trial, patient):
            st.session_state[_UNTIL_NIV] = state.settings().fvc_until == "niv"
            st.toggle(
                "End FVC at NIV",
                key=_UNTIL_NIV,
                on_change=_until_niv,
                help="A setting for all patients: FVC counts up to the start of non-invasive "
                "ventilation, or to a tracheostomy where that comes first.",
            )
        pin_button(trial, patient)


def _until_niv() -> None:
    state.change_settings(fvc_until="niv" if st.session_state[_UNTIL_NIV] else "all")


def _has_niv(trial: Trial, patient: int) -> bool:
    events = trial.events_frame
    mine = (events["patient"] == trial.patient_ids[patient]) & (events["kind"] == "niv")
    return bool(mine.any())


def _visits(trial: Trial, comparison: Comparison, patient: int) -> None:
    name, names = trial.patient_ids[patient], tables.export_names(trial)
    st.markdown(f"##### Visits of {inert(name)}")
    st.caption("Choose a row, or click a visit in the figure, to leave a value out or restore it.")
    rows = np.flatnonzero((trial.measurements_frame["patient"] == name).to_numpy())
    table = f"visits-{names[patient]}"
    # A row that stayed chosen after the decision would need two clicks to be chosen again.
    chosen = np.flatnonzero(rows == state.view().value).tolist()
    st.session_state[f"table-{table}"] = {"selection": {"rows": chosen, "columns": [], "cells": []}}
    show_table(
        tables.visits(trial, comparison, patient),
        table,
        trial,
        columns={
            "month": st.column_config.NumberColumn(format="%.1f"),
            "value": st.column_config.NumberColumn(format="%g"),
        },
        export=tables.course_numbers(trial, comparison, [patient], names),
        on_choice=lambda k: state.change_view(value=None if k is None else int(rows[k])),
    )


def _course_chart(
    trial: Trial,
    comparison: Comparison,
    results: tuple[EndpointComparison, ...],
    patient: int,
    second: int | None,
) -> Chart:
    view = state.view()
    beside = PatientView(cohort_band=view.middle, second=second, items=view.items)
    known = known_of_all(trial, comparison)
    return patient_chart(
        trial, comparison, results, patient, known=known, view=beside, zoom=view.zoom
    )
