"""The What-if tab "Leave one out": each patient, each visit of one, and the visits on day 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import streamlit as st

from analysis.comparison import Comparison, EndpointComparison
from analysis.leave_one_out import LeaveOneOut, leave_one_out
from analysis.leave_visit_out import leave_day0_out, leave_visit_out
from data.trial import IntArray, Trial
from report.charts.leave_visit_out import (
    leave_visit_out_alt,
    leave_visit_out_figure,
    leave_visit_out_numbers,
)
from report.exhibits.what_if import ALL_ARMS, leave_one_out_chart, of_whom
from report.frames import frame_for
from ui import state
from ui.cache import once
from ui.figures import Chart, show_figure
from ui.text import inert
from ui.untreated_results import untreated_said
from ui.what_if_variants import leave_out

Results = Sequence[EndpointComparison]

_PATIENT: Final = "w.left-out-patient"


def leave_out_tab(trial: Trial, comparison: Comparison, results: Results) -> None:
    """Draw the comparison without each patient, and without each visit of the chosen one.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    results
        Endpoints that are shown.
    """
    st.caption(
        "Each row is the analysis again without one patient. **Influential**: DFBETAS, the shift "
        "of the mean in its standard errors, beyond 2/√n; about 1 in 20 patients is, by chance. "
        "**Flagged**: P crosses 0.05, or the sign of the mean turns. A patient who carries the "
        "result is a reason to look, not a reason to leave somebody out."
    )
    if any(result.against_control is not None for result in results):
        st.info(ALL_ARMS, icon=":material/info:")
    found = {r.endpoint.key: _without_each(trial, comparison, r) for r in results}
    for result in results:
        _patients(trial, comparison, result, found[result.endpoint.key])
    order = _by_influence([found[r.endpoint.key] for r in results], len(trial.patient_ids))
    if not order.size:
        return
    st.markdown("##### One visit of one patient")
    patient = _chosen(trial, order)
    st.caption(
        "Each visit that enters a slope of this patient is left out in turn, and the mean change "
        "of everybody repeated. The last row leaves out the visits on day 0 of all patients."
    )
    for result in results:
        _visits(trial, comparison, result, patient)


def _without_each(trial: Trial, comparison: Comparison, result: EndpointComparison) -> LeaveOneOut:
    settings, key = comparison.settings, result.endpoint.key
    return once(
        ("leave one out", trial.instance, settings.comparison_key, key),
        lambda: leave_one_out(result, settings),
    )


def _patients(
    trial: Trial, comparison: Comparison, result: EndpointComparison, found: LeaveOneOut
) -> None:
    said = untreated_said(trial, comparison, result.endpoint.key)
    chosen = state.view().patient
    chart = leave_one_out_chart(trial, comparison, result, found, said, chosen)
    clicked = show_figure(chart, trial)
    if clicked is not None:
        state.open_patient(clicked)


def _by_influence(found: Sequence[LeaveOneOut], n: int) -> IntArray:
    """Return the compared patients, the most influential over all endpoints first."""
    most, compared = np.zeros(n), np.zeros(n, dtype=np.bool_)
    for one in found:
        compared[one.patient] = True
        size = np.abs(np.nan_to_num(one.dfbetas, posinf=np.finfo(np.float64).max))
        most[one.patient] = np.maximum(most[one.patient], size)
    order = np.argsort(-most, kind="stable")
    return np.asarray(order[compared[order]])


def _chosen(trial: Trial, order: IntArray) -> int:
    """Draw the choice of a patient, and what puts the analysis without that patient beside."""
    options = order.tolist()
    state.recall(_PATIENT)
    if st.session_state.get(_PATIENT) not in options:
        st.session_state.pop(_PATIENT, None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        patient = st.selectbox(
            "Patient, most influential first",
            options,
            format_func=lambda i: inert(trial.patient_ids[i]),
            key=_PATIENT,
            width=260,
        )
        name = trial.patient_ids[patient]
        st.button(
            f"Without {inert(name)}, beside the primary",
            icon=":material/call_split:",
            on_click=leave_out,
            args=(name,),
            help="Opens a variant without this patient; the primary analysis stays as it is.",
            key="w.left-out-beside",
        )
    state.remember(_PATIENT)
    return int(patient)


def _visits(trial: Trial, comparison: Comparison, result: EndpointComparison, patient: int) -> None:
    settings, key = comparison.settings, result.endpoint.key
    about = (trial.instance, settings.comparison_key, key)
    found = once(
        ("leave visit out", *about, patient),
        lambda: leave_visit_out(trial, result, settings, patient),
    )
    if found.reason:
        st.info(f"{result.endpoint.label}: {inert(found.reason)}.", icon=":material/info:")
        return
    day0 = once(("leave day 0 out", *about), lambda: leave_day0_out(trial, result, settings))
    clicked = show_figure(
        Chart(
            name=f"leave-visit-out-{key}",
            build=lambda look, names: leave_visit_out_figure(result, found, day0, names, look),
            depends=(settings.key, patient),
            frame=frame_for(
                f"{result.endpoint.label}: leave one visit of a patient out",
                of_whom(result),
                comparison,
                trial,
                endpoint=key,
                untreated=untreated_said(trial, comparison, key),
            ),
            alt=leave_visit_out_alt(result, found, day0, trial.patient_ids),
            numbers=lambda names: leave_visit_out_numbers(result, found, day0, names),
        ),
        trial,
    )
    if day0.reason:
        st.caption(f"Visits on day 0 of all patients: {day0.reason}.")
    if clicked is not None:
        state.open_patient(clicked)
