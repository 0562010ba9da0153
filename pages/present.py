"""Present: what was chosen, in order, as slides, files and a meeting."""

import streamlit as st

from ui import state
from ui.header import page_header
from ui.meeting import in_meeting, meeting, start_meeting
from ui.navigation import PRESENT
from ui.present import chosen_items, nothing_chosen
from ui.present_files import files
from ui.saved_analysis import save_and_open

trial = state.trial()
if in_meeting():
    meeting()
    st.stop()
comparison = page_header("Present", PRESENT, with_switch=False)
save_and_open(trial)
if not state.basket():
    nothing_chosen(trial)
    st.stop()
chosen_items(trial)
files(trial, comparison)
start_meeting(trial, comparison)
