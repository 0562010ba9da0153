"""Patients: where somebody was, where they are now, and whether the course bent."""

import streamlit as st

from ui import state
from ui.all_patients import all_patients
from ui.header import page_header
from ui.navigation import PATIENTS
from ui.one_patient import one_patient
from ui.page_body import results_or_stop

comparison = page_header("Patients", PATIENTS)
results = results_or_stop(comparison)

choices = {False: "One patient", True: "All patients"}
st.session_state["w.everyone"] = state.view().everyone
st.segmented_control(
    "Show",
    list(choices),
    format_func=lambda everyone: choices[everyone],
    key="w.everyone",
    on_change=lambda: state.change_view(everyone=bool(st.session_state["w.everyone"])),
    label_visibility="collapsed",
)
if state.view().everyone:
    all_patients(state.trial(), comparison, results)
else:
    one_patient(state.trial(), comparison, results)
